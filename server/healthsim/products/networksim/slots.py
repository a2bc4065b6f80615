"""Where the directory's rows lie, and the choice among them by how many people each can take."""

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
    """Rows in groups of one kind and one place; each row is chosen as often as it has room.

    Attributes:
        kinds: names of the kinds.
        start: int64, shape (kinds, places), first row of each group.
        stop: int64, same shape, one past its last row; equal where the group is empty.
        before: int64, shape (rows + 1,), the weights of all rows before each.
        centers: where the places are; None where no place stands in for another.
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
        """Prepare the groups of rows that are sorted by kind, then place.

        Args:
            kind: of each row; its vocabulary is the kinds.
            place: int32, shape (rows,), each in [0, places).
            places: how many there are.
            weight: int64, shape (rows,), not negative.
            centers: where the places are, if one may stand in for another.
        """
        kinds = kind.vocabulary
        group = kind.codes.astype(np.int64) * places + place
        if np.any(np.diff(group) < 0):
            raise ValueError("rows of a directory are sorted by kind, then place")
        counts = np.bincount(group, minlength=len(kinds) * places).reshape(len(kinds), places)
        stop = np.cumsum(counts.ravel()).reshape(counts.shape)
        return cls(kinds, stop - counts, stop, _before(weight), centers)

    def weighing(self, weight: NDArray[np.int64]) -> WeightedGroups:
        """Return the same groups with other weights, int64, shape (rows,); 0 is never chosen."""
        return WeightedGroups(self.kinds, self.start, self.stop, _before(weight), self.centers)

    @property
    def weight(self) -> NDArray[np.int64]:
        """The weight of each row, int64, shape (rows,)."""
        return np.diff(self.before)

    def number(self, kind: str, where: str) -> int:
        """Return a kind's position, or refuse it with near matches."""
        if kind not in self.kinds:
            raise NotFound(where, f"the directory has no {kind!r}", near(kind, self.kinds))
        return self.kinds.index(kind)

    def room(self, kind: str, where: str = "kind") -> NDArray[np.int64]:
        """Return the sum of the weights of a kind in each place, int64, shape (places,)."""
        at = self.number(kind, where)
        room: NDArray[np.int64] = self.before[self.stop[at]] - self.before[self.start[at]]
        return room

    def serving(self, kind: str, where: str = "kind") -> NDArray[np.int32]:
        """Return where each place finds a kind: in itself, or in the nearest that has it.

        Returns:
            int32, shape (places,); -1 where nobody has it, or where none stands in for another.
        """
        at = self.number(kind, where)
        if at not in self._serving:
            having = self.room(kind, where) > 0
            if self.centers is None or not having.any():
                found = np.where(having, np.arange(len(having)), -1).astype(np.int32)
            else:
                found = self.centers.nearest(having)
            self._serving[at] = found
        return self._serving[at]

    def choose(self, kind: str, where: str, place: Rows, u: NDArray[np.float64]) -> Rows:
        """Return one row of `kind` for each place, by weight.

        Args:
            kind: what is looked for.
            where: what asks for it, for the message.
            place: int32, shape (n,).
            u: float64, shape (n,), in the open interval (0, 1).

        Returns:
            int32, shape (n,); -1 where no place has it.
        """
        there = self.serving(kind, where)[place]
        at = self.number(kind, where)
        first = self.before[self.start[at][there]]
        room = self.before[self.stop[at][there]] - first
        target = first + np.minimum(np.floor(u * room).astype(np.int64), room - 1)
        rows = np.searchsorted(self.before, target, side="right") - 1
        return np.where(there < 0, -1, rows).astype(np.int32)


def _before(weight: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(weight, dtype=np.int64)])
