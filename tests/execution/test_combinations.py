"""Rare combinations of steps that the interpreter of one person at a time found."""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np
import pytest

from execution.running import Document, days, diabetic, event, journey, lab, listed, run, visit
from healthsim.tables import Columns

DAY_0 = 20_089
YEAR = 365.25


def people(count: int = 300, **changes: Any) -> Document:
    return diabetic(count=count, products=["patientsim"], **changes)


def tables_of(*steps: Document, count: int = 300, **changes: Any) -> dict[str, Columns]:
    return run(people(count), journey(*steps, **{"duration_days": 1460, **changes}))


def who(tables: dict[str, Columns], step: str) -> set[int]:
    return {person for person, name in days(tables) if name == step}


def test_a_wait_asks_its_condition_of_those_too_who_come_when_others_wait_already() -> None:
    wait = {"do": "wait", "id": "w", "at": {"day": 60, "variance_days": 60},
            "until": "day > 200", "limit": {"days": 90}, "when": "gender == 'F'"}  # fmt: skip
    often = {"do": "repeat", "id": "r", "every": {"days": 10}, "times": 20, "steps": [lab("l")]}
    tables = tables_of(often, wait)
    women = {person for person, gender in listed(tables["patients"], "person_id", "gender")
             if gender == "F"}  # fmt: skip

    assert 0 < len(women) < 300
    assert who(tables, "w") == women


@pytest.mark.slow
def test_what_is_at_risk_in_a_stay_happens_in_it_or_not_at_all() -> None:
    stay = visit("stay", 10, encounter_class="inpatient", procedures=None,
                 los_days={"type": "uniform", "low": 0, "high": 8, "decimals": 0})  # fmt: skip
    falls = event("falls", "diagnosis", code="J45.909") | {
        "hazard": {"share": 0.8, "within_days": 20}
    }
    tables = tables_of(stay | {"with": [falls]}, count=2_000)
    nights = dict(listed(tables["encounters"], "person_id", "los_days"))
    fell = {person: day for (person, step), day in days(tables).items() if step == "falls"}

    assert all(0 < day - DAY_0 - 10 <= nights[person] for person, day in fell.items())
    expected = 2_000 * 0.8 * 4 / 20
    assert abs(len(fell) - expected) <= 4 * sqrt(expected)


def test_a_rate_that_is_read_anew_gives_open_days_only_where_they_are_asked_for() -> None:
    ill = event("ill", "diagnosis", {"business_days": True}, code="J45.909")
    tables = tables_of(ill | {"hazard": {"per_year": 3, "renew_days": 10}})
    weekdays = {(day + 3) % 7 for day in days(tables, "ill").values()}

    assert weekdays == {0, 1, 2, 3, 4}


def test_the_beats_of_a_repeat_with_a_renewed_hazard_are_its_own() -> None:
    weekly = {"do": "repeat", "id": "weekly", "every": {"days": 7}, "times": 4,
              "hazard": {"per_year": 2, "renew_days": 10}, "steps": [lab("blood")]}  # fmt: skip
    rows: dict[int, list[int]] = {}
    for person, day in listed(tables_of(weekly)["events"], "person_id", "event_date"):
        rows.setdefault(person, []).append(day)

    assert len(rows) > 290
    for each in rows.values():
        assert np.diff(sorted(each)).tolist() == [7, 7, 7]


def test_a_move_whose_rate_is_read_anew_does_not_begin_the_others_again() -> None:
    ages = {"to": "old", "hazard": {"per_year": 1, "shape": 3.0}}
    leaves = {"to": "gone", "hazard": {"per_year": 0.001, "renew_days": 30}}
    stages = {"do": "stages", "id": "s", "start": "a", "stages": [
        {"name": "a", "moves": [ages, leaves]}, {"name": "old", "final": True},
        {"name": "gone", "final": True}]}  # fmt: skip
    old = days(tables_of(stages, count=2_000), "old")
    share = 1 - exp(-((200 / YEAR) ** 3))
    found = sum(day - DAY_0 <= 200 for day in old.values()) / 2_000

    assert abs(found - share) <= 3 * sqrt(share * (1 - share) / 2_000)


def test_a_trend_ends_with_the_outer_stage_as_well() -> None:
    falls = {"do": "change", "id": "falls", "state": "egfr", "per_year": -10}
    inner = {"do": "stages", "id": "inner", "start": "x", "stages": [
        {"name": "x", "steps": [falls], "stays": {"days": 800}, "moves": [{"to": "y"}]},
        {"name": "y", "final": True}]}  # fmt: skip
    outer = {"do": "stages", "id": "outer", "start": "a", "stages": [
        {"name": "a", "steps": [inner], "stays": {"days": 200}, "moves": [{"to": "b"}]},
        {"name": "b", "final": True}]}  # fmt: skip
    state = {"egfr": {"start": 60, "decimals": 3}}
    late = event("late", "lab", 700, loinc="98979-8", result={"from": "egfr"})
    tables = tables_of(outer, late, count=5, state=state)

    assert {value for (value,) in listed(tables["lab_results"], "value")} == {
        round(60 - 10 * 200 / YEAR, 3)
    }


def test_a_drug_that_is_replaced_on_its_first_day_has_no_effect() -> None:
    works = {"do": "change", "id": "works", "state": "sugar", "by": -3, "while_taking": "glipizide"}
    first = event("rx", "prescription", 100, drug="glipizide 5 mg tablet")
    other = event("instead", "prescription", 100, drug="lisinopril 10 mg tablet",
                  replaces="glipizide")  # fmt: skip
    tables = tables_of(works, first, other, lab("next", 101, **{"from": "sugar"}), count=5,
                  state={"sugar": {"start": 8}})  # fmt: skip

    assert {value for (value,) in listed(tables["lab_results"], "value")} == {8.0}


def test_a_step_may_come_days_before_an_age() -> None:
    at = {"age": {"years": 71}, "day": -30}
    tables = tables_of(visit("before", at), visit("after", {"age": {"years": 71}}))
    before, after = days(tables, "before"), days(tables, "after")
    both = {person for person, _ in before} & {person for person, _ in after}

    assert len(both) > 20
    assert all(after[one, "after"] - before[one, "before"] == 30 for one in both)


def test_a_repeat_within_one_beat_is_counted_within_it() -> None:
    inner = {"do": "repeat", "id": "inner", "every": {"days": 5}, "times": 2,
             "steps": [lab("blood")]}  # fmt: skip
    outer = {"do": "repeat", "id": "outer", "every": {"days": 30}, "times": 3, "steps": [inner]}
    asks = [lab(f"is{n}", 300) | {"when": f"count('outer#2/inner') == {n}"} for n in (2, 6)]
    tables = tables_of(outer, *asks, count=5)

    assert len(who(tables, "is2")) == 5
    assert not who(tables, "is6")


def test_two_moves_to_one_stage_have_risks_of_their_own() -> None:
    twice = [{"to": "b", "hazard": {"per_year": 1}}, {"to": "b", "hazard": {"per_year": 0.5}}]
    stages = {"do": "stages", "id": "s", "start": "a", "stages": [
        {"name": "a", "moves": twice}, {"name": "b", "final": True}]}  # fmt: skip
    went = days(tables_of(stages, count=2_000), "b")
    share = 1 - exp(-1.5 * 300 / YEAR)
    found = sum(day - DAY_0 <= 300 for day in went.values()) / 2_000

    assert abs(found - share) <= 3 * sqrt(share * (1 - share) / 2_000)


def test_a_part_asks_about_steps_within_its_repeats_and_stages() -> None:
    weekly = {"do": "repeat", "id": "weekly", "every": {"days": 7}, "times": 3,
              "steps": [lab("blood")]}  # fmt: skip
    stages = {"do": "stages", "id": "s", "start": "a", "stages": [
        {"name": "a", "stays": {"days": 9}, "moves": [{"to": "b"}], "steps": [lab("inside", 3)]},
        {"name": "b", "final": True}]}  # fmt: skip
    asks = lab("asks", 30) | {"when": "count('blood') == 3 and happened('weekly#2/blood')"}
    also = lab("also", 30) | {"when": "happened('inside') and happened('b')"}
    part = {"steps": [weekly, stages, asks, also]}
    both = [{"do": "include", "id": name, "part": "p"} for name in ("one", "two")]
    rows = listed(tables_of(*both, count=5, parts={"p": part})["events"], "step")

    assert [rows.count((name,)) for name in ("asks", "also")] == [10, 10]
