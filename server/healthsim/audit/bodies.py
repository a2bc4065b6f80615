# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of bodies: computed results follow from their inputs, and results fit an illness.

Results are compared within one hour of an encounter. A computed result may differ from what its
stored inputs give by the rounding of all of them, no more: a specification may state it, and then
its inputs follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import duckdb

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.codes.loinc import loinc
from healthsim.medicine.analytes import tabled
from healthsim.medicine.derivation import Derived, derived

_MEND = (
    "state results that agree, or only one of them: the others follow "
    "(docs/decisions/0037-analytes-as-tables.md)"
)
_NEAR = 1e-6  # of the last bits of floating point
_MORE = 6  # decimals that a computed value is rounded to before its own


@dataclass(frozen=True)
class Place:
    """A table of measurements.

    Attributes:
        table: its name.
        at: its column of when.
        vital: whether it holds vital signs.
    """

    table: str
    at: str
    vital: bool


PLACES = (Place("lab_results", "collected_at", False), Place("vital_signs", "measured_at", True))


def code_of(key: str) -> str:
    """Return the LOINC code of an analyte; ``""`` where nobody reports it."""
    return tabled()[key].loinc if key in tabled() else derived()[key].loinc


def _decimals(key: str) -> int:
    return tabled()[key].decimals if key in tabled() else derived()[key].decimals


def held(key: str, place: Place) -> bool:
    """Return whether a measured analyte stands in a table of measurements."""
    code = code_of(key)
    return bool(code) and loinc().rows[code].vital == place.vital


def _names(row: Derived, place: Place, columns: Mapping[str, str]) -> dict[str, str] | None:
    """Return SQL of what a formula needs; None where a table does not hold it.

    Args:
        row: what is computed.
        place: the table of measurements.
        columns: SQL of inputs that stands for their columns.
    """
    found = {"female": "female", "age": "age"}
    for name in row.inputs:
        nested = _sql(derived()[name], place, columns) if _of_one(name) else None
        if held(name, place):
            column = columns.get(name) or _inside(name)
            found[name] = f"coalesce({column}, {nested})" if nested else column
        elif nested or _of_children(name, row):
            found[name] = nested or "NULL"
        else:
            return None
    return found


def _inside(name: str) -> str:
    """Return SQL of an input; null at an end of what is possible, where it follows from nothing."""
    if name not in derived():
        return f'"{name}"'
    low, high = derived()[name].low, derived()[name].high
    return f'CASE WHEN "{name}" > {low} AND "{name}" < {high} THEN "{name}" END'


def _of_one(name: str) -> bool:
    """Return whether an input follows from one other, so that it may be absent: VLDL."""
    return name in derived() and len(derived()[name].inputs) == 1


def _of_children(name: str, row: Derived) -> bool:
    """Return whether an input counts in children only: their eGFR is not judged."""
    return (row.key, name) == ("egfr", "height")


def _sql(row: Derived, place: Place, columns: Mapping[str, str]) -> str | None:
    """Return SQL of a computed analyte as reported; None where a table lacks its inputs."""
    names = _names(row, place, columns)
    if names is None:
        return None
    exact = row.formula.sql(names)  # `least` and `greatest` would overlook what is null
    possible = (
        f"CASE WHEN {exact} < {row.low} THEN {row.low} WHEN {exact} > {row.high} THEN {row.high} "
        f"ELSE {exact} END"
    )
    return f"round_even({possible}, {row.decimals})"


def _leaves(row: Derived, place: Place) -> set[str]:
    """Return the measured analytes that the SQL of a computed one reads."""
    found = {name for name in row.inputs if held(name, place)}
    for name in row.inputs:
        if _of_one(name):
            found |= _leaves(derived()[name], place)
    return found


def _exact(row: Derived, place: Place) -> str | None:
    """Return SQL of what a stored result should be, not rounded; None where none is stored."""
    names = _names(row, place, {})
    if names is None or not held(row.key, place):
        return None
    whole = " AND ".join(  # `least` and `greatest` overlook what is null
        f"{names[name]} IS NOT NULL" for name in row.inputs if not _of_children(name, row)
    )
    return f"CASE WHEN {whole} THEN {row.formula.sql(names)} END"


def _off(row: Derived, place: Place) -> str:
    """Return SQL that is true where a stored result differs from what its inputs give.

    What they give exactly stands in a column named as the analyte, with a sign before it.
    """
    exact = f'"={row.key}"'
    rounding = [f"{0.5 * 10.0**-row.decimals + _NEAR}"]
    for leaf in sorted(_leaves(row, place)):
        half = 0.5 * 10.0 ** -_decimals(leaf)
        moved = _names(row, place, {leaf: f'("{leaf}" + {half})'})
        if moved is not None:
            rounding.append(f"coalesce(abs({row.formula.sql(moved)} - {exact}), 0)")
    value = f"round_even(round({exact}, {row.decimals + _MORE}), {row.decimals})"
    possible = f"{value} BETWEEN {row.low} AND {row.high}"  # else the end of what is possible
    return f'abs("{row.key}" - {value}) > {" + ".join(rounding)} AND {possible}'


def _collections(place: Place, computed: tuple[str, ...]) -> str:
    """Return a FROM clause: one row for each hour of an encounter, with a column for each analyte.

    They are those that are computed, and their inputs. One that was measured in that hour with
    several values is null: which of them belongs to what cannot be said.
    """
    keys = sorted({*computed}.union(*(_leaves(derived()[key], place) for key in computed)))
    columns = ", ".join(
        f"max(value) FILTER (loinc = '{code_of(key)}') AS \"{key}\"" for key in keys
    )
    hour = f"date_trunc('hour', m.{place.at})"
    each = (
        f"(SELECT m.person_id, m.encounter_id, {hour} AS hour, m.loinc, "
        f"min(m.{place.at}) AS taken_at, "
        "CASE WHEN min(m.value) = max(m.value) THEN max(m.value) END AS value "
        f"FROM {place.table} AS m GROUP BY ALL)"
    )
    return (
        f"(SELECT person_id, min(taken_at) AS taken_at, {columns}, "
        "any_value(CASE p.gender WHEN 'F' THEN 1.0::double WHEN 'M' THEN 0.0::double END) "
        f"AS female, any_value(date_sub('year', p.birth_date, taken_at::DATE)) AS age "
        f"FROM {each} JOIN patients AS p USING (person_id) "
        "GROUP BY person_id, encounter_id, hour) AS c"
    )


@cache
def judged(place: Place) -> tuple[str, ...]:
    """Return the keys of the computed results that a table can be judged by."""
    return tuple(key for key, row in derived().items() if _exact(row, place) is not None)


def of_file(connection: duckdb.DuckDBPyConnection, rule: AnyRule) -> AnyRule:
    """Return a rule without the computed results that a file does not hold; others as they are.

    A table of few results holds few of the fifty, and DuckDB reads the SQL of each.
    """
    place = next((place for place in PLACES if rule == _computed(place, judged(place))), None)
    if place is None:
        return rule
    found = connection.execute(f"SELECT DISTINCT loinc FROM {place.table}").fetchall()
    stored = {code for (code,) in found}
    keys = tuple(key for key in judged(place) if code_of(key) in stored)
    return _computed(place, keys or judged(place)[:1])


@cache
def _computed(place: Place, keys: tuple[str, ...]) -> AuditRule:
    """Return the rule of results that are computed from others of their table."""
    rows = [derived()[key] for key in keys]
    exact = ", ".join(f'{_exact(row, place)} AS "={row.key}"' for row in rows)
    cases = " ".join(f"WHEN {_off(row, place)} THEN '{row.key}'" for row in rows)
    return AuditRule(
        f"computed {place.table.replace('_', ' ')} follow from their inputs",
        f"{place.table}.value", (place.table, "patients"),
        f"SELECT concat(broken, ' of person_id ', person_id, ' {place.at} ', taken_at) FROM "
        f"(SELECT person_id, taken_at, CASE {cases} END AS broken FROM "
        f"(SELECT *, {exact} FROM {_collections(place, keys)})) WHERE broken IS NOT NULL",
        mend=_MEND,
    )  # fmt: skip


def _once(place: Place) -> AuditRule:
    row = f"concat('person_id ', person_id, ' {place.at} ', {place.at}, ' loinc ', loinc)"
    return AuditRule(
        f"one result of a test at a time in {place.table}", f"{place.table}.value",
        (place.table,),
        f"SELECT {row} FROM {place.table} WHERE value IS NOT NULL "
        f"GROUP BY person_id, {place.at}, loinc HAVING count(DISTINCT value) > 1",
        mend=_MEND,
    )  # fmt: skip


_LATE_STAGES = ("N18.4", "N18.5", "N18.6")
_EGFR, _KIDNEYS_WORK = "98979-8", 60  # mL/min/1.73 m2: stage 4 begins at 29 (KDIGO 2024)
_UREA = tabled()["urea_factor"]  # how many times the creatinine urea nitrogen may be
_WHOLE, _HUNDREDTH = 0.5, 0.005  # mg/dL: halves of the places that the two are rounded to

RULES: tuple[AnyRule, ...] = (
    *(_computed(place, judged(place)) for place in PLACES),
    *(_once(place) for place in PLACES),
    AuditRule(
        "direct bilirubin is part of the total", "lab_results.value", ("lab_results",),
        "SELECT concat('lab_result_id ', d.lab_result_id) FROM lab_results AS d "
        "JOIN lab_results AS t USING (person_id, collected_at) "
        "WHERE d.loinc = '1968-7' AND t.loinc = '1975-2' AND d.value > t.value",
        mend=_MEND,
    ),
    AuditRule(
        "urea nitrogen follows creatinine", "lab_results.value", ("lab_results",),
        "SELECT concat('lab_result_id ', u.lab_result_id) FROM lab_results AS u "
        "JOIN lab_results AS c USING (person_id, collected_at) "
        f"WHERE u.loinc = '{code_of('urea')}' AND c.loinc = '{code_of('creatinine')}' "
        f"AND (u.value - {_WHOLE} > {_UREA.high} * (c.value + {_HUNDREDTH}) "
        f"OR u.value + {_WHOLE} < {_UREA.low} * (c.value - {_HUNDREDTH}))",
        mend=_MEND,
    ),
    AuditRule(
        "kidneys of a late stage filter little", "lab_results.value",
        ("lab_results", "conditions"),
        "SELECT concat('lab_result_id ', r.lab_result_id) FROM lab_results AS r "
        "SEMI JOIN conditions AS c ON c.person_id = r.person_id "
        f"AND c.code IN {_LATE_STAGES} AND c.onset_date < r.collected_at::DATE "
        "AND (c.abatement_date IS NULL OR c.abatement_date >= r.collected_at::DATE) "
        f"WHERE r.loinc = '{_EGFR}' AND r.value >= {_KIDNEYS_WORK}",
        mend="let the stage and the results that the journey states agree",
    ),
)  # fmt: skip
"""Rules of results and vital signs as parts of one body."""
