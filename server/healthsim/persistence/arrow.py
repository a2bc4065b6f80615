"""The door between HealthSim's columns and Arrow, which DuckDB reads without a copy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.tables import NO_NUMBER, Array, Coded, Columns, Table, Texts, Type

MICROSECONDS = 60_000_000
"""In a minute: DuckDB's TIMESTAMP counts microseconds, our columns count minutes."""

_ARROW: Mapping[Type, pa.DataType] = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "DOUBLE": pa.float64(),
    "DECIMAL(12,2)": pa.decimal64(12, 2),  # its buffer is int64 cents, which are what we hold
}


def to_arrow(table: Table, columns: Columns) -> pa.Table:
    """Return rows of a table as Arrow, in the table's column order.

    Numbers, days and cents keep their buffers; instants are copied into microseconds; text
    becomes a dictionary of its vocabulary. A mask is made only where a value is missing.

    Args:
        table: what the rows are.
        columns: every column of the table, arrays as `healthsim.tables` describes them.
    """
    arrays = [arrow_array(column.type, columns[column.name]) for column in table.columns]
    return pa.Table.from_arrays(arrays, [column.name for column in table.columns])


def plain_schema(table: Table) -> pa.Schema:
    """Return the types in which other engines take the rows of a table; `to_arrow` casts to them.

    Text is strings, without vocabularies, and an amount has 128 bits: Spark reads neither
    dictionaries nor decimals of 64 bits.
    """
    return pa.schema([(column.name, _plain(column.type)) for column in table.columns])


def _plain(kind: Type) -> pa.DataType:
    if kind == "DECIMAL(12,2)":
        return pa.decimal128(12, 2)
    return _ARROW.get(kind, pa.bool_() if kind == "BOOLEAN" else pa.string())


def arrow_array(kind: Type, array: Array) -> pa.Array | pa.ChunkedArray:
    """Return one column as an Arrow array, in pieces where it is `Texts`."""
    if isinstance(array, Coded):
        return _dictionary(array)
    if isinstance(array, Texts):
        return array.strings
    if array.dtype.kind == "S":
        return _fixed_text(array)
    if kind == "BOOLEAN":
        return pa.array(array)
    known = _known(kind, array)
    mask = None if known.all() else _bits(known)
    values = array.astype(np.int64) * MICROSECONDS if kind == "TIMESTAMP" else array
    contiguous = np.ascontiguousarray(values)
    return pa.Array.from_buffers(_ARROW[kind], len(array), [mask, pa.py_buffer(contiguous)])


def _known(kind: Type, array: NDArray[np.generic]) -> NDArray[np.bool_]:
    if kind == "DOUBLE":
        return ~np.isnan(array.astype(np.float64, copy=False))
    missing: np.generic = NO_DAY if kind in {"INTEGER", "DATE"} else NO_NUMBER
    known: NDArray[np.bool_] = array != missing
    return known


def _bits(known: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(known, bitorder="little"))


def _dictionary(text: Coded) -> pa.DictionaryArray:
    known = text.codes >= 0
    mask = None if known.all() else _bits(known)
    codes = np.ascontiguousarray(text.codes, dtype=np.int32)
    indices = pa.Array.from_buffers(pa.int32(), len(codes), [mask, pa.py_buffer(codes)])
    return pa.DictionaryArray.from_arrays(indices, _words(text.vocabulary))


@lru_cache(maxsize=256)
def _words(vocabulary: tuple[str, ...]) -> pa.StringArray:
    return pa.array(vocabulary, pa.string())


def _fixed_text(text: NDArray[np.generic]) -> pa.StringArray:
    """Turn fixed-width bytes, shape (n,), into text; b"" is null."""
    strings = pa.array(text).cast(pa.string())
    known = text != b""
    if known.all():
        return strings
    buffers = strings.buffers()
    return pa.Array.from_buffers(pa.string(), len(text), [_bits(known), *buffers[1:]])
