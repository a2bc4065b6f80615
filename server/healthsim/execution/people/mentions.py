"""What visits state of conditions, and the sets of conditions that people have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import combined
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows


@dataclass(frozen=True)
class Cause:
    """The events that cause something, such as a condition; one of each person.

    Attributes:
        sources: int32, shape (n,), positions of the events among the run's occurrences.
        address_of: returns the address of an event, by its position.
    """

    sources: NDArray[np.int32]
    address_of: Callable[[int], str]

    @classmethod
    def one(cls, source: int, address: str, people: int) -> Cause:
        """Return one event, that of everybody."""
        return cls(np.full(people, source, dtype=np.int32), lambda _: address)

    def take(self, keep: NDArray[np.bool_]) -> Cause:
        """Return those of some of the people."""
        return Cause(self.sources[keep], self.address_of)

    def addresses(self, prefix: str) -> dict[int, str]:
        """Return the address of each event, behind a prefix, by its position."""
        sources = np.unique(self.sources).tolist()
        return {source: f"{prefix}{self.address_of(source)}" for source in sources}


@dataclass(frozen=True)
class Mention:
    """A visit that states a code; arrays have one entry for each of its people.

    Attributes:
        rows: ascending positions in the chunk.
        days: int32, the first day of the visit.
        last: int32, its last day.
        cause: everybody's visit.
        urgent: whether it is a stay or an emergency, where an illness that was over is a new one.
    """

    rows: Rows
    days: Days
    last: Days
    cause: Cause
    urgent: bool

    def take(self, keep: NDArray[np.bool_]) -> Mention:
        """Return it for some of its people."""
        if keep.all():
            return self
        return Mention(
            self.rows[keep], self.days[keep], self.last[keep], self.cause.take(keep), self.urgent
        )


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
