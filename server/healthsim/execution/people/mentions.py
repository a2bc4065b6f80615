"""What visits state of conditions, and the sets of conditions that people have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import combined
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows


@dataclass(frozen=True)
class Mention:
    """A visit that states a code; arrays have one entry for each of its people.

    Attributes:
        rows: ascending positions in the chunk.
        days: int32, the first day of the visit.
        last: int32, its last day.
        source: position of the visit among the run's occurrences.
        address: of the visit.
        urgent: whether it is a stay or an emergency, where an illness that was over is a new one.
    """

    rows: Rows
    days: Days
    last: Days
    source: int
    address: str
    urgent: bool

    def take(self, keep: NDArray[np.bool_]) -> Mention:
        """Return it for some of its people."""
        if keep.all():
            return self
        return Mention(
            self.rows[keep], self.days[keep], self.last[keep], self.source, self.address,
            self.urgent,
        )  # fmt: skip


@dataclass(frozen=True)
class HeldCodes:
    """Which conditions people have at a moment, as few distinct sets.

    Attributes:
        sets: the codes of each distinct set, in the order of `ConditionLog.in_order`.
        chosen: int64, shape (n,); which set each person of the moment has.
    """

    sets: tuple[tuple[str, ...], ...]
    chosen: NDArray[np.int64]

    def has(self, prefix: str) -> NDArray[np.bool_]:
        """Return who has a condition by its code's beginning, as stated or as combined; bool."""
        matches = [any(code.startswith(prefix) for code in (*codes, *combined(codes)))
                   for codes in self.sets]  # fmt: skip
        return np.array(matches, dtype=np.bool_)[self.chosen]
