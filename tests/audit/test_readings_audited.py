"""Gestational hypertension before readings show it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.reading_tampering import OF_READINGS
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.births import women
from execution.running import event, journey
from healthsim.audit import stages

OWN = {rule.name for rule in stages.RULES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    walked = journey(
        event("pressure", "diagnosis", 140, code="O13.3"),
        *(event(f"pressure_{day}", "vital", day, loinc="8480-6", result=result)
          for day, result in ((142, 150), (150, 130), (160, 144))),
    )  # fmt: skip
    people = women(count=2, products=["patientsim"], vital_signs="none")
    with opened(tmp_path_factory.mktemp("readings"), people, walked, only=OWN) as scenario:
        yield scenario


@pytest.mark.slow
def test_what_the_engine_records_breaks_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize("change", OF_READINGS, ids=str)
def test_a_diagnosis_that_no_readings_show_is_told(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)
