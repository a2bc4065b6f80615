"""State variables: where everyone starts, and what has moved them since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER, Course, LogEntry, Moment
from healthsim.specification.journeys.timing import YEAR_DAYS

_PLACES = 6  # quantiles of the normal differ in their last bits between processors
Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class StateChange:
    """A change of a state variable: by an amount, or to a value; at once, or over days."""

    entry: LogEntry
    sets: bool = False
    over_days: int = 0

    def parts(self, moment: Moment, place: NDArray[np.int32], chosen: Rows) -> tuple[
        Numbers, Numbers
    ]:  # fmt: skip
        """Return the amount for everyone chosen, and which part of it has come by the moment."""
        amount = self.entry.values[chosen]
        if not self.over_days:
            return amount, np.ones(len(chosen))
        gone = moment.days[place] - self.entry.days[chosen]
        return amount, np.minimum(gone / self.over_days, 1.0)


@dataclass(frozen=True)
class LinearTrend(StateChange):
    """A straight line: the entry's values are the change in a year.

    Attributes:
        last: int32, one for each of the entry's people, the day after which it stays.
        closed: int32, one for each person of the chunk, the days on which the scopes around it end.
    """

    last: Days | None = None
    closed: Sequence[Days] = ()

    def until(self, moment: Moment, place: NDArray[np.int32], chosen: Rows) -> Days:
        """Return the day up to which it has moved the chosen, by the moment."""
        days = moment.days[place]
        if self.last is not None:
            days = np.minimum(days, self.last[chosen])
        for closed in self.closed:
            days = np.minimum(days, closed[self.entry.rows[chosen]])
        return days

    def parts(self, moment: Moment, place: NDArray[np.int32], chosen: Rows) -> tuple[
        Numbers, Numbers
    ]:  # fmt: skip
        """Return what the line has come to, whole."""
        gone = self.until(moment, place, chosen) - self.entry.days[chosen]
        return self.entry.values[chosen] * (gone / YEAR_DAYS), np.ones(len(chosen))


@dataclass(frozen=True)
class AR1Noise(LinearTrend):
    """Ups and downs: each period keeps a share of the deviation and adds to it.

    Attributes:
        uniform: the uniforms of everyone of the chunk for a period, from 1.
        path: the deviations of the periods that were asked for so far.
    """

    sd: float = 0.0
    every_days: int = 30
    keeps: float = 0.8
    uniform: Callable[[int], Numbers] | None = None
    path: list[Numbers] = field(default_factory=list)

    def parts(self, moment: Moment, place: NDArray[np.int32], chosen: Rows) -> tuple[
        Numbers, Numbers
    ]:  # fmt: skip
        """Return the deviation; none once it has ended."""
        until = self.until(moment, place, chosen)
        period = (until - self.entry.days[chosen]) // self.every_days
        goes_on = until == moment.days[place]
        self._walk(int(period.max(initial=0)))
        amount, rows = np.zeros(len(chosen)), self.entry.rows[chosen]
        for number in np.unique(period).tolist():
            here = np.flatnonzero(period == number)
            amount[here] = self.path[number][rows[here]]
        return np.where(goes_on, amount, 0.0), np.ones(len(chosen))

    def _walk(self, periods: int) -> None:
        """Let everyone's deviation be known up to so many periods."""
        if self.uniform is None:
            raise TypeError("a wander needs its uniforms")
        while len(self.path) <= periods:
            number = len(self.path)
            z = np.round(ndtri(self.uniform(max(number, 1))), _PLACES)
            last = self.path[-1] if self.path else np.zeros(len(z))
            step = np.round(self.keeps * last + self.sd * z, _PLACES)
            self.path.append(step if number else np.zeros(len(z)))


@dataclass(frozen=True)
class DrugResponse(StateChange):
    """What a drug does: it holds while the drug is taken and fades when it is not any more.

    Attributes:
        courses: every drug of the chunk's people, as it is known at the moment of asking.
    """

    ingredient: str = ""
    washout_days: int = 30
    courses: Sequence[Course] = ()

    def parts(self, moment: Moment, place: NDArray[np.int32], chosen: Rows) -> tuple[
        Numbers, Numbers
    ]:  # fmt: skip
        """Return the whole effect, and which part of it is there."""
        days, begun = moment.days[place], self.entry.days[chosen]
        taken = begun - np.int32(1)  # the last day on which it was taken
        last = np.full(moment.people, -FOREVER, dtype=np.int32)
        for course in self.courses:
            if course.ingredient == self.ingredient:
                here = np.maximum(last[course.rows], course.stop - np.int32(1))
                started = course.days <= moment.days_of(course.rows)
                started &= course.days < course.stop  # what is replaced on its day was never taken
                last[course.rows] = np.where(started, here, last[course.rows])
        taken = np.maximum(taken, np.minimum(days, last[moment.rows[place]]))
        ramp = np.ones(len(chosen))
        if self.over_days:
            ramp = np.clip((taken - begun) / self.over_days, 0.0, 1.0)
        left = np.clip(1 - (days - taken) / self.washout_days, 0.0, 1.0)
        never = taken < begun
        return self.entry.values[chosen], np.where(never, 0.0, ramp * left)


@dataclass
class StateVariable:
    """A state variable: where everyone starts, and how it has moved.

    Attributes:
        start: float64, one for each person of the chunk; NaN is missing.
    """

    start: Numbers
    low: float
    high: float
    decimals: int
    moves: list[StateChange] = field(default_factory=list)
    out_of_order: bool = False

    def add_change(self, move: StateChange) -> None:
        """Add a move; one that is dated before a move already made is put in its place."""
        before = Moment(move.entry.rows, move.entry.days + np.int32(1), len(self.start))
        self.out_of_order |= any(
            len(before.positions[one.entry.rows]) and _later(before, one.entry)
            for one in self.moves
        )
        self.moves.append(move)

    def at(self, moment: Moment) -> Numbers:
        """Return the value at a moment: rounded and kept in bounds after every move."""
        value = self.start[moment.rows]
        if self.out_of_order:
            return self._by_day(moment, value)
        for move in self.moves:
            place, chosen = moment.visible(move.entry)
            amount, part = move.parts(moment, place, chosen)
            if move.sets:
                amount = amount - value[place]
            value[place] = self.clamp_and_round(value[place] + amount * part)
        return value

    def _by_day(self, moment: Moment, value: Numbers) -> Numbers:
        """Apply the moves in the order of each person's own days, then as they were made."""
        shape = (len(self.moves), len(value))
        days = np.full(shape, FOREVER, dtype=np.int32)
        amounts, parts = np.zeros(shape), np.zeros(shape)
        for number, move in enumerate(self.moves):
            place, chosen = moment.visible(move.entry)
            days[number, place] = move.entry.days[chosen]
            amounts[number, place], parts[number, place] = move.parts(moment, place, chosen)
        sets = np.array([move.sets for move in self.moves])
        person = np.arange(len(value))
        for number in np.argsort(days, axis=0, kind="stable"):
            day = days[number, person]
            amount = amounts[number, person] - np.where(sets[number], value, 0.0)
            moved = self.clamp_and_round(value + amount * parts[number, person])
            value = np.where(day == FOREVER, value, moved)
        return value

    def clamp_and_round(self, value: Numbers) -> Numbers:
        """Round, and hold within the variable's bounds."""
        held: Numbers = np.clip(np.round(value, self.decimals), self.low, self.high)
        held += 0.0
        return held


def _later(moment: Moment, entry: LogEntry) -> bool:
    """Tell whether an entry holds anybody of the moment on a day after theirs."""
    place = moment.positions[entry.rows]
    return bool(((place >= 0) & (entry.days >= moment.days[place])).any())
