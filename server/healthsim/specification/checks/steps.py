"""What is wrong with one step: its figures, its codes, and what a visit may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isinf, isnan

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import conflicts, icd10cm
from healthsim.codes.loinc import loinc, panel
from healthsim.errors import NotFound, Problem, near
from healthsim.specification.checks.births import birth_code_problems
from healthsim.specification.checks.codes import (
    Codes,
    age_range_problems,
    coded_diagnoses,
    of_step,
    services,
    stay_of,
)
from healthsim.specification.checks.discharge import disposition_problems
from healthsim.specification.checks.names import (
    ReferenceNames,
    code_problem,
    excludes_sex,
    number_problems,
    share_problems,
    unknown_problems,
)
from healthsim.specification.checks.physiology import (
    measured_as_problems,
    possible_result_problems,
)
from healthsim.specification.checks.safety import dose_problems, units_problems
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import Change
from healthsim.specification.journeys.details import (
    ClaimDetails,
    CodedDiagnosis,
    EncounterDetails,
    PrescriptionDetails,
    StateResult,
)
from healthsim.specification.journeys.journey import JourneySpec, walk
from healthsim.specification.journeys.repeats import Repeat
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.profiles.genders import other_sex
from healthsim.specification.profiles.profile import ProfileSpec

_LONGEST_STAY = 3650  # nights
_STAYS = frozenset({"inpatient", "snf", "observation"})
_OPERATED = frozenset({"inpatient", "observation"})


def step_problems(
    step: StepHead, journey: JourneySpec, known: ReferenceNames, codes: Codes, here: str
) -> Iterator[Problem]:
    """Yield what is wrong with a step's day, chance, figures and codes."""
    yield from _timing(step, here)
    for place, system, code in of_step(step):
        yield from codes.problems(f"{here}.{place}", system, code)
    if isinstance(step, Change):
        yield from unknown_problems(f"{here}.state", "state", step.state, journey.state)
        for name in ("by", "to", "per_year"):
            yield from number_problems(f"{here}.{name}", getattr(step, name))
    elif isinstance(step, events.Lab | events.Vital):
        yield from _measured(step, journey, f"{here}.details")
    elif isinstance(step, events.Procedure) and step.details.dose is not None:
        yield from units_problems(step.details.code, f"{here}.details.dose")
        yield from unknown_problems(
            f"{here}.details.specialty", "specialty", step.details.specialty, known.specialties
        )
    elif isinstance(step, events.Prescription):
        yield from _prescription(step.details, f"{here}.details")
    else:
        visit, path = stay_of(step)
        if visit is not None:
            yield from _visit(visit, f"{here}.{path}")
        if isinstance(step, events.Encounter):
            yield from _billed_twice(step, here)
            yield from _after_a_visit(step, here)
        specialty = getattr(visit or getattr(step, "details", None), "specialty", None)
        where = f"{here}.{path}.specialty"
        yield from unknown_problems(where, "specialty", specialty, known.specialties)


def _timing(step: StepHead, here: str) -> Iterator[Problem]:
    """Yield what is wrong with a step's day and chance."""
    yield from share_problems(f"{here}.chance", step.chance)
    at, day, where = step.at, step.at.day, f"{here}.at.day"
    if at.edge == "end" and at.after is None:
        yield Problem(f"{here}.at.edge", "is given without after", "name the step it is the end of")
    yield from number_problems(where, day)
    if day is None or day.kind != "number" or at.after or at.age is not None or at.month:
        return
    low = day.range()[0]
    if low < 0 and not any(want == "number" for _, _, want in day.expressions()):
        first = "any number" if isinf(low) else f"{low:g}"
        yield Problem(
            where,
            f"can be {first}, before the day that it is counted from",
            "give it a low of 0 or more, or count it from a step with after",
        )


def _visit(details: EncounterDetails | ClaimDetails, here: str) -> Iterator[Problem]:
    always = [code for code in details.diagnoses if not isinstance(code, CodedDiagnosis)]
    for first, second in conflicts([code for code in always if code in icd10cm()]):
        found = f"{first} and {second} exclude each other"
        yield Problem(f"{here}.diagnoses", found, "keep one, or give each a when")
    yield from birth_code_problems(details, always, f"{here}.diagnoses")
    unfit = f"does not fit an encounter_class of {details.encounter_class!r}"
    if details.drg is not None and details.encounter_class != "inpatient":
        yield Problem(f"{here}.drg", unfit, "remove it, or make the visit inpatient")
    if details.los_days is not None:
        yield from number_problems(f"{here}.los_days", details.los_days, 0)
        middle = details.los_days.middle()
        if middle is not None and middle > _LONGEST_STAY:
            found = f"is {middle:g} nights"
            yield Problem(f"{here}.los_days", found, f"keep it below {_LONGEST_STAY}")
        if details.encounter_class not in _STAYS:
            mend = "remove it, or make the visit inpatient, observation or snf"
            yield Problem(f"{here}.los_days", unfit, mend)
    if getattr(details, "icd10pcs", ()) and details.encounter_class not in _OPERATED:
        mend = "state its CPT or HCPCS code in procedures, or make the visit inpatient"
        yield Problem(f"{here}.icd10pcs", unfit, mend)
    yield from disposition_problems(f"{here}.disposition", details.disposition)


def _measured(
    step: events.Lab | events.Vital, journey: JourneySpec, here: str
) -> Iterator[Problem]:
    details = step.details
    if details.loinc is not None:
        yield from _analyte(details.loinc, details.result, journey, here)
    results: dict[str, StateResult | Distribution | None] = {"result": details.result}
    if isinstance(step, events.Lab) and step.details.panel is not None:
        yield from _panel(step.details.panel, step.details.results, here)
        results |= {f"results.{code}": result for code, result in step.details.results.items()}
    for name, result in results.items():
        code = name.removeprefix("results.") if "." in name else details.loinc or ""
        yield from possible_result_problems(code, result, f"{here}.{name}")
        yield from measured_as_problems(code, isinstance(step, events.Vital), f"{here}.loinc")
        if isinstance(result, StateResult):
            yield from state_result_problems(f"{here}.{name}", result, journey)
        elif isinstance(step, events.Vital):
            yield from number_problems(f"{here}.{name}", result)


def _analyte(
    code: str, result: StateResult | Distribution | None, journey: JourneySpec, here: str
) -> Iterator[Problem]:
    """Refuse a result without usual values, and a state in another unit than the test's."""
    row = loinc().rows.get(code)
    if row is None and result is None:
        found = f"is missing, and no code book has usual values of {code}"
        yield Problem(f"{here}.result", found, "give it")
    if row is None:
        return
    if result is None and isnan(row.mean):
        yield Problem(
            f"{here}.loinc",
            f"no usual values of {code} are known",
            "give its result, as a number, a word, a distribution or from a state",
        )
    if isinstance(result, StateResult) and result.from_ in journey.state:
        unit = journey.state[result.from_].unit
        if unit not in ("", row.unit):
            yield Problem(
                f"{here}.result.from",
                f"state {result.from_!r} is in {unit}, and {row.code} is measured in {row.unit}",
                f"give the state the unit {row.unit!r} and its figures, or measure another test",
            )


def _panel(name: str, results: Iterable[str], here: str) -> Iterator[Problem]:
    try:
        members = panel(name, f"{here}.panel")
    except NotFound as error:
        yield error.problem
        return
    for code in results:
        if code not in members:
            where = f"{here}.results.{code}"
            yield Problem(where, f"is not in panel {name!r}", near(code, members))


def state_result_problems(
    where: str, result: StateResult, journey: JourneySpec
) -> Iterator[Problem]:
    """Yield that a result is read from an unknown state, or that its noise is text."""
    yield from unknown_problems(f"{where}.from", "state", result.from_, journey.state)
    yield from number_problems(f"{where}.noise", result.noise)


def _prescription(details: PrescriptionDetails, here: str) -> Iterator[Problem]:
    yield from code_problem(f"{here}.drug", drugs().find, details.drug)
    if details.dose is not None and details.drug in drugs().codes:
        yield from dose_problems(details.drug, f"{here}.dose")
    yield from share_problems(f"{here}.first_fill_share", details.first_fill_share)
    yield from share_problems(f"{here}.adherence", details.adherence)
    replaceable = (*drugs().ingredients, *drugs().codes)
    yield from unknown_problems(f"{here}.replaces", "drug", details.replaces, replaceable)


def referral_problems(
    step: StepHead, journeys: Sequence[JourneySpec], here: str
) -> Iterator[Problem]:
    """Refuse a visit that requires a referral when no step makes it."""
    if not isinstance(step, events.Encounter) or not step.details.requires_referral:
        return
    steps = (other for journey in journeys for _, other in journey.steps())
    if not any(
        isinstance(other, events.Referral) and other.details.specialty == step.details.specialty
        for other in steps
    ):
        yield Problem(
            f"{here}.details.requires_referral",
            f"nobody is ever referred to {step.details.specialty!r}",
            "add a referral before it, or remove requires_referral",
        )


def sex_problems(
    step: StepHead, journey: JourneySpec, profile: ProfileSpec | None, here: str
) -> Iterator[Problem]:
    """Refuse a diagnosis of one sex when no condition excludes the other."""
    newborn = ".newborn[" in here  # of either sex, whoever the journey is for
    mixed = newborn or journey.from_birth or (profile is not None and profile.household is not None)
    genders = () if profile is None or mixed else possible_labels(profile.demographics.gender)
    for place, code, when in coded_diagnoses(step):
        sex = icd10cm().sex(code) if code in icd10cm() else ""
        other = other_sex(sex)
        if not sex or (genders and other not in genders):
            continue
        conditions = (when, step.when, None if newborn else journey.eligible)
        if not any(
            condition is not None and excludes_sex(condition, other) for condition in conditions
        ):
            yield Problem(
                f"{here}.{place}",
                f"{code} is only for {sex}, and people with gender {other} can get it",
                f"add when: \"gender == '{sex}'\"",
            )


def age_problems(
    step: StepHead, journey: JourneySpec, profile: ProfileSpec | None, here: str
) -> Iterator[Problem]:
    """Refuse a diagnosis that nobody in the profile is of an age to have.

    Steps at an age, and steps that a branch or a condition on age gives to some, are not checked.
    """
    if profile is None or profile.household is not None or journey.from_birth:
        return
    if ".newborn[" in here or ".options[" in here:
        return
    youngest, oldest = profile.ages.range()
    later = (journey.window(profile.as_of)[1] - profile.as_of).days + journey.duration_days
    for place, code, own in coded_diagnoses(step):
        if not any(condition and "age" in condition.names for condition in (own, step.when)):
            where = f"{here}.{place}"
            yield from age_range_problems(where, code, youngest, oldest + later / 365.25)


def steps_at_an_age(journey: JourneySpec) -> frozenset[str]:
    """Return the paths of the steps at an age, inside such a step, or after one."""
    paths: list[str] = []
    ids: set[str] = set()
    for path, step in journey.steps():
        follows = step.at.after and step.at.after.split("#")[0].split("/")[-1] in ids
        inside = path.startswith(tuple(f"{outer}." for outer in paths))
        if inside or follows or step.at.age is not None:
            paths.append(path)
            ids.add(step.id)
    return frozenset(paths)


def _billed_twice(step: events.Encounter, here: str) -> Iterator[Problem]:
    """Refuse a service that one visit always bills twice."""
    billed = [(f"{here}.details.procedures", code) for _, code in services(step)]
    for place, inner in enumerate(step.with_):
        if inner.when is None and inner.chance is None:
            billed += [(f"{here}.with[{place}].details", code) for _, code in services(inner)]
    codes = [code for _, code in billed]
    for number, (where, code) in enumerate(billed):
        if code in codes[:number]:
            yield Problem(where, f"{code} is already billed by this visit", "bill it once")


def _after_a_visit(step: events.Encounter, here: str) -> Iterator[Problem]:
    """Refuse later days inside a visit that ends on the day on which it begins."""
    if step.details.encounter_class in _STAYS:
        return
    for path, inner in walk(f"{here}.with", step.with_):
        day, repeats = inner.at.day, isinstance(inner, Repeat) and inner.times != 1
        later = (day is not None and day.range() != (0, 0)) or inner.at.date is not None
        if later or inner.at.variance_days or repeats:
            yield Problem(
                f"{path}.at",
                "is later than the only day of the visit around it",
                "move the step out of `with` and let it come after the visit",
            )
