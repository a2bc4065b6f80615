"""Nominal days of a laid-out journey: what would come when, if nothing varied."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf, isinf

import numpy as np

from healthsim.errors import Problem
from healthsim.specification.distributions.base import Numeric
from healthsim.specification.distributions.listed import Constant
from healthsim.specification.journeys.changes import End
from healthsim.specification.journeys.events import Death, Encounter
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit, Repeat

ROLL_DAYS = 10
"""Days that business days may roll a step on: the longest run of closed days, doubled."""
ROOM_DAYS = 7 + ROLL_DAYS
"""Days that the data go on after a journey's end: a week of scatter, and the roll."""


def nominal_days(plan: JourneyLayout) -> dict[int, float]:
    """Return the day, from the journey's first, on which each occurrence nominally comes.

    A calendar date has no nominal day and is left out, with all that hangs on it.
    """
    days: dict[int, float] = {}
    for number in plan.order:
        day = _day(plan, plan.occurrences[number], days)
        if day is not None:
            days[number] = day
    return days


def _day(plan: JourneyLayout, one: Occurrence, days: dict[int, float]) -> float | None:
    """Return the day of one occurrence, when those it waits for have theirs."""
    if one.tick:
        first, step = days.get(one.opener), one.step
        every = step.every.nominal_days if isinstance(step, Repeat) else 0.0
        if isinstance(step, Protocol):
            every = float(step.cycle_days)
        return None if first is None else first + every * (one.tick - 1)
    if one.step.at.date is not None:
        return None
    shift = one.step.at.day.middle() if one.step.at.day is not None else 0.0
    if isinstance(one.step, ProtocolVisit):
        shift = float(one.step.day - 1)
    if one.step.at.age is not None or one.step.at.month is not None:
        shift = max(shift or 0.0, 0.0)  # so many days before an age or a month, not its scope
    if one.anchor >= 0:
        base, anchor = days.get(one.anchor), plan.occurrences[one.anchor]
        length = _length(anchor, one.step.at.edge)
    else:
        opener = plan.scopes[one.scope].opener
        base, length = (0.0 if opener < 0 else days.get(opener)), 0.0
    return None if base is None else base + length + (shift or 0.0)


def _length(anchor: Occurrence, edge: str) -> float:
    step = anchor.step
    if edge == "start" or not isinstance(step, Encounter) or step.details.los_days is None:
        return 0.0
    return step.details.los_days.middle() or 0.0


def day_problems(plan: JourneyLayout, where: str) -> Iterator[Problem]:
    """Yield the steps that nominally come before the journey begins or after it ends."""
    duration = plan.journey.duration_days
    told: set[str] = set()
    for number, day in sorted(nominal_days(plan).items()):
        one = plan.occurrences[number]
        if one.step.id in told or (number in plan.loose and day >= 0):
            continue
        here = f"{where}: step {one.step.id!r}: at"
        latest = day + _spread(one)
        if day <= duration < latest and not _in_open_repeat(plan, one):
            told.add(one.step.id)
            yield Problem(
                f"{here}.day",
                f"can come on day {latest:g}, after the journey's end on day {duration}",
                f"raise duration_days to {ceil(latest)} or give it a high",
            )
        elif day > duration and not _in_open_repeat(plan, one):
            told.add(one.step.id)
            yield Problem(
                here,
                f"comes on day {day:g}, after the journey's end on day {duration}",
                f"raise duration_days to {ceil(day)} or let it come earlier",
            )
        elif day + _scatter(one) > duration + ROOM_DAYS and not _in_open_repeat(plan, one):
            told.add(one.step.id)
            last = ceil(day + _scatter(one))
            yield Problem(
                here,
                f"can come on day {last}, and the data end on day {duration + ROOM_DAYS}",
                f"raise duration_days to {last - ROOM_DAYS} or narrow variance_days",
            )
        elif day < 0:
            told.add(one.step.id)
            yield Problem(
                here,
                f"comes on day {day:g}, before the journey begins",
                f"let what it hangs on come at least {-day:g} days later",
            )


def end_problems(plan: JourneyLayout, where: str) -> Iterator[Problem]:
    """Yield the steps that an end which comes to everybody in their scope always comes before."""
    days = nominal_days(plan)
    told: set[str] = set()
    for end in plan.occurrences:
        if not _ends_for_all(plan, end) or end.number not in days:
            continue
        over = days[end.number]
        for one in plan.occurrences:
            if one.step.id == end.step.id:
                continue
            first = days.get(one.number)
            inside = end.scope in _around(plan, one) and one.number not in plan.loose
            if first is None or not inside or first - _before(one) <= over or one.step.id in told:
                continue
            told.add(one.step.id)
            yield Problem(
                f"{where}: step {one.step.id!r}: at",
                f"never happens: it is dated day {first:g}, and {end.step.id!r} ends the "
                f"{end.step.scope if isinstance(end.step, End) else 'life'} on day {over:g}",
                f"let it come by day {over:g}, or give {end.step.id!r} a when or a later day",
            )


def _ends_for_all(plan: JourneyLayout, one: Occurrence) -> bool:
    """Tell whether an occurrence ends the journey for everybody who is in its scope."""
    step, at = one.step, one.step.at
    ends = isinstance(step, Death) or (isinstance(step, End) and step.scope in _WHOLE)
    always = step.when is None and step.chance is None and one.number not in plan.loose
    fixed = at.day is None or isinstance(at.day, Constant)
    return ends and always and fixed and not at.variance_days and not at.business_days


_WHOLE = ("journey", "person")


def _around(plan: JourneyLayout, one: Occurrence) -> Iterator[int]:
    """Yield the scope of an occurrence and those around it; of a later beat, the first beat's."""
    scope = one.scope
    while scope >= 0:
        yield scope
        opener = plan.scopes[scope].opener
        if opener >= 0 and plan.occurrences[opener].tick > 1:
            yield from _first_beat(plan, plan.occurrences[opener])
        scope = plan.scopes[scope].outer


def _first_beat(plan: JourneyLayout, beat: Occurrence) -> Iterator[int]:
    first = plan.next_tick.get(beat.opener)
    if first is not None and (first, -1) in plan.opens:
        yield plan.opens[first, -1]


def _before(one: Occurrence) -> float:
    """Return how many days before its nominal day an occurrence can come."""
    day = one.step.at.day
    if day is None or one.tick:
        return float(one.step.at.variance_days)
    if not day.unconditional or day.middle() is None:
        return inf
    return (day.middle() or 0.0) - day.range()[0] + one.step.at.variance_days


def _scatter(one: Occurrence) -> int:
    """Return how many days after its nominal day an occurrence can come."""
    return one.step.at.variance_days + (ROLL_DAYS if one.step.at.business_days else 0)


def _spread(one: Occurrence) -> float:
    """Return how far beyond its middle a drawn day can lie, but for one person in ten thousand."""
    day = one.step.at.day
    if day is None or one.tick or not day.unconditional:
        return 0.0
    middle, high = day.middle() or 0.0, day.range()[1]
    if isinf(high) and isinstance(day, Numeric):
        high = float(day.quantile(np.array([0.9999]))[0])
    return 0.0 if isinf(high) else high - middle


def _in_open_repeat(plan: JourneyLayout, one: Occurrence) -> bool:
    """Tell whether an occurrence is, or is in, a later beat of a repeat without `times`."""
    at = one.number
    while at >= 0:
        here = plan.occurrences[at]
        if here.tick > 1 and isinstance(here.step, Repeat) and here.step.times is None:
            return True
        at = here.anchor if here.anchor >= 0 else plan.scopes[here.scope].opener
    return False
