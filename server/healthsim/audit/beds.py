# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of bodies: nobody is in two places, births end pregnancies, deaths have a cause."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.codes.pregnancy import SUPERVISION
from healthsim.medicine.charted_causes import charted_causes
from healthsim.medicine.occupancy import STAYS, displacements
from healthsim.medicine.spread import primary_sql

_POSTPONES = "(SELECT one_bed FROM temp.data_days)"
_STAYS = (
    "(SELECT e.* FROM encounters AS e LEFT JOIN events AS v USING (event_id) WHERE "
    f"e.encounter_class IN {STAYS} AND e.los_days > 0 AND coalesce(v.type, '') <> 'trial_visit' "
    f"AND {_POSTPONES})"
)
_MOVED = ", ".join(
    f"('{stay}', '{what}')"
    for (stay, what), rule in displacements().items()
    if rule.rule != "keep" and what not in STAYS
)
_ANTENATAL = " OR ".join(f"d.code LIKE '{code}%'" for code in SUPERVISION)
_INSTANTS = (("encounters", "start_at"), ("encounters", "end_at"), ("lab_results", "collected_at"),
             ("lab_results", "resulted_at"), ("vital_signs", "measured_at"))  # fmt: skip
"""Columns that hold a local time; (table, column)."""


def lay_out_nested(connection: duckdb.DuckDBPyConnection, journeys: Sequence[str]) -> None:
    """Make the temporary table of the visits that a journey itself puts into a stay.

    Args:
        connection: with the scenario's file.
        journeys: the journeys as JSON.
    """
    nested = {step for text in journeys for step in _nested(json.loads(text), within=False)}
    connection.execute("CREATE TEMP TABLE nested_visits (step VARCHAR)")
    for step in sorted(nested):
        connection.execute("INSERT INTO nested_visits VALUES (?)", [step])


def _nested(value: Any, *, within: bool) -> Iterator[str]:
    """Yield the ids of the steps that stand in the `with` of a stay."""
    if isinstance(value, list):
        for item in value:
            yield from _nested(item, within=within)
    elif isinstance(value, dict):
        if within and "id" in value:
            yield str(value["id"])
        details = value.get("details")
        stay = isinstance(details, dict) and details.get("encounter_class") in STAYS
        for key, item in value.items():
            yield from _nested(item, within=within or (stay and key == "with"))


def lay_out_repeated(connection: duckdb.DuckDBPyConnection, journeys: Sequence[str]) -> None:
    """Make the temporary table ``repeated_visits (journey, step)``: the visits of repeats.

    Args:
        connection: with the scenario's file.
        journeys: the journeys as JSON.
    """
    connection.execute("CREATE TEMP TABLE repeated_visits (journey VARCHAR, step VARCHAR)")
    for document in map(json.loads, journeys):
        for step in sorted(set(_repeated(document, within=False))):
            connection.execute(
                "INSERT INTO repeated_visits VALUES (?, ?)", [document["name"], step]
            )


def _repeated(value: Any, *, within: bool) -> Iterator[str]:
    """Yield the ids of the visits in the steps of repeats; not of those within another visit."""
    if isinstance(value, list):
        for item in value:
            yield from _repeated(item, within=within)
    elif isinstance(value, dict):
        if within and value.get("type") == "encounter":
            yield str(value["id"])
            return
        inside = within or value.get("do") == "repeat"
        for key, item in value.items():
            yield from _repeated(item, within=inside and key != "with")


def _exists(table: str, column: str) -> RowRule:
    """In spring, the clocks of most states go from 2 to 3 o'clock on a Sunday in March."""
    return RowRule(
        f"a local time exists {table}.{column}", f"{table}.{column}", table,
        f"hour({column}) = 2 AND month({column}) = 3 AND dayofweek({column}) = 0 "
        f"AND day({column}) BETWEEN 8 AND 14 AND year({column}) >= 2007",
    )  # fmt: skip


_CHRONIC = ", ".join(f"'{cause}'" for cause in charted_causes())
_HELD = ", ".join(f"('{cause}', '{held}')" for cause, one in charted_causes().items()
                  for held in one.held)  # fmt: skip
"""Chronic causes of death, and the beginnings of codes of those who have the disease."""

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "nobody is in two beds", "encounters.start_at", ("encounters", "events"),
        f"SELECT concat('encounter_id ', b.encounter_id) FROM {_STAYS} AS a JOIN {_STAYS} AS b "
        "USING (person_id) WHERE (a.start_at, a.encounter_id) < (b.start_at, b.encounter_id) "
        "AND b.start_at < a.end_at",
    ),
    AuditRule(
        "no visit falls into a stay", "encounters.start_at", ("encounters", "events"),
        f"SELECT DISTINCT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        f"JOIN {_STAYS} AS s USING (person_id) LEFT JOIN events AS v ON v.event_id = e.event_id "
        f"WHERE (s.encounter_class, e.encounter_class) IN ({_MOVED}) "
        "AND s.start_at < e.start_at AND e.start_at < s.end_at "
        "AND coalesce(v.type, '') <> 'trial_visit' "
        "AND coalesce(v.step, '') NOT IN (SELECT step FROM temp.nested_visits)",
    ),
    AuditRule(
        "no two visits of a series are on a day", "events.event_date", ("events",),
        "SELECT concat('event_id ', max(event_id)) FROM events AS v "
        "SEMI JOIN temp.repeated_visits AS r ON r.journey = v.journey AND r.step = v.step "
        "WHERE v.type = 'encounter' GROUP BY v.person_id, v.journey, v.step, v.event_date "
        "HAVING count(DISTINCT v.occurrence) > 1",
    ),
    AuditRule(
        "no fill falls into a stay", "fills.fill_date", ("fills", "encounters", "events"),
        f"SELECT DISTINCT concat('fill_id ', f.fill_id) FROM fills AS f JOIN {_STAYS} AS s "
        "USING (person_id) WHERE s.start_at::DATE < f.fill_date AND f.fill_date < s.end_at::DATE",
    ),
    AuditRule(
        "a birth ends the visits of its pregnancy", "encounters.start_at",
        ("encounters", "encounter_diagnoses", "patients"),
        "SELECT DISTINCT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        "JOIN encounter_diagnoses AS d USING (encounter_id) "
        "JOIN patients AS c ON c.mother_person_id = e.person_id "
        f"WHERE d.sequence = 1 AND {_POSTPONES} AND ({_ANTENATAL}) "
        "AND e.start_at::DATE > c.birth_date AND e.start_at::DATE < c.birth_date + 42",
    ),
    RowRule(
        "the dead have a cause and a place", "patients.death_cause", "patients",
        "(death_date IS NULL) <> (death_cause IS NULL) "
        "OR (death_date IS NULL) <> (death_place IS NULL)",
        columns=("patients.death_cause", "patients.death_place"),
    ),
    AuditRule(
        "who dies of a chronic disease has it", "patients.death_cause",
        ("patients", "conditions", "events"),
        "SELECT concat('person_id ', p.person_id, ' cause ', p.death_cause) FROM patients AS p "
        f"WHERE p.death_cause IN ({_CHRONIC}) AND NOT EXISTS (SELECT 1 FROM conditions AS c "
        f"JOIN (VALUES {_HELD}) AS h (cause, held) ON starts_with(c.code, h.held) "
        "WHERE h.cause = p.death_cause AND c.person_id = p.person_id) "
        "AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.person_id = p.person_id "
        "AND e.type = 'death')",
        columns=("patients.death_cause",),
    ),
    AuditRule(
        "who dies of a cancer dies of their own", "patients.death_cause",
        ("patients", "conditions"),
        "SELECT concat('person_id ', p.person_id, ' cause ', p.death_cause) FROM patients AS p "
        f"JOIN conditions AS c USING (person_id) WHERE {primary_sql('p.death_cause')} "
        f"AND {primary_sql('c.code')} AND NOT starts_with(c.code, 'C44') "
        "AND c.abatement_date IS NULL GROUP BY p.person_id, p.death_cause "
        "HAVING NOT bool_or(left(c.code, 3) = left(p.death_cause, 3))",
        columns=("patients.death_cause",),
    ),
    AuditRule(
        "who is born in a stay is admitted as a newborn", "encounters.admit_type",
        ("encounters", "patients"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e JOIN patients AS p "
        "USING (person_id) WHERE (coalesce(e.admit_type, '') = '4') <> "
        "(e.encounter_class = 'inpatient' AND p.mother_person_id IS NOT NULL "
        "AND e.start_at::DATE = p.birth_date)",
    ),
    *(_exists(*one) for one in _INSTANTS),
)  # fmt: skip
"""Rules of beds, births, deaths and clocks; `temp.data_days` says whether stays displace."""
