"""Parquet files of a lake: one for a table and a range of blocks, whole or absent.

The files of a range are written into a folder of their own beside the others and get their names
when all are complete.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from healthsim.errors import StorageError
from healthsim.persistence.database import storage_errors
from healthsim.persistence.files import fsync_file, fsync_folder, publish_over, temporary
from healthsim.persistence.judging import footer_of
from healthsim.persistence.lake import LakeFile
from healthsim.tables import Table

ENDING = ".parquet"
_ROW_GROUP = 122_880  # rows, as many as DuckDB reads at once
_LEVEL = 1  # of zstd; 3 takes a tenth longer and saves 2 % (measured)
_WHOLE = (pa.int64(), pa.int32(), pa.date32(), pa.timestamp("us"))


def file_of(table: str, first: int) -> str:
    """Return the name in a lake of the file of a table whose first block this is.

    >>> file_of("claims", 12)
    'claims/000012.parquet'
    """
    return f"{table}/{first:06}{ENDING}"


@dataclass(frozen=True)
class _Open:
    """A file that is being written."""

    table: Table
    path: Path
    writer: pq.ParquetWriter
    rows: int = 0


class RangeWriter:
    """Writes the rows of a range of blocks, a Parquet file for each table that has any.

    Rows of one table keep their order. A block's rows are in row groups of their own.

    Args:
        folder: an empty folder for the files; `published` gives them their place.
        first: the first block of the range.
        blocks: how many blocks; 0 for tables that are not about people.
    """

    def __init__(self, folder: Path, first: int, blocks: int) -> None:
        self._folder, self._first, self._blocks = folder, first, blocks
        self._open: dict[str, _Open] = {}

    def append(self, table: Table, rows: pa.Table) -> None:
        """Write rows of a table.

        Raises:
            StorageError: a required value is missing, or the disk is full.
        """
        if not rows.num_rows:
            return
        _refuse_missing(table, rows)
        rows = _compact(rows)
        known = self._open.get(table.name)
        if known is None:
            known = _Open(table, *self._begin(table, rows))
        with storage_errors(known.path):
            known.writer.write_table(_like(known.writer.schema, rows), row_group_size=_ROW_GROUP)
        self._open[table.name] = replace(known, rows=known.rows + rows.num_rows)

    def close(self) -> tuple[LakeFile, ...]:
        """Complete the files and return what they are, in the order of their first rows."""
        return tuple(map(self._close, self._open.values()))

    def abandon(self) -> None:
        """Close the files as they are: nobody wants them."""
        for one in self._open.values():
            try:
                one.writer.close()
            except (OSError, pa.ArrowException):  # what is left of them goes with the folder
                continue

    def _begin(self, table: Table, rows: pa.Table) -> tuple[Path, pq.ParquetWriter]:
        path = self._folder / file_of(table.name, self._first)
        with storage_errors(path):
            path.parent.mkdir()  # not the range's folder too: it was removed if it is not there
            return path, pq.ParquetWriter(path, rows.schema, **_options(rows.schema))

    def _close(self, one: _Open) -> LakeFile:
        with storage_errors(one.path):
            one.writer.close()
            fsync_file(one.path)
            size = one.path.stat().st_size
            digest, footer = sha256_of(one.path), footer_of(str(one.path))
        return LakeFile(one.table.name, file_of(one.table.name, self._first), self._first,
                        self._blocks, one.rows, size, digest, footer)  # fmt: skip


@contextmanager
def range_writer(lake: Path, first: int, blocks: int) -> Iterator[RangeWriter]:
    """Write a range of blocks into a folder of its own, which is gone when the block ends.

    Within the block, `published` moves the completed files into the lake.

    Args:
        lake: the folder of the lake, which must exist.
        first: the first block of the range.
        blocks: how many blocks; 0 for tables that are not about people.
    """
    folder = _beside(lake, first, blocks)
    shutil.rmtree(folder, ignore_errors=True)
    with storage_errors(lake):
        folder.mkdir()
    writer = RangeWriter(folder, first, blocks)
    try:
        yield writer
    finally:
        writer.abandon()
        shutil.rmtree(folder, ignore_errors=True)


def published(lake: Path, first: int, blocks: int, files: Sequence[LakeFile]) -> None:
    """Give the completed files of a range their names in the lake, in place of older ones."""
    folder = _beside(lake, first, blocks)
    with storage_errors(lake):
        for one in files:
            target = lake / one.file
            target.parent.mkdir(exist_ok=True)
            publish_over(folder / one.file, target, durable=False)
        for table in dict.fromkeys(one.table for one in files):
            fsync_folder(lake / table)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(lake: Path, first: int, blocks: int) -> Path:
    return temporary(lake / f"{first:06}-{blocks}")


def _options(schema: pa.Schema) -> dict[str, Any]:
    """Return how columns are written: whole numbers and days as differences, text by its words.

    Beside dictionaries for all, this takes two thirds of the time and of the bytes (measured).
    """
    whole = [field.name for field in schema if field.type in _WHOLE]
    fractions = [field.name for field in schema if field.type == pa.float64()]
    by_words = [name for name in schema.names if name not in {*whole, *fractions}]
    return {
        "compression": "zstd", "compression_level": _LEVEL, "store_schema": False,
        "store_decimal_as_integer": True, "use_dictionary": by_words,
        "column_encoding": dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
    }  # fmt: skip


def _compact(rows: pa.Table) -> pa.Table:
    """Return rows without vocabularies that are longer than the rows: all words are written."""
    for place, column in enumerate(rows.columns):
        if pa.types.is_dictionary(column.type) and any(
            len(part.dictionary) > len(part) for part in column.chunks
        ):
            words = column.cast(pa.string()).dictionary_encode()
            rows = rows.set_column(place, rows.schema.names[place], words)
    return rows


def _like(schema: pa.Schema, rows: pa.Table) -> pa.Table:
    """Return rows as Arrow of a schema: text may come by words or not."""
    if rows.schema.equals(schema):
        return rows
    columns = []
    for field, column in zip(schema, rows.columns, strict=True):
        if column.type == field.type:
            columns.append(column)
        elif pa.types.is_dictionary(field.type):
            columns.append(column.cast(pa.string()).dictionary_encode())
        else:
            columns.append(column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _refuse_missing(table: Table, rows: pa.Table) -> None:
    for column in table.columns:
        if column.required and rows.column(column.name).null_count:
            raise StorageError(
                table.name,
                f"a required value is missing ({column.name})",
                "report this as a fault of the engine, with the specification",
            )
