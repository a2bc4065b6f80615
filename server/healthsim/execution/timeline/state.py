"""State variables: where everyone starts, and how the value has changed since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from healthsim.dates import Days
from healthsim.execution.people.courses import Courses
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER, LogEntry, Moment
from healthsim.specification.journeys.timing import YEAR_DAYS

_RECENT = 6
"""So many of the last changes are not settled: people are often read before they are complete."""
_PLACES = 6  # quantiles of the normal differ in their last bits between processors
Numbers: TypeAlias = NDArray[np.float64]
Effect: TypeAlias = tuple[Numbers, Numbers]
"""The whole amount of a change for some people, and the share of it that is in effect."""


@dataclass(frozen=True)
class StateChange:
    """A change of a state variable: by an amount, or to a value; at once, or over days.

    Attributes:
        entry: whose value changes, from which day on, and by or to what.
        sets: whether the entry's values are what the variable changes to.
        over_days: days until all of it is in effect; 0 at once.
    """

    entry: LogEntry
    sets: bool = False
    over_days: int = 0

    def effect(self, moment: Moment, positions: NDArray[np.int32], chosen: Rows) -> Effect:
        """Return the effect at a moment.

        Args:
            moment: when.
            positions: of the people in the moment.
            chosen: their positions in the entry.
        """
        amount = self.entry.values[chosen]
        if not self.over_days:
            return amount, np.ones(len(chosen))
        elapsed = moment.days[positions] - self.entry.days[chosen]
        return amount, np.minimum(elapsed / self.over_days, 1.0)


@dataclass(frozen=True, kw_only=True)
class LinearTrend(StateChange):
    """A straight line: the entry's values are the change in a year.

    Attributes:
        last: int32, for each of the entry's people the last day of the trend; None without one.
        scope_ends: for each scope around the step, the days on which it ends for everyone of the
            chunk, int32.
    """

    last: Days | None = None
    scope_ends: Sequence[Days] = ()

    def until(self, moment: Moment, positions: NDArray[np.int32], chosen: Rows) -> Days:
        """Return the day up to which the trend has gone on by the moment, int32."""
        days = moment.days[positions]
        if self.last is not None:
            days = np.minimum(days, self.last[chosen])
        for ends in self.scope_ends:
            days = np.minimum(days, ends[self.entry.rows[chosen]])
        return days

    def effect(self, moment: Moment, positions: NDArray[np.int32], chosen: Rows) -> Effect:
        """Return the change so far, all of which is in effect."""
        elapsed = self.until(moment, positions, chosen) - self.entry.days[chosen]
        return self.entry.values[chosen] * (elapsed / YEAR_DAYS), np.ones(len(chosen))


@dataclass(frozen=True, kw_only=True)
class AR1Noise(LinearTrend):
    """Autoregressive noise: each period keeps a share of the deviation and adds to it.

    Attributes:
        sd: standard deviation of what a period adds.
        every_days: days of a period.
        keeps: share of the deviation that the next period keeps.
        uniform: returns the uniforms of everyone of the chunk for a period, from 1.
        path: the deviations of everyone, by period, as far as they were needed.
    """

    sd: float
    every_days: int
    keeps: float
    uniform: Callable[[int], Numbers]
    path: list[Numbers] = field(default_factory=list)

    def effect(self, moment: Moment, positions: NDArray[np.int32], chosen: Rows) -> Effect:
        """Return the deviation, all of which is in effect; 0 once the noise has ended."""
        until = self.until(moment, positions, chosen)
        periods = (until - self.entry.days[chosen]) // self.every_days
        goes_on = until == moment.days[positions]
        self._extend(int(periods.max(initial=0)))
        deviation, rows = np.zeros(len(chosen)), self.entry.rows[chosen]
        for period in np.unique(periods).tolist():
            within = np.flatnonzero(periods == period)
            deviation[within] = self.path[period][rows[within]]
        return np.where(goes_on, deviation, 0.0), np.ones(len(chosen))

    def _extend(self, last_period: int) -> None:
        """Continue the path of everyone up to a period."""
        while len(self.path) <= last_period:
            period = len(self.path)
            z = np.round(ndtri(self.uniform(max(period, 1))), _PLACES)
            last = self.path[-1] if self.path else np.zeros(len(z))
            deviation = np.round(self.keeps * last + self.sd * z, _PLACES)
            self.path.append(deviation if period else np.zeros(len(z)))


@dataclass(frozen=True, kw_only=True)
class DrugResponse(StateChange):
    """The response to a drug: it lasts while the drug is taken, and fades afterwards.

    Attributes:
        ingredient: of the drug.
        washout_days: days until the response has faded.
        courses: every course of the chunk's people, as far as they are known.
    """

    ingredient: str
    washout_days: int
    courses: Courses

    def effect(self, moment: Moment, positions: NDArray[np.int32], chosen: Rows) -> Effect:
        """Return the whole response, and the share of it that is in effect."""
        days, begun = moment.days[positions], self.entry.days[chosen]
        last_taken = np.minimum(days, self._last_taken(moment)[moment.rows[positions]])
        last_taken = np.maximum(begun - np.int32(1), last_taken)
        reached = np.ones(len(chosen))
        if self.over_days:
            reached = np.clip((last_taken - begun) / self.over_days, 0.0, 1.0)
        left = np.clip(1 - (days - last_taken) / self.washout_days, 0.0, 1.0)
        return self.entry.values[chosen], np.where(last_taken < begun, 0.0, reached * left)

    def _last_taken(self, moment: Moment) -> Days:
        """Return the last day on which everyone of the chunk takes the drug, int32."""
        last = np.full(moment.people, -FOREVER, dtype=np.int32)
        for course in self.courses.of_ingredient(self.ingredient):
            later = np.maximum(last[course.rows], course.stop - np.int32(1))
            started = course.days <= moment.days_of(course.rows)
            started &= course.days < course.stop  # not one that was replaced on its first day
            last[course.rows] = np.where(started, later, last[course.rows])
        return last


@dataclass
class _Settled:
    """What the first changes of a variable come to, so that a read need not apply them again.

    Attributes:
        count: how many changes.
        value: float64, of everyone of the chunk after all of them.
        since: int64, the day of each from which on all of them are complete.
    """

    count: int
    value: Numbers
    since: NDArray[np.int64]

    @classmethod
    def of(cls, start: Numbers) -> _Settled:
        return cls(0, start.copy(), np.full(len(start), -FOREVER, dtype=np.int64))


@dataclass
class StateVariable:
    """A state variable: where everyone starts, and its changes.

    Attributes:
        start: float64, one for each person of the chunk; NaN where there is no value.
        low, high: no value leaves these bounds.
        decimals: places that are kept after every change.
        changes: in the order in which they were added.
        out_of_order: whether anybody has a change that was added after a later one.
        from_birth: whether a journey of those born in the run started it; another's is their
            mother's, and says nothing of their own body.
    """

    start: Numbers
    low: float
    high: float
    decimals: int
    changes: list[StateChange] = field(default_factory=list)
    out_of_order: bool = False
    from_birth: bool = False
    _settled: _Settled | None = field(default=None, init=False, repr=False)
    _latest: Days = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note everybody's latest change."""
        self._latest = np.full(len(self.start), -FOREVER, dtype=np.int32)
        for change in self.changes:
            rows = change.entry.rows
            self._latest[rows] = np.maximum(self._latest[rows], change.entry.days)

    def add_change(self, change: StateChange) -> None:
        """Add a change; it takes effect on its day, even before changes added earlier."""
        rows, days = change.entry.rows, change.entry.days
        self.out_of_order |= bool((self._latest[rows] > days).any())
        self._latest[rows] = np.maximum(self._latest[rows], days)
        self.changes.append(change)

    def at(self, moment: Moment) -> Numbers:
        """Return the value at a moment, float64: rounded and within bounds after every change."""
        value = self.start[moment.rows]
        if self.out_of_order:
            return self._by_day(moment, value)
        settled = self._settle()
        if not settled.count:
            return self._changed(moment, value, self.changes)
        early = np.flatnonzero(settled.since[moment.rows] > moment.days)
        of_early = Moment(moment.rows[early], moment.days[early], moment.people)
        begun = self._changed(of_early, value[early], self.changes[: settled.count])
        value = settled.value[moment.rows]
        value[early] = begun
        return self._changed(moment, value, self.changes[settled.count :])

    def _changed(self, moment: Moment, value: Numbers, changes: Sequence[StateChange]) -> Numbers:
        """Return values after changes, in their order; `value` is overwritten."""
        for change in changes if len(value) else ():
            positions, chosen = moment.visible(change.entry)
            amount, share = change.effect(moment, positions, chosen)
            if change.sets:
                amount = amount - value[positions]
            value[positions] = self.clamp_and_round(value[positions] + amount * share)
        return value

    def _settle(self) -> _Settled:
        """Return what the first changes come to for good, without the latest ones."""
        if self._settled is None:
            self._settled = _Settled.of(self.start)
        settled = self._settled
        for change in self.changes[settled.count : -_RECENT]:
            if type(change) is not StateChange:
                break
            rows = change.entry.rows
            value, amount = settled.value[rows], change.entry.values
            settled.value[rows] = self.clamp_and_round(
                value + (amount - value if change.sets else amount)
            )
            complete = change.entry.days.astype(np.int64) + change.over_days
            settled.since[rows] = np.maximum(settled.since[rows], complete)
            settled.count += 1
        return settled

    def _by_day(self, moment: Moment, value: Numbers) -> Numbers:
        """Apply the changes in the order of each person's days, then as they were added."""
        shape = (len(self.changes), len(value))
        days = np.full(shape, FOREVER, dtype=np.int32)
        amounts, shares = np.zeros(shape), np.zeros(shape)
        for number, change in enumerate(self.changes):
            positions, chosen = moment.visible(change.entry)
            days[number, positions] = change.entry.days[chosen]
            amount, share = change.effect(moment, positions, chosen)
            amounts[number, positions], shares[number, positions] = amount, share
        sets = np.array([change.sets for change in self.changes])
        person = np.arange(len(value))
        for number in np.argsort(days, axis=0, kind="stable"):
            day = days[number, person]
            amount = amounts[number, person] - np.where(sets[number], value, 0.0)
            changed = self.clamp_and_round(value + amount * shares[number, person])
            value = np.where(day == FOREVER, value, changed)
        return value

    def clamp_and_round(self, value: Numbers) -> Numbers:
        """Return values rounded, and within the variable's bounds; float64."""
        clamped: Numbers = np.clip(np.round(value, self.decimals), self.low, self.high)
        clamped += 0.0
        return clamped
