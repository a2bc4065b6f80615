"""Integrity: checks one file, in SQL, against the rules that hold in every scenario."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb

from healthsim.audit import (
    accumulators,
    appointments,
    beds,
    benefits,
    bodies,
    chart_people,
    claim_edits,
    claim_people,
    coding,
    confirmed,
    days,
    doses,
    facility_bills,
    home_care,
    hours,
    identity,
    illness_signs,
    links,
    medicines,
    money,
    network,
    note_findings,
    note_lists,
    notes,
    orders,
    pharmacy,
    problem_lists,
    results,
    safe_drugs,
    stages,
    stay_groups,
    stays,
    toxicity,
    treatments,
    trials,
    tumors,
    vaccines,
    vital_signs,
    wards,
)
from healthsim.audit.code_tables import (
    lay_out_books,
    lay_out_diagnoses,
    lay_out_unlisted,
    reads_diagnoses,
)
from healthsim.audit.derived import derived_rules, named_row
from healthsim.audit.pharmacy import lay_out_pharmacy
from healthsim.audit.rules import MENDED, AnyRule, AuditRule, Finding, RowRule
from healthsim.audit.safe_drugs import lay_out_safety
from healthsim.persistence.database import open_read, quoted
from healthsim.persistence.scenario import Manifest, read_manifest, read_tables
from healthsim.tables import Table
from healthsim.watching import step

NAMED: tuple[AnyRule, ...] = (
    *money.RULES, *accumulators.RULES, *links.RULES, *network.RULES, *days.RULES, *identity.RULES,
    *benefits.RULES, *coding.RULES, *problem_lists.RULES, *trials.RULES, *medicines.RULES,
    *stages.RULES, *pharmacy.RULES, *safe_drugs.RULES, *vaccines.RULES, *toxicity.RULES,
    *tumors.RULES, *bodies.RULES, *vital_signs.RULES, *beds.RULES, *claim_edits.RULES,
    *chart_people.RULES, *facility_bills.RULES, *claim_people.RULES, *stay_groups.RULES,
    *orders.RULES, *appointments.RULES, *treatments.RULES, *wards.RULES, *doses.RULES,
    *notes.RULES, *hours.RULES, *home_care.RULES, *stays.RULES, *note_findings.RULES,
    *confirmed.RULES, *results.RULES, *illness_signs.RULES, *note_lists.RULES,
)  # fmt: skip
"""The rules that are not in the data dictionary."""

_FIRST_DAY, _LAST_DAY = "0001-01-01", "9999-12-31"


def check(path: Path) -> list[Finding]:
    """Check a scenario's or run's file against every rule.

    Args:
        path: a DuckDB file with a manifest and a data dictionary.

    Returns:
        One finding for each rule that applies, in a fixed order; `rows` is 0 where it holds.

    Raises:
        NotFound: there is no such file.
        StorageError: it cannot be read, or is no scenario.
    """
    with open_read(path) as connection:
        manifest = read_manifest(connection, path)
        described = read_tables(connection, path)
        tables = _stored(connection, described)
        lay_out(connection, manifest)
        return [
            _shape(described, tables),
            *_counts(connection, manifest, tables),
            *run_rules(connection, rules_for(tables), tables),
        ]


def rules_for(tables: Sequence[Table]) -> list[AnyRule]:
    """Return the rules that apply to a file of these tables: derived ones, then named ones."""
    names = {table.name for table in tables}
    columns = {f"{table.name}.{column.name}" for table in tables for column in table.columns}
    return [
        rule
        for rule in (*derived_rules(tables), *NAMED)
        if names.issuperset(rule.needs) and columns.issuperset(rule.columns)
    ]


def lay_out(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Make the temporary tables that rules read, beside an open file."""
    lay_out_books(connection)
    lay_out_unlisted(connection, manifest.profile, manifest.journeys)
    lay_out_safety(connection, manifest.profile)
    choice = json.loads(manifest.profile).get("charge_capture")
    claim_edits.lay_out_edits(connection, choice, manifest.journeys)
    lay_out_pharmacy(connection, manifest.profile)
    profile = json.loads(manifest.profile)
    vital_signs.lay_out_usual(connection, profile.get("vital_signs"))
    problem_lists.lay_out_choice(connection, profile.get("problem_list"))
    orders.lay_out_findings(connection)
    bounds = [profile.get("as_of") or _FIRST_DAY, profile.get("through") or _LAST_DAY]
    connection.execute(
        "CREATE TEMP TABLE data_days AS SELECT ?::DATE AS as_of, ?::DATE AS through, ? AS one_bed",
        [*bounds, profile.get("one_bed") != "none"],
    )
    beds.lay_out_nested(connection, manifest.journeys)
    beds.lay_out_repeated(connection, manifest.journeys)
    home_care.lay_out_stated(connection, manifest.journeys)


def run_rules(
    connection: duckdb.DuckDBPyConnection, rules: Iterable[AnyRule], tables: Sequence[Table]
) -> list[Finding]:
    """Check an open file against rules; `lay_out` has made the temporary tables that they read.

    Returns:
        One finding for each rule: row rules first, table by table, then the others.
    """
    all_rules = [bodies.of_file(connection, rule) for rule in rules]
    findings: list[Finding] = []

    def say(where: str) -> None:
        done, every = len(findings), len(all_rules)
        table = re.split(r"\W", where)[0]
        step(f"rule {done + 1} of {every}, table {table}", done, every)

    if reads_diagnoses(all_rules):
        lay_out_diagnoses(connection, tables)
    if stay_groups.reads_groups(all_rules):
        stay_groups.lay_out_groups(connection)
    for table in tables:
        row_rules = [
            rule for rule in all_rules if isinstance(rule, RowRule) and rule.table == table.name
        ]
        if row_rules:
            say(table.name)
            findings += _check_rows(connection, row_rules, table)
    probed: dict[str, bool] = {"": True}
    for rule in all_rules:
        if isinstance(rule, AuditRule):
            say(rule.where)
            if rule.probe not in probed:
                probed[rule.probe] = _finds(connection, rule.probe)
            broken = probed[rule.probe]
            findings.append(_check_rule(connection, rule) if broken else _finding(rule, 0, None))
    return findings


def _finds(connection: duckdb.DuckDBPyConnection, probe: str) -> bool:
    """Return whether any row is what a FROM clause looks for."""
    rows = connection.execute(f"SELECT count(*) FROM {probe}").fetchall()  # noqa: S608
    return bool(rows[0][0])


def _check_rows(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[RowRule], table: Table
) -> Iterator[Finding]:
    """Check all row rules of a table in one scan; a second one counts where any is broken."""
    any_broken = " OR ".join(f"({rule.broken})" for rule in rules)
    if not _finds(connection, f"{quoted(table.name)} AS s WHERE {any_broken}"):
        yield from (_finding(rule, 0, None) for rule in rules)
        return
    parts = ", ".join(
        f"count(*) FILTER ({rule.broken}), min({named_row(table)}) FILTER ({rule.broken})"
        for rule in rules
    )
    statement = f"SELECT {parts} FROM {quoted(table.name)} AS s"  # noqa: S608
    row = connection.execute(statement).fetchall()[0]
    for rule, rows, example in zip(rules, row[::2], row[1::2], strict=True):
        yield _finding(rule, rows, example)


def _check_rule(connection: duckdb.DuckDBPyConnection, rule: AuditRule) -> Finding:
    statement = f"SELECT count(*), min(broken) FROM ({rule.sql}) AS offending (broken)"  # noqa: S608
    rows, example = connection.execute(statement).fetchall()[0]
    return _finding(rule, rows, example)


def _finding(rule: AnyRule, rows: int, example: str | None) -> Finding:
    where = f"{rule.where} ({example})" if rows else rule.where
    return Finding(rule.name, where, rows, rule.mend)


def _stored(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> tuple[Table, ...]:
    """Return the tables of the dictionary that are in the file with all their columns."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = current_database()"
    ).fetchall()
    present = set(columns)
    return tuple(
        table
        for table in tables
        if all((table.name, column.name) in present for column in table.columns)
    )


def _shape(tables: Iterable[Table], stored: Sequence[Table]) -> Finding:
    missing = [table.name for table in tables if table not in stored]
    where = f"tables ({', '.join(missing)})" if missing else "tables"
    return Finding("every table and column is there", where, len(missing), MENDED)


def _counts(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, tables: Sequence[Table]
) -> Iterator[Finding]:
    """Compare row counts with the manifest's; one finding for each table."""
    for table in tables:
        statement = f"SELECT count(*) FROM {quoted(table.name)}"  # noqa: S608
        (stored,) = connection.execute(statement).fetchall()[0]
        difference = abs(int(stored) - manifest.rows.get(table.name, 0))
        yield Finding(f"rows of the manifest {table.name}", table.name, difference, MENDED)
