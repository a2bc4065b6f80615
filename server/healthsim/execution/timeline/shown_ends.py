"""Illnesses that a test shows to be over end on its day, while people walk."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import LogEntry
from healthsim.execution.timeline.record import Record
from healthsim.medicine.shown_ends import ShownEnd, shown_ends


def end_for_results(
    record: Record, loinc: str, rows: Rows, days: Days, values: NDArray[np.float64]
) -> None:
    """End the illnesses that results show to be over; the day of the test is the last one.

    A result of an urgent visit for the illness ends it too, from the last day of that visit on.

    Args:
        record: of the people.
        loinc: of the test.
        rows: whose results they are, distinct positions in the chunk.
        days: int32, day of each.
        values: results, float64; NaN for none.
    """
    if not record.conditions.lives:
        return
    for end in shown_ends():
        if end.loinc == loinc:
            _end(record, end, (rows, days, values))


def _end(record: Record, end: ShownEnd, tested: tuple[Rows, Days, NDArray[np.float64]]) -> None:
    """End the episodes of one kind of illness."""
    rows, days, values = tested
    moment = record.moment(rows, days)
    for episode in record.conditions.episodes(end.prefix):
        position, active = episode.place(moment)
        at = np.flatnonzero(active)
        if not len(at):
            continue
        place = position[at]
        whose, on, ill = rows[place], days[place], days[place] - episode.since[at]
        results = _Results(record.results[end.loinc].entries, whose, len(record.people))
        begin = episode.since[at] - np.int32(end.before_days)
        over = end.is_over(
            values[place],
            -results.highest(begin - np.int32(end.usual_days), begin, -1),
            results.highest(begin, on),
            ill.astype(np.float64),
        )
        over &= (ill > 0) & (on >= episode.cared_until[at])
        which = np.zeros(len(position), dtype=np.bool_)
        which[at[over]] = True
        record.conditions.end_shown(episode, which, on[over] + np.int32(1))


class _Results:
    """The results of some people.

    Args:
        entries: results of everybody.
        rows: the people, distinct positions in the chunk.
        people: size of the chunk.
    """

    def __init__(self, entries: Iterable[LogEntry], rows: Rows, people: int) -> None:
        self._entries, self._size = entries, len(rows)
        self._place = np.full(people, -1, dtype=np.int64)
        self._place[rows] = np.arange(len(rows))

    def highest(self, since: Days, until: Days, sign: int = 1) -> NDArray[np.float64]:
        """Return everyone's highest result of some days, float64; NaN where there is none.

        Args:
            since: int32, first day of each.
            until: int32, day before which results count.
            sign: by which results are multiplied: -1 for the lowest.
        """
        highest = np.full(self._size, np.nan)
        for entry in self._entries:
            at = self._place[entry.rows]
            mine = at >= 0
            at, day, value = at[mine], entry.days[mine], sign * entry.values[mine]
            within = (since[at] <= day) & (day < until[at])
            highest[at[within]] = np.fmax(highest[at[within]], value[within])
        return highest
