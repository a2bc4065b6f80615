"""Nominal days of a laid-out journey: what would come when, if nothing varied."""

from __future__ import annotations

from collections.abc import Iterator

from healthsim.errors import Problem
from healthsim.specification.journey import Encounter, Repeat
from healthsim.specification.plan import Occurrence, Plan


def nominal_days(plan: Plan) -> dict[int, float]:
    """Return the day, from the journey's first, on which each occurrence nominally comes.

    A calendar date has no nominal day and is left out, with all that hangs on it.
    """
    days: dict[int, float] = {}
    for one in plan.occurrences:
        _place(plan, one, days)
    return days


def _place(plan: Plan, one: Occurrence, days: dict[int, float]) -> float | None:
    if one.number in days:
        return days[one.number]
    if one.tick:
        first = _place(plan, plan.occurrences[one.opener], days)
        step = one.step
        every = step.every.nominal_days if isinstance(step, Repeat) else 0.0
        found = None if first is None else first + every * (one.tick - 1)
    elif one.step.at.date is not None:
        found = None
    else:
        base = _base(plan, one, days)
        shift = one.step.at.day.middle() if one.step.at.day is not None else 0.0
        found = None if base is None else base + (shift or 0.0)
    if found is not None:
        days[one.number] = found
    return found


def _base(plan: Plan, one: Occurrence, days: dict[int, float]) -> float | None:
    if one.anchor >= 0:
        anchor = plan.occurrences[one.anchor]
        first = _place(plan, anchor, days)
        return None if first is None else first + _length(anchor, one.step.at.edge)
    opener = plan.scopes[one.scope].opener
    return 0.0 if opener < 0 else _place(plan, plan.occurrences[opener], days)


def _length(anchor: Occurrence, edge: str) -> float:
    step = anchor.step
    if edge == "start" or not isinstance(step, Encounter) or step.details.los_days is None:
        return 0.0
    return step.details.los_days.middle() or 0.0


def day_problems(plan: Plan, where: str) -> Iterator[Problem]:
    """Yield the steps that nominally come before the journey begins or after it ends."""
    duration = plan.journey.duration_days
    told: set[str] = set()
    for number, day in sorted(nominal_days(plan).items()):
        one = plan.occurrences[number]
        if one.step.id in told or (one.tick and _open_ended(one)):
            continue
        here = f"{where}: step {one.step.id!r}: at"
        if day > duration:
            told.add(one.step.id)
            yield Problem(here, f"comes on day {day:g}, after the journey's end on day {duration}",
                          f"raise duration_days to {day:g} or let it come earlier")  # fmt: skip
        elif day < 0:
            told.add(one.step.id)
            yield Problem(here, f"comes on day {day:g}, before the journey begins",
                          f"let what it hangs on come at least {-day:g} days later")  # fmt: skip


def _open_ended(one: Occurrence) -> bool:
    return isinstance(one.step, Repeat) and one.step.times is None
