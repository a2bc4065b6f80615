"""What each kind of step does to the people to whom it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.loinc import panel
from healthsim.dates import NO_DAY, Days, add_months
from healthsim.execution.people.draws import Values
from healthsim.execution.people.logs import FOREVER, Course, Entry
from healthsim.execution.timeline.birth import bear
from healthsim.execution.timeline.branching import ways_of
from healthsim.execution.timeline.randomization import randomize, strata_of
from healthsim.execution.timeline.reference_values import healthy
from healthsim.execution.timeline.state import Move, Response, Trend, Wander
from healthsim.execution.timeline.trial_steps import end_trial, expose, screen, suffer, withdraw
from healthsim.execution.timeline.work import Done, Facts, Happening, Work
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


def do(work: Work) -> Done:
    """Work a step on the people to whom it has come."""
    return _WORKS[type(work.occurrence.step)](work)


def _visit(work: Work) -> Done:
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
        facts["disposition"] = _text(work.values("disposition", details.disposition))
    facts["said"] = _said(work, details)
    return work.done(facts, (work.days + nights).astype(np.int32))


def _said(work: Work, details: EncounterDetails | ClaimDetails) -> NDArray[np.int64]:
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


def _measure(work: Work) -> Done:
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
    return work.done(facts)


def _result(
    work: Work, code: str, result: StateResult | Distribution | None, prefix: str
) -> Values:
    """Find a result: from the state, from the spec's distribution, or from the code book's."""
    if isinstance(result, StateResult):
        variable = work.record.variables[result.from_]
        value = variable.at(work.record.moment(work.rows, work.days))
        if result.noise is not None:
            value = variable.settle(value + work.numbers(f"{prefix}noise", result.noise))
        return value
    if result is not None:
        return work.values(f"{prefix}result", result)
    return healthy(
        work.record, code, f"{work.occurrence.address}/{prefix}result", work.rows, work.days
    )


def _diagnose(work: Work) -> Done:
    step = work.occurrence.step
    if not isinstance(step, events.Diagnosis):
        raise TypeError(type(step))
    work.record.problems.begin(step.details.code, work.rows, work.days, work.source)
    return work.done()


def _prescribe(work: Work) -> Done:
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
    return work.done(
        {"stop": course.stop, "cut": course.cut, "first_fill_share": first, "adherence": adherence}
    )


def _refer(work: Work) -> Done:
    step = work.occurrence.step
    if not isinstance(step, events.Referral):
        raise TypeError(type(step))
    work.record.referrals[step.details.specialty].add(work.rows, work.days)
    return work.done()


def _enroll(work: Work) -> Done:
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
    return work.done()


def _disenroll(work: Work) -> Done:
    step = work.occurrence.step
    if not isinstance(step, events.Disenrollment):
        raise TypeError(type(step))
    work.record.coverage.close(work.rows, work.days, step.details.reason)
    return work.done()


def _die(work: Work) -> Done:
    work.record.death[work.rows] = work.days
    return work.done()


def _end(work: Work) -> Done:
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
        work.over[work.rows] = work.days
    return work.done()


def _bear(work: Work) -> Done:
    """Let mothers bear; the birth befalls the newborns too, as the first thing in their life."""
    step = work.occurrence.step
    if not isinstance(step, events.Birth):
        raise TypeError(type(step))
    mothers = (work.rows, work.days, work.scope)
    born = bear(work.occurrence, step, work.source, mothers, work.record)
    rows = np.concatenate([work.rows, born.rows])
    order = np.argsort(rows, kind="stable")
    option = np.where(order >= len(work.rows), np.int32(0), np.int32(-1))
    days = np.concatenate([work.days, born.days])[order]
    told: Facts = {"option": Coded(option, ("born",))}
    return Done(Happening(work.journey, work.occurrence, rows[order], days, told), work.days)


def _change(work: Work) -> Done:
    step = work.occurrence.step
    if not isinstance(step, Change):
        raise TypeError(type(step))
    work.record.variables[step.state].move(_move(work, step))
    return work.done()


def _move(work: Work, step: Change) -> Move:
    if step.noise is not None:
        address, draws = work.occurrence.address, work.record.draws
        return Wander(
            Entry(work.rows, work.days, np.zeros(len(work.rows))),
            last=_last(work, step.lasts),
            closed=work.closed,
            sd=step.noise.sd,
            every_days=step.noise.every_days,
            keeps=step.noise.keeps,
            uniform=lambda period: draws.uniform(f"{address}/noise#{period}"),
        )
    name = next(name for name in ("by", "to", "per_year") if getattr(step, name) is not None)
    entry = Entry(work.rows, work.days, work.numbers(name, getattr(step, name)))
    if step.per_year is not None:
        return Trend(entry, last=_last(work, step.lasts), closed=work.closed)
    over = step.over.days if step.over is not None else 0
    if step.while_taking is not None:
        return Response(
            entry,
            over_days=over,
            ingredient=step.while_taking,
            washout_days=step.washout_days,
            courses=work.record.courses,
        )
    return Move(entry, step.to is not None, over)


def _last(work: Work, lasts: Length | None) -> Days | None:
    return None if lasts is None else later(work.days, lasts)


def later(days: Days, length: Length) -> Days:
    """Return the days that lie a length of time after others."""
    if length.days is not None:
        return (days + np.int32(length.days)).astype(np.int32)
    return add_months(days, (length.months or 0) + 12 * (length.years or 0))


def _branch(work: Work) -> Done:
    step = work.occurrence.step
    if not isinstance(step, Branch):
        raise TypeError(type(step))
    ways = ways_of(work, step) if work.ways is None else work.ways
    done = work.done({"way": ways})
    return Done(done.happening, done.last_days, ways)


def _randomize(work: Work) -> Done:
    trial = work.plan.journey.trial
    if trial is None:
        raise TypeError("a randomization needs the journey's trial")
    strata = strata_of(work, trial.strata)
    return randomize(work, strata, (trial.arms, trial.block_size))


def _wait(work: Work) -> Done:
    ways = work.ways
    if ways is None:
        raise TypeError("a wait is over one way or the other")
    done = work.done({"option": Coded(ways, ("met", "limit"))})
    return Done(done.happening, done.last_days, ways)


def _enter(work: Work) -> Done:
    step = work.occurrence.step
    if not isinstance(step, StageEntry):
        raise TypeError(type(step))
    return work.done({"option": Coded.constant(step.stage.name, len(work.rows))})


def _planned(work: Work) -> Done:
    """Note a protocol's visit: `dated` tells when it was planned and whether it took place."""
    missed, late = (np.asarray(work.dated[name]) for name in ("missed", "deviation"))
    option = np.where(missed, 0, np.where(late, 1, -1)).astype(np.int32)
    return work.done({**work.dated, "option": Coded(option, ("missed", "deviation"))})


def _care(work: Work) -> Done:
    size = len(work.rows)
    course = Course("", work.rows, work.days, np.full(size, FOREVER, dtype=np.int32),
                    np.zeros(size, dtype=np.bool_), work.source)  # fmt: skip
    work.record.care_plans.append(course)
    return work.done({"stop": course.stop})


def _stop(work: Work) -> Done:
    """End what the named step started, for those in whom it still goes on."""
    step, record = work.occurrence.step, work.record
    if not isinstance(step, Stop):
        raise TypeError(type(step))
    moment = record.moment(work.rows, work.days)
    for number in work.plan.meant(step.of):
        source, started = work.first_source + number, work.plan.occurrences[number].step
        for course in (*record.courses, *record.care_plans):
            if course.source == source:
                course.end(moment)
        if isinstance(started, events.Diagnosis):
            record.problems.end(started.details.code, work.rows, work.days, source)
    return work.done()


def _note(work: Work) -> Done:
    return work.done()


def _text(values: Values) -> Coded:
    if isinstance(values, Coded):
        return values
    raise TypeError("a number stands where a text is needed")


_WORKS: Mapping[type[StepHead], Callable[[Work], Done]] = {
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
    events.Birth: _bear,
    events.Screening: screen,
    events.AdverseEvent: suffer,
    events.Exposure: expose,
    events.Withdrawal: withdraw,
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
