"""Rows of one table looked up for rows of another, as columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.tables import NO_NUMBER, Array, Coded

Places = NDArray[np.int64]
"""Positions of rows in a table; -1 where there is none."""


def places(ordered: Array, wanted: Array) -> Places:
    """Return where ids are among others that ascend, int64, shape of `wanted`; -1 where nowhere."""
    among, ids = np.asarray(ordered, dtype=np.int64), np.asarray(wanted, dtype=np.int64)
    if not len(among):
        return np.full(len(ids), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(among, ids), len(among) - 1)
    return np.where(among[place] == ids, place, -1)


def numbers_at(column: Array, place: Places) -> NDArray[np.int64]:
    """Return a column of ids, days or minutes at places, int64; `NO_NUMBER` where there is none."""
    values = np.append(np.asarray(column, dtype=np.int64), NO_NUMBER)
    values[values == NO_DAY] = NO_NUMBER
    found: NDArray[np.int64] = values[place]
    return found


def texts_at(column: Array, place: Places) -> Coded:
    """Return a column of texts at places; no text where there is no row."""
    assert isinstance(column, Coded)
    return Coded(np.append(column.codes, np.int32(-1))[place], column.vocabulary)


def text_column(columns: dict[str, Array], name: str) -> Coded:
    """Return a column that is coded text."""
    column = columns[name]
    assert isinstance(column, Coded)
    return column


def by_vocabulary(column: Coded, values: Sequence[str | None]) -> Coded:
    """Return a text for each row by the word that it has; `values` are those of the words."""
    texts = Coded.of([*values, None])
    return Coded(texts.codes[column.codes], texts.vocabulary)
