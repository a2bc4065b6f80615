"""What is wrong with a journey's steps over the whole population: exact counts, randomisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from healthsim.errors import Problem, near
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Randomization
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import TEXT, Kind
from healthsim.specification.language.typecheck import ExpressionType
from healthsim.specification.profiles.profile import ProfileSpec


def exact_option_problems(
    step: StepHead, profile: ProfileSpec | None, here: str
) -> Iterator[Problem]:
    """Yield the options of a branch whose exact counts exceed the population."""
    if not isinstance(step, Branch) or profile is None:
        return
    for group in step.groups():
        total = sum(option.exactly or 0 for option in group)
        if total > profile.count:
            place = next(step.options.index(option) for option in group if option.exactly)
            yield Problem(
                f"{here}.options[{place}].exactly",
                f"asks for {total} of {profile.count} people",
                f"lower it to at most {profile.count} or raise count",
            )


def randomization_problems(
    journey: JourneySpec, kinds: Mapping[str, Kind], where: str
) -> Iterator[Problem]:
    """Yield a randomisation without arms, and strata that are not texts."""
    randomized = [path for path, step in journey.steps() if isinstance(step, Randomization)]
    if not randomized:
        return
    if journey.trial is None or not journey.trial.arms:
        yield Problem(
            f"{where}.{randomized[0]}",
            "randomises, and the journey names no arms",
            'add a trial with arms, such as "trial": {"id": "T-1", "arms": {"new": 1, "old": 1}}',
        )
        return
    for name in journey.trial.strata:
        here = f"{where}.trial.strata"
        if name not in kinds:
            yield Problem(here, f"{name!r} is not a known name", near(name, kinds))
            continue
        kind = kinds[name]
        if kind not in (TEXT, ExpressionType.UNKNOWN) and not isinstance(kind, tuple):
            yield Problem(
                here,
                f"{name!r} is a number, and strata are texts",
                f"add a text attribute with bands of {name}, and name that",
            )
