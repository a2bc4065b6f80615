"""Illnesses that readings of several days show are recorded on the last of these days.

Gestational hypertension raises pressure before anybody knows. Where a journey states it outside of
visits, the day that it states is that on which it begins in the body; once all journeys are walked,
the condition and its diagnosis are dated on the day that makes it known. What no readings show
before it is over was never found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.episodes import Episode
from healthsim.execution.timeline.facts import ResultFacts
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.safety import stop_later
from healthsim.execution.timeline.shown_stages import (
    AS_IT_IS,
    NEVER,
    EventKey,
    alone,
    day_of_key,
    keys_of,
)
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.pressure_readings import Readings, readings_that_show
from healthsim.tables import Coded

Keys = NDArray[np.int64]
"""Numbers of person and day, ascending; shape (n,)."""


def may_be_read_later(record: Record) -> bool:
    """Tell whether a journey that was walked states, outside of visits, what readings show."""
    return bool(_stated(record))


def record_when_read(record: Record, pieces: Sequence[OccurrenceRows]) -> dict[EventKey, Days]:
    """Date what readings show by them, in the record of a chunk's people.

    Args:
        record: of people all of whose journeys are walked.
        pieces: what happened to them, cut at the ends.

    Returns:
        The days on which everyone's diagnoses are recorded, to be given to `redated`.
    """
    moved: dict[EventKey, Days] = {}
    stated = _stated(record)
    for episode in [one for one in record.conditions.episodes() if one.after is None]:
        readings = readings_that_show(episode.code)
        if readings is None or episode.source not in stated:
            continue
        at = np.flatnonzero(episode.holds & (episode.first < episode.until))
        shown = _shown(readings, pieces, episode, at)
        late = at[shown != episode.first[at]]
        shown = shown[shown != episode.first[at]]
        if not len(late):
            continue
        key = stated[episode.source]
        moved[key] = np.full(len(record.people), AS_IT_IS)
        moved[key][episode.rows[late]] = shown
        _record_on(record, episode, late, shown)
    return moved


def _stated(record: Record) -> dict[int, EventKey]:
    return alone(record, lambda code: readings_that_show(code) is not None)


def _shown(
    readings: Readings, pieces: Sequence[OccurrenceRows], episode: Episode, at: NDArray[np.intp]
) -> Days:
    """Return the day on which some times of an episode are known, int32; `NEVER` where on none."""
    rows, first, until = episode.rows[at], episode.first[at], episode.until[at]
    any_value = dict.fromkeys(readings.at_least, -np.inf)
    watched = _nth_from(_days_read(any_value, pieces), rows, first, 0)
    watched_for = (watched != NEVER) & (watched - first.astype(np.int64) < readings.within_days)
    days = [
        _nth_from(_days_read(readings.at_least, pieces), rows, first, readings.days - 1),
        _nth_from(_days_read(readings.at_once, pieces), rows, first, 0),
    ]
    found = np.min([np.where(day == NEVER, AS_IT_IS, day) for day in days], axis=0)
    known = np.where(found < until, found, NEVER)
    return np.where(watched_for, known, first).astype(np.int32)


def _days_read(least: Mapping[str, float], pieces: Sequence[OccurrenceRows]) -> Keys:
    """Return the days on which people have a reading of a LOINC code of at least so much."""
    found = [np.zeros(0, dtype=np.int64)]
    for piece in pieces:
        if isinstance(piece.facts, ResultFacts):
            for loinc in least.keys() & piece.facts.by_loinc.keys():
                values = piece.facts.by_loinc[loinc]
                if not isinstance(values, Coded):
                    found.append(keys_of(piece.rows, piece.days)[values >= least[loinc]])
    return np.unique(np.concatenate(found))


def _nth_from(keys: Keys, rows: Rows, days: Days, nth: int) -> Days:
    """Return the nth day of each person's from their day on, int32; `NEVER` where there is none."""
    place = np.searchsorted(keys, keys_of(rows, days)) + nth
    row, day = day_of_key(np.append(keys, np.full(nth + 1, -1))[place])
    return np.where(row == rows, day, NEVER).astype(np.int32)


def _record_on(record: Record, episode: Episode, late: NDArray[np.intp], shown: Days) -> None:
    """Date some times of an episode on the days on which they are known."""
    never = shown == NEVER
    rows, first = episode.rows[late], episode.first[late].copy()
    ends = np.where(never, episode.until[late], shown).astype(np.int32)
    kept = late[~never]
    episode.first[kept] = episode.onset[kept] = shown[~never]
    episode.real[late[never]] = False
    record.conditions.redate(episode, (rows, first, ends))
    stop_later(record, episode.code, rows, first, ends)
