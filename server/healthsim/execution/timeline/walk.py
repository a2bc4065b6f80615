"""The walk through one journey: a step is due, is asked, is done, and dates what follows it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, last_business_day
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.timeline.agenda import Agenda
from healthsim.execution.timeline.beats import BeatCallbacks, Beats
from healthsim.execution.timeline.beds import Beds, Stay
from healthsim.execution.timeline.calendar_days import add_length
from healthsim.execution.timeline.displaced import Displacement, what_of
from healthsim.execution.timeline.enrolment import Enrolment
from healthsim.execution.timeline.facts import (
    ChoiceFacts,
    PlannedVisitFacts,
    StepFacts,
    VisitFacts,
)
from healthsim.execution.timeline.put_offs import PutOffs
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.safety import allowed, given
from healthsim.execution.timeline.scheduling import StepDates, opening_days
from healthsim.execution.timeline.stages import StageCallbacks, StageWalk
from healthsim.execution.timeline.stated import FigureKey, Mark
from healthsim.execution.timeline.step_call import OccurrenceRows, StepCall
from healthsim.execution.timeline.steps import execute_step
from healthsim.execution.timeline.toxicity import grade_of_latest
from healthsim.execution.timeline.turns import turns_of
from healthsim.medicine.ctcae import criterion_of
from healthsim.medicine.occupancy import STAYS
from healthsim.specification.journeys.events import (
    OF_TRIALS,
    AdverseEvent,
    Encounter,
    Prescription,
    Procedure,
    TrialVisit,
)
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.plan import (
    Beating,
    JourneyLayout,
    Occurrence,
    StageEntry,
    StageLeave,
)
from healthsim.specification.journeys.repeats import ProtocolVisit, Repeat
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.tables import Coded


class Walk:
    """One journey over the people of one chunk; arrays have one entry for each of them.

    Attributes:
        layout: the journey laid out.
        journey: its position in the run.
        start_days: int32; `NO_DAY` for those who are not in the journey.
        journey_end: int32, last day of the journey; `FOREVER` without an end.
        enrolment: who is in the journey's trial; None where it is no trial.
    """

    def __init__(
        self, layout: JourneyLayout, journey: int, record: Record, start_days: Days
    ) -> None:
        self.layout, self.journey, self.record = layout, journey, record
        self.start_days = start_days
        self.journey_end = self._every_person(FOREVER)
        trial = layout.journey.trial
        self.enrolment = record.enrolment(trial.id) if trial is not None else None
        self._first_source = sum(len(earlier.occurrences) for earlier in record.layouts_walked)
        record.layouts_walked.append(layout)
        self._occurrences: list[OccurrenceRows] = []
        self._agenda = Agenda(len(record.people), turns_of(layout))
        self._scope_begins: dict[int, Days] = {}
        self._scope_ends: dict[int, Days] = defaultdict(lambda: self._every_person(FOREVER))
        self._edges: dict[int, tuple[Days, Days]] = {}
        self._wait_starts: dict[int, Days] = defaultdict(lambda: self._every_person(NO_DAY))
        self._discharges: dict[int, Days] = defaultdict(lambda: self._every_person(FOREVER))
        self._left: dict[int, Days] = defaultdict(lambda: self._every_person(FOREVER))
        self._dates = StepDates(layout, journey, record, start_days)
        self._displacement = None if record.beds is None else Displacement(
            layout, record, record.beds, self._agenda, self._dates, start_days
        )  # fmt: skip
        self._put_offs = PutOffs(layout, record, start_days, self._schedule, self.scope)
        self._beats = Beats(layout, record, start_days, self._dates, BeatCallbacks(
            self._schedule, self._open, self._scope_ends.__getitem__, self.scope
        ))  # fmt: skip
        callbacks = StageCallbacks(
            self._schedule, self._agenda.retire, self._scope_ends.__getitem__
        )
        self._stages = StageWalk(layout, journey, record, start_days, callbacks)

    def _every_person(self, value: int | np.int32) -> NDArray[np.int32]:
        return np.full(len(self.start_days), value, dtype=np.int32)

    def run(self) -> list[OccurrenceRows]:
        """Walk to the end; return what happened, in the order in which it was done."""
        everyone = np.flatnonzero(self.start_days != NO_DAY)
        self._open(0, everyone, self.start_days[everyone])
        while (turn := self._agenda.take()) is not None:
            number, rows, days = turn
            self._step(self.layout.occurrences[number], rows, days + self.start_days[rows])
        return self._occurrences

    @property
    def last_days(self) -> Days:
        """Last day of the journey, or of its trial, for each person."""
        if self.enrolment is None:
            return self.journey_end
        return np.minimum(self.journey_end, self.enrolment.out)

    def exposed_until(self, mark: Mark, ends: Days) -> Days:
        """Return the last day on which what a hazard leads to could occur, for everyone.

        Args:
            mark: of the hazard.
            ends: int32, everyone's last day in the journey, once all is walked.
        """
        _, number, move = mark
        occurrence, until = self.layout.occurrences[number], ends.copy()
        step = occurrence.step
        for scope in self.layout.scopes[occurrence.scope].closes:
            if scope in self._scope_ends:
                until = np.minimum(until, self._scope_ends[scope] - np.int32(1))
        if move >= 0:
            return np.minimum(until, self._stages.last_days(number, move)).astype(np.int32)
        if occurrence.encounter >= 0 and not occurrence.tick:
            until = np.minimum(until, self._discharges[occurrence.encounter])
        if self.enrolment is not None:
            until = np.minimum(until, self.enrolment.last_days(step))
        unbounded = isinstance(step, Repeat) and occurrence.tick > 0 and step.times is None
        if unbounded or number in self.layout.loose:
            until = np.minimum(until, self.start_days + np.int32(self.layout.journey.duration_days))
        return last_business_day(until) if occurrence.business_days else until.astype(np.int32)

    def scope(self, rows: Rows, days: Days) -> AsOfScope:
        """Return what conditions see of people on their days."""
        return AsOfScope(self.record, self.record.moment(rows, days), self.start_days[rows])

    def _step(self, occurrence: Occurrence, rows: Rows, days: Days) -> None:
        """Do an occurrence for those of its people whom nothing keeps from it."""
        rows, days = self._still_at_risk(occurrence, rows, days)
        rows, days = self._find_free(occurrence, rows, days)
        rows, days = self._put_offs.due(occurrence, rows, days)
        if occurrence.number in self._dates.followed:
            self.record.stated.occurred((self.journey, occurrence.number, -1), rows, days)
        if isinstance(occurrence.step, StageLeave):
            self._stages.leave(occurrence, rows, days)
            return
        rows, days = self._apply_conditions(occurrence, rows, days)
        rows, days = self._put_offs.in_time(occurrence, rows, days)
        settled: StepFacts | None = None
        if isinstance(occurrence.step, Wait):
            rows, days, settled = self._resolve_wait(occurrence, occurrence.step, rows, days)
        if self.enrolment is not None and isinstance(occurrence.step, OF_TRIALS):
            rows, days = self._consenting(self.enrolment, rows, days)
        if not len(rows):
            return
        if not isinstance(occurrence.step, ProtocolVisit):
            self.record.occurrence_logs[self.journey, occurrence.number].add(rows, days)
        if isinstance(occurrence.step, Beating):
            first = (days + np.int32(opening_days(occurrence))).astype(np.int32)
            if not occurrence.tick:
                self._occurrences.append(OccurrenceRows(self.journey, occurrence, rows, days))
            self._beats.begin(occurrence, occurrence.step, rows, days)
            self._after(occurrence, rows, first, first)
        elif isinstance(occurrence.step, Stages):
            self._stages.begin(occurrence, occurrence.step, rows, days, self.scope(rows, days))
            self._after(occurrence, rows, days, days)
        else:
            self._execute(occurrence, rows, days, settled)

    def _execute(
        self, occurrence: Occurrence, rows: Rows, days: Days, settled: StepFacts | None
    ) -> None:
        """Do a step; begin the scope inside it, and date what follows it."""
        step, closes = occurrence.step, self.layout.scopes[occurrence.scope].closes
        result = execute_step(StepCall(
            step, occurrence, self.journey, self._first_source + occurrence.number, rows, days,
            self.scope(rows, days), self.record, self.journey_end, self.layout, self._first_source,
            tuple(self._scope_ends[scope] for scope in closes),
            settled or self._dates.settled_facts(occurrence, rows),
        ))  # fmt: skip
        if not isinstance(step, Include):
            self._occurrences.append(result.occurred)
        facts, last_days = result.occurred.facts, result.last_days
        if isinstance(facts, PlannedVisitFacts):
            kept = np.flatnonzero(~facts.missed)
            rows, days, last_days = rows[kept], days[kept], last_days[kept]
            self.record.occurrence_logs[self.journey, occurrence.number].add(rows, days)
        if isinstance(step, Encounter):
            self._discharges[occurrence.number][rows] = last_days
            self._put_offs.series.note(occurrence, rows, days)
        if isinstance(facts, VisitFacts) and self.record.beds is not None:
            self._admit(self.record.beds, occurrence, result.occurred, facts)
            last_days = (days + facts.nights).astype(np.int32)
        if isinstance(step, StageEntry):
            self._stages.enter(occurrence, step, rows, days)
        self._open_inner(occurrence, rows, days, facts)
        self._after(occurrence, rows, days, last_days)

    def _admit(
        self, beds: Beds, occurrence: Occurrence, visit: OccurrenceRows, facts: VisitFacts
    ) -> None:
        """Put the people of a stay to bed, which may shorten it."""
        step = occurrence.step  # a trial's own stay does not keep people from its visits
        encounter_class = None if isinstance(step, TrialVisit) else what_of(step)
        if encounter_class == "emergency":
            beds.see(visit.rows, visit.days)
        elif encounter_class in STAYS:
            discharges = self._discharges[occurrence.number]
            beds.admit(encounter_class, Stay(
                self.journey, visit.rows, visit.days, facts.nights, discharges, facts.sent_on,
                self._left[occurrence.number],
            ))  # fmt: skip
            discharges[visit.rows] = visit.days + facts.nights

    def _open_inner(self, occurrence: Occurrence, rows: Rows, days: Days, facts: StepFacts) -> None:
        """Begin the scope inside a step; of a branch or wait, that of everyone's option."""
        for option, some in facts.opened.items():
            if (occurrence.number, option) in self.layout.opens:
                self._open(self.layout.opens[occurrence.number, option], rows[some], days[some])
        if not isinstance(facts, ChoiceFacts):
            if (occurrence.number, -1) in self.layout.opens:
                self._open(self.layout.opens[occurrence.number, -1], rows, days)
            return
        options = facts.option.codes
        for option in np.unique(options[options >= 0]).tolist():
            chosen = np.flatnonzero(options == option)
            self._open(self.layout.opens[occurrence.number, option], rows[chosen], days[chosen])

    def _still_at_risk(self, occurrence: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those who are alive, in the journey and in every scope around the step."""
        inside = (days <= self.journey_end[rows]) & (days <= self.record.death[rows])
        for scope in self.layout.scopes[occurrence.scope].closes:
            if scope in self._scope_ends:
                inside &= days < self._scope_ends[scope][rows]
        has_hazard = occurrence.step.hazard is not None
        has_hazard &= not occurrence.tick  # the hazard of a repeat is that of its first beat
        if has_hazard and occurrence.encounter >= 0:
            inside &= days <= self._discharges[occurrence.encounter][rows]
        if occurrence.encounter in self._left:
            inside &= days <= self._left[occurrence.encounter][rows]
        if self.enrolment is not None:
            inside &= self.enrolment.admits(occurrence.step, rows, days)
        rows, days = rows[inside], days[inside]
        if has_hazard and len(rows):
            fires, next_days = self._dates.hazard_occurs(occurrence, rows, days, self.scope)
            self._schedule(occurrence.number, rows[~fires], next_days)
            rows, days = rows[fires], days[fires]
        return rows, days

    def _apply_conditions(
        self, occurrence: Occurrence, rows: Rows, days: Days
    ) -> tuple[Rows, Days]:
        """Keep those for whom `when` and `chance` hold; of a beat, `until` and `delay`."""
        step = occurrence.step
        if occurrence.tick:
            return self._beats.going_on(occurrence, rows, days)
        if isinstance(step, Wait):
            return self._apply_wait_conditions(occurrence, rows, days)
        return self._apply_when_and_chance(occurrence, rows, days)

    def _apply_wait_conditions(
        self, occurrence: Occurrence, rows: Rows, days: Days
    ) -> tuple[Rows, Days]:
        """Ask `when` and `chance` of those who begin to wait, not again of those who wait."""
        waiting = self._wait_starts[occurrence.number][rows] != NO_DAY
        new, _ = self._apply_when_and_chance(occurrence, rows[~waiting], days[~waiting])
        keep = waiting | np.isin(rows, new)
        return rows[keep], days[keep]

    def _apply_when_and_chance(
        self, occurrence: Occurrence, rows: Rows, days: Days
    ) -> tuple[Rows, Days]:
        step = occurrence.step
        if step.when is not None and len(rows):
            holds = step.when.holds(self.scope(rows, days))
            rows, days = rows[holds], days[holds]
        if step.chance is not None and len(rows):
            decision = f"{occurrence.address}/chance"
            share = self.record.draws.numbers(
                f"{decision}/share", step.chance, rows, self.scope(rows, days)
            )
            taken = self.record.draws.uniform(decision, rows) < share
            key = FigureKey(self.layout.journey.name, step.id, "chance", "share")
            self.record.stated.ask((self.journey, key), rows, days, share, taken, step.chance)
            rows, days = rows[taken], days[taken]
        if isinstance(step, AdverseEvent) and step.details.grade is None and len(rows):
            graded = self._is_graded(step, rows, days)
            rows, days = rows[graded], days[graded]
        if isinstance(step, Encounter) and step.details.requires_referral and len(rows):
            referrals = self.record.referrals[step.details.specialty or ""]
            referred = referrals.count(self.record.moment(rows, days)) > 0
            rows, days = rows[referred], days[referred]
        return self._apply_safety(occurrence, rows, days)

    def _apply_safety(self, occurrence: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those for whom a drug or treatment is safe on their day."""
        step, safe = occurrence.step, None
        if isinstance(step, Prescription) and len(rows):
            safe = allowed(self.record, step.details.drug, occurrence.address, rows, days)
        elif isinstance(step, Procedure) and len(rows):
            safe = given(self.record, step.details.code, occurrence.address, rows, days)
        return (rows, days) if safe is None else (rows[safe], days[safe])

    def _find_free(self, occurrence: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those whom no stay keeps from a step today; date it anew where it is moved."""
        rules = self._displacement
        settled = None if rules is None else rules.settle(occurrence, rows, days)
        if settled is None:
            return rows, days
        self._schedule(occurrence.number, rows[settled.later], settled.days)
        return rows[settled.kept], days[settled.kept]

    def _is_graded(self, step: AdverseEvent, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Tell whose latest result is an adverse event by the CTCAE, bool."""
        criterion, record = criterion_of(step.details.term), self.record
        if criterion is None:
            return np.zeros(len(rows), dtype=np.bool_)
        moment = record.moment(rows, days)
        return grade_of_latest(criterion, record.results, record.people, moment) > 0

    def _consenting(self, enrolment: Enrolment, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Ask those for consent to whom the first thing of the trial would happen; keep the others.

        The stated share is of those who live to see the day before: who refuses has left by then.
        """
        trial = self.layout.journey.trial
        new = enrolment.asked[rows] == NO_DAY
        if trial is None or not new.any():
            return rows, days
        asked, on = rows[new], days[new]
        consents = np.ones(len(asked), dtype=np.bool_)
        if trial.consent is not None:
            decision, scope = f"~trial/{trial.id}/consent", self.scope(asked, on)
            share = self.record.draws.numbers(f"{decision}/share", trial.consent, asked, scope)
            consents = self.record.draws.uniform(decision, asked) < share
            key = FigureKey(self.layout.journey.name, "", "consent", "share")
            before = (on - np.int32(1)).astype(np.int32)
            self.record.stated.ask(
                (self.journey, key), asked, before, share, consents, trial.consent
            )
        enrolment.ask(asked, on, consents)
        keep = enrolment.declined[rows] == NO_DAY
        return rows[keep], days[keep]

    def _resolve_wait(
        self, occurrence: Occurrence, step: Wait, rows: Rows, days: Days
    ) -> tuple[Rows, Days, ChoiceFacts]:
        """Keep those whose wait is over, and return why: its condition is met, or its limit."""
        since = self._wait_starts[occurrence.number]
        new = since[rows] == NO_DAY
        since[rows[new]] = days[new]
        limit = add_length(since[rows], step.limit)
        met = step.until.holds(self.scope(rows, days)) if len(rows) else np.zeros(0, np.bool_)
        done = met | (days >= limit)
        next_days = np.minimum(days + np.int32(step.check_every), limit)[~done].astype(np.int32)
        self._schedule(occurrence.number, rows[~done], next_days)
        option = np.where(met[done], 0, 1).astype(np.int32)
        return rows[done], days[done], ChoiceFacts(Coded(option, ("met", "limit")))

    def _open(self, scope: int, rows: Rows, days: Days) -> None:
        """Begin a scope: date what is counted from it, and what follows a step already done."""
        if not len(rows):
            return
        self._scope_begins.setdefault(scope, self._every_person(NO_DAY))[rows] = days
        for number in self.layout.members[scope]:
            occurrence = self.layout.occurrences[number]
            if occurrence.anchor < 0:
                self._date(occurrence, rows, days)
            elif occurrence.anchor in self._edges:
                edge = self._edge(occurrence)[rows]
                known = edge != NO_DAY
                self._date(occurrence, rows[known], edge[known])

    def _after(self, occurrence: Occurrence, rows: Rows, first: Days, last: Days) -> None:
        """Date what follows an occurrence, for those who are in the scope that it stands in."""
        following = self.layout.dependents.get(occurrence.number)
        if following is None:
            return
        if occurrence.number not in self._edges:
            self._edges[occurrence.number] = self._every_person(NO_DAY), self._every_person(NO_DAY)
        starts, ends = self._edges[occurrence.number]
        starts[rows], ends[rows] = first, last
        for number in following:
            dependent = self.layout.occurrences[number]
            begin = self._scope_begins.get(dependent.scope)
            if begin is not None:
                inside = rows[begin[rows] != NO_DAY]
                self._date(dependent, inside, self._edge(dependent)[inside])

    def _edge(self, occurrence: Occurrence) -> Days:
        """Return the first or last days of what an occurrence follows; `NO_DAY` before it."""
        return self._edges[occurrence.anchor][occurrence.step.at.edge == "end"]

    def _date(self, occurrence: Occurrence, rows: Rows, base: Days) -> None:
        """Give an occurrence its days, counted from `base`, and schedule it."""
        begin = self._scope_begins.get(occurrence.scope)
        if begin is None or not len(rows):
            return
        rows, days = self._dates.of(occurrence, rows, base, begin[rows], self.scope)
        if occurrence.encounter >= 0 and occurrence.step.hazard is None:
            days = np.minimum(days, self._discharges[occurrence.encounter][rows])
        self._schedule(occurrence.number, rows, days.astype(np.int32))

    def _schedule(self, number: int, rows: Rows, days: Days) -> None:
        """Put an occurrence on the agenda; a loose one only within the journey's duration."""
        day_numbers = (days - self.start_days[rows]).astype(np.int32)
        if number in self.layout.loose:
            within = day_numbers <= self.layout.journey.duration_days
            rows, day_numbers = rows[within], day_numbers[within]
        self._agenda.put(number, rows, day_numbers)
