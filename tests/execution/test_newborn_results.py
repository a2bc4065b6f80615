"""Bilirubin of the first days: when it is measured, and by which limits it is judged."""

from __future__ import annotations

from functools import cache

import numpy as np

from execution.births import delivery, pregnancy, women
from execution.running import Document, event, listed, run, visit
from healthsim.codes.loinc import loinc
from healthsim.medicine.newborn_intervals import newborn_intervals, with_newborns
from healthsim.tables import Coded, Columns

_HOUR = 60
_TEST = "1975-2"


def _bilirubin(id: str, at: int) -> Document:
    return event(id, "lab", at, loinc=_TEST, result={"type": "uniform", "low": 4, "high": 14})


@cache
def _made() -> dict[str, Columns]:
    nursery = event("nursery", "encounter", 0, encounter_class="inpatient", los_days=2,
                    diagnoses=["Z38.00"]) | {
        "with": [_bilirubin("first_day", 0), _bilirubin("next_day", 1)]}  # fmt: skip
    later = visit("week", 8, diagnoses=["Z00.110"]) | {"with": [_bilirubin("later", 0)]}
    born = delivery(newborn=[nursery, later])
    return run(women(count=120, products=["patientsim"]), pregnancy(born))


def _results() -> list[tuple[str, float, float, float, str]]:
    """Return step, hours of life, value, upper limit and flag of each result."""
    tables = _made()
    birth = {person: start for person, kind, start
             in listed(tables["encounters"], "person_id", "encounter_class", "start_at")
             if person % 100 >= 50 and kind == "inpatient"}  # fmt: skip
    steps = dict(listed(tables["events"], "event_id", "step"))
    names = ("person_id", "event_id", "loinc", "collected_at", "value", "ref_high", "flag")
    return [
        (steps[cause], (at - birth[person]) / _HOUR, value, high, flag)
        for person, cause, code, at, value, high, flag in listed(tables["lab_results"], *names)
        if code == _TEST
    ]


def test_the_test_of_the_next_day_waits_until_a_day_after_birth() -> None:
    hours = [hour for step, hour, *_ in _results() if step == "next_day"]

    assert len(hours) > 80
    assert min(hours) >= 24
    assert max(hours) < 48
    assert np.std(hours) > 1


def test_a_test_of_the_day_of_birth_stays_on_it() -> None:
    assert all(0 <= hour < 24 for step, hour, *_ in _results() if step == "first_day")


def test_six_in_the_first_day_are_high_and_more_is_usual_later() -> None:
    first = [(value, flag) for step, _, value, _, flag in _results() if step == "first_day"]
    next_day = {high for step, _, _, high, _ in _results() if step == "next_day"}

    assert {flag for value, flag in first if value >= 6} == {"H"}
    assert {flag for value, flag in first if value < 6} == {"N"}
    assert next_day <= {8, 11}
    assert {high for step, _, _, high, _ in _results() if step == "later"} <= {12, 17.5}


def test_hours_of_a_test_do_not_overlap_and_are_within_its_limits() -> None:
    known = loinc().rows[_TEST]
    of_test = [one for one in newborn_intervals() if one.loinc == _TEST]

    assert [one.below_hours for one in of_test[:-1]] == [one.from_hours for one in of_test[1:]]
    assert all(known.low <= one.ref_low < one.ref_high <= known.high for one in of_test)


def test_other_tests_and_later_hours_keep_their_interval() -> None:
    codes = Coded.of([_TEST, _TEST, "2345-7"])
    hours, ends = np.array([30.0, 900.0, 30.0]), np.array([1.0, 2.0, 3.0])
    low, high = with_newborns(codes, hours, (ends, ends + 10))

    assert low.tolist() == [0.1, 2.0, 3.0]
    assert high.tolist() == [8.0, 12.0, 13.0]
