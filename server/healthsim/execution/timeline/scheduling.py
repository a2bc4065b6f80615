"""Days that the calendar, an age, a beat, a window or a hazard gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, add_months, day_of, next_business_day
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.branching import option_taken
from healthsim.execution.timeline.facts import ChoiceFacts, PlannedVisitFacts
from healthsim.execution.timeline.hazards import NEVER, days_until
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.specification.distributions.kinds import Constant
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.plan import Beating, JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit
from healthsim.specification.journeys.timing import (
    LONGEST_DAYS,
    WEEKDAYS,
    Age,
    Every,
    Hazard,
    Length,
)
from healthsim.tables import Coded

_LATE = 7  # days that a visit outside its window comes at most after it: assumption, one week
ScopeOf = Callable[[Rows, Days], AsOfScope]


@dataclass
class _PlannedVisit:
    """A protocol's visit, for everyone of the chunk."""

    planned: Days
    missed: NDArray[np.bool_]
    deviation: NDArray[np.bool_]


@dataclass
class _PendingHazard:
    """A hazard, for everyone of the chunk: since when, and until when as far as is known."""

    since: Days
    due: Days
    way: NDArray[np.int32]


class StepDates:
    """The days of a journey's steps, and what they were chosen by."""

    def __init__(self, plan: JourneyLayout, record: Record, begun: Days) -> None:
        self.plan, self.record, self.begun = plan, record, begun
        self._visits: dict[int, _PlannedVisit] = {}
        self._risks: dict[int, _PendingHazard] = {}

    def of(
        self, one: Occurrence, rows: Rows, base: Days, begin: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Return to whom an occurrence comes, and when.

        Args:
            one: the occurrence.
            rows: whose it may be.
            base: the days that it is counted from.
            begin: the days on which its scope began; it comes no earlier.
            scope: gives what conditions see on a day.
        """
        if isinstance(one.step, ProtocolVisit):
            return rows, self._within_window(one, one.step, rows, base, scope)
        rows, days, begin, base = self._anchored(one, rows, base, begin, scope)
        at = one.step.at
        if at.variance_days:
            u = self.record.draws.uniform(f"{one.address}/variance", rows)
            wide = 2 * at.variance_days + 1
            days = days + np.floor(u * wide).astype(np.int32) - np.int32(at.variance_days)
        days = np.maximum(days, np.maximum(base, begin)).astype(np.int32)
        if one.step.hazard is not None and one.step.hazard.renew_days is not None:
            return self._at_risk(one, one.step.hazard, rows, days, scope)
        if one.step.hazard is not None:
            rows, days = self._at_risk(one, one.step.hazard, rows, days, scope)
        elif isinstance(one.step, Branch) and one.step.races:
            rows, days = self._competing_risks(one, one.step, rows, days, scope)
        if at.business_days:
            days = next_business_day(days)
        return rows, days

    def _anchored(
        self, one: Occurrence, rows: Rows, base: Days, begin: Days, scope: ScopeOf
    ) -> tuple[Rows, Days, Days, Days]:
        """Return the people, their nominal days, their scope's first day, and the earliest day."""
        at = one.step.at
        if at.date is not None or at.age is not None:
            days = np.full(len(rows), day_of(at.date.isoformat()) if at.date else 0, np.int32)
            if at.age is not None:
                days = date_of_age(self.record.people.birth[rows], at.age)
                days = days + self._offset(one, rows, base, scope)
            ahead = days >= begin
            return rows[ahead], days[ahead], begin[ahead], begin[ahead]
        offset = self._offset(one, rows, base, scope)
        known = offset != NO_DAY
        rows, base, begin, offset = (part[known] for part in (rows, base, begin, offset))
        start = month_begins(base, at.month) if at.month is not None else base
        days = start + offset
        return rows, days, begin, np.where(offset < 0, begin, start)

    def _offset(self, one: Occurrence, rows: Rows, base: Days, scope: ScopeOf) -> NDArray[np.int32]:
        """Return the days from the base; `NO_DAY` where they cannot be known: it does not come."""
        day = one.step.at.day
        if day is None:
            return np.zeros(len(rows), dtype=np.int32)
        if isinstance(day, Constant) and not isinstance(day.value, str):
            return np.full(len(rows), round(day.value), dtype=np.int32)
        drawn = self.record.draws.numbers(f"{one.address}/day", day, rows, scope(rows, base))
        held = np.rint(np.clip(np.nan_to_num(drawn), -LONGEST_DAYS, LONGEST_DAYS))
        return np.where(np.isnan(drawn), NO_DAY, held).astype(np.int32)

    def _within_window(
        self, one: Occurrence, step: ProtocolVisit, rows: Rows, base: Days, scope: ScopeOf
    ) -> Days:
        """Return a visit's real days: planned, scattered over the window, or late, or missed.

        A missed visit stays on its planned day. None comes before its cycle begins.
        """
        u, people = self.record.draws.uniform, len(self.begun)
        visit = self._visits.setdefault(one.number, _PlannedVisit(
            np.full(people, NO_DAY, dtype=np.int32), np.zeros(people, np.bool_),
            np.zeros(people, np.bool_),
        ))  # fmt: skip
        planned = (base + np.int32(step.day - 1)).astype(np.int32)
        before = min(step.window.before, step.day - 1)
        wide = before + step.window.after + 1
        shift = np.floor(u(f"{one.address}/window", rows) * wide).astype(np.int32) - before
        missed = self._takes(one, "missed", step, rows, base, scope)
        outside = self._takes(one, "outside", step, rows, base, scope) & ~missed
        late = 1 + np.floor(u(f"{one.address}/late", rows) * _LATE).astype(np.int32)
        shift = np.where(outside, step.window.after + late, shift)
        visit.planned[rows], visit.missed[rows], visit.deviation[rows] = planned, missed, outside
        return np.where(missed, planned, planned + shift).astype(np.int32)

    def _takes(
        self, one: Occurrence, name: str, step: ProtocolVisit, rows: Rows, base: Days,
        scope: ScopeOf,
    ) -> NDArray[np.bool_]:  # fmt: skip
        share = getattr(step, name)
        if share is None:
            return np.zeros(len(rows), dtype=np.bool_)
        decision = f"{one.address}/{name}"
        wanted = self.record.draws.numbers(f"{decision}/share", share, rows, scope(rows, base))
        return self.record.draws.uniform(decision, rows) < np.nan_to_num(wanted)

    def _risk_of(self, one: Occurrence) -> _PendingHazard:
        people = len(self.begun)
        return self._risks.setdefault(one.number, _PendingHazard(
            np.full(people, NO_DAY, dtype=np.int32), np.full(people, NEVER, dtype=np.int32),
            np.full(people, -1, dtype=np.int32),
        ))  # fmt: skip

    def _wait(
        self, address: str, hazard: Hazard, rows: Rows, since: Days, scope: ScopeOf
    ) -> NDArray[np.int32]:
        draws, seen = self.record.draws, scope(rows, since)
        return days_until(
            hazard,
            lambda name, rate: draws.numbers(f"{address}/{name}", rate, rows, seen),
            draws.uniform(address, rows),
            since,
        )

    def _at_risk(
        self, one: Occurrence, hazard: Hazard, rows: Rows, since: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Return those to whom the hazard's time comes, and when it does or is to be read anew."""
        wait = self._wait(f"{one.address}/hazard", hazard, rows, since, scope)
        if hazard.renew_days is None:
            comes = wait != NEVER
            return rows[comes], (since + wait)[comes].astype(np.int32)
        risk = self._risk_of(one)
        risk.since[rows] = since
        return rows, self._due(one, hazard.renew_days, rows, since, wait)

    def _due(
        self, one: Occurrence, horizon: int, rows: Rows, since: Days, wait: NDArray[np.int32]
    ) -> Days:
        """Note whose time comes before the rate is read again; return that day, or of reading."""
        risk, comes = self._risk_of(one), wait <= horizon
        due = (since + np.minimum(wait, np.int32(horizon))).astype(np.int32)
        if one.step.at.business_days:
            due[comes] = next_business_day(due[comes])
        risk.due[rows] = np.where(comes, due, NEVER)
        return due

    def hazard_occurs(
        self, one: Occurrence, rows: Rows, days: Days, scope: ScopeOf
    ) -> tuple[NDArray[np.bool_], Days]:
        """Return whose time it is, and for the others the day on which to look again."""
        hazard = one.step.hazard
        if hazard is None or hazard.renew_days is None:
            return np.ones(len(rows), dtype=np.bool_), days[:0]
        risk = self._risk_of(one)
        fires = days >= risk.due[rows]
        others, today = rows[~fires], days[~fires]
        again = np.zeros(len(others), dtype=np.int32)
        times = (today - risk.since[others]) // hazard.renew_days
        for time in np.unique(times).tolist():
            here = np.flatnonzero(times == time)
            address = f"{one.address}/hazard~{time}"
            wait = self._wait(address, hazard, others[here], today[here], scope)
            again[here] = self._due(one, hazard.renew_days, others[here], today[here], wait)
        return fires, again

    def _competing_risks(
        self, one: Occurrence, step: Branch, rows: Rows, since: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Let the options of a branch compete; the earliest is the way, on its day."""
        soonest = np.full(len(rows), NEVER, dtype=np.int32)
        way = np.full(len(rows), -1, dtype=np.int32)
        for place, option in enumerate(step.options):
            if option.hazard is None:
                continue
            address = f"{one.address}/{option.name}"
            wait = self._wait(address, option.hazard, rows, since, scope)
            sooner = wait < soonest
            soonest[sooner], way[sooner] = wait[sooner], place
        if step.within_days is not None:
            late = soonest > step.within_days
            others = next(n for n, option in enumerate(step.options) if option.otherwise)
            soonest[late], way[late] = step.within_days, others
        self._risk_of(one).way[rows] = way
        comes = soonest != NEVER
        return rows[comes], (since + soonest)[comes].astype(np.int32)

    def days_to_next(
        self, following: Occurrence, hazard: Hazard, rows: Rows, days: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Return to whom the next beat of a hazard comes, and when."""
        wait = self._wait(f"{following.address}/gap", hazard, rows, days, scope)
        comes = wait != NEVER
        return rows[comes], (days + wait)[comes].astype(np.int32)

    def settled_facts(self, one: Occurrence, rows: Rows) -> ChoiceFacts | PlannedVisitFacts | None:
        """Return the facts that were settled with a step's day; None where there are none."""
        step = one.step
        if isinstance(step, Branch) and step.races:
            return option_taken(step, self._risk_of(one).way[rows])
        if isinstance(step, ProtocolVisit):
            return self._planned_visit(one, step, rows)
        return None

    def _planned_visit(self, one: Occurrence, step: ProtocolVisit, rows: Rows) -> PlannedVisitFacts:
        visit = self._visits[one.number]
        planned, missed, deviation = visit.planned[rows], visit.missed[rows], visit.deviation[rows]
        option = np.where(missed, 0, np.where(deviation, 1, -1)).astype(np.int32)
        return PlannedVisitFacts(
            option=Coded(option, ("missed", "deviation")),
            planned=planned,
            low=(planned - np.int32(min(step.window.before, step.day - 1))).astype(np.int32),
            high=(planned + np.int32(step.window.after)).astype(np.int32),
            missed=missed,
            deviation=deviation,
        )


def add_length(days: Days, length: Length) -> Days:
    """Return the days that lie a length of time after others; int32, shape of `days`."""
    if length.days is not None:
        return (days + np.int32(length.days)).astype(np.int32)
    return add_months(days, (length.months or 0) + 12 * (length.years or 0))


def date_of_age(birth: Days, age: Age) -> Days:
    """Return the day on which people born on `birth` reach an age."""
    if age.days is not None:
        return (birth + np.int32(age.days)).astype(np.int32)
    return add_months(birth, (age.months or 0) + 12 * (age.years or 0))


def month_begins(days: Days, month: int) -> Days:
    """Return the first day of a month of the calendar, on or after each day.

    >>> month_begins(np.array([0, 1], dtype=np.int32), 1).tolist()
    [0, 365]
    """
    here = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    begins = here.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) == days
    ahead = (month - 1 - here) % 12
    ahead = np.where((ahead == 0) & ~begins, 12, ahead)
    found = (here + ahead).astype("datetime64[M]").astype("datetime64[D]")
    return found.astype(np.int32)


def repeat_days(step: Beating, first: Days, beats: int) -> Days:
    """Return the day of a later beat: so many beats after the first."""
    if isinstance(step, Protocol):
        return (first + np.int32(step.cycle_days * beats)).astype(np.int32)
    every = step.every
    if every.weekdays is not None:
        return _weekday(every, first, beats)
    months = (every.months or 0) + 12 * (every.years or 0)
    if months:
        return add_months(first, months * beats)
    days = (every.days or 0) + 7 * (every.weeks or 0)
    return (first + np.int32(days * beats)).astype(np.int32)


def _weekday(every: Every, first: Days, beats: int) -> Days:
    """Return the so manieth listed weekday on or after the first day, counted from 0."""
    listed = [WEEKDAYS.index(day) for day in every.weekdays or ()]
    weeks, place = divmod(beats, len(listed))
    ahead: NDArray[np.int32] = np.array(
        [sorted((day - today) % 7 for day in listed)[place] for today in range(7)], dtype=np.int32
    )
    today = (first + 3) % 7  # 1970-01-01 was a Thursday
    return (first + ahead[today] + np.int32(7 * weeks)).astype(np.int32)
