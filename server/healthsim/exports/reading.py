"""Opens a scenario's file for the formats that hold its tables as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from healthsim.errors import NotFound, near
from healthsim.exports import Filter
from healthsim.exports.people import choose
from healthsim.persistence.database import open_read, quoted
from healthsim.persistence.judgement import DICTIONARY_COLUMNS

# One thread writes in the order in which rows are stored, so that bytes are the same everywhere.
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {"threads": "1", "preserve_insertion_order": "true", "memory_limit": "'1000MB'"}
)
DESCRIBED = tuple(DICTIONARY_COLUMNS)
"""Columns of the data dictionary."""


@dataclass(frozen=True, slots=True)
class Described:
    """What the scenario's dictionary says of one column.

    Attributes:
        name: of the column.
        type: in DuckDB's words.
        meaning: a sentence.
        required: no row is null.
        reference: ``"table.column"`` that it points at, or empty.
    """

    name: str
    type: str
    meaning: str
    required: bool
    reference: str


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario's file that is open for an export.

    Attributes:
        connection: shows the tables by their names, with the rows that were chosen.
        names: of the tables to export, in order.
        columns: of each of them, in order.
        grains: of each of them, what a row is.
        keys: of each of them, the columns that tell its rows apart.
    """

    connection: duckdb.DuckDBPyConnection
    names: tuple[str, ...]
    columns: Mapping[str, tuple[Described, ...]]
    grains: Mapping[str, str]
    keys: Mapping[str, tuple[str, ...]]

    def rows(self, table: str) -> int:
        """Return how many rows of a table are exported."""
        asked = f"SELECT count(*) FROM {quoted(table)}"  # noqa: S608  quoted
        return int(self.connection.execute(asked).fetchall()[0][0])

    def dictionary(self) -> list[tuple[object, ...]]:
        """Return the rows of the data dictionary, in the order of `DESCRIBED`."""
        return self.connection.execute(
            f"SELECT {', '.join(DESCRIBED)} FROM healthsim_columns "  # noqa: S608  own names
            "WHERE list_contains(?, table_name) ORDER BY table_name, position",
            [list(self.names)],
        ).fetchall()


@contextmanager
def opened(
    path: Path, folder: Path | None, tables: Sequence[str], chosen: Filter
) -> Iterator[Source]:
    """Open a scenario's file, showing the chosen rows of the chosen tables.

    Args:
        path: the scenario's DuckDB file.
        folder: where files may be written.
        tables: names of the tables; all of them when empty.
        chosen: whose rows.

    Raises:
        NotFound: no such table, with near matches.
        Refused: the filter cannot be read, or finds nobody.
    """
    with open_read(path, writes=folder, settings=_SETTINGS) as connection:
        about = connection.execute(
            "SELECT table_name, column_name, type, meaning, required, reference, grain, key "
            "FROM healthsim_columns ORDER BY table_name, position"
        ).fetchall()
        names = _names([str(row[0]) for row in about], tables)
        if chosen:
            choose(connection, path, chosen)
        columns = {
            name: tuple(Described(str(row[1]), str(row[2]), str(row[3] or ""), bool(row[4]),
                                  str(row[5] or "")) for row in about if row[0] == name)
            for name in names
        }  # fmt: skip
        told = {str(row[0]): row for row in about}
        grains = {name: str(told[name][6] or "") for name in names}
        keys = {name: _key(told[name][7], columns[name]) for name in names}
        yield Source(connection, names, columns, grains, keys)


def _names(known: Sequence[str], tables: Sequence[str]) -> tuple[str, ...]:
    for table in tables:
        if table not in known:
            raise NotFound("tables", f"the scenario has no table {table!r}", near(table, known))
    return tuple(table for table in dict.fromkeys(known) if not tables or table in tables)


def _key(text: object, columns: Sequence[Described]) -> tuple[str, ...]:
    """Return the key that a dictionary states, if it is one of the table's columns."""
    try:
        key = json.loads(str(text))
    except ValueError:
        return ()
    known = {column.name for column in columns}
    return tuple(key) if isinstance(key, list) and key and set(map(str, key)) <= known else ()
