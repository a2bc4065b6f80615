"""The beats of repeats and protocols: whether they go on, are put off, and when the next one is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.calendar_days import repeat_days
from healthsim.execution.timeline.families import DaysByNumber, Due, Families, Numbers
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.scheduling import ScopeOf, StepDates, all_open, opening_days
from healthsim.specification.journeys.decided import deciding_noise
from healthsim.specification.journeys.plan import Beating, Occurrence
from healthsim.specification.journeys.repeats import Delay, Protocol, Repeat


@dataclass(frozen=True)
class BeatCallbacks:
    """What beats need of the walk that they are part of.

    Attributes:
        schedule: puts an occurrence, or everybody's own, by number, on the agenda of people on
            their days.
        begin: begins a scope, or everybody's own, by number, for people on their days.
        scope_ends: returns the days on which a scope ends for everyone of the chunk, to be set.
        scope: gives what conditions see of people on their days.
    """

    schedule: Callable[[Numbers | int, Rows, Days], None]
    begin: Callable[[Numbers | int, Rows, Days], None]
    scope_ends: Callable[[int], Days]
    scope: ScopeOf


class Beats:
    """The repeats and protocols of one journey over the people of one chunk."""

    def __init__(
        self,
        families: Families,
        record: Record,
        start_days: Days,
        dates: StepDates,
        walk: BeatCallbacks,
    ) -> None:
        """Begin with no beat of anybody.

        Args:
            families: of the journey's occurrences.
            record: what is known of the people.
            start_days: everyone's first day in the journey.
            dates: the days of the journey's steps.
            walk: the agenda and the scopes of the walk.
        """
        layout = families.layout
        self._families, self._layout, self._record = families, layout, record
        self._start_days = start_days
        self._dates, self._walk = dates, walk
        self._first = DaysByNumber(len(layout.occurrences), len(start_days), NO_DAY)
        self._delays: dict[int, Days] = defaultdict(lambda: np.zeros_like(start_days))

    def going_on(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those for whom the repeat goes on and its beat is not delayed."""
        step = due.step
        if not isinstance(step, Beating) or not len(rows):
            return rows, days
        if step.until is not None:
            goes_on = ~step.until.holds(self._walk.scope(rows, days))
            if isinstance(step, Protocol):
                protocol_end = self._walk.scope_ends(self._layout.opens[due.only.opener, -1])
                protocol_end[rows[~goes_on]] = days[~goes_on]
            rows, days = rows[goes_on], days[goes_on]
        if step.delay is not None and len(rows):
            rows, days = self._delayed(due.only, step.delay, rows, days)
        return rows, days

    def _delayed(
        self, occurrence: Occurrence, delay: Delay, rows: Rows, days: Days
    ) -> tuple[Rows, Days]:
        """Keep those whose beat is not delayed; date the beat anew for the others."""
        delays = self._delays[occurrence.number]
        seen = self._measured(occurrence, delays[rows], rows, days)
        delayed = delay.when.holds(seen) & (delays[rows] < delay.most)
        for number in np.unique(delays[rows[delayed]]).tolist():
            chosen = np.flatnonzero(delayed & (delays[rows] == number))
            late, today = rows[chosen], days[chosen]
            self._walk.begin(self._layout.opens[occurrence.number, number], late, today)
            address = f"{occurrence.address}/delay#{number + 1}"
            drawn = self._record.draws.numbers(
                address, delay.days, late, self._walk.scope(late, today)
            )
            delay_days = np.maximum(np.rint(np.nan_to_num(drawn)), 1).astype(np.int32)
            again = all_open(occurrence.step, occurrence.tick, today + delay_days)
            self._walk.schedule(occurrence.number, late, again)
        delays[rows[delayed]] += 1
        return rows[~delayed], days[~delayed]

    def _measured(self, occurrence: Occurrence, delays: Days, rows: Rows, days: Days) -> AsOfScope:
        """Return what a delay is decided by: states as they are measured on the day.

        Args:
            occurrence: the beat.
            delays: int32, how often it was delayed before, of each of the people.
            rows: the people.
            days: int32, when it is due.
        """
        seen, record = self._walk.scope(rows, days), self._record
        step = occurrence.step
        noises = deciding_noise(step) if isinstance(step, Protocol | Repeat) else {}
        for name, noise in noises.items():
            drawn = np.zeros(len(rows))
            for number in np.unique(delays).tolist():
                at = np.flatnonzero(delays == number)
                address = f"{occurrence.address}/delay#{number + 1}/measured/{name}"
                some = self._walk.scope(rows[at], days[at])
                drawn[at] = record.draws.numbers(address, noise, rows[at], some)
            none = np.full(len(record.people), np.nan)
            record.decided.setdefault(name, none)[rows] = drawn
            variable = record.variables[name]
            value = variable.at(record.moment(rows, days))
            seen.measured[name] = variable.clamp_and_round(value + drawn)
        return seen

    def begin(self, due: Due, step: Beating, rows: Rows, days: Days) -> None:
        """Begin a beat of a repeat or protocol, and schedule the next one."""
        own, families = due.numbers(rows), self._families
        opener = families.opener[own] if due.first.tick else own
        if not due.first.tick:
            self._first.set(opener, rows, (days + np.int32(opening_days(due.first))))
        inside = families.inside[own]
        if inside[0] >= 0:
            self._walk.begin(inside, rows, days)
        following = families.following[own]
        if isinstance(step, Protocol) and following[0] < 0:
            protocol_end = self._walk.scope_ends(self._layout.opens[int(opener[0]), -1])
            lead = step.lead_days(due.only.tick)
            protocol_end[rows] = days + np.int32(step.cycle_days + lead)
        more = np.flatnonzero(following >= 0)
        first = self._first.at(opener, rows)
        for beat, some in families.by_family(following[more], rows[more]):
            at = more[some]
            self._next(beat, step, first[at], days[at])

    def _next(self, beat: Due, step: Beating, first: Days, days: Days) -> None:
        """Schedule a beat.

        Args:
            beat: the beat of everybody.
            step: the repeat or protocol.
            first: the days of the first beat.
            days: the days of the beat before it.
        """
        rows = beat.rows
        hazard = step.every.hazard if isinstance(step, Repeat) else None
        if hazard is not None:
            rows, due = self._dates.next_beat_days(beat, hazard, rows, days, self._walk.scope)
        else:
            ticks = self._families.tick[beat.own]
            due = all_open(step, int(ticks[0]), _calendar_days(ticks, step, first, days))
        if isinstance(step, Repeat) and step.times is None:
            within = due - self._start_days[rows] <= self._layout.journey.duration_days
            rows, due = rows[within], due[within]
        self._walk.schedule(beat.numbers(rows), rows, due)


def _calendar_days(ticks: NDArray[np.int32], step: Beating, first: Days, days: Days) -> Days:
    """Return the days of beats that the calendar dates: from the first beat, or the one before.

    Args:
        ticks: int32, which beat of its repeat it is; none but the first is with the first.
        step: the repeat or protocol.
        first: int32, the days of the first beat.
        days: int32, the days of the beat before it.
    """
    tick = int(ticks[0])
    lead = step.lead_days(tick) if isinstance(step, Protocol) else 0
    if step.counted == "previous" and tick > 1:
        if isinstance(step, Protocol):
            days = (days + np.int32(step.lead_days(tick - 1))).astype(np.int32)
        elif step.every.weekdays is not None:
            return repeat_days(step, (days + np.int32(1)).astype(np.int32), 0)
        return (repeat_days(step, days, 1) - np.int32(lead)).astype(np.int32)
    due = repeat_days(step, first, ticks - 1) - np.int32(lead)
    if step.delay is not None:  # the next beat comes after one that was delayed
        due = np.maximum(due, days + np.int32(tick > 1))
    return due.astype(np.int32)
