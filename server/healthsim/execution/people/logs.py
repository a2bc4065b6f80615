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
from healthsim.execution.people.draws import Rows

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
    def positions(self) -> NDArray[np.int32]:
        """Position in this moment of each person of the chunk; -1 for those not in it."""
        found = np.full(self.people, -1, dtype=np.int32)
        found[self.rows] = np.arange(len(self.rows), dtype=np.int32)
        return found

    def days_of(self, rows: Rows) -> Days:
        """Return the day of each of `rows`; long ago for those who are not in the moment."""
        place = self.positions[rows]
        if not len(self.days):
            return np.full(len(rows), NO_DAY, dtype=np.int32)
        return np.where(place >= 0, self.days[place], NO_DAY).astype(np.int32)

    def visible(self, entry: LogEntry) -> tuple[NDArray[np.int32], Rows]:
        """Return (position in this moment, position in the entry) of what is visible."""
        place = self.positions[entry.rows]
        visible = place >= 0
        visible &= entry.days <= self.days[place]
        chosen = np.flatnonzero(visible)
        return place[chosen], chosen


@dataclass(frozen=True)
class LogEntry:
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

    entries: list[LogEntry] = field(default_factory=list)

    def add(self, rows: Rows, days: Days, values: NDArray[np.float64] | None = None) -> None:
        """Append an entry; people in it must be distinct."""
        if len(rows):
            blank = np.full(len(rows), np.nan) if values is None else values
            self.entries.append(LogEntry(rows, days, blank))

    def count(self, moment: Moment) -> NDArray[np.float64]:
        """Return how many entries each person has by then."""
        total = np.zeros(len(moment.rows))
        for entry in self.entries:
            place, _ = moment.visible(entry)
            total[place] += 1
        return total

    def latest(self, moment: Moment) -> tuple[Days, NDArray[np.float64]]:
        """Return (day, value) of each person's latest entry; `NO_DAY` and NaN without one."""
        days = np.full(len(moment.rows), NO_DAY, dtype=np.int32)
        values = np.full(len(moment.rows), np.nan)
        for entry in self.entries:
            place, chosen = moment.visible(entry)
            newer = entry.days[chosen] >= days[place]
            place, chosen = place[newer], chosen[newer]
            days[place] = entry.days[chosen]
            values[place] = entry.values[chosen]
        return days, values


@dataclass
class Course:
    """A drug being taken: from `days` until the day before `stop`.

    Attributes:
        stop: int32, shape (n,); moves earlier when the drug is stopped or replaced.
        cut: bool, shape (n,); whether it was stopped before it ran out.
        source: position of the event that started it among the run's occurrences; -1 where the
            profile did.
    """

    ingredient: str
    rows: Rows
    days: Days
    stop: Days
    cut: NDArray[np.bool_]
    source: int = -1

    def taking(self, moment: Moment) -> NDArray[np.int32]:
        """Return the positions in the moment of those who are taking it."""
        place = moment.positions[self.rows]
        day = moment.days[place]
        return place[(place >= 0) & (self.days <= day) & (day < self.stop)]

    def end(self, moment: Moment) -> None:
        """Stop it, on the moment's day, for those of the moment who are taking it."""
        place = moment.positions[self.rows]
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
        reason: int32, position in `CoverageLog.reasons` of why it ended; -1 while it has not.
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
class CoverageLog:
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

    def set_reason(self, rows: Rows, reason: str) -> None:
        """Say why the span that was opened last is there."""
        self.spans[-1].reason[rows] = self._code(reason)

    def _code(self, reason: str) -> int:
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)
