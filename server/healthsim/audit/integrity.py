"""Integrity: every rule that holds in every scenario, asked of one file in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from healthsim.audit import coding, days, identity, links, money
from healthsim.audit.books import lay_out_books
from healthsim.audit.derived import derived_rules
from healthsim.audit.rules import MENDED, Finding, Rule
from healthsim.persistence.database import open_read, quoted
from healthsim.persistence.scenario import Manifest, read_manifest, read_tables
from healthsim.tables import Table

NAMED = (*money.RULES, *links.RULES, *days.RULES, *identity.RULES, *coding.RULES)
"""The rules that are not in the data dictionary."""

_LAST_DAY = "9999-12-31"


def check(path: Path) -> list[Finding]:
    """Ask every rule of a scenario's or run's file.

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
        tables = read_tables(connection, path)
        whole = _stored(connection, tables)
        found = [_shape(tables, whole), *_counts(connection, manifest, whole)]
        lay_out_books(connection)
        _lay_out_days(connection, manifest)
        usable = {table.name for table in whole}
        rules = (*derived_rules(whole), *NAMED)
        found += [_asked(connection, rule) for rule in rules if usable.issuperset(rule.needs)]
    return found


def _asked(connection: duckdb.DuckDBPyConnection, rule: Rule) -> Finding:
    statement = f"SELECT count(*), min(broken) FROM ({rule.sql}) AS offending (broken)"  # noqa: S608
    rows, example = connection.execute(statement).fetchall()[0]
    where = f"{rule.where} ({example})" if rows else rule.where
    return Finding(rule.name, where, int(rows), rule.mend)


def _stored(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> tuple[Table, ...]:
    """Return the tables that are in the file with every column that the dictionary names."""
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = current_database()"
    ).fetchall()
    there = set(columns)
    return tuple(
        table
        for table in tables
        if all((table.name, column.name) in there for column in table.columns)
    )


def _shape(tables: Iterable[Table], whole: Sequence[Table]) -> Finding:
    lost = [table.name for table in tables if table not in whole]
    where = f"tables ({', '.join(lost)})" if lost else "tables"
    return Finding("every table and column is there", where, len(lost), MENDED)


def _counts(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, whole: Sequence[Table]
) -> Iterable[Finding]:
    """Compare the rows stored with those that the manifest tells, as one finding a table."""
    for table in whole:
        statement = f"SELECT count(*) FROM {quoted(table.name)}"  # noqa: S608
        (stored,) = connection.execute(statement).fetchall()[0]
        off = abs(int(stored) - manifest.rows.get(table.name, 0))
        yield Finding(f"rows of the manifest {table.name}", table.name, off, MENDED)


def _lay_out_days(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Lay out the first and last day of the data, as the profile says them."""
    profile = json.loads(manifest.profile)
    days_said = [profile.get("as_of") or "0001-01-01", profile.get("through") or _LAST_DAY]
    connection.execute(
        "CREATE TEMP TABLE data_days AS SELECT ?::DATE AS as_of, ?::DATE AS through", days_said
    )
