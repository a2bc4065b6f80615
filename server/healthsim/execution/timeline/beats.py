"""The beats of repeats and protocols: whether they go on, are put off, and when the next one is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.calendar_days import repeat_days
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.scheduling import ScopeOf, StepDates, opening_days
from healthsim.specification.journeys.plan import Beating, JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Delay, Protocol, Repeat


@dataclass(frozen=True)
class BeatCallbacks:
    """What beats need of the walk that they are part of.

    Attributes:
        schedule: puts an occurrence, by number, on the agenda of people on their days.
        begin: begins a scope, by number, for people on their days.
        scope_ends: returns the days on which a scope ends for everyone of the chunk, to be set.
        scope: gives what conditions see of people on their days.
    """

    schedule: Callable[[int, Rows, Days], None]
    begin: Callable[[int, Rows, Days], None]
    scope_ends: Callable[[int], Days]
    scope: ScopeOf


class Beats:
    """The repeats and protocols of one journey over the people of one chunk."""

    def __init__(
        self,
        layout: JourneyLayout,
        record: Record,
        start_days: Days,
        dates: StepDates,
        walk: BeatCallbacks,
    ) -> None:
        """Begin with no beat of anybody.

        Args:
            layout: the journey laid out.
            record: what is known of the people.
            start_days: everyone's first day in the journey.
            dates: the days of the journey's steps.
            walk: the agenda and the scopes of the walk.
        """
        self._layout, self._record, self._start_days = layout, record, start_days
        self._dates, self._walk = dates, walk
        self._first: dict[int, Days] = defaultdict(lambda: np.full_like(start_days, NO_DAY))
        self._delays: dict[int, Days] = defaultdict(lambda: np.zeros_like(start_days))

    def going_on(self, occurrence: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those for whom the repeat goes on and its beat is not delayed."""
        step = occurrence.step
        if not isinstance(step, Beating) or not len(rows):
            return rows, days
        if step.until is not None:
            goes_on = ~step.until.holds(self._walk.scope(rows, days))
            if isinstance(step, Protocol):
                protocol_end = self._walk.scope_ends(self._layout.opens[occurrence.opener, -1])
                protocol_end[rows[~goes_on]] = days[~goes_on]
            rows, days = rows[goes_on], days[goes_on]
        if step.delay is not None and len(rows):
            rows, days = self._delayed(occurrence, step.delay, rows, days)
        return rows, days

    def _delayed(
        self, occurrence: Occurrence, delay: Delay, rows: Rows, days: Days
    ) -> tuple[Rows, Days]:
        """Keep those whose beat is not delayed; date the beat anew for the others."""
        delays = self._delays[occurrence.number]
        delayed = delay.when.holds(self._walk.scope(rows, days)) & (delays[rows] < delay.most)
        for number in np.unique(delays[rows[delayed]]).tolist():
            chosen = np.flatnonzero(delayed & (delays[rows] == number))
            late, today = rows[chosen], days[chosen]
            self._walk.begin(self._layout.opens[occurrence.number, number], late, today)
            address = f"{occurrence.address}/delay#{number + 1}"
            drawn = self._record.draws.numbers(
                address, delay.days, late, self._walk.scope(late, today)
            )
            delay_days = np.maximum(np.rint(np.nan_to_num(drawn)), 1).astype(np.int32)
            self._walk.schedule(occurrence.number, late, today + delay_days)
        delays[rows[delayed]] += 1
        return rows[~delayed], days[~delayed]

    def begin(self, occurrence: Occurrence, step: Beating, rows: Rows, days: Days) -> None:
        """Begin a beat of a repeat or protocol, and schedule the next one."""
        opener = occurrence.opener if occurrence.tick else occurrence.number
        first = self._first[opener]
        if not occurrence.tick:
            first[rows] = days + np.int32(opening_days(occurrence))
        if (occurrence.number, -1) in self._layout.opens:
            self._walk.begin(self._layout.opens[occurrence.number, -1], rows, days)
        following = self._layout.next_tick.get(occurrence.number)
        if following is None:
            if isinstance(step, Protocol):
                protocol_end = self._walk.scope_ends(self._layout.opens[opener, -1])
                lead = step.lead_days(occurrence.tick)
                protocol_end[rows] = days + np.int32(step.cycle_days + lead)
            return
        self._next(self._layout.occurrences[following], step, first[rows], rows, days)

    def _next(
        self, following: Occurrence, step: Beating, first: Days, rows: Rows, days: Days
    ) -> None:
        """Schedule a beat.

        Args:
            following: the beat.
            step: the repeat or protocol.
            first: the days of the first beat.
            rows: whose beat it is.
            days: the days of the beat before it.
        """
        hazard = step.every.hazard if isinstance(step, Repeat) else None
        if hazard is not None:
            rows, due = self._dates.next_beat_days(following, hazard, rows, days, self._walk.scope)
        else:
            due = _calendar_days(following, step, first, days)
        if isinstance(step, Repeat) and step.times is None:
            within = due - self._start_days[rows] <= self._layout.journey.duration_days
            rows, due = rows[within], due[within]
        self._walk.schedule(following.number, rows, due)


def _calendar_days(following: Occurrence, step: Beating, first: Days, days: Days) -> Days:
    """Return the days of a beat that the calendar dates: from the first beat, or the one before."""
    lead = step.lead_days(following.tick) if isinstance(step, Protocol) else 0
    if step.counted == "previous" and following.tick > 1:
        if isinstance(step, Protocol):
            days = (days + np.int32(step.lead_days(following.tick - 1))).astype(np.int32)
        elif step.every.weekdays is not None:
            return repeat_days(step, (days + np.int32(1)).astype(np.int32), 0)
        return (repeat_days(step, days, 1) - np.int32(lead)).astype(np.int32)
    due = repeat_days(step, first, following.tick - 1) - np.int32(lead)
    if step.delay is not None:  # the next beat comes after one that was delayed
        due = np.maximum(due, days + np.int32(following.tick > 1))
    return due.astype(np.int32)
