"""What is wrong with a journey, by itself or for a profile's people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isinf

from healthsim.codes.books import cvx, discharge, drg
from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import conflicts, icd10cm
from healthsim.codes.loinc import loinc, panel, panels
from healthsim.errors import NotFound, Problem, SpecError, near
from healthsim.specification import journey as say
from healthsim.specification.check_language import (
    hazard_figures,
    language_problems,
    names_told,
    stage_kinds,
)
from healthsim.specification.check_population import population_problems
from healthsim.specification.check_profile import kinds_of
from healthsim.specification.check_trial import arms_of, trial_problems
from healthsim.specification.condition_check import Sort
from healthsim.specification.conditions import FUNCTIONS, NUMBER, Expression, Kind
from healthsim.specification.details import Billed, CodedDiagnosis, StateResult
from healthsim.specification.distributions import Distribution
from healthsim.specification.journey import JourneySpec, StepHead
from healthsim.specification.known import (
    BUILT_IN_KINDS,
    Known,
    Names,
    code_problem,
    complain_of_condition,
    complain_of_ingredient,
    complain_of_loinc,
    complain_of_unmeasured,
    excludes_sex,
    numeric,
    possible,
    textual,
)
from healthsim.specification.plan import Plan, lay_out
from healthsim.specification.plan_days import day_problems, end_problems
from healthsim.specification.profile import ProfileSpec

_LONGEST_STAY = 3650  # nights
_STAYS = frozenset({"inpatient", "snf", "observation"})


def journey_problems(
    journey: JourneySpec,
    known: Known,
    profile: ProfileSpec | None,
    where: str,
    earlier: Sequence[JourneySpec] = (),
) -> Iterator[Problem]:
    """Yield everything that is wrong with a journey.

    Args:
        journey: the journey.
        known: names of the reference.
        profile: whose people walk it; None when that is not known yet.
        where: path put before every problem's own.
        earlier: journeys walked before, whose steps may be asked about.
    """
    yield from _ids(journey, where)
    yield from _states(journey, known, profile, where)
    names = names_of(journey, known, profile, earlier)
    if journey.eligible is not None:
        yield from names.problems(f"{where}.eligible", journey.eligible, "truth")
    for name, state in journey.state.items():
        if not isinstance(state.start, str):
            yield from numeric(f"{where}.state.{name}.start", state.start)
            yield from names.inside(f"{where}.state.{name}.start", state.start)
            yield from _later_states(f"{where}.state.{name}.start", name, state.start, journey)
    for path, step in journey.steps():
        here = f"{where}.{path}"
        for place, expression in step.asked():
            yield from names.problems(f"{here}.{place}", expression, "truth")
        for place, distribution in _distributions(step):
            yield from names.inside(f"{here}.{place}", distribution)
            yield from _of_profiles_only(f"{here}.{place}", distribution)
        yield from _step(step, journey, known, here)
        yield from _sex(step, journey, profile, here)
        yield from language_problems(step, journey, names, here)
        yield from _referred(step, (*earlier, journey), here)
    yield from population_problems(journey, profile, names.kinds, where)
    yield from trial_problems(journey, names, earlier, where)
    yield from _inside(journey, where)
    yield from _billed_twice(journey, where)
    plan = lay_out(journey, where)
    yield from day_problems(plan, where)
    yield from end_problems(plan, where)


def _ids(journey: JourneySpec, where: str) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    included: list[str] = []
    for path, step in journey.steps():
        around = next((one for one in reversed(included) if path.startswith(one)), "")
        if (around, step.id) in seen:
            yield Problem(
                f"{where}.{path}.id",
                f"{step.id!r} is also the id of {seen[around, step.id]}",
                "give each step an id of its own",
            )
        seen[around, step.id] = path
        if isinstance(step, say.Include):
            included.append(f"{path}.steps")


def _states(
    journey: JourneySpec, known: Known, profile: ProfileSpec | None, where: str
) -> Iterator[Problem]:
    for name, state in journey.state.items():
        here = f"{where}.state.{name}"
        if name in BUILT_IN_KINDS or name == "arm":
            yield Problem(here, f"{name!r} is a name of the language itself", "rename it")
        if not isinstance(state.start, str) or profile is None:
            continue
        wanted = name if state.start == "attribute" else state.start
        attribute = profile.attributes.get(wanted)
        if attribute is None:
            yield Problem(
                f"{here}.start",
                f"the profile has no attribute {wanted!r}",
                near(wanted, profile.attributes) + "; or start from a number",
            )
        elif attribute.kind != "number":
            yield Problem(f"{here}.start", f"attribute {wanted!r} is text", "start from a number")


def names_of(
    journey: JourneySpec | None,
    known: Known,
    profile: ProfileSpec | None,
    earlier: Sequence[JourneySpec],
) -> Names:
    """Return what may be asked in a journey that is walked after others, or, without one, after.

    Without a profile every name that it could define is known.
    """
    every = earlier if journey is None else (*earlier, journey)
    kinds: Mapping[str, Kind]
    states: dict[str, Kind] = {name: NUMBER for one in every for name in one.state}
    arms = arms_of(journey, every)
    if arms:
        states["arm"] = arms
    states |= stage_kinds(every)
    if profile is not None:
        kinds = {**kinds_of(profile, known), **states}
    else:
        kinds = _Open({**BUILT_IN_KINDS, **states})
    steps = {name for one in every for _, step in one.steps() for name in names_told(step)}

    measured = {
        code
        for one in every
        for _, step in one.steps()
        if isinstance(step, say.Lab | say.Vital)
        for code in _analytes(step)
    }
    plans = [plan for one in every if (plan := _laid_out(one)) is not None]

    def complain_of_step(argument: str) -> str | None:
        last = argument.rsplit("/", 1)[-1].partition("#")[0]
        if last not in steps:
            return f"no step {argument!r}; {near(last, steps)}"
        if plans and not any(plan.counted(argument) for plan in plans):
            return f"{argument!r} means no occurrence of {last!r}; name the step alone"
        return None

    functions: dict[str, Callable[[str], str | None]] = {
        "has": complain_of_condition,
        "takes": complain_of_ingredient,
        "last": lambda code: complain_of_loinc(code) or complain_of_unmeasured(code, measured),
    }
    for name in FUNCTIONS:
        functions.setdefault(name, complain_of_step)
    return Names(kinds, functions)


def _analytes(step: say.Lab | say.Vital) -> tuple[str, ...]:
    """Return the LOINC codes that a step measures; none for a panel that is not known."""
    if isinstance(step, say.Lab) and step.details.panel is not None:
        return panels().get(step.details.panel, ())
    return (step.details.loinc or "",)


def _laid_out(journey: JourneySpec) -> Plan | None:
    """Return the plan of a journey; None where it has faults, which are told elsewhere."""
    try:
        return lay_out(journey)
    except SpecError:
        return None


class _Open(dict[str, Kind]):
    """Names of a journey without its profile: any other may be an attribute, of any kind.

    No attribute may be called `arm`: without a trial nothing is.
    """

    def __missing__(self, name: str) -> Kind:
        return Sort.UNKNOWN

    def __contains__(self, name: object) -> bool:
        return name != "arm" or super().__contains__(name)

    def get(self, name: str, default: object = None) -> Kind:
        return self[name]


def _distributions(step: StepHead) -> Iterator[tuple[str, Distribution]]:
    """Yield every distribution of a step, with its path."""
    details = getattr(step, "details", None)
    found: dict[str, Distribution | StateResult | None] = {
        "at.day": step.at.day,
        "chance": step.chance,
        **{
            name: getattr(step, name, None)
            for name in ("by", "to", "per_year", "missed", "outside")
        },
        **dict(hazard_figures(step)),
        **{f"details.{name}": getattr(details, name, None) for name in _DRAWN},
        **{f"details.results.{code}": one for code, one in getattr(details, "results", {}).items()},
    }
    for name, value in found.items():
        if isinstance(value, StateResult):
            if value.noise is not None:
                yield f"{name}.noise", value.noise
        elif value is not None:
            yield name, value


_OF_STEPS = ("by", "to", "per_year", "missed", "outside")
_DRAWN = (
    "los_days", "disposition", "result", "first_fill_share", "adherence", "grade", "related",
    "serious", "action", "outcome", "lasts_days", "dose",
)  # fmt: skip


def _of_profiles_only(here: str, distribution: Distribution) -> Iterator[Problem]:
    """Refuse what is counted over a whole population."""
    for _, measure in distribution.measures():
        yield Problem(
            here,
            f"population measure {measure!r} stands in a journey",
            "put it into an attribute of the profile and use that",
        )
    if distribution.total is not None:
        yield Problem(here, "exact counts stand in a journey", "give weights instead")


def _step(step: StepHead, journey: JourneySpec, known: Known, here: str) -> Iterator[Problem]:
    if step.at.edge == "end" and step.at.after is None:
        yield Problem(f"{here}.at.edge", "stands without after", "name the step it is the end of")
    if step.at.day is not None:
        yield from numeric(f"{here}.at.day", step.at.day)
        yield from _before_its_scope(step, here)
    if step.chance is not None:
        yield from numeric(f"{here}.chance", step.chance, 0, 1)
    if isinstance(step, say.Change):
        if step.state not in journey.state:
            yield Problem(
                f"{here}.state", f"unknown state {step.state!r}", near(step.state, journey.state)
            )
        for name in ("by", "to", "per_year"):
            moved = getattr(step, name)
            if moved is not None:
                yield from numeric(f"{here}.{name}", moved)
    elif isinstance(step, say.Encounter | say.Claim):
        yield from _visit(step, known, f"{here}.details")
    elif isinstance(step, say.Lab | say.Vital):
        yield from _measured(step, journey, f"{here}.details")
    else:
        yield from _coded(step, known, f"{here}.details")


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


def _visit(step: say.Encounter | say.Claim, known: Known, here: str) -> Iterator[Problem]:
    details = step.details
    for place, one in enumerate(details.diagnoses):
        code = one.code if isinstance(one, CodedDiagnosis) else one
        yield from code_problem(f"{here}.diagnoses[{place}]", icd10cm().find, code)
    always = [one for one in details.diagnoses if not isinstance(one, CodedDiagnosis)]
    for first, second in conflicts(code for code in always if code in icd10cm()):
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
    if details.drg is not None:
        yield from code_problem(f"{here}.drg", drg().find, details.drg)
    if details.drg is not None and details.encounter_class != "inpatient":
        yield Problem(
            f"{here}.drg",
            f"stands on an {details.encounter_class} visit",
            "remove it or make the visit inpatient",
        )
    if details.los_days is not None:
        yield from numeric(f"{here}.los_days", details.los_days, 0)
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
        yield from textual(f"{here}.disposition", details.disposition, discharge().codes)


def _measured(step: say.Lab | say.Vital, journey: JourneySpec, here: str) -> Iterator[Problem]:
    details = step.details
    if details.loinc is not None:
        yield from code_problem(f"{here}.loinc", loinc().find, details.loinc)
    results: dict[str, StateResult | Distribution | None] = {"result": details.result}
    if isinstance(step, say.Lab) and step.details.panel is not None:
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
                yield from numeric(f"{here}.{name}.noise", result.noise)
        elif result is not None and isinstance(step, say.Vital):
            yield from numeric(f"{here}.{name}", result)


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


def _coded(step: StepHead, known: Known, here: str) -> Iterator[Problem]:
    if isinstance(step, say.Diagnosis):
        yield from code_problem(f"{here}.code", icd10cm().find, step.details.code)
    elif isinstance(step, say.Death) and step.details.cause is not None:
        yield from code_problem(f"{here}.cause", icd10cm().find, step.details.cause)
    elif isinstance(step, say.Immunization):
        yield from code_problem(f"{here}.cvx", cvx().find, step.details.cvx)
    elif isinstance(step, say.Prescription):
        yield from code_problem(f"{here}.drug", drugs().find, step.details.drug)
        if step.details.first_fill_share is not None:
            yield from numeric(f"{here}.first_fill_share", step.details.first_fill_share, 0, 1)
        if step.details.adherence is not None:
            yield from numeric(f"{here}.adherence", step.details.adherence, 0, 1)
        replaced = step.details.replaces
        if replaced is not None and replaced not in drugs() and replaced not in drugs().ingredients:
            both = (*drugs().ingredients, *drugs().codes)
            yield Problem(f"{here}.replaces", f"unknown drug {replaced!r}", near(replaced, both))
    elif isinstance(step, say.Enrollment) and step.details.plan is not None:
        return
    specialty = getattr(getattr(step, "details", None), "specialty", None)
    if specialty is not None and specialty not in known.specialties:
        yield Problem(
            f"{here}.specialty",
            f"unknown specialty {specialty!r}",
            near(specialty, known.specialties),
        )


def _referred(step: StepHead, journeys: Sequence[JourneySpec], here: str) -> Iterator[Problem]:
    """Refuse a visit that needs a referral which nothing ever makes."""
    if not isinstance(step, say.Encounter) or not step.details.requires_referral:
        return
    sent = {
        one.details.specialty
        for journey in journeys
        for _, one in journey.steps()
        if isinstance(one, say.Referral)
    }
    if step.details.specialty not in sent:
        yield Problem(
            f"{here}.details.requires_referral",
            f"nobody is ever referred to {step.details.specialty!r}",
            "add a referral before it, or remove requires_referral",
        )


def _later_states(
    where: str, name: str, start: Distribution, journey: JourneySpec
) -> Iterator[Problem]:
    """Refuse a start that needs a state which does not exist yet."""
    order = list(journey.state)
    for _, expression, _ in start.expressions():
        for other in sorted(expression.names & set(order[order.index(name) :])):
            yield Problem(
                where,
                f"needs state {other!r}, which starts no earlier",
                f"move {other!r} above {name!r}, or use an attribute of the profile",
            )


def _sex(
    step: StepHead, journey: JourneySpec, profile: ProfileSpec | None, here: str
) -> Iterator[Problem]:
    """Refuse a diagnosis of one sex that nothing keeps from the other."""
    gender = profile.demographics.gender if profile is not None else None
    for place, code, own in _diagnoses(step):
        only = icd10cm().sex(code) if code in icd10cm() else ""
        if not only or (gender is not None and possible(gender) == (only,)):
            continue
        other = "F" if only == "M" else "M"
        if not any(
            expression is not None and excludes_sex(expression, other)
            for expression in (own, step.when, journey.eligible)
        ):
            yield Problem(
                f"{here}.{place}",
                f"{code} is only for {only}, and may come to {other}",
                f"add when: \"gender == '{only}'\"",
            )


def _diagnoses(step: StepHead) -> Iterator[tuple[str, str, Expression | None]]:
    """Yield (path, code, its own condition) of every diagnosis that a step states."""
    if isinstance(step, say.Diagnosis):
        yield "details.code", step.details.code, None
    elif isinstance(step, say.Encounter | say.Claim):
        for place, one in enumerate(step.details.diagnoses):
            here = f"details.diagnoses[{place}]"
            if isinstance(one, CodedDiagnosis):
                yield here, one.code, one.when
            else:
                yield here, one, None


def _billed_twice(journey: JourneySpec, where: str) -> Iterator[Problem]:
    """Refuse a service that one visit always bills twice."""
    for path, step in journey.steps():
        if not isinstance(step, say.Encounter):
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
    if isinstance(step, say.Procedure):
        return [step.details.code]
    if isinstance(step, say.Lab):
        return [step.details.procedure] if step.details.procedure else []
    listed = getattr(details, "procedures", None) or ()
    return [one.code if isinstance(one, Billed) else one for one in listed]


def _inside(journey: JourneySpec, where: str) -> Iterator[Problem]:
    """Refuse later days inside a visit that ends on its day."""
    visits = [
        path
        for path, step in journey.steps()
        if isinstance(step, say.Encounter) and step.details.encounter_class not in _STAYS
    ]
    for path, step in journey.steps():
        if not any(path.startswith(f"{visit}.with") for visit in visits):
            continue
        day, beats = step.at.day, isinstance(step, say.Repeat) and step.times != 1
        later = (day is not None and day.range() != (0, 0)) or step.at.date is not None
        if later or step.at.variance_days or beats:
            yield Problem(
                f"{where}.{path}.at",
                "is later than the only day of the visit around it",
                "move the step out of `with` and let it come after the visit",
            )
