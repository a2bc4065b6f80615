"""The people of a population step, over all chunks, and their ranks in it.

A population step, such as an exact quota or a randomisation, needs a person's rank among all who
come to it in one stratum, in the order of persons. A counting pass collects who comes to each step;
there are no ranks in it yet. A step that has been counted is settled: every chunk gets the same
ranks, alone or beside others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import UNIT
from healthsim.tables import Coded, join

Arrivals = tuple[NDArray[np.int64], Coded]
"""Persons who came to a step in one chunk, and the stratum of each."""


@dataclass(frozen=True, eq=False)
class StratumRank:
    """Ranks of people in a population step; arrays have shape (n,).

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
        persons: int64, person_id, ascending.
        rank: int64, position within the person's stratum in the order of persons, from 0; -1 for
            those who came and do not count, since their life ends before.
        stratum: int32, position in `strata`; -1 for those who do not count.
        strata: labels of the strata.
        sizes: int64, people by stratum.
    """

    persons: NDArray[np.int64]
    rank: NDArray[np.int64]
    stratum: NDArray[np.int32]
    strata: tuple[str, ...]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, arrivals: Sequence[Arrivals]) -> StratumCounts:
        """Count those who came in each chunk, in any order of chunks.

        >>> counts = StratumCounts.of([(np.array([3, 1]), Coded.of(["b", "a"])),
        ...                            (np.array([2, 4]), Coded.of(["b", None]))])
        >>> counts.persons.tolist(), counts.rank.tolist(), counts.size("b")
        ([1, 2, 3, 4], [0, 0, 1, -1], 2)
        """
        if not arrivals:
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none.astype(np.int32), (), none)
        persons = np.concatenate([persons for persons, _ in arrivals])
        order = np.argsort(persons, kind="stable")
        labels = join([labels for _, labels in arrivals])
        strata = tuple(sorted(labels.vocabulary))
        position = np.array([*map(strata.index, labels.vocabulary), -1], dtype=np.int32)
        stratum = position[labels.codes[order]]
        counted = np.flatnonzero(stratum >= 0)
        by_stratum = counted[np.argsort(stratum[counted], kind="stable")]
        sizes = np.bincount(stratum[counted], minlength=len(strata)).astype(np.int64)
        rank = np.full(len(order), -1, dtype=np.int64)
        rank[by_stratum] = np.arange(len(counted)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return cls(persons[order], rank, stratum, strata, sizes)

    def same_as(self, other: StratumCounts) -> bool:
        """Tell whether the same people were counted in the same strata."""
        return (
            self.strata == other.strata
            and np.array_equal(self.persons, other.persons)
            and np.array_equal(self.stratum, other.stratum)
        )

    def between(self, first: int, end: int) -> StratumCounts:
        """Return the same of persons from `first` to before `end` alone; sizes are of all."""
        begin, stop = np.searchsorted(self.persons, [first, end]).tolist()
        return StratumCounts(
            self.persons[begin:stop], self.rank[begin:stop], self.stratum[begin:stop],
            self.strata, self.sizes,
        )  # fmt: skip

    def size(self, stratum: str) -> int:
        """Return how many people a stratum holds."""
        return int(self.sizes[self.strata.index(stratum)]) if stratum in self.strata else 0

    def covers_all(self, persons: NDArray[np.int64]) -> bool:
        """Tell whether all of these persons have come."""
        return bool(np.isin(persons, self.persons, assume_unique=True).all())

    def ranks(self, persons: NDArray[np.int64]) -> StratumRank:
        """Return the ranks of persons; those who were not counted have none."""
        rank = np.full(len(persons), -1, dtype=np.int64)
        size = np.zeros(len(persons), dtype=np.int64)
        if len(self.persons):
            place = np.minimum(np.searchsorted(self.persons, persons), len(self.persons) - 1)
            counted = (self.persons[place] == persons) & (self.rank[place] >= 0)
            rank[counted] = self.rank[place[counted]]
            size[counted] = self.sizes[self.stratum[place[counted]]]
        return StratumRank(rank, size)


class PopulationPass:
    """The population steps that are settled, and, in a counting pass, who comes to the others.

    Attributes:
        settled: by the step's address.
        counting: whether this is a counting pass.
        last_day: last day of the data; who comes later does not count.
        arrivals: who came to each step, by its address, in a counting pass.
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
        self.arrivals: dict[str, list[Arrivals]] = {}

    def for_chunk(self) -> PopulationPass:
        """Return a counting pass over one chunk, with the same settled steps."""
        return PopulationPass(self.settled, counting=True, last_day=self.last_day)

    def of_units(self, start: int, count: int) -> PopulationPass:
        """Return the settled steps as the people of some units need them.

        Args:
            start: the first unit, counted from 0.
            count: how many units.
        """
        first, end = (start + 1) * UNIT, (start + count + 1) * UNIT
        settled = {step: counts.between(first, end) for step, counts in self.settled.items()}
        return PopulationPass(settled, counting=self.counting, last_day=self.last_day)

    def arrivals_only(self) -> PopulationPass:
        """Return who has come, without what was settled before."""
        found = PopulationPass(counting=self.counting, last_day=self.last_day)
        found.arrivals = self.arrivals
        return found

    def add(self, other: PopulationPass) -> None:
        """Add those who came in another chunk."""
        for step, arrivals in other.arrivals.items():
            self.arrivals.setdefault(step, []).extend(arrivals)

    def unsettled_persons(self) -> NDArray[np.int64]:
        """Return who came to a step that is not settled; what they do after it is not known."""
        unsettled = [persons[labels.codes >= 0] for step, arrivals in self.arrivals.items()
                     if step not in self.settled for persons, labels in arrivals]  # fmt: skip
        return np.concatenate([np.zeros(0, dtype=np.int64), *unsettled])

    def keep_survivors(self, step: str, survivors: NDArray[np.int64]) -> None:
        """Count at a settled step only those who turned out to be alive on their day of it."""
        if step not in self.settled:
            return
        kept: list[Arrivals] = []
        for persons, labels in self.arrivals.get(step, []):
            codes = np.where(np.isin(persons, survivors), labels.codes, -1)
            kept.append((persons, Coded(codes, labels.vocabulary)))
        self.arrivals[step] = kept

    def ranks(self, step: str, persons: NDArray[np.int64], strata: Coded) -> StratumRank | None:
        """Return the ranks of persons in a step; None while it is being counted.

        Args:
            step: address of the population step.
            persons: int64, shape (n,), person_id.
            strata: label of each one's stratum; no value for those who are not in the step.
        """
        inside = strata.codes >= 0
        if self.counting:
            self.arrivals.setdefault(step, []).append((persons[inside], strata.take(inside)))
        if step not in self.settled:
            if self.counting:
                return None
            raise LookupError(f"{step} was not counted before it ran")
        counts = self.settled[step]
        if not self.counting and not counts.covers_all(persons[inside]):
            raise LookupError(f"somebody comes to {step} who was not counted")
        return counts.ranks(persons)
