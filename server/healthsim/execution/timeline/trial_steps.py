"""What the steps of a trial do to the people to whom they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import require_text
from healthsim.products.trialsim.generate import FATAL, SERIOUS_FROM
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.trial import YES, TrialSpec
from healthsim.tables import Coded

if TYPE_CHECKING:
    from healthsim.execution.timeline.enrolment import Enrolment
    from healthsim.execution.timeline.work import Facts, StepCall, StepResult


def record_screening(work: StepCall) -> StepResult:
    """Ask the trial's criteria; facts: `criterion <n>` (bool, n from 0) and `failed` (int32).

    `failed` is the place of the first criterion that is not satisfied, -1 where all are.
    """
    trial = _trial(work)
    failed = np.full(len(work.rows), -1, dtype=np.int32)
    facts: Facts = {}
    for place, (kind, criterion) in enumerate(trial.criteria()):
        met = criterion.when.holds(work.scope)
        failed[(failed < 0) & (met != (kind == "inclusion"))] = place
        facts[f"criterion {place}"] = met
    _enrolment(work).screen(work.rows, work.days, failed < 0)
    return work.result({**facts, "failed": failed})


def record_withdrawal(work: StepCall) -> StepResult:
    """Let people leave; fact: `reason` (Coded), the first that holds."""
    step = work.occurrence.step
    if not isinstance(step, events.Withdrawal):
        raise TypeError(type(step))
    reasons = step.details.reasons
    chosen = np.full(len(work.rows), -1, dtype=np.int32)
    for place, one in enumerate(reasons):
        holds = np.True_ if one.when is None else one.when.holds(work.scope)
        chosen[(chosen < 0) & holds] = place
    _enrolment(work).leave(work.rows, work.days, refused=True)
    texts = Coded.of([one.reason for one in reasons])
    return work.result({"reason": texts.take(chosen)})


def end_trial(work: StepCall) -> None:
    """Let people's part in the trial be over with this day."""
    _enrolment(work).leave(work.rows, work.days, refused=False)


def record_adverse_event(work: StepCall) -> StepResult:
    """Note an adverse event; grade 5 is death on that day.

    Facts: `grade` (int32), `serious` (bool), `related`, `action`, `outcome` (Coded) and `lasts`
    (float64 days, NaN where it has no end).
    """
    step = work.occurrence.step
    if not isinstance(step, events.AdverseEvent):
        raise TypeError(type(step))
    details, size = step.details, len(work.rows)
    drawn = require_text(work.values("grade", details.grade))
    grades = np.array([*map(int, drawn.vocabulary), 0], dtype=np.int32)[drawn.codes]
    facts: Facts = {"grade": grades, "serious": _serious_mask(work, details.serious, grades)}
    for name in ("related", "action", "outcome"):
        said: Distribution | None = getattr(details, name)
        facts[name] = (
            Coded.constant(None, size) if said is None else require_text(work.values(name, said))
        )
    lasts = np.full(size, np.nan)
    if details.lasts_days is not None:
        lasts = np.maximum(np.rint(work.numbers("lasts_days", details.lasts_days)), 1)
    facts["lasts"] = lasts
    dead = work.rows[grades >= FATAL]
    work.record.death[dead] = np.minimum(work.record.death[dead], work.days[grades >= FATAL])
    last_days = work.days + np.nan_to_num(lasts, nan=1.0).astype(np.int32) - np.int32(1)
    return work.result(facts, last_days.astype(np.int32))


def _serious_mask(
    work: StepCall, said: Distribution | None, grade: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Tell which events are serious: from grade 4 on, and those of which it is said or drawn."""
    serious: NDArray[np.bool_] = grade >= SERIOUS_FROM
    if said is None:
        return serious
    drawn = work.values("serious", said)
    if isinstance(drawn, Coded):
        yes = np.array([*(word in YES for word in drawn.vocabulary), False], dtype=np.bool_)
        return serious | yes[drawn.codes]
    u = work.record.draws.uniform(f"{work.occurrence.address}/serious/drawn", work.rows)
    return serious | (u < drawn)


def record_exposure(work: StepCall) -> StepResult:
    """Give a dose; fact: `dose` (float64)."""
    step = work.occurrence.step
    if not isinstance(step, events.Exposure):
        raise TypeError(type(step))
    said = step.details.dose
    if isinstance(said, StateResult):
        variable = work.record.variables[said.from_]
        dose = variable.at(work.record.moment(work.rows, work.days))
        if said.noise is not None:
            dose = variable.clamp_and_round(dose + work.numbers("noise", said.noise))
    else:
        dose = work.numbers("dose", said)
    return work.result(
        {"dose": dose}, (work.days + np.int32(step.details.days - 1)).astype(np.int32)
    )


def _trial(work: StepCall) -> TrialSpec:
    trial = work.plan.journey.trial
    if trial is None:
        raise TypeError(f"{work.occurrence.address} is of a trial, and its journey has none")
    return trial


def _enrolment(work: StepCall) -> Enrolment:
    return work.record.enrolment(_trial(work).id)
