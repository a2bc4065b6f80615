"""Cumulative incidence when people are followed for different times, or leave for other reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What happened on one day of follow-up.

    Attributes:
        day: days since the start.
        at_risk: people who were followed up to this day and had no event before.
        events: to whom it happened; `others`: who left for a reason that makes it impossible.
        censored: whose follow-up ended.
        incidence: share to whom it has happened by the end of the day.
    """

    day: int
    at_risk: int
    events: int
    others: int
    censored: int
    incidence: float


def curve(days: Iterable[tuple[int, int, int, int]]) -> list[Step]:
    """Return the cumulative incidence by day.

    The estimate of Aalen and Johansen; without other reasons to leave it is one minus the estimate
    of Kaplan and Meier. People whose follow-up ends on a day are at risk on it.

    Args:
        days: day, events, others and censored, in the order of days.

    >>> [round(step.incidence, 3) for step in curve([(10, 1, 1, 0), (20, 1, 0, 1)])]
    [0.25, 0.5]
    """
    listed = list(days)
    left = sum(events + others + censored for _, events, others, censored in listed)
    free, incidence, steps = 1.0, 0.0, []
    for day, events, others, censored in listed:
        incidence += free * events / left
        free *= 1 - (events + others) / left
        steps.append(Step(day, left, events, others, censored, incidence))
        left -= events + others + censored
    return steps


def at(steps: Sequence[Step], day: int) -> Step:
    """Return the state at the end of a day: what had happened by then, and who is left at risk."""
    before = [step for step in steps if step.day <= day]
    after = next((step for step in steps if step.day > day), None)
    return Step(
        day,
        after.at_risk if after else 0,
        sum(step.events for step in before),
        sum(step.others for step in before),
        sum(step.censored for step in before),
        before[-1].incidence if before else 0.0,
    )
