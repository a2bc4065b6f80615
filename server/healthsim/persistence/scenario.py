"""What a scenario says about itself: its manifest and its data dictionary, as two tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

from healthsim.errors import StorageError
from healthsim.foreign import flat, flat_in, whole_in
from healthsim.formats import FIRST, Formats
from healthsim.persistence.database import SCHEMA, insert, storage_errors
from healthsim.persistence.files import DamagedFile, UnknownFormat
from healthsim.persistence.judgement import (
    DICTIONARY,
    DICTIONARY_COLUMNS,
    MANIFEST,
    MANIFEST_COLUMNS,
)
from healthsim.tables import Column, Table

_CREATE = tuple(
    f"CREATE TABLE {SCHEMA}.{table} ("
    + ", ".join(
        f"{name} {kind}{'' if name == 'decimals' else ' NOT NULL'}"
        for name, kind in columns.items()
    )
    + ")"
    for table, columns in ((MANIFEST, MANIFEST_COLUMNS), (DICTIONARY, DICTIONARY_COLUMNS))
)
_READ_DICTIONARY = (
    "SELECT table_name, column_name, type, meaning, required, decimals, reference, source, "  # noqa: S608
    f"product, grain, key FROM {DICTIONARY} ORDER BY rowid"
)


def _numbered(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """1 to 2 (November 2026): the format got a number, and what early files lack is empty."""
    return {"references": {}, "expectations": [], "unlisted_codes": [], **manifest}


SCENARIOS = Formats("scenario files", {1: _numbered})
FORMAT = SCENARIOS.current
"""The format of the scenario files that this version writes."""


@dataclass(frozen=True)
class Manifest:
    """Where a scenario came from and what is in it.

    Attributes:
        profile: the profile as canonical JSON text; `journeys` likewise.
        engine_key: digest of what was run: specs, seed, count and engine version.
        references: digest of each reference that was drawn from, by name.
        rows: rows stored, by table, in storing order.
        digests: digest of each table; `digest` is the one over all of them.
        blocks: digests of the blocks of units of each table about people, as block and digest;
            empty where everybody is in one block, and in files from before there were blocks.
        expectations: each one's where, expectation, expected, got and met.
        unlisted_codes: codes that no book knew and that the specifications let pass.
        figures: how each stated figure came out that chance decided while people walked their
            journeys: journey, step, figure, kind (share, rate, mean), constant or None; how often
            it was asked, sums of the shares, of their variances and of the hazard accrued, how
            many were cut short, and how often it happened; None in files that do not say.
        requests: what people asked for, in their words.
        wishes: the pieces of the requests that say something: request, words, fate (bound, changed,
            open, not_built, ignored), path and note.
        lake: name of the folder of its Parquet files in the lake beside it; empty where its rows
            are in the file.
        created_at: when it was made, ISO in UTC; says nothing about the rows and is not in
            `digest`.
        format: number of the form in which the file is written.
    """

    profile: str
    journeys: tuple[str, ...]
    seed: int
    count: int
    engine_version: str
    engine_key: str
    rows: Mapping[str, int]
    digests: Mapping[str, str]
    digest: str
    references: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    created_at: str = ""
    expectations: tuple[Mapping[str, Any], ...] = ()
    unlisted_codes: tuple[str, ...] = ()
    figures: tuple[Sequence[Any], ...] | None = None
    blocks: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    requests: tuple[str, ...] = ()
    wishes: tuple[Mapping[str, Any], ...] = ()
    lake: str = ""
    format: int = FORMAT

    def named(self, name: str, description: str, tags: Iterable[str], created_at: str) -> Manifest:
        """Return the manifest of the same rows under a scenario's name."""
        return replace(
            self, name=name, description=description, tags=tuple(tags), created_at=created_at
        )

    def asked(self, requests: Iterable[str], wishes: Iterable[Mapping[str, Any]]) -> Manifest:
        """Return the manifest with what people asked for, and what became of it."""
        return replace(self, requests=tuple(requests), wishes=tuple(wishes))

    def in_lake(self, generation: str) -> Manifest:
        """Return the manifest of the same rows in another folder; empty where they are no lake."""
        return replace(self, lake=generation)

    def texts(self) -> list[tuple[str, str]]:
        """Return the manifest as (key, JSON text) rows."""
        return [(part.name, _json(getattr(self, part.name))) for part in fields(self)]

    @classmethod
    def of(cls, texts: Mapping[str, str], where: str) -> Manifest:
        """Read a manifest from its rows.

        Raises:
            UnknownFormat: the file is of a format that this version cannot read.
            StorageError: a key is missing or unreadable.
        """
        known = {part.name for part in fields(cls)}
        try:
            document = {key: _read(text) for key, text in texts.items()}
            number = document.pop("format", FIRST)
            problem = SCENARIOS.problem(number, f"{where}: format")
            if problem is not None:
                raise UnknownFormat(problem.where, problem.found + _made_by(document), problem.mend)
            migrated = SCENARIOS.migrate(document, number)
            values = {key: value for key, value in migrated.items() if key in known}
            for key in ("journeys", "tags", "expectations", "unlisted_codes", "requests", "wishes"):
                values[key] = tuple(values.get(key, ()))
            if values.get("figures") is not None:
                values["figures"] = tuple(values["figures"])
            for key, value in values.items():
                _check_kind(key, value)
            values |= {key: _shown(key, values[key]) for key in _LONGEST if key in values}
            values["profile"] = _specification(values["profile"])
            values["journeys"] = tuple(map(_specification, values["journeys"]))
            return cls(**values)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise _foreign(where, f"its manifest is incomplete ({str(error)[:200]})") from error


_LONGEST_MEANING = 500  # characters of what a dictionary says of a column
_MOST_DIGITS = 30  # of a whole number in a manifest
_FIGURE = 11  # values of one of `Manifest.figures`
_KINDS: Mapping[str, type] = MappingProxyType({
    **dict.fromkeys(("seed", "count", "format"), int), **dict.fromkeys(
        ("profile", "engine_version", "engine_key", "digest", "name", "description", "created_at",
         "lake"),
        str,
    ),
})  # fmt: skip
_PARTS: Mapping[str, type] = MappingProxyType({
    **dict.fromkeys(("journeys", "tags", "unlisted_codes", "requests"), str),
    **dict.fromkeys(("digests", "references"), str),
    **dict.fromkeys(("expectations", "wishes"), dict),
    "rows": int,
})  # fmt: skip


_LONGEST: Mapping[str, int] = MappingProxyType({
    "description": 2_000, "tags": 100, "unlisted_codes": 60, "requests": 10_000, "wishes": 1_000,
    "expectations": 500, "engine_version": 40, "created_at": 40, "references": 100, "rows": 64,
    "name": 100, "lake": 40, "digest": 128, "digests": 128, "blocks": 128, "engine_key": 128,
    "figures": 500,
})  # fmt: skip
"""Characters of the texts of a manifest that are shown; they may come from anybody."""


def _shown(key: str, value: Any) -> Any:
    """Return a part of a manifest with its texts on one line and bounded."""
    made = flat_in(value, _LONGEST[key])
    return tuple(made) if isinstance(value, tuple) else made


def _specification(text: str) -> str:
    """Return a profile or journey as its text; halves of characters are marked in it too.

    Raises:
        TypeError: it is no object.
    """
    document = json.loads(text, parse_int=_number)
    if not isinstance(document, dict):
        raise TypeError("a specification is no object")
    safe = whole_in(document)
    return text if safe == document else _json(safe)


def _read(text: str) -> Any:
    """Read one value of a manifest; halves of characters are marked in it."""
    return whole_in(json.loads(text, parse_int=_number))


def _number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def _check_kind(key: str, value: Any) -> None:
    """Raise a TypeError unless a part of a manifest is of its type, and what it holds likewise."""
    if key in _KINDS:
        fits = isinstance(value, _KINDS[key])
    elif key in ("rows", "digests", "references"):
        fits = isinstance(value, dict) and _all_are(value.values(), _PARTS[key])
    elif key == "blocks":
        fits = isinstance(value, dict) and all(map(_are_blocks, value.values()))
    elif key == "figures":
        fits = value is None or all(isinstance(row, list) and _is_figure(row) for row in value)
    else:
        fits = _all_are(value, _PARTS[key])
    if not fits:
        raise TypeError(f"{key} is not what it should be")


def _is_figure(row: list[Any]) -> bool:
    """Return whether a figure has its four names, perhaps a constant, and six numbers."""
    names, constant, numbers = row[:4], row[4:5], row[5:]
    return (
        len(row) == _FIGURE
        and _all_are(names, str)
        and (constant == [None] or isinstance(constant[0], int | float))
        and all(isinstance(number, int | float) for number in numbers)
    )


def _are_blocks(listed: Any) -> bool:
    """Return whether a table's blocks are pairs of a number and a digest."""
    return isinstance(listed, list) and all(
        isinstance(pair, list) and len(pair) == 2
        and isinstance(pair[0], int) and isinstance(pair[1], str)
        for pair in listed
    )  # fmt: skip


def _all_are(items: Iterable[Any], kind: type) -> bool:
    return all(isinstance(item, kind) for item in items)


def _made_by(manifest: Mapping[str, Any]) -> str:
    version = manifest.get("engine_version")
    return f" (made by HealthSim {flat(version, 40)})" if isinstance(version, str) else ""


def write_manifest(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, tables: Iterable[Table]
) -> None:
    """Write manifest and data dictionary, at once, into a file that is attached for writing."""
    connection.execute("BEGIN")
    for statement in _CREATE:
        connection.execute(statement)
    _insert(connection, MANIFEST, manifest.texts())
    _insert(connection, DICTIONARY, [row for table in tables for row in _dictionary(table)])
    connection.execute("COMMIT")


def rewrite_manifest(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Replace the manifest of a file that is attached for writing, in one transaction."""
    connection.execute("BEGIN")
    connection.execute(f"DELETE FROM {SCHEMA}.{MANIFEST}")  # noqa: S608
    _insert(connection, MANIFEST, manifest.texts())
    connection.execute("COMMIT")


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]
) -> None:
    """Insert rows as Arrow: as parameters of a statement they take ten times as long."""
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    names = [str(place) for place in range(len(columns))]
    insert(connection, table, pa.Table.from_arrays(columns, names))


def read_manifest(connection: duckdb.DuckDBPyConnection, path: Path) -> Manifest:
    """Read the manifest of an open file; `path` names it in errors."""
    try:
        rows = connection.execute(f"SELECT key, value FROM {MANIFEST}").fetchall()  # noqa: S608
    except duckdb.CatalogException as error:
        raise _foreign(path.name, "it is a DuckDB file, but not a scenario") from error
    return Manifest.of(dict(rows), path.name)


def read_tables(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[Table, ...]:
    """Read the tables of an open file from its data dictionary, in storing order."""
    with storage_errors(path):
        rows = connection.execute(_READ_DICTIONARY).fetchall()
    tables: dict[str, Table] = {}
    for name, column, kind, meaning, required, decimals, reference, source, *about in rows:
        product, grain, key = about
        meaning, grain, source, reference, product = (
            flat(text, _LONGEST_MEANING) for text in (meaning, grain, source, reference, product)
        )
        old = tables.get(name) or Table(name, product, grain, _key(key, path), ())
        described = Column(
            column, kind, meaning, reference, decimals if decimals is not None else 4, source,
            required,
        )  # fmt: skip
        tables[name] = replace(old, columns=(*old.columns, described))
    return tuple(tables.values())


def _key(text: str, path: Path) -> tuple[str, ...]:
    try:
        key = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or not _all_are(key, str):
        raise _foreign(path.name, "its dictionary has a table whose key cannot be read")
    return tuple(flat_in(key, _LONGEST_MEANING))


def _dictionary(table: Table) -> list[tuple[object, ...]]:
    return [
        (
            table.name, column.name, column.type, column.meaning, column.required,
            column.decimals if column.type == "DOUBLE" else None, column.references,
            column.source, position, table.product, table.grain, _json(table.key),
        )
        for position, column in enumerate(table.columns, start=1)
    ]  # fmt: skip


def _json(value: object) -> str:
    plain = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(plain, ensure_ascii=False)


def _foreign(where: str, found: str) -> StorageError:
    return DamagedFile(
        where, found, "open it with the program that made it, or delete it and save again"
    )
