"""The walk through one journey: a step is due, is asked, is done, and dates what follows it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, last_business_day
from healthsim.execution.people.draws import Rows, below
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.timeline.agenda import Agenda
from healthsim.execution.timeline.beats import BeatCallbacks, Beats
from healthsim.execution.timeline.beds import Beds, Stay
from healthsim.execution.timeline.calendar_days import add_length
from healthsim.execution.timeline.displaced import Displacement
from healthsim.execution.timeline.enrolment import Enrolment
from healthsim.execution.timeline.facts import (
    ChoiceFacts,
    PlannedVisitFacts,
    StepFacts,
    VisitFacts,
)
from healthsim.execution.timeline.families import DaysByNumber, Due, Families, Numbers
from healthsim.execution.timeline.put_offs import PutOffs
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.ruled import what_of
from healthsim.execution.timeline.safety import allowed, given
from healthsim.execution.timeline.scheduling import StepDates, opening_days
from healthsim.execution.timeline.stages import StageCallbacks, StageWalk
from healthsim.execution.timeline.stated import FigureKey, Mark
from healthsim.execution.timeline.step_call import Done, OccurrenceRows, StepCall, each_occurrence
from healthsim.execution.timeline.steps import execute_step
from healthsim.execution.timeline.together import families_of
from healthsim.execution.timeline.toxicity import grade_of_latest
from healthsim.execution.timeline.transfused import has_step
from healthsim.execution.timeline.turns import runs_many_streams, turns_of
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
from healthsim.specification.journeys.home_care import AT_HOME
from healthsim.specification.journeys.implied_transfusions import COUNT, RED_CELLS
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.plan import (
    Beating,
    JourneyLayout,
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
        self._families = self._families_of(layout)
        record.families_walked.append(self._families)
        self._leading = frozenset(self._families.first[list(layout.dependents)].tolist())
        self._care_at_home = frozenset(scope for (_, option), scope in layout.opens.items()
                                       if option == AT_HOME)  # fmt: skip
        self._done: list[Done] = []
        people, size = len(record.people), len(layout.occurrences)
        turns = None if runs_many_streams(layout) else turns_of(layout)
        self._agenda = Agenda(people, turns, self._families.first)
        self._scope_begins = DaysByNumber(len(layout.scopes), people, NO_DAY)
        self._scope_ends: dict[int, Days] = defaultdict(lambda: self._every_person(FOREVER))
        self._edges = {edge: DaysByNumber(size, people, NO_DAY) for edge in ("start", "end")}
        self._wait_starts: dict[int, Days] = defaultdict(lambda: self._every_person(NO_DAY))
        self._discharges = DaysByNumber(size, people, FOREVER)
        self._left = DaysByNumber(size, people, FOREVER)
        self._dates = StepDates(layout, journey, record, start_days)
        self._displacement = None if record.beds is None else Displacement(
            self._families, record, record.beds, self._agenda, self._dates, start_days
        )  # fmt: skip
        self._put_offs = PutOffs(layout, record, start_days, self._schedule, self.scope)
        self._beats = Beats(self._families, record, start_days, self._dates, BeatCallbacks(
            self._schedule, self._open, self._scope_ends.__getitem__, self.scope
        ))  # fmt: skip
        callbacks = StageCallbacks(
            self._schedule, self._agenda.retire, self._scope_ends.__getitem__
        )
        self._stages = StageWalk(layout, journey, record, start_days, callbacks)

    def _families_of(self, layout: JourneyLayout) -> Families:
        """Return which occurrences are done together."""
        return families_of(layout)

    def _every_person(self, value: int | np.int32) -> NDArray[np.int32]:
        return np.full(len(self.start_days), value, dtype=np.int32)

    def run(self) -> None:
        """Walk to the end."""
        everyone = np.flatnonzero(self.start_days != NO_DAY)
        self._open(0, everyone, self.start_days[everyone])
        while (turn := self._agenda.take()) is not None:
            numbers, rows, days = turn
            days = days + self.start_days[rows]
            self._step(self._families.of_family(numbers, rows), rows, days)

    def happened(self) -> list[OccurrenceRows]:
        """Return what happened, one for each occurrence; it is read once all journeys are walked.

        What happened in a walk changes with later ones: a stay of theirs ends one of this journey.
        """
        return each_occurrence(self._done)

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
            until = np.minimum(until, self._discharges.of(occurrence.encounter))
        if self.enrolment is not None:
            until = np.minimum(until, self.enrolment.last_days(step))
        unbounded = isinstance(step, Repeat) and occurrence.tick > 0 and step.times is None
        if unbounded or number in self.layout.loose:
            until = np.minimum(until, self.start_days + np.int32(self.layout.journey.duration_days))
        return last_business_day(until) if occurrence.business_days else until.astype(np.int32)

    def scope(self, rows: Rows, days: Days) -> AsOfScope:
        """Return what conditions see of people on their days."""
        return AsOfScope(self.record, self.record.moment(rows, days), self.start_days[rows])

    def _step(self, due: Due, rows: Rows, days: Days) -> None:
        """Do occurrences for those of their people whom nothing keeps from them."""
        step = due.step
        rows, days = self._still_at_risk(due, rows, days)
        rows, days = self._find_free(due, rows, days)
        rows, days = self._put_offs.due(due, rows, days)
        if due.family in self._dates.followed:
            mark = (self.journey, due.family, -1)
            self.record.stated.occurred(mark, rows, days, due.numbers(rows))
        if isinstance(step, StageLeave):
            self._stages.leave(due.only, rows, days)
            return
        rows, days = self._apply_conditions(due, rows, days)
        rows, days = self._put_offs.in_time(due, rows, days)
        settled: StepFacts | None = None
        if isinstance(step, Wait):
            rows, days, settled = self._resolve_wait(due, step, rows, days)
        if self.enrolment is not None and isinstance(step, OF_TRIALS):
            rows, days = self._consenting(self.enrolment, rows, days)
        if not len(rows):
            return
        if not isinstance(step, ProtocolVisit):
            self._note(due, rows, days)
        if isinstance(step, Beating):
            first = (days + np.int32(opening_days(due.first))).astype(np.int32)
            if not due.first.tick:
                self._done.append(Done(self.journey, due, due.numbers(rows), rows, days))
            self._beats.begin(due, step, rows, days)
            self._after(due, rows, first, first)
        elif isinstance(step, Stages):
            self._stages.begin(due.only, step, rows, days, self.scope(rows, days))
            self._after(due, rows, days, days)
        else:
            self._execute(due, rows, days, settled)

    def _note(self, due: Due, rows: Rows, days: Days) -> None:
        """Note what conditions see of an occurrence: that it happened."""
        self.record.note_occurrence(self.journey, due.family, due.numbers(rows), rows, days)

    def _execute(self, due: Due, rows: Rows, days: Days, settled: StepFacts | None) -> None:
        """Do a step; begin the scope inside it, and date what follows it."""
        step, closes = due.step, self.layout.scopes[due.first.scope].closes
        result = execute_step(StepCall(
            step, due, self.journey, rows, days,
            self.scope(rows, days), self.record, self.journey_end, self.layout, self._first_source,
            tuple(self._scope_ends[scope] for scope in closes),
            settled or self._dates.settled_facts(due, rows),
        ))  # fmt: skip
        if not isinstance(step, Include):
            self._done.append(result.occurred)
        facts, last_days = result.occurred.facts, result.last_days
        if isinstance(facts, PlannedVisitFacts):
            kept = np.flatnonzero(~facts.missed)
            rows, days, last_days = rows[kept], days[kept], last_days[kept]
            self._note(due, rows, days)
        if isinstance(step, Encounter):
            self._discharges.set(due.numbers(rows), rows, last_days)
            self._put_offs.series.note(due.first, rows, days)
        if isinstance(facts, VisitFacts) and self.record.beds is not None:
            self._admit(self.record.beds, due, result.occurred, facts)
            last_days = (days + facts.nights).astype(np.int32)
        if isinstance(step, StageEntry):
            self._stages.enter(due.only, step, rows, days)
        self._open_inner(due, rows, days, facts)
        self._after(due, rows, days, last_days)

    def _admit(self, beds: Beds, due: Due, visit: Done, facts: VisitFacts) -> None:
        """Put the people of a stay to bed, which may shorten it."""
        step = due.step  # a trial's own stay does not keep people from its visits
        encounter_class = None if isinstance(step, TrialVisit) else what_of(step)
        if encounter_class == "emergency":
            beds.see(visit.rows, visit.days)
        elif encounter_class in STAYS:
            numbers = due.numbers(visit.rows)

            def send_on(at: Rows, days: Days) -> None:
                for table in (self._discharges, self._left):
                    table.set(numbers[at], visit.rows[at], days)

            beds.admit(encounter_class, Stay(
                self.journey, visit.rows, visit.days, facts.nights, facts.sent_on, send_on
            ))  # fmt: skip
            self._discharges.set(numbers, visit.rows, visit.days + facts.nights)

    def _open_inner(self, due: Due, rows: Rows, days: Days, facts: StepFacts) -> None:
        """Begin the scope inside a step; of a branch or wait, that of everyone's option."""
        for option, some in facts.opened.items():
            if (due.number, option) in self.layout.opens:
                scopes = self._families.opened[option][due.numbers(rows)]
                self._open(scopes[some], rows[some], days[some])
        if not isinstance(facts, ChoiceFacts):
            self._open_inside(due, rows, days)
            return
        options = facts.option.codes
        for option in np.unique(options[options >= 0]).tolist():
            chosen = np.flatnonzero(options == option)
            self._open(self.layout.opens[due.only.number, option], rows[chosen], days[chosen])

    def _open_inside(self, due: Due, rows: Rows, days: Days) -> None:
        """Begin the scope that a step opens for everybody who has it, if it opens one."""
        scopes = self._families.inside[due.numbers(rows)]
        if len(scopes) and scopes[0] >= 0:
            self._open(scopes, rows, days)

    def _still_at_risk(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those who are alive, in the journey and in every scope around the step."""
        first = due.first
        inside = (days <= self.journey_end[rows]) & (days <= self.record.death[rows])
        for scope in self.layout.scopes[first.scope].closes:
            if scope in self._scope_ends:
                inside &= days < self._scope_ends[scope][rows]
        has_hazard = first.step.hazard is not None
        has_hazard &= not first.tick  # the hazard of a repeat is that of its first beat
        if first.encounter >= 0:
            around = self._families.encounter[due.numbers(rows)]
            if has_hazard:
                inside &= days <= self._discharges.at(around, rows)
            inside &= days <= self._left.at(around, rows)
        if self.enrolment is not None:
            inside &= self.enrolment.admits(first.step, rows, days)
        if first.scope in self._care_at_home and self.record.beds is not None:
            # a new stay ends the care that an earlier one ordered
            inside &= ~self.record.beds.admitted_since(rows, self._begin_of(due, rows), days)
        if not inside.all():
            rows, days = rows[inside], days[inside]
        if has_hazard and len(rows):
            fires, next_days = self._dates.hazard_occurs(due.only, rows, days, self.scope)
            self._schedule(due.number, rows[~fires], next_days)
            rows, days = rows[fires], days[fires]
        return rows, days

    def _apply_conditions(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those for whom `when` and `chance` hold; of a beat, `until` and `delay`."""
        if due.first.tick:
            return self._beats.going_on(due, rows, days)
        if isinstance(due.step, Wait):
            return self._apply_wait_conditions(due, rows, days)
        return self._apply_when_and_chance(due, rows, days)

    def _apply_wait_conditions(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Ask `when` and `chance` of those who begin to wait, not again of those who wait."""
        waiting = self._wait_starts[due.only.number][rows] != NO_DAY
        new, _ = self._apply_when_and_chance(due, rows[~waiting], days[~waiting])
        keep = waiting | np.isin(rows, new)
        return rows[keep], days[keep]

    def _apply_when_and_chance(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        step = due.step
        if step.when is not None and len(rows):
            holds = step.when.holds(self.scope(rows, days))
            rows, days = rows[holds], days[holds]
        if step.chance is not None and len(rows):
            decision = due.decision("chance")
            share = self.record.draws.numbers(
                below(decision, "share"), step.chance, rows, self.scope(rows, days)
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
        return self._apply_safety(due, rows, days)

    def _apply_safety(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those for whom a drug or treatment is safe on their day, and blood is needed."""
        step, safe = due.step, None
        if step.id in (RED_CELLS, COUNT) and len(rows):
            safe = has_step(self.record, step.id, rows, days)
        elif isinstance(step, Prescription) and len(rows):
            safe = allowed(self.record, step.details.drug, due.address, rows, days)
        elif isinstance(step, Procedure) and len(rows):
            safe = given(self.record, step.details.code, due.address, rows, days)
        return (rows, days) if safe is None else (rows[safe], days[safe])

    def _find_free(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those whom no stay keeps from a step today; date it anew where it is moved."""
        rules = self._displacement
        settled = None if rules is None else rules.settle(due, rows, days)
        if settled is None:
            return rows, days
        later = rows[settled.later]
        self._schedule(due.numbers(rows)[settled.later], later, settled.days)
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
        self, due: Due, step: Wait, rows: Rows, days: Days
    ) -> tuple[Rows, Days, ChoiceFacts]:
        """Keep those whose wait is over, and return why: its condition is met, or its limit."""
        number = due.only.number
        since = self._wait_starts[number]
        new = since[rows] == NO_DAY
        since[rows[new]] = days[new]
        limit = add_length(since[rows], step.limit)
        met = step.until.holds(self.scope(rows, days)) if len(rows) else np.zeros(0, np.bool_)
        done = met | (days >= limit)
        next_days = np.minimum(days + np.int32(step.check_every), limit)[~done].astype(np.int32)
        self._schedule(number, rows[~done], next_days)
        option = np.where(met[done], 0, 1).astype(np.int32)
        return rows[done], days[done], ChoiceFacts(Coded(option, ("met", "limit")))

    def _open(self, scopes: Numbers | int, rows: Rows, days: Days) -> None:
        """Begin a scope, or everybody's own: date what is counted from it, and what follows a step
        already done.
        """  # noqa: D205
        if not len(rows):
            return
        self._scope_begins.set(scopes, rows, days)
        own = np.broadcast_to(np.asarray(scopes, dtype=np.int32), rows.shape)
        for at, numbers in self._families.members.each(own):
            for due, some in self._families.by_family(numbers, rows[at]):
                self._date_member(due, due.rows, days[at[some]])

    def _date_member(self, due: Due, rows: Rows, days: Days) -> None:
        """Date what a scope holds that begins on people's days, as far as it is known from when."""
        if due.first.anchor < 0:
            self._date(due, rows, days)
            return
        edge = self._edge(due, rows)
        known = edge != NO_DAY
        if known.any():
            self._date(due, rows[known], edge[known])

    def _after(self, due: Due, rows: Rows, first: Days, last: Days) -> None:
        """Date what follows an occurrence, for those who are in the scope that it stands in."""
        if due.family not in self._leading:
            return
        own = due.numbers(rows)
        self._edges["start"].set(own, rows, first)
        self._edges["end"].set(own, rows, last)
        for at, numbers in self._families.dependents.each(own):
            for dependent, some in self._families.by_family(numbers, rows[at]):
                inside = self._begin_of(dependent, rows[at[some]]) != NO_DAY
                following = dependent.rows[inside]
                if len(following):
                    self._date(dependent, following, self._edge(dependent, following))

    def _edge(self, due: Due, rows: Rows) -> Days:
        """Return the first or last days of what occurrences follow; `NO_DAY` before it."""
        anchors = self._families.anchor[due.numbers(rows)]
        return self._edges["end" if due.step.at.edge == "end" else "start"].at(anchors, rows)

    def _begin_of(self, due: Due, rows: Rows) -> Days:
        """Return the days on which the scopes began in which occurrences stand."""
        return self._scope_begins.at(self._families.scope[due.numbers(rows)], rows)

    def _date(self, due: Due, rows: Rows, base: Days) -> None:
        """Give occurrences their days, counted from `base`, and schedule them."""
        rows, days = self._dates.of(due, rows, base, self._begin_of(due, rows), self.scope)
        numbers = due.numbers(rows)
        if due.first.encounter >= 0 and due.step.hazard is None:
            around = self._families.encounter[numbers]
            days = np.minimum(days, self._discharges.at(around, rows))
        self._schedule(numbers, rows, days.astype(np.int32))

    def _schedule(self, numbers: Numbers | int, rows: Rows, days: Days) -> None:
        """Put an occurrence, or everybody's own, on the agenda of people on their days.

        A loose one happens only within the journey's duration.
        """
        day_numbers = (days - self.start_days[rows]).astype(np.int32)
        late = self._families.loose[numbers] & (day_numbers > self.layout.journey.duration_days)
        if late.any():
            rows, day_numbers = rows[~late], day_numbers[~late]
            numbers = numbers if isinstance(numbers, int) else numbers[~late]
        self._agenda.put(numbers, rows, day_numbers)
