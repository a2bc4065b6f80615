"""People who are sent home ill, left short of oxygen, or show what is over, are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.illness_sign_tampering import OF_SIGNS
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.running import diabetic, journey, visit
from healthsim.audit import illness_signs

pytestmark = pytest.mark.slow  # its runs

OWN = {rule.name for rule in illness_signs.RULES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    came = visit("came", 10, encounter_class="emergency", diagnoses=["R50.9"],
                 disposition={"09": 1})  # fmt: skip
    stay = visit("stay", 10, encounter_class="inpatient", los_days=4,
                 diagnoses=["J18.9", "I50.33", "N39.0"])  # fmt: skip
    nurse = visit("nurse", 16, encounter_class="home_health", diagnoses=["I10"])
    after = visit("after", 25, diagnoses=["Z09", "J18.9"])
    walked = journey(came, stay, nurse, after)
    with opened(tmp_path_factory.mktemp("signs"), diabetic(count=40), walked, only=OWN) as scenario:
        yield scenario


def test_what_the_engine_makes_breaks_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}
    low = "loinc = '59408-5' AND value < 90"
    ((rows,),) = made.connection.execute(f"SELECT count(*) FROM vital_signs WHERE {low}").fetchall()
    assert rows > 5


@pytest.mark.parametrize("change", OF_SIGNS, ids=str)
def test_a_change_of_signs_is_told_by_its_rule(made: Scenario, change: Tampering) -> None:
    assert made.all_after(change.sql, sorted(OWN)) == set(change.breaks)
