"""Stages of an illness are recorded when a test shows them; in the body they begin before.

A change of stage that no visit states is known to nobody until the next test. So once all journeys
are walked, its condition and its diagnosis are dated on the day on which the first result in its
range is known, and what was recorded before goes on until then. A stage that is over before a test
has shown it was never found. Of two tests 90 days apart, as guidelines ask, the first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.episodes import Episode
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.timeline.facts import ResultFacts
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.safety import stop_later
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.stages import StageTest, stage_tests
from healthsim.specification.journeys.events import Diagnosis
from healthsim.tables import Coded

EventKey: TypeAlias = tuple[int, int]
"""The journey's position in the run and the occurrence's in the journey."""
_DAY_BITS = 32  # of a key of person and day
NEVER = np.int32(NO_DAY)
"""In the place of the day on which a stage is recorded: it is not."""
AS_IT_IS = np.int32(FOREVER)  # in the place of the new day of a diagnosis that is not moved


def may_be_shown_later(record: Record) -> bool:
    """Tell whether a journey that was walked states a stage outside of visits."""
    return bool(_stages_alone(record))


def record_when_shown(
    record: Record, pieces: Sequence[OccurrenceRows], ends: Sequence[Days]
) -> dict[EventKey, Days]:
    """Date changes of stage by the tests that show them, in the record of a chunk's people.

    Args:
        record: of people all of whose journeys are walked.
        pieces: what happened to them, cut at the ends.
        ends: int32, everyone's last day in each journey.

    Returns:
        The days on which everyone's diagnoses of stages are recorded, to be given to `redated`.
    """
    conditions, stated = record.conditions, _stages_alone(record)
    moved: dict[EventKey, Days] = {}
    last = np.full(len(record.people), FOREVER, dtype=np.int32)
    for journey in {journey for journey, _ in stated.values()}:
        last = np.minimum(last, ends[journey])
    for loinc in sorted({test.loinc for test in stage_tests().values()}):
        codes = [code for code in conditions.codes if code in stage_tests()
                 and stage_tests()[code].loinc == loinc]  # fmt: skip
        times = _Times.collect(conditions, codes)
        if times is None:
            continue
        shown = times.shown(_Tests.of(pieces, loinc), stated, last)
        others = shown != times.first
        for code, rows, first, until in times.record_on(conditions, shown):
            stop_later(record, code, rows, first, until)
        for place in stated.keys() & set(times.source[others].tolist()):
            at = np.flatnonzero(others & (times.source == place))
            moved[stated[place]] = np.full(len(record.people), AS_IT_IS)
            moved[stated[place]][times.rows[at]] = shown[at]
    return moved


def _stages_alone(record: Record) -> dict[int, EventKey]:
    return alone(record, stage_tests().__contains__)


def alone(record: Record, asked: Callable[[str], bool]) -> dict[int, EventKey]:
    """Return the diagnoses of some codes that are in no visit, by place among all events."""
    found, first = {}, 0
    for journey, layout in enumerate(record.layouts_walked):
        for one in layout.occurrences:
            step, outside = one.step, one.encounter < 0
            if outside and isinstance(step, Diagnosis) and asked(step.details.code):
                found[first + one.number] = journey, one.number
        first += len(layout.occurrences)
    return found


def redated(piece: OccurrenceRows, moved: Mapping[EventKey, Days]) -> OccurrenceRows:
    """Return a piece on the days on which its diagnoses are recorded, of those who have it."""
    days = moved.get((piece.journey, piece.occurrence.number))
    if days is None:
        return piece
    new = days[piece.rows]
    new = np.where(new == AS_IT_IS, piece.days, new).astype(np.int32)
    dated = OccurrenceRows(piece.journey, piece.occurrence, piece.rows, new, piece.facts)
    return dated.take(np.flatnonzero(new != NEVER))


def keys_of(rows: Rows, days: Days) -> NDArray[np.int64]:
    """Return numbers in the order of people, then days; int64."""
    return (rows.astype(np.int64) << _DAY_BITS) + (days.astype(np.int64) - np.int64(NO_DAY))


def day_of_key(keys: NDArray[np.int64]) -> tuple[Rows, NDArray[np.int64]]:
    """Return (position of the person, day) of numbers of `keys_of`, int64; (-1, …) of -1."""
    return keys >> _DAY_BITS, (keys & ((1 << _DAY_BITS) - 1)) + np.int64(NO_DAY)


@dataclass(frozen=True)
class _Tests:
    """Results of one test; arrays of shape (n,).

    Attributes:
        keys: int64, person and day, ascending.
        values: float64.
    """

    keys: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, pieces: Sequence[OccurrenceRows], loinc: str) -> _Tests:
        """Collect the results of a test that have numbers."""
        keys, values = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        for piece in pieces:
            if isinstance(piece.facts, ResultFacts) and loinc in piece.facts.by_loinc:
                found = piece.facts.by_loinc[loinc]
                if not isinstance(found, Coded):
                    keys.append(keys_of(piece.rows, piece.days)[~np.isnan(found)])
                    values.append(found[~np.isnan(found)])
        joined = np.concatenate(keys)
        order = np.argsort(joined, kind="stable")
        return cls(joined[order], np.concatenate(values)[order])

    def next_in(self, test: StageTest, rows: Rows, days: Days) -> Days:
        """Return the day of each person's next result in a stage, from their day on, int32.

        `NEVER` where there is none.
        """
        return self._next(self.keys[test.shown_by(self.values)], rows, days)

    def tested(self, test: StageTest, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return who is tested at all around their day, bool."""
        since = (days - np.int32(test.within_days)).astype(np.int32)
        found = self._next(self.keys, rows, since)
        until = days.astype(np.int64) + test.within_days
        tested: NDArray[np.bool_] = (found != NEVER) & (found < until)
        return tested

    @staticmethod
    def _next(keys: NDArray[np.int64], rows: Rows, days: Days) -> Days:
        place = np.searchsorted(keys, keys_of(rows, days))
        row, day = day_of_key(np.append(keys, -1)[place])
        return np.where(row == rows, day, NEVER).astype(np.int32)


@dataclass(frozen=True)
class _Times:
    """The times that people have the stages of one test, by person and day; shape (n,).

    Attributes:
        episodes: the episodes that they are of.
        part, place: intp, which of the episodes, and which of its times.
        rows: positions in the chunk.
        first, until: int32, first day in the stage, and first day after it.
        source: int32, place among all events of the one that began it; -1 for none.
        follows: bool, whether it follows the one before it without a day between.
    """

    episodes: list[Episode]
    part: NDArray[np.intp]
    place: NDArray[np.intp]
    rows: Rows
    first: Days
    until: Days
    source: NDArray[np.int32]
    follows: NDArray[np.bool_]

    @classmethod
    def collect(cls, conditions: ConditionLog, codes: Sequence[str]) -> _Times | None:
        """Collect them; None where nobody has any."""
        episodes = [one for code in codes for one in conditions.episodes_of(code)]
        held = [np.flatnonzero(one.holds & (one.first < one.until)) for one in episodes]
        if not sum(map(len, held)):
            return None
        part = np.repeat(np.arange(len(held)), [len(at) for at in held])
        place = np.concatenate(held)
        rows, first, until, source = (
            np.concatenate([column(one)[at] for one, at in zip(episodes, held, strict=True)])
            for column in _COLUMNS
        )
        order = np.lexsort((first, rows))
        rows, first, until = rows[order], first[order], until[order]
        follows = np.zeros(len(rows), dtype=np.bool_)
        follows[1:] = (rows[1:] == rows[:-1]) & (until[:-1] == first[1:])
        return cls(episodes, part[order], place[order], rows, first, until, source[order], follows)

    def shown(self, tests: _Tests, alone: Collection[int], last: Days) -> Days:
        """Return the day on which each is recorded, int32; `NEVER` where it is not.

        Args:
            tests: results of their test.
            alone: places among all events of the diagnoses that are in no visit.
            last: everyone's last day, on which results of the day are known at once.
        """
        shown = self.first.copy()
        waits = self.follows & np.isin(self.source, list(alone))
        for number, episode in enumerate(self.episodes):
            test, at = stage_tests()[episode.code], np.flatnonzero(waits & (self.part == number))
            at = at[tests.tested(test, self.rows[at], self.first[at])]
            found = tests.next_in(test, self.rows[at], self.first[at])
            known = np.minimum(found.astype(np.int64) + test.known_after, last[self.rows[at]])
            known = np.maximum(known, found).astype(np.int32)
            shown[at] = np.where((found != NEVER) & (known < self.until[at]), known, NEVER)
        recorded = np.flatnonzero(shown != NEVER)
        codes = np.array([one.code for one in self.episodes])[self.part[recorded]]
        again = (codes[1:] == codes[:-1]) & (self.chain[recorded][1:] == self.chain[recorded][:-1])
        shown[recorded[1:][again]] = NEVER
        return shown

    @property
    def chain(self) -> NDArray[np.int64]:
        """A number of each that is equal for those that follow each other, int64."""
        return np.cumsum(~self.follows)

    def record_on(
        self, conditions: ConditionLog, shown: Days
    ) -> Iterator[tuple[str, Rows, Days, Days]]:
        """Date the conditions on the days on which they are shown; what was before goes on.

        Yields:
            (code, rows, first day, day on which it is recorded or over, not being recorded) of
            those that nobody knows at first.
        """
        until, never = self._until(shown), shown == NEVER
        moved = shown != self.first
        for number, episode in enumerate(self.episodes):
            mine = np.flatnonzero((self.part == number) & (moved | (until != self.until)))
            if not len(mine):
                continue
            episode.until[self.place[mine]] = until[mine]
            late = mine[moved[mine]]
            kept = late[~never[late]]
            episode.first[self.place[kept]] = episode.onset[self.place[kept]] = shown[kept]
            episode.real[self.place[late[never[late]]]] = False
            ends = np.where(never, self.until, shown)[late]
            conditions.redate(episode, (self.rows[late], self.first[late], ends))
            yield episode.code, self.rows[late], self.first[late], ends

    def _until(self, shown: Days) -> Days:
        """Return until when each is recorded, int32: the next is, or the last of them is over."""
        recorded, chain = np.flatnonzero(shown != NEVER), self.chain
        until = self.until[np.searchsorted(chain, chain, side="right") - 1]
        followed = chain[recorded[1:]] == chain[recorded[:-1]]
        until[recorded[:-1][followed]] = shown[recorded[1:][followed]]
        return until


_COLUMNS: tuple[Callable[[Episode], NDArray[Any]], ...] = (
    lambda one: one.rows, lambda one: one.first, lambda one: one.until, lambda one: one.sources,
)  # fmt: skip
