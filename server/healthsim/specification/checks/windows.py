"""Windows of planned visits that cannot be kept whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.errors import Problem
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.repeats import Protocol


def cut_windows(journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield windows that open before the day on which their protocol begins."""
    for place, journey in enumerate(journeys):
        for path, step in journey.steps():
            if not isinstance(step, Protocol):
                continue
            for number, visit in enumerate(step.visits):
                opens = visit.window_before(1)
                if visit.takes_place_in(1) and opens < visit.window.before:
                    yield Problem(
                        f"journeys[{place}].{path}.visits[{number}].window",
                        f"opens {_days(visit.window.before)} before day {visit.day}, but in the "
                        f"first cycle only {_days(opens)} before it, since nothing comes before "
                        "the protocol begins",
                        "plan the first visit for a later day, or leave it so",
                    )


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
