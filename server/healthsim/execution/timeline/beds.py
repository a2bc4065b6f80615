"""In which bed people are: their stays, and what falls into one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.medicine.occupancy import STAYS

_FIRST_SLOTS = 4  # stays of one person that there is space for at first


@dataclass(frozen=True)
class Stay:
    """Stays of one step; arrays have one entry for each of its people.

    Attributes:
        journey: position of the journey in the run.
        rows: ascending positions in the chunk.
        first: int32, day of admission.
        nights: int32, nights stayed; becomes fewer where another stay ends it.
        sent_on: bool, whether another stay ended it.
        send_on: tells the walk that dates what happens during the stay that it has ended for
            people, by their positions in `rows`, on these days: nothing more happens in it.
    """

    journey: int
    rows: Rows
    first: Days
    nights: NDArray[np.int32]
    sent_on: NDArray[np.bool_]
    send_on: Callable[[Rows, Days], None]


class Beds:
    """The stays of the people of a chunk, at most one at a time for each of them."""

    def __init__(self, people: int) -> None:
        self._stays: list[Stay] = []
        self._count = np.zeros(people, dtype=np.int64)
        self._latest = np.full(people, NO_DAY, dtype=np.int32)
        self._first = np.full((_FIRST_SLOTS, people), NO_DAY, dtype=np.int32)
        self._last = np.full((_FIRST_SLOTS, people), NO_DAY, dtype=np.int32)
        self._kind = np.full((_FIRST_SLOTS, people), -1, dtype=np.int8)
        self._stay = np.full((_FIRST_SLOTS, people), -1, dtype=np.int32)

    def __bool__(self) -> bool:
        """Tell whether anybody has been in a bed."""
        return bool(self._stays)

    def admit(self, encounter_class: str, stay: Stay) -> None:
        """Put people to bed, until a stay that is there already begins, if that is sooner."""
        rows, first = stay.rows, stay.first
        if not len(rows):
            return
        begins = self._first[:, rows]
        sooner = (begins > first) & (begins <= first + stay.nights)
        next_first = np.where(sooner, begins, np.int32(2**31 - 1)).min(axis=0)
        stay.sent_on[next_first <= first + stay.nights] = True
        most = next_first.astype(np.int64) - first
        stay.nights[:] = np.minimum(stay.nights, most)
        slot = self._take_slot(rows, first)
        self._last[slot, rows] = first + stay.nights
        self._kind[slot, rows] = STAYS.index(encounter_class)
        self._stay[slot, rows] = len(self._stays)
        self._latest[rows] = np.maximum(self._latest[rows], first + stay.nights)
        self._stays.append(stay)

    def see(self, rows: Rows, days: Days) -> None:
        """Note emergency visits: a stay of a later journey is over before them."""
        if len(rows):
            self._take_slot(rows, days)

    def _take_slot(self, rows: Rows, first: Days) -> NDArray[np.int64]:
        """Give each of some people a slot of their own that begins on their day."""
        slot = self._count[rows]
        if slot.max() >= len(self._first):
            self._grow()
        self._first[slot, rows] = first
        self._count[rows] += 1
        return slot

    def _grow(self) -> None:
        for name in ("_first", "_last", "_kind", "_stay"):
            slots = getattr(self, name)
            empty = np.full_like(slots, NO_DAY if slots.dtype == np.int32 else -1)
            setattr(self, name, np.concatenate([slots, empty]))

    def occupied(
        self, rows: Rows, days: Days, *, leaving: bool, entering: bool = True
    ) -> tuple[NDArray[np.int8], Days, NDArray[np.int32]]:
        """Return in which stay people are on their days.

        Args:
            rows: whose; they may repeat.
            days: int32.
            leaving: whether the day of discharge belongs to the stay.
            entering: whether the day of admission does.

        Returns:
            (kind, a position in `STAYS`, -1 where in none; last day, int32; number of the stay
            among the person's, int32).
        """
        kind, last = np.full(len(rows), -1, dtype=np.int8), np.full(len(rows), NO_DAY, np.int32)
        number = np.full(len(rows), -1, dtype=np.int32)
        near = np.flatnonzero(self._latest[rows] >= days)
        if not len(near):
            return kind, last, number
        who, day = rows[near], days[near]
        for slot in range(int(self._count[who].max())):
            ends = self._last[slot, who]
            begins = self._first[slot, who]
            within = (begins <= day) if entering else (begins < day)
            within &= (day <= ends) if leaving else (day < ends)
            at = near[within]
            kind[at], last[at] = self._kind[slot, who[within]], ends[within]
            number[at] = slot
        return kind, last, number

    def admitted_since(self, rows: Rows, since: Days, days: Days) -> NDArray[np.bool_]:
        """Return who was put to bed after one day and by another, bool.

        Args:
            rows: whose; they may repeat.
            since: int32, the day that does not count.
            days: int32, the last day that does.
        """
        first, stays = self._first[:, rows], self._kind[:, rows] >= 0
        between = stays & (first > since) & (first <= days)
        found: NDArray[np.bool_] = np.any(between, axis=0)
        return found

    def journey(self, rows: Rows, number: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the journey of people's stays, by the number of the stay among the person's."""
        journeys = np.array([stay.journey for stay in self._stays], dtype=np.int64)
        return journeys[self._stay[number, rows]]

    def end(self, rows: Rows, days: Days, number: NDArray[np.int32]) -> None:
        """End stays on people's days: they are sent to another bed.

        Args:
            rows: ascending positions in the chunk.
            days: int32, within the stay.
            number: which of the person's stays it is.
        """
        self._last[number, rows] = days
        which = self._stay[number, rows]
        for one in np.unique(which).tolist():
            stay, chosen = self._stays[one], which == one
            at = np.searchsorted(stay.rows, rows[chosen])
            stay.nights[at] = days[chosen] - stay.first[at]
            stay.sent_on[at] = True
            stay.send_on(at, days[chosen])

    def discharged(self, rows: Rows, days: Days) -> Days:
        """Return each day, or the day of discharge where the person is in a bed on it, int32."""
        moved = days.copy()
        for _ in range(len(self._first)):  # a stay may begin on the day when another ends
            kind, last, _ = self.occupied(rows, moved, leaving=False)
            inside = kind >= 0
            if not inside.any():
                break
            moved[inside] = last[inside]
        return moved
