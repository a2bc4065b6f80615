"""Services that the place of their visit, or the age or sex of people, excludes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.billing.professional.code_limits import CodeLimit, code_limits, excluded_place
from healthsim.errors import Problem
from healthsim.specification.checks.codes import done, services
from healthsim.specification.checks.conditions import with_conditions
from healthsim.specification.checks.names import excludes_sex
from healthsim.specification.checks.steps import steps_at_an_age
from healthsim.specification.distributions.kinds import possible_labels
from healthsim.specification.journeys import events
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import Expression
from healthsim.specification.profiles.genders import other_sex
from healthsim.specification.profiles.profile import ProfileSpec

_YEAR = 365.25
_CLASS = "encounter_class"


def service_warnings(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield services that a payer refuses of some people or in their place; they are billed."""
    for place, journey in enumerate(journeys):
        steps = dict(journey.steps())
        aged = steps_at_an_age(journey)
        for path, step, conditions in with_conditions(journey):
            here = f"journeys[{place}].{path}"
            visit = _visit(path, steps)
            for where, code in (*services(step), *done(step)):
                at = f"{here}.{where}"
                if visit is not None:
                    yield from _place(at, code, visit)
                for limit in code_limits(code):
                    yield from _sex(at, code, limit, conditions, journey, profile)
                    if path not in aged:
                        yield from _age(at, code, limit, conditions, journey, profile)


def _visit(path: str, steps: dict[str, StepHead]) -> str | None:
    """Return the class of the encounter that a step is, or is inside of; None where of none."""
    while path:
        details = getattr(steps.get(path), "details", None)
        if isinstance(steps.get(path), events.Encounter | events.Claim):
            return str(getattr(details, _CLASS))
        path = path.rpartition(".with[")[0]
    return None


def _place(at: str, code: str, encounter_class: str) -> Iterator[Problem]:
    why = excluded_place(code, encounter_class)
    if why is not None:
        yield Problem(
            at,
            f"{code} {why}, and the visit's class is {encounter_class}",
            "choose the code that this place bills, or another encounter_class",
        )


def _sex(
    at: str, code: str, limit: CodeLimit, conditions: Sequence[Expression],
    journey: JourneySpec, profile: ProfileSpec,
) -> Iterator[Problem]:  # fmt: skip
    if not limit.sex or profile.household is not None or journey.from_birth or ".newborn[" in at:
        return
    other = other_sex(limit.sex)
    excluded = any(excludes_sex(one, other) for one in conditions)
    if other in possible_labels(profile.demographics.gender) and not excluded:
        yield Problem(
            at,
            f"{code} ({limit.what}) is for {limit.sex}, and people with gender {other} can get it",
            f"add when: \"gender == '{limit.sex}'\"",
        )


def _age(
    at: str, code: str, limit: CodeLimit, conditions: Sequence[Expression],
    journey: JourneySpec, profile: ProfileSpec,
) -> Iterator[Problem]:  # fmt: skip
    """Yield that nobody is of an age for a service, or that somebody is not and no rule says so."""
    if profile.household is not None or journey.from_birth or ".newborn[" in at:
        return
    if ".options[" in at or any("age" in one.names for one in conditions):
        return
    youngest, oldest = profile.ages.range()
    later = (journey.window(profile.as_of)[1] - profile.as_of).days + journey.duration_days
    oldest += later / _YEAR
    if limit.from_age <= oldest and youngest < limit.before_age:
        return
    before = f" and below {limit.before_age}" if limit.before_age < 150 else ""
    yield Problem(
        at,
        f"{code} ({limit.what}) is for ages from {limit.from_age}{before}, and ages here are "
        f"{youngest:g} to {oldest:g}",
        "choose the code of these ages, or change demographics.age",
    )
