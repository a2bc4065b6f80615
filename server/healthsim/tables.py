"""Columns as data: what a table holds, and the arrays that modules exchange.

A column's array is one of

========================  =============================  ==========================
type                      array                          null
========================  =============================  ==========================
``BIGINT``                int64                          `NO_NUMBER`
``INTEGER``               int32                          `NO_DAY` (the same bits)
``DATE``                  int32, days since 1970-01-01   `NO_DAY`
``TIMESTAMP``             int64, minutes since 1970      `NO_NUMBER`
``DOUBLE``                float64, rounded to `decimals` NaN
``DECIMAL(12,2)``         int64, cents                   `NO_NUMBER`
``BOOLEAN``               bool                           none
``VARCHAR``               `Coded`, fixed-width bytes,    code -1, ``b""``,
                          or `Texts`                     or null
========================  =============================  ==========================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

NO_NUMBER = np.int64(-(2**63))

Rows: TypeAlias = NDArray[np.integer[Any]] | NDArray[np.bool_] | slice
"""Which rows to take: their positions, a mask, or a slice."""

Type: TypeAlias = Literal[
    "BIGINT", "INTEGER", "DATE", "TIMESTAMP", "DOUBLE", "DECIMAL(12,2)", "BOOLEAN", "VARCHAR"
]

Detail: TypeAlias = Literal["core", "coded", "full"]
"""How much of a chart is kept; each level holds those before (`products/patientsim/detail.py`)."""


@dataclass(frozen=True, eq=False)
class Coded:
    """Text as codes plus a vocabulary: never one Python string per row.

    Attributes:
        codes: int32, shape (n,); -1 where there is no value.
        vocabulary: the texts that codes 0, 1, … stand for.

    >>> Coded.of(["F", "M", None]).texts()
    ['F', 'M', None]
    """

    codes: NDArray[np.int32]
    vocabulary: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Coded:
        """Code a short list of texts; for data read once, not for rows of a run."""
        vocabulary = tuple(dict.fromkeys(text for text in texts if text is not None))
        code = {text: number for number, text in enumerate(vocabulary)}
        codes = [-1 if text is None else code[text] for text in texts]
        return cls(np.array(codes, dtype=np.int32), vocabulary)

    @classmethod
    def constant(cls, text: str | None, size: int) -> Coded:
        """Return `size` rows of the same text."""
        if text is None:
            return cls(np.full(size, -1, dtype=np.int32), ())
        return cls(np.zeros(size, dtype=np.int32), (text,))

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Rows) -> Coded:
        """Return the chosen rows, with the same vocabulary."""
        return Coded(self.codes[rows], self.vocabulary)

    def texts(self) -> list[str | None]:
        """Return the rows as Python strings; for samples and tests."""
        return [None if code < 0 else self.vocabulary[code] for code in self.codes.tolist()]

    def equals(self, text: str) -> NDArray[np.bool_]:
        """Return which rows hold `text`, bool, shape (n,)."""
        if text not in self.vocabulary:
            return np.zeros(len(self.codes), dtype=np.bool_)
        mask: NDArray[np.bool_] = self.codes == self.vocabulary.index(text)
        return mask


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts of which hardly two are the same, such as notes: bytes in Arrow, no Python strings.

    Attributes:
        strings: a pyarrow ChunkedArray of strings, shape (n,); null where there is no value.
    """

    strings: pa.ChunkedArray

    @classmethod
    def of(cls, blocks: Sequence[pa.StringArray]) -> Texts:
        """Put blocks of texts below each other."""
        import pyarrow as arrow  # noqa: PLC0415  heavy: not needed where no notes are

        return cls(arrow.chunked_array(blocks, arrow.string()))

    def __len__(self) -> int:
        return len(self.strings)

    def take(self, rows: Rows) -> Texts:
        """Return the chosen rows."""
        import pyarrow as arrow  # noqa: PLC0415  see above

        places = np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows)
        if places.dtype == np.bool_:
            places = np.flatnonzero(places)
        return Texts(self.strings.take(arrow.array(places)))

    def texts(self) -> list[str | None]:
        """Return the rows as Python strings; for samples and tests."""
        texts: list[str | None] = self.strings.to_pylist()
        return texts


Array: TypeAlias = NDArray[np.generic] | Coded | Texts
Columns: TypeAlias = dict[str, Array]
"""Rows of one table: column name -> array, all of one length."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, meaning, and what it refers to.

    Attributes:
        references: ``"table.column"`` whose values this column's values must be among.
        decimals: places kept, for ``DOUBLE``.
        source: where the field comes from in the field's own standards.
        required: no row is null.
    """

    name: str
    type: Type
    meaning: str
    references: str = ""
    decimals: int = 4
    source: str = ""
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A table as data: DDL, dictionary, integrity checks and headers derive from it.

    Attributes:
        key: columns that identify a row; rows are stored in (person_id, *key) order.
        product: the product that owns the table, or ``"healthsim"``.
    """

    name: str
    product: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    def empty(self) -> Columns:
        """Return this table without rows."""
        return {column.name: blank(column.type, 0) for column in self.columns}

    def complete(self, columns: Columns) -> Columns:
        """Return `columns` in the table's order, absent ones null; refuse unknown ones."""
        strangers = columns.keys() - self.by_name.keys()
        if strangers:
            raise KeyError(f"{self.name} has no column {sorted(strangers)}")
        size = length(columns)
        return {
            column.name: columns[column.name]
            if column.name in columns
            else blank(column.type, size)
            for column in self.columns
        }


_DTYPES: Mapping[str, tuple[type[np.generic], object]] = {
    "BIGINT": (np.int64, NO_NUMBER),
    "INTEGER": (np.int32, -(2**31)),
    "DATE": (np.int32, -(2**31)),
    "TIMESTAMP": (np.int64, NO_NUMBER),
    "DOUBLE": (np.float64, np.nan),
    "DECIMAL(12,2)": (np.int64, 0),
    "BOOLEAN": (np.bool_, False),
}


def blank(kind: Type, size: int) -> Array:
    """Return `size` nulls of a type; money, which is never null, is zero."""
    if kind == "VARCHAR":
        return Coded.constant(None, size)
    dtype, null = _DTYPES[kind]
    return np.full(size, null, dtype=dtype)


def length(columns: Mapping[str, Array]) -> int:
    """Return the number of rows."""
    return len(next(iter(columns.values()))) if columns else 0


def among(values: NDArray[np.integer[Any]], ordered: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return which values are among others that are in ascending order, bool, shape of `values`."""
    if not len(ordered):
        return np.zeros(len(values), dtype=np.bool_)
    place = np.searchsorted(ordered, values)
    found: NDArray[np.bool_] = ordered[np.minimum(place, len(ordered) - 1)] == values
    return found


def take(columns: Columns, rows: Rows) -> Columns:
    """Return the chosen rows of every column."""
    return {name: take_rows(array, rows) for name, array in columns.items()}


def take_rows(array: Array, rows: Rows) -> Array:
    """Return the chosen rows of one column."""
    return array.take(rows) if isinstance(array, Coded | Texts) else array[rows]


def stack(parts: Sequence[Columns]) -> Columns:
    """Put rows below each other; text columns are recoded to one vocabulary."""
    return {name: join([part[name] for part in parts]) for name in parts[0]}


@overload
def join(arrays: Sequence[Coded]) -> Coded: ...
@overload
def join(arrays: Sequence[Array]) -> Array: ...
def join(arrays: Sequence[Array]) -> Array:
    """Put arrays of one column below each other."""
    arrays = [array for array in arrays if len(array)] or arrays[:1]
    if len(arrays) == 1:
        return arrays[0]
    texts = [array for array in arrays if isinstance(array, Texts)]
    if texts:
        return Texts.of([block for one in texts for block in one.strings.chunks])
    if not isinstance(arrays[0], Coded):
        return np.concatenate([array for array in arrays if isinstance(array, np.ndarray)])
    coded = [array for array in arrays if isinstance(array, Coded)]
    if all(array.vocabulary == coded[0].vocabulary for array in coded[1:]):
        return Coded(np.concatenate([array.codes for array in coded]), coded[0].vocabulary)
    words = tuple(dict.fromkeys(word for array in coded for word in array.vocabulary))
    place = {word: number for number, word in enumerate(words)}
    recoded = []
    for array in coded:
        table = np.array([place[word] for word in array.vocabulary] + [-1], dtype=np.int32)
        recoded.append(table[array.codes])
    return Coded(np.concatenate(recoded), words)
