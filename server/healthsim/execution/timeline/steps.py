"""The handler of each kind of step: the table of all, and those of coverage and of ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from healthsim.dates import NO_DAY
from healthsim.execution.timeline import clinical_steps, trial_steps
from healthsim.execution.timeline.birth import deliver
from healthsim.execution.timeline.branching import choose_options
from healthsim.execution.timeline.facts import OptionFacts
from healthsim.execution.timeline.randomization import randomize
from healthsim.execution.timeline.state_steps import change_state
from healthsim.execution.timeline.step_call import S, StepCall, StepResult
from healthsim.execution.timeline.tumors import assess
from healthsim.specification.journeys import events
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.changes import Change, End, Stop
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.plan import StageEntry
from healthsim.specification.journeys.repeats import ProtocolVisit
from healthsim.specification.journeys.stages import Wait
from healthsim.specification.journeys.step import StepHead
from healthsim.tables import Coded

Handler: TypeAlias = Callable[[StepCall[Any]], StepResult]


def execute_step(call: StepCall[StepHead]) -> StepResult:
    """Do a step for the people who have reached it."""
    return _HANDLERS[type(call.step)](call)


def _enroll(call: StepCall[events.Enrollment]) -> StepResult:
    """Cover people by the step's plan; without one, by the plan that the profile gives them.

    The first enrollment in the profile's plan sets the day on which that coverage begins.
    """
    record, rows, days = call.record, call.rows, call.days
    own = record.coverage.spans[0]
    name = call.step.details.plan
    named = own.plan[rows] if name is None else np.full(len(rows), record.plans.index(name))
    plan = named.astype(np.int32)
    begins = record.coverage.first_days(rows, days, plan)
    may = begins <= record.coverage.last_day(rows, plan)
    rows, days, plan = rows[may], days[may], plan[may]
    if name is None:
        waiting = (own.opened_by[rows] < 0) & (own.reason[rows] < 0)
        first = rows[waiting]
        own.begin[first] = NO_DAY
        begin = record.coverage.first_days(first, days[waiting], own.plan[first])
        own.begin[first] = np.where(own.plan[first] >= 0, begin, NO_DAY)
        own.opened_by[first], own.opened_on[first] = call.source, days[waiting]
        rows, days = rows[~waiting], days[~waiting]
        plan = plan[~waiting]
    if len(rows):
        covered = plan >= 0
        record.coverage.open(
            call.occurrence.address, rows[covered], days[covered], plan[covered], call.source
        )
    return call.result()


def _disenroll(call: StepCall[events.Disenrollment]) -> StepResult:
    details = call.step.details
    call.record.coverage.close(call.rows, call.days, details.reason, unpaid=details.unpaid)
    return call.result()


def _die(call: StepCall[events.Death | End]) -> StepResult:
    call.record.death[call.rows] = call.days
    return call.result()


def _end(call: StepCall[End]) -> StepResult:
    """End what the step's scope names: a life, coverage, a trial or the journey."""
    step = call.step
    if step.scope == "person":
        return _die(call)
    if step.scope == "coverage":
        call.record.coverage.close(call.rows, call.days, step.reason or "ended")
    elif step.scope == "trial":
        call.enrolment.leave(call.rows, call.days, refused=False)
    else:
        call.journey_end[call.rows] = call.days
    return call.result()


def _branch(call: StepCall[Branch]) -> StepResult:
    return call.result(call.settled or choose_options(call))


def _enter_stage(call: StepCall[StageEntry]) -> StepResult:
    return call.result(OptionFacts(Coded.constant(call.step.stage.name, len(call.rows))))


def _as_settled(call: StepCall[StepHead]) -> StepResult:
    """Return what was settled with the step's day; nothing, for a step that only takes place."""
    return call.result(call.settled)


def _handled(
    kind: type[S], handler: Callable[[StepCall[S]], StepResult]
) -> tuple[type[StepHead], Handler]:
    """Return a row of the table; the type checker sees that the handler takes such a step."""
    return kind, handler


_HANDLERS: Mapping[type[StepHead], Handler] = dict(
    (
        _handled(events.Encounter, clinical_steps.visit),
        _handled(events.TrialVisit, clinical_steps.visit),
        _handled(events.Claim, clinical_steps.visit),
        _handled(events.Diagnosis, clinical_steps.diagnose),
        _handled(events.Lab, clinical_steps.measure),
        _handled(events.Vital, clinical_steps.measure),
        _handled(events.Procedure, clinical_steps.perform),
        _handled(events.Immunization, clinical_steps.immunize),
        _handled(events.Prescription, clinical_steps.prescribe),
        _handled(events.Referral, clinical_steps.refer),
        _handled(events.CarePlan, clinical_steps.begin_care_plan),
        _handled(Stop, clinical_steps.stop),
        _handled(events.Enrollment, _enroll),
        _handled(events.Disenrollment, _disenroll),
        _handled(events.Birth, deliver),
        _handled(events.Death, _die),
        _handled(events.Screening, trial_steps.screen),
        _handled(events.Randomization, randomize),
        _handled(events.AdverseEvent, trial_steps.record_adverse_event),
        _handled(events.TumorAssessment, assess),
        _handled(events.UsualAdverseEvents, _as_settled),
        _handled(events.Exposure, trial_steps.give_dose),
        _handled(events.Withdrawal, trial_steps.withdraw),
        _handled(Change, change_state),
        _handled(Branch, _branch),
        _handled(Wait, _as_settled),
        _handled(ProtocolVisit, _as_settled),
        _handled(StageEntry, _enter_stage),
        _handled(Include, _as_settled),
        _handled(End, _end),
    )
)
