"""The people of one chunk as columns, and the numbers that are drawn for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.census import Census
from healthsim.specification.conditions import Scope
from healthsim.specification.distributions import Distribution, Draw
from healthsim.streams import Streams
from healthsim.tables import Coded

Rows: TypeAlias = NDArray[np.integer[Any]]
"""Positions of people in their chunk, ascending."""

Values: TypeAlias = NDArray[np.float64] | Coded
_KEPT = 64  # uniforms kept for a step that is worked in several pieces


class Draws:
    """Addressed numbers for the people of one chunk, and where they stand among everybody."""

    def __init__(
        self, seed: int, start: int, count: int, population: int, census: Census | None = None
    ) -> None:
        self._streams = Streams(seed)
        self.start, self.count, self.population = start, count, population
        self.census = census or Census()
        self._kept: dict[str, NDArray[np.float64]] = {}

    def uniform(self, decision: str, rows: Rows | None = None) -> NDArray[np.float64]:
        """Return everyone's number for a decision, or that of some rows; in (0, 1)."""
        found = self._kept.get(decision)
        if found is None:
            found = self._streams.uniform(decision, self.start, self.count)
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[decision] = found
        return found if rows is None else found[rows]

    def places(self, decision: str, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return each person's place in a keyed order of the whole population."""
        return self.permuted(f"{decision}/place", self.index(rows), self.population)

    def permuted(self, decision: str, index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Return where each index lands in a keyed permutation of ``range(size)``."""
        return self._streams.permuted(decision, index, size)

    def slots(self, decision: str, first: int, count: int) -> NDArray[np.float64]:
        """Return the numbers of `count` slots that no person owns, such as places in a block."""
        return self._streams.uniform(decision, first, count)

    def persons(self) -> NDArray[np.int64]:
        """Return everyone's person_id, int64, rising."""
        return (self.index() + 1) * 100 + 1

    def balanced(self, decision: str) -> NDArray[np.float64]:
        """Return uniforms of which every N-th of (0, 1) holds exactly one."""
        places = self.places(decision)
        return (places + self.uniform(decision)) / self.population

    def index(self, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return each person's number, counted from 0 over the whole population."""
        if rows is None:
            return np.arange(self.start, self.start + self.count, dtype=np.int64)
        return rows.astype(np.int64) + self.start

    def values(
        self,
        decision: str,
        distribution: Distribution,
        rows: Rows | None = None,
        scope: Scope | None = None,
        *,
        balanced: bool = False,
    ) -> Values:
        """Draw a value for each of `rows` (all people by default).

        Args:
            decision: address of the draw.
            distribution: what it is drawn from.
            rows: whose values; `scope` must describe the same people.
            scope: what conditions and formulas see.
            balanced: stratify the draw over the whole population.
        """
        u = self.balanced(decision) if balanced else self.uniform(decision, rows)
        draw = Draw(
            u=u,
            index=self.index(rows),
            scope=scope,
            places=lambda: self.places(decision, rows),
            population=self.population,
        )
        return distribution.values(draw)

    def numbers(
        self, decision: str, distribution: Distribution, rows: Rows, scope: Scope | None
    ) -> NDArray[np.float64]:
        """Draw a number for each of `rows`; a distribution of texts is a fault of the checker."""
        found = self.values(decision, distribution, rows, scope)
        if isinstance(found, Coded):
            raise TypeError(f"{decision} gives text where a number is needed")
        return found


STILL = np.int32(2**31 - 1)
"""A day that never comes."""


@dataclass(frozen=True)
class Problem:
    """A condition that people have or will have; every array has shape (n,).

    Attributes:
        code: ICD-10-CM code as the specification says it.
        onset: first day; `NO_DAY` where the person never has it.
        known_from: first day on which `has()` sees it.
        source: position of the event that caused it among the run's occurrences; -1 where the
            profile did.
        abated: first day on which the person has it no more; `STILL` while active.
    """

    code: str
    onset: Days
    known_from: Days
    source: NDArray[np.int32]
    abated: Days

    @classmethod
    def nobody(cls, code: str, people: int) -> Problem:
        """Return a condition that nobody has yet."""
        never = np.full(people, NO_DAY, dtype=np.int32)
        nothing = np.full(people, -1, dtype=np.int32)
        return cls(code, never, never.copy(), nothing, np.full(people, STILL, dtype=np.int32))


@dataclass(frozen=True)
class Medication:
    """A drug that people take from before the data begin.

    Attributes:
        takes: bool, shape (n,).
        adherence: float64, shape (n,), in (0, 1].
    """

    drug: str
    ingredient: str
    days_supply: int
    takes: NDArray[np.bool_]
    adherence: NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """Everything a profile says about the people of one chunk; every array has shape (n,).

    Attributes:
        person_id: ``unit * 100 + place``.
        birth: day of birth.
        county, place, state: rows of PopulationSim's geography.
        plan: position in the plan book; -1 where uninsured or not asked for.
        attributes: by name, float64 or Coded.
    """

    person_id: NDArray[np.int64]
    birth: Days
    gender: Coded
    race: Coded
    ethnicity: Coded
    language: Coded
    marital_status: Coded
    state: NDArray[np.int32]
    county: NDArray[np.int32]
    place: NDArray[np.int32]
    plan: NDArray[np.int32]
    attributes: Mapping[str, Values] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    medications: tuple[Medication, ...] = ()

    def __len__(self) -> int:
        return len(self.person_id)
