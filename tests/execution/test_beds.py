"""Nobody is in two places: what a stay displaces, ends and shortens."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from execution.births import pregnancy, women
from execution.running import (
    Document,
    attempted,
    days,
    diabetic,
    event,
    journey,
    listed,
    run,
    visit,
)
from healthsim.execution.timeline.beds import Beds, Stay
from healthsim.execution.timeline.ruled import may_follow_on
from healthsim.medicine.occupancy import STAYS, displacements

_BEGINS = {"begins": {"earliest": "2025-01-06", "latest": "2025-01-06"}}  # a Monday
_WITH_FILLS = {key: diabetic()[key] for key in ("products", "coverage")}


def _stay(
    id: str, at: Any, nights: int, encounter_class: str = "inpatient", **more: Any
) -> Document:
    return event(id, "encounter", at, encounter_class=encounter_class, los_days=nights,
                 diagnoses=["J18.9"], **({"drg": "194"} if encounter_class == "inpatient" else {}),
                 **more)  # fmt: skip


def _emergency(at: Any, **more: Any) -> Document:
    return event("emergency", "encounter", at, encounter_class="emergency", diagnoses=["J18.9"],
                 procedures=["99285"], **more)  # fmt: skip


def _people(**changes: Any) -> Document:
    return diabetic(**{"count": 30, "products": ["patientsim"], "coverage": None, **changes})


def _repeat(every: Document, times: int, *steps: Document) -> Document:
    return {"do": "repeat", "id": "series", "at": 0, "every": every, "times": times,
            "steps": list(steps)}  # fmt: skip


def _dated(tables: dict[str, Any], step: str) -> list[tuple[int, int]]:
    """Return (person, day) of every occurrence of a step."""
    rows = listed(tables["events"], "person_id", "step", "event_date")
    return [(person, day) for person, one, day in rows if one == step]


def _walked(*steps: Document, **changes: Any) -> dict[str, Any]:
    return run(_people(**changes), journey(*steps, **_BEGINS))


def _days_of(tables: dict[str, Any], step: str, first: str = "in") -> set[int]:
    """Return on which days after the first day of another step people have a step."""
    found = days(tables)
    people = {person for person, _ in found}
    return {found[person, step] - found[person, first] for person in people
            if (person, step) in found}  # fmt: skip


def test_a_visit_waits_until_after_the_discharge_and_what_is_done_in_it_with_it() -> None:
    seen = visit("seen", 5) | {"with": [event("weight", "vital", loinc="29463-7")]}
    tables = _walked(_stay("in", 2, 8), seen)

    assert _days_of(tables, "seen") <= set(range(9, 23))
    assert len(_days_of(tables, "seen")) > 3
    assert _days_of(tables, "weight", "seen") == {0}


def test_what_is_asked_of_a_visit_is_asked_on_the_day_that_it_has_at_last() -> None:
    seen = visit("seen", 5) | {"when": "day >= 11"}

    assert len({p for p, s in days(_walked(_stay("in", 2, 8), seen)) if s == "seen"}) == 30


def test_nothing_is_moved_where_beds_are_not_asked_for() -> None:
    tables = _walked(_stay("in", 2, 8), visit("seen", 5), one_bed="none")

    assert _days_of(tables, "seen") == {3}


def test_a_second_stay_comes_after_the_first_and_a_nursing_facility_at_its_end() -> None:
    tables = _walked(_stay("in", 2, 8), _stay("again", 4, 3), _stay("facility", 3, 20, "snf"))

    assert min(_days_of(tables, "again")) >= 8
    assert _days_of(tables, "facility") <= {8, *range(11, 40)}
    ends = {(p, s): (a, b) for p, a, b, s in _spans(tables)}
    assert all(ends[p, "facility"][0] >= ends[p, "in"][1] for p, _ in ends)


def _spans(tables: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return (person, begin, end, step) of every encounter."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    rows = listed(tables["encounters"], "person_id", "start_at", "end_at", "event_id")
    return [(person, start, end, steps[event_id]) for person, start, end, event_id in rows]


def test_an_admission_ends_a_stay_in_a_nursing_facility() -> None:
    tables = _walked(_stay("facility", 0, 30, "snf"), _stay("in", 10, 4))
    rows = {steps: set() for steps in ("facility", "in")}
    steps = dict(listed(tables["events"], "event_id", "step"))
    for event_id, nights, disposition in listed(
        tables["encounters"], "event_id", "los_days", "disposition"
    ):
        rows[steps[event_id]].add((nights, disposition))

    assert rows == {"facility": {(10, "02")}, "in": {(4, "01")}}
    spans = {(p, s): (a, b) for p, a, b, s in _spans(tables)}
    assert all(spans[p, "facility"][1] <= spans[p, "in"][0] for p, _ in spans)


def test_who_is_in_a_nursing_facility_goes_to_dialysis_and_who_is_in_hospital_does_not() -> None:
    session = event("dialysis", "encounter", encounter_class="dialysis", diagnoses=["N18.6"])
    dialysis = _repeat({"days": 2}, 8, session)
    for kind, expected in (("snf", 240), ("inpatient", 120)):
        tables = _walked(_stay("in", 3, 7, kind), dialysis)
        steps = [step for (step,) in listed(tables["events"], "step")]

        assert steps.count("dialysis") == expected


def test_a_visit_of_a_series_that_the_next_would_overtake_is_left_out() -> None:
    weekly = _repeat({"days": 7}, 6, visit("therapy", procedures=["97110"]))
    tables = _walked(_stay("in", 1, 25), weekly)
    found = _dated(tables, "therapy")
    per_person = {p: sum(one == p for one, _ in found) for p, _ in found}

    assert set(per_person.values()) <= {2, 3, 4}
    assert all(a < b for a, b in pairwise(sorted(found)))


def test_cycles_counted_from_the_one_before_move_as_a_whole() -> None:
    cycles = {"do": "repeat", "id": "cycle", "at": 0, "every": {"days": 14}, "times": 4,
              "counted": "previous", "steps": [
                  event("infusion", "encounter", procedures=["96413"])]}  # fmt: skip
    tables = _walked(_stay("in", 12, 9), cycles)
    by_person: dict[int, list[int]] = {}
    for person, step, day in listed(tables["events"], "person_id", "step", "event_date"):
        if step == "infusion":
            by_person.setdefault(person, []).append(day)

    assert {len(found) for found in by_person.values()} == {4}
    assert all(b - a >= 14 for found in by_person.values()
               for a, b in pairwise(sorted(found)))  # fmt: skip


def test_what_comes_days_after_the_visit_of_a_protocol_waits_for_the_discharge_too() -> None:
    pump = event("pump_off", "encounter", {"after": "infusion", "day": 2}, procedures=["96523"])
    doses = {"do": "protocol", "id": "course", "at": 9, "cycles": 1, "cycle_days": 28, "visits": [
        {"id": "dosing", "day": 1,
         "steps": [event("infusion", "encounter", procedures=["96413"]), pump]}]}  # fmt: skip
    tables = _walked(_stay("in", 11, 6), doses)

    (infused,) = {day for _, day in _dated(tables, "infusion")}
    assert min(day for _, day in _dated(tables, "pump_off")) > infused + 7


def test_what_is_dated_from_the_admission_happens_during_the_stay() -> None:
    scan = event("scan", "procedure", {"after": "in", "day": 2}, code="71046")
    later = event("later", "procedure", {"after": "in", "edge": "end", "day": 0}, code="71046")
    tables = _walked(_stay("in", 2, 8), scan, later)

    assert _days_of(tables, "scan") == {2}
    assert min(_days_of(tables, "later")) > 8


def test_a_later_journey_moves_what_an_earlier_one_has_and_shortens_no_stay_but_its_own() -> None:
    first = journey(visit("seen", 6), _stay("earlier", 9, 4), name="first", **_BEGINS)
    second = journey(_stay("in", 5, 10), name="second", **_BEGINS)
    tables = run(_people(), first, second)
    nights = {}
    steps = dict(listed(tables["events"], "event_id", "step"))
    for event_id, los in listed(tables["encounters"], "event_id", "los_days"):
        nights.setdefault(steps[event_id], set()).add(los)

    assert nights["in"] == {4}
    assert nights["earlier"] == {4}
    spans = sorted(_spans(tables))
    assert all(b[1] >= a[2] for a, b in pairwise(spans) if a[0] == b[0])


@pytest.mark.slow
@pytest.mark.parametrize(("nights", "disposition"), [(4, "01"), (5, "02"), (6, "02")])
def test_a_stay_that_ends_as_another_begins_ends_in_a_transfer(
    nights: int, disposition: str
) -> None:
    details: Document = {"encounter_class": "inpatient", "procedures": None}
    there = journey(visit("there", 10, los_days=2, diagnoses=["I50.9"], **details), name="first")
    sooner = journey(visit("sooner", 5, los_days=nights, diagnoses=["J18.9"], **details),
                     name="second")  # fmt: skip
    tables = run(diabetic(count=3, products=["patientsim"], coverage=None), there, sooner)
    ways = listed(tables["encounters"], "person_id", "start_at", "disposition")
    mine = [way for person, _, way in sorted(ways) if person == 101]

    assert mine == [disposition, "01"]


def test_visits_on_the_days_of_admission_and_discharge_come_before_and_after() -> None:
    home = event("home", "encounter", 10, encounter_class="home_health", diagnoses=["J18.9"])
    tables = _walked(visit("before", 2), _stay("in", 2, 8), home)
    spans = {(p, s): (a, b) for p, a, b, s in _spans(tables)}

    assert _days_of(tables, "home") == {8}
    assert all(spans[p, "before"][1] <= spans[p, "in"][0] for p, _ in spans)
    assert all(spans[p, "in"][1] <= spans[p, "home"][0] for p, _ in spans)


def test_a_stay_begins_when_its_emergency_visit_ends_also_after_other_visits() -> None:
    tables = _walked(visit("seen", 2), _emergency(2), _stay("in", 2, 5))
    spans = {(p, s): (a, b) for p, a, b, s in _spans(tables)}
    gaps = {p: spans[p, "in"][0] - spans[p, "emergency"][1] for p, _ in spans}
    fits = {p for p, _ in spans if spans[p, "seen"][1] <= spans[p, "emergency"][0]}

    assert len(fits) > 25
    assert {gaps[p] for p in fits} == {0}
    assert all(spans[p, "seen"][1] <= spans[p, "in"][0] for p, _ in spans)


def test_who_dies_on_the_day_of_admission_dies_in_the_stay_alone() -> None:
    tables = _walked(_emergency(2), _stay("in", 2, 5), event("die", "death", 2))
    steps = dict(listed(tables["events"], "event_id", "step"))
    ways = listed(tables["encounters"], "event_id", "disposition")

    assert {(steps[event_id], way) for event_id, way in ways} == {("emergency", "09"), ("in", "20")}


@pytest.mark.slow
def test_orders_are_urgent_in_emergencies_and_routine_in_elective_stays() -> None:
    def xray(visit: Document) -> Document:
        return visit | {"with": [event(f"of_{visit['id']}", "procedure", code="71046")]}

    steps = (_emergency(2), _stay("in", 2, 5), _stay("elective", 60, 2), visit("office", 90))
    tables = _walked(*(xray(step) for step in steps), detail="coded")
    named = dict(listed(tables["events"], "event_id", "step"))
    priorities = {(named[event_id], priority) for event_id, priority
                  in listed(tables["service_requests"], "event_id", "priority")
                  if event_id in named}  # fmt: skip

    assert {("of_emergency", "stat"), ("of_in", "urgent"), ("of_elective", "routine"),
            ("of_office", "routine")} == {one for one in priorities if "of_" in one[0]}  # fmt: skip


def test_no_medicine_is_fetched_during_a_stay() -> None:
    drug = event("drug", "prescription", 0, drug="lisinopril 10 mg tablet", days_supply=30,
                 refills=3, first_fill_share=1)  # fmt: skip
    tables = _walked(drug, _stay("in", 25, 20), **_WITH_FILLS)
    stays = {p: (a // 1440, b // 1440) for p, a, b, s in _spans(tables) if s == "in"}
    fills = listed(tables["fills"], "person_id", "fill_date")

    assert not [day for p, day in fills if stays[p][0] <= day < stays[p][1]]
    assert len([day for p, day in fills if day == stays[p][1]]) > 15


def test_a_birth_ends_the_visits_of_its_pregnancy_and_the_child_is_admitted_as_newborn() -> None:
    monthly = _repeat({"days": 28}, 9, visit("prenatal", diagnoses=["Z34.93"]))
    tables = run(women(count=60), pregnancy(*(pregnancy()["phases"][0]["steps"]), monthly))
    found = days(tables)
    births = {p: day for (p, step), day in found.items() if step == "birth" and p % 100 == 1}
    visits = _dated(tables, "prenatal")
    types = {(p % 100 >= 50, kind) for p, cls, kind in
             listed(tables["encounters"], "person_id", "encounter_class", "admit_type")
             if cls == "inpatient"}  # fmt: skip

    assert len(births) == 60
    assert not [p for p, day in visits if day > births[p]]
    assert types == {(False, "2"), (True, "4")}


@pytest.mark.proof
def test_the_rows_do_not_depend_on_chunks() -> None:
    """Each day `test_one_by_one.py` walks stays of random journeys for each person alone."""
    steps = (_stay("in", 2, 8), visit("seen", 5), _stay("facility", 3, 20, "snf"))
    whole = run(_people(**_WITH_FILLS), journey(*steps, **_BEGINS))
    parts = run(_people(**_WITH_FILLS), journey(*steps, **_BEGINS), size=4)

    assert listed(whole["encounters"]) == listed(parts["encounters"])
    assert listed(whole["fills"]) == listed(parts["fills"])


def test_an_unknown_switch_is_refused_with_those_there_are() -> None:
    said = attempted(_people(one_bed="all"))

    assert isinstance(said, str)
    assert "profile.one_bed: is 'all'; use 'postpone' or 'none'" in said


@pytest.mark.parametrize("what", ["office", "telehealth", "urgent_care", "emergency", "observation",
                                  "inpatient", "outpatient_hospital", "asc", "snf", "home_health",
                                  "dialysis"])  # fmt: skip
def test_every_class_of_encounter_has_a_rule_in_every_stay(what: str) -> None:
    assert all((stay, what) in displacements() for stay in STAYS)
    assert may_follow_on(what) == (what in (*STAYS, "home_health"))


def test_beds_find_the_stay_that_a_day_is_in() -> None:
    beds, rows = Beds(3), np.array([0, 2])
    for first in (10, 20, 30, 40, 50):
        beds.admit("inpatient", Stay(
            0, rows, np.full(2, first, np.int32), np.full(2, 5, np.int32),
            np.zeros(2, np.bool_), lambda at, days: None))  # fmt: skip
    asked = np.array([9, 10, 15, 44, 45, 52], dtype=np.int32)
    on_leaving = [beds.occupied(np.full(6, 2), asked, leaving=leaving)[0].tolist()
                  for leaving in (True, False)]  # fmt: skip

    assert on_leaving == [[-1, 1, 1, 1, 1, 1], [-1, 1, -1, 1, -1, 1]]
    assert beds.discharged(np.full(6, 2), asked).tolist() == [9, 15, 15, 45, 45, 55]
    assert beds.occupied(np.ones(6, int), asked, leaving=True)[0].tolist() == [-1] * 6


def test_a_stay_before_1970_lasts_as_long_as_one_after_it() -> None:
    beds, nights = Beds(1), np.full(1, 5, np.int32)
    first = np.full(1, -6234, np.int32)
    beds.admit("inpatient", Stay(
        0, np.array([0]), first, nights, np.zeros(1, np.bool_), lambda at, days: None))  # fmt: skip

    assert nights.tolist() == [5]
