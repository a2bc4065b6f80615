"""The choice among rows of the directory, by kind, place and weight."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import NotFound, near
from healthsim.products.networksim.distance import Centers
from healthsim.tables import Coded

Rows = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class WeightedGroups:
    """Rows in groups of one kind and one place; each row is chosen in proportion to its weight.

    Attributes:
        kinds: names of the kinds.
        start: int64, shape (kinds, places), first row of each group.
        stop: int64, same shape, one past its last row; equal where the group is empty.
        before: int64, shape (rows + 1,), the weights of all rows before each.
        centers: of the places; None where no other place can serve one that has no rows.
    """

    kinds: tuple[str, ...]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    before: NDArray[np.int64]
    centers: Centers | None = None
    _serving: dict[int, NDArray[np.int32]] = field(default_factory=dict, repr=False)

    @classmethod
    def sorted(
        cls,
        kind: Coded,
        place: NDArray[np.int32],
        places: int,
        weight: NDArray[np.int64],
        centers: Centers | None = None,
    ) -> WeightedGroups:
        """Return the groups of rows that are sorted by kind, then place.

        Args:
            kind: of each row; its vocabulary lists the kinds.
            place: int32, shape (rows,), each in [0, places).
            places: how many there are.
            weight: int64, shape (rows,), not negative.
            centers: of the places, if another place can serve one that has no rows.
        """
        kinds = kind.vocabulary
        group = kind.codes.astype(np.int64) * places + place
        if np.any(np.diff(group) < 0):
            raise ValueError("rows of a directory are sorted by kind, then place")
        counts = np.bincount(group, minlength=len(kinds) * places).reshape(len(kinds), places)
        stop = np.cumsum(counts.ravel()).reshape(counts.shape)
        return cls(kinds, stop - counts, stop, _before(weight), centers)

    def with_weights(self, weight: NDArray[np.int64]) -> WeightedGroups:
        """Return the same groups with other weights, int64, shape (rows,); 0 is never chosen."""
        return WeightedGroups(self.kinds, self.start, self.stop, _before(weight), self.centers)

    @property
    def weight(self) -> NDArray[np.int64]:
        """The weight of each row, int64, shape (rows,)."""
        return np.diff(self.before)

    def _position(self, kind: str, where: str) -> int:
        """Return the position of a kind.

        Raises:
            NotFound: the directory has no such kind; with near matches.
        """
        if kind not in self.kinds:
            raise NotFound(where, f"the directory has no {kind!r}", near(kind, self.kinds))
        return self.kinds.index(kind)

    def total_weight(self, kind: str, where: str = "kind") -> NDArray[np.int64]:
        """Return the sum of the weights of a kind in each place, int64, shape (places,)."""
        position = self._position(kind, where)
        total: NDArray[np.int64] = (
            self.before[self.stop[position]] - self.before[self.start[position]]
        )
        return total

    def serving(self, kind: str, where: str = "kind") -> NDArray[np.int32]:
        """Return the place that serves each place with a kind: itself, or the nearest that has it.

        Returns:
            int32, shape (places,); -1 where no place has it, or where no other place can serve.
        """
        position = self._position(kind, where)
        if position not in self._serving:
            has_rows = self.total_weight(kind, where) > 0
            if self.centers is None or not has_rows.any():
                serving = np.where(has_rows, np.arange(len(has_rows)), -1).astype(np.int32)
            else:
                serving = self.centers.nearest(has_rows)
            self._serving[position] = serving
        return self._serving[position]

    def choose(self, kind: str, where: str, place: Rows, u: NDArray[np.float64]) -> Rows:
        """Return one row of `kind` for each place, by weight.

        Args:
            kind: of the rows.
            where: path of the request, for the error text.
            place: int32, shape (n,).
            u: float64, shape (n,), in the open interval (0, 1).

        Returns:
            int32, shape (n,); -1 where no place can serve.
        """
        served_by = self.serving(kind, where)[place]
        position = self._position(kind, where)
        first = self.before[self.start[position][served_by]]
        total = self.before[self.stop[position][served_by]] - first
        target = first + np.minimum(np.floor(u * total).astype(np.int64), total - 1)
        rows = np.searchsorted(self.before, target, side="right") - 1
        return np.where(served_by < 0, -1, rows).astype(np.int32)


def _before(weight: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(weight, dtype=np.int64)])
