"""Computed results that do not fit their inputs, or an illness, are told; nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pytest

from audit.body_tampering import OF_BODIES
from audit.scenes import Scenario, few_by_all, opened
from audit.tampering import Tampering
from healthsim.audit import bodies
from healthsim.audit.bodies import PLACES, Place, judged
from healthsim.audit.rules import AuditRule
from healthsim.medicine.analytes import analytes
from healthsim.medicine.derivation import derive, derived, plan
from healthsim.medicine.setpoints import Subjects, spread, to_value
from storing import spec

pytestmark = pytest.mark.slow  # its runs

_PANELS = ("cbc_diff", "cmp", "liver", "lipid")
_VITALS = ("8302-2", "29463-7", "39156-5", "8480-6", "8462-4", "8478-0", "8310-5", "8331-1")


def _visit() -> dict[str, Any]:
    """Return a journey with one visit at which much is measured."""
    labs = [{"do": "event", "id": name, "type": "lab", "details": {"panel": name}}
            for name in _PANELS]  # fmt: skip
    vitals = [{"do": "event", "id": f"v{place}", "type": "vital", "details": {"loinc": code}}
              for place, code in enumerate(_VITALS)]  # fmt: skip
    visit = {
        "do": "event", "id": "visit", "type": "encounter", "at": {"day": 5},
        "details": {"encounter_class": "office", "reason": "Check-up", "procedures": ["99214"],
                    "comorbidities": True},
        "with": labs + vitals,
    }  # fmt: skip
    return {
        "kind": "journey", "name": "check-up", "title": "Much is measured", "version": 1,
        "duration_days": 30, "begins": {"earliest": "2025-02-01", "latest": "2025-03-31"},
        "phases": [{"name": "only", "steps": [visit]}],
    }  # fmt: skip


def _kidneys() -> dict[str, Any]:
    """Return a profile of people with stage 4 kidney disease."""
    profile = spec("every-event-adults", count=30, products=["patientsim"], attributes={})
    profile["clinical"] = {"primary": {"code": "N18.4", "onset": {"years_before": 2}}}
    profile.pop("coverage", None)
    return profile


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with opened(tmp_path_factory.mktemp("bodies"), _kidneys(), _visit()) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def test_bodies_as_they_were_made_hold_every_rule(made: Scenario) -> None:
    assert {rule.name for rule in bodies.RULES} <= {rule.name for rule in made.rules}
    assert made.told(made.about("lab_results", "vital_signs")) == {}
    ((tests,),) = made.connection.execute(
        "SELECT count(DISTINCT loinc) FROM lab_results WHERE value IS NOT NULL"
    ).fetchall()
    assert tests > 30


@pytest.mark.parametrize(("change", "by_all"), few_by_all(OF_BODIES))
def test_a_changed_result_is_told_by_its_rule_and_no_other(
    made: Scenario, change: Tampering, by_all: bool
) -> None:
    assert made.tried(change, by_all=by_all) == set(change.breaks)


def _healthy(key: str, person: Subjects) -> dict[str, np.ndarray]:
    """Return a computed analyte and what it needs, of one healthy person."""
    needed = plan([key])
    drawn = {}
    for name in needed.drawn:
        analyte = analytes()[name]
        drawn[name] = to_value(analyte, spread(analyte, person).middle)
    return drawn | derive(needed.derived, drawn, person)


@pytest.fixture
def rows() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with tables of people and measurements, without rows."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE patients (person_id BIGINT, gender VARCHAR, birth_date DATE)"
        )
        for place in PLACES:
            connection.execute(
                f"CREATE TABLE {place.table} (person_id BIGINT, encounter_id BIGINT, "
                f"loinc VARCHAR, {place.at} TIMESTAMP, value DOUBLE)"
            )
        yield connection


def _measured(key: str, place: Place, off: float) -> list[tuple[str, float]]:
    """Return codes and values of a computed analyte and its inputs, of a woman of 50.

    Args:
        key: of the computed analyte.
        place: the table; inputs that it does not hold are left out.
        off: share by which the computed value is wrong.
    """
    person = Subjects(np.ones(1), np.full(1, 600, dtype=np.int64))
    values = {name: float(column[0]) for name, column in _healthy(key, person).items()}
    row = derived()[key]
    values[key] = round(values[key] * (1 + off) + np.sign(off) * 15 * 10.0**-row.decimals, 6)
    return [(bodies.code_of(n), v) for n, v in values.items() if bodies.held(n, place)]


@pytest.mark.parametrize("off", [0, 0.1, -0.1])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.table)
def test_every_formula_tells_a_value_that_is_off_and_no_other(
    rows: duckdb.DuckDBPyConnection, place: Place, off: float
) -> None:
    formulas = list(judged(place))
    rows.execute(
        f"INSERT INTO patients SELECT range, 'F', DATE '1975-01-15' FROM range({len(formulas)})"
    )
    measured = [(number, *one) for number, key in enumerate(formulas)
                for one in _measured(key, place, off)]  # fmt: skip
    rows.execute(
        f"INSERT INTO {place.table} "
        "SELECT unnest(?), 1, unnest(?), TIMESTAMP '2025-02-01 09:00', unnest(?)",
        [list(column) for column in zip(*measured, strict=True)],
    )
    name = f"computed {place.table.replace('_', ' ')} follow from their inputs"
    rule = next(rule for rule in bodies.RULES if rule.name == name)
    assert isinstance(rule, AuditRule)

    told = {int(text.split()[3]) for (text,) in rows.execute(rule.sql).fetchall()}

    assert [formulas[number] for number in sorted(told)] == (formulas if off else [])


def test_a_result_without_its_inputs_is_not_judged(rows: duckdb.DuckDBPyConnection) -> None:
    place, formulas = PLACES[0], judged(PLACES[0])
    for number, key in enumerate(formulas):
        rows.execute("INSERT INTO patients VALUES (?, 'F', DATE '1975-01-15')", [number])
        rows.execute(
            f"INSERT INTO {place.table} VALUES (?, 1, ?, TIMESTAMP '2025-02-01', 7)",
            [number, bodies.code_of(key)],
        )
    rule = bodies.RULES[0]
    assert isinstance(rule, AuditRule)

    assert rows.execute(rule.sql).fetchall() == []


@pytest.mark.parametrize(("globulin", "told"), [(0.5, 0), (0.6, 1)])
def test_nothing_follows_from_a_computed_result_at_the_end_of_what_is_possible(
    rows: duckdb.DuckDBPyConnection, globulin: float, told: int
) -> None:
    assert derived()["globulin"].low == 0.5
    rows.execute("INSERT INTO patients VALUES (1, 'F', DATE '1975-01-15')")
    rows.executemany(
        "INSERT INTO lab_results VALUES (1, 1, ?, TIMESTAMP '2025-02-01 09:00', ?)",
        [("1751-7", 1.5), ("10834-0", globulin), ("1759-0", 1.5)],  # 3.0 or 2.5 would follow
    )
    rule = bodies.RULES[0]
    assert isinstance(rule, AuditRule)

    assert len(rows.execute(rule.sql).fetchall()) == told
