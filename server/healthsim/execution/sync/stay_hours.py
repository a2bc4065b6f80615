"""Hours of visits around stays: before admission, and after discharge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.visits import DAY, Minutes, VisitKey, VisitRows
from healthsim.medicine.occupancy import STAYS

_WAY = 30  # minutes from a discharge to the next place, at least: assumption


@dataclass(frozen=True, eq=False)
class _Times:
    """Begin and end of a visit, while they are moved; minutes since 1970, int64."""

    visit: VisitRows
    start: Minutes
    end: Minutes

    @property
    def is_stay(self) -> bool:
        """Whether it is a stay."""
        return self.visit.details.encounter_class in STAYS


def in_sequence(visits: Mapping[VisitKey, VisitRows], people: int) -> dict[VisitKey, VisitRows]:
    """Return the visits, with those on one day with an admission or a discharge in their order.

    What happens on the day of an admission comes before it, and what happens on the day of a
    discharge after it; what happens during the stay stays there.

    Args:
        visits: of a chunk, by key; only encounters are moved.
        people: size of the chunk.
    """
    times = {
        key: _Times(visit, visit.start_at.copy(), visit.end_at.copy())
        for key, visit in visits.items()
        if visit.is_encounter
    }
    stays = {key: one for key, one in times.items() if one.is_stay}
    if not stays:
        return dict(visits)
    ended = _by_day(list(stays.values()), people)
    for one in stays.values():
        _after_discharge(one, ended)
    ended = _by_day(list(stays.values()), people)
    others = [
        one
        for key, one in times.items()
        if key not in stays and (key[0], one.visit.occurrence.encounter) not in stays
    ]
    for one in others:
        _after_discharge(one, ended)
    came = _Days.of(people)
    for one in others:
        came.note(one.visit.rows, one.visit.first, one.end)
    for one in stays.values():
        before = came.latest(one.visit.rows, one.visit.first)
        np.maximum(one.start, before, out=one.start)
        np.maximum(one.end, one.start, out=one.end)
    return {key: replace(visit, start_at=times[key].start, end_at=times[key].end)
            if key in times else visit for key, visit in visits.items()}  # fmt: skip


class _Days:
    """The latest minute of something on each of some days of each person, in a few slots."""

    def __init__(self, days: NDArray[np.int32], minutes: Minutes) -> None:
        self._days, self._minutes = days, minutes

    @classmethod
    def of(cls, people: int) -> _Days:
        """Return days of which nothing is known."""
        return cls(np.full((2, people), NO_DAY, np.int32), np.zeros((2, people), np.int64))

    def note(self, rows: NDArray[np.integer], days: NDArray[np.int32], minutes: Minutes) -> None:
        """Note a minute of a day for some people."""
        left = np.arange(len(rows))
        slot = 0
        while len(left):
            if slot == len(self._days):
                self._days = np.vstack([self._days, np.full_like(self._days, NO_DAY)])
                self._minutes = np.vstack([self._minutes, np.zeros_like(self._minutes)])
            there = self._days[slot, rows[left]]
            fits = (there == NO_DAY) | (there == days[left])
            at, who = left[fits], rows[left[fits]]
            self._days[slot, who] = days[at]
            self._minutes[slot, who] = np.maximum(self._minutes[slot, who], minutes[at])
            left, slot = left[~fits], slot + 1

    def latest(self, rows: NDArray[np.integer], days: NDArray[np.int32]) -> Minutes:
        """Return the latest minute of people's days; 0 where there is none."""
        found = np.zeros(len(rows), dtype=np.int64)
        for slot in range(len(self._days)):
            same = self._days[slot, rows] == days
            found = np.where(same, np.maximum(found, self._minutes[slot, rows]), found)
        return found


def _by_day(stays: list[_Times], people: int) -> _Days:
    """Return when people were discharged, of stays over night, by the day of it."""
    ended = _Days.of(people)
    for one in stays:
        over = np.flatnonzero(one.visit.last > one.visit.first)
        ended.note(one.visit.rows[over], one.visit.last[over], one.end[over])
    return ended


def _after_discharge(one: _Times, ended: _Days) -> None:
    """Move a visit that begins on the day of a discharge to after it, within the day."""
    discharged = ended.latest(one.visit.rows, one.visit.first)
    last_minute = (one.visit.first.astype(np.int64) + 1) * DAY - 1
    start = np.where(
        discharged > 0, np.maximum(one.start, np.minimum(discharged + _WAY, last_minute)), one.start
    )
    within = one.visit.last == one.visit.first
    end = np.where(within, np.minimum(one.end + start - one.start, last_minute), one.end)
    one.start[:], one.end[:] = start, np.maximum(end, start)
