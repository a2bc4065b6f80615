"""What each kind of step does to the people to whom it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.loinc import panel
from healthsim.dates import NO_DAY, Days, add_months
from healthsim.execution.people.draws import Values, require_text
from healthsim.execution.people.logs import FOREVER, Course, LogEntry
from healthsim.execution.timeline.birth import deliver
from healthsim.execution.timeline.branching import choose_options
from healthsim.execution.timeline.randomization import randomize, stratum_labels
from healthsim.execution.timeline.reference_values import reference_value
from healthsim.execution.timeline.state import AR1Noise, DrugResponse, LinearTrend, StateChange
from healthsim.execution.timeline.trial_steps import (
    end_trial,
    record_adverse_event,
    record_exposure,
    record_screening,
    record_withdrawal,
)
from healthsim.execution.timeline.work import Facts, OccurrenceRows, StepCall, StepResult
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.journeys import events
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.changes import Change, End, Stop
from healthsim.specification.journeys.details import (
    ClaimDetails,
    CodedDiagnosis,
    EncounterDetails,
    StateResult,
)
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.plan import StageEntry
from healthsim.specification.journeys.repeats import ProtocolVisit
from healthsim.specification.journeys.stages import Wait
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import Length
from healthsim.tables import Coded

STAYS = frozenset({"inpatient", "snf", "observation"})
FIRST_FILL_SHARE = 0.81  # new chronic prescriptions filled within 30 days: Franklin, JGIM 2018
ONE_FILL_SHARE = 0.78  # all e-prescriptions filled: Fischer, JGIM 2010
_STAY = {  # nights, where the event says nothing
    "inpatient": parse_distribution({"type": "gamma", "mean": 4.5, "sd": 3.5, "decimals": 0}),
    # mean 4.5 days: HCUP Statistical Brief 180 (2012); spread: assumption, right-skewed
    "snf": parse_distribution({"type": "gamma", "mean": 25, "sd": 15, "decimals": 0}),
    # assumption: about the 20 fully covered days of Medicare Part A
    "observation": parse_distribution({"type": "bands", "bands": [
        {"low": 1, "high": 3, "weight": 1}], "decimals": 0}),
    # assumption: one or two nights, below the two-midnight rule
}  # fmt: skip


def execute_step(work: StepCall) -> StepResult:
    """Work a step on the people to whom it has come."""
    return _WORKS[type(work.occurrence.step)](work)


def _visit(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, events.Encounter | events.Claim):
        raise TypeError(type(step))
    details = step.details
    nights = np.zeros(len(work.rows), dtype=np.int32)
    stay = details.los_days or _STAY.get(details.encounter_class)
    if stay is not None:
        drawn = np.nan_to_num(work.numbers("los", stay))
        nights = np.clip(np.rint(drawn), 0, 3650).astype(np.int32)
    facts: Facts = {"nights": nights}
    if details.disposition is not None:
        facts["disposition"] = require_text(work.values("disposition", details.disposition))
    facts["said"] = _diagnosis_mask(work, details)
    return work.result(facts, (work.days + nights).astype(np.int32))


def _diagnosis_mask(work: StepCall, details: EncounterDetails | ClaimDetails) -> NDArray[np.int64]:
    """Return which of the listed diagnoses hold for whom: int64, bit i for diagnosis i."""
    said = np.zeros(len(work.rows), dtype=np.int64)
    listed = len(details.diagnoses) or 1
    for place in range(listed):
        diagnosis = details.diagnoses[place] if details.diagnoses else None
        holds = np.ones(len(work.rows), dtype=np.bool_)
        if isinstance(diagnosis, CodedDiagnosis) and diagnosis.when is not None:
            holds = diagnosis.when.holds(work.scope)
        said |= holds.astype(np.int64) << np.int64(place)
    return said


def _measure(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, events.Lab | events.Vital):
        raise TypeError(type(step))
    group = getattr(step.details, "panel", None)
    if group is None:
        wanted: Mapping[str, StateResult | Distribution | None] = {
            step.details.loinc or "": step.details.result
        }
        prefix = ""
    else:
        results = step.details.results if isinstance(step, events.Lab) else {}
        wanted = {code: results.get(code) for code in panel(group)}
        prefix = "/"
    facts: Facts = {}
    for code, result in wanted.items():
        found = _result(work, code, result, f"{code}/" if prefix else "")
        number = np.full(len(work.rows), np.nan) if isinstance(found, Coded) else found
        work.record.results[code].add(work.rows, work.days, number)
        facts[code] = found
    return work.result(facts)


def _result(
    work: StepCall, code: str, result: StateResult | Distribution | None, prefix: str
) -> Values:
    """Find a result: from the state, from the spec's distribution, or from the code book's."""
    if isinstance(result, StateResult):
        variable = work.record.variables[result.from_]
        value = variable.at(work.record.moment(work.rows, work.days))
        if result.noise is not None:
            value = variable.clamp_and_round(value + work.numbers(f"{prefix}noise", result.noise))
        return value
    if result is not None:
        return work.values(f"{prefix}result", result)
    return reference_value(
        work.record, code, f"{work.occurrence.address}/{prefix}result", work.rows, work.days
    )


def _diagnose(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, events.Diagnosis):
        raise TypeError(type(step))
    work.record.conditions.begin(step.details.code, work.rows, work.days, work.source)
    return work.result()


def _prescribe(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, events.Prescription):
        raise TypeError(type(step))
    details, record = step.details, work.record
    drug = drugs().find(details.drug, "details.drug")
    moment = record.moment(work.rows, work.days)
    replaced = {drug.ingredient}
    if details.replaces is not None:
        named = drugs().rows.get(details.replaces)
        replaced.add(named.ingredient if named else details.replaces)
    for course in record.courses:
        if course.ingredient in replaced:
            course.end(moment)
    supply = details.days_supply * (details.refills + 1)
    stop = (work.days + np.int32(supply)).astype(np.int32)
    course = Course(
        drug.ingredient, work.rows, work.days, stop, np.zeros(len(stop), np.bool_), work.source
    )
    record.courses.append(course)
    size = len(work.rows)
    share = FIRST_FILL_SHARE if details.refills else ONE_FILL_SHARE
    first = np.full(size, share)
    if details.first_fill_share is not None:
        first = work.numbers("first_fill_share", details.first_fill_share)
    adherence = np.full(size, 1.0)
    if details.adherence is not None:
        adherence = work.numbers("adherence", details.adherence)
    return work.result(
        {"stop": course.stop, "cut": course.cut, "first_fill_share": first, "adherence": adherence}
    )


def _refer(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, events.Referral):
        raise TypeError(type(step))
    work.record.referrals[step.details.specialty].add(work.rows, work.days)
    return work.result()


def _enroll(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, events.Enrollment):
        raise TypeError(type(step))
    record, rows, days = work.record, work.rows, work.days
    own = record.coverage.spans[0]
    if step.details.plan is None:
        waiting = (own.opened_by[rows] < 0) & (own.reason[rows] < 0)
        begin = np.where(own.plan[rows] >= 0, days, NO_DAY)
        own.begin[rows[waiting]] = begin[waiting]
        own.opened_by[rows[waiting]] = work.source
        rows, days = rows[~waiting], days[~waiting]
        plan = own.plan[rows]
    else:
        plan = np.full(len(rows), record.plans.index(step.details.plan), dtype=np.int32)
    if len(rows):
        record.coverage.open(
            work.occurrence.address, rows[plan >= 0], days[plan >= 0], plan[plan >= 0], work.source
        )
    return work.result()


def _disenroll(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, events.Disenrollment):
        raise TypeError(type(step))
    work.record.coverage.close(work.rows, work.days, step.details.reason)
    return work.result()


def _die(work: StepCall) -> StepResult:
    work.record.death[work.rows] = work.days
    return work.result()


def _end(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, End):
        raise TypeError(type(step))
    if step.scope == "person":
        return _die(work)
    if step.scope == "coverage":
        work.record.coverage.close(work.rows, work.days, step.reason or "ended")
    elif step.scope == "trial":
        end_trial(work)
    else:
        work.journey_end[work.rows] = work.days
    return work.result()


def _deliver(work: StepCall) -> StepResult:
    """Let mothers bear; the birth befalls the newborns too, as the first thing in their life."""
    step = work.occurrence.step
    if not isinstance(step, events.Birth):
        raise TypeError(type(step))
    mothers = (work.rows, work.days, work.scope)
    born = deliver(work.occurrence, step, work.source, mothers, work.record)
    rows = np.concatenate([work.rows, born.rows])
    order = np.argsort(rows, kind="stable")
    option = np.where(order >= len(work.rows), np.int32(0), np.int32(-1))
    days = np.concatenate([work.days, born.days])[order]
    told: Facts = {"option": Coded(option, ("born",))}
    return StepResult(
        OccurrenceRows(work.journey, work.occurrence, rows[order], days, told), work.days
    )


def _change(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, Change):
        raise TypeError(type(step))
    work.record.variables[step.state].add_change(_move(work, step))
    return work.result()


def _move(work: StepCall, step: Change) -> StateChange:
    if step.noise is not None:
        address, draws = work.occurrence.address, work.record.draws
        return AR1Noise(
            LogEntry(work.rows, work.days, np.zeros(len(work.rows))),
            last=_last(work, step.lasts),
            closed=work.scope_ends,
            sd=step.noise.sd,
            every_days=step.noise.every_days,
            keeps=step.noise.keeps,
            uniform=lambda period: draws.uniform(f"{address}/noise#{period}"),
        )
    name = next(name for name in ("by", "to", "per_year") if getattr(step, name) is not None)
    entry = LogEntry(work.rows, work.days, work.numbers(name, getattr(step, name)))
    if step.per_year is not None:
        return LinearTrend(entry, last=_last(work, step.lasts), closed=work.scope_ends)
    over = step.over.days if step.over is not None else 0
    if step.while_taking is not None:
        return DrugResponse(
            entry,
            over_days=over,
            ingredient=step.while_taking,
            washout_days=step.washout_days,
            courses=work.record.courses,
        )
    return StateChange(entry, step.to is not None, over)


def _last(work: StepCall, lasts: Length | None) -> Days | None:
    return None if lasts is None else add_length(work.days, lasts)


def add_length(days: Days, length: Length) -> Days:
    """Return the days that lie a length of time after others."""
    if length.days is not None:
        return (days + np.int32(length.days)).astype(np.int32)
    return add_months(days, (length.months or 0) + 12 * (length.years or 0))


def _branch(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, Branch):
        raise TypeError(type(step))
    ways = choose_options(work, step) if work.options is None else work.options
    done = work.result({"way": ways})
    return StepResult(done.happening, done.last_days, ways)


def _randomize(work: StepCall) -> StepResult:
    trial = work.plan.journey.trial
    if trial is None:
        raise TypeError("a randomization needs the journey's trial")
    strata = stratum_labels(work, trial.strata)
    return randomize(work, strata, (trial.arms, trial.block_size))


def _wait(work: StepCall) -> StepResult:
    ways = work.options
    if ways is None:
        raise TypeError("a wait is over one way or the other")
    done = work.result({"option": Coded(ways, ("met", "limit"))})
    return StepResult(done.happening, done.last_days, ways)


def _enter(work: StepCall) -> StepResult:
    step = work.occurrence.step
    if not isinstance(step, StageEntry):
        raise TypeError(type(step))
    return work.result({"option": Coded.constant(step.stage.name, len(work.rows))})


def _planned(work: StepCall) -> StepResult:
    """Note a protocol's visit: `dated` tells when it was planned and whether it took place."""
    missed, late = (np.asarray(work.schedule_facts[name]) for name in ("missed", "deviation"))
    option = np.where(missed, 0, np.where(late, 1, -1)).astype(np.int32)
    return work.result({**work.schedule_facts, "option": Coded(option, ("missed", "deviation"))})


def _care(work: StepCall) -> StepResult:
    size = len(work.rows)
    course = Course("", work.rows, work.days, np.full(size, FOREVER, dtype=np.int32),
                    np.zeros(size, dtype=np.bool_), work.source)  # fmt: skip
    work.record.care_plans.append(course)
    return work.result({"stop": course.stop})


def _stop(work: StepCall) -> StepResult:
    """End what the named step started, for those in whom it still goes on."""
    step, record = work.occurrence.step, work.record
    if not isinstance(step, Stop):
        raise TypeError(type(step))
    moment = record.moment(work.rows, work.days)
    for number in work.plan.occurrences_named(step.of):
        source, started = work.first_source + number, work.plan.occurrences[number].step
        for course in (*record.courses, *record.care_plans):
            if course.source == source:
                course.end(moment)
        if isinstance(started, events.Diagnosis):
            record.conditions.end(started.details.code, work.rows, work.days, source)
    return work.result()


def _note(work: StepCall) -> StepResult:
    return work.result()


_WORKS: Mapping[type[StepHead], Callable[[StepCall], StepResult]] = {
    events.Encounter: _visit,
    events.Claim: _visit,
    events.Diagnosis: _diagnose,
    events.Lab: _measure,
    events.Vital: _measure,
    events.Procedure: _note,
    events.Immunization: _note,
    events.Prescription: _prescribe,
    events.Referral: _refer,
    events.Enrollment: _enroll,
    events.Disenrollment: _disenroll,
    events.Death: _die,
    events.Randomization: _randomize,
    events.Birth: _deliver,
    events.Screening: record_screening,
    events.AdverseEvent: record_adverse_event,
    events.Exposure: record_exposure,
    events.Withdrawal: record_withdrawal,
    Change: _change,
    Branch: _branch,
    End: _end,
    Wait: _wait,
    ProtocolVisit: _planned,
    events.CarePlan: _care,
    Stop: _stop,
    events.TrialVisit: _visit,
    Include: _note,
    StageEntry: _enter,
}
