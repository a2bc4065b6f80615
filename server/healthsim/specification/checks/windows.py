"""Windows of planned visits that cannot be kept whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isinf

from healthsim.errors import Problem
from healthsim.specification.journeys.repeats import Protocol
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import At


def window_problems(step: StepHead, here: str) -> Iterator[Problem]:
    """Yield the windows of a first cycle that open before the protocol can begin.

    A protocol begins with the first window of its first cycle. Its first day is `at`, so there
    have to be as many days between what it is counted from and `at` as the window opens before.

    Args:
        step: the protocol; any other step has none.
        here: its path.
    """
    if not isinstance(step, Protocol):
        return
    room = 0 if step.hazard is not None else _room(step.at)
    for number, visit in enumerate(step.visits):
        opens = visit.window_in(1).before
        if not visit.takes_place_in(1) or opens - (visit.day - 1) <= room:
            continue
        begins = f"on day {room}"
        if step.at.after:
            since = f"step {step.at.after!r}"
            begins = f"{_days(room)} after {since}" if room else f"on the day of {since}"
        window = visit.window_in(1)
        own = f'{{"before": {visit.day - 1 + room}, "after": {window.after}}}'
        earliest = opens - (visit.day - 1) + step.at.variance_days
        yield Problem(
            f"{here}.visits[{number}].{'window' if visit.first_window is None else 'first_window'}",
            f"opens {_days(opens)} before day {visit.day} of the first cycle, but the protocol "
            f"begins {begins}, and nothing of it comes before that",
            f'let the protocol begin on "day": {earliest} or later, or give its first cycle '
            f'a window of its own: "first_window": {own}',
        )


def _room(at: At) -> int:
    """Return how many days at least lie between what a protocol is counted from and its `at`.

    None are known where it is dated by calendar, age or month.
    """
    if at.date is not None or at.age is not None or at.month is not None or at.day is None:
        return 0
    low = at.day.range()[0] if at.day.kind == "number" else 0.0
    return 0 if isinf(low) else max(0, ceil(low) - at.variance_days)


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
