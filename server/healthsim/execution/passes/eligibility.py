"""Whether anybody of a drawn population may enter a journey: checked before the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem
from healthsim.specification.journeys.journey import JourneySpec, Phase
from healthsim.specification.journeys.plan import JourneyLayout, lay_out

MOST_DRAWN = 2000
"""Units that are drawn to check whether anybody is eligible."""

_STEP_FUNCTIONS = frozenset({"happened", "count", "days_since", "within", "last"})


def decided_by_profile(journeys: Sequence[JourneySpec]) -> tuple[int, ...]:
    """Return the positions of the journeys whose `eligible` the profile alone decides.

    What an earlier journey can cause (a step, a state, a diagnosis, a drug) is not known before
    people walk it.
    """
    return tuple(
        place
        for place, journey in enumerate(journeys)
        if journey.eligible is not None
        and not journey.from_birth
        and (len(journeys) == 1 or not _depends_on_others(journey, journeys))
    )


def _depends_on_others(journey: JourneySpec, journeys: Sequence[JourneySpec]) -> bool:
    if journey.eligible is None:
        return False
    states = {name for other in journeys for name in other.state}
    functions = {function for function, _ in journey.eligible.calls}
    names = journey.eligible.names & (states | {"plan", "arm", "stage"})
    return bool(names or functions & (_STEP_FUNCTIONS | {"has", "takes"}))


def without_steps(journeys: Sequence[JourneySpec]) -> tuple[JourneyLayout, ...]:
    """Return layouts of the journeys without their steps: people only enter them.

    The phase is not checked: to make a model's checks takes longer than all else here.
    """
    empty = (Phase.model_construct(name="nothing"),)
    return tuple(lay_out(journey.model_copy(update={"phases": empty})) for journey in journeys)


def journeys_without_entrants(
    journeys: Sequence[JourneySpec],
    entered: Mapping[int, NDArray[np.bool_]],
    people: str,
) -> Iterator[Problem]:
    """Yield the journeys that none of some drawn people enters.

    Args:
        journeys: all that are walked.
        entered: position of a journey -> who of the people may enter it, bool, shape (people,).
        people: who was drawn, for the error text.
    """
    for place, inside in entered.items():
        if not np.any(inside):
            yield Problem(
                f"journeys[{journeys[place].name}].eligible",
                f"{journeys[place].eligible} is true for none of {people}",
                "change it, raise count, or choose a profile with people for whom it is true",
            )
