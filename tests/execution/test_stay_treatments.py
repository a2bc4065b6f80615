"""What a stay is for is done in it, although no step says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from audit.treatment_tampering import OF_TREATMENTS
from execution.running import Document, diabetic, journey, listed, run, visit
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.icd10pcs import icd10pcs
from healthsim.medicine.datafiles import rows
from healthsim.medicine.stay_treatments import FILE, stay_treatments

DIALYSIS = "5A1D70Z"


def _stay(*codes: str, **details: Any) -> Document:
    usual = {"encounter_class": "inpatient", "procedures": ["99223"], "los_days": 3}
    return visit("stay", 10, diagnoses=list(codes), **(usual | details))


def _done(stay: Document) -> set[str]:
    tables = run(diabetic(count=3, products=["patientsim"]), journey(stay))
    return {code for (code,) in listed(tables["procedures"], "code")}


@pytest.mark.slow
def test_a_stay_for_kidney_failure_has_dialysis() -> None:
    assert DIALYSIS in _done(_stay("N18.6"))
    assert DIALYSIS in _done(_stay("E87.70", "N18.6", "Z99.2"))
    assert DIALYSIS not in _done(_stay("N18.5"))


@pytest.mark.parametrize("instead", ["5A1D90Z", "3E1M39Z", "0TY00Z0"])
def test_what_stands_for_it_is_not_done_twice(instead: str) -> None:
    done = _done(_stay("N18.6", icd10pcs=[instead]))

    assert DIALYSIS not in done
    assert instead in done


def test_a_procedure_of_the_stay_itself_stands_for_it() -> None:
    inside: Document = {"do": "event", "id": "session", "type": "procedure",
                        "details": {"code": "90937"}}  # fmt: skip

    assert DIALYSIS not in _done(_stay("N18.6") | {"with": [inside]})


@pytest.mark.parametrize("kind", ["office", "emergency", "observation"])
def test_it_is_done_in_hospital_stays_alone(kind: str) -> None:
    procedures = ["99213"] if kind == "office" else None
    details = {"encounter_class": kind, "procedures": procedures, "los_days": None}

    assert DIALYSIS not in _done(_stay("N18.6", **details))


def test_a_diagnosis_that_only_some_have_asks_for_nothing() -> None:
    tables = run(
        diabetic(count=3, products=["patientsim"]),
        journey(_stay("E87.70") | {"details": {
            "encounter_class": "inpatient", "los_days": 3,
            "diagnoses": ["E87.70", {"code": "N18.6", "when": "age > 200"}],
        }}),
    )  # fmt: skip

    assert DIALYSIS not in {code for (code,) in listed(tables["procedures"], "code")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    profile = diabetic(count=3, products=["patientsim"], detail="core")
    with opened(tmp_path_factory.mktemp("treated"), profile, journey(_stay("N18.6"))) as scenario:
        yield scenario


@pytest.mark.slow
@pytest.mark.parametrize("change", OF_TREATMENTS)
def test_a_stay_without_it_is_told(made: Scenario, change: Tampering) -> None:
    assert made.told(made.of(*change.breaks)) == {}
    assert made.tried(change) >= set(change.breaks)


def test_every_treatment_is_in_the_books_and_has_a_source() -> None:
    for one in stay_treatments():
        assert one.operation in icd10pcs()
        assert all(code in icd10cm() for code in one.diagnoses)
    assert all(row["source"] and row["confidence"] for row in rows(FILE))
