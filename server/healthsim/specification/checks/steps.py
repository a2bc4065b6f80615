"""What is wrong with one step: its figures, its codes, and what a visit may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isinf, isnan

from healthsim.codes.books import discharge
from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import conflicts, icd10cm
from healthsim.codes.loinc import loinc, panel
from healthsim.errors import NotFound, Problem, near
from healthsim.specification.checks.codes import Codes, age_range_problems, of_step
from healthsim.specification.checks.names import (
    ReferenceNames,
    code_problem,
    excludes_sex,
    number_problems,
    text_problems,
)
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import Change
from healthsim.specification.journeys.details import Billed, CodedDiagnosis, StateResult
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.repeats import Repeat
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import Expression
from healthsim.specification.profiles.profile import ProfileSpec

_LONGEST_STAY = 3650  # nights
_STAYS = frozenset({"inpatient", "snf", "observation"})


def step_problems(
    step: StepHead, journey: JourneySpec, known: ReferenceNames, codes: Codes, here: str
) -> Iterator[Problem]:
    """Yield what is wrong with a step's day, chance, figures and codes."""
    yield from _moment(step, here)
    for place, system, code in of_step(step):
        yield from codes.problems(f"{here}.{place}", system, code)
    if isinstance(step, Change):
        if step.state not in journey.state:
            yield Problem(
                f"{here}.state", f"unknown state {step.state!r}", near(step.state, journey.state)
            )
        for name in ("by", "to", "per_year"):
            moved = getattr(step, name)
            if moved is not None:
                yield from number_problems(f"{here}.{name}", moved)
    elif isinstance(step, events.Encounter | events.Claim):
        yield from _visit(step, known, f"{here}.details")
    elif isinstance(step, events.Lab | events.Vital):
        yield from _measured(step, journey, f"{here}.details")
    else:
        yield from _coded(step, known, f"{here}.details")


def _moment(step: StepHead, here: str) -> Iterator[Problem]:
    """Yield what is wrong with a step's day and chance."""
    if step.at.edge == "end" and step.at.after is None:
        yield Problem(f"{here}.at.edge", "stands without after", "name the step it is the end of")
    if step.at.day is not None:
        yield from number_problems(f"{here}.at.day", step.at.day)
        yield from _before_its_scope(step, here)
    if step.chance is not None:
        yield from number_problems(f"{here}.chance", step.chance, 0, 1)


def _before_its_scope(step: StepHead, here: str) -> Iterator[Problem]:
    """Refuse days before what they are counted from, where nothing lies before it."""
    day, at = step.at.day, step.at
    if day is None or day.kind != "number" or at.after or at.age is not None or at.month:
        return
    low = day.range()[0]
    if low < 0 and not any(want == "number" for _, _, want in day.expressions()):
        yield Problem(
            f"{here}.at.day",
            f"can be {'any number' if isinf(low) else f'{low:g}'}, before what it is counted from",
            "give it a low of 0 or more, or count it from a step with after",
        )


def _visit(
    step: events.Encounter | events.Claim, known: ReferenceNames, here: str
) -> Iterator[Problem]:
    details = step.details
    always = [one for one in details.diagnoses if not isinstance(one, CodedDiagnosis)]
    known_codes = [code for code in always if code in icd10cm()]
    for first, second in conflicts(known_codes):
        yield Problem(
            f"{here}.diagnoses",
            f"{first} and {second} exclude each other",
            "keep one, or give each a when",
        )
    if details.specialty is not None and details.specialty not in known.specialties:
        yield Problem(
            f"{here}.specialty",
            f"unknown specialty {details.specialty!r}",
            near(details.specialty, known.specialties),
        )
    if details.drg is not None and details.encounter_class != "inpatient":
        yield Problem(
            f"{here}.drg",
            f"stands on an {details.encounter_class} visit",
            "remove it or make the visit inpatient",
        )
    if details.los_days is not None:
        yield from number_problems(f"{here}.los_days", details.los_days, 0)
        middle = details.los_days.middle()
        if middle is not None and middle > _LONGEST_STAY:
            yield Problem(
                f"{here}.los_days", f"is {middle:g} nights", f"keep it below {_LONGEST_STAY}"
            )
        if details.encounter_class not in _STAYS:
            yield Problem(
                f"{here}.los_days",
                f"stands on an {details.encounter_class} visit",
                "remove it or make it inpatient, observation or snf",
            )
    if details.disposition is not None:
        yield from text_problems(f"{here}.disposition", details.disposition, discharge().codes)


def _measured(
    step: events.Lab | events.Vital, journey: JourneySpec, here: str
) -> Iterator[Problem]:
    details = step.details
    if details.loinc is not None:
        yield from _without_usual(details.loinc, details.result, here)
        yield from _unit(step, journey, here)
    results: dict[str, StateResult | Distribution | None] = {"result": details.result}
    if isinstance(step, events.Lab) and step.details.panel is not None:
        yield from _panel(step.details.panel, step.details.results, here)
        results |= {f"results.{code}": found for code, found in step.details.results.items()}
    for name, result in results.items():
        if isinstance(result, StateResult):
            if result.from_ not in journey.state:
                yield Problem(
                    f"{here}.{name}.from",
                    f"unknown state {result.from_!r}",
                    near(result.from_, journey.state),
                )
            if result.noise is not None:
                yield from number_problems(f"{here}.{name}.noise", result.noise)
        elif result is not None and isinstance(step, events.Vital):
            yield from number_problems(f"{here}.{name}", result)


def _without_usual(code: str, result: object, here: str) -> Iterator[Problem]:
    """Refuse to draw a result of which the book knows no usual values."""
    if result is None and code in loinc() and isnan(loinc().rows[code].mean):
        yield Problem(
            f"{here}.loinc",
            f"{code} was imported, and no usual values of it are known",
            "say its result, as a number, a distribution or from a state",
        )


def _unit(step: events.Lab | events.Vital, journey: JourneySpec, here: str) -> Iterator[Problem]:
    """Refuse a state in another unit than the test that shows it."""
    result: StateResult | Distribution | None = step.details.result
    row = loinc().rows.get(step.details.loinc or "")
    if row is None and result is None:
        yield Problem(f"{here}.result", "is missing, and no book says what is usual", "state it")
    if row is None or not isinstance(result, StateResult):
        return
    state = journey.state.get(result.from_)
    if state is not None and state.unit not in ("", row.unit):
        yield Problem(
            f"{here}.result.from",
            f"state {result.from_!r} is in {state.unit}, and {row.code} is measured in {row.unit}",
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
            yield Problem(
                f"{here}.results.{code}", f"is not in panel {name!r}", near(code, members)
            )


def _coded(step: StepHead, known: ReferenceNames, here: str) -> Iterator[Problem]:
    if isinstance(step, events.Prescription):
        yield from code_problem(f"{here}.drug", drugs().find, step.details.drug)
        if step.details.first_fill_share is not None:
            yield from number_problems(
                f"{here}.first_fill_share", step.details.first_fill_share, 0, 1
            )
        if step.details.adherence is not None:
            yield from number_problems(f"{here}.adherence", step.details.adherence, 0, 1)
        replaced = step.details.replaces
        if replaced is not None and replaced not in drugs() and replaced not in drugs().ingredients:
            both = (*drugs().ingredients, *drugs().codes)
            yield Problem(f"{here}.replaces", f"unknown drug {replaced!r}", near(replaced, both))
    elif isinstance(step, events.Enrollment) and step.details.plan is not None:
        return
    specialty = getattr(getattr(step, "details", None), "specialty", None)
    if specialty is not None and specialty not in known.specialties:
        yield Problem(
            f"{here}.specialty",
            f"unknown specialty {specialty!r}",
            near(specialty, known.specialties),
        )


def referral_problems(
    step: StepHead, journeys: Sequence[JourneySpec], here: str
) -> Iterator[Problem]:
    """Refuse a visit that needs a referral which nothing ever makes."""
    if not isinstance(step, events.Encounter) or not step.details.requires_referral:
        return
    sent = {
        one.details.specialty
        for journey in journeys
        for _, one in journey.steps()
        if isinstance(one, events.Referral)
    }
    if step.details.specialty not in sent:
        yield Problem(
            f"{here}.details.requires_referral",
            f"nobody is ever referred to {step.details.specialty!r}",
            "add a referral before it, or remove requires_referral",
        )


def sex_problems(
    step: StepHead, journey: JourneySpec, profile: ProfileSpec | None, here: str
) -> Iterator[Problem]:
    """Refuse a diagnosis of one sex that nothing keeps from the other."""
    born = ".newborn[" in here  # of either sex, whoever the journey is for
    mixed = born or journey.from_birth or (profile is not None and profile.household is not None)
    alike = () if profile is None or mixed else possible_labels(profile.demographics.gender)
    for place, code, own in _diagnoses(step):
        only = icd10cm().sex(code) if code in icd10cm() else ""
        if not only or alike == (only,):
            continue
        other = "F" if only == "M" else "M"
        if not any(
            expression is not None and excludes_sex(expression, other)
            for expression in (own, step.when, None if born else journey.eligible)
        ):
            yield Problem(
                f"{here}.{place}",
                f"{code} is only for {only}, and may come to {other}",
                f"add when: \"gender == '{only}'\"",
            )


def age_problems(
    step: StepHead, journey: JourneySpec, profile: ProfileSpec | None, here: str
) -> Iterator[Problem]:
    """Refuse a diagnosis that nobody in the profile is of an age to have.

    A step that comes at an age is of that age, and comes to nobody who does not reach it; one that
    a branch or a condition on age gives to some is left to them.
    """
    if profile is None or profile.household is not None:
        return
    if ".newborn[" in here or journey.from_birth:
        return
    youngest, oldest = profile.demographics.age.range()
    later = (journey.window(profile.as_of)[1] - profile.as_of).days + journey.duration_days
    for place, code, own in _diagnoses(step):
        limits = (own, step.when)
        if ".options[" not in here and not any(one and "age" in one.names for one in limits):
            yield from age_range_problems(
                f"{here}.{place}", code, youngest, oldest + later / 365.25
            )


def come_at_an_age(journey: JourneySpec) -> frozenset[str]:
    """Return the paths of the steps that come at an age, stand inside such a step or follow it."""
    paths: list[str] = []
    ids: set[str] = set()
    for path, step in journey.steps():
        at = getattr(step, "at", None)
        follows = at is not None and at.after and at.after.split("#")[0].split("/")[-1] in ids
        inside = path.startswith(tuple(f"{one}." for one in paths))
        if inside or follows or (at is not None and at.age is not None):
            paths.append(path)
            ids.add(step.id)
    return frozenset(paths)


def _diagnoses(step: StepHead) -> Iterator[tuple[str, str, Expression | None]]:
    """Yield (path, code, its own condition) of every diagnosis that a step states."""
    if isinstance(step, events.Diagnosis):
        yield "details.code", step.details.code, None
    elif isinstance(step, events.Encounter | events.Claim):
        for place, one in enumerate(step.details.diagnoses):
            here = f"details.diagnoses[{place}]"
            if isinstance(one, CodedDiagnosis):
                yield here, one.code, one.when
            else:
                yield here, one, None


def billed_twice(journey: JourneySpec, where: str) -> Iterator[Problem]:
    """Refuse a service that one visit always bills twice."""
    for path, step in journey.steps():
        if not isinstance(step, events.Encounter):
            continue
        billed = [(f"{where}.{path}.details.procedures", code) for code in _codes(step)]
        for place, child in enumerate(step.with_):
            if child.when is None and child.chance is None:
                here = f"{where}.{path}.with[{place}].details"
                billed += [(here, code) for code in _codes(child)]
        codes = [code for _, code in billed]
        for number, (here, code) in enumerate(billed):
            if code in codes[:number]:
                yield Problem(here, f"{code} is already billed by this visit", "bill it once")


def _codes(step: StepHead) -> list[str]:
    """Return the codes that a step always bills."""
    details = getattr(step, "details", None)
    if isinstance(step, events.Procedure):
        return [step.details.code]
    if isinstance(step, events.Lab):
        return [step.details.procedure] if step.details.procedure else []
    listed = getattr(details, "procedures", None) or ()
    return [one.code if isinstance(one, Billed) else one for one in listed]


def inside_problems(journey: JourneySpec, where: str) -> Iterator[Problem]:
    """Refuse later days inside a visit that ends on its day."""
    visits = [
        path
        for path, step in journey.steps()
        if isinstance(step, events.Encounter) and step.details.encounter_class not in _STAYS
    ]
    for path, step in journey.steps():
        if not any(path.startswith(f"{visit}.with") for visit in visits):
            continue
        day, beats = step.at.day, isinstance(step, Repeat) and step.times != 1
        later = (day is not None and day.range() != (0, 0)) or step.at.date is not None
        if later or step.at.variance_days or beats:
            yield Problem(
                f"{where}.{path}.at",
                "is later than the only day of the visit around it",
                "move the step out of `with` and let it come after the visit",
            )
