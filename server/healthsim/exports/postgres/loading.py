"""Writes the tables of a scenario into a schema of a Postgres database, in one transaction."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import Any

import pyarrow as pa
from pyarrow import csv

from healthsim.errors import Refused
from healthsim.exports import EVERYBODY, Filter
from healthsim.exports.database_file import DICTIONARY, MARKED
from healthsim.exports.marking import MARK, NOTICE
from healthsim.exports.postgres.address import Address
from healthsim.exports.postgres.link import LONG, SHORT, Link, linked
from healthsim.exports.reading import DESCRIBED, Source, opened
from healthsim.persistence.database import literal, quoted, storage_errors
from healthsim.persistence.judgement import DICTIONARY_COLUMNS, scenario_rules
from healthsim.watching import step

LONGEST_NAME = 63
"""Bytes of a name that Postgres keeps whole."""

_BATCH = 50_000  # rows that are sent at once
_TYPES: Mapping[str, str] = {
    "BIGINT": "bigint", "INTEGER": "integer", "DATE": "date", "TIMESTAMP": "timestamp",
    "DOUBLE": "double precision", "DECIMAL(12,2)": "numeric(12,2)", "BOOLEAN": "boolean",
    "VARCHAR": "text",
}  # fmt: skip
_SETTINGS = (
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL lock_timeout = '30s'",
    f"SET LOCAL statement_timeout = '{LONG:.0f}s'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL client_min_messages = 'warning'",
)
_PLAIN = csv.WriteOptions(include_header=False, quoting_style="needed")
"""Texts are quoted, so that an empty one is none that is missing."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What stands in a database now.

    Attributes:
        place: schema, database and server, in words.
        tables: each with its rows.
    """

    place: str
    tables: Mapping[str, int]


def load(
    path: Path,
    name: str,
    address: Address,
    schema: str = "",
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
    *,
    replace: bool = False,
) -> Loaded:
    """Write the tables of a scenario's file into a new schema of a database.

    Readers see nothing of it before all of it stands there. Columns are sent as batches; keys are
    primary keys, money is numeric(12,2), meanings are comments.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name.
        address: of the database.
        schema: what the schema is called; as the scenario, if empty.
        tables: names of the tables to write; all of them when empty.
        chosen: whose rows to write.
        replace: whether a schema of that name that an export made is replaced.

    Raises:
        NotFound: no such table, with near matches.
        Refused: the filter cannot be read or finds nobody; there is such a schema, or the server
            refuses.
        StorageError: the server does not answer, or fails.
    """
    schema = schema or name
    _refuse_name(schema)
    with opened(path, None, tables, chosen) as source, storage_errors(path):
        rows = {table: source.rows(table) for table in source.names}
        step("the database is asked", 0, sum(rows.values()))
        with linked(address) as link:
            for setting in _SETTINGS:
                link.run(setting)
            old = _old(link, schema, replace=replace)
            spare = f"healthsim_new_{os.getpid()}_{get_ident()}"
            _make(link, source, spare, rows)
            _say(link, source, spare, name, chosen)
            _put(link, spare, schema, old)
            about = link.connection.info
            step("the transaction is ended", sum(rows.values()), sum(rows.values()))
            link.commit()
            place = f"schema {schema} of database {about.dbname} at {about.host}:{about.port}"
    return Loaded(place, rows)


def _refuse_name(schema: str) -> None:
    if len(schema.encode()) > LONGEST_NAME or schema.startswith("pg_") or "\0" in schema:
        raise Refused(
            "--schema", f"is {schema[:80]!r}",
            f"choose a name of at most {LONGEST_NAME} bytes that does not begin with pg_",
        )  # fmt: skip


def _composed(text: str, *names: str) -> Any:
    """Return a statement with names in the place of its brackets."""
    from psycopg import sql  # noqa: PLC0415  an extra, which few need

    return sql.SQL(text).format(*map(sql.Identifier, names))


def _commented(what: str, about: str, *names: str) -> Any:
    from psycopg import sql  # noqa: PLC0415  an extra, which few need

    named = sql.SQL(".").join(map(sql.Identifier, names))
    return sql.SQL(f"COMMENT ON {what} {{}} IS {{}}").format(named, sql.Literal(about))


def _old(link: Link, schema: str, *, replace: bool) -> list[str] | None:
    """Return the tables of the schema that is to be replaced; None if there is none.

    Raises:
        Refused: there is one that may not be replaced.
    """
    found = link.run(
        "SELECT oid, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s",
        values=[schema],
    )
    if not found:
        return None
    ((key, about),) = found
    another = "choose another name (--schema)"
    if not replace:
        raise Refused(
            "--schema", f"the database has a schema {schema}",
            f"{another}; on the command line --replace replaces one that an export made",
        )  # fmt: skip
    if not str(about or "").startswith(MARK):
        raise Refused("--schema", f"{schema} was made by no export of HealthSim", another)
    inside = link.run(
        "SELECT relname, relkind FROM pg_class WHERE relnamespace = %s AND relkind IN "
        "('r', 'v', 'm', 'f', 'p', 'S') ORDER BY relname",
        values=[key],
    )
    ours = scenario_rules().tables | {DICTIONARY, MARKED}
    others = [name for name, kind in inside if name not in ours or kind not in ("r", b"r")]
    if others:
        raise Refused(
            "--schema", f"{schema} holds {', '.join(others[:3])}, which no export made",
            f"move that to another schema, or {another}",
        )  # fmt: skip
    return [name for name, _ in inside]


def _make(link: Link, source: Source, schema: str, rows: Mapping[str, int]) -> None:
    """Make a schema and its tables, with their rows."""
    link.run(_composed("CREATE SCHEMA {}", schema))
    before = 0
    for place, table in enumerate(source.names):
        says = f"table {table}, {place + 1} of {len(rows)}"
        _define(link, source, schema, table)
        query = f"SELECT {_listed(source, table)} FROM {quoted(table)}"  # noqa: S608  quoted
        _send(link, source, query, (schema, table), says, (before, sum(rows.values())))
        before += rows[table]
        key = source.keys[table]
        if key:
            named = ", ".join("{}" for _ in key)
            adding = f"ALTER TABLE {{}}.{{}} ADD PRIMARY KEY ({named})"
            link.run(_composed(adding, schema, table, *key), LONG)


def _listed(source: Source, table: str) -> str:
    return ", ".join(quoted(column.name) for column in source.columns[table])


def _define(link: Link, source: Source, schema: str, table: str) -> None:
    """Make an empty table whose columns say what they mean."""
    columns = source.columns[table]
    parts = ", ".join(
        f"{{}} {_TYPES[column.type]}{' NOT NULL' if column.required else ''}" for column in columns
    )
    names = [column.name for column in columns]
    link.run(_composed(f"CREATE TABLE {{}}.{{}} ({parts})", schema, table, *names))
    link.run(_commented("TABLE", f"{source.grains[table]}. {NOTICE}", schema, table))
    for column in columns:
        link.run(_commented("COLUMN", column.meaning, schema, table, column.name))


def _send(
    link: Link,
    source: Source,
    query: str,
    into: tuple[str, str],
    says: str,
    progress: tuple[int, int],
) -> None:
    """Send what a query gives into a table, as batches of columns.

    Args:
        link: to the server.
        source: the scenario.
        query: of the rows, in the order of the table's columns.
        into: schema and table.
        says: what is said of it meanwhile.
        progress: rows that were sent before, and all.
    """
    done, total = progress
    copying = _composed("COPY {}.{} FROM STDIN (FORMAT csv)", *into)
    reader = source.connection.sql(query).to_arrow_reader(_BATCH)
    link.allow(SHORT)
    with link.connection.cursor() as cursor, cursor.copy(copying) as copy:
        for batch in reader:
            step(says, done, total)
            text = pa.BufferOutputStream()
            csv.write_csv(batch, text, _PLAIN)
            link.allow(SHORT)
            copy.write(text.getvalue().to_pybytes())
            done += len(batch)
        link.allow(LONG)


def _say(link: Link, source: Source, schema: str, name: str, chosen: Filter) -> None:
    """Write the data dictionary and the mark."""
    parts = ", ".join(f"{{}} {_TYPES[DICTIONARY_COLUMNS[column]]}" for column in DESCRIBED)
    link.run(_composed(f"CREATE TABLE {{}}.{{}} ({parts})", schema, DICTIONARY, *DESCRIBED))
    tables = ", ".join(map(literal, source.names))
    query = (
        f"SELECT {', '.join(DESCRIBED)} FROM healthsim_columns "  # noqa: S608  own names
        f"WHERE table_name IN ({tables}) ORDER BY table_name, position"
    )
    _send(link, source, query, (schema, DICTIONARY), "the data dictionary", (0, 0))
    link.run(
        _composed("CREATE TABLE {}.{} (notice text, scenario text, people text)", schema, MARKED)
    )
    people = chosen.words or "everybody"
    inserting = _composed("INSERT INTO {}.{} VALUES (%s, %s, %s)", schema, MARKED)
    link.run(inserting, values=[NOTICE, name, people])
    link.run(_commented("SCHEMA", f"{NOTICE} Scenario {name}: {people}.", schema))


def _put(link: Link, spare: str, schema: str, old: list[str] | None) -> None:
    """Give the new schema its name, in place of an older one: of that, only the tables go."""
    if old is not None:
        if old:
            listed = ", ".join("{}.{}" for _ in old)
            names = [part for table in old for part in (schema, table)]
            link.run(_composed(f"DROP TABLE {listed}", *names))
        link.run(_composed("DROP SCHEMA {}", schema))
    link.run(_composed("ALTER SCHEMA {} RENAME TO {}", spare, schema))
