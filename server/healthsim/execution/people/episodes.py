"""One time that people have a condition: from when until when, and what caused it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER, Moment
from healthsim.execution.people.people import ConditionColumn

_FEW = 4  # episodes of a code that are asked one by one


class Episodes(list["Episode"]):
    """The episodes of one code, in the order in which they were found out."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = np.zeros(0, dtype=np.int64)
        self._episode = np.zeros(0, dtype=np.int64)
        self._seen = 0

    def of(self, moment: Moment) -> Sequence[Episode]:
        """Return those that anybody of a moment has at any time, in their order."""
        if len(self) <= _FEW:
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


@dataclass
class Episode:
    """One time of a condition, for those who have it then; arrays have one entry for each of them.

    Attributes:
        code: ICD-10-CM code as it was stated.
        address: what its ids are made of.
        rows: ascending positions in the chunk.
        first: int32, the day from which conditions see it; see `since`.
        until: int32, the first day without it; `FOREVER` while it goes on.
        onset: int32, its first day in the chart; that of what it follows is `since`.
        source: position among the run's occurrences of the event that caused it; -1 where the
            profile did.
        stopper: int32, the event whose `stop` ends it, as `source`.
        real: bool, false where an earlier beginning has taken its place.
        cared_until: int32, last day of the latest urgent visit for it; its first day before one.
        relapses: for each urgent visit for which people came back, whose and on which days.
        mentioned: whether a visit that states its code began it, not a diagnosis of its own.
        after: the episode that it follows, as a history follows an event; None for the others.
    """

    code: str
    address: str
    rows: Rows
    first: Days
    until: Days
    onset: Days
    source: int
    stopper: NDArray[np.int32]
    real: NDArray[np.bool_]
    cared_until: Days
    mentioned: bool = False
    after: Episode | None = field(default=None, repr=False)
    relapses: list[tuple[Rows, Days]] = field(default_factory=list, repr=False)

    @classmethod
    def begin(
        cls, code: str, address: str, rows: Rows, days: Days, source: int, *,
        mentioned: bool = False,
    ) -> Episode:  # fmt: skip
        """Return an episode that begins on people's days and has no end yet."""
        return cls(
            code=code,
            address=address,
            rows=rows,
            first=days.astype(np.int32),
            until=np.full(len(rows), FOREVER, dtype=np.int32),
            onset=days.astype(np.int32),
            source=source,
            stopper=np.full(len(rows), source, dtype=np.int32),
            real=np.ones(len(rows), dtype=np.bool_),
            cared_until=days.astype(np.int32),
            mentioned=mentioned,
        )

    @classmethod
    def of_profile(cls, column: ConditionColumn) -> Episode:
        """Return the condition that a profile gives people."""
        rows = np.flatnonzero(column.onset != NO_DAY)
        episode = cls.begin(column.code, column.code, rows, column.known_from[rows], -1)
        episode.onset, episode.until = column.onset[rows], column.abated[rows]
        return episode

    def followed_by(self, code: str) -> Episode:
        """Return the episode that begins whenever this one ends."""
        following = Episode.begin(
            code, f"{self.address}>{code}", self.rows, self.first, self.source,
            mentioned=self.mentioned,
        )  # fmt: skip
        following.after = self
        return following

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
            self.relapses.append((self.rows[which][back], days[back]))
        self.cared_until[which] = np.maximum(self.cared_until[which], last)

    def shorten(self, which: NDArray[np.bool_], days: Days) -> None:
        """End it on people's days at the latest, for some of its people; not before it began."""
        until = np.maximum(np.minimum(self.until[which], days), self.since[which])
        self.until[which] = until
