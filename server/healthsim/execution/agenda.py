"""The agenda of one journey: which step is next, for whom.

Every person walks in the order of their own realised days; on one day, in document order. That is
what one person alone would do, so how people are put into chunks cannot matter. Steps are worked
on many people at once: the step with the earliest pending day is taken for all those for whom
nothing else comes before it. Where the days of two steps do not overlap, each is worked once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people import Rows

LATER = np.int32(2**31 - 1)


class Agenda:
    """Pending occurrences, each with a day for every person who still has it before them.

    Days are counted from each person's own beginning.
    """

    def __init__(self, people: int) -> None:
        self._people = people
        self._days: dict[int, Days] = {}
        self._span: dict[int, tuple[int, int]] = {}

    def put(self, occurrence: int, rows: Rows, days: Days) -> None:
        """Let an occurrence come to `rows` on their days."""
        if not len(rows):
            return
        pending = self._days.get(occurrence)
        if pending is None:
            pending = self._days[occurrence] = np.full(self._people, LATER, dtype=np.int32)
        pending[rows] = days
        low, high = self._span.get(occurrence, (int(LATER), -int(LATER)))
        self._span[occurrence] = min(low, int(days.min())), max(high, int(days.max()))

    def drop(self, occurrence: int, rows: Rows) -> None:
        """Take an occurrence off the agenda of `rows`."""
        if occurrence in self._days:
            self._days[occurrence][rows] = LATER
            self._measure(occurrence)

    def take(self) -> tuple[int, Rows, Days] | None:
        """Return the next occurrence, its people (ascending) and their days; None at the end."""
        if not self._days:
            return None
        chosen = min(self._span, key=lambda number: (self._span[number][0], number))
        mine, latest = self._days[chosen], self._span[chosen][1]
        first = mine != LATER
        for other, (earliest, _) in self._span.items():
            if other != chosen and earliest <= latest:
                first &= _before(mine, self._days[other], chosen < other)
        rows = np.flatnonzero(first)
        days = mine[rows]
        mine[rows] = LATER
        self._measure(chosen)
        return chosen, rows, days

    def _measure(self, occurrence: int) -> None:
        days = self._days[occurrence]
        low = int(days.min())
        if low == LATER:
            del self._days[occurrence], self._span[occurrence]
        else:
            self._span[occurrence] = low, int(days.max(where=days != LATER, initial=low))


def _before(mine: Days, others: Days, wins_ties: bool) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = mine <= others if wins_ties else mine < others
    return found
