"""Weighted choice inside groups, on whole columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class WeightedChoice:
    """Items in groups, each with a weight; a uniform number picks one inside its group.

    One `searchsorted` over ``group + cumulated share`` serves any number of groups.

    Attributes:
        start: int32, shape (groups + 1,); group g holds items ``start[g]`` to ``start[g + 1]``.
        edges: float64, shape (items,); group plus the share of all items up to and including it.
    """

    start: NDArray[np.int32]
    edges: NDArray[np.float64]

    @classmethod
    def of(cls, weights: NDArray[np.int64], start: NDArray[np.int32]) -> WeightedChoice:
        """Prepare a choice; weights are whole numbers, so their sums are exact.

        Args:
            weights: int64, shape (items,), not negative; every group's sum is above 0.
            start: int32, shape (groups + 1,).
        """
        total = np.concatenate([[0], np.cumsum(weights)])
        before, after = total[start[:-1]], total[start[1:]]
        size = np.diff(start)
        share = (total[1:] - np.repeat(before, size)) / np.repeat(after - before, size)
        return cls(start, np.repeat(np.arange(len(size)), size) + share)

    def choose(self, group: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the item that each number picks in its group.

        Args:
            group: int32, shape (n,); -1 where there is none.
            u: float64, shape (n,), in the open interval (0, 1).

        Returns:
            int32, shape (n,); -1 where there is no group.

        >>> two = WeightedChoice.of(np.array([1, 3, 5]), np.array([0, 2, 3], dtype=np.int32))
        >>> two.choose(np.array([0, 0, 1, -1], dtype=np.int32), np.full(4, 0.2)).tolist()
        [0, 0, 2, -1]
        """
        picked = np.searchsorted(self.edges, group + u, side="right")
        # the sum is rounded: keep a number at the edge of its group inside the group
        item = np.clip(picked, self.start[group], self.start[group + 1] - 1)
        return np.where(group < 0, -1, item).astype(np.int32)


def group_starts(groups: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return where each of `count` groups starts in sorted `groups`, and the end; int32."""
    return np.searchsorted(groups, np.arange(count + 1)).astype(np.int32)
