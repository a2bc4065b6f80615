"""Diagnoses without the test that shows them are told, and those that are known too early."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.confirmed_tampering import OF_DEATHS, OF_TESTS
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.running import Document, diabetic, event, journey, visit
from healthsim.audit import beds, confirmed, treatments

pytestmark = pytest.mark.slow  # its runs

OWN = {rule.name for rule in (*confirmed.RULES, *beds.RULES, *treatments.RULES)}


def _stay(id: str, at: Document | int, *codes: str) -> Document:
    return visit(id, at, encounter_class="inpatient", los_days=3, diagnoses=list(codes))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    emergency = visit("emergency", 20, encounter_class="emergency", diagnoses=["R50.9"],
                      comorbidities=True, disposition={"09": 1})  # fmt: skip
    walked = journey(
        emergency,
        _stay("lungs", {"after": "emergency", "day": 0}, "J18.9")
        | {"with": [event("kidney", "diagnosis", code="N17.9"),
                    event("blood", "lab", panel="bmp")]},
        _stay("urine", 60, "N39.0"),
        _stay("blood_stream", 100, "A41.9"),
        visit("heart", 140) | {"with": [event("echo", "procedure", code="93306")]},
        visit("deferred", 170, specialty="oncology", diagnoses=["D70.1"])
        | {"with": [event("neutrophils", "lab", loinc="751-8", result=1.1)]},
    )  # fmt: skip
    with opened(tmp_path_factory.mktemp("shown"), diabetic(count=4), walked, only=OWN) as scenario:
        yield scenario


def test_what_the_engine_tests_breaks_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize("change", OF_TESTS, ids=str)
def test_a_missing_test_and_an_early_diagnosis_are_told(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    profile = diabetic(count=60, mortality={"ratio": 9}, through="2026-12-31",
                       products=["patientsim"])  # fmt: skip
    with opened(tmp_path_factory.mktemp("dead"), profile, only=OWN) as scenario:
        yield scenario


def test_those_who_die_of_a_chronic_disease_have_it(old: Scenario) -> None:
    assert old.unchanged == {}


@pytest.mark.parametrize("change", OF_DEATHS, ids=str)
def test_a_death_of_a_disease_that_nobody_charted_is_told(old: Scenario, change: Tampering) -> None:
    assert old.tried(change) == set(change.breaks)
