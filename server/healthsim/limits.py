"""Yearly limits in whole cents: who has used up how much of a deductible or a maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_T = TypeVar("_T", bound=np.generic)

Cents = NDArray[np.int64]
"""Money, int64, US cents."""

NO_LIMIT = np.int64(10**15)
"""Means "no maximum": more cents than anybody spends in a year."""

_MOST_KEYS = 2**62  # a combined sort key must stay below this


def benefit_year(
    days: NDArray[np.int32], first_month: NDArray[np.int32] | int
) -> NDArray[np.int32]:
    """Return the calendar year in which the benefit year that holds each day begins.

    Args:
        days: int32, shape (n,), days since 1970-01-01, none null.
        first_month: month (1 to 12) in which the plan's benefit year begins, one or per row.

    >>> benefit_year(np.array([20_088, 20_089, 20_269], dtype=np.int32), 7).tolist()
    [2024, 2024, 2024]
    >>> benefit_year(np.array([20_088, 20_089, 20_270], dtype=np.int32), 1).tolist()
    [2024, 2025, 2025]
    """
    if not len(days):
        return np.zeros(0, dtype=np.int32)
    first = int(days.min())
    span = np.arange(first, int(days.max()) + 1, dtype=np.int32)
    months = span.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
    if np.ndim(first_month) == 0:
        shift = np.int32(int(first_month) - 1)
        by_day: NDArray[np.int32] = (months - shift) // np.int32(12) + np.int32(1970)
        return by_day[days - first]
    shifts = np.asarray(first_month, dtype=np.int32) - np.int32(1)
    if not shifts.any():
        return benefit_year(days, 1)
    shifted: NDArray[np.int32] = months[days - first] - shifts
    return shifted // np.int32(12) + np.int32(1970)


@dataclass(frozen=True, eq=False)
class LimitOrder:
    """The order in which rows use up a limit, group by group.

    Attributes:
        order: intp, shape (n,); row numbers, groups together, each group in its order.
        first: intp, shape (n,); for each place in `order`, the place where its group begins.
    """

    order: NDArray[np.intp]
    first: NDArray[np.intp]

    @classmethod
    def of(
        cls,
        groups: Sequence[NDArray[np.integer]],
        day: NDArray[np.int32],
        tie: NDArray[np.int64] | None = None,
    ) -> LimitOrder:
        """Order the rows of each group.

        Args:
            groups: integer arrays, shape (n,); rows that agree in all share one limit.
            day: int32, shape (n,); the earlier day comes first.
            tie: int64, shape (n,), who comes first on the same day; default: the row order.

        >>> LimitOrder.of([np.array([7, 3, 7])], np.array([5, 1, 4], dtype=np.int32)).order.tolist()
        [1, 2, 0]
        """
        group = packed(groups)
        key = packed([group, day])
        order = np.argsort(key, kind="stable") if tie is None else np.lexsort((tie, key))
        at = group[order]
        begins = np.zeros(len(at), dtype=np.intp)
        if len(at):
            changes = np.flatnonzero(at[1:] != at[:-1]) + 1
            begins[changes] = changes
        return cls(order, np.maximum.accumulate(begins))

    def use(self, amounts: Cents, limit: Cents) -> Cents:
        """Return how much of each amount falls below its group's limit.

        Args:
            amounts: int64 cents, shape (n,), not negative, *in turn order*.
            limit: int64 cents, shape (n,), in turn order; the same within a group.

        Returns:
            int64 cents, shape (n,), in turn order; a group's sum never exceeds its limit.

        >>> turns = LimitOrder.of([np.zeros(3, np.int64)], np.arange(3, dtype=np.int32))
        >>> turns.use(np.array([60, 60, 60]), np.array([100, 100, 100])).tolist()
        [60, 40, 0]
        """
        left = self.before(amounts)
        np.subtract(limit, left, out=left)
        np.maximum(left, 0, out=left)
        return np.minimum(amounts, left, out=left)

    def before(self, amounts: Cents) -> Cents:
        """Return what the group's earlier rows add up to, int64, shape (n,), in turn order."""
        running = np.cumsum(amounts)
        running -= amounts
        running -= running[self.first]
        return running

    def in_row_order(self, values: NDArray[_T]) -> NDArray[_T]:
        """Return values that are in turn order in the order of the rows; shape (n,), same dtype."""
        rows = np.empty_like(values)
        rows[self.order] = values
        return rows


def packed(keys: Sequence[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Combine integer keys into one int64 that sorts as they do, first key first.

    Args:
        keys: integer arrays, shape (n,).

    >>> packed([np.array([2, 1, 2]), np.array([0, 5, 1])]).argsort().tolist()
    [1, 0, 2]
    """
    joint = keys[0].astype(np.int64)
    if len(keys) == 1 or not len(joint):
        return joint
    low, size = _range(joint)
    joint -= low
    for key in keys[1:]:
        low, span = _range(key)
        if size * span >= _MOST_KEYS:  # ranks keep the order and lie closer together
            joint, key = _ranks(joint), _ranks(key)
            size, (low, span) = _range(joint)[1], _range(key)
        joint *= span
        joint += key
        joint -= low
        size *= span
    return joint


def _range(key: NDArray[np.integer]) -> tuple[int, int]:
    """Return the lowest value and how many integers the values span."""
    low = int(key.min())
    return low, int(key.max()) - low + 1


def _ranks(key: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return each value's place among the different values."""
    ranks: NDArray[np.int64] = np.unique(key, return_inverse=True)[1].astype(np.int64)
    return ranks
