"""What is wrong with a journey, by itself or for a profile's people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from healthsim.errors import Problem, near
from healthsim.medicine.naming import analyte_named
from healthsim.specification.checks.bounds import measured_results
from healthsim.specification.checks.codes import Codes
from healthsim.specification.checks.language import (
    hazard_figures,
    language_problems,
    stage_kinds,
    step_names,
)
from healthsim.specification.checks.names import (
    BUILT_IN_KINDS,
    GESTATION,
    Names,
    ReferenceNames,
    accept_any,
    has_argument_fault,
    last_argument_fault,
    number_problems,
    takes_argument_fault,
    unmeasured_fault,
)
from healthsim.specification.checks.physiology import bounds_of, impossible
from healthsim.specification.checks.population import (
    exact_option_problems,
    randomization_problems,
)
from healthsim.specification.checks.profile import kinds_of
from healthsim.specification.checks.steps import (
    age_problems,
    referral_problems,
    sex_problems,
    step_problems,
    steps_at_an_age,
)
from healthsim.specification.checks.trial import arms_of, trial_problems, trial_step_problems
from healthsim.specification.checks.windows import window_problems
from healthsim.specification.distributions.base import BaseDistribution
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.changes import FROM_BODY
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.journeys.nominal_days import day_problems, end_problems
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import FUNCTIONS, NUMBER, Kind
from healthsim.specification.language.typecheck import ExpressionType
from healthsim.specification.profiles.profile import ProfileSpec


def journey_problems(
    journey: JourneySpec,
    known: ReferenceNames,
    profile: ProfileSpec | None,
    where: str,
    layouts: Layouts,
    earlier: Sequence[JourneySpec] = (),
) -> Iterator[Problem]:
    """Yield everything that is wrong with a journey.

    Args:
        journey: the journey.
        known: names of the reference.
        profile: whose people are in it; None while that is not known.
        where: path of the journey.
        layouts: of this journey and the earlier ones.
        earlier: journeys that come before it, whose steps its conditions may use.
    """
    yield from _ids(journey, where)
    yield from _states(journey, profile, where)
    names = names_of(journey, known, profile, earlier, layouts)
    yield from names.problems(f"{where}.eligible", journey.eligible)
    for name, state in journey.state.items():
        if not isinstance(state.start, str):
            start = f"{where}.state.{name}.start"
            yield from number_problems(start, state.start)
            yield from names.inside(start, state.start)
            yield from _impossible_start(name, state.start, start)
            yield from _later_states(start, name, state.start, journey)
    codes, at_an_age = Codes.of_journey(journey, profile), steps_at_an_age(journey)
    for path, step in journey.steps():
        here = f"{where}.{path}"
        yield from _expressions(step, names, here)
        yield from step_problems(step, journey, known, codes, here)
        yield from sex_problems(step, journey, profile, here)
        if path not in at_an_age:
            yield from age_problems(step, journey, profile, here)
        yield from language_problems(step, journey, names, here)
        yield from referral_problems(step, (*earlier, journey), here)
        yield from exact_option_problems(step, profile, here)
        yield from trial_step_problems(step, journey, names, here)
        yield from window_problems(step, here)
    yield from randomization_problems(journey, names.kinds, where)
    yield from trial_problems(journey, names, earlier, layouts, where)
    layout = layouts.of(journey)
    yield from day_problems(layout, where)
    yield from end_problems(layout, where)


def _impossible_start(name: str, start: Distribution, where: str) -> Iterator[Problem]:
    """Yield that a state which is an analyte starts where no body is."""
    key = analyte_named(name)
    if key is not None and start.kind == "number":
        low, high, unit = bounds_of(key)
        yield from impossible(name, start, low, high, unit, where)


def _expressions(step: StepHead, names: Names, here: str) -> Iterator[Problem]:
    """Yield what is wrong with the conditions of a step and inside its distributions."""
    for place, condition in step.conditions():
        yield from names.problems(f"{here}.{place}", condition)
    for place, distribution in _distributions(step):
        yield from names.inside(f"{here}.{place}", distribution)
        yield from _of_profiles_only(f"{here}.{place}", distribution)


def _ids(journey: JourneySpec, where: str) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    includes: list[str] = []
    for path, step in journey.steps():
        include = next((outer for outer in reversed(includes) if path.startswith(outer)), "")
        if (include, step.id) in seen:
            found = f"{step.id!r} is also the id of {seen[include, step.id]}"
            yield Problem(f"{where}.{path}.id", found, "give each step an id of its own")
        seen[include, step.id] = path
        if isinstance(step, Include):
            includes.append(f"{path}.steps")


def _states(journey: JourneySpec, profile: ProfileSpec | None, where: str) -> Iterator[Problem]:
    for name, state in journey.state.items():
        here = f"{where}.state.{name}"
        if name in BUILT_IN_KINDS or name == "arm":
            yield Problem(here, f"{name!r} is a built-in name of the language", "rename it")
        if state.start == FROM_BODY:
            if analyte_named(name) is None:
                found = f"no body shows {name!r}"
                yield Problem(
                    f"{here}.start",
                    found,
                    "name it as an analyte, e.g. weight, or give a distribution",
                )
            continue
        if not isinstance(state.start, str) or profile is None:
            continue
        source = name if state.start == "attribute" else state.start
        attribute = profile.attributes.get(source)
        if attribute is None:
            found = f"the profile has no attribute {source!r}"
            mend = near(source, profile.attributes) + "; or start from a number"
            yield Problem(f"{here}.start", found, mend)
        elif attribute.kind != "number":
            yield Problem(f"{here}.start", f"attribute {source!r} is text", "start from a number")


def names_of(
    journey: JourneySpec | None,
    known: ReferenceNames,
    profile: ProfileSpec | None,
    earlier: Sequence[JourneySpec],
    layouts: Layouts,
) -> Names:
    """Return the names that conditions of a journey may use; without one, those of expectations.

    Without a profile every name that a profile could define is known.
    """
    journeys = earlier if journey is None else (*earlier, journey)
    kinds: Mapping[str, Kind]
    states: dict[str, Kind] = {name: NUMBER for other in journeys for name in other.state}
    arms = arms_of(journey, journeys)
    if arms:
        states["arm"] = arms
    states |= stage_kinds(journeys)
    if profile is not None:
        kinds = {**kinds_of(profile, known), **states}
    else:
        kinds = _Open({**BUILT_IN_KINDS, **states})
    if journey is None:
        kinds = {name: kind for name, kind in kinds.items() if name != GESTATION}
    all_steps = [step for other in journeys for _, step in other.steps()]
    steps = {name for step in all_steps for name in step_names(step)}
    measured = {code for step in all_steps for code, _ in measured_results(step)}
    laid_out = [layout for other in journeys for layout in layouts.all_of(other)]

    def step_fault(argument: str) -> str | None:
        name = argument.rsplit("/", 1)[-1].partition("#")[0]
        if name not in steps:
            return f"no step {argument!r}; {near(name, steps)}"
        if laid_out and not any(layout.counted(argument) for layout in laid_out):
            return f"{argument!r} means no occurrence of {name!r}; name the step alone"
        return None

    unlisted = any(
        document.allow_unlisted_codes for document in (*journeys, profile) if document is not None
    )
    functions: dict[str, Callable[[str], str | None]] = {
        "has": accept_any if unlisted else has_argument_fault,
        "takes": takes_argument_fault,
        "last": lambda code: (
            (None if unlisted else last_argument_fault(code)) or unmeasured_fault(code, measured)
        ),
    }
    for name in FUNCTIONS:
        functions.setdefault(name, step_fault)
    return Names(kinds, functions)


class _Open(dict[str, Kind]):
    """Names of a journey without its profile: every other name may be an attribute of any kind.

    Only `arm` cannot be an attribute: without a trial it means nothing.
    """

    def __missing__(self, name: str) -> Kind:
        return ExpressionType.UNKNOWN

    def __contains__(self, name: object) -> bool:
        return name != "arm" or super().__contains__(name)

    def get(self, name: str, default: object = None) -> Kind:
        return self[name]


def _distributions(step: StepHead) -> Iterator[tuple[str, Distribution]]:
    """Yield (path, distribution) of every distribution of a step."""
    details = getattr(step, "details", None)
    values: dict[str, Distribution | StateResult | None] = {
        "at.day": step.at.day,
        "chance": step.chance,
        **{name: getattr(step, name, None) for name in _OF_STEPS},
        **dict(hazard_figures(step)),
        **{f"details.{name}": getattr(details, name, None) for name in _OF_DETAILS},
        **{f"details.results.{code}": result
           for code, result in getattr(details, "results", {}).items()},
    }  # fmt: skip
    for path, value in values.items():
        if isinstance(value, StateResult):
            if value.noise is not None:
                yield f"{path}.noise", value.noise
        elif isinstance(value, BaseDistribution):  # an immunization's dose is a plain number
            yield path, value


_OF_STEPS = ("by", "to", "per_year", "missed", "outside")
_OF_DETAILS = (
    "los_days", "disposition", "result", "first_fill_share", "adherence", "grade", "related",
    "serious", "action", "outcome", "lasts_days", "dose",
)  # fmt: skip


def _of_profiles_only(here: str, distribution: Distribution) -> Iterator[Problem]:
    """Refuse what only a profile may have: population measures and exact counts."""
    for _, measure in distribution.measures():
        found = f"population measure {measure!r} cannot be used in a journey"
        yield Problem(here, found, "put it into an attribute of the profile and use that")
    if distribution.total is not None:
        yield Problem(here, "exact counts cannot be used in a journey", "give weights instead")


def _later_states(
    where: str, name: str, start: Distribution, journey: JourneySpec
) -> Iterator[Problem]:
    """Refuse a start that needs a state which starts later."""
    order = list(journey.state)
    for _, expression, _ in start.expressions():
        for other in sorted(expression.names & set(order[order.index(name) :])):
            yield Problem(
                where,
                f"needs state {other!r}, which does not start before it",
                f"move {other!r} above {name!r}, or use an attribute of the profile",
            )
