"""What is wrong with a journey, by itself or for a profile's people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from healthsim.codes.loinc import panels
from healthsim.errors import Problem, near
from healthsim.specification.checks.codes import Codes
from healthsim.specification.checks.language import (
    hazard_figures,
    language_problems,
    names_told,
    stage_kinds,
)
from healthsim.specification.checks.names import (
    BUILT_IN_KINDS,
    Names,
    ReferenceNames,
    accept_any,
    has_argument_fault,
    last_argument_fault,
    number_problems,
    takes_argument_fault,
    unmeasured_fault,
)
from healthsim.specification.checks.population import population_problems
from healthsim.specification.checks.profile import kinds_of
from healthsim.specification.checks.steps import (
    age_problems,
    billed_twice,
    come_at_an_age,
    inside_problems,
    referral_problems,
    sex_problems,
    step_problems,
)
from healthsim.specification.checks.trial import arms_of, trial_problems
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys import events
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
        profile: whose people walk it; None when that is not known yet.
        where: path put before every problem's own.
        layouts: of this journey and the earlier ones.
        earlier: journeys walked before, whose steps may be asked about.
    """
    yield from _ids(journey, where)
    yield from _states(journey, known, profile, where)
    names = names_of(journey, known, profile, earlier, layouts)
    if journey.eligible is not None:
        yield from names.problems(f"{where}.eligible", journey.eligible, "truth")
    for name, state in journey.state.items():
        if not isinstance(state.start, str):
            yield from number_problems(f"{where}.state.{name}.start", state.start)
            yield from names.inside(f"{where}.state.{name}.start", state.start)
            yield from _later_states(f"{where}.state.{name}.start", name, state.start, journey)
    codes, at_an_age = Codes.of_journey(journey, profile), come_at_an_age(journey)
    for path, step in journey.steps():
        here = f"{where}.{path}"
        for place, expression in step.asked():
            yield from names.problems(f"{here}.{place}", expression, "truth")
        for place, distribution in _distributions(step):
            yield from names.inside(f"{here}.{place}", distribution)
            yield from _of_profiles_only(f"{here}.{place}", distribution)
        yield from step_problems(step, journey, known, codes, here)
        yield from sex_problems(step, journey, profile, here)
        if path not in at_an_age:
            yield from age_problems(step, journey, profile, here)
        yield from language_problems(step, journey, names, here)
        yield from referral_problems(step, (*earlier, journey), here)
    yield from population_problems(journey, profile, names.kinds, where)
    yield from trial_problems(journey, names, earlier, layouts, where)
    yield from inside_problems(journey, where)
    yield from billed_twice(journey, where)
    layout = layouts.of(journey)
    yield from day_problems(layout, where)
    yield from end_problems(layout, where)


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
        if isinstance(step, Include):
            included.append(f"{path}.steps")


def _states(
    journey: JourneySpec, known: ReferenceNames, profile: ProfileSpec | None, where: str
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
    known: ReferenceNames,
    profile: ProfileSpec | None,
    earlier: Sequence[JourneySpec],
    layouts: Layouts,
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
        if isinstance(step, events.Lab | events.Vital)
        for code in _analytes(step)
    }
    laid_out = [layout for one in every for layout in layouts.all_of(one)]

    def complain_of_step(argument: str) -> str | None:
        last = argument.rsplit("/", 1)[-1].partition("#")[0]
        if last not in steps:
            return f"no step {argument!r}; {near(last, steps)}"
        if laid_out and not any(layout.counted(argument) for layout in laid_out):
            return f"{argument!r} means no occurrence of {last!r}; name the step alone"
        return None

    unlisted = any(one.allow_unlisted_codes for one in (*every, profile) if one is not None)
    functions: dict[str, Callable[[str], str | None]] = {
        "has": accept_any if unlisted else has_argument_fault,
        "takes": takes_argument_fault,
        "last": lambda code: (
            (None if unlisted else last_argument_fault(code)) or unmeasured_fault(code, measured)
        ),
    }
    for name in FUNCTIONS:
        functions.setdefault(name, complain_of_step)
    return Names(kinds, functions)


def _analytes(step: events.Lab | events.Vital) -> tuple[str, ...]:
    """Return the LOINC codes that a step measures; none for a panel that is not known."""
    if isinstance(step, events.Lab) and step.details.panel is not None:
        return panels().get(step.details.panel, ())
    return (step.details.loinc or "",)


class _Open(dict[str, Kind]):
    """Names of a journey without its profile: any other may be an attribute, of any kind.

    No attribute may be called `arm`: without a trial nothing is.
    """

    def __missing__(self, name: str) -> Kind:
        return ExpressionType.UNKNOWN

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
