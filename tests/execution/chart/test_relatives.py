"""Relatives: those of the household are those persons; the others fit, and histories agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from audit.chart_tampering import OF_RELATIVES
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.families import family
from execution.running import charted, journey, listed, patients, visit

pytestmark = pytest.mark.slow  # its runs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    step = visit("v", 20, diagnoses=["Z00.00"])
    with opened(tmp_path_factory.mktemp("kin"), family(count=120), journey(step)) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    """A scenario in which every change is undone."""
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    found = connection.execute(sql).fetchone()
    assert found is not None
    return found[0]


def test_spouses_and_parents_of_a_household_are_those_persons(made: Scenario) -> None:
    db = made.connection
    couples = "(SELECT count(*) FROM patients WHERE person_id % 100 = 2)"
    children = "(SELECT count(*) FROM patients WHERE person_id % 100 BETWEEN 3 AND 49)"
    inside = "FROM related_persons WHERE related_to_person_id IS NOT NULL AND relationship IN "

    assert made.told(made.about("related_persons", "family_history")) == {}
    assert _one(db, f"SELECT count(*) {inside} ('HUSB', 'WIFE')") == 2 * _one(db, couples)
    assert _one(db, f"SELECT count(DISTINCT person_id) {inside} ('MTH', 'FTH')") == _one(
        db, children
    )
    assert _one(db, children) > 20


def test_parents_of_the_household_had_what_their_charts_say(made: Scenario) -> None:
    told = """SELECT count(*), count(*) FILTER (starts_with(c.code, 'I1')) FROM family_history AS f
        JOIN related_persons AS r ON r.person_id = f.person_id AND r.relationship = f.relationship
        LEFT JOIN conditions AS c ON c.person_id = r.related_to_person_id AND c.code = 'I10'
        WHERE f.code = 'I10' AND r.related_to_person_id IS NOT NULL"""
    found = made.connection.execute(told).fetchone()
    assert found is not None
    assert found[0] == found[1]


@pytest.mark.parametrize("change", OF_RELATIVES, ids=lambda change: change.breaks[0])
def test_a_changed_row_is_told_by_its_rule_and_no_other(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)


def test_who_has_a_relative_with_it_by_a_code_has_one_in_the_history() -> None:
    clinical = {
        "primary": {"code": "E11.9", "onset": {"years_before": 3}},
        "comorbidities": [{"code": "Z80.3", "share": 1}],
    }
    profile = patients(count=40, attributes={}, clinical=clinical)
    tables = charted(profile, journey(visit("v", 20)))
    mothers = {person for person, role, code in
               listed(tables["family_history"], "person_id", "relationship", "code")
               if (role, code) == ("MTH", "C50.919")}  # fmt: skip
    assert len(mothers) == 40


def test_minors_alone_have_a_parent_and_adults_somebody_to_call() -> None:
    clinical = {"primary": {"code": "J45.20", "onset": {"years_before": 1}}}
    profile = patients(count=80, attributes={}, clinical=clinical)
    profile["demographics"] = {**profile["demographics"], "age": {"6": 0.5, "70": 0.5}} | {
        "age": {"type": "uniform", "low": 5, "high": 90}
    }
    tables = charted(profile, journey(visit("v", 20)))
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    rows = listed(tables["related_persons"], "person_id", "relationship", "guardian", "birth_date")
    guardians = {person for person, _, guardian, _ in rows if guardian}

    assert guardians == {person for person, day in born.items() if day > 20_089 - 6_574}
    assert {role for _, role, guardian, _ in rows if guardian} <= {"MTH", "FTH"}
    assert len({person for person, *_ in rows}) > 60
    assert {"HUSB", "WIFE", "SONC", "DAUC", "FRND"} <= {role for _, role, *_ in rows}
