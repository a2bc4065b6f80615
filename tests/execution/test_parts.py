"""Waiting, tables of weights, parts with parameters, ages and months, journeys side by side."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, lab, listed, run, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.specification.journeys import includes
from healthsim.tables import Columns

DAY_0 = 20_089


def people(count: int = 300, **changes: Any) -> Document:
    found = {"count": count, "products": ["patientsim"], "through": "2029-12-31", **changes}
    return diabetic(**found)


def event_rows(tables: dict[str, Columns], *steps: str) -> list[tuple[int, str, int, str | None]]:
    rows = listed(tables["events"], "person_id", "step", "event_date", "option")
    return [(who, step, day - DAY_0, way) for who, step, day, way in rows if step in steps]


def test_a_wait_is_over_when_its_condition_is_seen_or_at_its_limit() -> None:
    falls = {"do": "change", "id": "falls", "state": "x", "per_year": -10}
    waits = {"do": "wait", "id": "w", "at": 5, "until": "x < 4", "limit": {"days": 100},
             "check_every": 7, "steps": [visit("met")], "otherwise": [visit("limit")]}  # fmt: skip
    document = journey(
        falls, waits, lab("after", {"after": "w", "day": 2}),
        state={"x": {"start": {"type": "uniform", "low": 4, "high": 9}, "decimals": 3}},
    )  # fmt: skip
    rows = event_rows(run(people(), document), "w", "met", "limit", "after")
    over = {who: (day, way) for who, step, day, way in rows if step == "w"}

    assert Counter(way for _, way in over.values()).keys() == {"met", "limit"}
    for day, way in over.values():
        assert day == 105 if way == "limit" else (day - 5) % 7 == 0 or day == 105
    for who, step, day, _ in rows:
        if step in ("met", "limit"):
            assert over[who] == (day, step)
        if step == "after":
            assert day == over[who][0] + 2


def test_a_table_gives_the_weights_of_the_first_row_that_fits() -> None:
    table = {"rows": [
        {"when": {"gender": "F", "age": [0, 71]}, "weights": {"a": 1}},
        {"when": {"gender": ["F", "M"], "a1c": [0, 8]}, "weights": {"a": 0.2, "b": 0.8}},
        {"weights": {"b": 1}}]}  # fmt: skip
    branch = {"do": "branch", "id": "t", "table": table,
              "options": [{"name": "a"}, {"name": "b", "steps": [lab("x", 1)]}]}  # fmt: skip
    profile = people(4_000)
    tables = run(profile, journey(branch))
    ways = {who: way for who, _, _, way in event_rows(tables, "t")}
    born = {who: (sex, day) for who, sex, day in
            listed(tables["patients"], "person_id", "gender", "birth_date")}  # fmt: skip
    young = {who for who, (sex, day) in born.items()
             if sex == "F" and (DAY_0 - day) / 365.2425 < 71.99}  # fmt: skip

    assert {ways[who] for who in young} == {"a"}
    rest = Counter(way for who, way in ways.items() if who not in young)
    assert rest["a"]
    assert rest["b"]


@pytest.mark.parametrize(("table", "found"), [
    ({"rows": [{"when": {"age": [0, 9]}, "weights": {"a": 1}}]}, "last row"),
    ({"rows": [{"weights": {"a": 0.5}}]}, "0.5"),
    ({"rows": [{"weights": {"c": 1}}]}, "not an option"),
    ({"rows": [{"weights": {"a": 1}}]}, "'b' is in no row"),
    ({"rows": [{"when": {"agee": [0, 9]}, "weights": {"a": 1}}, {"weights": {"b": 1}}]}, "agee"),
    ({"rows": [{"when": {"gender": "X"}, "weights": {"a": 1}}, {"weights": {"b": 1}}]}, "'X'"),
    ({"rows": [{"when": {"age": [9, 0]}, "weights": {"a": 1}}, {"weights": {"b": 1}}]}, "swap"),
])  # fmt: skip
def test_faults_of_tables_are_reported(table: Document, found: str) -> None:
    branch = {"do": "branch", "id": "t", "table": table,
              "options": [{"name": "a"}, {"name": "b"}]}  # fmt: skip
    with pytest.raises(SpecError, match=found):
        prepare(people(5), [journey(branch)])


def shot(**more: Any) -> Document:
    return {
        "parameters": {"day": 9, "goal": 8},
        "steps": [
            visit("seen", {"parameter": "day"}),
            lab("drawn", {"after": "seen", "day": 3})
            | {"when": "happened('seen') and a1c > ${goal}"},
            {"do": "stop", "id": "off", "of": "rx", "at": {"after": "rx", "day": 10}},
            event("rx", "prescription", {"after": "seen"}, drug="metformin 500 mg tablet"),
        ],
    } | more


def including(**parts: Document) -> Document:
    return journey(
        {"do": "include", "id": "one", "part": "shot"},
        {"do": "include", "id": "two", "part": "shot", "at": 100,
         "parameters": {"day": 20, "goal": 99}},
        lab("asks", 200) | {"when": "count('two/seen') == 1 and count('one/drawn') == 1"},
    ) | {"parts": {"shot": shot(), **parts}}  # fmt: skip


def test_a_part_is_included_with_its_parameters_and_speaks_of_its_own_steps() -> None:
    tables = run(people(), including())
    rows = event_rows(tables, "seen", "drawn", "asks")
    addresses = Counter((step, day) for _, step, day, _ in rows)

    assert addresses["seen", 9] == addresses["seen", 120] == 300
    assert 0 < addresses["drawn", 12] < 300
    assert ("drawn", 123) not in addresses  # nobody has an a1c above 99
    assert addresses["asks", 200] == addresses["drawn", 12]
    rows = listed(tables["prescriptions"], "ingredient", "written_date", "end_date")
    taken = Counter(end - begin for drug, begin, end in rows if drug == "metformin")
    assert taken == {10: 600}


def test_what_was_included_is_written_out_and_runs_the_same_again() -> None:
    job = prepare(people(), [including()])
    again = prepare(job.profile_text, job.journey_texts)

    assert again.key == job.key
    assert '"parts"' not in job.journey_texts[0]


@pytest.mark.slow
def test_a_journey_of_the_library_can_be_included() -> None:
    document = journey({"do": "include", "id": "joins", "part": "new-member-onboarding"})
    tables = run(people(50, products=["patientsim", "membersim", "rxmembersim"]), document)

    assert {step for (step,) in listed(tables["events"], "step")} >= {"welcome_call"}


def test_a_journey_with_parameters_runs_on_its_defaults() -> None:
    document = journey(visit("v", {"parameter": "day"})) | {"parameters": {"day": 44}}

    assert {day for _, _, day, _ in event_rows(run(people(5), document), "v")} == {44}


@pytest.mark.parametrize(("change", "found"), [
    ({"shot": {"steps": [{"do": "include", "id": "x", "part": "shot"}]}}, "includes itself"),
    ({"a": {"steps": [{"do": "include", "id": "x", "part": "b"}]},
      "b": {"steps": [{"do": "include", "id": "y", "part": "a"}]},
      "shot": {"parameters": {"day": 1, "goal": 1},
               "steps": [{"do": "include", "id": "z", "part": "a", "at": {"parameter": "day"},
                          "when": "a1c > ${goal}"}]}}, "includes itself"),
    ({"idle": {"steps": []}}, "is never included"),
    ({"shot": shot(parameters={"day": 1})}, "no such parameter|is not declared"),
    ({"shot": shot(parameters={"day": 1, "goal": 1, "other": 2})}, "'other' is never used"),
])  # fmt: skip
def test_faults_of_parts_are_reported(change: Document, found: str) -> None:
    with pytest.raises(SpecError, match=found):
        prepare(people(5), [including(**change)])


def bomb() -> Document:
    """Parts that include parts, ten times each: a billion steps in a page of text."""
    names = [f"p{number}" for number in range(7)]
    parts: Document = {
        name: {"steps": [{"do": "include", "id": f"i{n}", "part": inner} for n in range(10)]}
        for name, inner in pairwise(names)
    }
    parts["p6"] = {"steps": [lab("x")]}
    return journey({"do": "include", "id": "all", "part": "p0"}) | {"parts": parts}


@pytest.mark.parametrize("most", [200_000, pytest.param(2_000_000, marks=pytest.mark.proof)])
def test_parts_that_grow_without_end_are_refused_before_they_do(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    assert includes._MOST_COPIED == 2_000_000
    monkeypatch.setattr(includes, "_MOST_COPIED", most)
    with pytest.raises(SpecError, match=f"copies over {most:,} bytes"):
        prepare(people(5), [bomb()])


@pytest.mark.parametrize("change", [
    {"parts": []}, {"parts": {"shot": 3}}, {"parts": {"shot": {"steps": 3}}},
    {"parts": {"shot": {"steps": [], "parameters": 3}}}, {"parameters": "x"}, {"state": 3},
    {"parts": {"shot": {"steps": [{"do": "include"}]}}}, {"phases": 5},
    {"parts": {"shot": {"steps": [{"do": "include", "id": "x", "part": "../../etc"}]}}},
])  # fmt: skip
def test_parts_that_are_no_parts_are_refused_with_their_place(change: Document) -> None:
    with pytest.raises(SpecError) as caught:
        prepare(people(5), [including() | change])

    assert all(problem.where.startswith("journeys[0]") for problem in caught.value.problems)


def test_an_unknown_part_is_refused_with_those_that_there_are() -> None:
    step = {"do": "include", "id": "x", "part": "new-member-onbording"}
    with pytest.raises(SpecError, match="did you mean 'new-member-onboarding'"):
        prepare(people(5), [journey(step)])


def test_a_step_may_come_at_an_age_and_in_a_month() -> None:
    document = journey(
        visit("turns", {"age": {"years": 70}}), visit("half", {"age": {"months": 846}}),
        visit("same", {"age": {"years": 70.5}}), visit("tenth", {"age": {"years": 70.1}}),
        visit("autumn", {"month": 10}), visit("next", {"day": 200, "after": "autumn"}),
        lab("late", {"after": "autumn", "month": 10, "day": 4}),
        duration_days=700,
    )  # fmt: skip
    tables = run(people(1_000), document)
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    rows = event_rows(tables, "turns", "half", "same", "tenth", "autumn", "late")

    assert {day for _, step, day, _ in rows if step == "autumn"} == {273}
    assert {day for _, step, day, _ in rows if step == "late"} == {277}
    turned = [(who, day) for who, step, day, _ in rows if step == "turns"]
    assert turned
    for who, day in turned:
        birth = np.datetime64(born[who], "D").astype(object)
        seventy = np.datetime64(day + DAY_0, "D").astype(object)
        assert seventy.year - birth.year == 70
        assert (seventy.month, seventy.day) in {(birth.month, birth.day), (2, 28)}
    for who, step, day, _ in rows:
        if step == "half":
            assert abs(day + DAY_0 - born[who] - 70.5 * 365.25) < 2
    halves = {(who, day) for who, step, day, _ in rows if step == "half"}
    assert halves == {(who, day) for who, step, day, _ in rows if step == "same"}
    tenths = [day + DAY_0 - born[who] for who, step, day, _ in rows if step == "tenth"]
    assert tenths
    assert all(abs(days - 70.1 * 365.25) < 3 for days in tenths)


def test_within_asks_how_long_ago() -> None:
    document = journey(
        visit("seen", 10) | {"chance": 0.5}, lab("soon", 40) | {"when": "within('seen', 30)"},
        lab("late", 41) | {"when": "within('seen', 30)"},
        lab("never", 41) | {"when": "not within('seen', 30)"},
    )  # fmt: skip
    rows = event_rows(run(people(), document), "seen", "soon", "late", "never")
    seen, soon, never = (
        {who for who, step, *_ in rows if step == name} for name in ("seen", "soon", "never")
    )

    assert 100 < len(seen) < 200
    assert seen == soon
    assert len(never) == 300  # those it never happened to, too
    assert not [row for row in rows if row[1] == "late"]


def pair(**first: Any) -> tuple[Document, Document]:
    """Two journeys that write one state; the second is to walk first."""
    state = {"x": {"start": 5, "decimals": 1}}
    one = journey(
        {"do": "change", "id": "doubles", "state": "x", "by": 5, "at": 10},
        lab("one_reads", 10, **{"from": "x"}), name="one", precedence=2, state=state,
    ) | first  # fmt: skip
    two = journey(
        {"do": "change", "id": "sets", "state": "x", "to": 4, "at": 10},
        lab("two_reads", 11, **{"from": "x"}), name="two", precedence=1, state=state,
    )  # fmt: skip
    return one, two


def test_on_one_day_the_journey_that_precedes_comes_first_and_is_seen() -> None:
    tables = run(people(20), *pair())
    step = dict(listed(tables["events"], "event_id", "step"))
    read = {(step[event], value) for event, value in
            listed(tables["lab_results"], "event_id", "value")}  # fmt: skip

    assert read == {("one_reads", 9.0), ("two_reads", 4.0)}  # the reverse is never seen


def test_the_order_of_listing_does_not_matter_where_precedence_is_given() -> None:
    one, two = pair()
    first, second = run(people(20), one, two), run(people(20), two, one)

    assert all(listed(first[name]) == listed(second[name]) for name in first)


@pytest.mark.parametrize(("first", "found"), [
    ({"precedence": 1}, "neither precedes"), ({"precedence": None}, "neither precedes"),
    ({"state": {"x": {"start": 5, "decimals": 1, "high": 3}}}, "other bounds"),
])  # fmt: skip
def test_two_journeys_that_write_one_state_say_which_precedes(first: Document, found: str) -> None:
    with pytest.raises(SpecError, match=found):
        prepare(people(5), list(pair(**first)))


def test_a_death_in_one_journey_censors_the_others() -> None:
    dies = {"do": "end", "id": "dies", "scope": "person", "hazard": {"per_year": 1.0}}
    yearly = {"do": "repeat", "id": "r", "every": {"days": 30}, "times": 12, "steps": [visit("v")]}
    tables = run(people(), journey(yearly, name="one"), journey(dies, name="two"))
    death = {who: day for who, step, day, _ in event_rows(tables, "dies")}

    assert death
    assert all(day <= death.get(who, 10**6) for who, _, day, _ in event_rows(tables, "v"))


def test_the_share_of_a_weighted_option_stays_a_share() -> None:
    branch = {"do": "branch", "id": "b", "options": [{"name": "a", "weight": 0.3},
                                                     {"name": "b", "weight": 0.7}]}  # fmt: skip
    ways = Counter(way for *_, way in event_rows(run(people(4_000), journey(branch)), "b"))

    assert abs(ways["a"] / 4_000 - 0.3) <= 3 * sqrt(0.3 * 0.7 / 4_000)
