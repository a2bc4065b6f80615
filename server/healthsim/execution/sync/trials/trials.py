"""Subjects, visits, adverse events and doses of trials, as tables of TrialSim."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import answer_addresses
from healthsim.execution.sync.records import (
    RecordTable,
    by_name,
    cause_columns,
    event_ids,
)
from healthsim.execution.sync.trials.adverse_events import (
    TrialRecord,
    adverse_event_columns,
    graded_result_columns,
    graded_results,
)
from healthsim.execution.sync.trials.subjects import SubjectColumns, subject_columns
from healthsim.execution.sync.trials.trial_visits import (
    TrialVisitRows,
    trial_visit_rows,
    visit_name,
)
from healthsim.execution.sync.trials.tumors import lesion_columns, lesions, response_columns
from healthsim.execution.timeline.facts import ExposureFacts, ScreeningFacts
from healthsim.products.trialsim import tables as trialsim
from healthsim.products.trialsim.generate import (
    sites,
    subject_numbers,
    unique_ids,
)
from healthsim.specification.journeys import events
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import EventHead
from healthsim.specification.journeys.trial import (
    Criterion,
    ExposureDetails,
    TrialSpec,
)
from healthsim.tables import Coded, Columns, Table


def trial_arms(journeys: Sequence[JourneySpec]) -> Columns:
    """Fill `trial_arms`: the arms of every trial of a run, in the order of their key."""
    trials = {journey.trial.id: journey.trial for journey in journeys if journey.trial is not None}
    rows = [(trial, arm) for _, trial in sorted(trials.items()) for arm in sorted(trial.arms)]
    return trialsim.TRIAL_ARMS.complete({
        "trial": Coded.of([trial.id for trial, _ in rows]),
        "arm": Coded.of([arm for _, arm in rows]),
        "title": Coded.of([trial.title or None for trial, _ in rows]),
        "phase": Coded.of([trial.phase for trial, _ in rows]),
        "sites": np.array([trial.sites for trial, _ in rows], dtype=np.int32),
        "ratio": np.array([trial.arms[arm] for trial, arm in rows], dtype=np.int32),
        "block": np.array([trial.block_size for trial, _ in rows], dtype=np.int32),
    })  # fmt: skip


def trial_tables(ctx: SyncContext) -> dict[str, Columns]:
    """Fill the tables of TrialSim that hold people."""
    trials = [subject_columns(ctx, trial) for trial in _trials(ctx)]
    makers = by_name(
        RecordTable(trialsim.SUBJECTS, lambda _: trials, _subject_columns),
        RecordTable(
            trialsim.ELIGIBILITY_RESULTS, lambda ctx: _answers(ctx, trials), _answer_columns
        ),
        RecordTable(trialsim.TRIAL_VISITS, lambda ctx: _visits(ctx, trials), _visit_columns),
        _event_table(trialsim.ADVERSE_EVENTS, trials, events.AdverseEvent, adverse_event_columns),
        RecordTable(
            trialsim.RESULT_GRADES, lambda ctx: graded_results(ctx, trials), graded_result_columns
        ),
        RecordTable(trialsim.TUMOR_MEASUREMENTS, lambda ctx: lesions(ctx, trials), lesion_columns),
        _event_table(trialsim.TUMOR_RESPONSES, trials, events.TumorAssessment, response_columns),
        _event_table(trialsim.EXPOSURES, trials, events.Exposure, _exposure_columns),
    )
    return {name: fill(ctx) for name, fill in makers.items()}


def _event_table(
    table: Table,
    trials: Sequence[SubjectColumns],
    kind: type[EventHead],
    columns: Callable[[SyncContext, RowLayout[TrialRecord]], Columns],
) -> RecordTable[TrialRecord]:
    """Return how a table is filled that has one row for each subject and event of a type."""

    def all_columns(ctx: SyncContext, layout: RowLayout[TrialRecord]) -> Columns:
        subjects: Columns = {
            "subject_id": layout.segment_ids(lambda record: record.subjects.number),
            "trial": layout.segment_texts(lambda record: record.subjects.trial.id),
        }
        return {**subjects, **cause_columns(ctx, layout), **columns(ctx, layout)}

    return RecordTable(table, lambda ctx: _events(ctx, trials, kind), all_columns)


def _trials(ctx: SyncContext) -> list[TrialSpec]:
    """Return the trials of a run, in the order in which its journeys name them."""
    trials = [walked.journey.trial for walked in ctx.record.layouts_walked]
    return list({trial.id: trial for trial in trials if trial is not None}.values())


def _subject_columns(ctx: SyncContext, layout: RowLayout[SubjectColumns]) -> Columns:
    draws, number = ctx.record.draws, subject_numbers(ctx.person_id)
    site_of = {
        subjects.trial.id: sites(
            draws.uniform(f"~trial/{subjects.trial.id}/site"), subjects.trial.sites
        )
        for subjects in layout.segments
    }
    width = max(len(subjects.trial.id) for subjects in layout.segments) + 15

    def site(subjects: SubjectColumns) -> Coded:
        return site_of[subjects.trial.id].take(subjects.rows)

    def usubjid(subjects: SubjectColumns) -> NDArray[np.bytes_]:
        unique = unique_ids(subjects.trial.id, site(subjects), number[subjects.rows])
        return unique.astype(f"S{width}")  # one width for all trials, so that they can be joined

    return {
        "trial": layout.segment_texts(lambda subjects: subjects.trial.id),
        "usubjid": layout.row_values(usubjid),
        "subject_number": number[layout.rows],
        "site": layout.row_texts(site),
        "ssn": ctx.identity.ssn[layout.rows],
        "asked_date": layout.row_values(lambda subjects: subjects.asked[subjects.rows]),
        "consent_date": layout.row_values(lambda subjects: subjects.consented[subjects.rows]),
        "screen_date": layout.row_values(lambda subjects: subjects.screened[subjects.rows]),
        "randomized_date": layout.row_values(lambda subjects: subjects.randomized[subjects.rows]),
        "stratum": layout.row_texts(lambda subjects: subjects.stratum.take(subjects.rows)),
        "block": layout.row_values(lambda subjects: subjects.block[subjects.rows]),
        "arm": layout.row_texts(lambda subjects: subjects.arm.take(subjects.rows)),
        "status": layout.row_texts(lambda subjects: subjects.status.take(subjects.rows)),
        "end_date": layout.row_values(lambda subjects: subjects.ended[subjects.rows]),
        "end_reason": layout.row_texts(lambda subjects: subjects.reason.take(subjects.rows)),
        "screen_fail_reason": layout.row_texts(
            lambda subjects: subjects.failed.take(subjects.rows)
        ),
    }


@dataclass(frozen=True, eq=False)
class _CriterionAnswer(TrialRecord):
    """Whether one criterion was met; `place` is its position among the trial's."""

    place: int

    @property
    def criterion(self) -> tuple[str, Criterion]:
        """The kind of criterion, inclusion or exclusion, and the criterion."""
        return tuple(self.subjects.trial.criteria())[self.place]

    @property
    def met(self) -> NDArray[np.bool_]:
        """Whether it was met, for each person."""
        return self.source.facts_as(ScreeningFacts).met[self.place]


def _answers(ctx: SyncContext, trials: Sequence[SubjectColumns]) -> Iterator[_CriterionAnswer]:
    for subjects in trials:
        for source in subjects.happened(ctx, events.Screening):
            addresses = answer_addresses(source.occurrence.address, subjects.trial)
            for place, address in enumerate(addresses):
                number = ctx.numbering.number("eligibility_results", address)
                yield _CriterionAnswer(source, number, subjects, place)


def _answer_columns(ctx: SyncContext, layout: RowLayout[_CriterionAnswer]) -> Columns:
    return {
        "subject_id": layout.segment_ids(lambda answer: answer.subjects.number),
        "trial": layout.segment_texts(lambda answer: answer.subjects.trial.id),
        "sequence": layout.segment_values(lambda answer: answer.place + 1, np.int32),
        "criterion": layout.segment_texts(lambda answer: answer.criterion[1].name),
        "kind": layout.segment_texts(lambda answer: answer.criterion[0]),
        "met": layout.row_values(lambda answer: answer.met),
        "asked_date": layout.row_values(lambda answer: answer.days),
        "event_id": event_ids(ctx, layout),
    }


def _visits(ctx: SyncContext, trials: Sequence[SubjectColumns]) -> Iterator[TrialVisitRows]:
    for subjects in trials:
        yield from trial_visit_rows(ctx, subjects)


def _visit_columns(ctx: SyncContext, layout: RowLayout[TrialVisitRows]) -> Columns:
    return {
        "subject_id": layout.segment_ids(lambda visit: visit.subjects.number),
        "trial": layout.segment_texts(lambda visit: visit.subjects.trial.id),
        "visit_number": layout.segment_values(lambda visit: visit.visit_number, np.int32),
        "name": layout.segment_texts(lambda visit: visit.name),
        "planned_date": layout.row_values(lambda visit: visit.planned),
        "actual_date": layout.row_values(lambda visit: visit.actual),
        "window_low_date": layout.row_values(lambda visit: visit.low),
        "window_high_date": layout.row_values(lambda visit: visit.high),
        "deviation": layout.row_values(lambda visit: visit.deviation),
        "status": layout.segment_texts(lambda visit: visit.status),
        "routine_care": layout.segment_values(lambda visit: visit.routine, np.bool_),
        "encounter_id": layout.row_values(lambda visit: visit.encounter),
        "event_id": layout.segment_ids(lambda visit: ctx.event_number(visit.event)),
    }


def _events(
    ctx: SyncContext, trials: Sequence[SubjectColumns], kind: type[EventHead]
) -> Iterator[TrialRecord]:
    for subjects in trials:
        for source in subjects.happened(ctx, kind):
            number = ctx.numbering.number(kind.table, source.occurrence.address)
            yield TrialRecord(source, number, subjects)


def _exposure_columns(ctx: SyncContext, layout: RowLayout[TrialRecord]) -> Columns:
    """Return the columns of doses; dosing ends with the subject's time in the trial."""

    def details(record: TrialRecord) -> ExposureDetails:
        return record.source.step_as(events.Exposure).details

    start = layout.row_values(lambda record: record.days)
    days = layout.segment_values(lambda record: details(record).days, np.int32)
    last = np.minimum(start + days - 1, layout.row_values(lambda record: record.last))
    return {
        "treatment": layout.segment_texts(lambda record: details(record).treatment),
        "arm": layout.row_texts(lambda record: record.subjects.arm_on(record.rows, record.days)),
        "dose": layout.row_values(lambda record: record.source.facts_as(ExposureFacts).dose),
        "unit": layout.segment_texts(lambda record: details(record).unit),
        "route": layout.segment_texts(lambda record: details(record).route),
        "start_date": start,
        "end_date": last.astype(np.int32),
        "visit": layout.segment_texts(lambda record: visit_name(ctx, record.source)),
    }
