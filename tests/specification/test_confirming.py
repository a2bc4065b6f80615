"""A diagnosis that a test shows is not made in a stay without the test."""

from __future__ import annotations

import pytest

from execution.running import Document, event, journey, visit
from healthsim.codes.loinc import loinc
from healthsim.medicine.confirming import FILE
from healthsim.medicine.datafiles import rows
from healthsim.specification.checks.confirming import confirming_warnings
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec


def _said(*inside: Document, before: tuple[Document, ...] = (), kind: str = "inpatient") -> str:
    stay = visit("stay", 10, encounter_class=kind, procedures=None)
    document = journey(*before, stay | {"with": list(inside)})
    return " ".join(map(str, confirming_warnings([read(JourneySpec, document, "journey")])))


_INJURY = event("injury", "diagnosis", 0, code="N17.9")


def _lab(**details: str) -> Document:
    return event("blood", "lab", 0, **details)


def test_a_stay_that_finds_a_kidney_injury_without_creatinine_is_told_which_test_to_add() -> None:
    assert "N17.9 is diagnosed in a stay without a creatinine" in _said(_INJURY)
    assert 'loinc "2160-0"' in _said(_INJURY, _lab(loinc="718-7"))


@pytest.mark.parametrize("details", [{"panel": "bmp"}, {"loinc": "2160-0"}])
def test_a_stay_with_the_test_is_not(details: dict[str, str]) -> None:
    assert _said(_INJURY, _lab(**details)) == ""


def test_a_stay_after_an_emergency_visit_with_the_test_is_not() -> None:
    emergency = visit("emergency", 9, encounter_class="emergency", procedures=None)

    assert _said(_INJURY, before=(emergency | {"with": [_lab(panel="bmp")]},)) == ""


def test_other_diagnoses_and_visits_are_not() -> None:
    assert _said(event("cold", "diagnosis", 0, code="J18.9")) == ""
    assert _said(_INJURY, kind="office") == ""


def test_every_confirming_test_is_in_the_book_and_has_a_source() -> None:
    assert {row["loinc"] for row in rows(FILE)} <= set(loinc().rows)
    assert all(row["source"] and row["confidence"] for row in rows(FILE))
