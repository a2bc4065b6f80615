"""Walking one journey: steps are asked, worked, and open what comes after them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.timeline.agenda import Agenda
from healthsim.execution.timeline.facts import ChoiceFacts, PlannedVisitFacts, StepFacts
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.scheduling import StepDates, add_length, repeat_days
from healthsim.execution.timeline.stages import StageCallbacks, StageWalk
from healthsim.execution.timeline.state import StateVariable
from healthsim.execution.timeline.steps import execute_step
from healthsim.execution.timeline.work import OccurrenceRows, StepCall
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.plan import (
    Beating,
    JourneyLayout,
    Occurrence,
    StageEntry,
    StageLeave,
)
from healthsim.specification.journeys.repeats import Delay, Protocol, ProtocolVisit, Repeat
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.tables import Coded


class Walk:
    """One journey over the people of one chunk.

    Attributes:
        start_days: int32, one for each person; `NO_DAY` for those who are not in the journey.
        over: int32; last day of the journey for each person, `FOREVER` without an end.
        enrolment: who is in the journey's trial; None where it is no trial.
    """

    def __init__(self, plan: JourneyLayout, journey: int, record: Record, begun: Days) -> None:
        people = len(record.people)
        self.plan, self.journey, self.record, self.start_days = plan, journey, record, begun
        self.over = np.full(people, FOREVER, dtype=np.int32)
        self._agenda = Agenda(people)
        self._opened: list[Days | None] = [None] * len(plan.scopes)
        self._closed: dict[int, Days] = {}
        self._edges: dict[int, tuple[Days, Days]] = {}
        self._first_beat: dict[int, Days] = {}
        self._put_off: dict[int, NDArray[np.int16]] = {}
        self._waiting: dict[int, Days] = {}
        self._discharge: dict[int, Days] = {}
        self._occurrences: list[OccurrenceRows] = []
        trial = plan.journey.trial
        self.enrolment = record.enrolment(trial.id) if trial is not None else None
        self._first_source = sum(len(walked.occurrences) for walked in record.layouts_walked)
        self._dates = StepDates(plan, record, begun)
        agenda = StageCallbacks(self._schedule, self._agenda.retire, self._scope_end_days)
        self._stages = StageWalk(plan, record, begun, agenda)
        record.layouts_walked.append(plan)

    def run(self) -> list[OccurrenceRows]:
        """Walk to the end; return what happened, in no order that matters."""
        everyone = np.flatnonzero(self.start_days != NO_DAY)
        self._open(0, everyone, self.start_days[everyone])
        while (turn := self._agenda.take()) is not None:
            number, rows, days = turn
            self._step(self.plan.occurrences[number], rows, days + self.start_days[rows])
        return self._occurrences

    @property
    def last(self) -> Days:
        """Last day of the journey, or of its trial, for each person."""
        if self.enrolment is None:
            return self.over
        return np.minimum(self.over, self.enrolment.out)

    def scope(self, rows: Rows, days: Days) -> AsOfScope:
        """Return what conditions see of `rows` on their days."""
        return AsOfScope(self.record, self.record.moment(rows, days), self.start_days[rows])

    def _step(self, one: Occurrence, rows: Rows, days: Days) -> None:
        rows, days = self._still_at_risk(one, rows, days)
        if isinstance(one.step, StageLeave):
            self._stages.leave(one, rows, days)
            return
        rows, days = self._apply_conditions(one, rows, days)
        settled: StepFacts | None = None
        if isinstance(one.step, Wait):
            rows, days, settled = self._resolve_wait(one, one.step, rows, days)
        if not len(rows):
            return
        if not isinstance(one.step, ProtocolVisit):
            self.record.occurrence_logs[self.journey, one.number].add(rows, days)
        if isinstance(one.step, Beating):
            self._beat(one, one.step, rows, days)
            self._after(one, rows, days, days)
        elif isinstance(one.step, Stages):
            self._stages.begin(one, one.step, rows, days, self.scope(rows, days))
            self._after(one, rows, days, days)
        else:
            self._work(one, rows, days, settled)

    def _work(self, one: Occurrence, rows: Rows, days: Days, settled: StepFacts | None) -> None:
        """Do a step, and open what it opens."""
        step, closes = one.step, self.plan.scopes[one.scope].closes
        result = execute_step(StepCall(
            step, one, self.journey, self._first_source + one.number, rows, days,
            self.scope(rows, days), self.record, self.over, self.plan, self._first_source,
            tuple(self._scope_end_days(scope) for scope in closes),
            settled or self._dates.settled_facts(one, rows),
        ))  # fmt: skip
        if not isinstance(step, Include):
            self._occurrences.append(result.occurred)
        facts, last_days = result.occurred.facts, result.last_days
        if isinstance(facts, PlannedVisitFacts):
            came = np.flatnonzero(~facts.missed)
            rows, days, last_days = rows[came], days[came], last_days[came]
            self.record.occurrence_logs[self.journey, one.number].add(rows, days)
        if isinstance(step, Encounter):
            self._discharge.setdefault(one.number, np.full(len(self.start_days), FOREVER, np.int32))
            self._discharge[one.number][rows] = last_days
        if isinstance(step, StageEntry):
            self._stages.enter(one, step, rows, days)
        self._open_inner(one, rows, days, facts)
        self._after(one, rows, days, last_days)

    def _open_inner(self, one: Occurrence, rows: Rows, days: Days, facts: StepFacts) -> None:
        """Begin the scope inside a step; of a branch or wait, that of everyone's option."""
        if not isinstance(facts, ChoiceFacts):
            if (one.number, -1) in self.plan.opens:
                self._open(self.plan.opens[one.number, -1], rows, days)
            return
        options = facts.option.codes
        for option in np.unique(options[options >= 0]).tolist():
            taken = np.flatnonzero(options == option)
            self._open(self.plan.opens[one.number, option], rows[taken], days[taken])

    def _still_at_risk(self, one: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those who are alive, in the journey and in every scope around the step."""
        here = (days <= self.over[rows]) & (days <= self.record.death[rows])
        for scope in self.plan.scopes[one.scope].closes:
            if scope in self._closed:
                here &= days < self._closed[scope][rows]
        risky = one.step.hazard is not None and not one.tick  # a beat has its repeat's behind it
        if risky and one.encounter >= 0:
            here &= days <= self._discharge[one.encounter][rows]
        if self.enrolment is not None:
            here &= self.enrolment.admits(one.step, rows, days)
        rows, days = rows[here], days[here]
        if risky and len(rows):
            fires, again = self._dates.hazard_occurs(one, rows, days, self.scope)
            self._schedule(one.number, rows[~fires], again)
            rows, days = rows[fires], days[fires]
        return rows, days

    def _scope_end_days(self, scope: int) -> Days:
        """Return the days on which a scope is over, to be read and set; `FOREVER` while open."""
        return self._closed.setdefault(
            scope, np.full(len(self.start_days), FOREVER, dtype=np.int32)
        )

    def _apply_conditions(self, one: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those for whom `when` holds and whom `chance` takes; a beat asks `until`."""
        step = one.step
        if one.tick:
            return self._apply_until_and_delay(one, rows, days)
        if isinstance(step, Wait):
            return self._apply_wait_conditions(one, rows, days)
        return self._apply_when_and_chance(one, rows, days)

    def _apply_wait_conditions(self, one: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Ask those who come to a wait; those who wait already were asked before they began."""
        waits = self._wait_start_days(one)[rows] != NO_DAY
        new, _ = self._apply_when_and_chance(one, rows[~waits], days[~waits])
        kept = waits | np.isin(rows, new)
        return rows[kept], days[kept]

    def _apply_when_and_chance(self, one: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        step = one.step
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
        if isinstance(step, Encounter) and step.details.requires_referral and len(rows):
            sent = self.record.referrals[step.details.specialty or ""]
            referred = sent.count(self.record.moment(rows, days)) > 0
            rows, days = rows[referred], days[referred]
        return rows, days

    def _apply_until_and_delay(self, one: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Let a beat end its repeat, or be put off."""
        step = one.step
        if not isinstance(step, Beating) or not len(rows):
            return rows, days
        if step.until is not None:
            goes_on = ~step.until.holds(self.scope(rows, days))
            if isinstance(step, Protocol):
                around = self._scope_end_days(self.plan.opens[one.opener, -1])
                around[rows[~goes_on]] = days[~goes_on]
            rows, days = rows[goes_on], days[goes_on]
        if step.delay is not None and len(rows):
            rows, days = self._apply_delay(one, step.delay, rows, days)
        return rows, days

    def _apply_delay(
        self, one: Occurrence, delay: Delay, rows: Rows, days: Days
    ) -> tuple[Rows, Days]:
        times = self._put_off.setdefault(one.number, np.zeros(len(self.start_days), dtype=np.int16))
        holds = delay.when.holds(self.scope(rows, days)) & (times[rows] < delay.most)
        for time in np.unique(times[rows[holds]]).tolist():
            here = np.flatnonzero(holds & (times[rows] == time))
            late, today = rows[here], days[here]
            self._open(self.plan.opens[one.number, time], late, today)
            drawn = self.record.draws.numbers(
                f"{one.address}/delay#{time + 1}", delay.days, late, self.scope(late, today)
            )
            wait = np.maximum(np.rint(np.nan_to_num(drawn)), 1).astype(np.int32)
            self._schedule(one.number, late, today + wait)
        times[rows[holds]] += 1
        return rows[~holds], days[~holds]

    def _wait_start_days(self, one: Occurrence) -> Days:
        """Return the days on which people began to wait; `NO_DAY` before."""
        return self._waiting.setdefault(
            one.number, np.full(len(self.start_days), NO_DAY, dtype=np.int32)
        )

    def _resolve_wait(
        self, one: Occurrence, step: Wait, rows: Rows, days: Days
    ) -> tuple[Rows, Days, ChoiceFacts]:
        """Keep those who need not wait any more, and tell why: met, or the limit."""
        since = self._wait_start_days(one)
        new = since[rows] == NO_DAY
        since[rows[new]] = days[new]
        limit = add_length(since[rows], step.limit)
        met = step.until.holds(self.scope(rows, days)) if len(rows) else np.zeros(0, np.bool_)
        over = met | (days >= limit)
        again = np.minimum(days + np.int32(step.check_every), limit)[~over].astype(np.int32)
        self._schedule(one.number, rows[~over], again)
        option = np.where(met[over], 0, 1).astype(np.int32)
        return rows[over], days[over], ChoiceFacts(Coded(option, ("met", "limit")))

    def _beat(self, one: Occurrence, step: Beating, rows: Rows, days: Days) -> None:
        """Open a beat, and put the next one on the agenda."""
        opener = one.opener if one.tick else one.number
        first = self._first_beat.setdefault(
            opener, np.full(len(self.start_days), NO_DAY, dtype=np.int32)
        )
        if not one.tick:
            first[rows] = days
            self._occurrences.append(OccurrenceRows(self.journey, one, rows, days))
        if (one.number, -1) in self.plan.opens:
            self._open(self.plan.opens[one.number, -1], rows, days)
        following = self.plan.next_tick.get(one.number)
        if following is None:
            if isinstance(step, Protocol):
                around = self._scope_end_days(self.plan.opens[opener, -1])
                around[rows] = days + np.int32(step.cycle_days)
            return
        self._next_beat(self.plan.occurrences[following], step, first[rows], rows, days)

    def _next_beat(
        self, following: Occurrence, step: Beating, first: Days, rows: Rows, days: Days
    ) -> None:
        hazard = step.every.hazard if isinstance(step, Repeat) else None
        if hazard is not None:
            rows, due = self._dates.days_to_next(following, hazard, rows, days, self.scope)
        elif step.counted == "previous" and following.tick > 1:
            due = repeat_days(step, days, 1)
            if isinstance(step, Repeat) and step.every.weekdays is not None:
                due = repeat_days(step, (days + np.int32(1)).astype(np.int32), 0)
        else:
            due = repeat_days(step, first, following.tick - 1)
            if step.delay is not None:  # a beat that was put off is not overtaken
                due = np.maximum(due, days + np.int32(following.tick > 1))
        if isinstance(step, Repeat) and step.times is None:
            within = due - self.start_days[rows] <= self.plan.journey.duration_days
            rows, due = rows[within], due[within]
        self._schedule(following.number, rows, due)

    def _open(self, scope: int, rows: Rows, days: Days) -> None:
        """Begin a scope for some people: date all that is counted from it or has come to pass."""
        if not len(rows):
            return
        begin = self._opened[scope]
        if begin is None:
            begin = self._opened[scope] = np.full(len(self.start_days), NO_DAY, dtype=np.int32)
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
            blank = np.full(len(self.start_days), NO_DAY, dtype=np.int32)
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
        begin = self._opened[one.scope]
        if begin is None or not len(rows):
            return
        rows, days = self._dates.of(one, rows, base, begin[rows], self.scope)
        if one.encounter >= 0 and one.step.hazard is None:
            days = np.minimum(days, self._discharge[one.encounter][rows])
        self._schedule(one.number, rows, days.astype(np.int32))

    def _schedule(self, number: int, rows: Rows, days: Days) -> None:
        """Let an occurrence come to people; one that is loose, within the journey's duration."""
        gone = (days - self.start_days[rows]).astype(np.int32)
        if number in self.plan.loose:
            within = gone <= self.plan.journey.duration_days
            rows, gone = rows[within], gone[within]
        self._agenda.put(number, rows, gone)


def begin_states(journey: JourneySpec, record: Record, begun: Days) -> None:
    """Give everyone who may begin a journey the first value of each of its state variables."""
    rows = np.flatnonzero(begun != NO_DAY)
    for name, state in journey.state.items():
        if name in record.variables:
            continue  # a journey that precedes gave it its start
        start = np.full(len(begun), np.nan)
        if isinstance(state.start, str):
            found = record.people.attributes[name if state.start == "attribute" else state.start]
            if isinstance(found, Coded):
                raise TypeError(f"state {name} starts from a text attribute")
            start[rows] = found[rows]
        else:
            scope = AsOfScope(record, record.moment(rows, begun[rows]), begun[rows])
            decision = f"{journey.name}/state/{name}"
            start[rows] = record.draws.numbers(decision, state.start, rows, scope)
        low = -np.inf if state.low is None else state.low
        high = np.inf if state.high is None else state.high
        variable = StateVariable(start, low, high, state.decimals)
        record.variables[name] = replace(variable, start=variable.clamp_and_round(start))
