"""Every arm of every rule of the audit tells by itself, and none tells at its limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from audit.arms import Arm
from audit.arms_appointments import OF_APPOINTMENTS
from audit.arms_beds import OF_BEDS, OF_NEWBORNS
from audit.arms_days import OF_DAYS
from audit.arms_derived import of_dictionary
from audit.arms_doses import OF_DOSES
from audit.arms_families import OF_FAMILIES
from audit.arms_identity import OF_IDENTITY
from audit.arms_links import OF_LINKS
from audit.arms_medicines import OF_MEDICINES
from audit.arms_money import OF_MONEY
from audit.arms_orders import OF_ORDERS
from audit.arms_pharmacy import OF_PHARMACY
from audit.arms_stays import OF_WATCHED_STAYS
from audit.arms_toxicity import OF_TOXICITY
from audit.arms_trials import OF_TRIALS
from audit.arms_tumors import OF_TUMORS
from audit.arms_vaccines import OF_VACCINES
from audit.arms_wards import OF_DEVICES, OF_GOALS, OF_PLACES, OF_VACCINES_NOT_GIVEN
from audit.scenes import Scenario, opened
from execution.births import WOMEN, pregnancy
from execution.families import family
from healthsim.audit import days, identity, integrity
from healthsim.products.catalogue import TABLES
from storing import spec

OF_CARE = (
    *OF_BEDS, *OF_MONEY, *OF_LINKS, *OF_DAYS, *OF_IDENTITY, *OF_MEDICINES, *OF_PHARMACY,
    *OF_VACCINES, *OF_DEVICES, *OF_GOALS, *OF_VACCINES_NOT_GIVEN, *OF_ORDERS, *OF_APPOINTMENTS,
    *OF_PLACES, *OF_DOSES, *OF_WATCHED_STAYS,
)  # fmt: skip


@pytest.fixture(scope="module")
def care(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    folder = tmp_path_factory.mktemp("care")
    with opened(folder, spec("every-event-adults"), spec("every-event")) as scenario:
        yield scenario


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    journey = pregnancy(eligible=f"{WOMEN} and role != 'child'")
    with opened(
        tmp_path_factory.mktemp("families"), family(count=100, detail="core"), journey
    ) as scenario:
        yield scenario


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    folder = tmp_path_factory.mktemp("trial")
    with opened(
        folder, spec("trial-candidates", count=400, detail="core"), spec("trial")
    ) as scenario:
        yield scenario


def _of(arms: tuple[Arm, ...]) -> list[str]:
    return list(dict.fromkeys(arm.rule for arm in arms))


ALIKE = (
    "nothing after death ", "nothing before birth ", "within the data ",
    "a number never issued ", "a payer number of nobody ", "a tax number of nobody ",
)  # fmt: skip
"""Rules that are one sentence about several columns, and have the same arms of each.

Two columns are asked daily; of all, `test_integrity.py` changes every column beyond its limit.
"""


def _daily(rules: list[str]) -> list[Any]:
    """Return cases of rules; all but the first two of those that are alike are proofs."""
    seen: Counter[str] = Counter()
    cases: list[Any] = []
    for rule in rules:
        family = next((start for start in ALIKE if rule.startswith(start)), "")
        seen[family] += 1
        is_proof = family and seen[family] > _COLUMNS_ASKED
        cases.append(pytest.param(rule, marks=pytest.mark.proof) if is_proof else rule)
    return cases


_COLUMNS_ASKED = 2
_TABLES_ASKED = ("claim_lines", "encounter_diagnoses", "lab_results", "prescriptions")
"""Tables of which the dictionary's rules are asked arm by arm daily: of each kind of rule one."""


def _wrong(scenario: Scenario, arms: tuple[Arm, ...], rule: str) -> list[tuple[Arm, int]]:
    """Return the arms of a rule that do not tell as many rows as they should.

    These are all rows that break the rule, so that it also holds before.
    """
    mine = [arm for arm in arms if arm.rule == rule]
    told = [(arm, scenario.after(arm.sql, rule)) for arm in mine]
    return [(arm, rows) for arm, rows in told if rows != arm.rows]


@pytest.mark.slow
@pytest.mark.parametrize("rule", _daily(_of(OF_CARE)))
def test_each_arm_of_a_rule_tells_by_itself(care: Scenario, rule: str) -> None:
    assert _wrong(care, OF_CARE, rule) == []


@pytest.mark.slow
@pytest.mark.parametrize("rule", _of((*OF_FAMILIES, *OF_NEWBORNS)))
def test_each_arm_of_a_rule_of_households_tells_by_itself(families: Scenario, rule: str) -> None:
    assert _wrong(families, (*OF_FAMILIES, *OF_NEWBORNS), rule) == []


@pytest.mark.slow
@pytest.mark.parametrize("rule", _of((*OF_TRIALS, *OF_TOXICITY, *OF_TUMORS)))
def test_each_arm_of_a_rule_of_trials_tells_by_itself(trial: Scenario, rule: str) -> None:
    assert _wrong(trial, (*OF_TRIALS, *OF_TOXICITY, *OF_TUMORS), rule) == []


DICTIONARY = (
    "key ", "money not negative ", "decimals ", "numbered ", "id holds person ", "one person ",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("family", DICTIONARY)
def test_each_arm_of_what_the_data_dictionary_states_tells_by_itself(
    care: Scenario, family: str
) -> None:
    """Of four tables; `test_integrity.py` breaks these rules in every one."""
    arms = of_dictionary(care.tables, [rule.name for rule in care.of(family)])
    asked = [rule for rule in _of(arms) if _table_of(rule) in _TABLES_ASKED]

    assert set(_of(arms)) == {rule.name for rule in care.of(family)}
    assert asked
    assert [one for rule in asked for one in _wrong(care, arms, rule)] == []


@pytest.mark.proof
@pytest.mark.parametrize("family", DICTIONARY)
def test_each_arm_of_the_data_dictionary_tells_in_every_table(care: Scenario, family: str) -> None:
    arms = of_dictionary(care.tables, [rule.name for rule in care.of(family)])

    assert [one for rule in _of(arms) for one in _wrong(care, arms, rule)] == []


def _table_of(rule: str) -> str:
    """Return the table of a rule whose name ends with it, or with one of its columns."""
    return rule.rsplit(" ", 1)[-1].split(".")[0]


def test_no_arm_is_of_a_rule_that_is_not() -> None:
    named = {rule.name for rule in integrity.NAMED}

    assert {
        arm.rule
        for arm in (*OF_CARE, *OF_FAMILIES, *OF_NEWBORNS, *OF_TRIALS, *OF_TOXICITY, *OF_TUMORS)
    } - named == set()


def test_every_column_of_days_is_asked_to_lie_in_a_life_or_is_known_not_to() -> None:
    asked = {(table, column) for table, _, column in days.SERVED}
    dated = {
        (table.name, column.name)
        for table in TABLES
        for column in table.columns
        if column.type in ("DATE", "TIMESTAMP")
    }

    assert asked <= dated
    assert dated - asked == {
        ("patients", "birth_date"), ("patients", "death_date"), ("members", "birth_date"),
        ("members", "subscriber_birth_date"),
        ("conditions", "recorded_date"), ("conditions", "abatement_date"),
        ("lab_results", "resulted_at"), ("prescriptions", "end_date"), ("care_plans", "end_date"),
        ("claims", "received_date"), ("claims", "decided_date"), ("claims", "paid_date"),
        ("accumulator_events", "decided_date"), ("prescription_drug_events", "fill_date"),
        ("claims", "admit_date"),
        ("enrollments", "added_date"), ("enrollments", "ended_date"),
        ("immunizations", "expiration_date"), ("fills", "written_date"),
        ("devices", "manufacture_date"), ("devices", "expiration_date"),
        ("care_team_members", "start_date"), ("care_team_members", "end_date"),
        ("related_persons", "birth_date"),
        ("appointments", "booked_at"), ("appointments", "start_at"), ("appointments", "end_at"),
        ("specimens", "received_at"), ("diagnostic_reports", "issued_at"),
        ("devices", "implanted_date"), ("devices", "removed_date"), ("goals", "due_date"),
        ("fills", "reversed_date"), ("subjects", "asked_date"),
        ("subjects", "consent_date"),
        ("subjects", "screen_date"), ("subjects", "randomized_date"), ("subjects", "end_date"),
        ("trial_visits", "planned_date"), ("trial_visits", "window_low_date"),
        ("trial_visits", "window_high_date"),
    }  # fmt: skip


def test_every_column_of_provider_numbers_is_asked_to_hold_none_that_was_issued() -> None:
    named = {
        (table.name, column.name)
        for table in TABLES
        for column in table.columns
        if column.name.endswith("npi")
    }

    assert named - set(identity.NPI_COLUMNS) == {("plan_networks", "organisation_npi")}
    assert set(identity.NPI_COLUMNS) <= named
