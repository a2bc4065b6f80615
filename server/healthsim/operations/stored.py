"""A saved scenario or a finished run: its file, what it says of itself, and some of its rows.

Files may come from anywhere. Only tables and columns that this version knows are read, by name,
in the process that runs users' SQL: without access to files, and bounded in time and memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from healthsim.errors import NotFound, Refused, near
from healthsim.operations import query, scenarios
from healthsim.operations.home import Home
from healthsim.persistence.database import quoted
from healthsim.persistence.files import DamagedFile
from healthsim.persistence.scenario import Manifest
from healthsim.persistence.state import describe_file
from healthsim.products.attributes import todays_name
from healthsim.products.catalogue import TABLES, tables_of
from healthsim.tables import Column, Table

Row: TypeAlias = Mapping[str, Any]
"""Values by column: days and times as ISO text, ids as whole numbers, money in dollars."""

LONGEST_TEXT = 300
"""Characters of a text value; the rest is cut."""

_KNOWN = {table.name: table for table in TABLES}


@dataclass(frozen=True)
class StoredRows:
    """A scenario's or run's file.

    Attributes:
        name: as the caller gave it.
        tables: its tables that this version knows, with the columns that both know.
    """

    name: str
    path: Path
    manifest: Manifest
    tables: Mapping[str, Table]

    def table(self, name: str) -> Table:
        """Return a table of the file.

        Raises:
            NotFound: it has none of this name; the error says why.
        """
        if name in self.tables:
            return self.tables[name]
        products = {table.product for table in self.tables.values()}
        if self.is_earlier and name in {table.name for table in tables_of(products)}:
            raise NotFound(
                f"table {name!r}", f"{self.name} was made before HealthSim had it",
                "make it again from its specifications: execute_spec, then save_scenario",
            )  # fmt: skip
        if name in _KNOWN:
            product = _KNOWN[name].product
            raise NotFound(
                f"table {name!r}",
                f"{self.name} has none: it was made without {product}",
                f"choose one of {', '.join(self.tables)}",
            )
        raise NotFound(f"table {name!r}", "no such table", near(name, self.tables))

    @property
    def is_earlier(self) -> bool:
        """Whether it was made before HealthSim had all columns of its tables."""
        return any(len(table.columns) < len(_KNOWN[todays_name(name)].columns)
                   for name, table in self.tables.items())  # fmt: skip

    def select(self, sql: str, most: int = 5_000) -> query.QueryResult:
        """Return the rows of a SELECT over the file, at most so many.

        Raises:
            DamagedFile: the file does not hold what its data dictionary says.
        """
        try:
            return query.query_file(self.path, sql, limit=most)
        except Refused as error:
            raise DamagedFile(
                self.name,
                f"its tables cannot be read ({error.problem.found})",
                "save the run again, or generate it again from its specification",
            ) from error


def open_stored(home: Home, name: str) -> StoredRows:
    """Open a saved scenario, or a finished run by its run_id.

    Raises:
        NotFound: no such scenario or run; the error suggests near names.
        StorageError: its file cannot be read.
    """
    _, path = scenarios.rows_of(home, name)
    described = describe_file(path)
    shared = (_shared(table) for table in described.tables if todays_name(table.name) in _KNOWN)
    return StoredRows(name, path, described.manifest, {table.name: table for table in shared})


def _shared(stored: Table) -> Table:
    """Return a table of this version with those of its columns that the file has too."""
    known = _KNOWN[todays_name(stored.name)]
    columns = tuple(column for column in known.columns if column.name in stored.by_name)
    return replace(known, name=stored.name, columns=columns)


def as_json(table: Table, where: str) -> str:
    """Return a SELECT of two columns: the table's name, and each row as one JSON object.

    Args:
        table: what is read.
        where: a condition in SQL.
    """
    columns = ", ".join(f"{_value(column)} AS {quoted(column.name)}" for column in table.columns)
    return (
        f"SELECT '{table.name}' AS of_table, CAST(to_json(r) AS VARCHAR) AS stored_row "  # noqa: S608
        f"FROM (SELECT {columns} FROM {quoted(table.name)} WHERE {where}) AS r"
    )


def _value(column: Column) -> str:
    """Return the SQL of a column's value, of the type that this version knows it by."""
    value = f"CAST({quoted(column.name)} AS {column.type})"
    return f"left({value}, {LONGEST_TEXT})" if column.type == "VARCHAR" else value


def rows_of(answer: query.QueryResult) -> dict[str, list[Row]]:
    """Return the rows of `as_json` by table."""
    found: dict[str, list[Row]] = {}
    for table, text in answer.rows:
        found.setdefault(table, []).append(json.loads(text))
    return found
