"""What makers of the chart's tables share: ids by name, order of rows, choices by a draw."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import Addresses, ids
from healthsim.tables import Columns, take


@cache
def _numbers(table: str, names: tuple[str, ...]) -> NDArray[np.int64]:
    addresses = Addresses()
    return np.array([addresses.number(f"~{table}/{name}") for name in names], dtype=np.int64)


def named_ids(
    table: str, names: Sequence[str], person: NDArray[np.int64], which: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Return ids of rows of which a person has one for each name at most; int64, shape (n,).

    Args:
        table: name of the table.
        names: every name that its rows may have, in an order that does not change.
        person: person_id, int64, shape (n,).
        which: positions in `names`, shape (n,).
    """
    return ids(person, _numbers(table, tuple(names))[which])


def in_order(columns: Columns, key: str) -> Columns:
    """Return rows in the order of person and key, in which tables are stored."""
    return take(columns, np.lexsort((np.asarray(columns[key]), np.asarray(columns["person_id"]))))


def choose(u: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.int32]:
    """Return which of several choices uniforms fall into, int32, shape of `u`.

    >>> choose(np.array([0.1, 0.5, 0.99]), [0.3, 0.3, 0.4]).tolist()
    [0, 1, 2]
    """
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], u, "right").astype(np.int32)
