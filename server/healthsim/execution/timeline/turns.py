"""Whose turn it is: the order in which the occurrences of a journey are done for many people.

Everybody goes through the journey by their own days, so the order decides only how many people are
together when an occurrence is done. They stay together if those who are behind in time go first:
by the calendar, days since the stage or the journey began say who is behind. What comes by chance
comes to hardly anybody at once; who has it does it at once, and meets the others again at what is
next by the calendar.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.nominal_days import nominal_days
from healthsim.specification.journeys.plan import (
    Beating,
    JourneyLayout,
    Occurrence,
    StageEntry,
    StageLeave,
)
from healthsim.specification.journeys.repeats import Repeat
from healthsim.specification.journeys.stages import Stages

_STREAMS = 4  # streams side by side from which people are seldom at one place of the document


def runs_many_streams(layout: JourneyLayout) -> bool:
    """Tell whether a journey is many repeats and lifecycles side by side, as a whole life is.

    Then people are together in time, not at a place of the document: the turn is by their days.
    """
    top = (layout.occurrences[number].step for number in layout.members[0])
    return sum(isinstance(step, Beating | Stages) for step in top) > _STREAMS


class SameLayout(NamedTuple):
    """A layout that is equal to itself only, so that what follows from it can be kept."""

    layout: JourneyLayout

    def __hash__(self) -> int:
        return id(self.layout)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameLayout) and other.layout is self.layout


def turns_of(layout: JourneyLayout) -> NDArray[np.int32]:
    """Return the turn of each occurrence, int32, shape (occurrences,): 0 is the first to be done.

    Occurrences by chance come first, by number; then those of no stage and of each stage, by
    their nominal days in it and by number.
    """
    return _turns(SameLayout(layout))


@lru_cache(maxsize=8)
def _turns(same: SameLayout) -> NDArray[np.int32]:
    layout, nominal = same.layout, nominal_days(same.layout)
    size = len(layout.occurrences)
    chance, entry = np.zeros(size, dtype=np.bool_), np.full(size, -1, dtype=np.int32)
    for number in layout.order:
        one = layout.occurrences[number]
        before = _waits_for(layout, one)
        if isinstance(one.step, StageEntry):
            entry[number] = number
            continue
        chance[number] = _by_chance(one) or (before >= 0 and chance[before])
        entry[number] = entry[before] if before >= 0 else -1
    day = np.array([nominal.get(number, 0.0) for number in range(size)])
    since = np.where(chance, 0.0, day - np.where(entry >= 0, day[entry], 0.0))
    order = np.lexsort((since, np.where(chance, -1, entry), ~chance))
    turns = np.empty(size, dtype=np.int32)
    turns[order] = np.arange(size, dtype=np.int32)
    return turns


def _waits_for(layout: JourneyLayout, one: Occurrence) -> int:
    """Return the occurrence that one is dated from; -1 for the beginning of the journey."""
    if one.opener >= 0:
        return one.opener
    return one.anchor if one.anchor >= 0 else layout.scopes[one.scope].opener


def _by_chance(one: Occurrence) -> bool:
    """Tell whether the day of an occurrence differs between people by months or more."""
    step = one.step
    by_hazard = step.hazard is not None or (isinstance(step, Branch) and step.races)
    if isinstance(step, Repeat):
        by_hazard |= step.every.hazard is not None
    return by_hazard or isinstance(step, StageLeave) or step.at.age is not None
