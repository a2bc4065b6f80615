"""Stages over ten years, against what theory says of them."""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, journey, lab, listed, run, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.tables import Columns

PEOPLE = 10_000
FALLS_ILL, DIES_WELL, DIES_ILL = 0.2, 0.05, 0.3
YEAR = 365.25


def lifecycle(*stages: Document, **more: Any) -> Document:
    start = more.pop("start", stages[0]["name"])
    step = {"do": "stages", "id": "course", "start": start, "stages": list(stages), **more}
    return journey(step, name="decade", duration_days=3653)


def stage(name: str, *moves: Document, **more: Any) -> Document:
    return {"name": name, "moves": list(moves), **more}


def rate(to: str, per_year: Any, **more: Any) -> Document:
    return {"to": to, "hazard": {"per_year": per_year, **more}}


def people(count: int = PEOPLE, **changes: Any) -> Document:
    return diabetic(count=count, products=["patientsim"], through="2036-12-31", **changes)


DEAD = {"name": "dead", "final": True}


def entries(tables: dict[str, Columns]) -> list[tuple[int, str, int]]:
    """Return (person, stage, day) of every entry, days counted from 2025-01-01."""
    rows = listed(tables["events"], "person_id", "option", "event_date", "type")
    return [(who, name, day - 20_089) for who, name, day, kind in rows if kind == "stage"]


def occupied(tables: dict[str, Columns], day: int) -> dict[str, int]:
    """Return how many people are in each stage on a day."""
    last: dict[int, tuple[int, str]] = {}
    for who, name, entered in entries(tables):
        if entered <= day and entered >= last.get(who, (-1, ""))[0]:
            last[who] = (entered, name)
    return {name: sum(1 for _, one in last.values() if one == name)
            for name in dict.fromkeys(one for _, one in last.values())}  # fmt: skip


@pytest.fixture(scope="module")
def illness() -> dict[str, Columns]:
    document = lifecycle(
        stage("well", rate("ill", FALLS_ILL), rate("dead", DIES_WELL)),
        stage("ill", rate("dead", DIES_ILL)),
        DEAD,
    )
    return run(people(), document)


@pytest.mark.slow
@pytest.mark.parametrize("year", [1, 2, 3, 5, 7, 10])
def test_the_stages_of_10_000_people_agree_with_the_markov_chain(
    year: int, illness: dict[str, Columns]
) -> None:
    out = FALLS_ILL + DIES_WELL
    well = exp(-out * year)
    ill = FALLS_ILL / (out - DIES_ILL) * (exp(-DIES_ILL * year) - exp(-out * year))
    found = occupied(illness, round(year * YEAR))

    for name, share in (("well", well), ("ill", ill), ("dead", 1 - well - ill)):
        assert abs(found[name] / PEOPLE - share) <= 3 * sqrt(share * (1 - share) / PEOPLE), name


@pytest.mark.parametrize("day", [30, 365, 1826, 3652])
def test_competing_moves_agree_with_their_cumulative_incidence(
    day: int, illness: dict[str, Columns]
) -> None:
    out = FALLS_ILL + DIES_WELL
    first: dict[int, str] = {}
    for who, name, entered in sorted(entries(illness), key=lambda one: one[2]):
        if name != "well" and entered <= day:
            first.setdefault(who, name)

    for name, own in (("ill", FALLS_ILL), ("dead", DIES_WELL)):
        share = own / out * (1 - exp(-out * day / YEAR))
        got = sum(1 for one in first.values() if one == name) / PEOPLE
        assert abs(got - share) <= 3 * sqrt(share * (1 - share) / PEOPLE)


def test_a_stay_lasts_as_its_distribution_states_and_moves_take_their_weights() -> None:
    stays = {"years": {"type": "gamma", "mean": 3, "sd": 1}}
    document = lifecycle(
        stage("a", {"to": "b", "weight": 0.7}, {"to": "c", "weight": 0.3}, stays=stays),
        {"name": "b", "final": True},
        {"name": "c", "final": True},
    )
    left = [(name, day) for _, name, day in entries(run(people(4_000), document)) if day > 0]
    days = np.array([day for _, day in left])

    assert len(left) >= 3_990  # nearly all within ten years
    assert abs(days.mean() / YEAR - 3) <= 3 * 1 / sqrt(len(days))
    share = sum(1 for name, _ in left if name == "b") / len(left)
    assert abs(share - 0.7) <= 3 * sqrt(0.7 * 0.3 / len(left))


def test_moves_ask_their_conditions_when_the_stay_is_over() -> None:
    document = lifecycle(
        stage("a", {"to": "old", "when": "age >= 72"}, {"to": "young"}, stays={"days": 400}),
        {"name": "old", "final": True},
        {"name": "young", "final": True},
    )
    tables = run(people(300), document)
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    went = {who: name for who, name, day in entries(tables) if day == 400}

    assert set(went.values()) == {"old", "young"}
    for who, name in went.items():
        assert (name == "old") == ((20_089 + 400 - born[who]) / YEAR >= 72)


def test_a_move_is_taken_as_soon_as_its_condition_is_seen() -> None:
    falls = {"do": "change", "id": "falls", "state": "egfr", "per_year": -12}
    steps = lifecycle(
        {"name": "3", "moves": [{"to": "4", "until": "egfr < 30"}]},
        {"name": "4", "final": True},
        check_every=10,
    )["phases"][0]["steps"]
    document = journey(
        falls, *steps, name="kidney", duration_days=3653,
        state={"egfr": {"start": {"type": "uniform", "low": 35, "high": 55}, "low": 0}},
    )  # fmt: skip
    document["phases"][0]["steps"].append(
        lab("check", {"after": "course", "day": 3000}) | {"when": "course == '4' and stage == '4'"}
    )
    tables = run(people(200), document)
    days = [day for _, name, day in entries(tables) if name == "4"]

    assert len(days) == 200
    assert all(day % 10 == 0 for day in days)
    assert min(days) >= 5 / 12 * YEAR - 1
    assert max(days) <= 25 / 12 * YEAR + 11
    assert len(listed(tables["lab_results"])) == 200


@pytest.mark.slow
def test_what_a_stage_holds_ceases_on_the_day_it_is_left() -> None:
    weekly = {"do": "repeat", "id": "weekly", "every": {"days": 7}, "times": 400,
              "steps": [lab("blood")]}  # fmt: skip
    document = lifecycle(
        stage("treated", rate("after", 2.0), steps=[weekly]),
        {"name": "after", "final": True, "steps": [lab("last", 3)]},
    )
    tables = run(people(400), document)
    left = {who: day for who, name, day in entries(tables) if name == "after"}
    rows = listed(tables["events"], "person_id", "step", "event_date")

    for who, step, day in rows:
        if step == "blood":
            assert day - 20_089 < left.get(who, 10**6)
        if step == "last":
            assert day - 20_089 == left[who] + 3
    blood = [who for who, step, _ in rows if step == "blood"]
    expected = {who: -(-min(day, 3653) // 7) for who, day in left.items()}
    assert all(blood.count(who) == min(times, 400) for who, times in list(expected.items())[:40])


def test_an_end_in_a_stage_ends_the_life() -> None:
    dies = {"name": "dead", "final": True, "steps": [{"do": "end", "id": "d", "scope": "person"}]}
    later = {"do": "repeat", "id": "yearly", "every": {"years": 1}, "times": 9,
             "steps": [visit("v")]}  # fmt: skip
    document = lifecycle(stage("well", rate("dead", 0.3)), dies)
    document["phases"][0]["steps"].append(later)
    tables = run(people(300), document)
    death = dict(listed(tables["patients"], "person_id", "death_date"))
    entered = {who: day + 20_089 for who, name, day in entries(tables) if name == "dead"}

    assert {who: day for who, day in death.items() if day != -(2**31)} == entered
    for who, day in listed(tables["events"], "person_id", "event_date"):
        assert day <= entered.get(who, 10**6)


def test_people_may_come_back_to_a_stage_and_each_entry_has_its_own_address() -> None:
    document = lifecycle(
        stage("remission", rate("relapse", 1.0)),
        stage("relapse", {"to": "remission"}, stays={"days": 60}, steps=[visit("v", 1)]),
        lasts={"years": 8}, visits=40,
    )  # fmt: skip
    tables = run(people(300), document)
    rows = listed(tables["events"], "person_id", "step", "occurrence", "event_id")
    relapses = [row for row in rows if row[1] == "relapse"]

    assert max(times for _, _, times, _ in relapses) > 5
    assert len({event for *_, event in rows}) == len(rows)
    expected = 300 * 8 * YEAR / (YEAR + 60)
    assert abs(len(relapses) - expected) <= 3 * sqrt(expected)
    assert max(day for *_, day in entries(tables)) <= 8 * YEAR + 1


def test_more_entries_than_visits_are_refused_and_never_dropped() -> None:
    document = lifecycle(
        stage("a", rate("b", 20.0)), stage("b", rate("a", 20.0)), lasts={"years": 5}, visits=3
    )
    with pytest.raises(SpecError, match=r"entered more than 3 times.*raise visits"):
        run(people(50), document)


def test_a_hazard_that_is_read_anew_follows_what_it_depends_on() -> None:
    by_age = {"type": "conditional", "cases": [{"when": "age >= 80", "then": 1.0}], "otherwise": 0}
    old = {"type": "uniform", "low": 79, "high": 79.99}
    document = lifecycle(stage("well", rate("dead", by_age, renew_days=30)), DEAD)
    profile = people(2_000)
    profile["demographics"]["age"] = old
    tables = run(profile, document)
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    days = [day + 20_089 - born[who] for who, name, day in entries(tables) if name == "dead"]

    assert len(days) > 1_990
    assert min(days) >= 80 * YEAR - 2
    since = np.array(days) - 80 * YEAR
    assert abs(since.mean() - (YEAR + 15)) <= 3 * YEAR / sqrt(len(days))


def test_the_first_stage_may_be_drawn() -> None:
    document = lifecycle(
        stage("a", rate("c", 0.1)), stage("b", rate("c", 0.1)), {"name": "c", "final": True},
        start={"a": 0.25, "b": 0.75},
    )  # fmt: skip
    found = [name for _, name, day in entries(run(people(4_000), document)) if day == 0]

    assert abs(found.count("a") / 4_000 - 0.25) <= 3 * sqrt(0.25 * 0.75 / 4_000)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("size", "count"),
    [pytest.param(1, 8, marks=pytest.mark.proof),
     pytest.param(17, 60, marks=pytest.mark.proof), (31, 40)],
)  # fmt: skip
def test_a_lifecycle_is_the_same_in_chunks_of_any_size(size: int, count: int) -> None:
    """Each day `test_one_by_one.py` says so of random journeys with such steps."""
    document = lifecycle(
        stage("well", rate("ill", 0.6, renew_days=90), rate("dead", 0.1), steps=[visit("v", 9)]),
        stage("ill", rate("dead", 0.5), {"to": "well", "until": "day > 900"}),
        DEAD, visits=30,
    )  # fmt: skip
    whole, parts = run(people(count), document), run(people(count), document, size=size, threads=2)

    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


@pytest.mark.parametrize(("change", "found", "mend"), [
    ({"stages": [stage("a", rate("b", 1.0)), stage("b", rate("a", 1.0))]}, "no moves", "final"),
    ({"stages": [stage("a", rate("x", 1.0))]}, "is not a stage", "use one of a"),
    ({"stages": [{"name": "a"}]}, "has no moves", "final"),
    ({"stages": [stage("a", rate("b", -1.0)), {"name": "b", "final": True}]}, "below 0", "low 0"),
    ({"stages": [stage("a", {"to": "b", "weight": 0.4}, stays={"days": 1}),
                 {"name": "b", "final": True}]}, "0.4", "+0.6"),
    ({"stages": [stage("a", rate("b", 1.0)), {"name": "b", "final": True},
                 {"name": "c", "final": True}]}, "no move leads to stage 'c'", "add a move"),
    ({"start": "z"}, "unknown stage 'z'", "a"),
])  # fmt: skip
def test_faults_of_stages_are_reported_with_their_mend(
    change: Document, found: str, mend: str
) -> None:
    document = lifecycle(stage("a", rate("b", 1.0)), {"name": "b", "final": True})
    document["phases"][0]["steps"][0] |= change
    with pytest.raises(SpecError) as caught:
        prepare(people(5), [document])

    assert any(found in one.found and mend in one.mend for one in caught.value.problems), (
        caught.value
    )
