"""Why rows of the chart are as they are: encounters, diagnoses, conditions, results."""

from __future__ import annotations

import numpy as np

from healthsim.codes.icd10cm import COMBINATIONS, combined
from healthsim.dates import day_of, iso
from healthsim.execution.sync.visits.care_team import ON_DUTY
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.birth_size import FROM_PROFILE
from healthsim.execution.trace.walk import DIAGNOSIS
from healthsim.medicine.coding import long_term_drugs, order_rules
from healthsim.medicine.measured_codes import measure_of
from healthsim.medicine.obstetrics import Stage, form_of
from healthsim.medicine.problems import usual_course
from healthsim.operations.explaining.bodies import body_draws, body_words
from healthsim.operations.explaining.case import Reasons, RowCase, SourceOccurrence, number
from healthsim.operations.explaining.people import explain_profile_condition
from healthsim.operations.explaining.steps import asked_of, condition_line, explain_step
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.events import Birth, Claim, Diagnosis, Encounter, Lab, Vital

_UNCLEAR = {
    "U": "it began after admission, and the record does not document that",
    "W": "whether it was there on admission cannot be determined",
}
"""Indicators of few stays (execution/sync/visits/diagnosis_lists.py)."""


def explain_event(case: RowCase) -> Reasons:
    """Say why something of a journey is there."""
    if case.source is None:
        return Reasons()
    return explain_step(case, case.source)


def visit_of(case: RowCase, source: SourceOccurrence) -> VisitRows | None:
    """Return the completed visit that an occurrence is, of the unit made again."""
    if case.trace is None:
        return None
    return next((visit for visit in case.trace.ctx.visits.values()
                 if visit.occurrence.address == source.occurrence.address), None)  # fmt: skip


def explain_encounter(case: RowCase) -> Reasons:
    """Say why an encounter is there, how long it took, who treated, and where."""
    reasons = explain_event(case)
    source = case.source
    visit = None if source is None else visit_of(case, source)
    if source is None or visit is None or not isinstance(source.occurrence.step, Encounter):
        return reasons
    details = source.occurrence.step.details
    stated = "stated" if details.specialty else "usual for the class"
    duty = visit.specialty in ON_DUTY or details.clinician == "duty"
    who = "whoever is on duty, drawn for this event" if duty else "the person's own, kept for life"
    reasons.because.append(f"clinician: {visit.specialty} ({stated}), {who}")
    hour = case.draw(f"{source.occurrence.address}/hour")
    if hour is not None:
        reasons.because.append(
            f"hour and length: uniform {number(hour.uniform)} over the hours of its class "
            "(execution/sync/visits/visits.py: assumption)"
        )
    if case.row.get("drg"):
        reasons.because.append(f"DRG {case.row['drg']}: stated by the step")
    if case.row.get("parent_encounter_id"):
        reasons.because.append("it led to a stay of the same person within a day (parent)")
    return reasons


def explain_encounter_diagnosis(case: RowCase) -> Reasons:
    """Say why a code is on an encounter: listed, primary, held by the person, or combined."""
    reasons = explain_event(case)
    code = str(case.row["code"])
    source = case.source
    listed = _listed(source)
    primary = case.job.profile.clinical.primary
    if code in listed:
        why = "listed by the step (details.diagnoses)"
    elif primary is not None and primary.code == code:
        why = "the person's primary condition (profile.clinical.primary)"
    elif rules := _becoming(code, (*listed, *_held(case))):
        why = rules
    else:
        why = _added(case, code, listed) or "a condition that the person has on that day"
    if case.row.get("poa") == "N":
        why += "; it began after admission"
    elif case.row.get("poa") in _UNCLEAR:
        why += f"; {_UNCLEAR[str(case.row['poa'])]}"
    reasons.because.insert(0, f"{code} at place {case.row['sequence']}: {why}")
    if source is not None:
        reasons.because += [condition_line(asked) for asked in
                            asked_of(case, source.occurrence, case.person_id)
                            if asked.where == f"{DIAGNOSIS}[{code}].when"]  # fmt: skip
    return reasons


def _added(case: RowCase, code: str, listed: list[str]) -> str:
    """Say which rule of coding adds a code that neither the step lists nor the person has."""
    source, stated = case.source, [*listed, *_held(case)]
    if source is not None and code in source.layout.diagnosed(source.occurrence.number):
        return "diagnosed during the visit, by a step inside it"
    if any(rule.code == code for rule in long_term_drugs()):
        return "a drug that the person takes for long (medicine/data/long_term_drugs.csv)"
    if code.startswith("Z3A"):
        return "the week of the pregnancy on that day (medicine/obstetrics.py)"
    for other in stated:
        if other.startswith("O") and code in {form_of(other, stage) for stage in Stage}:
            return f"{other} as it is coded at and after birth (medicine/data/childbirth_codes.csv)"
    for rule in order_rules():
        if rule.add and code.startswith(rule.first) and any(map(rule.is_behind, stated)):
            return f"ICD-10-CM asks for it before {rule.then} (medicine/data/code_order.csv)"
    return ""


def _listed(source: SourceOccurrence | None) -> list[str]:
    """Return the codes that the step of an encounter or claim lists."""
    step = None if source is None else source.occurrence.step
    if not isinstance(step, Encounter | Claim):
        return []
    return [str(getattr(diagnosis, "code", diagnosis)) for diagnosis in step.details.diagnoses]


def _held(case: RowCase) -> list[str]:
    """Return the codes that a specification gives the person, before they are combined."""
    if case.trace is None:
        return []
    record = case.trace.ctx.record
    position = int(np.searchsorted(record.people.person_id, case.person_id))
    return list(dict.fromkeys(
        episode.code for episode in record.conditions.episodes()
        if (episode.holds & (episode.rows == position)).any()
    ))  # fmt: skip


def _becoming(code: str, stated: tuple[str, ...]) -> str:
    """Say which rule of the classification turns stated codes into a code; else nothing."""
    for rule in COMBINATIONS:
        causes = [one for one in stated if one.startswith(rule.code)]
        partners = [one for one in (*stated, *combined(stated))
                    if any(one.startswith(prefix) for prefix in rule.with_)]  # fmt: skip
        if rule.becomes == code and causes and partners:
            return (f"{causes[0]} with {partners[0]} is coded {code} (ICD-10-CM guidelines, "
                    "codes/icd10cm.py)")  # fmt: skip
    return ""


def explain_condition(case: RowCase) -> Reasons:
    """Say where a condition comes from, and by which rule it has its code."""
    address = case.address_of("conditions", case.row["condition_id"]) or ""
    begun, _, became = address.partition("+")[0].partition(">")
    stated = became or begun.partition("@")[0]
    if case.source is not None:
        reasons = explain_step(case, case.source)
    else:
        reasons = explain_profile_condition(case, begun.partition("@")[0])
    code = str(case.row["code"])
    if code != stated:
        rule = _becoming(code, (stated, *_held(case)))
        reasons.because.insert(0, rule or f"{stated} is coded {code} (codes/icd10cm.py)")
    onset = f"onset {case.row['onset_date']}"
    reasons.because += _course_words(case, begun.partition("@")[0], became)
    if became:
        return reasons
    if (measure := measure_of(stated)) is not None and _is_of_birth(case, begun):
        reasons.because.append(f"{onset}: the birthday; {_birth_words(case, stated, measure)}")
        return reasons
    if case.source is not None and isinstance(case.source.occurrence.step, Diagnosis):
        reasons.because.append(f"{onset}: the day of the diagnosis")
    elif case.source is not None:
        reasons.because.append(f"{onset}: the first visit that states it")
    elif not any("onset" in str(draw[0]) for draw in reasons.draws):
        reasons.because.append(f"{onset}: the first day of the person's first journey")
    return reasons


def _is_of_birth(case: RowCase, address: str) -> bool:
    """Tell whether a condition follows from size at birth, and nothing states it."""
    born = case.source is not None and isinstance(case.source.occurrence.step, Birth)
    return born or address.endswith(f"@{FROM_PROFILE}")


def _birth_words(case: RowCase, code: str, measure: str) -> str:
    """Say which weight or week at birth a code stands for, and what this person's was."""
    words = f"{code} follows from {measure.replace('_', ' ')} (medicine/data/measured_codes.csv)"
    if case.trace is None:
        return words
    people, size = case.trace.ctx.people, case.trace.ctx.record.body.size
    rows = np.searchsorted(people.person_id, [case.person_id])
    weight = size.bmi(rows, people.birth[rows]) * (size.height(rows, people.birth[rows]) / 100) ** 2
    weeks = size.gestation_weeks(rows)[0]
    return f"{words}: {1000 * weight[0]:.0f} g at {weeks:.1f} weeks"


def _course_words(case: RowCase, code: str, became: str) -> list[str]:
    """Say by which rule of the problem list a condition has ended or follows another."""
    course = usual_course(code)
    rule = f"{course.prefix or code} in medicine/data/problem_list.csv: {course.source}"
    if became:
        return [f"it follows {code}, which was over by {case.row['onset_date']} ({rule})"]
    if case.row.get("abatement_date") is None or not course.ends:
        return []
    draw = case.draw(f"problem_list/{code}")
    drawn = f", length by uniform {number(draw.uniform)}" if draw is not None else ""
    sooner = " or until the stay ends that treats it" if course.with_stay else ""
    if course.treated_days:
        sooner = f" or until a visit coded Z09 from {course.treated_days} days on"
    usual = f"usually {course.days} days{sooner}{drawn}"
    return [f"over by {case.row['abatement_date']}: {usual} ({rule})"]


def explain_result(case: RowCase) -> Reasons:
    """Say where a result comes from: a state, a distribution, or the person's body."""
    reasons = explain_event(case)
    source = case.source
    if source is not None and isinstance(source.occurrence.step, Encounter):
        reasons.because.insert(0, _usual_words(case, source.occurrence.step))
        reasons.because += body_words(case, str(case.row["loinc"]))
    if source is None or not isinstance(source.occurrence.step, Lab | Vital):
        return reasons
    details, loinc = source.occurrence.step.details, str(case.row["loinc"])
    panel = getattr(details, "panel", None)
    result = details.results.get(loinc) if panel is not None else details.result  # type: ignore[union-attr]
    if panel is not None:
        reasons.because.insert(0, f"LOINC {loinc} is a member of panel {panel}")
        other = [draw for draw in reasons.draws if f"/{loinc}/" not in str(draw[0])]
        reasons.draws = [draw for draw in reasons.draws if draw not in other]
    if isinstance(result, StateResult):
        reasons.because.insert(0, _state_words(case, result))
    elif result is None:
        reasons.because = [*body_words(case, loinc), *reasons.because]
        reasons.draws += body_draws(case, loinc)
    return reasons


def _usual_words(case: RowCase, step: Encounter) -> str:
    """Say why a vital sign or result is there that no journey states."""
    file = "stay_tests.csv" if case.table.name == "lab_results" else "vitals.csv"
    return (
        f"no journey states it: {case.row['loinc']} is usual in encounters of class "
        f"{step.details.encounter_class} (medicine/data/{file}); its value is the body's, or "
        "computed from what was measured"
    )


def _state_words(case: RowCase, result: StateResult) -> str:
    """Say the value of a state on the day of the row."""
    words = f"the state {result.from_}"
    if case.trace is not None:
        record = case.trace.ctx.record
        day = day_of(str(case.row.get("collected_at") or case.row["measured_at"])[:10])
        rows = np.array([np.searchsorted(record.people.person_id, case.person_id)])
        moment = record.moment(rows, np.array([day], dtype=np.int32))
        value = float(record.variables[result.from_].at(moment)[0])
        words += f" is {value:g} on {iso(day)}"
    noise = " + measurement noise (see draws)" if result.noise is not None else ""
    return f"value {case.row['value']:g}: {words}{noise}"
