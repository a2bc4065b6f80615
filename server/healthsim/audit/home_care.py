# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of care after stays, at home and in nursing facilities: who is discharged to it has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.home_health import LATEST_START, ORDERS_CARE
from healthsim.medicine.nursing_facility import ORDERS_STAY
from healthsim.medicine.occupancy import STAYS

_AT_HOME = "home_health"
_ORDERED = ", ".join(f"'{status}'" for status in ORDERS_CARE)
_FACILITY = "snf"
_TO_FACILITY = ", ".join(f"'{status}'" for status in ORDERS_STAY)
_NEXT_DAY = "e.end_at::DATE + 1"
_SOON = f"e.end_at::DATE + {LATEST_START}"
_END = "least((SELECT through FROM temp.data_days), (SELECT max(event_date) FROM events))"


def lay_out_stated(connection: duckdb.DuckDBPyConnection, journeys: Sequence[str]) -> None:
    """Make the temporary table ``own_care (journey, step, kind)``: after whom a journey states it.

    `kind` is the class of the encounters that it states: visits at home, or a nursing facility.

    Args:
        connection: with the scenario's file.
        journeys: the journeys as JSON.
    """
    connection.execute("CREATE TEMP TABLE own_care (journey VARCHAR, step VARCHAR, kind VARCHAR)")
    for document in map(json.loads, journeys):
        for step, kind in sorted(set(_cared(document))):
            connection.execute(
                "INSERT INTO own_care VALUES (?, ?, ?)", [document["name"], step, kind]
            )


def _cared(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (id, class) of encounters after which, in the same list of steps, such care is."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _cared(item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _cared(item)
            if isinstance(item, dict):
                later = value[place + 1 :]
                found = {_AT_HOME: any(map(_visits_home, later)), _FACILITY: _has_facility(later)}
                yield from (
                    (str(item.get("id", "")), kind) for kind, is_so in found.items() if is_so
                )


def _visits_home(step: Any) -> bool:
    if not isinstance(step, dict):
        return False
    if step.get("do") == "repeat":
        return any(map(_visits_home, step.get("steps", ())))
    return (step.get("details") or {}).get("encounter_class") == _AT_HOME


def _has_facility(value: Any) -> bool:
    """Tell whether a stay in a nursing facility is anywhere inside."""
    if isinstance(value, list):
        return any(map(_has_facility, value))
    if not isinstance(value, dict):
        return False
    return value.get("encounter_class") == _FACILITY or any(map(_has_facility, value.values()))


RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "care at home follows a discharge to it", "encounters.disposition",
        ("encounters", "events", "patients"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        "JOIN events AS v USING (event_id) JOIN patients AS p ON p.person_id = e.person_id "
        f"WHERE e.disposition IN ({_ORDERED}) AND v.type = 'encounter' AND {_SOON} <= {_END} "
        f"AND coalesce(p.death_date > {_SOON}, true) "
        "AND NOT EXISTS (FROM temp.own_care AS o WHERE o.journey = v.journey AND o.step = v.step "
        f"AND o.kind = '{_AT_HOME}') "
        "AND NOT EXISTS (FROM encounters AS n WHERE n.person_id = e.person_id "
        f"AND n.encounter_class IN {(_AT_HOME, *STAYS)} AND n.encounter_id <> e.encounter_id "
        f"AND n.start_at >= e.end_at AND n.start_at::DATE <= {_SOON})",
    ),
    AuditRule(
        "a stay in a nursing facility follows a discharge to one", "encounters.disposition",
        ("encounters", "events", "patients"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        "JOIN events AS v USING (event_id) JOIN patients AS p ON p.person_id = e.person_id "
        f"WHERE e.disposition IN ({_TO_FACILITY}) AND v.type = 'encounter' "
        f"AND {_NEXT_DAY} <= {_END} AND coalesce(p.death_date > {_NEXT_DAY}, true) "
        "AND NOT EXISTS (FROM temp.own_care AS o WHERE o.journey = v.journey AND o.step = v.step "
        f"AND o.kind = '{_FACILITY}') AND NOT EXISTS (FROM encounters AS n "
        f"WHERE n.person_id = e.person_id AND n.encounter_class IN {STAYS} "
        "AND n.encounter_id <> e.encounter_id AND n.start_at >= e.end_at "
        f"AND n.start_at::DATE <= {_NEXT_DAY})",
    ),
)  # fmt: skip
"""Rules of care after stays; `temp.own_care` has those after which a journey states its own."""
