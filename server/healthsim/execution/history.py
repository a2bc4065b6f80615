"""What has happened to the people of a chunk, as dated logs.

A log is a list of entries, each about many people at once. A read at a moment sees only what is
dated on or before that moment, whatever has been worked already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people import Rows

FOREVER = np.int32(2**31 - 1)


@dataclass(frozen=True)
class Moment:
    """Some people of a chunk, each on a day of their own.

    Attributes:
        rows: ascending positions in the chunk, shape (n,).
        days: int32, shape (n,).
        people: size of the chunk.
    """

    rows: Rows
    days: Days
    people: int

    @cached_property
    def where(self) -> NDArray[np.int32]:
        """Position in this moment of each person of the chunk; -1 for those not in it."""
        found = np.full(self.people, -1, dtype=np.int32)
        found[self.rows] = np.arange(len(self.rows), dtype=np.int32)
        return found

    def sees(self, entry: Entry) -> tuple[NDArray[np.int32], Rows]:
        """Return (position in this moment, position in the entry) of what is visible."""
        place = self.where[entry.rows]
        visible = place >= 0
        visible &= entry.days <= self.days[place]
        chosen = np.flatnonzero(visible)
        return place[chosen], chosen


@dataclass(frozen=True)
class Entry:
    """One occurrence as it befell some people.

    Attributes:
        rows: ascending positions in the chunk, shape (n,).
        days: int32, shape (n,).
        values: float64, shape (n,); NaN where there is none.
    """

    rows: Rows
    days: Days
    values: NDArray[np.float64]


@dataclass
class Log:
    """Entries in the order in which they were worked."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, rows: Rows, days: Days, values: NDArray[np.float64] | None = None) -> None:
        """Append an entry; people in it must be distinct."""
        if len(rows):
            blank = np.full(len(rows), np.nan) if values is None else values
            self.entries.append(Entry(rows, days, blank))

    def count(self, moment: Moment) -> NDArray[np.float64]:
        """Return how many entries each person has by then."""
        total = np.zeros(len(moment.rows))
        for entry in self.entries:
            place, _ = moment.sees(entry)
            total[place] += 1
        return total

    def latest(self, moment: Moment) -> tuple[Days, NDArray[np.float64]]:
        """Return (day, value) of each person's latest entry; `NO_DAY` and NaN without one."""
        days = np.full(len(moment.rows), NO_DAY, dtype=np.int32)
        values = np.full(len(moment.rows), np.nan)
        for entry in self.entries:
            place, chosen = moment.sees(entry)
            newer = entry.days[chosen] >= days[place]
            place, chosen = place[newer], chosen[newer]
            days[place] = entry.days[chosen]
            values[place] = entry.values[chosen]
        return days, values


@dataclass(frozen=True)
class Move:
    """A change of a state variable: by an amount, or to a value; at once, or over days."""

    entry: Entry
    sets: bool
    over_days: int


@dataclass
class Variable:
    """A state variable: where everyone starts, and how it has moved.

    Attributes:
        start: float64, one for each person of the chunk; NaN is missing.
    """

    start: NDArray[np.float64]
    low: float
    high: float
    decimals: int
    moves: list[Move] = field(default_factory=list)
    out_of_order: bool = False

    def move(self, move: Move) -> None:
        """Add a move; one that is dated before a move already made is put in its place."""
        before = Moment(move.entry.rows, move.entry.days + np.int32(1), len(self.start))
        self.out_of_order |= any(
            len(before.where[one.entry.rows]) and _later(before, one.entry) for one in self.moves
        )
        self.moves.append(move)

    def at(self, moment: Moment) -> NDArray[np.float64]:
        """Return the value at a moment: rounded and kept in bounds after every move."""
        value = self.start[moment.rows]
        if self.out_of_order:
            return self._by_day(moment, value)
        for move in self.moves:
            place, chosen = moment.sees(move.entry)
            amount = move.entry.values[chosen]
            if move.sets:
                amount = amount - value[place]
            if move.over_days:
                gone = moment.days[place] - move.entry.days[chosen]
                amount = amount * np.minimum(gone / move.over_days, 1.0)
            value[place] = self.settle(value[place] + amount)
        return value

    def _by_day(self, moment: Moment, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Apply the moves in the order of each person's own days, then as they were made."""
        days = np.full((len(self.moves), len(value)), FOREVER, dtype=np.int32)
        amounts = np.zeros((len(self.moves), len(value)))
        for number, move in enumerate(self.moves):
            place, chosen = moment.sees(move.entry)
            days[number, place] = move.entry.days[chosen]
            amounts[number, place] = move.entry.values[chosen]
        sets = np.array([move.sets for move in self.moves])
        spans = np.array([max(move.over_days, 1) for move in self.moves])
        slow = np.array([move.over_days > 0 for move in self.moves])
        person = np.arange(len(value))
        for number in np.argsort(days, axis=0, kind="stable"):
            day = days[number, person]
            amount = amounts[number, person] - np.where(sets[number], value, 0.0)
            gone = np.minimum((moment.days - day) / spans[number], 1.0)
            moved = self.settle(value + amount * np.where(slow[number], gone, 1.0))
            value = np.where(day == FOREVER, value, moved)
        return value

    def settle(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Round, and hold within the variable's bounds."""
        held: NDArray[np.float64] = np.clip(np.round(value, self.decimals), self.low, self.high)
        held += 0.0
        return held


def _later(moment: Moment, entry: Entry) -> bool:
    """Tell whether an entry holds anybody of the moment on a day after theirs."""
    place = moment.where[entry.rows]
    return bool(((place >= 0) & (entry.days >= moment.days[place])).any())


@dataclass
class Course:
    """A drug being taken: from `days` until the day before `stop`.

    Attributes:
        stop: int32, shape (n,); moves earlier when the drug is stopped or replaced.
        cut: bool, shape (n,); whether it was stopped before it ran out.
    """

    ingredient: str
    rows: Rows
    days: Days
    stop: Days
    cut: NDArray[np.bool_]

    def taken(self, moment: Moment) -> NDArray[np.int32]:
        """Return the positions in the moment of those who are taking it."""
        place = moment.where[self.rows]
        day = moment.days[place]
        return place[(place >= 0) & (self.days <= day) & (day < self.stop)]

    def end(self, moment: Moment) -> None:
        """Stop it, on the moment's day, for those of the moment who are taking it."""
        place = moment.where[self.rows]
        day = moment.days[place]
        ends = (place >= 0) & (self.days <= day) & (day < self.stop)
        self.stop[ends] = day[ends]
        self.cut[ends] = True


@dataclass
class Span:
    """Coverage by one plan; every array has one entry for each person of the chunk.

    Attributes:
        address: what opened it, for its id.
        plan: int32, position in the plan book; -1 where there is no such span.
        begin: int32, first covered day; `NO_DAY` where there is no such span.
        last: int32, last covered day; `FOREVER` while covered.
        opened_by: int32, position of the event that opened it; -1 where the profile did.
        reason: int32, position in `Coverage.reasons` of why it ended; -1 while it has not.
    """

    address: str
    plan: NDArray[np.int32]
    begin: Days
    last: Days
    opened_by: NDArray[np.int32]
    reason: NDArray[np.int32]

    @classmethod
    def nobody(cls, address: str, people: int) -> Span:
        """Return a span that covers nobody yet."""
        none = np.full(people, -1, dtype=np.int32)
        return cls(
            address=address,
            plan=none,
            begin=np.full(people, NO_DAY, dtype=np.int32),
            last=np.full(people, FOREVER, dtype=np.int32),
            opened_by=none.copy(),
            reason=none.copy(),
        )

    def covers(self, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return who of `rows` is covered by it on their day."""
        begin = self.begin[rows]
        found: NDArray[np.bool_] = (begin != NO_DAY) & (begin <= days) & (days <= self.last[rows])
        return found


@dataclass
class Coverage:
    """All spans of a chunk, in the order in which they were opened."""

    spans: list[Span] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def plan(self, rows: Rows, days: Days) -> NDArray[np.int32]:
        """Return the plan of each of `rows` on their day; -1 where not covered."""
        found = np.full(len(rows), -1, dtype=np.int32)
        for span in self.spans:
            covered = span.covers(rows, days)
            found[covered] = span.plan[rows[covered]]
        return found

    def open(
        self, address: str, rows: Rows, days: Days, plan: NDArray[np.int32], source: int
    ) -> None:
        """Cover people from their day on by a plan, in place of whatever covered them."""
        code = self._code("another plan")
        for span in self.spans:
            covered = span.covers(rows, days)
            whole = covered & (span.begin[rows] == days)
            span.begin[rows[whole]] = NO_DAY
            span.last[rows[covered]] = days[covered] - 1
            span.reason[rows[covered]] = code
        new = Span.nobody(address, len(self.spans[0].plan))
        new.plan[rows], new.begin[rows], new.opened_by[rows] = plan, days, source
        for span in self.spans:
            before = rows[(span.begin[rows] != NO_DAY) & (span.begin[rows] > days)]
            new.last[before] = np.minimum(new.last[before], span.begin[before] - 1)
            new.reason[before] = code
        self.spans.append(new)

    def close(self, rows: Rows, days: Days, reason: str) -> None:
        """End whatever covers people on their day: that day is the last."""
        code = self._code(reason)
        for span in self.spans:
            covered = span.covers(rows, days)
            span.last[rows[covered]] = days[covered]
            span.reason[rows[covered]] = code

    def _code(self, reason: str) -> int:
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)
