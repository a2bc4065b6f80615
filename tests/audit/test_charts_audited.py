"""What charts hold of people and does not agree with the rest is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.chart_tampering import OF_CHARTS, OF_RELATIVES, OF_SCREENINGS
from audit.scenes import Scenario, few_by_all, opened
from audit.tampering import Tampering, _one
from execution.births import women
from execution.running import journey, visit
from healthsim.audit import chart_people

pytestmark = pytest.mark.slow  # its run

_CLINICAL: dict[str, Any] = {
    "pregnant": {"weeks": 12},
    "one_of": [{"code": "F17.210", "share": 0.5}, {"code": "Z87.891", "share": 0.5}],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    profile = women(count=12, products=["patientsim"], clinical=_CLINICAL)
    visits = (visit("care", 20, diagnoses=["O09.92"]), visit("later", 90, diagnoses=["O09.92"]))
    with opened(tmp_path_factory.mktemp("charts"), profile, journey(*visits)) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    """A scenario in which every change is undone."""
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def test_what_is_made_holds_every_rule(made: Scenario) -> None:
    assert made.told(made.about("conditions", "observations", "care_plans", "goals")) == {}


@pytest.mark.parametrize(("change", "by_all"), few_by_all(OF_CHARTS))
def test_a_changed_row_is_told_by_its_rule_and_no_other(
    made: Scenario, change: Tampering, by_all: bool
) -> None:
    assert made.tried(change, by_all=by_all) == set(change.breaks)


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        # before the code begins, and after it ends
        ("who smokes by a code has not given it up",
         "UPDATE observations SET value_text = 'Ex-smoker', effective_date = DATE '1990-01-01' "
         "WHERE kind = 'smoking_status'"),
        ("who smokes by a code has not given it up",
         "UPDATE conditions SET abatement_date = DATE '2024-01-01' WHERE code = 'F17.210'; "
         "UPDATE observations SET value_text = 'Ex-smoker', effective_date = DATE '2024-01-02' "
         "WHERE kind = 'smoking_status'"),
        ("who is pregnant by a code is told so",
         "UPDATE observations SET value_text = 'Not pregnant', effective_date = DATE '2024-01-01' "
         "WHERE kind = 'pregnancy_status'"),
        ("no fact at an age or of a sex that it is not about",
         "UPDATE observations SET effective_date = (SELECT birth_date + INTERVAL 18 YEAR FROM "
         "patients AS p WHERE p.person_id = observations.person_id) WHERE kind = 'alcohol_use'"),
    ],
)  # fmt: skip
def test_what_lies_outside_of_a_rule_is_not_told(scenario: Scenario, name: str, sql: str) -> None:
    scenario.connection.execute(sql)
    assert scenario.broken(name) == 0


@pytest.mark.parametrize(
    "change",
    [
        "effective_date = (SELECT birth_date + INTERVAL 18 YEAR - INTERVAL 1 DAY FROM patients "
        "AS p WHERE p.person_id = observations.person_id)",
        "kind = 'pregnancy_intent', effective_date = DATE '2090-01-01'",
    ],
)
def test_a_fact_at_another_age_is_told(scenario: Scenario, change: str) -> None:
    scenario.connection.execute(_one("observations", change, "kind = 'alcohol_use'"))
    assert scenario.broken("no fact at an age or of a sex that it is not about") == 1


def test_a_man_who_is_asked_whether_he_is_pregnant_is_told(scenario: Scenario) -> None:
    scenario.connection.execute("UPDATE patients SET gender = 'M'")
    assert scenario.broken("no fact at an age or of a sex that it is not about") > 0


def test_every_rule_of_charts_is_changed() -> None:
    changes = (*OF_CHARTS, *OF_RELATIVES, *OF_SCREENINGS)
    changed = {name for change in changes for name in change.breaks}
    assert {rule.name for rule in chart_people.RULES} <= changed
