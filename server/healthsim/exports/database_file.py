"""A scenario as a plain DuckDB file: the tables, and no bookkeeping of HealthSim's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from healthsim.exports import EVERYBODY, Filter
from healthsim.exports.marking import ALONE, NOTICE, Written
from healthsim.exports.reading import Source, opened
from healthsim.persistence.database import SMALL_BLOCK, literal, quoted, storage_errors
from healthsim.watching import step

DICTIONARY = "data_dictionary"
"""The table that says what each column means."""

MARKED = "synthetic_test_data"
"""The table that says that the data are synthetic."""

_NEW = "exported"  # name under which the new file is attached
_MANY = 1_000_000  # rows from which large blocks take less room than small ones


def export(
    path: Path,
    name: str,
    folder: Path,
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
) -> list[Written]:
    """Write the tables of a scenario's file as a new DuckDB file into an existing, empty folder.

    Tables and columns have their meanings as comments. The content is the same each time; the
    bytes are not, since DuckDB gives every file an identifier of its own.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name, for the mark.
        folder: where the file goes.
        tables: names of the tables to write; all of them when empty.
        chosen: whose rows to write.

    Raises:
        NotFound: no such table, with near matches.
        Refused: the filter cannot be read, or finds nobody.
    """
    file = folder / f"{ALONE}.duckdb"
    rows = {}
    with opened(path, folder, tables, chosen) as source, storage_errors(folder):
        connection = source.connection
        few = sum(source.rows(table) for table in source.names) < _MANY
        block = f" (BLOCK_SIZE {SMALL_BLOCK})" if few else ""
        connection.execute(f"ATTACH {literal(str(file))} AS {_NEW}{block}")
        connection.execute("BEGIN")  # each commit waits for the disk
        for table in source.names:
            _define(source, table)
        _say(connection, source, name, chosen)
        connection.execute("COMMIT")
        for done, table in enumerate(source.names):
            step(f"table {table}, {done + 1} of {len(source.names)}", done, len(source.names))
            rows[table] = _fill(source, table)
        connection.execute(f"CHECKPOINT {_NEW}")
        connection.execute(f"DETACH {_NEW}")
    return [Written(file, rows)]


def _define(source: Source, table: str) -> None:
    """Make an empty table whose columns say what they mean."""
    columns = source.columns[table]
    defined = ", ".join(
        f"{quoted(column.name)} {column.type}{' NOT NULL' if column.required else ''}"
        for column in columns
    )
    new = f"{_NEW}.{quoted(table)}"
    about = f"{source.grains[table]}. {NOTICE}"
    statements = [f"CREATE TABLE {new} ({defined})", f"COMMENT ON TABLE {new} IS {literal(about)}"]
    for column in columns:
        named = f"{new}.{quoted(column.name)}"
        statements.append(f"COMMENT ON COLUMN {named} IS {literal(column.meaning)}")
    for statement in statements:
        source.connection.execute(statement)


def _fill(source: Source, table: str) -> int:
    """Copy the rows of a table; return how many there are."""
    listed = ", ".join(quoted(column.name) for column in source.columns[table])
    query = f"SELECT {listed} FROM {quoted(table)}"  # noqa: S608  quoted
    copied = source.connection.execute(f"INSERT INTO {_NEW}.{quoted(table)} {query}").fetchone()
    return int(copied[0]) if copied else 0


def _say(connection: duckdb.DuckDBPyConnection, source: Source, name: str, chosen: Filter) -> None:
    """Write the data dictionary and the mark."""
    connection.execute(
        f"CREATE TABLE {_NEW}.{DICTIONARY} AS FROM healthsim_columns "
        "WHERE list_contains(?, table_name) ORDER BY table_name, position",
        [list(source.names)],
    )
    people = chosen.words or "everybody"
    connection.execute(
        f"CREATE TABLE {_NEW}.{MARKED} AS SELECT {literal(NOTICE)} AS notice, "
        f"{literal(name)} AS scenario, {literal(people)} AS people"
    )
