"""A digest that two runs share only if every stored value is the same (docs/design.md, promise 1).

Each column is hashed as a stream of canonical little-endian values in stored order, so the way
rows came in chunks, and the order of a vocabulary, leave no trace. The same code reads rows on
their way into a file and rows that come back out of it.

A table's digest is a tree: its rows are cut into fixed blocks of units, whatever the chunks were,
and each block has a digest of its own (docs/decisions/0055-block-digests.md). So blocks can be
digested anywhere and in any order, those of a smaller run stay those of a larger one, and what
differs has a place. A table with rows of one block only has the digest of that block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.addresses import BLOCK, UNIT
from healthsim.dates import NO_DAY
from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.database import open_read, quoted
from healthsim.tables import NO_NUMBER, Columns, Table, Type

CENTS: Mapping[str, str] = {"arrow_output_version": "'1.5'"}
"""Settings by which DuckDB hands over DECIMAL(12,2) as int64 cents."""

PERSON = "person_id"
"""The column by which rows are cut into blocks; a table without it is one block."""

_BATCH = 122_880  # rows of one DuckDB row group
_MOST_WORDS = 8_192  # more than names, places and codes have; identifiers soon pass it

_CANONICAL: Mapping[Type, tuple[str, object]] = {
    "BIGINT": ("<i8", int(NO_NUMBER)),
    "INTEGER": ("<i4", int(NO_DAY)),
    "DATE": ("<i4", int(NO_DAY)),
    "TIMESTAMP": ("<i8", int(NO_NUMBER)),
    "DOUBLE": ("<f8", float("nan")),
    "DECIMAL(12,2)": ("<i8", int(NO_NUMBER)),
}
"""Type -> dtype of the hashed bytes, and the value that stands for null."""


Blocks: TypeAlias = Mapping[str, Sequence[tuple[int, str]]]
"""Table -> its blocks in the order of their rows, each with its digest, hexadecimal."""


def blocks_of(person_id: NDArray[np.int64], units: int) -> NDArray[np.int64]:
    """Return the block, from 0, of people's units; int64, shape (n,).

    >>> blocks_of(np.array([101, 400, 501]), 4).tolist()
    [0, 0, 1]
    """
    return (person_id // UNIT - 1) // units


class Digest:
    """Collects the digests of a scenario's tables, chunk by chunk.

    Args:
        tables: their definitions.
        units: of a block; 0 where a table is one block, as in files from before there were blocks.

    Attributes:
        rows: rows seen, by table.
    """

    def __init__(self, tables: Iterable[Table], units: int = BLOCK) -> None:
        self._tables = {table.name: _TableDigest(table, units) for table in tables}

    @property
    def rows(self) -> dict[str, int]:
        """Rows seen, by table."""
        return {name: table.rows for name, table in self._tables.items()}

    def update(self, table: Table, columns: Columns) -> None:
        """Add rows of a table, in stored order."""
        self.update_arrow(table.name, to_arrow(table, columns))

    def update_arrow(self, name: str, rows: pa.Table | pa.RecordBatch) -> None:
        """Add rows of a table that are Arrow already, columns in any order."""
        self._tables[name].update(rows)

    def tables(self) -> dict[str, str]:
        """Return the digest of each table, hexadecimal, by table name."""
        return {name: table.hexdigest() for name, table in sorted(self._tables.items())}

    def blocks(self) -> dict[str, tuple[tuple[int, str], ...]]:
        """Return the digests of the blocks of each table that is about people and has rows."""
        return {name: table.blocks for name, table in sorted(self._tables.items()) if table.blocks}

    def total(self) -> str:
        """Return the digest of the whole scenario, hexadecimal."""
        return total(self.tables())


def total(tables: Mapping[str, str]) -> str:
    """Return the digest over the digests of tables, in the order of their names."""
    lines = "".join(f"{name}\t{tables[name]}\n" for name in sorted(tables))
    return hashlib.sha256(lines.encode()).hexdigest()


def of_blocks(rows: int, blocks: Sequence[tuple[int, str]]) -> str:
    """Return the digest of a table of several blocks, hexadecimal.

    Args:
        rows: of the whole table.
        blocks: those that have rows, in order, each with its digest; of a single one, the table's
            digest is the block's own.
    """
    if len(blocks) == 1:
        return blocks[0][1]
    lines = "".join(f"{block}\t{digest}\n" for block, digest in blocks)
    return hashlib.sha256(f"{rows}\n{lines}".encode()).hexdigest()


def joined(
    tables: Iterable[Table],
    rows: Mapping[str, int],
    blocks: Blocks,
    others: Mapping[str, str],
) -> dict[str, str]:
    """Return the digest of each table from those of its blocks, hexadecimal, by table name.

    Args:
        tables: their definitions.
        rows: of each table that has any.
        blocks: of tables about people, those that have rows, in order.
        others: digests of the tables that are not about people.
    """
    found = {}
    for table in tables:
        listed = blocks.get(table.name, ())
        if listed:
            found[table.name] = of_blocks(rows[table.name], listed)
        else:
            found[table.name] = others.get(table.name) or Digest([table]).tables()[table.name]
    return dict(sorted(found.items()))


def digest_stored(
    path: Path, tables: Iterable[Table], units: int = BLOCK, only: Sequence[int] | None = None
) -> Digest:
    """Digest the tables of a stored scenario, in the order in which their rows are stored.

    Args:
        path: the scenario's file.
        tables: their definitions.
        units: of a block; 0 where a table is one block.
        only: the blocks to digest, of tables about people; all where None.
    """
    known = tuple(tables)
    digest = Digest(known, units)
    with open_read(path, settings=CENTS) as connection:
        add_stored(digest, connection, known, _ranges(units, only))
    return digest


def _ranges(units: int, only: Sequence[int] | None) -> Sequence[str] | None:
    """Return SQL that is true of the people of each block; None where all are meant."""
    if only is None:
        return None
    firsts = [(block * units + 1) * UNIT for block in sorted(only)]
    return [f"{PERSON} >= {first} AND {PERSON} < {first + units * UNIT}" for first in firsts]


def add_stored(
    digest: Digest,
    connection: duckdb.DuckDBPyConnection,
    tables: Iterable[Table],
    people: Sequence[str] | None = None,
) -> None:
    """Add the rows of some tables of the current schema, in the order in which they are stored.

    Args:
        digest: what they are added to.
        connection: with the settings of `CENTS`.
        tables: their definitions.
        people: SQL of the people of each block that is wanted, one after the other; all where None.
    """
    for table in tables:
        wanted = people if people is not None and PERSON in table.by_name else ("true",)
        for condition in wanted:
            _add_table(digest, connection, table, condition)


def _add_table(
    digest: Digest, connection: duckdb.DuckDBPyConnection, table: Table, condition: str
) -> None:
    columns = ", ".join(quoted(column.name) for column in table.columns)
    rows = connection.sql(
        f"SELECT {columns} FROM {quoted(table.name)} WHERE {condition}"  # noqa: S608
    )
    for batch in rows.to_arrow_reader(_BATCH):
        digest.update_arrow(table.name, batch)


class _TableDigest:
    """The digests of a table's blocks, of which one is open."""

    def __init__(self, table: Table, units: int) -> None:
        self.rows = 0
        self._table = table
        self._units = units if PERSON in table.by_name else 0
        self._done: list[tuple[int, str]] = []
        self._open(0)

    def _open(self, block: int) -> None:
        self._block, self._in_block = block, 0
        self._columns = {one.name: _ColumnDigest(one.type) for one in self._table.columns}

    def update(self, rows: pa.Table | pa.RecordBatch) -> None:
        if not rows.num_rows:
            return
        self.rows += rows.num_rows
        if not self._units:
            self._add(rows)
            return
        blocks = blocks_of(_numbers_of(rows.column(PERSON)), self._units)
        cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(blocks)]
        for first, end in pairwise(cuts):
            if self._in_block and blocks[first] != self._block:
                self._done.append((self._block, self._digest()))
                self._open(int(blocks[first]))
            self._block = int(blocks[first])
            self._add(rows.slice(first, end - first))

    def _add(self, rows: pa.Table | pa.RecordBatch) -> None:
        self._in_block += rows.num_rows
        for column, digest in self._columns.items():
            values = rows.column(column)
            for part in values.chunks if isinstance(values, pa.ChunkedArray) else (values,):
                if len(part):
                    digest.update(part)

    @property
    def blocks(self) -> tuple[tuple[int, str], ...]:
        """The blocks that have rows; none of a table that is not about people."""
        last = [(self._block, self._digest())] if self._in_block and self._units else []
        return (*self._done, *last)

    def hexdigest(self) -> str:
        return of_blocks(self.rows, self.blocks) if self._done else self._digest()

    def _digest(self) -> str:
        """Return the digest of the open block."""
        digest = hashlib.sha256(f"{self._in_block}\n".encode())
        for name in sorted(self._columns):
            column = self._columns[name]
            digest.update(f"{name}\t{column.kind}\t{column.hexdigest()}\n".encode())
        return digest.hexdigest()


class _ColumnDigest:
    """SHA-256 over one column, as two streams.

    Numbers use the first alone. Text is coded by the order in which words first appear, as long
    as there are at most `_MOST_WORDS` of them: codes go to the first stream, words to the second.
    From the first row with one word too many, lengths go to the first and bytes to the second.
    Both depend on the stored values and their order alone.
    """

    def __init__(self, kind: Type) -> None:
        self.kind = kind
        self._values = hashlib.sha256()
        self._bytes = hashlib.sha256()
        self._words: dict[str, int] | None = {}

    def update(self, values: pa.Array) -> None:
        if self.kind != "VARCHAR":
            self._values.update(_numbers(self.kind, values).data)
            return
        while self._words is not None and len(values):
            coded = pa.types.is_dictionary(values.type)
            piece = values if coded else values.slice(0, _MOST_WORDS)  # texts may hardly repeat
            left = self._code(piece, self._words)
            values = values.slice(len(piece) - len(left))
        if len(values):
            lengths, text = _text(values)
            self._values.update(lengths.data)
            self._bytes.update(text)

    def _code(self, values: pa.Array, words: dict[str, int]) -> pa.Array:
        """Hash text by its words; return the rows from the first with a word too many."""
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        if len(coded.dictionary) > len(coded):  # words that no row has take longest
            coded = coded.dictionary_decode().dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        listed = coded.dictionary.to_pylist()
        table = np.array([*(words.get(word, -2) for word in listed), -1], dtype="<i4")
        end = len(codes)
        for code, first in _new_words(codes, table):
            if listed[code] in words:  # a vocabulary may have a word twice
                table[code] = words[listed[code]]
                continue
            if len(words) == _MOST_WORDS:
                end, self._words = first, None
                break
            table[code] = words[listed[code]] = len(words)
            self._bytes.update(f"{listed[code]}\0".encode())
        self._values.update(np.ascontiguousarray(table[codes[:end]]).data)
        return values.slice(end)

    def hexdigest(self) -> str:
        return hashlib.sha256(self._values.digest() + self._bytes.digest()).hexdigest()


def _numbers_of(values: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    """Return whole numbers as an array, shape (n,); a null, which only strange files have, is 0."""
    found: NDArray[np.int64] = values.fill_null(0).to_numpy().astype(np.int64, copy=False)
    return found


def _new_words(
    codes: NDArray[np.signedinteger[Any]], table: NDArray[np.int32]
) -> list[tuple[int, int]]:
    """Return (code, first row) of the words not met before, in the order of their first rows."""
    unknown = np.flatnonzero(table[:-1] == -2)
    if not len(unknown):
        return []
    first = np.full(len(table), len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    met = unknown[first[unknown] < len(codes)]
    order = met[np.argsort(first[met])]
    return list(zip(order.tolist(), first[order].tolist(), strict=True))


def _numbers(kind: Type, values: pa.Array) -> NDArray[np.generic]:
    """Return the canonical values, shape (n,): null by its sentinel, no -0.0, one NaN."""
    if kind == "BOOLEAN":
        flags: NDArray[np.generic] = values.cast(pa.uint8()).to_numpy()
        return flags
    dtype, null = _CANONICAL[kind]
    width = np.dtype(dtype)
    raw = np.frombuffer(values.buffers()[1], width, len(values), values.offset * width.itemsize)
    if values.null_count:
        missing = values.is_null().to_numpy(zero_copy_only=False)
        raw = np.where(missing, np.array(null, dtype=width), raw)
    return raw + 0.0 if kind == "DOUBLE" else raw  # -0.0 becomes 0.0


def _text(values: pa.Array) -> tuple[NDArray[np.int32], pa.Buffer | bytes]:
    """Return lengths in bytes, int32, shape (n,), -1 where null; and the bytes, end to end."""
    strings = values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values
    _, starts, data = strings.buffers()
    offsets = np.frombuffer(starts, "<i4", len(strings) + 1, strings.offset * 4)
    lengths = np.diff(offsets)
    size = int(offsets[-1]) - int(offsets[0])
    if strings.null_count:
        missing = strings.is_null().to_numpy(zero_copy_only=False)
        gaps = bool(lengths[missing].any())
        lengths[missing] = -1
        if gaps:
            return lengths, _text(strings.drop_null())[1]
    return lengths, data.slice(int(offsets[0]), size) if size else b""
