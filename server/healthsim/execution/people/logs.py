"""What has happened to the people of a chunk, as dated logs.

A log is a list of entries, each about many people at once. A read at a moment sees only what is
dated on or before that moment, even if later things are already in the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.coverage_dates import CoverageDates
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows

FOREVER = np.int32(2**31 - 1)
_DAY_BITS = 33  # of a key; the person's row is above them
TURNED_26 = "dependent turned 26"  # why a dependant's coverage ends


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
        """Position in this moment of each person of the chunk, int32; -1 for those not in it."""
        positions = np.full(self.people, -1, dtype=np.int32)
        positions[self.rows] = np.arange(len(self.rows), dtype=np.int32)
        return positions

    def days_of(self, rows: Rows) -> Days:
        """Return the day of each of `rows`, int32; `NO_DAY` for those not in the moment."""
        position = self.positions[rows]
        if not len(self.days):
            return np.full(len(rows), NO_DAY, dtype=np.int32)
        return np.where(position >= 0, self.days[position], NO_DAY).astype(np.int32)

    def visible(self, entry: LogEntry) -> tuple[NDArray[np.int32], Rows]:
        """Return (position in this moment, position in the entry) of those who see the entry."""
        position = self.positions[entry.rows]
        visible = position >= 0
        visible &= entry.days <= self.days[position]
        seen = np.flatnonzero(visible)
        return position[seen], seen


@dataclass(frozen=True)
class LogEntry:
    """One occurrence, for those who had it.

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
    """Entries in the order in which they were added.

    How many entries each person has and which is the latest is kept besides. So a read costs what
    its people cost, however many entries there are; only of people whose latest entry is after
    their day, all are asked.
    """

    entries: list[LogEntry] = field(default_factory=list)
    _noted: _Latest | None = field(default=None, repr=False)
    _sorted: _Sorted | None = field(default=None, repr=False)
    _asked: int = field(default=-1, repr=False)

    def add(self, rows: Rows, days: Days, values: NDArray[np.float64] | None = None) -> None:
        """Append an entry; people in it must be distinct."""
        if len(rows):
            numbers = np.full(len(rows), np.nan) if values is None else values
            self.entries.append(LogEntry(rows, days, numbers))

    def count(self, moment: Moment) -> NDArray[np.float64]:
        """Return how many entries each person has by then, float64."""
        noted = self._note(moment.people)
        total = noted.total[moment.rows].astype(np.float64)
        later = np.flatnonzero(noted.days[moment.rows] > moment.days)
        if len(later):
            total[later] = self._count(_part(moment, later))
        return total

    def latest(self, moment: Moment) -> tuple[Days, NDArray[np.float64]]:
        """Return (day, value) of each person's latest entry; `NO_DAY` and NaN without one."""
        noted = self._note(moment.people)
        days, values = noted.days[moment.rows], noted.values[moment.rows]
        later = np.flatnonzero(days > moment.days)
        if len(later):
            days[later], values[later] = self._latest(_part(moment, later))
        return days, values

    def _note(self, people: int) -> _Latest:
        """Return everybody's latest entry, with those that were added since it was asked last."""
        if self._noted is None:
            self._noted = _Latest.none(people)
        self._noted.follow(self.entries)
        return self._noted

    def _count(self, moment: Moment) -> NDArray[np.float64]:
        total = np.zeros(len(moment.rows))
        for entry in self.entries:
            position, _ = moment.visible(entry)
            total[position] += 1
        return total

    def _latest(self, moment: Moment) -> tuple[Days, NDArray[np.float64]]:
        if self._sorted is not None and self._sorted.count == len(self.entries):
            return self._sorted.latest(moment)
        if self._asked == len(self.entries):  # asked again, and nothing was added
            self._sorted = _Sorted.of(self.entries)
        self._asked = len(self.entries)
        days = np.full(len(moment.rows), NO_DAY, dtype=np.int32)
        values = np.full(len(moment.rows), np.nan)
        for entry in self.entries:
            position, seen = moment.visible(entry)
            newer = entry.days[seen] >= days[position]
            position, seen = position[newer], seen[newer]
            days[position] = entry.days[seen]
            values[position] = entry.values[seen]
        return days, values


@dataclass
class _Latest:
    """The latest of the first entries of a log; arrays have one entry for each person.

    Attributes:
        days: int32; `NO_DAY` without an entry.
        values: float64; NaN without one.
        total: int32, how many entries there are.
        seen: how many entries of the log are in it.
    """

    days: Days
    values: NDArray[np.float64]
    total: NDArray[np.int32]
    seen: int = 0

    @classmethod
    def none(cls, people: int) -> _Latest:
        """Return it without any entry."""
        days = np.full(people, NO_DAY, dtype=np.int32)
        return cls(days, np.full(people, np.nan), np.zeros(people, dtype=np.int32))

    def follow(self, entries: list[LogEntry]) -> None:
        """Take the entries that were added; of one day, the last added is the latest."""
        for entry in entries[self.seen :]:
            self.total[entry.rows] += 1
            newer = entry.days >= self.days[entry.rows]
            rows = entry.rows[newer]
            self.days[rows], self.values[rows] = entry.days[newer], entry.values[newer]
        self.seen = len(entries)


@dataclass
class _Sorted:
    """The entries of a log by person and day; of one day, as they were added.

    Attributes:
        count: of the entries.
        keys: int64, person and day as one integer, ascending.
        values: float64.
    """

    count: int
    keys: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, entries: list[LogEntry]) -> _Sorted:
        """Sort entries, at least one."""
        keys = np.concatenate([_keys(one.rows, one.days) for one in entries])
        order = np.argsort(keys, kind="stable")
        values = np.concatenate([one.values for one in entries])[order]
        return cls(len(entries), keys[order], values)

    def latest(self, moment: Moment) -> tuple[Days, NDArray[np.float64]]:
        """Return (day, value) of each person's latest entry, as `Log.latest`."""
        place = np.searchsorted(self.keys, _keys(moment.rows, moment.days), side="right") - 1
        key, value = self.keys[np.maximum(place, 0)], self.values[np.maximum(place, 0)]
        found = (place >= 0) & (key >> _DAY_BITS == moment.rows)
        day = (key & ((1 << _DAY_BITS) - 1)) + np.int64(NO_DAY)
        return np.where(found, day, NO_DAY).astype(np.int32), np.where(found, value, np.nan)


def _keys(rows: Rows, days: Days) -> NDArray[np.int64]:
    return (rows.astype(np.int64) << _DAY_BITS) + (days.astype(np.int64) - np.int64(NO_DAY))


def _part(moment: Moment, chosen: Rows) -> Moment:
    """Return a moment of some of its people, by their positions in it."""
    return Moment(moment.rows[chosen], moment.days[chosen], moment.people)


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
        opened_on: int32, day of the event that opened it; `NO_DAY` where the profile did.
        closed_on: int32, day of the event that ended it; `NO_DAY` while it has not.
    """

    address: str
    plan: NDArray[np.int32]
    begin: Days
    last: Days
    opened_by: NDArray[np.int32]
    reason: NDArray[np.int32]
    opened_on: Days
    closed_on: Days

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
            opened_on=np.full(people, NO_DAY, dtype=np.int32),
            closed_on=np.full(people, NO_DAY, dtype=np.int32),
        )

    def covers(self, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return who of `rows` is covered by it on their day, bool."""
        begin = self.begin[rows]
        covered: NDArray[np.bool_] = (begin != NO_DAY) & (begin <= days)
        covered &= days <= self.last[rows]
        return covered


@dataclass
class CoverageLog:
    """All spans of a chunk, in the order in which they were opened.

    Attributes:
        spans: the first is the profile's.
        rules: by which calendar plans begin and end coverage.
        reasons: why spans ended, in words.
        limited: bool, which plans cover dependants, and only until an age; by plan.
        until: int32, the last day on which such a plan covers each person; `FOREVER` where they
            hold it themselves.
    """

    spans: list[Span]
    rules: CoverageDates
    reasons: list[str] = field(default_factory=list)
    limited: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1, dtype=np.bool_))
    until: Days = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    def plan(self, rows: Rows, days: Days) -> NDArray[np.int32]:
        """Return the plan of each of `rows` on their day, int32; -1 where not covered."""
        plan = np.full(len(rows), -1, dtype=np.int32)
        for span in self.spans:
            covered = span.covers(rows, days)
            plan[covered] = span.plan[rows[covered]]
        return plan

    def open(
        self, address: str, rows: Rows, days: Days, plan: NDArray[np.int32], source: int
    ) -> None:
        """Cover people who enroll on their day by a plan, in place of the one that covers them.

        The plan's calendar says on which day that begins.
        """
        self._open(address, rows, days, self.first_days(rows, days, plan), plan, source)

    def open_at_birth(
        self, address: str, rows: Rows, days: Days, plan: NDArray[np.int32], source: int
    ) -> None:
        """Cover children by a plan from the day of their birth."""
        self._open(address, rows, days, days, plan, source)

    def first_days(self, rows: Rows, days: Days, plan: NDArray[np.int32]) -> Days:
        """Return the first covered day of people who enroll in a plan on a day, int32, (n,)."""
        free = np.full(len(rows), NO_DAY, dtype=np.int32)
        for span in self.spans:
            over = (span.begin[rows] != NO_DAY) & (span.last[rows] < days)
            free[over] = np.maximum(free[over], span.last[rows[over]] + 1)
        return self.rules.first_days(plan, days, free, self.plan(rows, days) >= 0)

    def _open(
        self, address: str, rows: Rows, days: Days, since: Days, plan: NDArray[np.int32],
        source: int,
    ) -> None:  # fmt: skip
        code = self._code("another plan")
        for span in self.spans:
            covered = span.covers(rows, since)
            replaced = covered & (span.begin[rows] == since)
            span.begin[rows[replaced]] = NO_DAY
            span.last[rows[covered]] = since[covered] - 1
            span.reason[rows[covered]] = code
            span.closed_on[rows[covered]] = days[covered]
        new = Span.nobody(address, len(self.spans[0].plan))
        new.plan[rows], new.begin[rows], new.opened_by[rows] = plan, since, source
        new.opened_on[rows] = days
        for span in self.spans:
            later = (span.begin[rows] != NO_DAY) & (span.begin[rows] > since)
            until = rows[later]
            new.last[until] = np.minimum(new.last[until], span.begin[until] - 1)
            new.reason[until] = code
            new.closed_on[until] = np.maximum(span.opened_on[until], days[later])
        latest = self.last_day(rows, plan)
        ends = latest < new.last[rows]
        new.last[rows[ends]] = latest[ends]
        if ends.any():
            new.reason[rows[ends]] = self._code(TURNED_26)
            new.closed_on[rows[ends]] = latest[ends]
        self.spans.append(new)

    def limit_dependants(self, limited: NDArray[np.bool_], rows: Rows, until: Days) -> None:
        """Let plans cover some people until a day at most, in all spans to come.

        Args:
            limited: bool, which plans do so; by plan, with one more for no plan.
            rows: the dependants.
            until: int32, their last covered day.
        """
        self.limited = limited
        self.until = np.full(len(self.spans[0].plan), FOREVER, dtype=np.int32)
        self.until[rows] = until

    def last_day(self, rows: Rows, plan: NDArray[np.int32]) -> Days:
        """Return the last day on which plans may cover people, int32; `FOREVER` without one."""
        if not self.limited.any():
            return np.full(len(rows), FOREVER, dtype=np.int32)
        return np.where(self.limited[plan], self.until[rows], np.int32(FOREVER)).astype(np.int32)

    def close(self, rows: Rows, days: Days, reason: str, *, unpaid: bool = False) -> None:
        """End the coverage of people on their day, or with its month where the plan does so.

        What they enrolled in earlier and has not begun by then never begins.

        Args:
            rows: ascending positions in the chunk.
            days: int32, shape (n,), day of the event.
            reason: why, in words.
            unpaid: a premium is not paid since that day: the payer ends coverage in retrospect,
                after its months of grace.
        """
        code = self._code(reason)
        for span in self.spans:
            covered = span.covers(rows, days)
            own, on = rows[covered], days[covered]
            last = self.rules.last_days(span.plan[own], on)
            span.last[own] = np.minimum(span.last[own], last)
            span.reason[own] = code
            if unpaid:
                on = self.rules.entered_unpaid(span.plan[own], on)
            span.closed_on[own] = on
            opened, begin = span.opened_on[rows], span.begin[rows]
            waiting = (opened != NO_DAY) & (opened <= days) & (begin > days)
            span.begin[rows[waiting]] = NO_DAY

    def end_newborns(self, rows: Rows, days: Days) -> None:
        """End with a day the coverage, opened last, of newborns whom nobody enrolls."""
        span = self.spans[-1]
        span.last[rows] = np.minimum(span.last[rows], days)
        span.reason[rows], span.closed_on[rows] = self._code("newborn not enrolled"), days

    def set_reason(self, rows: Rows, reason: str) -> None:
        """Set the reason of the span that was opened last."""
        self.spans[-1].reason[rows] = self._code(reason)

    def _code(self, reason: str) -> int:
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)
