"""Times at which vital signs are charted beside the rounds: in intensive care and in recovery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS
from healthsim.execution.sync.chart.places import numbers, texts
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.medicine.watched_units import MOST_TIMES, watched_units
from healthsim.tables import Columns

_HOUR = 60
_NUMBER = 2**BITS - 1
NOT_WATCHED = -1


@dataclass(frozen=True, eq=False)
class WatchedTimes:
    """Times at which people are watched in a unit; arrays of shape (n,).

    Attributes:
        visit: int64, positions among the encounters.
        person_id: int64.
        turn: int64, which time of the stay it is, from 0.
        unit: int64, position in `watched_units`.
        at: int64, minutes since 1970.
    """

    visit: NDArray[np.int64]
    person_id: NDArray[np.int64]
    turn: NDArray[np.int64]
    unit: NDArray[np.int64]
    at: NDArray[np.int64]

    def take(self, kept: NDArray[np.bool_]) -> WatchedTimes:
        """Return some of them."""
        return WatchedTimes(**{name: values[kept] for name, values in vars(self).items()})


def watched_times(
    visits: Sequence[VisitRows], encounters: Sequence[int], places: Columns
) -> WatchedTimes:
    """Return when people are watched, by stay and time.

    Args:
        visits: the encounters of a chunk.
        encounters: their numbers.
        places: rows of `encounter_locations`, by stay and time.
    """
    unit, rules = texts(places, "unit"), list(watched_units().values())
    rule_of = {name: place for place, name in enumerate(watched_units())}
    of = np.array([rule_of.get(name, NOT_WATCHED) for name in unit.vocabulary], dtype=np.int64)
    rule = of[unit.codes]
    at = np.flatnonzero(rule >= 0)
    first = np.array([one.first_minutes for one in rules])[rule[at]]
    every = np.array([one.every_hours * _HOUR for one in rules])[rule[at]]
    encounter, person, start, end = (
        numbers(places, name)[at] for name in ("encounter_id", "person_id", "start_at", "end_at")
    )
    since = np.minimum(start + first, end)
    count = np.where(every > 0, (end - 1 - since) // np.maximum(every, 1) + 1, 1)
    count = np.maximum(count, 0)
    place = np.repeat(np.arange(len(at)), count)
    turn = np.arange(len(place)) - (np.cumsum(count) - count)[place]
    known = np.argsort(np.asarray(encounters, dtype=np.int64))
    number = np.asarray(encounters, dtype=np.int64)[known]
    visit = known[np.searchsorted(number, encounter & _NUMBER)]
    found = WatchedTimes(visit[place], person[place], _in_stay(encounter[place]), rule[at][place],
                         since[place] + turn * every[place])  # fmt: skip
    return found.take(found.turn < MOST_TIMES)


def _in_stay(encounter: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which time of its stay each is, from 0; times of a stay stand together."""
    place = np.arange(len(encounter))
    new = np.ones(len(encounter), dtype=np.bool_)
    new[1:] = encounter[1:] != encounter[:-1]
    return place - np.maximum.accumulate(np.where(new, place, 0))
