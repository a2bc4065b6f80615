"""Columns as texts: numbers, days, words, and lists of what belongs to a note."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.notes.phrases import Strings, constant, glued
from healthsim.tables import NO_NUMBER, Array, Coded, Texts

Places = NDArray[np.int64]
"""Positions of rows; -1 where there is none."""

_FIRST = int(np.datetime64("1870-01-01").astype(np.int64))
_LAST = int(np.datetime64("2130-01-01").astype(np.int64))
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def places(rows: NDArray[np.integer[Any]]) -> pa.Array:
    """Return positions of rows as Arrow takes them; null where below 0.

    `pyarrow.array` looks for pandas each time, which takes longer than a small take.
    """
    whole = np.ascontiguousarray(rows, dtype=np.int64)
    known = whole >= 0
    mask = None if known.all() else _bits(known)
    return pa.Array.from_buffers(pa.int64(), len(whole), [mask, pa.py_buffer(whole)])


def flags(truth: NDArray[np.bool_]) -> pa.BooleanArray:
    """Return truths as Arrow takes them."""
    return pa.Array.from_buffers(pa.bool_(), len(truth), [None, _bits(truth)])


def _bits(truth: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(truth, bitorder="little"))


def words(column: Array) -> Strings:
    """Return a column of text; null where it has none."""
    if isinstance(column, Coded):
        return taken(pa.array(column.vocabulary, pa.string()), column.codes)
    if isinstance(column, Texts):
        return column.strings.combine_chunks()
    return unless(pa.array(column).cast(pa.string()), np.asarray(column == b""))


def recoded(column: Coded, texts: Sequence[str | None]) -> Strings:
    """Return a text for each word of a column's vocabulary, in the place of the word."""
    return taken(pa.array(texts, pa.string()), column.codes)


def taken(strings: Strings, rows: NDArray[np.integer[Any]]) -> Strings:
    """Return the texts at some places; null where the place is below 0."""
    return strings.take(places(rows))


def unless(strings: Strings, without: NDArray[np.bool_]) -> Strings:
    """Return the texts, null where `without`."""
    return pc.if_else(flags(without), constant(None), strings)


def only(strings: Strings | str, where: NDArray[np.bool_]) -> Strings:
    """Return the texts, or one text, null but for `where`."""
    chosen = constant(strings) if isinstance(strings, str) else strings
    return pc.if_else(flags(where), chosen, constant(None))


def either(first: Strings, *others: Strings | str) -> Strings:
    """Return the first text that is not null."""
    given = (constant(one) if isinstance(one, str) else one for one in others)
    return pc.coalesce(first, *given)


def nothing(size: int) -> Strings:
    """Return `size` nulls."""
    return pa.nulls(size, pa.string())


def joined(separator: str, *parts: Strings) -> Strings:
    """Return what is there of some texts, with a separator between; null where nothing is."""
    first = pa.repeat("", len(parts[0]))  # pyarrow 26 leaves out rows in which all are null
    whole = pc.binary_join_element_wise(first, *parts, constant(separator), null_handling="skip")
    whole = pc.utf8_slice_codeunits(whole, len(separator))
    return pc.if_else(pc.equal(pc.binary_length(whole), 0), constant(None), whole)


def capital(text: Strings) -> Strings:
    """Return texts that begin with a capital, unless the second letter is one.

    >>> capital(pa.array(["eGFR 60", "pain", None])).to_pylist()
    ['eGFR 60', 'Pain', None]
    """
    second = pc.utf8_slice_codeunits(text, 1, 2)
    first = pc.utf8_upper(pc.utf8_slice_codeunits(text, 0, 1))
    risen = glued(first, pc.utf8_slice_codeunits(text, 1))
    return pc.if_else(pc.utf8_is_upper(second), text, risen)


def numbers(values: Array) -> Strings:
    """Return numbers as they are read: no needless zeros; null where there is none.

    >>> numbers(np.array([25.0, 0.84, np.nan])).to_pylist()
    ['25', '0.84', None]
    """
    array = np.asarray(values)
    kind = pa.float64() if array.dtype.kind == "f" else pa.int64()
    missing: Any = NO_DAY if array.dtype == np.int32 else NO_NUMBER
    known = ~np.isnan(array) if kind == pa.float64() else array != missing
    values = np.ascontiguousarray(array, dtype=np.float64 if kind == pa.float64() else np.int64)
    buffers = [None if known.all() else _bits(known), pa.py_buffer(values)]
    return pa.Array.from_buffers(kind, len(values), buffers).cast(pa.string())


@cache
def _calendar() -> Strings:
    days = np.arange(_FIRST, _LAST).astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    of_month = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    said = zip(months.tolist(), of_month.tolist(), strict=True)
    return pa.array([f"{_MONTHS[month % 12]} {day}, {month // 12 + 1970}" for month, day in said])


def dates(days: NDArray[np.integer[Any]]) -> Strings:
    """Return days as a clinician writes them; null where there is none.

    >>> dates(np.array([20089], dtype=np.int32)).to_pylist()
    ['January 1, 2025']
    """
    known = (days >= _FIRST) & (days < _LAST)
    return taken(_calendar(), np.where(known, days.astype(np.int64) - _FIRST, -1))


@cache
def _clock() -> Strings:
    return pa.array([f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)])


def clock(minutes: NDArray[np.int64]) -> Strings:
    """Return the time of day of instants, as 09:05."""
    return taken(_clock(), minutes % (24 * 60))


def listed(owner: Places, size: int, items: Strings, separator: str = "\n") -> Strings:
    """Return the items of each owner in one text; null where it has none.

    Args:
        owner: whose each item is, ascending, int64, shape (items,).
        size: how many owners there are.
        items: shape (items,); null ones are left out.
        separator: stands between items.
    """
    if items.null_count:
        there = items.is_valid()
        owner, items = owner[there.to_numpy(zero_copy_only=False)], items.drop_null()
    counts = np.bincount(owner, minlength=size)
    ends = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    offsets = pa.Array.from_buffers(pa.int32(), len(ends), [None, pa.py_buffer(ends)])
    lists = pa.ListArray.from_arrays(offsets, items)
    return unless(pc.binary_join(lists, constant(separator)), counts == 0)


def numbered(owner: Places, size: int) -> Places:
    """Return the number of each item among those of its owner, from 1; owners ascending."""
    starts = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=size))))
    return np.arange(len(owner)) - starts[owner] + 1


def expanded(first: Places, count: Places) -> tuple[Places, Places]:
    """Return (owner, item) for owners who have `count` items in a row, from `first` on."""
    owner = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return owner, np.arange(len(owner)) - np.repeat(before - first, count)


def runs(keys: Sequence[NDArray[np.integer]]) -> tuple[Places, Places]:
    """Return the number of the run of equal keys that each row is in, and each run's first row."""
    size = len(keys[0])
    new = np.ones(size, dtype=np.bool_)
    if size:
        new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.cumsum(new) - 1, np.flatnonzero(new)
