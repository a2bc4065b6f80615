"""Random draws for the people of one chunk, by address and person, whatever the chunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.population_pass import PopulationPass
from healthsim.specification.distributions.kinds import Distribution, DrawInput
from healthsim.specification.language.expressions import Scope
from healthsim.streams import Streams, mixed
from healthsim.tables import Coded

Rows: TypeAlias = NDArray[np.integer[Any]]
"""Positions of people in their chunk, ascending."""

Values: TypeAlias = NDArray[np.float64] | Coded
"""A number or a text for each of some people."""

_KEY_COST = 3000  # numbers of a stream in the time that it takes to begin one, measured
_EACH_COST = 5  # and those in the time of one number computed by itself, less at once
_MOST_KEPT = 64  # decisions whose uniforms are kept, for steps that are done in several pieces


@dataclass(frozen=True, eq=False)
class OwnDecision:
    """A choice that is made at each person's own address: the beat of a repeat that they are in.

    Attributes:
        addresses: the addresses, by number.
        rows: ascending positions of the people.
        numbers: int32, shape of `rows`, the address of each of them, by number.
        below: what follows every address, such as ``/chance``.
    """

    addresses: Sequence[str]
    rows: Rows
    numbers: NDArray[np.int32]
    below: str = ""

    def of(self, rows: Rows) -> tuple[list[str], NDArray[np.intp]]:
        """Return the decisions of some of the people, each once, and the position of each's."""
        own = self.numbers
        if len(rows) != len(self.rows):
            own = own[np.searchsorted(self.rows, rows)]
        numbers, which = np.unique(own, return_inverse=True)
        return [f"{self.addresses[number]}{self.below}" for number in numbers.tolist()], which


Decision: TypeAlias = str | OwnDecision
"""The name of a choice: one for everybody, or everybody's own."""


def below(decision: Decision, name: str) -> Decision:
    """Return the name of a choice that belongs to another: its address, and a name below it."""
    if isinstance(decision, str):
        return f"{decision}/{name}"
    return replace(decision, below=f"{decision.below}/{name}")


def each_address(decision: Decision, rows: Rows) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Yield each address of some people, and the positions of those whose it is; none of nobody."""
    if not len(rows):
        return
    if isinstance(decision, str):
        yield decision, np.arange(len(rows))
        return
    decisions, which = decision.of(rows)
    for number, one in enumerate(decisions):
        yield one, np.flatnonzero(which == number)


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
    """Who lives in which unit; arrays of shape (n,), ascending by unit, then place.

    Attributes:
        unit: int64, position of the unit in the chunk.
        place: int64, number within the unit, 1 to 99; 1 is the anchor, from 50 on those born in
            the run.
    """

    unit: NDArray[np.int64]
    place: NDArray[np.int64]

    @cached_property
    def rows_of(self) -> dict[int, NDArray[np.intp]]:
        """Place -> the rows of everyone who has it."""
        return {place: np.flatnonzero(self.place == place)
                for place in np.unique(self.place).tolist()}  # fmt: skip

    def places(self, rows: Rows | None) -> Iterable[int]:
        """Return the places that some of the people have; all places by default."""
        if rows is None:
            return self.rows_of
        places: list[int] = np.flatnonzero(np.bincount(self.place[rows])).tolist()
        return places


def all_rows(rows: Rows | None, count: int) -> Rows:
    """Return some people, or everybody of a chunk."""
    return np.arange(count) if rows is None else rows


def _of_place(decision: str, place: int) -> str:
    """Return the stream of a decision for those who have a place in their unit."""
    return decision if place == 1 else f"{decision}~{place}"


class Draws:
    """Random draws for the people of one chunk, each with an address of its own.

    The anchor of a unit has the decision's own stream, and so has everyone where units are
    persons; whoever has another place has that of ``decision~place``, at the unit's number.

    Attributes:
        start: number of the chunk's first unit, counted from 0.
        units: how many units the chunk has.
        count: how many people the chunk has.
        population: how many units there are in all.
        population_pass: ranks of people in the steps that see the whole population.
        roster: who lives in which unit; None where everyone is an anchor.
    """

    def __init__(
        self,
        seed: int,
        start: int,
        units: int,
        population: int,
        population_pass: PopulationPass | None = None,
    ) -> None:
        self._streams = Streams(seed)
        self.start, self.units, self.population = start, units, population
        self.population_pass = population_pass or PopulationPass()
        self.roster: UnitRoster | None = None
        self.count = units
        self._kept: dict[str, tuple[NDArray[np.float64], set[int]]] = {}

    def for_roster(self, roster: UnitRoster) -> Draws:
        """Return the draws for other people of the same units."""
        draws = Draws(
            self._streams.seed, self.start, self.units, self.population, self.population_pass
        )
        draws.roster, draws.count = roster, len(roster.unit)
        return draws

    def uniform(self, decision: Decision, rows: Rows | None = None) -> NDArray[np.float64]:
        """Return everyone's uniform for a decision, or that of some rows; float64 in (0, 1)."""
        if isinstance(decision, OwnDecision):
            return self._uniform_of_each(decision, all_rows(rows, self.count))
        if self.roster is not None:
            uniforms = self._by_place(decision, self.roster, rows)
        elif decision in self._kept:
            uniforms, _ = self._kept[decision]
        else:
            uniforms = self._streams.uniform(decision, self.start, self.count)
            self._keep(decision, uniforms)
        return uniforms if rows is None else uniforms[rows]

    def _uniform_of_each(self, decision: OwnDecision, rows: Rows) -> NDArray[np.float64]:
        """Return the uniforms of people who have decisions of their own."""
        decisions, which = decision.of(rows)
        if len(decisions) == 1:
            return self.uniform(decisions[0], rows)
        whole = len(decisions) * (_KEY_COST + self.count)
        if whole < _EACH_COST * (_KEY_COST + len(rows)):
            uniforms = np.empty(len(rows))
            for number, one in enumerate(decisions):
                inside = which == number
                uniforms[inside] = self.uniform(one, rows[inside])
            return uniforms
        if self.roster is not None:
            places, of = np.unique(self.roster.place[rows], return_inverse=True)
            names = [_of_place(one, place) for one in decisions for place in places.tolist()]
            decisions, which = names, which * len(places) + of
        return self._streams.of_each(decisions, which, self.index(rows))

    def _keep(self, decision: str, uniforms: NDArray[np.float64]) -> None:
        """Keep the uniforms of a decision, in place of the oldest ones."""
        if len(self._kept) >= _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[decision] = uniforms, set()

    def _by_place(
        self, decision: str, roster: UnitRoster, rows: Rows | None
    ) -> NDArray[np.float64]:
        """Return uniforms, of which those of everyone who has a place of `rows` are drawn."""
        if decision not in self._kept:
            self._keep(decision, np.zeros(self.count))
        uniforms, drawn = self._kept[decision]
        for place in roster.places(rows):
            if place not in drawn:
                drawn.add(place)
                holders = roster.rows_of[place]
                unit = roster.unit[holders]
                first, count = int(unit[0]), int(unit[-1]) - int(unit[0]) + 1
                stream = _of_place(decision, place)
                of_units = self._streams.uniform(stream, self.start + first, count)
                uniforms[holders] = of_units[unit - first]
        return uniforms

    def permuted_positions(self, decision: Decision, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return each unit's position in a keyed order of the whole population, int64."""
        if isinstance(decision, OwnDecision):
            chosen = all_rows(rows, self.count)
            decisions, which = decision.of(chosen)
            positions = np.empty(len(chosen), dtype=np.int64)
            for number, one in enumerate(decisions):
                inside = which == number
                positions[inside] = self.permuted_positions(one, chosen[inside])
            return positions
        return self.permuted(f"{decision}/place", self.index(rows), self.population)

    def permuted(self, decision: str, index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Return the position of each index in a keyed permutation of ``range(size)``, int64."""
        return self._streams.permuted(decision, index, size)

    def slots(self, decision: str, first: int, count: int) -> NDArray[np.float64]:
        """Return the uniforms of `count` slots that belong to no person, as in a block of arms."""
        return self._streams.uniform(decision, first, count)

    def at(self, decision: str, rows: Rows, pairs: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return the uniforms of a decision for pairs of a person and an index, float64, (n,).

        Args:
            decision: name of the choice being made.
            rows: whose numbers they are; may repeat.
            pairs: from `pairs`, of the same rows.
        """
        del rows  # only a draw that is written down asks whose it is
        return self._streams.of_mixed(decision, pairs)

    def pairs(self, rows: Rows, index: NDArray[np.int64] | int) -> NDArray[np.uint64]:
        """Return pairs of a person and an index, such as a day, for `at`; uint64, (n,)."""
        return mixed(self.person_ids(rows), index)

    def person_ids(self, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return the person_id of everyone, ascending, or of some rows; int64."""
        chosen = slice(None) if rows is None else rows
        place = 1 if self.roster is None else self.roster.place[chosen]
        return (self.index(rows) + 1) * 100 + place

    def balanced(self, decision: str) -> NDArray[np.float64]:
        """Return uniforms of which each N-th part of (0, 1) has exactly one, of N units in all."""
        return (self.permuted_positions(decision) + self.uniform(decision)) / self.population

    def index(self, rows: Rows | None = None) -> NDArray[np.int64]:
        """Return the number of each person's unit in the whole population, from 0; int64."""
        if self.roster is not None:
            return self.roster.unit[slice(None) if rows is None else rows] + self.start
        if rows is None:
            return np.arange(self.start, self.start + self.count, dtype=np.int64)
        return rows.astype(np.int64) + self.start

    def values(
        self,
        decision: Decision,
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
            rows: whose values they are; `scope` must be of the same people.
            scope: what conditions and formulas see.
            chance: uniforms for `rows` in place of the decision's own.
        """
        return distribution.values(self._input(decision, rows, scope, chance))

    def windows(
        self,
        decision: Decision,
        distribution: Distribution,
        scope: Scope | None = None,
        *,
        chance: NDArray[np.float64] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return between which numbers everyone's number was drawn; arguments as of `values`."""
        return distribution.windows(self._input(decision, None, scope, chance))

    def _input(
        self,
        decision: Decision,
        rows: Rows | None,
        scope: Scope | None,
        chance: NDArray[np.float64] | None,
    ) -> DrawInput:
        return DrawInput(
            u=self.uniform(decision, rows) if chance is None else chance,
            index=self.index(rows),
            scope=scope,
            places=lambda: self.permuted_positions(decision, rows),
            population=self.population,
        )

    def numbers(
        self,
        decision: Decision,
        distribution: Distribution,
        rows: Rows | None = None,
        scope: Scope | None = None,
    ) -> NDArray[np.float64]:
        """Draw a number for each of `rows` (all people by default), float64, shape (n,)."""
        return require_numbers(self.values(decision, distribution, rows, scope))
