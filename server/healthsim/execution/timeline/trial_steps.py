"""Steps of a trial: screening, adverse events, doses, withdrawal; for randomisation see there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.courses import Course
from healthsim.execution.people.draws import require_text
from healthsim.execution.timeline.facts import (
    AdverseEventFacts,
    ExposureFacts,
    ScreeningFacts,
    WithdrawalFacts,
)
from healthsim.execution.timeline.step_call import StepCall, StepResult
from healthsim.execution.timeline.toxicity import grade_of_latest
from healthsim.medicine.ctcae import criterion_of
from healthsim.products.trialsim.generate import FATAL, SERIOUS_FROM
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.events import AdverseEvent, Exposure, Screening, Withdrawal
from healthsim.specification.journeys.trial import YES, AdverseEventDetails
from healthsim.tables import Coded


def screen(call: StepCall[Screening]) -> StepResult:
    """Ask the trial's criteria; who does not satisfy all of them is out of the trial."""
    failed = np.full(len(call.rows), -1, dtype=np.int32)
    answers: list[NDArray[np.bool_]] = []
    for position, (kind, criterion) in enumerate(call.trial.criteria()):
        met = criterion.when.holds(call.scope)
        failed[(failed < 0) & (met != (kind == "inclusion"))] = position
        answers.append(met)
    call.enrolment.screen(call.rows, call.days, failed < 0)
    return call.result(ScreeningFacts(tuple(answers), failed))


def withdraw(call: StepCall[Withdrawal]) -> StepResult:
    """Withdraw people from the trial, for the first reason that holds."""
    reasons = call.step.details.reasons
    first = np.full(len(call.rows), -1, dtype=np.int32)
    for position, reason in enumerate(reasons):
        holds = np.True_ if reason.when is None else reason.when.holds(call.scope)
        first[(first < 0) & holds] = position
    call.enrolment.leave(call.rows, call.days, refused=True)
    texts = Coded.of([reason.reason for reason in reasons])
    return call.result(WithdrawalFacts(texts.take(first)))


def record_adverse_event(call: StepCall[AdverseEvent]) -> StepResult:
    """Record an adverse event; grade 5 is death on that day."""
    details, record = call.step.details, call.record
    grade = _grades(call, details)
    lasts_days = np.full(len(call.rows), np.nan)
    if details.lasts_days is not None:
        lasts_days = np.maximum(np.rint(call.numbers("lasts_days", details.lasts_days)), 1)
    dead = call.rows[grade >= FATAL]
    record.death[dead] = np.minimum(record.death[dead], call.days[grade >= FATAL])
    record.adverse_events[details.term].add(call.rows, call.days)
    criterion = criterion_of(details.term)
    if criterion is not None and details.grade is not None:
        address, when = call.occurrence.address, (call.rows, call.days)
        record.toxicities.add(criterion, address, when, lasts_days, grade)
    last_days = call.days + np.nan_to_num(lasts_days, nan=1.0).astype(np.int32) - np.int32(1)
    call.record.adverse_events[details.term].add(call.rows, call.days)
    facts = AdverseEventFacts(
        grade=grade,
        serious=_serious_mask(call, details.serious, grade),
        related=_optional_text(call, "related", details.related),
        action=_optional_text(call, "action", details.action),
        outcome=_optional_text(call, "outcome", details.outcome),
        lasts_days=lasts_days,
    )
    return call.result(facts, last_days.astype(np.int32))


def _grades(call: StepCall[AdverseEvent], details: AdverseEventDetails) -> NDArray[np.int32]:
    """Return everyone's grade, int32: drawn, or that of the latest result."""
    if details.grade is not None:
        drawn = require_text(call.values("grade", details.grade))
        return np.array([*map(int, drawn.vocabulary), 0], dtype=np.int32)[drawn.codes]
    criterion, record = criterion_of(details.term), call.record
    if criterion is None:
        raise TypeError(f"{call.occurrence.address} has neither a grade nor a result")
    moment = record.moment(call.rows, call.days)
    return grade_of_latest(criterion, record.results, record.people, moment)


def _optional_text(
    call: StepCall[AdverseEvent], name: str, distribution: Distribution | None
) -> Coded:
    if distribution is None:
        return Coded.constant(None, len(call.rows))
    return require_text(call.values(name, distribution))


def _serious_mask(
    call: StepCall[AdverseEvent], distribution: Distribution | None, grade: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Return which events are serious, bool: from grade 4 on, and those drawn as serious."""
    serious: NDArray[np.bool_] = grade >= SERIOUS_FROM
    if distribution is None:
        return serious
    drawn = call.values("serious", distribution)
    if isinstance(drawn, Coded):
        yes = np.array([*(word in YES for word in drawn.vocabulary), False], dtype=np.bool_)
        return serious | yes[drawn.codes]
    u = call.record.draws.uniform(f"{call.occurrence.address}/serious/drawn", call.rows)
    return serious | (u < drawn)


def give_dose(call: StepCall[Exposure]) -> StepResult:
    """Give a dose: drawn, or read from a state variable."""
    details = call.step.details
    if isinstance(details.dose, StateResult):
        dose = call.measured_state(details.dose)
    else:
        dose = call.numbers("dose", details.dose)
    last_days = (call.days + np.int32(details.days - 1)).astype(np.int32)
    cut, treatment = np.zeros(len(call.rows), dtype=np.bool_), details.treatment
    after = (last_days + np.int32(1)).astype(np.int32)
    call.record.doses.append(
        Course(treatment, call.rows, call.days, after, cut, call.source, drug=treatment)
    )
    return call.result(ExposureFacts(dose), last_days)
