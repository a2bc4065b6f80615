"""Rules are asked of a file only where it has the columns that they read."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from healthsim.audit import integrity
from healthsim.persistence.database import ddl
from healthsim.persistence.scenario import Manifest
from healthsim.products.catalogue import TABLES
from healthsim.tables import Table

ALL = ("",)
"""Of a table that such files do not have."""

LATER = {
    "accumulator_events": ALL,
    "adverse_events": ("serious_reason", "stay_encounter_id"),
    "claim_codes": ALL,
    "claim_lines": ("unit_basis",),
    "claims": (
        "admit_hour", "admit_source", "admit_type", "covered_days", "decided_date",
        "discharge_hour",
    ),
    "encounters": ("drg_derived", "drg_source"),
    "fills": (
        "channel", "reimbursement_basis", "reversed_cost_usd", "reversed_member_usd",
        "reversed_plan_paid_usd", "usual_and_customary_usd",
    ),
    "immunizations": ("expiration_date", "lot", "manufacturer", "route", "site", "valid"),
    "members": (
        "subscriber_birth_date", "subscriber_family_name", "subscriber_gender",
        "subscriber_given_name", "subscriber_number",
    ),
    "patients": ("death_cause", "death_place"),
    "pharmacies": ("specialty",),
    "plan_years": ALL,
    "plans": ("drug_limits", "family_limits", "hdhp", "low_income_subsidy"),
    "prescription_drug_events": ALL,
    "prescriptions": (
        "as_needed", "dose", "dose_unit", "frequency", "indication", "route", "sig",
    ),
    "procedures": ("dose_mg",),
    "subjects": ("asked_date",),
}  # fmt: skip
"""Tables and columns that files of before bodies, beds, bills and benefits do not have."""


def _older(table: Table) -> Table:
    later = LATER.get(table.name, ())
    return replace(table, columns=tuple(one for one in table.columns if one.name not in later))


def _tables() -> list[Table]:
    return [_older(table) for table in TABLES if LATER.get(table.name) != ALL]


@pytest.mark.slow
def test_every_rule_that_is_asked_of_an_older_file_reads_only_what_is_in_it() -> None:
    older = _tables()
    asked = integrity.rules_for(older)
    manifest = Manifest(
        profile="{}", journeys=(), seed=1, count=0, engine_version="", engine_key="", rows={},
        digests={}, digest="",
    )  # fmt: skip

    with duckdb.connect() as connection:
        for table in older:
            connection.execute(ddl(table, "main"))
        integrity.lay_out(connection, manifest)
        connection.execute("PRAGMA disable_optimizer")  # there is no row to read
        found = integrity.run_rules(connection, asked, older)

    assert {one.check: one.rows for one in found} == {rule.name: 0 for rule in asked}


def test_only_rules_that_name_a_later_column_are_left_out_of_an_older_file() -> None:
    later = {f"{table}.{column}" for table, columns in LATER.items() for column in columns}
    asked = {rule.name for rule in integrity.rules_for(_tables())}

    left = [rule for rule in integrity.NAMED if rule.name not in asked]
    assert [rule.name for rule in left if not later.issuperset(rule.columns)] == []
    assert {rule.name for rule in left} >= {"the dead have a cause and a place",
                                            "a subscriber has one number and name"}  # fmt: skip
