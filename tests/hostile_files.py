"""Scenario files that somebody might send: one of each kind that must be refused.

Each is a small honest file that was changed, or no such file at all. What they reach for, if they
are read, is a canary: the text of a file, a variable of the environment, a file to overwrite.
"""

from __future__ import annotations

import gzip
import os
import struct
import tempfile
from atexit import register
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import duckdb

from persistence.saving import kept_run

CANARY = "canary-in-a-file"
VARIABLE = "HEALTHSIM_CANARY"
IN_ENVIRONMENT = "canary-in-the-environment"
PRECIOUS = "a file of somebody else"


@dataclass(frozen=True)
class Surroundings:
    """What lies around the home: a file to read, and one that must stay as it is."""

    folder: Path

    @property
    def secret(self) -> Path:
        return self.folder / "secret.txt"

    @property
    def victim(self) -> Path:
        return self.folder / "victim.csv"

    def prepare(self) -> None:
        self.secret.write_text(f'"{CANARY}"')
        self.victim.write_text(PRECIOUS)


Make = Callable[[Path, Surroundings], None]


@dataclass(frozen=True)
class Kind:
    """A kind of hostile file.

    Attributes:
        make: changes an honest file, or puts something else in its place.
        said: words of the refusal; of several between bars, one.
        is_listed: the list does not look so far, and shows it as any other.
    """

    make: Make
    said: str
    is_listed: bool = False

    def is_said(self, text: str) -> bool:
        """Say whether a text refuses such a file."""
        return any(words in text for words in self.said.split("|"))


def change(path: Path, *statements: str) -> None:
    """Change a file as anybody can, with DuckDB."""
    connection = _connection()
    connection.execute(f"ATTACH '{path}' AS f")
    try:
        connection.execute("USE f")
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.execute("USE memory")
        connection.execute("DETACH f")


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """Return the connection of this process that changes files: a new one takes its time."""
    connection = duckdb.connect()
    register(connection.close)
    return connection


def _sql(said: str, *statements: str) -> Kind:
    """Return a kind that statements make; `{secret}` and `{victim}` are paths without ending."""

    def make(path: Path, around: Surroundings) -> None:
        victim = str(around.victim.with_suffix(""))
        filled = (
            statement.replace("{secret}", str(around.secret)).replace("{victim}", victim)
            for statement in statements
        )
        change(path, *filled)

    return Kind(make, said)


def _as_view(table: str, query: str) -> Kind:
    return _sql(f"it has a view, '{table}'", f"DROP TABLE {table}",
                f"CREATE VIEW {table} AS {query}")  # fmt: skip


def _bytes(said: str, content: Callable[[bytes], bytes]) -> Kind:
    def make(path: Path, around: Surroundings) -> None:
        path.write_bytes(content(path.read_bytes()))

    return Kind(make, said)


def _instead(said: str, put: Make) -> Kind:
    def make(path: Path, around: Surroundings) -> None:
        path.unlink()
        put(path, around)

    return Kind(make, said)


def _encrypted(path: Path, around: Surroundings) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET force_mbedtls_unsafe = 'true'")
        connection.execute(f"ATTACH '{path}' AS f (ENCRYPTION_KEY 'key')")
        connection.execute("CREATE TABLE f.healthsim_manifest (key VARCHAR, value VARCHAR)")


def _newer(content: bytes) -> bytes:
    """Return a file with the storage number of a later DuckDB, and the check sum of its head."""
    head = bytearray(content[8:4096])
    head[4:12] = struct.pack("<Q", 12_000)
    total = 5381
    for (word,) in struct.iter_unpack("<Q", head):
        total ^= word * 0xBF58476D1CE4E5B9 % 2**64
    return struct.pack("<Q", total) + bytes(head) + content[4096:]


def _linked(path: Path, around: Surroundings) -> None:
    target = around.folder / "elsewhere.duckdb"
    change(target, "CREATE TABLE t (a INTEGER)")
    path.symlink_to(target)


def _logged(path: Path, around: Surroundings) -> None:
    path.with_name(path.name + ".wal").write_bytes(b"what was not yet written")


def _nested(path: Path, around: Surroundings) -> None:
    """Put a stored file there, with a view of 14,000 nested calls: DuckDB ends as it opens it.

    It took a thread with a stack of a gigabyte to make it:
    ``CREATE VIEW nested AS SELECT abs(abs(...1...)) AS a``, `max_expression_depth` raised.
    """
    with gzip.open(Path(__file__).parent / "data" / "nested-view.duckdb.gz") as packed:
        path.write_bytes(packed.read())


@cache
def _of_many_rows() -> bytes:
    """Return a file whose table of one repeated value has more rows than bytes can hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = kept_run(Path(folder) / "many.duckdb", count=5)
        change(path, "CREATE TABLE members AS SELECT true AS alive FROM range(40000000)")
        return path.read_bytes()


_COLUMNS = "CREATE TABLE healthsim_columns AS SELECT 'patients' AS table_name"
_ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r"

KINDS: Mapping[str, Kind] = {
    "manifest is a view over a file": _as_view(
        "healthsim_manifest", "SELECT 'description' AS key, content AS value "
        "FROM read_text('{secret}')"),
    "dictionary is a view over a file": _as_view(
        "healthsim_columns", "SELECT content AS table_name FROM read_text('{secret}')"),
    "a table is a view over a file": _as_view("patients", "FROM read_text('{secret}')"),
    "a table is a view over the environment": _as_view(
        "patients", "SELECT content FROM read_blob('/proc/self/environ')"),
    "a view over a setting": _as_view("plans", "SELECT current_setting('home_directory')"),
    "a recursive view": _as_view("patients", _ENDLESS),
    "a view that never ends": _as_view("plans", "SELECT a.range FROM range(10000000) a, "
                                       "range(10000000) b, range(10000000) c ORDER BY random()"),
    "a view over the settings": _sql("it has a view, 'settings'",
                                     "CREATE VIEW settings AS FROM duckdb_settings()"),
    "a view over the databases": _sql("it has a view, 'places'",
                                      "CREATE VIEW places AS FROM duckdb_databases()"),
    "a view nested until DuckDB ends": Kind(_nested, "DuckDB did not open it|it has a view"),
    "a macro in place of a function": _sql(
        "it has a macro, 'sum'", "CREATE MACRO sum(x) AS current_setting('home_directory')"),
    "a macro of a table": _sql(
        "it has a macro, 'range'", "CREATE MACRO range(x) AS TABLE FROM duckdb_databases()"),
    "a trigger": _sql(
        "it has a trigger, 'pull'", "CREATE TRIGGER pull AFTER INSERT ON healthsim_manifest "
        "REFERENCING NEW TABLE AS n FOR EACH STATEMENT INSERT INTO plans SELECT key FROM n"),
    "a type": _sql("it has a type of its own, 'mood'", "CREATE TYPE mood AS ENUM ('a', 'b')"),
    "a sequence": _sql("it has a sequence, 'count'", "CREATE SEQUENCE count"),
    "an index over an expression": _sql(
        "it has an index, 'i'", "CREATE INDEX i ON plans (lower(plan_id))"),
    "a schema": _sql("it has a schema beside main, 'other'", "CREATE SCHEMA other",
                     "CREATE TABLE other.patients AS SELECT 1 AS person_id"),
    "a check": _sql("it has a table with a constraint, 'members'",
                    "CREATE TABLE members (a INTEGER CHECK (current_setting('threads') > 0))"),
    "a default": _sql(
        "it has a column with a default, 'plans.plan_id'",
        "ALTER TABLE plans ALTER plan_id SET DEFAULT current_setting('memory_limit')"),
    "a computed column": _sql(
        "it has a computed column, 'members.b'",
        "CREATE TABLE members (a INTEGER, b AS (current_setting('memory_limit')))"),
    "an unknown table": _sql("it has a table that HealthSim does not know, 'mine'",
                             "CREATE TABLE mine AS SELECT 1 AS a"),
    "a table named as a path": _sql(
        "it has a table with a strange name", 'CREATE TABLE "{victim}" (a INTEGER)',
        "UPDATE healthsim_columns SET table_name = '{victim}' WHERE table_name = 'patients'"),
    "a table named as a path upwards": _sql(
        "it has a table with a strange name, '../../../victim'",
        'CREATE TABLE "../../../victim" (a INTEGER)'),
    "a table named by an escape": _sql(r"it has a table with a strange name, 'a",
                                       'CREATE TABLE "a\x1b[2Jb\n" (a INTEGER)'),
    "a path in the dictionary alone": _sql(
        "its dictionary names a table that HealthSim does not know",
        "UPDATE healthsim_columns SET table_name = '{victim}' WHERE table_name = 'plans'"),
    "a column with a strange name": _sql("has a column with a strange name",
                                         'ALTER TABLE plans ADD COLUMN "x; DROP" INTEGER'),
    "a column of a strange type": _sql("has a type that no scenario has, 'STRUCT",
                                       "ALTER TABLE plans ADD COLUMN s STRUCT(a INTEGER)"),
    "a manifest with other columns": _sql(
        "healthsim_manifest does not have the columns that it should",
        "ALTER TABLE healthsim_manifest ADD COLUMN more VARCHAR"),
    "a dictionary with other columns": _sql(
        "healthsim_columns does not have the columns that it should",
        "DROP TABLE healthsim_columns", _COLUMNS),
    "no dictionary": _sql("healthsim_columns does not have the columns that it should",
                          "DROP TABLE healthsim_columns"),
    "no manifest": _sql("it is a DuckDB file, but not a scenario",
                        "DROP TABLE healthsim_manifest"),
    "a manifest of many rows": _sql(
        "its table healthsim_manifest has", "INSERT INTO healthsim_manifest "
        "SELECT 'k' || range, '1' FROM range(500)"),
    "a manifest of much text": _sql(
        "its table healthsim_manifest has", "INSERT INTO healthsim_manifest "
        "SELECT 'k' || range, repeat('x', 1000000) FROM range(40)"),
    "rows out of nothing": _bytes("claims 40,000,000 rows", lambda content: _of_many_rows()),
    "rows out of nothing before a hole": _bytes(
        "claims 40,000,000 rows", lambda content: _of_many_rows() + bytes(10_000_000)),
    "a text as long as a book": replace(_sql(
        "column plans.plan_id has a text of 1,000,000 bytes",
        "INSERT INTO plans (plan_id) SELECT repeat('x', 1000000)"), is_listed=True),
    "a dictionary that takes capitals for small letters": _sql(
        "it has a column with a collation, 'healthsim_columns'",
        "ALTER TABLE healthsim_columns ALTER table_name SET DATA TYPE VARCHAR COLLATE NOCASE"),
    "an empty file": _bytes("it is empty, not a DuckDB file", lambda content: b""),
    "text": _bytes("it is not a DuckDB file", lambda content: b"SELECT 1;\n" * 500),
    "an SQLite file": _bytes("it is not a DuckDB file",
                             lambda content: b"SQLite format 3\0" + bytes(4080)),
    "a truncated file": _bytes("it is cut short, damaged", lambda content: content[:20_000]),
    "a file with a changed block": _bytes(
        "it is cut short, damaged", lambda content: content[:12_288] + bytes(2**18)),
    "a file of a newer DuckDB": _bytes("it was written by a newer DuckDB", _newer),
    "an encrypted file": _instead("it is encrypted", _encrypted),
    "a log beside it": Kind(_logged, "a log of changes lies beside it"),
    "a link": _instead("it is a link to another place", _linked),
    "a link to nowhere": _instead("it is a link to another place",
                                  lambda path, around: path.symlink_to(around.folder / "gone")),
    "a pipe": _instead("it is a pipe", lambda path, around: os.mkfifo(path)),
}  # fmt: skip
