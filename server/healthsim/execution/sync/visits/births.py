"""The hours of births: a child is born while the mother is in hospital for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Draws
from healthsim.execution.people.people import People
from healthsim.execution.sync.visits.visits import DAY, Minutes, VisitKey, VisitRows

_SOONEST = 60  # minutes from a mother's admission to a birth of the same day: assumption
_LONGEST = 9 * 60  # assumption: two to ten hours of labor in hospital
_NONE = np.int64(-1)


def with_births(
    visits: Mapping[VisitKey, VisitRows], people: People, draws: Draws
) -> dict[VisitKey, VisitRows]:
    """Return the visits, with stays of the newborn begun after the mother's admission of that day.

    Twins are born within the same minutes: the draw is the mother's.

    Args:
        visits: of a chunk, by key.
        people: of the chunk.
        draws: of the chunk.
    """
    if people.households is None or not (people.households.mother >= 0).any():
        return dict(visits)
    mother, moved = people.households.mother, dict(visits)
    admitted = _admitted(visits, len(people), people.birth, mother)
    labor = draws.uniform("birth/labor")
    for key, visit in visits.items():
        rows = visit.rows
        born = (mother[rows] >= 0) & (visit.first == people.birth[rows]) & (admitted[rows] >= 0)
        if visit.details.encounter_class == "inpatient" and born.any():
            last_minute = (visit.first.astype(np.int64) + 1) * DAY - 1
            wait = _waits(labor[np.maximum(mother[rows], 0)], last_minute - admitted[rows])
            least = np.where(born, admitted[rows] + wait, visit.start_at)
            start = np.maximum(visit.start_at, least)
            moved[key] = replace(visit, start_at=start, end_at=np.maximum(visit.end_at, start))
    return moved


def _waits(u: NDArray[np.float64], left: Minutes) -> Minutes:
    """Return how many minutes after the admission children are born, within what is left of it."""
    longest = np.minimum(_SOONEST + _LONGEST, np.maximum(left, 0))
    soonest = np.minimum(_SOONEST, longest // 2)
    wait: Minutes = soonest + np.floor(u * (longest - soonest)).astype(np.int64)
    return wait


def _admitted(
    visits: Mapping[VisitKey, VisitRows],
    size: int,
    birth: NDArray[np.int32],
    mother: NDArray[np.int64],
) -> Minutes:
    """Return when the mother came on the day of each child's birth; -1 where she came earlier."""
    children = np.flatnonzero(mother >= 0)
    admitted = np.full(size, _NONE)
    for visit in visits.values():
        if visit.details.encounter_class != "inpatient" or not len(visit.rows):
            continue
        place = np.minimum(np.searchsorted(visit.rows, mother[children]), len(visit.rows) - 1)
        same = (visit.rows[place] == mother[children]) & (visit.first[place] == birth[children])
        admitted[children[same]] = visit.start_at[place[same]]
    return admitted
