"""Tests and vital signs of stays that no journey states: by illness, operation and unit."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from execution.running import Document, charted, diabetic, event, journey, listed, run
from healthsim.codes.loinc import panel
from healthsim.tables import NO_NUMBER

_BEGINS = {"begins": {"earliest": "2025-01-06", "latest": "2025-01-06"}}
_DAY = 1440


def _stay(code: str, nights: int = 4, **more: Any) -> Document:
    with_ = more.pop("with", [])
    stay = event("stay", "encounter", 0, encounter_class="inpatient", los_days=nights,
                 diagnoses=[code], **more)  # fmt: skip
    return stay | ({"with": with_} if with_ else {})


def _walked(*steps: Document, full: bool = False) -> dict[str, Any]:
    profile = diabetic(count=30, mortality="none", products=["patientsim"], coverage=None)
    return (charted if full else run)(profile, journey(*steps, **_BEGINS))


@cache
def _failing() -> dict[str, Any]:
    return _walked(_stay("J96.01"), full=True)


def _days(tables: dict[str, Any], loinc: str) -> dict[int, list[int]]:
    """Return the days of each person's stay on which something was measured, from 0."""
    starts = dict(listed(tables["encounters"], "person_id", "start_at"))
    found: dict[int, list[int]] = {person: [] for person in starts}
    for person, code, at in sorted(
        listed(tables["lab_results"], "person_id", "loinc", "collected_at")
    ):
        if code == loinc:
            found[person].append(at // _DAY - starts[person] // _DAY)
    return found


@pytest.mark.slow
def test_respiratory_failure_has_blood_gases_on_arrival_and_the_next_morning() -> None:
    assert set(map(tuple, _days(_failing(), "2703-7").values())) == {(0, 1)}


def test_the_gases_of_respiratory_failure_are_those_that_define_it() -> None:
    tables = _failing()
    rows = listed(tables["lab_results"], "loinc", "value", "collected_at", "person_id")
    first = {person: at // _DAY for person, at in listed(tables["encounters"], "person_id",
                                                         "start_at")}  # fmt: skip
    pressures = [value for code, value, at, person in rows
                 if code == "2703-7" and at // _DAY == first[person]]  # fmt: skip
    assert all(30 < value < 65 for value in pressures)  # the laboratory's own error is in it
    assert sum(value < 60 for value in pressures) >= 0.9 * len(pressures)


def test_oxygen_is_given_while_saturation_is_low() -> None:
    given = listed(_failing()["medication_administrations"], "ingredient", "person_id", "dose_unit")
    people = {person for what, person, unit in given if (what, unit) == ("oxygen", "L/min")}
    assert len(people) == len(listed(_failing()["encounters"], "person_id"))


def test_a_usual_panel_is_one_order_of_the_stay_without_an_event() -> None:
    tables = _failing()
    labs = listed(tables["lab_results"], "panel", "event_id", "encounter_id", "collected_at")
    assert {event_id for _, event_id, _, _ in labs} == {NO_NUMBER}
    specimens = {(name, visit, at) for name, _, visit, at in labs}
    reports = listed(tables["diagnostic_reports"], "report_id")
    assert len(specimens) == len(reports)
    assert len(labs) == sum(len(panel(name)) for name, _, _ in specimens)


def test_what_a_journey_measures_on_a_day_is_not_measured_again() -> None:
    own = event("own", "lab", 0, panel="bmp")
    tables = _walked(_stay("I50.23", **{"with": [own]}))
    assert all(days == sorted(set(days)) for days in _days(tables, "2823-3").values())
    assert all(0 in days for days in _days(tables, "2823-3").values())


@pytest.mark.slow
@pytest.mark.parametrize(("code", "loinc", "days"), [
    ("I50.23", "2823-3", (0, 1, 2)), ("A41.9", "718-7", (0, 1)), ("J18.9", "2823-3", (0, 2)),
])  # fmt: skip
def test_an_acute_illness_has_its_panels_on_the_days_of_the_table(
    code: str, loinc: str, days: tuple[int, ...]
) -> None:
    assert set(map(tuple, _days(_walked(_stay(code)), loinc).values())) == {days}


def test_an_operation_is_followed_by_a_blood_count_on_the_next_morning() -> None:
    tables = _walked(_stay("M17.11", 3, icd10pcs=["0SRC0J9"], drg="470"))
    assert set(map(tuple, _days(tables, "718-7").values())) == {(1,)}


def test_no_test_is_taken_after_the_stay() -> None:
    tables = _walked(_stay("I50.23", 1))
    ends = dict(listed(tables["encounters"], "person_id", "end_at"))
    taken = listed(tables["lab_results"], "person_id", "collected_at")
    assert taken
    assert all(at < ends[person] for person, at in taken)


@pytest.mark.slow
def test_intensive_care_charts_vital_signs_every_four_hours_and_recovery_on_arrival() -> None:
    knee = _walked(_stay("M17.11", 3, icd10pcs=["0SRC0J9"], drg="470"), full=True)
    for tables, unit, every in ((_failing(), "intensive care", 240), (knee, "recovery", 0)):
        rows = listed(tables["vital_signs"], "encounter_id", "loinc", "measured_at")
        pulse = [(visit, at) for visit, code, at in rows if code == "8867-4"]
        columns = listed(tables["encounter_locations"], "unit", "encounter_id", "start_at",
                         "end_at")  # fmt: skip
        places = [row[1:] for row in columns if row[0] == unit]
        assert places
        for visit, start, end in places:
            times = sorted({at for one, at in pulse if one == visit and start <= at <= end})
            assert len(times) >= max((end - start) // every if every else 1, 1)
            if every:
                assert all(later - at <= every + 1 for at, later in pairwise(times))


def test_the_weight_is_not_taken_at_each_time_of_intensive_care() -> None:
    rows = listed(_failing()["vital_signs"], "encounter_id", "loinc", "measured_at")
    weights = [(visit, at // _DAY) for visit, code, at in rows if code == "29463-7"]
    assert max(weights.count(one) for one in weights) <= 2


def _readings(tables: dict[str, Any]) -> dict[int, list[tuple[int, float]]]:
    """Return the pulse oximetry of each person: minute and value, in time."""
    found: dict[int, list[tuple[int, float]]] = {}
    for person, code, at, value in listed(tables["vital_signs"], "person_id", "loinc",
                                          "measured_at", "value"):  # fmt: skip
        if code == "59408-5":
            found.setdefault(person, []).append((at, value))
    return {person: sorted(rows) for person, rows in found.items()}


def test_an_oximeter_and_a_blood_gas_of_one_hour_show_one_saturation() -> None:
    tables = _failing()
    readings, gases = _readings(tables), 0
    for person, code, at, value in listed(tables["lab_results"], "person_id", "loinc",
                                          "collected_at", "value"):  # fmt: skip
        near = [of for when, of in readings[person] if abs(when - at) <= 60]
        if code == "2708-6" and near:
            gases += 1
            assert min(abs(of - value) for of in near) <= 2
    assert gases >= 30


def test_oxygen_comes_before_the_saturation_rises() -> None:
    tables = _failing()
    given = dict(sorted(((person, at) for person, drug, at in listed(
        tables["medication_administrations"], "person_id", "ingredient", "given_at")
        if drug == "oxygen"), reverse=True))  # fmt: skip
    low = 0
    for person, rows in _readings(tables).items():
        first = next((of for of in rows if of[1] < 90), None)
        if first is not None:
            low += 1
            assert 10 <= given[person] - first[0] < 15
            assert all(value < 90 + 3 for when, value in rows if first[0] <= when < given[person])
    assert low >= 20


def test_a_newborn_with_jaundice_has_its_bilirubin_measured_and_it_is_high() -> None:
    stay = event("stay", "encounter", 0, encounter_class="inpatient", los_days=7,
                 diagnoses=["Z38.00", "P59.9"])  # fmt: skip
    ages = {"age": {"type": "uniform", "low": 0, "high": 0.002, "decimals": 4}}
    profile = diabetic(count=30, products=["patientsim"], clinical={}, demographics=ages)
    tables = run(profile, journey(stay, **_BEGINS))
    first: dict[int, float] = {}
    rows = listed(tables["lab_results"], "person_id", "collected_at", "loinc", "value", "panel")
    for person, _, code, value, panel_ in sorted(rows):
        assert code == "1975-2"
        assert panel_ is None
        first.setdefault(person, value)

    assert set(map(tuple, _days(tables, "1975-2").values())) == {(2, 4, 6)}
    assert all(5 < value < 20 for value in first.values())
    assert 10 < sum(first.values()) / len(first) < 13.5


def test_low_sodium_is_measured_daily_and_is_back_when_it_ends() -> None:
    low = event("low", "diagnosis", 0, code="E87.1")
    tables = _walked(_stay("J18.9", 7, **{"with": [low]}))
    values = [(person, at // _DAY, value) for person, code, at, value in listed(
        tables["lab_results"], "person_id", "loinc", "collected_at", "value")
        if code == "2951-2"]  # fmt: skip
    ends = {
        person: end
        for person, code, end in listed(tables["conditions"], "person_id", "code", "abatement_date")
        if code == "E87.1"
    }
    last = [value for person, day, value in values if day == ends[person]]

    assert set(map(tuple, _days(tables, "2951-2").values())) == {(0, 1, 2, 3, 4, 5)}
    assert min(last) >= 132
    assert sum(value >= 135 for value in last) >= 0.8 * len(last) > 0


@pytest.mark.slow
@pytest.mark.parametrize(("code", "longest"), [("J96.01", False), ("J96.11", True)])
def test_oxygen_ends_hours_before_people_leave_for_a_home_without(code: str, longest: bool) -> None:
    tables = _walked(_stay(code, 2), full=True)
    ends = dict(listed(tables["encounters"], "encounter_id", "end_at"))
    given: dict[int, list[int]] = {}
    for stay, drug, at in listed(tables["medication_administrations"], "encounter_id",
                                 "ingredient", "given_at"):  # fmt: skip
        if drug == "oxygen":
            given.setdefault(stay, []).append(ends[stay] - at)
    last = [min(before) for before in given.values() if len(before) > 1]

    assert len(last) > 10
    assert (min(last) < 720) == longest
