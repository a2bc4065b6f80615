"""Walking one journey: steps are dated, asked, worked, and open what comes after them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, add_months, day_of, next_business_day
from healthsim.execution.agenda import Agenda
from healthsim.execution.history import FOREVER, Variable
from healthsim.execution.people import Rows
from healthsim.execution.record import AsOf, Record
from healthsim.execution.steps import Happening, Work, do
from healthsim.specification.distributions import Constant
from healthsim.specification.journey import (
    LONGEST_DAYS,
    Branch,
    Encounter,
    JourneySpec,
    Repeat,
)
from healthsim.specification.plan import Occurrence, Plan
from healthsim.tables import Coded


class Walk:
    """One journey over the people of one chunk.

    Attributes:
        begun: int32, one for each person; `NO_DAY` for those who are not in the journey.
        over: int32; last day of the journey for each person, `FOREVER` without an end.
    """

    def __init__(self, plan: Plan, journey: int, record: Record, begun: Days) -> None:
        people = len(record.people)
        self.plan, self.journey, self.record, self.begun = plan, journey, record, begun
        self.over = np.full(people, FOREVER, dtype=np.int32)
        self._agenda = Agenda(people)
        self._opened: list[Days | None] = [None] * len(plan.scopes)
        self._edges: dict[int, tuple[Days, Days]] = {}
        self._first_beat: dict[int, Days] = {}
        self._discharge: dict[int, Days] = {}
        self._happenings: list[Happening] = []
        self._first_source = sum(len(walked.occurrences) for walked in record.walked)
        record.walked.append(plan)

    def go(self) -> list[Happening]:
        """Walk to the end; return what happened, in no order that matters."""
        everyone = np.flatnonzero(self.begun != NO_DAY)
        self._open(0, everyone, self.begun[everyone])
        while (turn := self._agenda.take()) is not None:
            number, rows, days = turn
            self._step(self.plan.occurrences[number], rows, days + self.begun[rows])
        return self._happenings

    def scope(self, rows: Rows, days: Days) -> AsOf:
        """Return what conditions see of `rows` on their days."""
        return AsOf(self.record, self.record.moment(rows, days), self.begun[rows])

    def _step(self, one: Occurrence, rows: Rows, days: Days) -> None:
        alive = (days <= self.over[rows]) & (days <= self.record.death[rows])
        rows, days = self._asked(one, rows[alive], days[alive])
        if not len(rows):
            return
        self.record.happened[self.journey, one.number].add(rows, days)
        if isinstance(one.step, Repeat):
            self._beat(one, one.step, rows, days)
            if not one.tick:
                self._happenings.append(Happening(self.journey, one, rows, days))
            self._after(one, rows, days, days)
            return
        scope = self.scope(rows, days)
        source = self._first_source + one.number
        done = do(Work(one, self.journey, source, rows, days, scope, self.record, self.over))
        self._happenings.append(done.happening)
        if isinstance(one.step, Encounter):
            self._discharge.setdefault(one.number, np.full(len(self.begun), FOREVER, np.int32))
            self._discharge[one.number][rows] = done.last_days
        if isinstance(one.step, Branch):
            for way in range(len(one.step.options)):
                taken = np.flatnonzero(done.ways == way)
                self._open(self.plan.opens[one.number, way], rows[taken], days[taken])
        elif (one.number, -1) in self.plan.opens:
            self._open(self.plan.opens[one.number, -1], rows, days)
        self._after(one, rows, days, done.last_days)

    def _asked(self, one: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those for whom `when` holds and whom `chance` takes; a beat asks `until`."""
        step = one.step
        if one.tick:
            if isinstance(step, Repeat) and step.until is not None and len(rows):
                goes_on = ~step.until.holds(self.scope(rows, days))
                rows, days = rows[goes_on], days[goes_on]
            return rows, days
        if step.when is not None and len(rows):
            holds = step.when.holds(self.scope(rows, days))
            rows, days = rows[holds], days[holds]
        if step.chance is not None and len(rows):
            decision = f"{one.address}/chance"
            share = self.record.draws.numbers(
                f"{decision}/share", step.chance, rows, self.scope(rows, days)
            )
            taken = self.record.draws.uniform(decision, rows) < share
            rows, days = rows[taken], days[taken]
        return rows, days

    def _beat(self, one: Occurrence, step: Repeat, rows: Rows, days: Days) -> None:
        """Open a beat, and put the next one on the agenda, counted from the repeat's first day."""
        opener = one.number
        if one.tick:
            self._open(self.plan.opens[one.number, -1], rows, days)
            opener = one.opener
        first = self._first_beat.setdefault(
            opener, np.full(len(self.begun), NO_DAY, dtype=np.int32)
        )
        if not one.tick:
            first[rows] = days
        following = self.plan.next_tick.get(one.number)
        if following is not None:
            beat = self.plan.occurrences[following].tick
            due = _beat_days(step, first[rows], beat - 1)
            if step.times is None:
                within = due - self.begun[rows] <= self.plan.journey.duration_days
                rows, due = rows[within], due[within]
            self._put(following, rows, due)

    def _open(self, scope: int, rows: Rows, days: Days) -> None:
        """Begin a scope for some people: date all that is counted from it or has come to pass."""
        if not len(rows):
            return
        begin = self._opened[scope]
        if begin is None:
            begin = self._opened[scope] = np.full(len(self.begun), NO_DAY, dtype=np.int32)
        begin[rows] = days
        for number in self.plan.members[scope]:
            one = self.plan.occurrences[number]
            if one.anchor < 0:
                self._date(one, rows, days)
            elif one.anchor in self._edges:
                edge = self._edge(one)[rows]
                come = edge != NO_DAY
                self._date(one, rows[come], edge[come])

    def _after(self, one: Occurrence, rows: Rows, first: Days, last: Days) -> None:
        """Date what comes after an occurrence, for those in whose scope it stands."""
        following = self.plan.dependents.get(one.number)
        if following is None:
            return
        if one.number not in self._edges:
            blank = np.full(len(self.begun), NO_DAY, dtype=np.int32)
            self._edges[one.number] = (blank, blank.copy())
        starts, ends = self._edges[one.number]
        starts[rows], ends[rows] = first, last
        for number in following:
            other = self.plan.occurrences[number]
            begin = self._opened[other.scope]
            if begin is not None:
                inside = rows[begin[rows] != NO_DAY]
                self._date(other, inside, self._edge(other)[inside])

    def _edge(self, one: Occurrence) -> Days:
        """Return the days of the edge that a step comes after."""
        return self._edges[one.anchor][one.step.at.edge == "end"]

    def _date(self, one: Occurrence, rows: Rows, base: Days) -> None:
        """Give an occurrence its days, counted from `base`, and put it on the agenda."""
        at, begin = one.step.at, self._opened[one.scope]
        if begin is None or not len(rows):
            return
        if at.date is not None:
            days = np.full(len(rows), day_of(at.date.isoformat()), dtype=np.int32)
            ahead = days >= begin[rows]
            rows, days = rows[ahead], days[ahead]
            base = begin[rows]
        else:
            offset = self._offset(one, rows, base)
            rows, base, offset = (part[offset != NO_DAY] for part in (rows, base, offset))
            days = base + offset
            base = np.where(offset < 0, begin[rows], base)
        if at.variance_days:
            u = self.record.draws.uniform(f"{one.address}/variance", rows)
            wide = 2 * at.variance_days + 1
            days = days + np.floor(u * wide).astype(np.int32) - np.int32(at.variance_days)
        days = np.maximum(days, np.maximum(base, begin[rows]))
        if at.business_days:
            days = next_business_day(days)
        if one.encounter >= 0:
            days = np.minimum(days, self._discharge[one.encounter][rows])
        self._put(one.number, rows, days.astype(np.int32))

    def _offset(self, one: Occurrence, rows: Rows, base: Days) -> NDArray[np.int32]:
        """Return the days from the base; `NO_DAY` where they cannot be known: it does not come."""
        day = one.step.at.day
        if day is None:
            return np.zeros(len(rows), dtype=np.int32)
        if isinstance(day, Constant) and not isinstance(day.value, str):
            return np.full(len(rows), round(day.value), dtype=np.int32)
        drawn = self.record.draws.numbers(f"{one.address}/day", day, rows, self.scope(rows, base))
        held = np.rint(np.clip(np.nan_to_num(drawn), -LONGEST_DAYS, LONGEST_DAYS))
        return np.where(np.isnan(drawn), NO_DAY, held).astype(np.int32)

    def _put(self, number: int, rows: Rows, days: Days) -> None:
        self._agenda.put(number, rows, (days - self.begun[rows]).astype(np.int32))


def _beat_days(step: Repeat, first: Days, beats: int) -> Days:
    """Return the day of a later beat: so many beats after the first."""
    every = step.every
    months = (every.months or 0) + 12 * (every.years or 0)
    if months:
        return add_months(first, months * beats)
    days = (every.days or 0) + 7 * (every.weeks or 0)
    return (first + np.int32(days * beats)).astype(np.int32)


def begin_states(journey: JourneySpec, record: Record, begun: Days) -> None:
    """Give everyone who may begin a journey the first value of each of its state variables."""
    rows = np.flatnonzero(begun != NO_DAY)
    for name, state in journey.state.items():
        start = np.full(len(begun), np.nan)
        if isinstance(state.start, str):
            found = record.people.attributes[name if state.start == "attribute" else state.start]
            if isinstance(found, Coded):
                raise TypeError(f"state {name} starts from a text attribute")
            start[rows] = found[rows]
        else:
            scope = AsOf(record, record.moment(rows, begun[rows]), begun[rows])
            decision = f"{journey.name}/state/{name}"
            start[rows] = record.draws.numbers(decision, state.start, rows, scope)
        low = -np.inf if state.low is None else state.low
        high = np.inf if state.high is None else state.high
        variable = Variable(start, low, high, state.decimals)
        record.variables[name] = replace(variable, start=variable.settle(start))
