"""Trends, noise, the effect of drugs, and what is stopped."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, lab, listed, run
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.tables import Columns

STATE = {"a1c": {"start": 8, "low": 3, "high": 20, "decimals": 3}}
YEAR = 365.25


def people(count: int = 200, **changes: Any) -> Document:
    return diabetic(count=count, products=["patientsim"], through="2029-12-31", **changes)


def read(id: str, day: Any) -> Document:
    return lab(id, day, **{"from": "a1c"})


def values(tables: dict[str, Columns], step: str) -> dict[int, float]:
    """Return person -> what the lab of a step read."""
    at = {event for event, name in listed(tables["events"], "event_id", "step") if name == step}
    rows = listed(tables["lab_results"], "person_id", "event_id", "value")
    return {who: value for who, event, value in rows if event in at}


def tables_of(*steps: Document, state: Document = STATE, **changes: Any) -> dict[str, Columns]:
    document = journey(*steps, duration_days=1460, state=state)
    return run(people(**changes), document)


def test_a_trend_is_a_straight_line_until_it_ends() -> None:
    rises = {"do": "change", "id": "rises", "at": 100, "state": "a1c", "per_year": 2.0,
             "lasts": {"years": 2}}  # fmt: skip
    tables = tables_of(rises, *(read(f"d{day}", day) for day in (99, 100, 465, 830, 1200)))

    for day, gone in ((99, 0), (100, 0), (465, 365), (830, 730), (1200, 730)):
        wanted = round(8 + 2 * gone / YEAR, 3)
        assert {round(value, 3) for value in values(tables, f"d{day}").values()} == {wanted}


def test_a_trend_in_a_stage_ends_with_the_stage() -> None:
    falls = {"do": "change", "id": "falls", "state": "a1c", "per_year": -1.0}
    stages = {"do": "stages", "id": "s", "start": "a", "stages": [
        {"name": "a", "steps": [falls], "stays": {"days": 300}, "moves": [{"to": "b"}]},
        {"name": "b", "final": True}]}  # fmt: skip
    tables = tables_of(stages, read("in", 200), read("out", 300), read("late", 900))

    assert set(values(tables, "in").values()) == {round(8 - 200 / YEAR, 3)}
    assert set(values(tables, "out").values()) == {round(8 - 300 / YEAR, 3)}
    assert set(values(tables, "late").values()) == {round(8 - 300 / YEAR, 3)}


@pytest.mark.slow
def test_noise_keeps_a_share_of_itself_and_spreads_as_stated() -> None:
    wanders = {"do": "change", "id": "w", "state": "a1c",
               "noise": {"sd": 0.5, "every_days": 30, "keeps": 0.8}}  # fmt: skip
    tables = tables_of(wanders, read("first", 10), read("one", 900), read("next", 930), count=4_000)
    one, after = (np.array(list(values(tables, step).values())) for step in ("one", "next"))
    sd = 0.5 / sqrt(1 - 0.64)

    assert set(values(tables, "first").values()) == {8.0}  # less than one period
    assert abs(one.mean() - 8) <= 3 * sd / sqrt(4_000)
    assert abs(one.std() - sd) <= 3 * sd / sqrt(2 * 4_000)
    assert abs(np.corrcoef(one, after)[0, 1] - 0.8) <= 3 * (1 - 0.64) / sqrt(4_000)


def test_a_drug_that_acts_at_once_acts_on_the_day_on_which_it_is_begun() -> None:
    drug = event("drug", "prescription", 100, drug="metformin 500 mg tablet", refills=11)
    falls = {"do": "change", "id": "falls", "at": 100, "state": "a1c", "by": -1.5,
             "while_taking": "metformin", "washout_days": 40}  # fmt: skip
    tables = tables_of(read("before", 99), drug, falls, read("same", 100), read("next", 101))

    assert set(values(tables, "before").values()) == {8.0}
    assert set(values(tables, "same").values()) == set(values(tables, "next").values()) == {6.5}


def test_a_drug_changes_the_state_while_it_is_taken_and_fades_when_it_is_stopped() -> None:
    drug = event("rx", "prescription", 50, drug="metformin 500 mg tablet", refills=11)
    works = {"do": "change", "id": "works", "at": 50, "state": "a1c", "by": -2,
             "over": {"days": 100}, "while_taking": "metformin", "washout_days": 40}  # fmt: skip
    off = {"do": "stop", "id": "off", "of": "rx", "at": 250, "reason": "nausea"}
    days = (40, 100, 150, 249, 269, 289, 400)
    tables = tables_of(drug, works, off, *(read(f"d{day}", day) for day in days))
    wanted = {40: 8.0, 100: 7.0, 150: 6.0, 249: 6.0, 269: 7.0, 289: 8.0, 400: 8.0}

    for day, value in wanted.items():
        assert set(values(tables, f"d{day}").values()) == {value}, day
    rows = listed(tables["prescriptions"], "ingredient", "status", "end_date", "written_date")
    ended = {(status, end - begin) for drug, status, end, begin in rows if drug == "metformin"}
    assert ended == {("stopped", 200)}


def test_a_drug_that_is_not_taken_does_nothing() -> None:
    drug = event("rx", "prescription", 50, drug="metformin 500 mg tablet", refills=11)
    works = {"do": "change", "id": "works", "at": 50, "state": "a1c", "by": -2,
             "while_taking": "metformin"}  # fmt: skip
    tables = tables_of(drug | {"chance": 0.5}, works, read("later", 100))
    rows = listed(tables["prescriptions"], "person_id", "ingredient")
    takes = {who for who, ingredient in rows if ingredient == "metformin"}
    assert 60 < len(takes) < 140

    for who, value in values(tables, "later").items():
        assert value == (6.0 if who in takes else 8.0)


def test_what_is_stopped_ends_in_the_chart() -> None:
    tables = tables_of(
        event("ill", "diagnosis", 10, code="N18.30"),
        event("plan", "care_plan", 10, display="Kidney school"),
        {"do": "stop", "id": "well", "of": "ill", "at": 100, "chance": 0.5},
        {"do": "stop", "id": "done", "of": "plan", "at": 120, "chance": 0.5},
        lab("asks", 150) | {"when": "has('N18')"},
        state={},
    )
    well, done = ({who for who, step in listed(tables["events"], "person_id", "step")
                   if step == name} for name in ("well", "done"))  # fmt: skip
    conditions = listed(tables["conditions"], "person_id", "code", "status")
    asked = {who for (who,) in listed(tables["lab_results"], "person_id")}

    assert 60 < len(well) < 140
    for who, code, status in conditions:
        if code == "N18.30":
            assert status == ("resolved" if who in well else "active")
    assert not asked & well
    for who, status in listed(tables["care_plans"], "person_id", "status"):
        assert status == ("completed" if who in done else "active")


def test_a_condition_that_was_over_begins_again() -> None:
    def ill(id: str, day: int, code: str) -> Document:
        return event(id, "diagnosis", day, code=code)

    asthma = "has('J45')"
    tables = tables_of(
        ill("first", 10, "J45.909"), {"do": "stop", "id": "well", "of": "first", "at": 50},
        ill("second", 100, "J45.909"), {"do": "stop", "id": "over", "of": "second", "at": 150},
        *(lab(f"d{day}", day) | {"when": asthma} for day in (9, 10, 49, 50, 99, 100, 149, 150)),
        ill("k3", 10, "N18.30"), ill("k4", 50, "N18.4"), ill("back", 100, "N18.30"),
        *(lab(f"k{day}", day) | {"when": "has('N18.30') and not has('N18.4')"}
          for day in (49, 51, 101)),
        state={},
    )  # fmt: skip
    steps = {step for (step,) in listed(tables["events"], "step")}

    assert {step for step in steps if step[1:].isdigit()} == {
        "d10", "d49", "d100", "d149", "k49", "k101", "k3", "k4"
    }  # fmt: skip
    status = set(listed(tables["conditions"], "code", "status"))
    assert ("J45.909", "resolved") in status
    assert ("N18.30", "active") in status or any(code.startswith("E11.22") for code, _ in status)
    assert ("N18.4", "resolved") in status


def test_a_state_that_is_moved_by_one_is_a_counter() -> None:
    counts = {
        "do": "repeat",
        "id": "attacks",
        "every": {"days": 50},
        "times": 4,
        "steps": [{"do": "change", "id": "counted", "state": "attacks", "by": 1, "chance": 0.5}],
    }
    last = lab("many", 300) | {"when": "attacks >= 3"}
    document = journey(counts, last, state={"attacks": {"start": 0, "decimals": 0}})
    tables = run(people(), document)
    rows = listed(tables["events"], "person_id", "step")
    times = [
        sum(1 for who, step in rows if who == one and step == "counted")
        for one in {who for who, _ in rows}
    ]
    many = {who for who, step in rows if step == "many"}

    assert len(many) == sum(1 for time in times if time >= 3)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"by": 1, "per_year": 2}, "give one of by, to, per_year and noise"),
        ({"per_year": 2, "over": {"days": 9}}, "over goes with by or to"),
        ({"by": 1, "lasts": {"days": 9}}, "lasts goes with per_year"),
        ({"to": 1, "while_taking": "metformin"}, "while_taking goes with by"),
        ({"by": 1, "while_taking": "metfornim"}, "unknown ingredient"),
        ({"by": 1, "washout_days": 9}, "washout_days goes with while_taking"),
        ({"noise": {"sd": 1.0, "every_days": 1}}, "raise it to 2 or more"),
    ],
)
def test_faults_of_changes_are_reported(change: Document, found: str) -> None:
    step = {"do": "change", "id": "c", "state": "a1c"} | change
    with pytest.raises(SpecError, match=found):
        prepare(people(5), [journey(step, state=STATE, duration_days=1200)])


@pytest.mark.parametrize(("of", "found"), [("rxx", "no step 'rxx'"), ("look", "starts nothing")])
def test_a_stop_of_nothing_is_refused(of: str, found: str) -> None:
    drug = event("rx", "prescription", drug="metformin 500 mg tablet")
    stop = {"do": "stop", "id": "off", "of": of, "at": 9}
    with pytest.raises(SpecError, match=found):
        prepare(people(5), [journey(drug, lab("look"), stop)])
