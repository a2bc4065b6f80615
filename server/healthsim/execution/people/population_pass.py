"""What a population step knows of everybody who comes to it, whatever the chunk.

A step that may see everyone (an exact quota, a randomisation) asks where people stand: their rank
among all who come to it and belong to one stratum, in the order of persons. While people are being
counted there is no answer yet; those who came are noted. Once everybody is, the step is settled,
and every chunk is given the same ranks, alone or beside others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.tables import Coded, join

Came = tuple[NDArray[np.int64], Coded]
"""Persons who came to a step, and the stratum of each."""


@dataclass(frozen=True, eq=False)
class StratumRank:
    """Where people stand in a population step; arrays have shape (n,).

    Attributes:
        rank: int64, from 0 within the person's stratum; -1 where not in the step.
        size: int64, how many people the stratum holds in all; 0 where not in the step.
    """

    rank: NDArray[np.int64]
    size: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StratumCounts:
    """Everybody who comes to a population step: 20 bytes a person.

    Attributes:
        persons: int64, rising.
        rank: int64, place within the person's stratum in the order of persons, from 0; -1 for
            those who came and do not count, since their life ends before.
        stratum: int32, position in `strata`; -1 for those who do not count.
        strata: the texts that tell strata apart.
        sizes: int64, people by stratum.
    """

    persons: NDArray[np.int64]
    rank: NDArray[np.int64]
    stratum: NDArray[np.int32]
    strata: tuple[str, ...]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, came: Sequence[Came]) -> StratumCounts:
        """Put together who came in each chunk, in any order.

        >>> found = StratumCounts.of([(np.array([3, 1]), Coded.of(["b", "a"])),
        ...                             (np.array([2, 4]), Coded.of(["b", None]))])
        >>> found.persons.tolist(), found.rank.tolist(), found.size("b")
        ([1, 2, 3, 4], [0, 0, 1, -1], 2)
        """
        if not came:
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none.astype(np.int32), (), none)
        persons = np.concatenate([some for some, _ in came])
        order = np.argsort(persons, kind="stable")
        both = join([strata for _, strata in came])
        if not isinstance(both, Coded):
            raise TypeError("strata are texts")
        strata = tuple(sorted(both.vocabulary))
        place = np.array([*(strata.index(word) for word in both.vocabulary), -1], dtype=np.int32)
        stratum = place[both.codes[order]]
        counts = np.flatnonzero(stratum >= 0)
        together = counts[np.argsort(stratum[counts], kind="stable")]
        sizes = np.bincount(stratum[counts], minlength=len(strata)).astype(np.int64)
        rank = np.full(len(order), -1, dtype=np.int64)
        firsts = np.cumsum(sizes) - sizes
        rank[together] = np.arange(len(counts)) - np.repeat(firsts, sizes)
        return cls(persons[order], rank, stratum, strata, sizes)

    def same_as(self, other: StratumCounts) -> bool:
        """Tell whether the same people of the same strata were counted."""
        return (
            self.strata == other.strata
            and np.array_equal(self.persons, other.persons)
            and np.array_equal(self.stratum, other.stratum)
        )

    def size(self, stratum: str) -> int:
        """Return how many people a stratum holds."""
        return int(self.sizes[self.strata.index(stratum)]) if stratum in self.strata else 0

    def covers_all(self, persons: NDArray[np.int64]) -> bool:
        """Tell whether all of some persons have come."""
        return bool(np.isin(persons, self.persons, assume_unique=True).all())

    def standing(self, persons: NDArray[np.int64]) -> StratumRank:
        """Return where persons stand; those who were not counted are not in it."""
        rank = np.full(len(persons), -1, dtype=np.int64)
        size = np.zeros(len(persons), dtype=np.int64)
        if len(self.persons):
            place = np.minimum(np.searchsorted(self.persons, persons), len(self.persons) - 1)
            here = (self.persons[place] == persons) & (self.rank[place] >= 0)
            rank[here] = self.rank[place[here]]
            size[here] = self.sizes[self.stratum[place[here]]]
        return StratumRank(rank, size)


class PopulationPass:
    """The population steps that are settled, and, in a counting pass, who comes to the others.

    Attributes:
        settled: by the step's name.
        counting: whether it is being counted who comes.
        last_day: what is dated later than this is no event, so nobody counts there.
        arrivals: who came to each step, while people are being counted.
    """

    def __init__(
        self,
        settled: Mapping[str, StratumCounts] | None = None,
        *,
        counting: bool = False,
        last_day: int = 2**31 - 1,
    ) -> None:
        self.settled = dict(settled or {})
        self.counting, self.last_day = counting, last_day
        self.arrivals: dict[str, list[Came]] = {}

    def for_chunk(self) -> PopulationPass:
        """Return a census of the same settled steps for one chunk of a counting pass."""
        return PopulationPass(self.settled, counting=True, last_day=self.last_day)

    def add(self, other: PopulationPass) -> None:
        """Take in who came in another chunk."""
        for step, came in other.arrivals.items():
            self.arrivals.setdefault(step, []).extend(came)

    def unsettled_persons(self) -> NDArray[np.int64]:
        """Return who came to a step that is not settled: what befalls them next is not known."""
        found = [some[strata.codes >= 0] for step, came in self.arrivals.items()
                 if step not in self.settled for some, strata in came]  # fmt: skip
        return np.concatenate([np.zeros(0, dtype=np.int64), *found])

    def keep_survivors(self, step: str, persons: NDArray[np.int64]) -> None:
        """Count at a settled step only those who came to it alive, as a whole life has shown."""
        if step in self.settled:
            self.arrivals[step] = [
                (some, Coded(np.where(np.isin(some, persons), strata.codes, -1), strata.vocabulary))
                for some, strata in self.arrivals.get(step, [])
            ]

    def standing(self, step: str, persons: NDArray[np.int64], strata: Coded) -> StratumRank | None:
        """Say where persons stand in a step; None while it is being counted.

        Args:
            step: address of the population step.
            persons: int64, shape (n,), person_id.
            strata: a text for each of them; no value for those who are not in the step.
        """
        inside = strata.codes >= 0
        if self.counting:
            self.arrivals.setdefault(step, []).append((persons[inside], strata.take(inside)))
        if step not in self.settled:
            if self.counting:
                return None
            raise LookupError(f"{step} was not counted before it ran")
        found = self.settled[step].standing(persons)
        if not self.counting and not self.settled[step].covers_all(persons[inside]):
            raise LookupError(f"somebody comes to {step} who was not counted")
        return found
