"""Adverse events of trials, the stays that they led to, and results with their CTCAE grade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import analytes, result_address
from healthsim.execution.sync.records import RecordRows, event_ids
from healthsim.execution.sync.trials.subjects import SubjectColumns
from healthsim.execution.timeline.facts import AdverseEventFacts, ResultFacts
from healthsim.execution.timeline.toxicity import ends_of
from healthsim.medicine.ctcae import Criterion, criteria, grades
from healthsim.products.trialsim.generate import FATAL, outcomes, reasons_of_seriousness
from healthsim.specification.journeys import events
from healthsim.specification.journeys.implied import STAY
from healthsim.specification.journeys.trial import AdverseEventDetails
from healthsim.tables import NO_NUMBER, Coded, Columns


@dataclass(frozen=True, eq=False)
class TrialRecord(RecordRows):
    """A record of an event of a trial."""

    subjects: SubjectColumns

    @property
    def last(self) -> Days:
        """Last day in the trial of each person, int32."""
        return self.subjects.last[self.rows]


def adverse_event_columns(ctx: SyncContext, layout: RowLayout[TrialRecord]) -> Columns:
    """Return the columns of adverse events; one that outlasts the trial has no end."""

    def facts(record: TrialRecord) -> AdverseEventFacts:
        return record.source.facts_as(AdverseEventFacts)

    def details(record: TrialRecord) -> AdverseEventDetails:
        return record.source.step_as(events.AdverseEvent).details

    start = layout.row_values(lambda record: record.days)
    grade = layout.row_values(lambda record: facts(record).grade)
    lasts = layout.row_values(lambda record: facts(record).lasts_days)
    lasts = np.where(grade >= FATAL, 1.0, lasts)
    end = start + np.nan_to_num(lasts, nan=1.0).astype(np.int32) - 1
    over = ~np.isnan(lasts) & (end <= layout.row_values(lambda record: record.last))
    stated = layout.row_texts(lambda record: facts(record).outcome)
    serious = layout.row_values(lambda record: facts(record).serious)
    stays = _stays(ctx)
    stay = layout.row_values(lambda record: _stay_of(ctx, record, stays))
    return {
        "term": layout.segment_texts(lambda record: details(record).term),
        "code": layout.segment_texts(lambda record: details(record).code),
        "grade": grade,
        "related": layout.row_texts(lambda record: facts(record).related),
        "serious": serious,
        "serious_reason": reasons_of_seriousness(serious, grade, stay != NO_NUMBER),
        "action": layout.row_texts(lambda record: facts(record).action),
        "outcome": outcomes(stated, grade, over),
        "start_date": start,
        "end_date": np.where(over, end, NO_DAY).astype(np.int32),
        "stay_encounter_id": stay,
    }


def _stays(ctx: SyncContext) -> dict[str, tuple[Rows, int]]:
    """Return who had the stay of a serious adverse event, and its number, by its address."""
    found = {}
    for source in ctx.of_type(events.Encounter):
        if source.occurrence.step.id.endswith(STAY):
            address = source.occurrence.address
            found[address] = source.rows, ctx.numbering.number("encounters", address)
    return found


def _stay_of(
    ctx: SyncContext, record: TrialRecord, stays: dict[str, tuple[Rows, int]]
) -> NDArray[np.int64]:
    """Return the id of everyone's stay for an adverse event, int64; `NO_NUMBER` without one."""
    found = np.full(len(record.rows), NO_NUMBER)
    stayed = stays.get(f"{record.source.occurrence.address}{STAY}")
    if stayed is not None:
        rows, number = stayed
        at = np.flatnonzero(np.isin(record.rows, rows))
        found[at] = ids(ctx.person_id[record.rows[at]], number)
    return found


@dataclass(frozen=True, eq=False)
class GradedResult(TrialRecord):
    """One result of an order in a trial, for the subjects for whom the CTCAE grades it."""

    ctx: SyncContext
    loinc: str
    criteria: tuple[Criterion, ...]

    @cached_property
    def _all(self) -> NDArray[np.int32]:
        """Grade by each criterion and person of the order, int32, shape (criteria, n)."""
        rows, days = self.source.rows, self.source.days
        value = self.source.facts_as(ResultFacts).by_loinc[self.loinc]
        if isinstance(value, Coded):
            return np.zeros((len(self.criteria), len(rows)), dtype=np.int32)
        ends = ends_of(self.loinc, self.ctx.people, rows, days)
        inside = (self.subjects.consented[rows] != NO_DAY) & (days <= self.subjects.last[rows])
        return np.stack([np.where(inside, grades(one, value, *ends), 0) for one in self.criteria])

    @cached_property
    def at(self) -> NDArray[np.intp]:
        """Positions in the order of those whose result is graded."""
        return np.flatnonzero(self._all.any(axis=0))

    @property
    def term(self) -> Coded:
        """The term of each, that of the criterion that grades it."""
        place = self._all[:, self.at].argmax(axis=0).astype(np.int32)
        return Coded(place, tuple(one.term for one in self.criteria))

    @property
    def grade(self) -> NDArray[np.int32]:
        """The grade of each, 1 to 4."""
        highest: NDArray[np.int32] = self._all[:, self.at].max(axis=0).astype(np.int32)
        return highest


def graded_results(ctx: SyncContext, trials: Sequence[SubjectColumns]) -> Iterator[GradedResult]:
    """Yield every result of the orders in trials that the CTCAE has a criterion for."""
    of_loinc: dict[str, tuple[Criterion, ...]] = {}
    for one in criteria():
        of_loinc[one.loinc] = (*of_loinc.get(one.loinc, ()), one)
    for subjects in trials:
        for source in subjects.happened(ctx, events.Lab):
            details, address = source.step_as(events.Lab).details, source.occurrence.address
            for loinc in analytes(details):
                if loinc in of_loinc:
                    number = ctx.numbering.number(
                        "lab_results", result_address(address, details, loinc)
                    )
                    yield GradedResult(source, number, subjects, ctx, loinc, of_loinc[loinc])


def graded_result_columns(ctx: SyncContext, layout: RowLayout[GradedResult]) -> Columns:
    """Return the columns of graded results."""
    return {
        "subject_id": layout.segment_ids(lambda result: result.subjects.number),
        "trial": layout.segment_texts(lambda result: result.subjects.trial.id),
        "term": layout.row_texts(lambda result: result.term),
        "grade": layout.row_values(lambda result: result.grade),
        "collected_date": layout.row_values(lambda result: result.days),
        "event_id": event_ids(ctx, layout),
    }
