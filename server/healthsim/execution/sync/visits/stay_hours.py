"""Hours of visits around stays: before admission, and after discharge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.visits.admissions import Admission
from healthsim.execution.sync.visits.visits import DAY, Minutes, VisitKey, VisitRows
from healthsim.medicine.occupancy import STAYS

_DAY_BITS = 33  # of a key; the person's row is above them
_FIRST_DAY = np.int64(2**31)
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


def in_sequence(
    visits: Mapping[VisitKey, VisitRows], admissions: Sequence[Admission]
) -> dict[VisitKey, VisitRows]:
    """Return the visits, with those on one day with an admission or a discharge in their order.

    What happens on the day of an admission comes before it, and what happens on the day of a
    discharge after it; what happens during the stay stays there. An emergency visit that led to
    the stay is the last before it, where it fits into the day.

    Args:
        visits: of a chunk, by key; only encounters are moved.
        admissions: emergency visits among them, and the stays that they led to.
    """
    times = {
        key: _Times(visit, visit.start_at.copy(), visit.end_at.copy())
        for key, visit in visits.items()
        if visit.is_encounter
    }
    stays = {key: one for key, one in times.items() if one.is_stay}
    if not stays:
        return dict(visits)
    ended = _by_day(list(stays.values()))
    for one in stays.values():
        _after_discharge(one, ended)
    ended = _by_day(list(stays.values()))
    others = [
        one
        for key, one in times.items()
        if key not in stays and (key[0], one.visit.occurrence.encounter) not in stays
    ]
    for one in others:
        _after_discharge(one, ended)
    _just_before_stays(times, others, admissions)
    came = _Days.of([(one.visit.rows, one.visit.first, one.end) for one in others])
    for one in stays.values():
        before = came.latest(one.visit.rows, one.visit.first)
        np.maximum(one.start, before, out=one.start)
        np.maximum(one.end, one.start, out=one.end)
    return {key: replace(visit, start_at=times[key].start, end_at=times[key].end)
            if key in times else visit for key, visit in visits.items()}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Days:
    """The latest minute of something on some days of people; arrays of shape (k,).

    Attributes:
        keys: person and day as one integer, ascending, each once.
        minutes: the latest minute of each.
    """

    keys: NDArray[np.int64]
    minutes: Minutes

    @classmethod
    def of(cls, noted: Sequence[tuple[NDArray[np.integer], NDArray[np.int32], Minutes]]) -> _Days:
        """Return the latest of minutes that are noted as (people's rows, days, minutes)."""
        none = np.zeros(0, dtype=np.int64)
        keys = np.concatenate([none, *(_keys(rows, days) for rows, days, _ in noted)])
        minutes = np.concatenate([none, *(minutes for _, _, minutes in noted)])
        order = np.lexsort((minutes, keys))
        keys, minutes = keys[order], minutes[order]
        last = np.append(keys[1:] != keys[:-1], True)[: len(keys)]
        return cls(keys[last], minutes[last])

    def latest(self, rows: NDArray[np.integer], days: NDArray[np.int32]) -> Minutes:
        """Return the latest minute of people's days; 0 where there is none."""
        if not len(self.keys):
            return np.zeros(len(rows), dtype=np.int64)
        wanted = _keys(rows, days)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.minutes[place], 0)


def _keys(rows: NDArray[np.integer], days: NDArray[np.int32]) -> NDArray[np.int64]:
    return (rows.astype(np.int64) << _DAY_BITS) + (days.astype(np.int64) + _FIRST_DAY)


def _by_day(stays: list[_Times]) -> _Days:
    """Return when people were discharged, of stays over night, by the day of it."""
    noted = []
    for one in stays:
        over = np.flatnonzero(one.visit.last > one.visit.first)
        noted.append((one.visit.rows[over], one.visit.last[over], one.end[over]))
    return _Days.of(noted)


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


def _just_before_stays(
    times: Mapping[VisitKey, _Times], others: Sequence[_Times], admissions: Sequence[Admission]
) -> None:
    """Move emergency visits that led to a stay of their day to after the day's other visits."""
    led = [one for one in admissions if one.emergency in times and one.stay in times]
    noted = []
    for one in others:
        mine = [one.visit.position_of(led_on.rows) for led_on in led
                if led_on.emergency == one.visit.key]  # fmt: skip
        rest = np.delete(np.arange(len(one.end)), np.concatenate(mine) if mine else [])
        noted.append((one.visit.rows[rest], one.visit.first[rest], one.end[rest]))
    came = _Days.of(noted)
    for admission in led:
        one, stay = times[admission.emergency], times[admission.stay].visit
        at, rows = one.visit.position_of(admission.rows), admission.rows
        first = one.visit.first[at]
        later = came.latest(rows, first) - one.start[at]
        fits = (one.end[at] + later) // DAY == first
        moved = at[(later > 0) & fits & (stay.first[stay.position_of(rows)] == first)]
        by = later[np.searchsorted(at, moved)]
        one.start[moved] += by
        one.end[moved] += by
