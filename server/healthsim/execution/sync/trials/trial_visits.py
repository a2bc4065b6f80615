"""Visits of trials: planned, missed and unscheduled, with the protocol's windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.trials.subjects import SubjectColumns
from healthsim.execution.timeline.facts import PlannedVisitFacts
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys.events import TrialVisit
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit
from healthsim.tables import NO_NUMBER


@dataclass(frozen=True, eq=False)
class TrialVisitRows:
    """One visit of a trial that some subjects had, or missed; arrays have shape (n,).

    Attributes:
        visit: the occurrence of the `trial_visit` step.
        event: the occurrence in the log: of a missed visit, the protocol's.
        number: number of the visit's address.
        visit_number: as the protocol numbers it; null where unscheduled.
        planned: int32, the protocol's day; `low` and `high` are the ends of its window.
        actual: int32, `NO_DAY` where missed.
        encounter: int64, its encounter; `NO_NUMBER` where missed.
    """

    subjects: SubjectColumns
    visit: Occurrence
    event: Occurrence
    rows: Rows
    number: int
    visit_number: int
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


def trial_visit_rows(ctx: SyncContext, subjects: SubjectColumns) -> Iterator[TrialVisitRows]:
    """Yield every visit of a trial that took place or was missed."""
    last_number = 0
    for journey, plan in enumerate(ctx.record.layouts_walked):
        if plan.journey.trial is None or plan.journey.trial.id != subjects.trial.id:
            continue
        happened = {source.occurrence.number: source for source in ctx.timeline.occurrences
                    if source.journey == journey}  # fmt: skip
        for visit in plan.occurrences:
            if not isinstance(visit.step, TrialVisit):
                continue
            around = _around(plan, visit)
            unscheduled = around is not None and not _is_planned(around)
            last_number += not unscheduled
            own = visit.step.details.visit_number
            shown = int(NO_DAY) if unscheduled else last_number if own is None else own
            protocol = None if around is None else happened.get(around.number)
            matched = _MatchedVisit(ctx, subjects, plan, visit, around, shown)
            if visit.number in happened:
                yield matched.held(happened[visit.number], protocol)
            if protocol is not None and matched.planned and matched.is_first:
                yield from matched.missed(protocol)


@dataclass(frozen=True, eq=False)
class _MatchedVisit:
    """A trial's visit, and the protocol's visit or the protocol around it."""

    ctx: SyncContext
    subjects: SubjectColumns
    plan: JourneyLayout
    visit: Occurrence
    around: Occurrence | None
    visit_number: int

    @property
    def planned(self) -> bool:
        """Whether it is part of a visit that the protocol plans."""
        return self.around is not None and _is_planned(self.around)

    @property
    def is_first(self) -> bool:
        """Whether it is the first `trial_visit` of the protocol's visit, and so that visit."""
        return self.around is not None and _first_visit(self.plan, self.around) == self.visit.number

    def held(self, source: OccurrenceRows, protocol: OccurrenceRows | None) -> TrialVisitRows:
        """Return the visit as it took place."""
        days, size = source.days, len(source.rows)
        none = np.full(size, NO_DAY, dtype=np.int32)
        planned, low, high, deviation = none, none, none, np.zeros(size, dtype=np.bool_)
        if self.planned and protocol is not None:
            at = np.searchsorted(protocol.rows, source.rows)
            due = protocol.facts_as(PlannedVisitFacts).take(at)
            planned, low, high = due.planned, due.low, due.high
            deviation = due.deviation | (days < low) | (days > high)
        status = "unscheduled" if self.around is not None and not self.planned else "completed"
        number = self.ctx.numbering.number("encounters", self.visit.address)
        encounter = ids(self.ctx.person_id[source.rows], number)
        return self._rows(
            self.visit, source.rows, status, (planned, low, high), days, deviation, encounter
        )

    def missed(self, protocol: OccurrenceRows) -> Iterator[TrialVisitRows]:
        """Yield the visit for those who missed it."""
        gone = np.flatnonzero(protocol.facts_as(PlannedVisitFacts).missed)
        if len(gone):
            due = protocol.facts_as(PlannedVisitFacts).take(gone)
            yield self._rows(
                protocol.occurrence,
                protocol.rows[gone],
                "missed",
                (due.planned, due.low, due.high),
                np.full(len(gone), NO_DAY, dtype=np.int32),
                np.zeros(len(gone), dtype=np.bool_),
                np.full(len(gone), NO_NUMBER),
            )

    def _rows(
        self,
        event: Occurrence,
        rows: Rows,
        status: str,
        window: tuple[Days, Days, Days],
        actual: Days,
        deviation: NDArray[np.bool_],
        encounter: NDArray[np.int64],
    ) -> TrialVisitRows:
        planned, low, high = window
        return TrialVisitRows(
            subjects=self.subjects,
            visit=self.visit,
            event=event,
            rows=rows,
            number=self.ctx.numbering.number("trial_visits", self.visit.address),
            visit_number=self.visit_number,
            name=_name(self.plan, self.visit),
            status=status,
            planned=planned,
            low=low,
            high=high,
            actual=actual,
            deviation=deviation,
            encounter=encounter,
        )


def _enclosing(plan: JourneyLayout, occurrence: Occurrence) -> Iterator[Occurrence]:
    """Yield the occurrences around an occurrence, from inside out."""
    opener = plan.scopes[occurrence.scope].opener
    while opener >= 0:
        yield plan.occurrences[opener]
        opener = plan.scopes[plan.occurrences[opener].scope].opener


def _is_planned(occurrence: Occurrence) -> bool:
    return isinstance(occurrence.step, ProtocolVisit)


def _around(plan: JourneyLayout, occurrence: Occurrence) -> Occurrence | None:
    """Return the protocol's visit that something is part of, else the protocol around it."""
    for outer in _enclosing(plan, occurrence):
        if isinstance(outer.step, ProtocolVisit | Protocol):
            return outer
    return None


def _first_visit(plan: JourneyLayout, around: Occurrence) -> int:
    """Return the number of the first `trial_visit` in a protocol's visit; -1 where none."""
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


def visit_name(ctx: SyncContext, source: OccurrenceRows) -> str | None:
    """Return the name of the trial's visit in which something happened; None outside of one."""
    plan = ctx.record.layouts_walked[source.journey]
    for outer in _enclosing(plan, source.occurrence):
        if isinstance(outer.step, TrialVisit):
            return _name(plan, outer)
        if _is_planned(outer):
            visit = _first_visit(plan, outer)
            return _name(plan, plan.occurrences[visit]) if visit >= 0 else None
    return None
