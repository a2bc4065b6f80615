"""A diagnosis that a test shows is not made in a stay without the test."""

from __future__ import annotations

import pytest

from execution.running import Document, event, journey, visit
from healthsim.codes.loinc import loinc
from healthsim.codes.procedures import procedure_system
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


def test_other_diagnoses_visits_and_tests_that_are_done_by_themselves_are_not() -> None:
    assert _said(event("lungs", "diagnosis", 0, code="J18.9")) == ""
    assert _said(_INJURY, kind="office") == ""


def test_a_stay_for_a_joint_infection_has_a_blood_count_and_a_reactive_protein() -> None:
    infected = visit("stay", 10, encounter_class="inpatient", procedures=None,
                     diagnoses=["T84.53XA"])  # fmt: skip

    def said(*inside: Document) -> str:
        document = journey(infected | {"with": list(inside)})
        return " ".join(map(str, confirming_warnings([read(JourneySpec, document, "journey")])))

    count, protein = (event("count", "lab", 0, panel="cbc"),
                      event("protein", "lab", 0, loinc="1988-5"))  # fmt: skip
    assert "T84.53XA is diagnosed in a stay without a blood count" in said(protein)
    assert "T84.53XA is diagnosed in a stay without a C-reactive protein" in said(count)
    assert said(count, protein) == ""


@pytest.mark.parametrize(("code", "loinc"), [("D62", "718-7"), ("D70.1", "751-8")])
def test_a_stay_that_finds_too_few_blood_cells_has_counted_them(code: str, loinc: str) -> None:
    found = event("found", "diagnosis", 0, code=code)

    assert f'loinc "{loinc}"' in _said(found, _lab(panel="bmp"))
    assert _said(found, _lab(panel="cbc_diff")) == ""


@pytest.mark.parametrize("kind", ["office", "inpatient"])
def test_diabetes_of_a_pregnancy_is_found_by_a_glucose_test_of_any_visit(kind: str) -> None:
    found = event("found", "diagnosis", 0, code="O24.410")
    tested = visit("test", 2) | {"with": [_lab(loinc="1514-9")]}

    assert "in a journey without a glucose after glucose was drunk" in _said(found, kind=kind)
    assert _said(found, before=(tested,), kind=kind) == ""


def test_every_confirming_test_is_in_the_book_and_has_a_source() -> None:
    codes = {code for row in rows(FILE) for code in row["codes"].split("|")}
    done = {code for code in codes if procedure_system(code) == "CPT"}
    assert codes - done <= set(loinc().rows)
    assert {row["visits"] for row in rows(FILE)} == {"stay", "any", "acute", "later"}
    assert all(bool(row["given"]) == (row["visits"] in {"acute", "later"}) for row in rows(FILE))
    assert all(row["source"] and row["confidence"] for row in rows(FILE))
