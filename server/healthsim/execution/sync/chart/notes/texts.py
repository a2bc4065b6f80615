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
from healthsim.execution.sync.chart.notes.phrases import Strings
from healthsim.tables import NO_NUMBER, Array, Coded, Texts

Places = NDArray[np.int64]
"""Positions of rows; -1 where there is none."""

_FIRST = int(np.datetime64("1870-01-01").astype(np.int64))
_LAST = int(np.datetime64("2130-01-01").astype(np.int64))
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


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


def taken(strings: Strings, places: NDArray[np.integer[Any]]) -> Strings:
    """Return the texts at some places; null where the place is below 0."""
    none = places < 0
    return strings.take(pa.array(places, mask=none if none.any() else None))


def unless(strings: Strings, without: NDArray[np.bool_]) -> Strings:
    """Return the texts, null where `without`."""
    return pc.if_else(pa.array(without), pa.scalar(None, pa.string()), strings)


def only(strings: Strings | str, where: NDArray[np.bool_]) -> Strings:
    """Return the texts, or one text, null but for `where`."""
    chosen = pa.scalar(strings) if isinstance(strings, str) else strings
    return pc.if_else(pa.array(where), chosen, pa.scalar(None, pa.string()))


def either(first: Strings, *others: Strings | str) -> Strings:
    """Return the first text that is not null."""
    return pc.coalesce(first, *others)


def nothing(size: int) -> Strings:
    """Return `size` nulls."""
    return pa.nulls(size, pa.string())


def joined(separator: str, *parts: Strings) -> Strings:
    """Return what is there of some texts, with a separator between; null where nothing is."""
    first = pa.repeat("", len(parts[0]))  # pyarrow 26 leaves out rows in which all are null
    whole = pc.binary_join_element_wise(first, *parts, separator, null_handling="skip")
    whole = pc.utf8_slice_codeunits(whole, len(separator))
    return pc.if_else(pc.equal(pc.binary_length(whole), 0), pa.scalar(None, pa.string()), whole)


def capital(text: Strings) -> Strings:
    """Return texts that begin with a capital.

    >>> capital(pa.array(["eGFR 60", None])).to_pylist()
    ['EGFR 60', None]
    """
    first = pc.utf8_upper(pc.utf8_slice_codeunits(text, 0, 1))
    return pc.binary_join_element_wise(first, pc.utf8_slice_codeunits(text, 1), "")


def numbers(values: Array) -> Strings:
    """Return numbers as they are read: no needless zeros; null where there is none.

    >>> numbers(np.array([25.0, 0.84, np.nan])).to_pylist()
    ['25', '0.84', None]
    """
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return pa.array(array, from_pandas=True).cast(pa.string())
    missing: Any = NO_DAY if array.dtype == np.int32 else NO_NUMBER
    return pa.array(array, mask=array == missing).cast(pa.string())


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
    lists = pa.ListArray.from_arrays(pa.array(ends), items)
    return unless(pc.binary_join(lists, separator), counts == 0)


def numbered(owner: Places, size: int) -> Places:
    """Return the number of each item among those of its owner, from 1; owners ascending."""
    starts = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=size))))
    return np.arange(len(owner)) - starts[owner] + 1


def expanded(first: Places, count: Places) -> tuple[Places, Places]:
    """Return (owner, item) for owners who have `count` items in a row, from `first` on."""
    owner = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return owner, np.arange(len(owner)) - np.repeat(before - first, count)
