"""The nominal days of a layout: when each occurrence would happen without random variation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil, inf, isinf

import numpy as np

from healthsim.errors import Problem
from healthsim.specification.distributions.base import Numeric
from healthsim.specification.distributions.listed import Constant
from healthsim.specification.journeys.changes import End
from healthsim.specification.journeys.events import Death, Encounter
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit, Repeat
from healthsim.specification.journeys.step import StepHead

ROLL_DAYS = 10
"""Days by which business days may move a step: the longest run of closed days, doubled."""
ROOM_DAYS = 7 + ROLL_DAYS
"""Days that the data continue after a journey's end: a week of variance, and `ROLL_DAYS`."""


def nominal_days(layout: JourneyLayout) -> dict[int, float]:
    """Return the nominal day of each occurrence, counted from the journey's first.

    Calendar dates have no nominal day; they are left out, with all that come after them.
    """
    days: dict[int, float] = {}
    for number in layout.order:
        day = _day(layout, layout.occurrences[number], days)
        if day is not None:
            days[number] = day
    return days


def _day(layout: JourneyLayout, occurrence: Occurrence, days: dict[int, float]) -> float | None:
    """Return the day of one occurrence, given the days of those that it waits for."""
    if occurrence.tick:
        first, step = days.get(occurrence.opener), occurrence.step
        every = step.every.nominal_days if isinstance(step, Repeat) else 0.0
        if isinstance(step, Protocol):
            every = float(step.cycle_days)
        return None if first is None else first + every * (occurrence.tick - 1)
    if occurrence.step.at.date is not None:
        return None
    shift = occurrence.step.at.day.middle() if occurrence.step.at.day is not None else 0.0
    if isinstance(occurrence.step, ProtocolVisit):
        shift = float(occurrence.step.day - 1)
    if occurrence.step.at.age is not None or occurrence.step.at.month is not None:
        shift = max(shift or 0.0, 0.0)  # so many days before an age or a month, not its scope
    if occurrence.anchor >= 0:
        base, anchor = days.get(occurrence.anchor), layout.occurrences[occurrence.anchor]
        length = _length(anchor, occurrence.step.at.edge)
    else:
        opener = layout.scopes[occurrence.scope].opener
        base, length = (0.0 if opener < 0 else days.get(opener)), 0.0
    return None if base is None else base + length + (shift or 0.0)


def _length(anchor: Occurrence, edge: str) -> float:
    step = anchor.step
    if edge == "start" or not isinstance(step, Encounter) or step.details.los_days is None:
        return 0.0
    return step.details.los_days.middle() or 0.0


def day_problems(layout: JourneyLayout, where: str) -> Iterator[Problem]:
    """Yield the steps that come before the journey begins or after it ends, each once."""
    reported: set[str] = set()
    for number, day in sorted(nominal_days(layout).items()):
        occurrence = layout.occurrences[number]
        step = occurrence.step
        if step.id in reported or _is_implied(step) or (number in layout.loose and day >= 0):
            continue
        problem = _day_problem(layout, occurrence, day, f"{where}: step {step.id!r}: at")
        if problem is not None:
            reported.add(step.id)
            yield problem


def _day_problem(
    layout: JourneyLayout, occurrence: Occurrence, day: float, here: str
) -> Problem | None:
    """Return what is wrong with the nominal day of an occurrence, or with the days around it."""
    duration, latest = layout.journey.duration_days, day + _days_beyond_middle(occurrence)
    last = ceil(day + _days_after_nominal(occurrence))
    if day < 0:
        return Problem(
            here,
            f"comes on day {day:g}, before the journey begins",
            f"let the step that it comes after be at least {-day:g} days later",
        )
    if latest <= duration and last <= duration + ROOM_DAYS:
        return None
    if _in_open_repeat(layout, occurrence):
        return None
    if day <= duration < latest:
        return Problem(
            f"{here}.day",
            f"can come on day {latest:g}, after the journey's end on day {duration}",
            f"raise duration_days to {ceil(latest)} or give it a high",
        )
    if day > duration:
        return Problem(
            here,
            f"comes on day {day:g}, after the journey's end on day {duration}",
            f"raise duration_days to {ceil(day)} or let it come earlier",
        )
    return Problem(
        here,
        f"can come on day {last}, and the data end on day {duration + ROOM_DAYS}",
        f"raise duration_days to {last - ROOM_DAYS} or narrow variance_days",
    )


def end_problems(layout: JourneyLayout, where: str) -> Iterator[Problem]:
    """Yield the steps that always come after an `end` or a death that everybody reaches."""
    days = nominal_days(layout)
    reported: set[str] = set()
    for end in layout.occurrences:
        if end.number not in days or not _ends_for_all(layout, end):
            continue
        for occurrence in layout.occurrences:
            step = occurrence.step
            if step.id in reported or _is_implied(step):
                continue
            if not _after_end(layout, occurrence, end, days):
                continue
            reported.add(step.id)
            first, last = days[occurrence.number], days[end.number]
            yield Problem(
                f"{where}: step {step.id!r}: at",
                f"never happens: it is dated day {first:g}, and {end.step.id!r} ends the "
                f"{end.step.scope if isinstance(end.step, End) else 'life'} on day {last:g}",
                f"let it come by day {last:g}, or give {end.step.id!r} a when or a later day",
            )


def _is_implied(step: StepHead) -> bool:
    """Tell whether the engine has added a step: no document has to say when it comes."""
    return "~" in step.id


def _after_end(
    layout: JourneyLayout, occurrence: Occurrence, end: Occurrence, days: Mapping[int, float]
) -> bool:
    """Tell whether an occurrence in the scope of an end always comes after it."""
    day = days.get(occurrence.number)
    if day is None or occurrence.step.id == end.step.id or occurrence.number in layout.loose:
        return False
    after = day - _days_before_nominal(occurrence) > days[end.number]
    return after and end.scope in _enclosing_scopes(layout, occurrence)


def _ends_for_all(layout: JourneyLayout, occurrence: Occurrence) -> bool:
    """Tell whether an occurrence ends the journey for everybody in its scope."""
    step, at = occurrence.step, occurrence.step.at
    ends = isinstance(step, Death) or (isinstance(step, End) and step.scope in _ENDING_SCOPES)
    always = step.when is None and step.chance is None and occurrence.number not in layout.loose
    fixed = at.day is None or isinstance(at.day, Constant)
    return ends and always and fixed and not at.variance_days and not occurrence.business_days


_ENDING_SCOPES = ("journey", "person")


def _enclosing_scopes(layout: JourneyLayout, occurrence: Occurrence) -> Iterator[int]:
    """Yield the scope of an occurrence and those around it; of a later beat, the first beat's."""
    scope = occurrence.scope
    while scope >= 0:
        yield scope
        opener = layout.scopes[scope].opener
        if opener >= 0 and layout.occurrences[opener].tick > 1:
            yield from _first_beat(layout, layout.occurrences[opener])
        scope = layout.scopes[scope].outer


def _first_beat(layout: JourneyLayout, beat: Occurrence) -> Iterator[int]:
    first = layout.next_tick.get(beat.opener)
    if first is not None and (first, -1) in layout.opens:
        yield layout.opens[first, -1]


def _days_before_nominal(occurrence: Occurrence) -> float:
    """Return how many days before its nominal day an occurrence can happen."""
    day = occurrence.step.at.day
    if day is None or occurrence.tick:
        return float(occurrence.step.at.variance_days)
    if not day.unconditional or day.middle() is None:
        return inf
    return (day.middle() or 0.0) - day.range()[0] + occurrence.step.at.variance_days


def _days_after_nominal(occurrence: Occurrence) -> int:
    """Return how many days after its nominal day an occurrence can happen."""
    return occurrence.step.at.variance_days + (ROLL_DAYS if occurrence.business_days else 0)


def _days_beyond_middle(occurrence: Occurrence) -> float:
    """Return how far beyond its middle a drawn day can be, but for one person in ten thousand."""
    day = occurrence.step.at.day
    if day is None or occurrence.tick or not day.unconditional:
        return 0.0
    middle, high = day.middle() or 0.0, day.range()[1]
    if isinf(high) and isinstance(day, Numeric):
        high = float(day.quantile(np.array([0.9999]))[0])
    return 0.0 if isinf(high) else high - middle


def _in_open_repeat(layout: JourneyLayout, occurrence: Occurrence) -> bool:
    """Tell whether an occurrence is, or is in, a later beat of a repeat without `times`."""
    at = occurrence.number
    while at >= 0:
        here = layout.occurrences[at]
        if here.tick > 1 and isinstance(here.step, Repeat) and here.step.times is None:
            return True
        at = here.anchor if here.anchor >= 0 else layout.scopes[here.scope].opener
    return False
