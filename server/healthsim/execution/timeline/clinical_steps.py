"""Steps of care: visits, results, conditions, prescriptions, referrals, care plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.loinc import loinc, panel
from healthsim.dates import Days
from healthsim.execution.body.specimen import Specimen
from healthsim.execution.people.courses import Course
from healthsim.execution.people.draws import Values, require_text
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.people.mentions import Mention
from healthsim.execution.timeline import safety
from healthsim.execution.timeline.facts import (
    CarePlanFacts,
    ImmunizationFacts,
    PrescriptionFacts,
    ResultFacts,
    VisitFacts,
)
from healthsim.execution.timeline.medications import has_taken, set_quit
from healthsim.execution.timeline.shown_ends import end_for_results
from healthsim.execution.timeline.step_call import StepCall, StepResult
from healthsim.medicine.effects import procedure_effects
from healthsim.medicine.problems import begins_condition, is_after_treatment, is_illness
from healthsim.medicine.removals import removed_by
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.journeys.changes import Stop
from healthsim.specification.journeys.details import (
    ClaimDetails,
    CodedDiagnosis,
    EncounterDetails,
    PrescriptionDetails,
    StateResult,
)
from healthsim.specification.journeys.events import (
    CarePlan,
    Claim,
    Diagnosis,
    Encounter,
    Immunization,
    Lab,
    Prescription,
    Procedure,
    Referral,
    Vital,
)
from healthsim.tables import Coded

FIRST_FILL_SHARE = 0.81  # new chronic prescriptions filled within 30 days: Franklin, JGIM 2018
ONE_FILL_SHARE = 0.78  # all e-prescriptions filled: Fischer, JGIM 2010
_MOST_NIGHTS = 3650
_URGENT = ("emergency", "observation", "inpatient")
_STAYS = ("observation", "inpatient")
_OTHER_HOSPITALS = ("02", "05", "09", "43", "63", "65", "66")
"""Discharge statuses of those whose care goes on in a hospital (NUBC manual, from memory)."""
_NIGHTS = {  # of a stay, where the event does not state them
    "inpatient": parse_distribution({"type": "gamma", "mean": 4.5, "sd": 3.5, "decimals": 0}),
    # mean 4.5 days: HCUP Statistical Brief 180 (2012); spread: assumption, right-skewed
    "snf": parse_distribution({"type": "gamma", "mean": 25, "sd": 15, "decimals": 0}),
    # assumption: about the 20 fully covered days of Medicare Part A
    "observation": parse_distribution(
        {"type": "bands", "bands": [{"low": 1, "high": 3, "weight": 1}], "decimals": 0}
    ),
    # assumption: one or two nights, below the two-midnight rule
}

Measured: TypeAlias = tuple[str, StateResult | Distribution | None, str]
"""LOINC code, its result as specified, prefix of its draws."""


def visit(call: StepCall[Encounter | Claim]) -> StepResult:
    """Draw the length of a stay and its disposition, and ask which diagnoses hold."""
    details = call.step.details
    nights = np.zeros(len(call.rows), dtype=np.int32)
    stay = details.los_days or _NIGHTS.get(details.encounter_class)
    if stay is not None:
        drawn = np.nan_to_num(call.numbers("los", stay))
        nights = np.clip(np.rint(drawn), 0, _MOST_NIGHTS).astype(np.int32)
    disposition = None
    if details.disposition is not None:
        disposition = require_text(call.values("disposition", details.disposition))
    last, mask = (call.days + nights).astype(np.int32), _diagnosis_mask(call, details)
    if isinstance(details, EncounterDetails):
        if details.encounter_class in _STAYS:
            _leave(call, disposition, last)
        _mention(call, details, mask, last)
        for code in _done(details):
            call.record.procedures[code].add(call.rows, call.days)
        for operation, modifiers in details.operations():
            _remove(call, operation, modifiers, (last + np.int32(1)).astype(np.int32))
    sent_on = np.zeros(len(call.rows), dtype=np.bool_)
    return call.result(VisitFacts(nights, mask, disposition, sent_on), last)


def _done(details: EncounterDetails) -> tuple[str, ...]:
    """Return the procedures of an encounter that a body may show: surgery, infusions."""
    services = (one if isinstance(one, str) else one.code for one in details.procedures or ())
    return (*details.icd10pcs, *(code for code in services if procedure_effects(code)))


def _remove(
    call: StepCall[Encounter | Claim] | StepCall[Procedure],
    operation: str,
    modifiers: tuple[str, ...],
    days: Days,
) -> None:
    """End the conditions that an operation removes, from people's days on."""
    for removal in removed_by(operation, modifiers):
        call.record.conditions.remove(removal, call.rows, days, call.cause)


def _leave(call: StepCall[Encounter | Claim], disposition: Coded | None, last: Days) -> None:
    """Note who leaves a stay for no other hospital: what a stay ends is over then."""
    leaves = np.ones(len(call.rows), dtype=np.bool_)
    if disposition is not None:
        leaves = ~np.any([disposition.equals(one) for one in _OTHER_HOSPITALS], axis=0)
    call.record.conditions.go_home(call.rows[leaves], call.days[leaves], last[leaves])


def _mention(
    call: StepCall[Encounter | Claim],
    details: EncounterDetails,
    mask: NDArray[np.int64],
    last: Days,
) -> None:
    """Begin or prolong the conditions that an encounter states.

    A code that a diagnosis of the encounter's own begins is left to it. Without a list, the code
    is the profile's primary condition. A visit after treatment begins and prolongs no illness: it
    ends those whose treatment is complete.
    """
    log, urgent = call.record.conditions, details.encounter_class in _URGENT
    visit = Mention(call.rows, call.days, last, call.cause, urgent)
    own = call.layout.diagnosed(call.due.number)
    codes = [one.code if isinstance(one, CodedDiagnosis) else one for one in details.diagnoses]
    states = [(mask >> np.int64(bit) & 1).astype(np.bool_) for bit in range(len(codes))]
    after = [state for code, state in zip(codes, states, strict=True) if is_after_treatment(code)]
    treated = np.any([np.zeros_like(mask), *after], axis=0)
    if treated.any():
        log.conclude(call.rows[treated], call.days[treated])
    for code, state in zip(codes, states, strict=True):
        if code not in own and begins_condition(code):
            log.mention(code, visit.take(state & ~(treated & is_illness(code))))
    primary = call.record.primary
    if primary is not None and primary not in own and begins_condition(primary):
        listed = mask & np.int64((1 << len(details.diagnoses)) - 1)
        log.mention(
            primary, visit.take((listed == 0) & (call.record.people.number[call.rows] == 1))
        )


def _diagnosis_mask(
    call: StepCall[Encounter | Claim], details: EncounterDetails | ClaimDetails
) -> NDArray[np.int64]:
    """Return which of the listed diagnoses hold for whom: int64, bit i for diagnosis i."""
    mask = np.zeros(len(call.rows), dtype=np.int64)
    for bit, diagnosis in enumerate(details.diagnoses or (None,)):
        holds = np.ones(len(call.rows), dtype=np.bool_)
        if isinstance(diagnosis, CodedDiagnosis) and diagnosis.when is not None:
            holds = diagnosis.when.holds(call.scope)
        mask |= holds.astype(np.int64) << np.int64(bit)
    return mask


def measure(call: StepCall[Lab | Vital]) -> StepResult:
    """Find the results of a lab or vital, of each member where it is a panel.

    What the specification states is measured as stated, in the panel's order; the body shows the
    rest, in agreement with it. A stated result that reads an unstated one waits for that one.
    """
    measured = _measured(call.step)
    usual = [code for code, result, _ in measured if result is None]
    found: dict[str, Values] = {}
    toxic = _toxic(call, measured)
    specimen = call.record.body.collect(call.rows, call.days)
    for code, result, prefix in measured:
        if result is not None:
            read = [other for other in usual if other not in found and _reads(result, other)]
            _show(call, specimen, read, found)
            found[code] = _possible(code, _stated_values(call, result, prefix))
            own = found[code]
            if code in toxic and not isinstance(own, Coded):
                found[code] = np.where(np.isnan(toxic[code]), own, toxic[code])
            _note(call, code, found[code])
    _show(call, specimen, [code for code in usual if code not in found], found)
    for code, _, _ in measured:
        numbers = _numbers(found[code])
        safety.stop_for_results(call.record, code, call.rows, call.days, numbers)
        end_for_results(call.record, code, call.rows, call.days, numbers)
    return call.result(ResultFacts({code: found[code] for code, _, _ in measured}))


def _toxic(
    call: StepCall[Lab | Vital], measured: Sequence[Measured]
) -> dict[str, NDArray[np.float64]]:
    """Return the results that adverse events have today, by LOINC; the body follows them.

    A result that the specification draws is left as it is; one that it reads from a state is not,
    since the adverse event is stated too, and of that day.
    """
    record = call.record
    if not record.toxicities.spells:
        return {}
    drawn = {code for code, result, _ in measured
             if result is not None and not isinstance(result, StateResult)}  # fmt: skip
    moment = record.moment(call.rows, call.days)
    results = record.toxicities.results(record.people, record.draws, moment)
    toxic = {code: values for code, values in results.items() if code not in drawn}
    if toxic:
        specimen = record.body.collect(call.rows, call.days)
        record.body.take_stated(toxic, specimen, frozenset(toxic))
    return toxic


def _show(
    call: StepCall[Lab | Vital], specimen: Specimen, codes: Sequence[str], found: dict[str, Values]
) -> None:
    """Add to `found` what the body shows of some codes, given what is stated so far."""
    measured = _measured(call.step)
    results = {code: result for code, result, _ in measured if result is not None}
    stated = {code: values for code, values in found.items()
              if code in results and not isinstance(values, Coded)}  # fmt: skip
    if codes or len(found) == len(measured):
        passing = frozenset(code for code in stated if isinstance(results[code], StateResult))
        call.record.body.take_stated(stated, specimen, passing)
    if codes:
        found |= call.record.body.measured(codes, specimen)
        for code in codes:
            _note(call, code, found[code])


def _note(call: StepCall[Lab | Vital], code: str, values: Values) -> None:
    """Add results to what conditions and formulas see."""
    call.record.results[code].add(call.rows, call.days, _numbers(values))


def _numbers(values: Values) -> NDArray[np.float64]:
    """Return results as numbers, float64; NaN for texts."""
    return np.full(len(values), np.nan) if isinstance(values, Coded) else values


def _reads(result: StateResult | Distribution, code: str) -> bool:
    """Tell whether a stated result reads the latest result of a code."""
    if isinstance(result, StateResult):
        return False
    return any(("last", code) in expression.calls for _, expression, _ in result.expressions())


def _measured(step: Lab | Vital) -> list[Measured]:
    """Return (LOINC, its result as specified, prefix of its draws) of everything measured."""
    if isinstance(step, Lab) and step.details.panel is not None:
        members, results = panel(step.details.panel), step.details.results
        return [(code, results.get(code), f"{code}/") for code in members]
    return [(step.details.loinc or "", step.details.result, "")]


def _stated_values(
    call: StepCall[Lab | Vital], result: StateResult | Distribution, prefix: str
) -> Values:
    """Return a result from the state, or from the specification's distribution."""
    if isinstance(result, StateResult):
        return call.measured_state(result, f"{prefix}noise")
    return call.values(f"{prefix}result", result)


def _possible(code: str, values: Values) -> Values:
    """Cut stated numbers to what the code book holds possible: the tails of a distribution."""
    row = loinc().rows.get(code)
    if row is None or isinstance(values, Coded):
        return values
    low = -np.inf if np.isnan(row.low) else row.low
    high = np.inf if np.isnan(row.high) else row.high
    return np.clip(values, low, high)


def perform(call: StepCall[Procedure]) -> StepResult:
    """Note that people had a procedure."""
    details, after = call.step.details, (call.days + np.int32(1)).astype(np.int32)
    call.record.procedures[details.code].add(call.rows, call.days)
    _remove(call, details.code, details.modifiers, after)
    return call.result(call.settled)


def diagnose(call: StepCall[Diagnosis]) -> StepResult:
    """Begin a condition."""
    call.record.conditions.begin(call.step.details.code, call.rows, call.days, call.cause)
    return call.result()


def prescribe(call: StepCall[Prescription]) -> StepResult:
    """Begin a course of a drug; the same ingredient, or what it replaces, is stopped.

    It ends where a journey that was walked before has begun the same ingredient on a later day.
    """
    details = call.step.details
    drug = drugs().find(details.drug, "details.drug")
    ingredient = drug.ingredient
    established = has_taken(call.record, ingredient, call.record.moment(call.rows, call.days))
    _stop_replaced(call, details, ingredient)
    supply = details.days_supply * (details.refills + 1)
    course = _begin_course(call, ingredient, (call.days + np.int32(supply)).astype(np.int32))
    following = call.record.courses.next_begin(ingredient, call.record.moment(call.rows, call.days))
    course.cut[:] = following < course.stop
    course.stop = np.minimum(course.stop, following).astype(np.int32)
    size = len(call.rows)
    first = np.full(size, FIRST_FILL_SHARE if details.refills else ONE_FILL_SHARE)
    if details.first_fill_share is not None:
        first = _unless_missing(call.numbers("first_fill_share", details.first_fill_share), 0.0)
    adherence = np.full(size, 1.0)
    if details.adherence is not None:
        adherence = _unless_missing(call.numbers("adherence", details.adherence), 1.0)
    filled = call.record.draws.uniform(call.decision("first_fill"), call.rows) < first
    course.address = call.due.address
    course.drug, course.taken = details.drug, np.where(filled, adherence, 0.0)
    quits = "discontinuation" in call.record.pharmacy_rules and details.refills > 0
    if quits and details.discontinuation == "usual":
        set_quit(call.record, course, drug, call.days, established)
    safety.stop_beside(call.record, details.drug, call.rows, call.days)
    call.record.courses.append(course)
    quit_day = np.full(size, FOREVER, dtype=np.int32) if course.quit is None else course.quit
    return call.result(PrescriptionFacts(course.stop, course.cut, first, adherence, quit_day))


def _unless_missing(values: NDArray[np.float64], instead: float) -> NDArray[np.float64]:
    return np.where(np.isnan(values), instead, values)


def _stop_replaced(
    call: StepCall[Prescription], details: PrescriptionDetails, ingredient: str
) -> None:
    replaced = {ingredient}
    if details.replaces is not None:
        named = drugs().rows.get(details.replaces)
        replaced.add(named.ingredient if named else details.replaces)
    moment = call.record.moment(call.rows, call.days)
    for one in replaced:
        for course in call.record.courses.going_on(one, moment):
            course.end(moment)


def _begin_course(
    call: StepCall[Prescription | CarePlan], ingredient: str, stop: NDArray[np.int32]
) -> Course:
    cut = np.zeros(len(call.rows), dtype=np.bool_)
    return Course(ingredient, call.rows, call.days, stop, cut, call.sources)


def immunize(call: StepCall[Immunization]) -> StepResult:
    """Give a dose of a vaccine, and number it."""
    record, step = call.record, call.step
    moment, birth = record.moment(call.rows, call.days), record.people.birth[call.rows]
    number, first, last = record.vaccinations.due(step, moment, birth, record.first_day[call.rows])
    record.vaccinations.add(step.details.cvx, call.rows, call.days)
    return call.result(ImmunizationFacts(number, (first <= call.days) & (call.days <= last)))


def refer(call: StepCall[Referral]) -> StepResult:
    """Refer people to a specialty."""
    call.record.referrals[call.step.details.specialty].add(call.rows, call.days)
    return call.result()


def begin_care_plan(call: StepCall[CarePlan]) -> StepResult:
    """Begin a care plan, which lasts until a step stops it."""
    plan = _begin_course(call, "", np.full(len(call.rows), FOREVER, dtype=np.int32))
    call.record.stoppable.append(plan)
    return call.result(CarePlanFacts(plan.stop))


def stop(call: StepCall[Stop]) -> StepResult:
    """End what the named step started, for those for whom it still goes on."""
    record = call.record
    moment = record.moment(call.rows, call.days)
    named = call.layout.occurrences_named(call.step.of)
    sources = np.array(named, dtype=np.int32) + np.int32(call.first_source)
    for course in (*record.courses, *record.stoppable):
        whose = course.begun_by(sources)
        if whose.any():
            course.end(moment, whose)
    for number, source in zip(named, sources.tolist(), strict=True):
        started = call.layout.occurrences[number].step
        if isinstance(started, Diagnosis):
            record.conditions.end(started.details.code, call.rows, call.days, source)
    return call.result()
