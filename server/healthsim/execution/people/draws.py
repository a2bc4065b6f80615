"""Numbers for the people of one chunk: every draw has an address, and every person a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.population_pass import PopulationPass
from healthsim.specification.distributions.kinds import Distribution, DrawInput
from healthsim.specification.language.expressions import Scope
from healthsim.streams import Streams
from healthsim.tables import Coded

Rows: TypeAlias = NDArray[np.integer[Any]]
"""Positions of people in their chunk, ascending."""

Values: TypeAlias = NDArray[np.float64] | Coded
"""A number or a text for each of some people."""

_MOST_KEPT = 64  # decisions whose uniforms are kept, for steps that are done in several pieces


def require_text(values: Values) -> Coded:
    """Return values that must be text.

    Raises:
        TypeError: they are numbers, which the checks of specifications should have refused.
    """
    if isinstance(values, Coded):
        return values
    raise TypeError("numbers are given where text is needed")


def require_numbers(values: Values) -> NDArray[np.float64]:
    """Return values that must be numbers, float64.

    Raises:
        TypeError: they are text, which the checks of specifications should have refused.
    """
    if isinstance(values, Coded):
        raise TypeError("text is given where numbers are needed")
    return values


@dataclass(frozen=True)
class UnitRoster:
    """Who lives in which unit; arrays of shape (n,), rising by unit, then place.

    Attributes:
        unit: int64, position of the unit in the chunk.
        place: int64, 1 to 99; 1 is the anchor, from 50 on those born in the run.
    """

    unit: NDArray[np.int64]
    place: NDArray[np.int64]

    @cached_property
    def rows_of(self) -> dict[int, NDArray[np.intp]]:
        """The rows of each place that anybody has."""
        return {place: np.flatnonzero(self.place == place)
                for place in np.unique(self.place).tolist()}  # fmt: skip

    def places(self, rows: Rows | None) -> Iterable[int]:
        """Return the places that some of the people have."""
        if rows is None:
            return self.rows_of
        found: list[int] = np.flatnonzero(np.bincount(self.place[rows])).tolist()
        return found


class Draws:
    """Addressed numbers for the people of one chunk, and where they stand among everybody.

    The anchor of a unit has the decision's own stream, and so has everyone where units are
    persons; whoever has another place has that of ``decision~place``, at the unit's number.

    Attributes:
        start: number of the chunk's first unit, counted from 0.
        count: how many people the chunk has.
        population: how many units there are in all.
        roster: who lives in which unit; None where everyone is an anchor.
    """

    def __init__(
        self,
        seed: int,
        start: int,
        units: int,
        population: int,
        census: PopulationPass | None = None,
    ) -> None:
        self._streams = Streams(seed)
        self.start, self.units, self.population = start, units, population
        self.population_pass = census or PopulationPass()
        self.roster: UnitRoster | None = None
        self.count = units
        self._kept: dict[str, NDArray[np.float64]] = {}
        self._drawn: dict[str, set[int]] = {}

    def for_roster(self, roll: UnitRoster) -> Draws:
        """Return the numbers of other people of the same units."""
        found = Draws(
            self._streams.seed, self.start, self.units, self.population, self.population_pass
        )
        found.roster, found.count = roll, len(roll.unit)
        return found

    def uniform(self, decision: str, rows: Rows | None = None) -> NDArray[np.float64]:
        """Return everyone's number for a decision, or that of some rows; in (0, 1)."""
        if self.roster is not None:
            whole = self._by_place(decision, self.roster, rows)
            return whole if rows is None else whole[rows]
        found = self._kept.get(decision)
        if found is None:
            found = self._streams.uniform(decision, self.start, self.count)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[decision] = found
        return found if rows is None else found[rows]

    def _by_place(self, decision: str, roll: UnitRoster, rows: Rows | None) -> NDArray[np.float64]:
        """Return a number for everyone, of whom those who have the places of `rows` are drawn."""
        found = self._kept.get(decision)
        if found is None:
            found = np.zeros(self.count)
            if len(self._kept) >= _MOST_KEPT:
                self._drawn.pop(next(iter(self._kept)), None)
                self._kept.pop(next(iter(self._kept)))
            self._kept[decision], self._drawn[decision] = found, set()
        for place in roll.places(rows):
            if place not in self._drawn[decision]:
                mine = roll.rows_of[place]
                unit = roll.unit[mine]
                first = int(unit[0])
                stream = decision if place == 1 else f"{decision}~{place}"
                wide = int(unit[-1]) - first + 1
                drawn = self._streams.uniform(stream, self.start + first, wide)
                found[mine] = drawn[unit - first]
                self._drawn[decision].add(place)
        return found

    def permuted_positions(self, decision: str, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return each person's place in a keyed order of the whole population."""
        return self.permuted(f"{decision}/place", self.index(rows), self.population)

    def permuted(self, decision: str, index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Return where each index lands in a keyed permutation of ``range(size)``."""
        return self._streams.permuted(decision, index, size)

    def slots(self, decision: str, first: int, count: int) -> NDArray[np.float64]:
        """Return the numbers of `count` slots that no person owns, such as places in a block."""
        return self._streams.uniform(decision, first, count)

    def person_ids(self) -> NDArray[np.int64]:
        """Return everyone's person_id, int64, rising."""
        return (self.index() + 1) * 100 + (1 if self.roster is None else self.roster.place)

    def balanced(self, decision: str) -> NDArray[np.float64]:
        """Return uniforms of which every N-th of (0, 1) holds exactly one."""
        places = self.permuted_positions(decision)
        return (places + self.uniform(decision)) / self.population

    def index(self, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return the number of each person's unit, counted from 0 over the whole population."""
        if self.roster is not None:
            return self.roster.unit[slice(None) if rows is None else rows] + self.start
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
        chance: NDArray[np.float64] | None = None,
    ) -> Values:
        """Draw a value for each of `rows` (all people by default).

        Args:
            decision: address of the draw.
            distribution: what it is drawn from.
            rows: whose values; `scope` must describe the same people.
            scope: what conditions and formulas see.
            chance: uniforms for `rows` in place of the decision's own.
        """
        u = self.uniform(decision, rows) if chance is None else chance
        draw = DrawInput(
            u=u,
            index=self.index(rows),
            scope=scope,
            places=lambda: self.permuted_positions(decision, rows),
            population=self.population,
        )
        return distribution.values(draw)

    def numbers(
        self, decision: str, distribution: Distribution, rows: Rows, scope: Scope | None
    ) -> NDArray[np.float64]:
        """Draw a number for each of `rows`, float64, shape (n,)."""
        return require_numbers(self.values(decision, distribution, rows, scope))
