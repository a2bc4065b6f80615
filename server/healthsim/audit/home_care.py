# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of care at home: who is discharged to it has it, and soon."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.home_health import LATEST_START, ORDERS_CARE
from healthsim.medicine.occupancy import STAYS

_AT_HOME = "home_health"
_ORDERED = ", ".join(f"'{status}'" for status in ORDERS_CARE)
_SOON = f"e.end_at::DATE + {LATEST_START}"
_END = "least((SELECT through FROM temp.data_days), (SELECT max(event_date) FROM events))"


def lay_out_stated(connection: duckdb.DuckDBPyConnection, journeys: Sequence[str]) -> None:
    """Make the temporary table ``own_care (journey, step)``: after whom a journey states visits.

    Args:
        connection: with the scenario's file.
        journeys: the journeys as JSON.
    """
    connection.execute("CREATE TEMP TABLE own_care (journey VARCHAR, step VARCHAR)")
    for document in map(json.loads, journeys):
        for step in sorted(set(_cared(document))):
            connection.execute("INSERT INTO own_care VALUES (?, ?)", [document["name"], step])


def _cared(value: Any) -> Iterator[str]:
    """Yield the ids of encounters after which, in the same list of steps, there is a home visit."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _cared(item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _cared(item)
            if isinstance(item, dict) and any(map(_visits_home, value[place + 1 :])):
                yield str(item.get("id", ""))


def _visits_home(step: Any) -> bool:
    if not isinstance(step, dict):
        return False
    if step.get("do") == "repeat":
        return any(map(_visits_home, step.get("steps", ())))
    return (step.get("details") or {}).get("encounter_class") == _AT_HOME


RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "care at home follows a discharge to it", "encounters.disposition",
        ("encounters", "events", "patients"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e "
        "JOIN events AS v USING (event_id) JOIN patients AS p ON p.person_id = e.person_id "
        f"WHERE e.disposition IN ({_ORDERED}) AND v.type = 'encounter' AND {_SOON} <= {_END} "
        f"AND coalesce(p.death_date > {_SOON}, true) "
        "AND NOT EXISTS (FROM temp.own_care AS o WHERE o.journey = v.journey AND o.step = v.step) "
        "AND NOT EXISTS (FROM encounters AS n WHERE n.person_id = e.person_id "
        f"AND n.encounter_class IN {(_AT_HOME, *STAYS)} AND n.encounter_id <> e.encounter_id "
        f"AND n.start_at >= e.end_at AND n.start_at::DATE <= {_SOON})",
    ),
)  # fmt: skip
"""Rules of care at home; `temp.own_care` has the stays after which a journey states its own."""
