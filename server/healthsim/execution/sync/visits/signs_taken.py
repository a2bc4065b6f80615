"""What journeys measure in their visits, by visit and day: it decides codes that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.facts import ResultFacts
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.tables import Coded

Floats = NDArray[np.float64]
_DAYS, _PEOPLE = 2**18, 2**24  # more than any day, or any person of a chunk, in a key


@dataclass(frozen=True, eq=False)
class VisitDays:
    """Days of visits; arrays of shape (n,).

    Attributes:
        visit: int64, positions of the occurrences that are the visits.
        rows: positions of the people in the chunk; may repeat.
        days: int32, of each.
    """

    visit: NDArray[np.int64]
    rows: Rows
    days: Days

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, at: NDArray[np.intp]) -> VisitDays:
        """Return some of them."""
        return VisitDays(self.visit[at], self.rows[at], self.days[at])

    def later(self, days: int) -> VisitDays:
        """Return the days so many after these, of the same visits."""
        return VisitDays(self.visit, self.rows, self.days + np.int32(days))

    @property
    def keys(self) -> NDArray[np.int64]:
        """One number for each visit, person and day, int64."""
        day = self.days.astype(np.int64) + _DAYS // 2
        key: NDArray[np.int64] = (self.visit * _PEOPLE + self.rows) * _DAYS + day
        return key


@dataclass(frozen=True)
class SignsTaken:
    """Vital signs that steps of journeys measure during visits, whatever they state of them.

    Attributes:
        found: LOINC code -> (keys of `VisitDays`, ascending and distinct; values, float64). Of
            several on one day of a visit it is the first in document order.
    """

    found: Mapping[str, tuple[NDArray[np.int64], Floats]]

    @classmethod
    def of(
        cls, occurrences: Sequence[OccurrenceRows], visits: Sequence[OccurrenceRows]
    ) -> SignsTaken:
        """Collect them.

        Args:
            occurrences: everything that happened to the people of a chunk.
            visits: those that are visits; `VisitDays.visit` is a position in them.
        """
        places = {(one.journey, one.occurrence.number): at for at, one in enumerate(visits)}
        parts: dict[str, list[tuple[NDArray[np.int64], Floats]]] = {}
        for one in occurrences:
            place = places.get((one.journey, one.occurrence.encounter))
            if place is None or not isinstance(one.occurrence.step, events.Vital):
                continue
            keys = VisitDays(np.full(len(one.rows), place), one.rows, one.days).keys
            for code, values in one.facts_as(ResultFacts).by_loinc.items():
                if not isinstance(values, Coded):
                    known = ~np.isnan(values)
                    parts.setdefault(code, []).append((keys[known], values[known]))
        return cls({code: _first_of_each(some) for code, some in parts.items()})

    def of_code(self, code: str, on: VisitDays) -> Floats:
        """Return the values of a code, float64, shape (n,); NaN where none was measured."""
        values = np.full(len(on), np.nan)
        keys, numbers = self.found.get(code, (np.zeros(0, dtype=np.int64), values[:0]))
        if len(keys) and len(on):
            wanted = on.keys
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            same = keys[place] == wanted
            values[same] = numbers[place[same]]
        return values


def _first_of_each(
    parts: Sequence[tuple[NDArray[np.int64], Floats]],
) -> tuple[NDArray[np.int64], Floats]:
    keys, first = np.unique(np.concatenate([keys for keys, _ in parts]), return_index=True)
    return keys, np.concatenate([values for _, values in parts])[first]
