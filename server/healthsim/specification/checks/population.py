"""What is wrong with the steps of a journey that see everybody: exact options, randomisation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from healthsim.errors import Problem, near
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Randomization
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.language.expressions import TEXT, Kind
from healthsim.specification.language.typecheck import ExpressionType
from healthsim.specification.profiles.profile import ProfileSpec


def population_problems(
    journey: JourneySpec, profile: ProfileSpec | None, kinds: Mapping[str, Kind], where: str
) -> Iterator[Problem]:
    """Yield exact options that nobody could meet, and randomisations without arms or strata."""
    randomized = [path for path, step in journey.steps() if isinstance(step, Randomization)]
    for path, step in journey.steps():
        if isinstance(step, Branch) and profile is not None:
            yield from _too_many(step, profile.count, f"{where}.{path}")
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
                f"add a text attribute that says the band of {name}, and name that",
            )


def _too_many(step: Branch, everybody: int, where: str) -> Iterator[Problem]:
    for group in step.groups():
        asked = sum(option.exactly or 0 for option in group)
        if asked > everybody:
            first = next(option for option in group if option.exactly)
            yield Problem(
                f"{where}.options[{step.options.index(first)}].exactly",
                f"asks for {asked} of {everybody} people",
                f"lower it to at most {everybody} or raise count",
            )
