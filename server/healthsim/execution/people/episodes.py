"""The times that people have a condition: from when until when, and what caused them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER, Moment
from healthsim.execution.people.people import ConditionColumn

_FEW = 4  # episodes of a code that are asked one by one


class Episodes(list["Episode"]):
    """The episodes of one code, in the order in which they were found out.

    Attributes:
        growing: the one that grows while people walk; None before it begins.
        settled: whether they do not grow any more.
    """

    def __init__(self, episodes: Iterable[Episode] = ()) -> None:
        super().__init__(episodes)
        self.growing: Episode | None = None
        self.settled = False
        self._rows = np.zeros(0, dtype=np.int64)
        self._episode = np.zeros(0, dtype=np.int64)
        self._seen = 0

    def grow(self, episode: Episode) -> Episode:
        """Add the times of an episode to the one that grows, and return that."""
        if self.growing is None:
            self.growing = episode
            self.append(episode)
        else:
            self.growing.extend(episode)
        return self.growing

    def of(self, moment: Moment) -> Sequence[Episode]:
        """Return those that anybody of a moment has at any time, in their order."""
        if len(self) <= _FEW or not self.settled:
            return tuple(self)
        new = self[self._seen :]
        if new:
            sizes = [len(one.rows) for one in new]
            numbers = np.repeat(np.arange(self._seen, len(self)), sizes)
            self._rows = np.concatenate([self._rows, *(one.rows for one in new)])
            self._episode = np.concatenate([self._episode, numbers])
            self._seen = len(self)
        theirs = self._episode[moment.positions[self._rows] >= 0]
        return [self[number] for number in np.unique(theirs).tolist()]


A = TypeVar("A", bound=np.generic)


class _Column(Generic[A]):
    """A column of an episode, as an attribute; to set it is to set all its values."""

    def __init__(self, kind: type[A]) -> None:
        self.kind = kind

    def __set_name__(self, owner: type[Episode], name: str) -> None:
        self._name = name

    def __get__(self, episode: Episode, owner: type[Episode] | None = None) -> NDArray[A]:
        column: NDArray[A] = episode.columns[self._name][: episode.size]
        return column

    def __set__(self, episode: Episode, values: NDArray[A]) -> None:
        episode.columns[self._name][: episode.size] = values


class Episode:
    """Times of a condition, for those who have it then; arrays have one entry for each time.

    During a walk all times that journeys begin of one code are one episode, which grows: the same
    person may be in it several times. Once the walk is over, `parts` are those of one event each.

    Attributes:
        code: ICD-10-CM code as it was stated.
        addresses: the event that caused a time -> what its ids are made of.
        size: how many times there are.
        columns: the arrays below, with space at the end.
        rows: positions in the chunk, ascending within one event.
        first: int32, the day from which conditions see it; see `since`.
        until: int32, the first day without it; `FOREVER` while it goes on.
        onset: int32, its first day in the chart; that of what it follows is `since`.
        sources: int32, position among the run's occurrences of the event that caused it; -1 where
            the profile did.
        stopper: int32, the event whose `stop` ends it, as `sources`.
        real: bool, false where an earlier beginning has taken its place.
        cared_until: int32, last day of the latest urgent visit for it; its first day before one.
        mentioned: bool, whether a visit that states its code began it, not a diagnosis of its own.
        relapses: for each urgent visit for which people came back, which times and on which days.
        after: the episode that it follows, as a history follows an event; None for the others.
    """

    rows = _Column(np.int64)
    first = _Column(np.int32)
    until = _Column(np.int32)
    onset = _Column(np.int32)
    sources = _Column(np.int32)
    stopper = _Column(np.int32)
    real = _Column(np.bool_)
    cared_until = _Column(np.int32)
    mentioned = _Column(np.bool_)

    def __init__(
        self, code: str, addresses: dict[int, str], columns: dict[str, NDArray[Any]],
        after: Episode | None = None,
    ) -> None:  # fmt: skip
        self.code, self.addresses, self.columns, self.after = code, addresses, columns, after
        self.size = len(columns["rows"])
        self.relapses: list[tuple[NDArray[np.intp], Days]] = []

    @classmethod
    def begin(
        cls, code: str, addresses: dict[int, str], rows: Rows, days: Days,
        sources: NDArray[np.int32], *, mentioned: bool = False,
    ) -> Episode:  # fmt: skip
        """Return an episode that begins on people's days and has no end yet."""
        size, first = len(rows), days.astype(np.int32)
        return cls(code, addresses, {
            "rows": rows.astype(np.int64),
            "first": first,
            "until": np.full(size, FOREVER, dtype=np.int32),
            "onset": first.copy(),
            "sources": sources.astype(np.int32),
            "stopper": sources.astype(np.int32),
            "real": np.ones(size, dtype=np.bool_),
            "cared_until": first.copy(),
            "mentioned": np.full(size, mentioned, dtype=np.bool_),
        })  # fmt: skip

    @classmethod
    def of_profile(cls, column: ConditionColumn) -> Episode:
        """Return the condition that a profile gives people."""
        rows = np.flatnonzero(column.onset != NO_DAY)
        none = np.full(len(rows), -1, dtype=np.int32)
        own = {-1: column.code}
        episode = cls.begin(column.code, own, rows, column.known_from[rows], none)
        episode.onset, episode.until = column.onset[rows], column.abated[rows]
        return episode

    def preceded_by(self, code: str, days: NDArray[np.int32]) -> Episode:
        """Return the episode that was there for some days until this one begins."""
        addresses = {source: f"{address}<{code}" for source, address in self.addresses.items()}
        first = np.where(self.onset > NO_DAY + days, self.onset - days, self.onset)
        earlier = Episode.begin(code, addresses, self.rows, first, self.sources)
        earlier.until = self.onset.copy()
        earlier.real = self.onset > NO_DAY + days  # no other has a first day yet
        return earlier

    def followed_by(self, code: str) -> Episode:
        """Return the episode that begins whenever this one ends."""
        addresses = {source: f"{address}>{code}" for source, address in self.addresses.items()}
        following = Episode.begin(code, addresses, self.rows, self.first, self.sources)
        following.mentioned, following.after = self.mentioned, self
        return following

    def extend(self, more: Episode) -> None:
        """Add the times of another episode of the code; what follows it has to be extended too."""
        begin, end = self.size, self.size + more.size
        for name, column in self.columns.items():
            if end > len(column):
                space = np.zeros(max(len(column), more.size), dtype=column.dtype)
                self.columns[name] = column = np.concatenate([column, space])
            column[begin:end] = more.columns[name][: more.size]
        self.size = end
        self.addresses |= more.addresses
        self.relapses += [(at + begin, days) for at, days in more.relapses]

    def parts(self) -> list[tuple[NDArray[np.intp], Episode]]:
        """Return it event by event: which of its times, and these as an episode."""
        if len(self.addresses) == 1 and (np.diff(self.rows) > 0).all():
            return [(np.arange(self.size), self)]
        order = np.lexsort((self.rows, self.sources))
        edges = np.flatnonzero(np.diff(self.sources[order])) + 1
        return [(at, self._part(at)) for at in np.split(order, edges)]

    def part_after(self, at: NDArray[np.intp], part: Episode) -> Episode:
        """Return what follows one event of what it follows: `at` and `part`, of its `parts`."""
        if part is self.after:
            return self
        following = self._part(at)
        following.after = part
        return following

    def _part(self, at: NDArray[np.intp]) -> Episode:
        """Return the times of one event."""
        source = int(self.sources[at[0]])
        columns = {name: column[at] for name, column in self.columns.items()}
        part = Episode(self.code, {source: self.addresses[source]}, columns)
        place = np.full(self.size, -1, dtype=np.intp)
        place[at] = np.arange(len(at))
        for times, days in self.relapses:
            inside = place[times] >= 0
            part.relapses.append((place[times[inside]], days[inside]))
        return part

    @property
    def source(self) -> int:
        """The event that caused it, of an episode of one event; see `sources`."""
        return next(iter(self.addresses))

    @property
    def address(self) -> str:
        """What its ids are made of, of an episode of one event."""
        return self.addresses[self.source]

    @property
    def since(self) -> Days:
        """The first day on which conditions see it, int32; `FOREVER` where it never begins."""
        return self.first if self.after is None else self.after.until

    @property
    def begins(self) -> Days:
        """Its first day in the chart, int32."""
        return self.onset if self.after is None else self.after.until

    @property
    def holds(self) -> NDArray[np.bool_]:
        """Whose episode it is indeed, bool: nothing has taken its place, or that before it."""
        return self.real if self.after is None else self.real & self.after.real

    def active(self, moment: Moment) -> NDArray[np.int32]:
        """Return the positions in the moment of those who have it then, int32."""
        position, there = self.place(moment)
        return position[there]

    def place(self, moment: Moment) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return (position in the moment, -1 for none; whether it is active then), per row."""
        position = moment.positions[self.rows]
        if not len(moment.days):
            return position, np.zeros(len(self.rows), dtype=np.bool_)
        day = moment.days[position]
        active: NDArray[np.bool_] = (position >= 0) & self.holds
        active &= (self.since <= day) & (day < self.until)
        return position, active

    def lasts_on(self, rows: Rows, days: Days, people: int) -> NDArray[np.bool_]:
        """Return who of some people of a chunk of `people` has it on their day, bool.

        Args:
            rows: positions in the chunk; may repeat.
            days: int32, a day of each.
            people: size of the chunk.
        """
        since, until = np.full((2, people), NO_DAY, dtype=np.int32)
        held = self.rows[self.holds]
        since[held], until[held] = self.since[self.holds], self.until[self.holds]
        lasts: NDArray[np.bool_] = (since[rows] <= days) & (days < until[rows])
        return lasts

    def care(self, which: NDArray[np.bool_], days: Days, last: Days) -> None:
        """Note an urgent visit of some of its people: a relapse for who had gone home before.

        Args:
            which: bool, of its people.
            days: int32, first day of the visit of each of those.
            last: int32, its last day.
        """
        back = days > self.cared_until[which] + 1
        if back.any():
            self.relapses.append((np.flatnonzero(which)[back], days[back]))
        self.cared_until[which] = np.maximum(self.cared_until[which], last)

    def last_turn(self) -> Days:
        """Return the day from which each time is counted: its first, or of its last relapse."""
        day = self.since.copy()
        for times, days in self.relapses:
            day[times] = np.maximum(day[times], days)
        return day

    def shorten(self, which: NDArray[np.bool_], days: Days) -> None:
        """End it on people's days at the latest, for some of its people; not before it began."""
        until = np.maximum(np.minimum(self.until[which], days), self.since[which])
        self.until[which] = until
