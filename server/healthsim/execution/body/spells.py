"""Dated spells and events of people, and which of them is the latest on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.body.taken import Taken
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.episodes import Episode
from healthsim.execution.people.logs import LogEntry

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_DAY_BITS = 33  # of a key; the person's row is above them
_FIRST_DAY = np.int64(2**31)
_SAME_COURSE = 30  # days without the drug after which it begins anew: assumption


@dataclass(frozen=True, eq=False)
class Spell:
    """The spell or event that some measurements fall in or after; arrays of shape (k,).

    Attributes:
        at: positions of the measurements.
        since: int64, first day of the spell.
        until: int64, first day after it.
        share: float64, how much of the cause there is: of a drug, the share that is taken.
    """

    at: NDArray[np.intp]
    since: Integers
    until: Integers
    share: Floats


@dataclass(frozen=True, eq=False)
class EpisodeTable:
    """The episodes of one condition.

    Attributes:
        since, until: int32, shape (people,): one episode of each person; `NO_DAY` where none.
        more: int64, person and first day, as one integer, of further episodes, and of relapses
            in one, on which the body shows it anew; ascending.
        more_until: int32, first day after each of `more`.
    """

    since: Days
    until: Days
    more: Integers
    more_until: Days

    @classmethod
    def of(
        cls, episodes: Sequence[Episode], people: int, chosen: NDArray[np.bool_] | None = None
    ) -> EpisodeTable:
        """Return the episodes of one code.

        Args:
            episodes: in the order in which they were found out.
            people: size of the chunk.
            chosen: bool, one for each person: only of these; of everybody by default.
        """
        since = np.full(people, NO_DAY, dtype=np.int32)
        until = since.copy()
        number, rows, begins, ends = _real(episodes, chosen)
        persons, first = np.unique(rows, return_index=True)
        since[persons], until[persons] = begins[first], ends[first]
        further = np.ones(len(rows), dtype=np.bool_)
        further[first] = False
        later = [(number[further], rows[further], begins[further], ends[further])]
        starts = np.cumsum([0, *(one.size for one in episodes)])
        later += [_relapse(int(start), episode, *one)
                  for start, episode in zip(starts[:-1], episodes, strict=True)
                  for one in episode.relapses]  # fmt: skip
        number, rows, begins, ends = (np.concatenate(each) for each in zip(*later, strict=True))
        order = np.argsort(number, kind="stable")
        keys, first = np.unique(_keys(rows, begins)[order], return_index=True)
        return cls(since, until, keys, ends[order[first]])  # of one day, that of the first time

    def latest(self, rows: Rows, days: Days) -> Spell:
        """Return the latest episode that people had begun by their days.

        Args:
            rows: ascending positions in the chunk; may repeat.
            days: int32, the last day on which an episode may begin.
        """
        known = self.since[rows]
        begun = (known != NO_DAY) & (known <= days)
        since = np.where(begun, known, NO_DAY)
        until = self.until[rows]
        if len(self.more):
            place = np.searchsorted(self.more, _keys(rows, days), side="right") - 1
            key = self.more[np.maximum(place, 0)]
            later = (place >= 0) & (key >> _DAY_BITS == rows) & (_day_of(key) > since)
            since[later] = _day_of(key[later])
            until[later] = self.more_until[place[later]]
        at = np.flatnonzero(since != NO_DAY)
        return Spell(at, since[at].astype(np.int64), until[at].astype(np.int64), np.ones(len(at)))


@dataclass(frozen=True, eq=False)
class SpellTable:
    """Spells of many people, ascending by person and day; arrays of shape (k,).

    Attributes:
        keys: person and day on which each becomes known, as one integer.
        since: first day of the spell that it belongs to.
        until: first day after it.
        share: how much of the cause there is.
    """

    keys: Integers
    since: Integers
    until: Integers
    share: Floats

    @classmethod
    def of_taken(cls, taken: Taken) -> SpellTable:
        """Return the courses of drugs that people take; what follows closely goes on."""
        keys = _keys(taken.rows, taken.days)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        stop, share = taken.until[order].astype(np.int64), taken.share[order]
        person, begin = keys >> _DAY_BITS, _day_of(keys)
        lasting = (np.maximum.accumulate((person << _DAY_BITS) + stop + _FIRST_DAY)
                   if len(keys) else keys)  # fmt: skip
        until = _day_of(lasting)
        new = np.ones(len(keys), dtype=np.bool_)
        new[1:] = (person[1:] != person[:-1]) | (begin[1:] > until[:-1] + _SAME_COURSE)
        first = np.flatnonzero(new)
        since = begin[first][np.cumsum(new) - 1] if len(keys) else begin
        return cls(keys, since, until, share)

    @classmethod
    def of_events(cls, entries: Sequence[LogEntry], before: SpellTable | None = None) -> SpellTable:
        """Return events, each of which lasts a day, beside those that were there before."""
        held = [] if before is None else [before.keys]
        keys = np.sort(_joined([*held, *(_keys(entry.rows, entry.days) for entry in entries)]))
        since = _day_of(keys)
        return cls(keys, since, since + 1, np.ones(len(keys)))

    def latest(self, rows: Rows, days: Days, back: int = 0) -> Spell:
        """Return the latest spell that people had begun by their days, or one `back` before it."""
        place = np.searchsorted(self.keys, _keys(rows, days), side="right") - 1 - back
        if not len(self.keys):
            place[:] = -1
        held = self.keys[np.maximum(place, 0)] if len(self.keys) else place
        at = np.flatnonzero((place >= 0) & (held >> _DAY_BITS == rows))
        place = place[at]
        return Spell(at, self.since[place], self.until[place], self.share[place])


def _real(
    episodes: Sequence[Episode], chosen: NDArray[np.bool_] | None
) -> tuple[Rows, Rows, Days, Days]:
    """Return position, rows, first days, first days after, of what anybody has indeed."""
    if not episodes:
        nothing = np.zeros(0, dtype=np.int32)
        return nothing, nothing, nothing, nothing
    rows = np.concatenate([one.rows for one in episodes])
    since = np.concatenate([one.since for one in episodes])
    until = np.concatenate([one.until for one in episodes])
    real = np.concatenate([one.holds for one in episodes]) & (since < until)
    if chosen is not None:
        real &= chosen[rows]
    number = np.flatnonzero(real)
    return number, rows[number], since[number], until[number]


def _relapse(
    start: int, episode: Episode, times: NDArray[np.intp], days: Days
) -> tuple[Rows, Rows, Days, Days]:
    """Return relapses as spells: position of their episode, rows, first days, days after them."""
    goes_on = episode.holds[times] & (days < episode.until[times])
    at = times[goes_on]
    return at + start, episode.rows[at], days[goes_on], episode.until[at]


def _keys(rows: Rows, days: Days) -> Integers:
    return (rows.astype(np.int64) << _DAY_BITS) + (days.astype(np.int64) + _FIRST_DAY)


def _day_of(keys: Integers) -> Integers:
    return (keys & np.int64((1 << _DAY_BITS) - 1)) - _FIRST_DAY


def _joined(parts: Sequence[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
