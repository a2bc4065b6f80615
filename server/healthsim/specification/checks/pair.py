"""What is wrong between a profile and its journeys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from healthsim.codes.exact_codes import says_more
from healthsim.codes.icd10cm import EXCLUDES, conflicts
from healthsim.errors import Problem
from healthsim.specification.checks.births import birth_problems
from healthsim.specification.checks.codes import profile_code_problems
from healthsim.specification.checks.names import ReferenceNames, unknown_problems
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
            here = f"{where}.{path}"
            if step.at.date is not None and not first <= step.at.date <= last:
                yield Problem(
                    f"{here}: step {step.id!r}: at.date",
                    f"is {step.at.date}, and the journey lasts from {first} to {last}",
                    "choose a day inside, or change begins or duration_days",
                )
            yield from _products(profile, step, known, here)
            yield from _visit(profile, step, f"{here}.details")
            yield from _excluded(profile, journey, step, here)


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
    """Refuse two journeys that change one state without precedence, or declare it differently."""
    where = f"journeys[{place}].state.{state}"
    precedences = {journey.precedence, other.precedence}
    if None in precedences or len(precedences) < 2:
        yield Problem(
            where,
            f"is also a state of journeys[{place_of_other}], and neither precedes the other",
            "give both journeys a precedence of their own, or rename the state",
        )
    first, second = journey.state[state], other.state[state]
    if (first.low, first.high, first.decimals) != (second.low, second.high, second.decimals):
        yield Problem(
            where,
            f"has other bounds or decimals than in journeys[{place_of_other}]",
            "declare it in the same way in both, or rename it",
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
    profile: ProfileSpec, journey: JourneySpec, step: StepHead, here: str
) -> Iterator[Problem]:
    """Refuse a diagnosis beside one that excludes it; a later stage replaces an earlier one."""
    if not isinstance(step, events.Diagnosis):
        return
    code = step.details.code
    prefixes = {
        argument
        for condition in (step.when, journey.eligible)
        if condition is not None
        for function, argument in condition.calls
        if function == "has"
    }
    for other in profile.codes:
        degrees = any(
            first == second and code.startswith(first) and other.startswith(first)
            for first, second in EXCLUDES
        )
        exact = says_more(code, other) or says_more(other, code)
        clash = conflicts((other, code)) and not degrees and not exact
        if clash and not any(other.startswith(prefix) for prefix in prefixes):
            yield Problem(
                f"{here}.details.code",
                f"{code} excludes {other}, which the profile gives people",
                f"add when: \"not has('{other[:3]}')\"",
            )


def _products(
    profile: ProfileSpec, step: StepHead, known: ReferenceNames, here: str
) -> Iterator[Problem]:
    """Refuse a step of coverage without MemberSim, and an enrolment in an unknown plan."""
    if isinstance(step, _OF_COVERAGE) and "membersim" not in profile.products:
        yield Problem(
            here,
            f"a {step.type} needs membersim, which products leaves out",
            'add "membersim" to products',
        )
    if isinstance(step, events.Enrollment):
        own = profile.coverage.plans if profile.coverage is not None else {}
        plans = [name for name in (*own, *known.plans) if name != known.uninsured]
        yield from unknown_problems(f"{here}.details.plan", "plan", step.details.plan, plans)


def _visit(profile: ProfileSpec, step: StepHead, here: str) -> Iterator[Problem]:
    """Refuse a visit that would have no claim or no diagnosis."""
    if not isinstance(step, events.Encounter | events.Claim):
        return
    if isinstance(step, events.Encounter) and "membersim" in profile.products:
        sponsored = isinstance(step, events.TrialVisit) and not step.details.routine_care
        professional = step.details.encounter_class in _PROFESSIONAL and not sponsored
        if professional and step.details.procedures is None:
            yield Problem(
                f"{here}.procedures",
                "is missing, so the visit would have no claim",
                'say what it bills, such as ["99213"], or [] if it bills nothing',
            )
    if not step.details.diagnoses and profile.clinical.primary is None:
        yield Problem(
            f"{here}.diagnoses",
            "is empty, and the profile has no primary condition to fall back on",
            'name one, such as ["Z00.00"]',
        )
