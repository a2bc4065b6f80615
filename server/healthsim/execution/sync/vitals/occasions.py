"""When the usual vital signs of a chunk are taken: at visits, on arrival, on rounds, on leaving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import existing_minutes
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.sync.visits.visits import DAY, Minutes, VisitRows
from healthsim.execution.sync.vitals.watched import NOT_WATCHED, WatchedTimes
from healthsim.medicine.vitals import hours_between_rounds
from healthsim.medicine.watched_units import MOST_TIMES, watched_units

ARRIVING, LEAVING, FIRST_ROUND = 0, 1, 2
"""Numbers of the occasions of a visit; rounds count on from the last."""
_HOUR = 60
_MORNING = 6 * _HOUR  # of the round that is made once a day: assumption
_APART = _HOUR  # between a round, and arrival or leaving: assumption
_SOON, _SOON_AFTER = 2, 10  # minutes from arrival, earliest and latest: assumption
_MINUTES = 34  # bits of a time in minutes, in a key for sorting
_SET_BY_PROFILE = frozenset({"inpatient", "observation"})


@dataclass(frozen=True, eq=False)
class Occasions:
    """Occasions on which vital signs may be taken; arrays of shape (n,), by person, then time.

    Attributes:
        visits: of the chunk; the occasions' encounters.
        visit: int32, position in `visits`.
        rows: int32, positions of people in the chunk.
        number: int64, which occasion of its visit it is.
        at: int64, minutes since 1970.
        hours: int64, hours between two rounds of the visit; 0 where there are none.
        unit: int64, position in `watched_units` of a time beside the rounds, which have -1.
    """

    visits: tuple[VisitRows, ...]
    visit: NDArray[np.int32]
    rows: NDArray[np.int32]
    number: NDArray[np.int64]
    at: Minutes
    hours: NDArray[np.int64]
    unit: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def days(self) -> NDArray[np.int32]:
        """Day of each, int32."""
        return (self.at // DAY).astype(np.int32)

    @property
    def quarters(self) -> NDArray[np.int64]:
        """Quarter hour of the day of each, 0 to 95."""
        return (self.at % DAY) // 15

    def of_class(self, encounter_class: str) -> NDArray[np.bool_]:
        """Return which occasions are of a class of encounter."""
        same = [visit.details.encounter_class == encounter_class for visit in self.visits]
        return np.array([*same, False])[self.visit]

    def first_of_day(self) -> NDArray[np.bool_]:
        """Return which rounds are the first of their day, counted from the morning round on."""
        since = (self.at - _MORNING) % DAY
        return self.is_round() & (since < self.hours * _HOUR)

    def is_round(self) -> NDArray[np.bool_]:
        """Return which occasions are rounds."""
        found: NDArray[np.bool_] = (self.number >= FIRST_ROUND) & (self.unit == NOT_WATCHED)
        return found

    def watched_for(self, measure: str) -> NDArray[np.bool_]:
        """Return which times beside the rounds are in a unit that takes a measure."""
        takes = [measure in one.measures for one in watched_units().values()]
        found: NDArray[np.bool_] = np.array([*takes, False])[self.unit]
        return found

    def day_of_stay(self) -> NDArray[np.int64]:
        """Return how many days the visit had lasted, int64."""
        start = np.zeros(len(self), dtype=np.int64)
        for place, visit in enumerate(self.visits):
            mine = self.visit == place
            start[mine] = visit.first[visit.position_of(self.rows[mine])]
        return self.days - start


def occasions_of(
    visits: Sequence[VisitRows],
    draws: Draws,
    inpatient_hours: int | None,
    most_rounds: int,
    watched: WatchedTimes,
) -> Occasions:
    """Return all occasions of the encounters of a chunk.

    Args:
        visits: its encounters.
        draws: of its people.
        inpatient_hours: hours between two rounds in hospital, where the profile states them.
        most_rounds: how many rounds and other times a stay may have.
        watched: the times beside the rounds; they have the last numbers of their stays.
    """
    parts = [
        part
        for place, visit in enumerate(visits)
        if len(visit.rows)
        for part in _of_visit(place, visit, draws, inpatient_hours)
        if len(part[1])
    ]
    last = FIRST_ROUND + most_rounds - 1
    rounds = _columns(parts)
    rounds = rounds[:, rounds[_NUMBERS] < number_again(most_rounds)]
    rows = np.searchsorted(draws.person_ids(), watched.person_id)
    beside = np.stack([watched.visit, rows, last - watched.turn, watched.at,
                       np.zeros_like(rows), watched.unit])  # fmt: skip
    found = np.concatenate([rounds, beside], axis=1)
    if not found.shape[1]:
        return _occasions(visits, found)
    rows, at = found[_ROWS], found[_AT]
    found = found[:, np.argsort((rows << _MINUTES) + at - at.min(), kind="stable")]
    rows, at = found[_ROWS], found[_AT]
    together = np.flatnonzero((rows[1:] == rows[:-1]) & (at[1:] == at[:-1])) + 1
    at[together] += 1  # nobody is measured twice in one minute, in two visits that overlap
    return _occasions(visits, found[:, ~_in_one_minute(rows, at)])


def number_again(most_rounds: int) -> int:
    """Return the number of an occasion of a visit on which a sign is measured a second time."""
    return FIRST_ROUND + most_rounds - 1 - MOST_TIMES


_ROWS, _NUMBERS, _AT = 1, 2, 3  # of visit, rows, number, time, hours and unit of occasions


def _columns(parts: Sequence[_Part]) -> NDArray[np.int64]:
    """Return visit, rows, number, time, hours and unit of occasions, int64, shape (6, n)."""
    columns = [
        np.stack([np.full_like(at, place), rows, number, at, np.full_like(at, hours),
                  np.full_like(at, NOT_WATCHED)])
        for place, rows, number, at, hours in parts
    ]  # fmt: skip
    return np.concatenate([np.zeros((6, 0), dtype=np.int64), *columns], axis=1)


def _occasions(visits: Sequence[VisitRows], found: NDArray[np.int64]) -> Occasions:
    visit, rows, number, at, hours, unit = found
    return Occasions(
        tuple(visits), visit.astype(np.int32), rows.astype(np.int32), number, at, hours, unit
    )


def _in_one_minute(rows: Rows, at: Minutes) -> NDArray[np.bool_]:
    """Return which occasions daylight saving puts on the minute of the one before them; bool."""
    clock = existing_minutes(at)
    again = np.zeros(len(rows), dtype=np.bool_)
    again[1:] = (rows[1:] == rows[:-1]) & (clock[1:] == clock[:-1])
    return again


_Part = tuple[int, Rows, NDArray[np.int64], Minutes, int]


def _of_visit(
    place: int, visit: VisitRows, draws: Draws, inpatient_hours: int | None
) -> list[_Part]:
    """Return (visit, rows, numbers, times, hours between rounds) of the occasions of a visit."""
    encounter_class, size = visit.details.encounter_class, len(visit.rows)
    hours = hours_between_rounds(encounter_class)
    if inpatient_hours is not None and encounter_class in _SET_BY_PROFILE:
        hours = inpatient_hours
    u = draws.at("vitals/minute", visit.rows, draws.pairs(visit.rows, visit.start_at))
    soon = _SOON + np.floor(u * (_SOON_AFTER - _SOON + 1)).astype(np.int64)
    arriving = np.minimum(visit.start_at + soon, visit.end_at)
    leaving = np.maximum(visit.end_at - 2 * soon, arriving + 1)
    parts: list[_Part] = [
        (place, visit.rows, np.full(size, ARRIVING), arriving, hours),
    ]
    ends = np.flatnonzero(leaving <= visit.end_at)
    parts.append((place, visit.rows[ends], np.full(len(ends), LEAVING), leaving[ends], hours))
    if hours:
        parts.append((place, *_rounds(visit, hours * _HOUR), hours))
    return parts


def _rounds(visit: VisitRows, every: int) -> tuple[Rows, NDArray[np.int64], Minutes]:
    """Return people, numbers and times of the rounds of a stay, `every` so many minutes."""
    midnight = visit.first.astype(np.int64) * DAY + _MORNING % every
    first = np.maximum(-((midnight - visit.start_at - _APART) // every), 0)
    last = (visit.end_at - _APART - midnight) // every
    count = np.maximum(last - first + 1, 0)
    position = np.repeat(np.arange(len(visit.rows)), count)
    begin = np.cumsum(count) - count
    turn = np.arange(len(position)) - begin[position] + first[position]
    return visit.rows[position], turn + FIRST_ROUND, midnight[position] + turn * every
