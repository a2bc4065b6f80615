"""Visits of a person on one day, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.visits.visit_hours import DAY, Minutes, VisitKey
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.medicine.occupancy import STAYS

_WAY = 15  # minutes from one visit to the next, at least: assumption
_EVENING = 18 * 60 + 30  # when the last visit of such a day ends, if it can: assumption
_DAY_BITS = 33  # of a key; the person's row is above them
_FIRST_DAY = 2**31


@dataclass(frozen=True, eq=False)
class _Visits:
    """Visits of the days on which some overlap, by person and day, then by arrival; shape (n,).

    Attributes:
        visit: position of the visit among those of the chunk.
        at: position of the person in it.
        row: position of the person in the chunk.
        group: number of the person's day, ascending.
        turn: place in the day, from 0.
        start, end: minutes since 1970.
    """

    visit: NDArray[np.int64]
    at: NDArray[np.int64]
    row: NDArray[np.int64]
    group: NDArray[np.int64]
    turn: NDArray[np.int64]
    start: Minutes
    end: Minutes


def one_after_another(visits: Mapping[VisitKey, VisitRows]) -> dict[VisitKey, VisitRows]:
    """Return the visits, none of a person's begun before another of the day is over.

    Stays keep their hours, and what happens on the day of an admission comes before it. Where a
    day has not enough hours, visits overlap.
    """
    moved, listed = dict(visits), list(visits.values())
    day = _overlapping(listed)
    if day is None:
        return moved
    start = day.start.copy()
    lasts = day.end - start
    _forward(day, start, lasts)
    _backward(day, start, lasts, _latest(listed, day))
    for number in np.unique(day.visit).tolist():
        visit, mine = listed[number], np.flatnonzero(day.visit == number)
        start_at, end_at = visit.start_at.copy(), visit.end_at.copy()
        start_at[day.at[mine]] = start[mine]
        end_at[day.at[mine]] = start[mine] + lasts[mine]
        moved[visit.key] = replace(visit, start_at=start_at, end_at=end_at)
    return moved


def _forward(day: _Visits, start: Minutes, lasts: Minutes) -> None:
    """Begin each visit after the end of the one before it, in place."""
    for turn in range(1, int(day.turn.max()) + 1):
        this = np.flatnonzero(day.turn == turn)
        start[this] = np.maximum(start[this], start[this - 1] + lasts[this - 1] + _WAY)


def _backward(day: _Visits, start: Minutes, lasts: Minutes, latest: Minutes) -> None:
    """End the last visit of each day in time, and those before it before it, in place."""
    last = np.flatnonzero(np.append(day.group[1:] != day.group[:-1], True))
    midnight = day.start - day.start % DAY
    start[last] = np.minimum(start[last], latest[last] - lasts[last])
    for turn in range(int(day.turn.max()) - 1, -1, -1):
        this = np.flatnonzero((day.turn == turn) & ~np.isin(np.arange(len(start)), last))
        start[this] = np.minimum(start[this], start[this + 1] - _WAY - lasts[this])
    np.maximum(start, midnight, out=start)


def _overlapping(visits: list[VisitRows]) -> _Visits | None:
    """Return the visits of days on which some overlap; None where none do."""
    apart = [
        (number, visit) for number, visit in enumerate(visits)
        if visit.is_encounter and visit.details.encounter_class not in STAYS and len(visit.rows)
    ]  # fmt: skip
    if not apart:
        return None
    number = np.repeat([one for one, _ in apart], [len(visit.rows) for _, visit in apart])
    at = np.concatenate([np.arange(len(visit.rows)) for _, visit in apart])
    row = np.concatenate([visit.rows for _, visit in apart])
    start, end = (
        np.concatenate([visit.start_at for _, visit in apart]),
        np.concatenate([visit.end_at for _, visit in apart]),
    )
    key = _keys(row, np.concatenate([visit.first for _, visit in apart]))
    order = np.lexsort((number, end, start, key))
    hit = (key[order][1:] == key[order][:-1]) & (start[order][1:] < end[order][:-1])
    order = order[np.isin(key[order], key[order][1:][hit])]
    if not len(order):
        return None
    _, first, group = np.unique(key[order], return_index=True, return_inverse=True)
    return _Visits(
        number[order], at[order], row[order], group, np.arange(len(order)) - first[group],
        start[order], end[order],
    )  # fmt: skip


def _latest(visits: list[VisitRows], day: _Visits) -> Minutes:
    """Return when the last visit of each one's day has to end: in the evening, or at admission."""
    begin = day.start - day.start % DAY
    whole = np.maximum.reduceat(day.end, np.flatnonzero(day.turn == 0))[day.group]
    latest: Minutes = np.maximum(begin + _EVENING, whole)
    wanted = _keys(day.row, (begin // DAY).astype(np.int32))
    for visit in visits:
        if visit.is_encounter and visit.details.encounter_class in STAYS and len(visit.rows):
            keys = _keys(visit.rows, visit.first)
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            admitted = keys[place] == wanted
            before = np.where(admitted, visit.start_at[place], latest)
            latest = np.where(admitted & (before >= day.end), np.minimum(latest, before), latest)
    return latest


def _keys(rows: NDArray[np.integer], days: NDArray[np.int32]) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = (rows.astype(np.int64) << _DAY_BITS) + days + _FIRST_DAY
    return keys
