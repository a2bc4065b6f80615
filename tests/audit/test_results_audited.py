"""Results of the first days of life that are judged or taken as those of older people are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.result_tampering import OF_RESULTS
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.births import delivery, pregnancy, women
from execution.running import event
from healthsim.audit import results

pytestmark = pytest.mark.slow  # its run

OWN = {rule.name for rule in results.RULES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    nursery = event("nursery", "encounter", 0, encounter_class="inpatient", los_days=2,
                    diagnoses=["Z38.00"]) | {
        "with": [event("bilirubin", "lab", 1, loinc="1975-2", result=7)]}  # fmt: skip
    walked = pregnancy(delivery(newborn=[nursery]))
    profile = women(count=30, products=["patientsim"])
    with opened(tmp_path_factory.mktemp("newborn"), profile, walked, only=OWN) as scenario:
        yield scenario


def test_results_of_newborns_break_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize("change", OF_RESULTS, ids=str)
def test_a_changed_result_of_a_newborn_is_told(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)
