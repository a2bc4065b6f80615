"""Visits of trials: planned, missed and unscheduled, with the protocol's windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.encounters import SyncContext
from healthsim.execution.sync.subjects import SubjectColumns
from healthsim.execution.timeline.facts import PlannedVisitFacts
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.specification.journeys.events import TrialVisit
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit
from healthsim.tables import NO_NUMBER


@dataclass(frozen=True)
class TrialVisitRows:
    """One visit of a trial, as some subjects had or missed it; arrays have shape (n,).

    Attributes:
        visit: the trial's visit, whose address it has.
        told: the occurrence that the log tells of it: of a missed one, the protocol's.
        number: as the protocol numbers it; null where unscheduled.
    """

    of: SubjectColumns
    visit: Occurrence
    told: Occurrence
    rows: Rows
    number: int
    name: str
    status: str
    planned: Days
    low: Days
    high: Days
    actual: Days
    deviation: NDArray[np.bool_]
    encounter: NDArray[np.int64]

    @property
    def routine(self) -> bool:
        """Whether it is billed as any visit is."""
        step = self.visit.step
        return isinstance(step, TrialVisit) and step.details.routine_care


def trial_visit_rows(made: SyncContext, of: SubjectColumns) -> Iterator[TrialVisitRows]:
    """Yield every visit of a trial that took place or was missed."""
    number = 0
    for journey, plan in enumerate(made.timeline.record.layouts_walked):
        if plan.journey.trial is None or plan.journey.trial.id != of.trial.id:
            continue
        happened = {one.occurrence.number: one for one in made.timeline.occurrences
                    if one.journey == journey}  # fmt: skip
        for visit in plan.occurrences:
            if not isinstance(visit.step, TrialVisit):
                continue
            around = _around(plan, visit)
            unscheduled = around is not None and not _is_planned(around)
            number += not unscheduled
            own = visit.step.details.visit_number
            shown = int(NO_DAY) if unscheduled else number if own is None else own
            found = _MatchedVisit(of, plan, visit, around, shown)
            if visit.number in happened:
                yield found.kept(made, happened[visit.number], happened)
            if around is not None and around.number in happened and _is_planned(around):
                missed = found.missed(happened[around.number])
                if missed is not None and _stands_for(plan, around) == visit.number:
                    yield missed


@dataclass(frozen=True)
class _MatchedVisit:
    """A trial's visit, the protocol's visit or protocol around it, and its number."""

    of: SubjectColumns
    plan: JourneyLayout
    visit: Occurrence
    around: Occurrence | None
    number: int

    def kept(
        self, made: SyncContext, one: OccurrenceRows, happened: dict[int, OccurrenceRows]
    ) -> TrialVisitRows:
        """Return the visit as it took place."""
        around, days, size = self.around, one.days, len(one.rows)
        none = np.full(size, NO_DAY, dtype=np.int32)
        planned, low, high = none, none, none
        deviation = np.zeros(size, dtype=np.bool_)
        status = "completed"
        if around is not None and _is_planned(around):
            due = happened[around.number]
            at = np.searchsorted(due.rows, one.rows)
            plan = due.facts_as(PlannedVisitFacts).take(at)
            planned, low, high = plan.planned, plan.low, plan.high
            deviation = plan.deviation | (days < low) | (days > high)
        elif around is not None:
            status = "unscheduled"
        number = made.numbering.number("encounters", self.visit.address)
        return TrialVisitRows(
            self.of, self.visit, self.visit, one.rows, self.number, _name(self.plan, self.visit),
            status, planned, low, high, days, deviation, ids(made.person_id[one.rows], number),
        )  # fmt: skip

    def missed(self, due: OccurrenceRows) -> TrialVisitRows | None:
        """Return the visit for those who missed it; None where nobody did."""
        gone = np.flatnonzero(due.facts_as(PlannedVisitFacts).missed)
        if not len(gone):
            return None
        plan = due.facts_as(PlannedVisitFacts).take(gone)
        size = len(gone)
        return TrialVisitRows(
            self.of, self.visit, due.occurrence, due.rows[gone], self.number,
            _name(self.plan, self.visit), "missed", plan.planned, plan.low, plan.high,
            np.full(size, NO_DAY, dtype=np.int32), np.zeros(size, dtype=np.bool_),
            np.full(size, NO_NUMBER),
        )  # fmt: skip


def _by_distance(plan: JourneyLayout, one: Occurrence) -> Iterator[Occurrence]:
    """Yield what an occurrence stands in, from inside out."""
    opener = plan.scopes[one.scope].opener
    while opener >= 0:
        yield plan.occurrences[opener]
        opener = plan.scopes[plan.occurrences[opener].scope].opener


def _is_planned(one: Occurrence) -> bool:
    return isinstance(one.step, ProtocolVisit)


def _around(plan: JourneyLayout, one: Occurrence) -> Occurrence | None:
    """Return the protocol's visit that something is part of, else the protocol around it."""
    for outer in _by_distance(plan, one):
        if isinstance(outer.step, ProtocolVisit | Protocol):
            return outer
    return None


def _stands_for(plan: JourneyLayout, around: Occurrence) -> int:
    """Return the trial's visit that a protocol's visit is: the first in it."""
    inner = plan.opens.get((around.number, -1), -1)
    members = plan.members[inner] if inner >= 0 else ()
    visits = (number for number in members
              if isinstance(plan.occurrences[number].step, TrialVisit))  # fmt: skip
    return next(visits, -1)


def _name(plan: JourneyLayout, visit: Occurrence) -> str:
    """Return a visit's name: its own, the protocol's, or its step's; {cycle} is filled in."""
    step, around = visit.step, _around(plan, visit)
    own = step.details.name if isinstance(step, TrialVisit) else ""
    name = own or getattr(around.step if around is not None else None, "name", "") or step.id
    cycle = around.beat if around is not None and _is_planned(around) else visit.beat
    return str(name).replace("{cycle}", str(cycle))


def name_of(made: SyncContext, one: OccurrenceRows) -> str | None:
    """Return the name of the trial's visit in which something happened; None outside of one."""
    plan = made.timeline.record.layouts_walked[one.journey]
    for outer in _by_distance(plan, one.occurrence):
        if isinstance(outer.step, TrialVisit):
            return _name(plan, outer)
        if _is_planned(outer):
            visit = _stands_for(plan, outer)
            return _name(plan, plan.occurrences[visit]) if visit >= 0 else None
    return None
