"""Draws that are written down: which numbers one unit's people got, and what they decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Decision, Draws, Rows, UnitRoster, Values
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.language.expressions import Scope
from healthsim.tables import Coded

_ONE_ADDRESS = "what is written down is drawn at one address at a time"


@dataclass(frozen=True)
class Draw:
    """One person's number for one decision.

    Attributes:
        uniform: in (0, 1).
        distribution: what it was drawn from; None where the number itself decides.
        value: what the distribution gave; None where there is none, or nothing.
    """

    decision: str
    uniform: float
    distribution: Distribution | None = None
    value: float | str | None = None


@dataclass
class DrawLog:
    """Every draw of a unit's people, by person and decision, in the order of drawing."""

    _of_person: dict[int, dict[str, Draw]] = field(default_factory=dict)

    def add(self, person_id: int, draw: Draw) -> None:
        """Write a draw down; what a distribution gave is kept before a bare number."""
        known = self._of_person.setdefault(person_id, {})
        old = known.get(draw.decision)
        if old is None or old.distribution is None or draw.distribution is not None:
            known[draw.decision] = draw

    def find(self, person_id: int, decision: str) -> Draw | None:
        """Return a person's draw; None where it was never needed."""
        return self._of_person.get(person_id, {}).get(decision)

    def below(self, person_id: int, address: str) -> Iterator[Draw]:
        """Yield a person's draws whose decision is an address or begins with it and a slash."""
        for decision, draw in self._of_person.get(person_id, {}).items():
            if decision == address or decision.startswith(f"{address}/"):
                yield draw

    def of(self, person_id: int) -> Iterator[Draw]:
        """Yield all draws of a person."""
        yield from self._of_person.get(person_id, {}).values()


class TracedDraws(Draws):
    """The draws of a chunk, with everything that is drawn written into `log`."""

    def __init__(
        self,
        seed: int,
        start: int,
        units: int,
        population: int,
        population_pass: PopulationPass | None = None,
        log: DrawLog | None = None,
    ) -> None:
        super().__init__(seed, start, units, population, population_pass)
        self.log = DrawLog() if log is None else log

    def for_roster(self, roster: UnitRoster) -> TracedDraws:
        """Return the draws for other people of the same units, with the same log."""
        draws = TracedDraws(
            self._streams.seed, self.start, self.units, self.population, self.population_pass,
            self.log,
        )  # fmt: skip
        draws.roster, draws.count = roster, len(roster.unit)
        return draws

    def uniform(self, decision: Decision, rows: Rows | None = None) -> NDArray[np.float64]:
        """Return uniforms as `Draws` does, and write them down."""
        uniforms = super().uniform(decision, rows)
        if not isinstance(decision, str):
            raise TypeError(_ONE_ADDRESS)
        for person_id, u in zip(self._persons(rows), uniforms.tolist(), strict=True):
            self.log.add(person_id, Draw(decision, u))
        return uniforms

    def at(self, decision: str, rows: Rows, pairs: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return uniforms as `Draws` does, and write down each person's latest."""
        uniforms = super().at(decision, rows, pairs)
        for person_id, u in zip(self._persons(rows), uniforms.tolist(), strict=True):
            self.log.add(person_id, Draw(decision, u))
        return uniforms

    def balanced(self, decision: str) -> NDArray[np.float64]:
        """Return stratified uniforms as `Draws` does, and write them down in place of its own."""
        uniforms = super().balanced(decision)
        for person_id, u in zip(self._persons(None), uniforms.tolist(), strict=True):
            self.log.add(person_id, Draw(decision, u))
        return uniforms

    def values(
        self,
        decision: Decision,
        distribution: Distribution,
        rows: Rows | None = None,
        scope: Scope | None = None,
        *,
        chance: NDArray[np.float64] | None = None,
    ) -> Values:
        """Return values as `Draws` does, and write them down."""
        values = super().values(decision, distribution, rows, scope, chance=chance)
        u = self.uniform(decision, rows) if chance is None else chance
        if not isinstance(decision, str):
            raise TypeError(_ONE_ADDRESS)
        given = values.texts() if isinstance(values, Coded) else values.tolist()
        for person_id, number, value in zip(self._persons(rows), u.tolist(), given, strict=True):
            plain = None if isinstance(value, float) and np.isnan(value) else value
            self.log.add(person_id, Draw(decision, number, distribution, plain))
        return values

    def _persons(self, rows: Rows | None) -> list[int]:
        persons: list[int] = self.person_ids()[slice(None) if rows is None else rows].tolist()
        return persons
