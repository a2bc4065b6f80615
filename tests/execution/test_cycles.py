"""Protocols, delays, weekdays, and what is counted from the beat before."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, lab, listed, run, visit
from healthsim.dates import are_open
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.tables import Columns

DAY_0 = 20_089


def protocol(**more: Any) -> Document:
    return {"do": "protocol", "id": "tx", "cycles": 4, "cycle_days": 28, "visits": [
        {"id": "dose", "day": 1, "window": {"after": 2}, "steps": [visit("given")]},
        {"id": "scan", "day": 15, "window": {"before": 3, "after": 3}, "cycles": {"every": 2},
         "steps": [lab("picture")]}]} | more  # fmt: skip


def people(count: int = 400, **changes: Any) -> Document:
    return diabetic(count=count, products=["patientsim"], through="2027-12-31", **changes)


def event_rows(
    tables: dict[str, Columns], *steps: str
) -> list[tuple[int, str, int, int, str | None]]:
    """Return (person, step, occurrence, day, option) of what happened."""
    rows = listed(tables["events"], "person_id", "step", "occurrence", "event_date", "option")
    return [(who, step, n, day - DAY_0, way) for who, step, n, day, way in rows if step in steps]


def test_visits_fall_within_their_windows_and_fill_them() -> None:
    monday = 5
    rows = event_rows(run(people(), journey(protocol(at=monday))), "dose", "scan")
    shift = {step: [day - 28 * (n - 1) - first for _, name, n, day, _ in rows if name == step]
             for step, first in (("dose", monday), ("scan", monday + 14))}  # fmt: skip

    assert Counter(step for _, step, *_ in rows) == {"dose": 1600, "scan": 800}
    assert {n for _, step, n, *_ in rows if step == "scan"} == {2, 4}
    assert set(shift["dose"]) == {0, 1, 2}
    assert set(shift["scan"]) == set(range(-3, 4))
    for step, width in (("dose", 3), ("scan", 7)):
        for count in Counter(shift[step]).values():
            share, of = 1 / width, len(shift[step])
            assert abs(count / of - share) <= 3 * sqrt(share * (1 - share) / of)


def test_a_visit_by_appointment_takes_a_business_day_of_its_window() -> None:
    friday = 9
    rows = event_rows(run(people(40), journey(protocol(at=friday))), "dose", "scan")
    doses = {day - 28 * (n - 1) - friday for _, step, n, day, _ in rows if step == "dose"}
    scans = {day - 28 * (n - 1) - friday - 14 for _, step, n, day, _ in rows if step == "scan"}

    assert doses == {0}  # Saturday and Sunday belong to the window too
    assert {1, 2} <= scans  # no visit, so no appointment


@pytest.mark.parametrize("begins", [3, 10])
def test_a_window_before_the_first_day_of_a_cycle_is_whole_in_every_cycle(begins: int) -> None:
    three = {"id": "dose", "day": 1, "window": {"before": 3, "after": 3}, "steps": []}
    later = {"do": "change", "id": "later", "state": "seen", "to": 1,
             "at": {"after": "tx", "day": 1}}  # fmt: skip
    state = {"seen": {"start": 0}}
    rows = event_rows(
        run(people(), journey(protocol(visits=[three], at=begins), later, state=state)),
        "dose", "later",
    )  # fmt: skip
    shifts: dict[int, set[int]] = {}
    for _, step, cycle, day, _ in rows:
        if step == "dose":
            shifts.setdefault(cycle, set()).add(day - begins - 28 * (cycle - 1))

    assert shifts == {cycle: set(range(-3, 4)) for cycle in (1, 2, 3, 4)}
    assert {day for _, step, _, day, _ in rows if step == "later"} == {begins + 1}


def test_a_first_cycle_has_its_own_window_where_one_is_given() -> None:
    three = {"id": "dose", "day": 1, "window": {"before": 3, "after": 3},
             "first_window": {"after": 1}, "steps": []}  # fmt: skip
    rows = event_rows(run(people(), journey(protocol(visits=[three]))), "dose")
    shifts: dict[int, set[int]] = {}
    for _, _, cycle, day, _ in rows:
        shifts.setdefault(cycle, set()).add(day - 28 * (cycle - 1))

    assert shifts.pop(1) == {0, 1}
    assert shifts == {cycle: set(range(-3, 4)) for cycle in (2, 3, 4)}


@pytest.mark.parametrize("counted", ["first", "previous"])
def test_a_cycle_that_begins_early_for_a_window_moves_no_later_one(counted: str) -> None:
    seen = [{"id": "dose", "day": 1, "window": {"before": 3}, "first_window": {}, "steps": []},
            {"id": "scan", "day": 15, "steps": []}]  # fmt: skip
    rows = event_rows(run(people(50), journey(protocol(visits=seen, counted=counted))), "scan")

    assert {(cycle, day) for _, _, cycle, day, _ in rows} == {
        (cycle, 28 * (cycle - 1) + 14) for cycle in range(1, 5)
    }


def test_missed_visits_are_listed_and_hold_nothing_and_late_ones_are_flagged() -> None:
    one = protocol()
    one["visits"][0] |= {"missed": 0.2, "outside": 0.1}
    rows = event_rows(run(people(), journey(one)), "dose", "given")
    dose = {(who, n): (day, way) for who, step, n, day, way in rows if step == "dose"}
    given = {(who, n): day for who, step, n, day, _ in rows if step == "given"}
    ways = Counter(way for _, way in dose.values())

    assert abs(ways["missed"] / 1600 - 0.2) <= 3 * sqrt(0.2 * 0.8 / 1600)
    assert abs(ways["deviation"] / 1600 - 0.08) <= 3 * sqrt(0.08 * 0.92 / 1600)
    assert given.keys() == {key for key, (_, way) in dose.items() if way != "missed"}
    for key, (day, way) in dose.items():
        late = day - 28 * (key[1] - 1)
        assert late == 0 if way == "missed" else (late > 2) == (way == "deviation")
        assert way == "missed" or given[key] == day


def test_a_protocol_stops_before_the_cycle_whose_condition_holds() -> None:
    grows = event("grows", "diagnosis", code="N18.30") | {"hazard": {"per_year": 4}}
    stops = protocol(until="happened('grows')")
    rows = event_rows(run(people(), journey(grows, stops)), "grows", "dose")
    grown = {who: day for who, step, _, day, _ in rows if step == "grows"}
    last: dict[int, int] = {}
    for who, step, n, *_ in rows:
        if step == "dose":
            last[who] = max(n, last.get(who, 0))

    for who, day in grown.items():
        cycles = 1 + (day - 1) // 28 if day <= 84 else 4  # cycle 4 begins on day 84
        assert last[who] == min(cycles, 4)
    assert {last[who] for who in last if who not in grown} == {4}


def test_unscheduled_visits_come_while_the_protocol_lasts() -> None:
    between = {"id": "extra", "hazard": {"per_year": 6}, "times": 20, "steps": [visit("between")]}
    rows = event_rows(run(people(), journey(protocol(unscheduled=between))), "between")

    expected = 400 * 6 * 112 / 365.25
    assert abs(len(rows) - expected) <= 3 * sqrt(expected) + 20
    assert max(day for _, _, _, day, _ in rows) < 4 * 28


def delayed(**more: Any) -> Document:
    """Cycles of 14 days that wait while neutrophils, which each dose lowers, are low."""
    recovers = {"do": "change", "id": "recovers", "state": "anc", "to": 4}
    dose = [{"do": "change", "id": "falls", "state": "anc",
             "to": {"type": "uniform", "low": 0.5, "high": 3}}]  # fmt: skip
    return journey(
        {"do": "protocol", "id": "tx", "cycles": 6, "cycle_days": 14, "counted": "previous",
         "delay": {"when": "anc < 1.5", "days": 7, "most": 2, "steps": [lab("recheck"), recovers]},
         "visits": [{"id": "dose", "day": 1, "steps": dose}]} | more,
        state={"anc": {"start": 4, "low": 0, "decimals": 2}},
    )  # fmt: skip


def test_a_cycle_waits_while_neutrophils_are_low_and_the_next_are_counted_from_it() -> None:
    rows = event_rows(run(people(), delayed()), "dose", "recheck")
    doses: dict[int, list[int]] = {}
    for who, step, _, day, _ in sorted(rows, key=lambda row: row[3]):
        if step == "dose":
            doses.setdefault(who, []).append(day)
    gaps = [b - a for one in doses.values() for a, b in pairwise(one)]
    rechecks = {(who, day) for who, step, _, day, _ in rows if step == "recheck"}

    assert all(len(one) == 6 for one in doses.values())
    assert set(gaps) == {14, 21}
    share = 1.0 / 2.5  # of a uniform from 0.5 to 3, below 1.5
    assert abs(gaps.count(21) / len(gaps) - share) <= 3 * sqrt(share * (1 - share) / len(gaps))
    assert rechecks == {(who, a + 14) for who, one in doses.items()
                        for a, b in pairwise(one) if b - a == 21}  # fmt: skip


def test_a_beat_that_was_delayed_as_often_as_allowed_takes_place_anyway() -> None:
    never = delayed(delay={"when": "anc < 99", "days": 5, "most": 2, "steps": []})
    rows = event_rows(run(people(20), never), "dose")

    assert {day for _, _, n, day, _ in rows if n == 1} == {10}
    assert {day for _, _, n, day, _ in rows if n == 2} == {10 + 14 + 10}


def test_a_repeat_falls_on_its_weekdays() -> None:
    dialysis = {"do": "repeat", "id": "d", "at": {"day": {"type": "uniform", "low": 0, "high": 6,
                "decimals": 0}}, "every": {"weekdays": ["mon", "wed", "fri"]}, "times": 40,
                "steps": [lab("clean")]}  # fmt: skip
    rows = event_rows(run(people(50), journey(dialysis)), "clean")
    weekdays = Counter((day + DAY_0 + 3) % 7 for _, _, _, day, _ in rows)
    whole: dict[int, list[int]] = {}
    for who, _, _, day, _ in sorted(rows, key=lambda row: row[3]):
        whole.setdefault(who, []).append(day)

    assert set(weekdays) == {0, 2, 4}
    assert len(rows) == 50 * 40
    for one in whole.values():
        assert set(np.diff(one)) == {2, 3}


def test_beats_may_be_counted_from_the_one_before() -> None:
    late = {"do": "repeat", "id": "r", "every": {"days": 30}, "times": 3, "counted": "previous",
            "delay": {"when": "day == 30", "days": 4, "most": 1}, "steps": [lab("x")]}  # fmt: skip
    first = late | {"counted": "first"}

    assert {(n, day) for _, _, n, day, _ in event_rows(run(people(5), journey(late)), "x")} == {
        (1, 0), (2, 34), (3, 64)}  # fmt: skip
    assert {(n, day) for _, _, n, day, _ in event_rows(run(people(5), journey(first)), "x")} == {
        (1, 0), (2, 34), (3, 60)}  # fmt: skip


def test_a_beat_that_was_delayed_is_not_overtaken_by_the_next() -> None:
    slow = {"do": "repeat", "id": "r", "every": {"days": 7}, "times": 4,
            "delay": {"when": "day == 7", "days": 20, "most": 1}, "steps": [lab("x")]}  # fmt: skip

    assert {(n, day) for _, _, n, day, _ in event_rows(run(people(5), journey(slow)), "x")} == {
        (1, 0), (2, 27), (3, 28), (4, 29)}  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize(("size", "count"), [pytest.param(1, 8, marks=pytest.mark.proof), (13, 20)])
def test_protocols_are_the_same_in_chunks_of_any_size(size: int, count: int) -> None:
    """Each day `test_one_by_one.py` says so of random journeys with such steps."""
    between = {"id": "extra", "hazard": {"per_year": 6}, "times": 5, "steps": [visit("between")]}
    one, two = delayed(), protocol(unscheduled=between, until="last('4548-4') > 9")
    two["visits"][0] |= {"id": "dose_2", "missed": 0.2, "outside": 0.1}
    document = one | {"phases": [*one["phases"], {"name": "two", "steps": [two | {"id": "t2"}]}]}
    whole, parts = run(people(count), document), run(people(count), document, size=size)

    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


@pytest.mark.parametrize(("change", "where", "found", "mend"), [
    ({"visits": [{"id": "a", "day": 1, "window": {"after": 4}, "steps": []},
                 {"id": "b", "day": 8, "window": {"before": 3}, "steps": []}]},
     "", "overlap", "narrow"),
    ({"visits": [{"id": "a", "day": 1, "window": {"before": 20, "after": 10}, "steps": []}]},
     "", "overlap", "narrow"),
    ({"visits": [{"id": "a", "day": 40, "steps": []}]}, "", "of 28 days", "lower"),
    ({"visits": [{"id": "a", "day": 1, "cycles": [9], "steps": []}]}, "", "cycle 9 of 4", "raise"),
    ({"visits": [{"id": "a", "at": 3, "steps": []}]}, "visits[0]", "dated by day", "remove"),
    ({"visits": [{"id": "a", "missed": 1.5, "steps": []}]}, "missed", "1.5", "high 1"),
    ({"until": "happened('nothing')"}, "until", "nothing", ""),
    ({"delay": {"when": "a1c > 3", "days": -3}}, "delay", "below 0", "low"),
])  # fmt: skip
def test_faults_of_protocols_are_reported(
    change: Document, where: str, found: str, mend: str
) -> None:
    with pytest.raises(SpecError) as caught:
        prepare(people(5), [journey(protocol(**change))])

    assert any(where in one.where and found in one.found + one.mend and mend in one.mend
               for one in caught.value.problems), caught.value  # fmt: skip


def _pumped(**more: Any) -> Document:
    off = visit("off", procedures=["96523"]) | {"at": {"after": "given", "day": 2}}
    steps = [visit("given", procedures=["96416"]), off]
    return protocol(cycle_days=14, cycles=12, visits=[
        {"id": "dose", "day": 1, "window": {"after": 1}, "steps": steps}], **more)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("counted", ["first", "previous"])
def test_a_visit_and_the_one_that_it_brings_are_both_on_business_days(counted: str) -> None:
    starts = {"day": {"type": "uniform", "low": 0, "high": 13, "decimals": 0}}
    rows = event_rows(run(people(60), journey(_pumped(at=starts, counted=counted))), "given", "off")
    days = {step: np.array(sorted(day + DAY_0 for _, name, _, day, _ in rows if name == step),
                           dtype=np.int32) for step in ("given", "off")}  # fmt: skip

    assert len(days["given"]) == len(days["off"]) == 720
    assert are_open(days["off"], (0,)).all()
    assert are_open(days["given"], (0, 2)).all()


def test_cycles_of_visits_that_bring_none_stay_on_their_days() -> None:
    friday = 9
    rows = event_rows(run(people(5), journey(protocol(at=friday))), "tx")

    assert {day for _, _, n, day, _ in rows if n == 1} <= {friday}


def _counted_before_treatment() -> tuple[list[float], list[float], list[bool]]:
    """Run cycles that wait for neutrophils: counts where one waits, where one is treated, known."""

    def count(id: str) -> Document:
        noise = {"type": "normal", "mean": 0, "sd": 0.3}
        return event(id, "lab", loinc="751-8", result={"from": "anc", "noise": noise})

    def seen(id: str, inside: Document) -> Document:
        return visit(id, specialty="oncology") | {"with": [inside]}

    dose = {"id": "dose", "day": 1, "steps": [seen("given", count("count"))]}
    delay = {"when": "anc < 1.5", "days": 7, "most": 20, "steps": [seen("waits", count("low"))]}
    start = {"type": "normal", "mean": 1.5, "sd": 0.05, "decimals": 2}
    tables = run(people(150), journey(
        protocol(visits=[dose], delay=delay, counted="previous"),
        state={"anc": {"start": start, "low": 0, "high": 9, "decimals": 2}},
    ))  # fmt: skip
    steps = dict(listed(tables["events"], "event_id", "step"))
    ends = dict(listed(tables["encounters"], "encounter_id", "end_at"))
    found: dict[str, list[float]] = {"low": [], "count": []}
    known = []
    for event_id, value, resulted, stay in listed(
        tables["lab_results"], "event_id", "value", "resulted_at", "encounter_id"
    ):
        found[steps[event_id]].append(value)
        known.append(resulted <= ends[stay])
    return found["low"], found["count"], known


@pytest.mark.slow
def test_what_delays_a_cycle_is_the_result_of_its_visit_and_is_known_in_it() -> None:
    low, treated, known = _counted_before_treatment()

    assert len(low) > 100
    assert len(treated) > 100
    assert max(low) < 1.5 <= min(treated)
    assert all(known)
