"""Whether anybody of a drawn population may enter a journey: asked before anything happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from healthsim.dates import NO_DAY, Days
from healthsim.errors import Problem
from healthsim.specification.journeys.journey import JourneySpec, Phase
from healthsim.specification.journeys.plan import JourneyLayout, lay_out

MOST_DRAWN = 2000
"""Units that are drawn to see whether anybody is eligible."""

_OF_STEPS = frozenset({"happened", "count", "days_since", "within", "last"})


def decided_by_profile(journeys: Sequence[JourneySpec]) -> tuple[int, ...]:
    """Return the journeys whose `eligible` the profile alone decides: positions among all.

    What an earlier journey can bring about (a step, a state, a diagnosis, a drug) is not known
    before people walk.
    """
    return tuple(
        place
        for place, journey in enumerate(journeys)
        if journey.eligible is not None
        and not journey.from_birth
        and (len(journeys) == 1 or not _rests_on_others(journey, journeys))
    )


def _rests_on_others(journey: JourneySpec, journeys: Sequence[JourneySpec]) -> bool:
    if journey.eligible is None:
        return False
    states = {name for one in journeys for name in one.state}
    functions = {function for function, _ in journey.eligible.calls}
    asked = journey.eligible.names & (states | {"plan", "arm", "stage"})
    return bool(asked or functions & (_OF_STEPS | {"has", "takes"}))


def without_steps(journeys: Sequence[JourneySpec]) -> tuple[JourneyLayout, ...]:
    """Return journeys in which nothing happens but that people enter them."""
    empty = (Phase(name="nothing"),)
    return tuple(lay_out(one.model_copy(update={"phases": empty})) for one in journeys)


def journeys_without_entrants(
    journeys: Sequence[JourneySpec], places: Sequence[int], begun: Sequence[Days], whole: str
) -> Iterator[Problem]:
    """Yield the journeys that none of some drawn people enters.

    Args:
        journeys: all that are walked.
        places: those that are looked at.
        begun: first day of everybody in each journey; `NO_DAY` where not in it.
        whole: who was drawn, for the message.
    """
    for place in places:
        if not np.any(begun[place] != NO_DAY):
            yield Problem(
                f"journeys[{journeys[place].name}].eligible",
                f"{journeys[place].eligible} is true for none of {whole}",
                "change it, raise count, or choose a profile with people for whom it is true",
            )
