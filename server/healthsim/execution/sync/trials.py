"""What happened in trials, as the tables of TrialSim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.encounters import SyncContext
from healthsim.execution.sync.numbering import answer_addresses, subject_address
from healthsim.execution.sync.subjects import SubjectColumns, subject_columns
from healthsim.execution.sync.trial_visits import name_of, trial_visit_rows
from healthsim.execution.timeline.facts import AdverseEventFacts, ExposureFacts, ScreeningFacts
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.products.trialsim import tables as room
from healthsim.products.trialsim.generate import (
    FATAL,
    outcomes,
    sites,
    subject_numbers,
    unique_ids,
)
from healthsim.specification.journeys import events
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.trial import ExposureDetails, TrialSpec
from healthsim.tables import Coded, Columns


def trial_arms(journeys: Sequence[JourneySpec]) -> Columns:
    """Fill `trial_arms`: what every trial of a run says of its arms, in the order of their key."""
    trials = {one.trial.id: one.trial for one in journeys if one.trial is not None}
    rows = [(trial, arm) for _, trial in sorted(trials.items()) for arm in sorted(trial.arms)]
    return room.TRIAL_ARMS.complete({
        "trial": Coded.of([trial.id for trial, _ in rows]),
        "arm": Coded.of([arm for _, arm in rows]),
        "title": Coded.of([trial.title or None for trial, _ in rows]),
        "phase": Coded.of([trial.phase for trial, _ in rows]),
        "sites": np.array([trial.sites for trial, _ in rows], dtype=np.int32),
        "ratio": np.array([trial.arms[arm] for trial, arm in rows], dtype=np.int32),
        "block": np.array([trial.block_size for trial, _ in rows], dtype=np.int32),
    })  # fmt: skip


def trial_tables(made: SyncContext) -> dict[str, Columns]:
    """Fill the tables of TrialSim that hold people."""
    known = [subject_columns(made, trial) for trial in trials_of(made)]
    return {
        "subjects": subjects(made, known),
        "eligibility_results": eligibility_results(made, known),
        "trial_visits": trial_visits(made, known),
        "adverse_events": adverse_events(made, known),
        "exposures": exposures(made, known),
    }


def trials_of(made: SyncContext) -> list[TrialSpec]:
    """Return the trials of a run, in the order in which its journeys name them."""
    found = [plan.journey.trial for plan in made.timeline.record.layouts_walked]
    return list({trial.id: trial for trial in found if trial is not None}.values())


def subjects(made: SyncContext, known: Sequence[SubjectColumns]) -> Columns:
    """Fill `subjects`: everybody to whom anything of a trial happened."""
    found = lay_out_rows(known, lambda one: one.rows, lambda one: _subject_number(made, one))
    if not len(found):
        return room.SUBJECTS.empty()
    person = made.person_id[found.rows]
    draws = made.timeline.record.draws
    places = {one.trial.id: sites(draws.uniform(f"~trial/{one.trial.id}/site"), one.trial.sites)
              for one in found.segments}  # fmt: skip
    number = subject_numbers(made.person_id)
    return room.SUBJECTS.complete({
        "subject_id": ids(
            person, found.segment_values(lambda one: _subject_number(made, one), np.int64)
        ),
        "person_id": person,
        "trial": found.segment_texts(lambda one: one.trial.id),
        "usubjid": found.row_values(lambda one: _widest(found, unique_ids(
            one.trial.id, places[one.trial.id].take(one.rows), number[one.rows]))),
        "subject_number": number[found.rows],
        "site": found.row_texts(lambda one: places[one.trial.id].take(one.rows)),
        "ssn": made.identity.ssn[found.rows],
        "consent_date": found.row_values(lambda one: one.consented[one.rows]),
        "screen_date": found.row_values(lambda one: one.screened[one.rows]),
        "randomized_date": found.row_values(lambda one: one.randomized[one.rows]),
        "stratum": found.row_texts(lambda one: one.stratum.take(one.rows)),
        "block": found.row_values(lambda one: one.block[one.rows]),
        "arm": found.row_texts(lambda one: one.arm.take(one.rows)),
        "status": found.row_texts(lambda one: one.status.take(one.rows)),
        "end_date": found.row_values(lambda one: one.ended[one.rows]),
        "end_reason": found.row_texts(lambda one: one.reason.take(one.rows)),
        "screen_fail_reason": found.row_texts(lambda one: one.failed.take(one.rows)),
    })  # fmt: skip


def _widest(found: RowLayout[SubjectColumns], texts: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    """Give identifiers of several trials one width, so that they can stand below each other."""
    longest = max(len(one.trial.id) for one in found.segments)
    return texts.astype(f"S{longest + 15}")


def _subject_number(made: SyncContext, one: SubjectColumns) -> int:
    return made.numbering.number("subjects", subject_address(one.trial.id))


@dataclass(frozen=True)
class _CriterionAnswer:
    """One criterion, as it was asked of some people."""

    happening: OccurrenceRows
    of: SubjectColumns
    place: int
    number: int
    met: NDArray[np.bool_]


def eligibility_results(made: SyncContext, known: Sequence[SubjectColumns]) -> Columns:
    """Fill `eligibility_results`."""
    found = lay_out_rows(
        list(_answers(made, known)), lambda one: one.happening.rows, lambda one: one.number
    )
    if not len(found):
        return room.ELIGIBILITY_RESULTS.empty()
    person = made.person_id[found.rows]
    criteria = {one.trial.id: tuple(one.trial.criteria()) for one in known}
    return room.ELIGIBILITY_RESULTS.complete({
        "eligibility_result_id": ids(
            person, found.segment_values(lambda one: one.number, np.int64)
        ),
        "person_id": person,
        "subject_id": ids(
            person, found.segment_values(lambda one: _subject_number(made, one.of), np.int64)
        ),
        "trial": found.segment_texts(lambda one: one.of.trial.id),
        "sequence": found.segment_values(lambda one: one.place + 1, np.int32),
        "criterion": found.segment_texts(lambda one: criteria[one.of.trial.id][one.place][1].name),
        "kind": found.segment_texts(lambda one: criteria[one.of.trial.id][one.place][0]),
        "met": found.row_values(lambda one: one.met),
        "asked_date": found.row_values(lambda one: one.happening.days),
        "event_id": ids(person, found.segment_values(
            lambda one: made.event_number(one.happening.occurrence), np.int64)),
    })  # fmt: skip


def _answers(made: SyncContext, known: Sequence[SubjectColumns]) -> Iterator[_CriterionAnswer]:
    for of in known:
        for one in of.happened(made, events.Screening):
            addresses = answer_addresses(one.occurrence.address, of.trial)
            for place, address in enumerate(addresses):
                met = one.facts_as(ScreeningFacts).met[place]
                number = made.numbering.number("eligibility_results", address)
                yield _CriterionAnswer(one, of, place, number, met)


def trial_visits(made: SyncContext, known: Sequence[SubjectColumns]) -> Columns:
    """Fill `trial_visits`: those that took place, and those that were missed."""
    found = lay_out_rows(
        [visit for of in known for visit in trial_visit_rows(made, of)],
        lambda one: one.rows,
        lambda one: made.numbering.number("trial_visits", one.visit.address),
    )
    if not len(found):
        return room.TRIAL_VISITS.empty()
    person = made.person_id[found.rows]
    number = found.segment_values(
        lambda one: made.numbering.number("trial_visits", one.visit.address), np.int64
    )
    return room.TRIAL_VISITS.complete({
        "trial_visit_id": ids(person, number),
        "person_id": person,
        "subject_id": ids(
            person, found.segment_values(lambda one: _subject_number(made, one.of), np.int64)
        ),
        "trial": found.segment_texts(lambda one: one.of.trial.id),
        "visit_number": found.segment_values(lambda one: one.number, np.int32),
        "name": found.segment_texts(lambda one: one.name),
        "planned_date": found.row_values(lambda one: one.planned),
        "actual_date": found.row_values(lambda one: one.actual),
        "window_low_date": found.row_values(lambda one: one.low),
        "window_high_date": found.row_values(lambda one: one.high),
        "deviation": found.row_values(lambda one: one.deviation),
        "status": found.segment_texts(lambda one: one.status),
        "routine_care": found.segment_values(lambda one: one.routine, np.bool_),
        "encounter_id": found.row_values(lambda one: one.encounter),
        "event_id": ids(
            person, found.segment_values(lambda one: made.event_number(one.told), np.int64)
        ),
    })  # fmt: skip


@dataclass(frozen=True)
class _TrialEvent:
    """Something that happened to some subjects."""

    happening: OccurrenceRows
    of: SubjectColumns

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.happening.rows

    @property
    def last(self) -> Days:
        """Last day in the trial of each of them."""
        return self.of.last[self.happening.rows]


def _events(
    made: SyncContext, known: Sequence[SubjectColumns], kind: type[StepHead], table: str
) -> RowLayout[_TrialEvent]:
    return lay_out_rows(
        [_TrialEvent(one, of) for of in known for one in of.happened(made, kind)],
        lambda one: one.rows,
        lambda one: made.numbering.number(table, one.happening.occurrence.address),
    )


def _heads(made: SyncContext, found: RowLayout[_TrialEvent], table: str, key: str) -> Columns:
    """Return the columns that every event of a trial has."""
    person = made.person_id[found.rows]

    def number(one: _TrialEvent) -> int:
        return made.numbering.number(table, one.happening.occurrence.address)

    return {
        key: ids(person, found.segment_values(number, np.int64)),
        "person_id": person,
        "subject_id": ids(
            person, found.segment_values(lambda one: _subject_number(made, one.of), np.int64)
        ),
        "trial": found.segment_texts(lambda one: one.of.trial.id),
        "encounter_id": found.row_values(lambda one: made.encounter_ids(one.happening)),
        "event_id": ids(person, found.segment_values(
            lambda one: made.event_number(one.happening.occurrence), np.int64)),
    }  # fmt: skip


def adverse_events(made: SyncContext, known: Sequence[SubjectColumns]) -> Columns:
    """Fill `adverse_events`; one that outlasts the subject's time in the trial has no end."""
    found = _events(made, known, events.AdverseEvent, "adverse_events")
    if not len(found):
        return room.ADVERSE_EVENTS.empty()
    start = found.row_values(lambda one: one.happening.days)
    grade = found.row_values(lambda one: _facts(one).grade)
    lasts = found.row_values(lambda one: _facts(one).lasts_days)
    lasts = np.where(grade >= FATAL, 1.0, lasts)
    end = start + np.nan_to_num(lasts, nan=1.0).astype(np.int32) - 1
    over = ~np.isnan(lasts) & (end <= found.row_values(lambda one: one.last))
    return room.ADVERSE_EVENTS.complete({
        **_heads(made, found, "adverse_events", "adverse_event_id"),
        "term": found.segment_texts(lambda one: one.happening.occurrence.step.details.term),  # type: ignore[attr-defined]
        "code": found.segment_texts(lambda one: one.happening.occurrence.step.details.code),  # type: ignore[attr-defined]
        "grade": grade,
        "related": found.row_texts(lambda one: _facts(one).related),
        "serious": found.row_values(lambda one: _facts(one).serious),
        "action": found.row_texts(lambda one: _facts(one).action),
        "outcome": outcomes(found.row_texts(lambda one: _facts(one).outcome), grade, over),
        "start_date": start,
        "end_date": np.where(over, end, NO_DAY).astype(np.int32),
    })  # fmt: skip


def _facts(one: _TrialEvent) -> AdverseEventFacts:
    return one.happening.facts_as(AdverseEventFacts)


def exposures(made: SyncContext, known: Sequence[SubjectColumns]) -> Columns:
    """Fill `exposures`; dosing ends with the subject's time in the trial."""
    found = _events(made, known, events.Exposure, "exposures")
    if not len(found):
        return room.EXPOSURES.empty()
    start = found.row_values(lambda one: one.happening.days)
    days = found.segment_values(lambda one: _details(one).days, np.int32)
    last = np.minimum(start + days - 1, found.row_values(lambda one: one.last))
    return room.EXPOSURES.complete({
        **_heads(made, found, "exposures", "exposure_id"),
        "treatment": found.segment_texts(lambda one: _details(one).treatment),
        "arm": found.row_texts(lambda one: one.of.arm_on(one.rows, one.happening.days)),
        "dose": found.row_values(lambda one: one.happening.facts_as(ExposureFacts).dose),
        "unit": found.segment_texts(lambda one: _details(one).unit),
        "route": found.segment_texts(lambda one: _details(one).route),
        "start_date": start,
        "end_date": last.astype(np.int32),
        "visit": found.segment_texts(lambda one: name_of(made, one.happening)),
    })  # fmt: skip


def _details(one: _TrialEvent) -> ExposureDetails:
    return one.happening.step_as(events.Exposure).details
