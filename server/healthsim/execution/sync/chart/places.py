"""What makers of tables of the chart share: places of people and codes, ids that differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.context import SyncContext
from healthsim.tables import Array, Coded

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


def numbers(columns: Mapping[str, Array], name: str) -> Numbers:
    """Return a column of numbers, days or minutes as int64, shape (n,)."""
    return np.asarray(columns[name], dtype=np.int64)


def texts(columns: Mapping[str, Array], name: str) -> Coded:
    """Return a text column.

    Raises:
        TypeError: it is none.
    """
    column = columns[name]
    if not isinstance(column, Coded):
        raise TypeError(f"{name} is no text column")
    return column


def rows_of(ctx: SyncContext, person: Numbers) -> NDArray[np.intp]:
    """Return the positions of people in the chunk, shape of `person`."""
    return np.searchsorted(ctx.person_id, person)


def codes_where(column: Coded, holds: Callable[[str], bool]) -> Mask:
    """Return which rows have a text of which something holds; none of those without a text.

    >>> codes_where(Coded.of(["E11.9", None, "I10"]), lambda code: code.startswith("E")).tolist()
    [True, False, False]
    """
    known = [holds(text) for text in column.vocabulary]
    mask: Mask = np.array([*known, False], dtype=np.bool_)[column.codes]
    return mask


def codes_like(column: Coded, pattern: str) -> Mask:
    """Return which rows have a text that begins as a regular expression says."""
    begins = re.compile(pattern)
    return codes_where(column, lambda text: begins.match(text) is not None)


def apart(ids: Numbers) -> Numbers:
    """Return ids in which the later of two equal ones is the next free number.

    Args:
        ids: int64, shape (n,); in any order, those that are equal in the order of their worth.

    >>> apart(np.array([8, 5, 8])).tolist()
    [8, 5, 9]
    """
    order = np.argsort(ids, kind="stable")
    found = ids[order]
    while len(found) and bool((again := found[1:] <= found[:-1]).any()):
        found[1:][again] = found[:-1][again] + 1
    result = np.empty_like(ids)
    result[order] = found
    return result


def first_of_each(*keys: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return the positions of the first row of each combination of keys, ascending.

    Args:
        keys: arrays of shape (n,).
    """
    order = np.lexsort(keys[::-1])
    new = np.ones(len(order), dtype=np.bool_)
    same = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for key in keys:
        same &= key[order][1:] == key[order][:-1]
    new[1:] = ~same
    return np.sort(order[new])
