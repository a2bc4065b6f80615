"""What is wrong between a profile and its journeys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from healthsim.codes.icd10cm import EXCLUDES, conflicts
from healthsim.errors import Problem, near
from healthsim.specification.checks.births import birth_problems
from healthsim.specification.checks.codes import profile_code_problems
from healthsim.specification.checks.names import ReferenceNames
from healthsim.specification.checks.trial import product_problems
from healthsim.specification.journeys import events
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.profiles.profile import ProfileSpec

_PROFESSIONAL = frozenset({"office", "telehealth", "urgent_care"})
_OF_COVERAGE = (events.Claim, events.Enrollment, events.Disenrollment)


def pair_problems(
    profile: ProfileSpec,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    layouts: Layouts,
) -> Iterator[Problem]:
    """Yield what does not fit between a profile and its journeys."""
    yield from _names(journeys)
    yield from profile_code_problems(profile, journeys)
    yield from product_problems(profile, journeys)
    yield from birth_problems(profile, journeys, layouts)
    for place, journey in enumerate(journeys):
        where = f"journeys[{place}]"
        yield from _dates(profile, journey, where)
        first, latest = journey.window(profile.as_of)
        last = latest + timedelta(journey.duration_days)
        for path, step in journey.steps():
            if step.at.date is not None and not first <= step.at.date <= last:
                yield Problem(
                    f"{where}.{path}: step {step.id!r}: at.date",
                    f"is {step.at.date}, and the journey lasts from {first} to {last}",
                    "choose a day inside, or change begins or duration_days",
                )
            yield from _step(profile, f"{where}.{path}", step, known)
            yield from _excluded(profile, journey, f"{where}.{path}", step)


def _names(journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    states: dict[str, list[tuple[JourneySpec, int]]] = {}
    for place, journey in enumerate(journeys):
        if journey.name in seen:
            yield Problem(
                f"journeys[{place}].name",
                f"{journey.name!r} is also {seen[journey.name]}",
                "rename one: names are part of every address",
            )
        seen[journey.name] = f"journeys[{place}]"
        for state in journey.state:
            for other, place_of_other in states.get(state, ()):
                yield from _shared(journey, other, state, place, place_of_other)
            states.setdefault(state, []).append((journey, place))


def _shared(
    journey: JourneySpec, other: JourneySpec, state: str, place: int, place_of_other: int
) -> Iterator[Problem]:
    """Refuse two journeys that write one state and do not say which precedes."""
    where = f"journeys[{place}].state.{state}"
    given = {journey.precedence, other.precedence}
    if None in given or len(given) < 2:
        yield Problem(
            where,
            f"is also a state of journeys[{place_of_other}], and neither precedes the other",
            "give both journeys a precedence of their own, or rename the state",
        )
    mine, others = journey.state[state], other.state[state]
    if (mine.low, mine.high, mine.decimals) != (others.low, others.high, others.decimals):
        yield Problem(
            where,
            f"has other bounds or decimals than in journeys[{place_of_other}]",
            "declare it alike in both, or rename it",
        )


def _dates(profile: ProfileSpec, journey: JourneySpec, where: str) -> Iterator[Problem]:
    earliest, latest = journey.window(profile.as_of)
    if earliest < profile.as_of:
        yield Problem(
            f"{where}.begins.earliest",
            f"is {earliest}, before the profile's as_of {profile.as_of}",
            f"begin on or after {profile.as_of}, or set as_of to {earliest}",
        )
    if profile.through is not None and latest > profile.through:
        yield Problem(
            f"{where}.begins.latest",
            f"is {latest}, after the profile's through {profile.through}",
            f"set through to {latest + timedelta(days=journey.duration_days)}",
        )


def _excluded(
    profile: ProfileSpec, journey: JourneySpec, where: str, step: StepHead
) -> Iterator[Problem]:
    """Refuse a diagnosis beside one that excludes it; a later stage replaces an earlier one."""
    if not isinstance(step, events.Diagnosis):
        return
    clinical, code = profile.clinical, step.details.code
    held = clinical.codes
    asked = {
        argument
        for expression in (step.when, journey.eligible)
        if expression is not None
        for function, argument in expression.calls
        if function == "has"
    }
    for other in held:
        clash = conflicts((other, code)) and not any(
            one == two and code.startswith(one) and other.startswith(one) for one, two in EXCLUDES
        )
        if clash and not any(other.startswith(argument) for argument in asked):
            yield Problem(
                f"{where}.details.code",
                f"{code} excludes {other}, which the profile gives people",
                f"add when: \"not has('{other[:3]}')\"",
            )


def _step(
    profile: ProfileSpec, where: str, step: StepHead, known: ReferenceNames
) -> Iterator[Problem]:
    claims = "membersim" in profile.products
    if isinstance(step, _OF_COVERAGE) and not claims:
        yield Problem(
            where,
            f"a {step.type} needs membersim, which products leaves out",
            'add "membersim" to products',
        )
    if isinstance(step, events.Enrollment) and step.details.plan is not None:
        own = profile.coverage.plans if profile.coverage is not None else {}
        plans = [name for name in (*own, *known.plans) if name != known.uninsured]
        if step.details.plan not in plans:
            yield Problem(
                f"{where}.details.plan",
                f"unknown plan {step.details.plan!r}",
                near(step.details.plan, plans),
            )
    if isinstance(step, events.Encounter) and claims:
        sponsored = isinstance(step, events.TrialVisit) and not step.details.routine_care
        professional = step.details.encounter_class in _PROFESSIONAL and not sponsored
        if professional and step.details.procedures is None:
            yield Problem(
                f"{where}.details.procedures",
                "is missing, so the visit would have no claim",
                'say what it bills, such as ["99213"], or [] if it bills nothing',
            )
    primary = profile.clinical.primary
    if isinstance(step, events.Encounter | events.Claim) and not (
        step.details.diagnoses or primary
    ):
        yield Problem(
            f"{where}.details.diagnoses",
            "is empty, and the profile has no primary condition to fall back on",
            'name one, such as ["Z00.00"]',
        )
