"""Gestational hypertension raises pressure first, and is recorded once readings show it."""

from __future__ import annotations

from typing import Any

import pytest

from execution.births import women
from execution.running import Document, event, journey, listed, run
from healthsim.codes.loinc import loinc
from healthsim.dates import NO_DAY
from healthsim.medicine.pressure_readings import shown_by_readings
from healthsim.tables import Columns

DAY_0 = 20_089
BEGINS = event("begins", "diagnosis", 30, code="O13.3")
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"


def read(day: int, result: float | None, loinc: str = _SYSTOLIC) -> Document:
    stated = {} if result is None else {"result": result}
    return event(f"read_{day}", "vital", day, loinc=loinc, **stated)


def made(*steps: Document, **changes: Any) -> dict[str, Columns]:
    profile = women(count=3, products=["patientsim"], vital_signs="none", **changes)
    return run(profile, journey(*steps))


def onsets(tables: dict[str, Columns]) -> list[int]:
    """Return the first days of the first woman's hypertension."""
    found = listed(tables["conditions"], "person_id", "code", "onset_date")
    return [day - DAY_0 for person, code, day in found if person == 101 and code == "O13.3"]


def test_it_is_recorded_on_the_second_day_of_a_raised_reading() -> None:
    tables = made(BEGINS, read(35, 142), read(40, 131), read(48, 90, _DIASTOLIC), read(55, 150))

    assert onsets(tables) == [48]
    assert ("begins", DAY_0 + 48) in listed(tables["events"], "step", "event_date")


def test_a_severe_reading_shows_it_by_itself() -> None:
    assert onsets(made(BEGINS, read(35, 160), read(40, 131))) == [35]
    assert onsets(made(BEGINS, read(35, 110, _DIASTOLIC), read(40, 131))) == [35]


def test_readings_before_it_began_do_not_count() -> None:
    assert onsets(made(BEGINS, read(10, 150), read(35, 144), read(50, 145))) == [50]


def test_what_no_readings_show_is_never_found() -> None:
    tables = made(BEGINS, read(35, 139), read(40, 89, _DIASTOLIC), read(50, 145))

    assert onsets(tables) == []
    assert "begins" not in {step for (step,) in listed(tables["events"], "step")}


@pytest.mark.parametrize("steps", [(), (read(60, 150), read(70, 150))])
def test_who_is_not_measured_has_it_when_it_is_stated(steps: tuple[Document, ...]) -> None:
    assert onsets(made(BEGINS, *steps)) == [30]


def test_the_body_has_raised_pressure_before_anybody_knows() -> None:
    people = {"count": 200}
    with_it, without = (
        run(women(products=["patientsim"], vital_signs="none", **people),
            journey(*steps, read(45, None)))
        for steps in ((BEGINS,), ())
    )  # fmt: skip
    means = [sum(values) / len(values) for values in (
        [one for (one,) in listed(tables["vital_signs"], "value")] for tables in (with_it, without)
    )]  # fmt: skip
    assert means[0] > means[1] + 15
    recorded = [day for _, day in listed(with_it["conditions"], "code", "onset_date")]
    assert NO_DAY not in recorded


def test_every_sign_of_the_table_is_in_the_book_and_severe_is_above_raised() -> None:
    for one in shown_by_readings():
        assert one.at_least.keys() == one.at_once.keys()
        for code, least in one.at_least.items():
            assert loinc().display(code)
            assert one.at_once[code] > least
