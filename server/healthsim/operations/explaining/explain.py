"""Which rule, draw and line of the specification made a row: the unit is made again and asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from healthsim import ENGINE
from healthsim.errors import NotFound, Refused
from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.prepare import prepare
from healthsim.execution.trace.trace import trace_unit
from healthsim.operations.explaining import (
    accumulated,
    chart,
    claims,
    derived,
    fills,
    network,
    people,
    trials,
)
from healthsim.operations.explaining.case import Documents, Reasons, RowCase
from healthsim.operations.explaining.rules import RULES
from healthsim.operations.home import Home
from healthsim.operations.reference import (
    missing_references,
    newer_references,
    reference_for,
)
from healthsim.operations.stored import Row, StoredRows, as_json, open_stored, rows_of
from healthsim.persistence.database import literal, quoted
from healthsim.persistence.files import DamagedFile
from healthsim.products.attributes import todays_name
from healthsim.tables import Table

DRAW = ["decision", "uniform", "from", "gave"]
"""Columns of the draws."""

MOST_COUNTED = 50_000
"""Units of a run with exact counts or arms that are counted again for one explanation."""

_CHANGED = "the file was changed after it was made"
_EARLIER = "an earlier HealthSim made the file, without all of today's columns"
_MOST_DRAWS, _MOST_LINES = 12, 16
_MOST_KEYS = 10  # of a person's rows that are listed
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_EXPLAIN: Mapping[str, Callable[[RowCase], Reasons]] = {
    "patients": people.explain_patient,
    "person_attributes": people.explain_attribute,
    "members": people.explain_member,
    "rx_members": people.explain_member,
    "enrollments": people.explain_enrollment,
    "plans": network.explain_plan,
    "plan_networks": network.explain_plan_network,
    "providers": network.explain_directory,
    "facilities": network.explain_directory,
    "pharmacies": network.explain_directory,
    "encounters": chart.explain_encounter,
    "encounter_diagnoses": chart.explain_encounter_diagnosis,
    "conditions": chart.explain_condition,
    "lab_results": chart.explain_result,
    "vital_signs": chart.explain_result,
    "prescriptions": fills.explain_prescription,
    "fills": fills.explain_fill,
    "planted_violations": fills.explain_violation,
    "claims": claims.explain_claim,
    "claim_lines": claims.explain_claim_line,
    "claim_adjustments": claims.explain_adjustment,
    "claim_diagnoses": claims.explain_claim_diagnosis,
    "claim_codes": claims.explain_claim_code,
    "accumulator_events": accumulated.explain_movement,
    "prescription_drug_events": accumulated.explain_drug_event,
    "plan_years": accumulated.explain_plan_year,
    "trial_arms": trials.explain_arm,
    "subjects": trials.explain_subject,
    "eligibility_results": trials.explain_answer,
    **dict.fromkeys(derived.NAMES, derived.explain_derived),
}
"""Table -> how its rows are explained; those of all other tables follow from one event each."""


@dataclass(frozen=True)
class RowExplained:
    """Why a row is there and as it is.

    Attributes:
        row: the stored values that are not null.
        reasons: lines of the specification, what led to the row, and the draws.
        note: what could not be shown, or does not agree.
    """

    table: str
    row: Row
    reasons: Reasons
    note: str = ""


def explain_row(home: Home, name: str, table: str, key: str) -> RowExplained:
    """Say which rule, draw and line of the specification made a row.

    Args:
        home: where scenarios and runs are kept.
        name: a scenario, or a run_id.
        table: one of its tables.
        key: the row's id; of a key of several columns, their values with commas between.

    Raises:
        NotFound: no such scenario, table or row; the error suggests near ones.
        Refused: another version of the engine made it, or imported data are missing.
        SpecError: this version no longer accepts the specification.
        StorageError: the file cannot be read.
    """
    stored = open_stored(home, name)
    described = stored.table(table)
    if len(described.key) > 1:
        _refuse_person(stored, described, key)
    row = _row(stored, described, _keys(described, key))
    documents = _documents(stored)
    job = _job(home, stored, documents)
    today = replace(described, name=todays_name(described.name))
    case, note = _traced(RowCase(today, row, job, documents))
    if case.trace is None:
        reasons, changed = _of_nobody(case)
    else:
        reasons, changed = _made_again(case, _EARLIER if stored.is_earlier else _CHANGED)
    return RowExplained(table, _present(row), reasons, note or changed)


def _of_nobody(case: RowCase) -> tuple[Reasons, str]:
    """Explain a row whose values are only what the file says, and say where they cannot be so."""
    try:
        return reasons_of(case), ""
    except (KeyError, TypeError, ValueError, IndexError):
        return _only_rule(case), "it is not of this specification: the file was changed"


def _made_again(case: RowCase, why: str) -> tuple[Reasons, str]:
    """Explain a row as it comes out again; say where the stored one is another, and why."""
    keys = {column: case.row[column] for column in case.table.key}
    again = case.rows(case.table.name, **keys)
    if not again:
        return _only_rule(case), f"made again, this row does not come out: {why}"
    other = [name for name, value in case.row.items() if not _same(value, again[0].get(name))]
    changed = f"made again, it differs in {', '.join(other)}: {why}" if other else ""
    return reasons_of(replace(case, row=again[0])), changed


def _only_rule(case: RowCase) -> Reasons:
    return Reasons(made_by=[_rule(case.table)])


def _rule(table: Table) -> str:
    return f"rule: {RULES.get(table.name, 'one row for each event of this type')}"


def reasons_of(case: RowCase) -> Reasons:
    """Return why a row is there and as it is, as much of it as fits into an answer."""
    reasons = _EXPLAIN.get(case.table.name, chart.explain_event)(case)
    reasons.made_by = [*filter(None, reasons.made_by), _rule(case.table)]
    return _cut(reasons)


def as_json_carries(row: Row) -> dict[str, Any]:
    """Return a row for an answer: ids beyond 2**53 as text, as every answer has them."""
    exact = 2**53
    return {name: str(value) if isinstance(value, int) and abs(value) > exact else value
            for name, value in row.items()}  # fmt: skip


def _cut(reasons: Reasons) -> Reasons:
    """Return reasons that fit into an answer, with what was left out said."""
    because, draws = reasons.because[:_MOST_LINES], reasons.draws[:_MOST_DRAWS]
    if len(reasons.because) > len(because):
        because.append(f"{len(because)} of {len(reasons.because)} reasons")
    if len(reasons.draws) > len(draws):
        draws.append([f"{len(draws)} of {len(reasons.draws)} draws", "", "", ""])
    return Reasons(reasons.made_by, because, draws)


def _present(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _keys(table: Table, key: str) -> dict[str, str]:
    """Return the values of a table's key columns.

    Raises:
        Refused: there are more or fewer values than columns, or an id is no number.
    """
    pieces = [piece.strip() for piece in key.split(",")]
    named = [piece.removeprefix(f"{column}=").strip()
             for piece, column in zip(pieces, (*table.key, *pieces), strict=False)]  # fmt: skip
    columns = ", ".join(table.key)
    if len(named) != len(table.key) or not all(named):
        raise Refused("key", f"is {key[:60]!r}", f"{table.name} needs {columns}: give the "
                      f"value{'s with commas between' if len(table.key) > 1 else ''}")  # fmt: skip
    for column, value in zip(table.key, named, strict=True):
        if table.by_name[column].type != "VARCHAR" and not _NUMBER.fullmatch(value):
            raise Refused("key", f"{column} is {value[:40]!r}",
                          f"give the whole number that {table.name}.{column} shows")  # fmt: skip
    return dict(zip(table.key, named, strict=True))


def _refuse_person(stored: StoredRows, table: Table, key: str) -> None:
    """Refuse a person_id given as the key of a row, with the keys of this person's rows.

    Raises:
        NotFound: the key is a person_id.
    """
    number = key.strip().removeprefix("person_id=").strip()
    if "person_id" not in table.by_name or not _NUMBER.fullmatch(number):
        return
    mine = f"{_keys_of(table)} WHERE person_id = {number}"
    found = [str(row[0]) for row in stored.select(mine, _MOST_KEYS + 1).rows]
    if found:
        more = ", ..." * (len(found) > _MOST_KEYS)
        raise NotFound(
            f"{table.name} {number}", f"this is a person_id, and the key is {','.join(table.key)}",
            f"this person's: {' or '.join(found[:_MOST_KEYS])}{more}",
        )  # fmt: skip


def _keys_of(table: Table) -> str:
    shown = " || ',' || ".join(f"CAST({quoted(column)} AS VARCHAR)" for column in table.key)
    return f"SELECT {shown} AS k FROM {quoted(table.name)}"  # noqa: S608


def _row(stored: StoredRows, table: Table, keys: Mapping[str, str]) -> Row:
    """Return the row of a key.

    Raises:
        NotFound: there is none; the error suggests near keys.
    """
    found = rows_of(stored.select(as_json(table, _where(table, keys)), most=1))
    if table.name in found:
        return found[table.name][0]
    _refuse_person(stored, table, ",".join(keys.values()))
    shown = ", ".join(f"{column} {value}" for column, value in keys.items())
    raise NotFound(f"{table.name} {shown}", "no such row", _near(stored, table, keys))


def _where(table: Table, keys: Mapping[str, str]) -> str:
    return " AND ".join(
        f"{quoted(column)} = "
        + (literal(value) if table.by_name[column].type == "VARCHAR" else value)
        for column, value in keys.items()
    )


def _near(stored: StoredRows, table: Table, keys: Mapping[str, str]) -> str:
    """Suggest keys: those that share the first value, else those of the nearest rows."""
    first, *rest = table.key
    source = _keys_of(table)
    found: list[str] = []
    if rest:
        where = _where(table, {first: keys[first]})
        found = [row[0] for row in stored.select(f"{source} WHERE {where} LIMIT 4").rows]
    if not found:
        number = table.by_name[first].type != "VARCHAR"
        near = (f"abs(CAST({quoted(first)} AS HUGEINT) - {keys[first]})" if number
                else f"levenshtein({quoted(first)}, {literal(keys[first])})")  # fmt: skip
        found = [row[0] for row in stored.select(f"{source} ORDER BY {near} LIMIT 3").rows]
    return f"did you mean {' or '.join(found)}?" if found else "the table is empty"


def _documents(stored: StoredRows) -> Documents:
    manifest = stored.manifest
    try:
        profile: dict[str, Any] = json.loads(manifest.profile)
        profile |= {"seed": manifest.seed, "count": manifest.count}
        return Documents(profile, [dict(json.loads(text)) for text in manifest.journeys])
    except (TypeError, ValueError, RecursionError) as error:
        raise DamagedFile(
            stored.name,
            "its specification cannot be read",
            "save the run again, or generate it again from its specification",
        ) from error


def _job(home: Home, stored: StoredRows, documents: Documents) -> Job:
    """Return the job that made a file, as it would be made now.

    Raises:
        Refused: another version of the engine made it, or with other imported data.
    """
    manifest, where = stored.manifest, f"scenario {stored.name!r}"
    if manifest.engine_version != ENGINE:
        raise Refused(
            where,
            f"was made by HealthSim {manifest.engine_version}, and this is {ENGINE}: its "
            "draws cannot be made again here",
            "generate it again from its specification, or use that version; events.step says in "
            "SQL which step a row comes from",
        )
    for problem in missing_references(home, where, manifest.references):
        raise Refused(problem.where, problem.found, problem.mend)
    reference = reference_for(home, documents.profile, documents.journeys)
    for problem in newer_references(where, manifest.references, reference.versions):
        raise Refused(problem.where, problem.found, problem.mend)
    return prepare(documents.profile, documents.journeys, reference)


def _traced(case: RowCase) -> tuple[RowCase, str]:
    """Return the case with its unit made again, and why not where that is not done."""
    if "person_id" not in case.row:
        return case, ""
    if not isinstance(case.row["person_id"], int):
        return case, "it names no person: the file was changed"
    job = case.job
    counted = bool(job.quotas) or job.counts_journeys
    if counted and job.count > MOST_COUNTED:
        return case, (f"draws are not shown: exact counts over {job.count:,} units would have to "
                      f"be counted again (at most {MOST_COUNTED:,})")  # fmt: skip
    unit = case.person_id // 100
    if not 1 <= unit <= job.count:
        return case, f"person {case.person_id} is not of this specification: the file was changed"
    trace = trace_unit(job, unit, settle_population_steps(job, threads=1))
    return replace(case, trace=trace), ""


def _same(stored: object, again: object) -> bool:
    if stored is None or again is None:
        return stored is None and again is None
    if isinstance(stored, bool) or isinstance(again, bool):
        return bool(stored) == bool(again)
    if isinstance(stored, int | float) and isinstance(again, int | float):
        return abs(float(stored) - float(again)) < 1e-6 * max(1.0, abs(float(stored)))
    return str(stored).replace("T", " ")[:16] == str(again).replace("T", " ")[:16]
