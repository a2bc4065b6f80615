"""Births in a journey: how many children they can bring, and what befalls those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from healthsim.errors import Problem
from healthsim.specification.checks.names import excludes_sex, possible, textual, whole_number
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.journey import Birth, JourneySpec, Phase, walk
from healthsim.specification.journeys.plan import Plan, lay_out
from healthsim.specification.profiles.profile import ProfileSpec

MOST_AT_ONCE = 5
MOST_IN_A_UNIT = 50  # places 50 to 99
FEW_BIRTHS = 3  # births a person for which numbers of everyone are kept, whatever the count
_MANY_BIRTHS = 190_000  # units for which numbers of 50 births a person are kept


@dataclass(frozen=True)
class NewbornPlan(Plan):
    """What befalls those whom one step bears: laid out as a journey from their birth.

    Attributes:
        of: address of the step without the beats around it, journey/step.
    """

    of: str = ""

    def bears(self, address: str) -> bool:
        """Tell whether an occurrence of the birth has an address."""
        name, _, step = self.of.partition("/")
        return address.startswith(f"{name}/") and address.rsplit("/", 1)[-1] == step


def newborn_plans(journey: JourneySpec, where: str) -> Iterator[NewbornPlan]:
    """Lay out what befalls the newborns of each birth of a journey, in document order."""
    for phase in journey.phases:
        for _, step in walk("", phase.steps):
            if isinstance(step, Birth) and step.newborn:
                own = journey.model_copy(update={
                    "phases": (Phase.model_construct(name=phase.name, steps=step.newborn),),
                    "begins": "birth", "eligible": None, "state": {}, "trial": None,
                })  # fmt: skip
                plan = lay_out(own, f"{where}: step {step.id!r}: newborn")
                yield NewbornPlan(**vars(plan), of=f"{journey.name}/{step.id}")


def walked_plans(journeys: Sequence[JourneySpec], plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Return plans in the order in which they are walked.

    First the journeys of those who are there, then what befalls newborns, then the journeys that
    begin at birth.
    """
    newborn = [
        plan
        for place, journey in enumerate(journeys)
        for plan in newborn_plans(journey, f"journeys[{place}]")
    ]
    first = [plan for plan in plans if not plan.journey.from_birth]
    last = [plan for plan in plans if plan.journey.from_birth]
    return (*first, *newborn, *last)


def birth_slots(plans: Sequence[Plan]) -> dict[str, int]:
    """Give every child that a woman can bear a number: address of a birth -> its first.

    The numbers follow the document, so a birth added at its end changes none.
    """
    found: dict[str, int] = {}
    next_one = 0
    for plan in plans:
        for one in plan.occurrences:
            if isinstance(one.step, Birth) and one.address not in found:
                found[one.address] = next_one
                next_one += most_born(one.step.details.number)
    return found


def slot_count(plans: Sequence[Plan]) -> int:
    """Return how many children one woman can bear in a run."""
    births = {one.address: one.step for plan in plans for one in plan.occurrences
              if isinstance(one.step, Birth)}  # fmt: skip
    return sum(most_born(step.details.number) for step in births.values())


def most_born(number: Distribution) -> int:
    """Return the most children of one birth."""
    if number.kind == "text":
        return max((int(label) for label in possible(number) if label.isdecimal()), default=1)
    most = number.range()[1]
    return max(1, round(most)) if most <= MOST_AT_ONCE else MOST_AT_ONCE


def birth_problems(profile: ProfileSpec, journeys: Sequence[JourneySpec]) -> Iterator[Problem]:
    """Yield what is wrong with births for the women of a profile."""
    births = 0
    for place, journey in enumerate(journeys):
        for path, step in journey.steps():
            if isinstance(step, Birth):
                yield from _birth(profile, journey, step, f"journeys[{place}].{path}")
        births += slot_count([lay_out(journey, f"journeys[{place}]")])
    yield from _room(profile, births)
    if not births:
        for place, journey in enumerate(journeys):
            if journey.from_birth:
                yield Problem(
                    f"journeys[{place}].begins",
                    "is birth, and no journey has a birth event: nobody walks it",
                    "add a journey with a birth, or let it begin on a day",
                )


def _birth(profile: ProfileSpec, journey: JourneySpec, step: Birth, here: str) -> Iterator[Problem]:
    yield from textual(f"{here}.details.gender", step.details.gender, ("M", "F"))
    yield from whole_number(f"{here}.details.number", step.details.number, 1, MOST_AT_ONCE)
    men = profile.household is not None or "M" in possible(profile.demographics.gender)
    asked = [one for one in (journey.eligible, step.when) if one is not None]
    if men and not any(excludes_sex(one, "M") for one in asked):
        yield Problem(
            here,
            "can come to men",
            "add \"gender == 'F'\" to eligible, or a when",
        )
    yield from _newborn_steps(step, here)


def _newborn_steps(step: Birth, here: str) -> Iterator[Problem]:
    """Refuse a birth among a newborn's steps, and a question to the mother's history."""
    own = {inner.id for _, inner in walk("", step.newborn)}
    for path, inner in walk(f"{here}.newborn", step.newborn):
        if isinstance(inner, Birth):
            yield Problem(path, "is a birth of somebody just born", "give it to a woman's journey")
        asked = [(place, *call) for place, one in inner.asked() for call in sorted(one.calls)]
        for place, function, argument in asked:
            name = argument.rsplit("/", 1)[-1].partition("#")[0]
            if function in _OF_STEPS and name not in own:
                yield Problem(
                    f"{path}.{place}",
                    f"{function}({argument!r}) asks for a step that is not the newborn's own",
                    "ask a state or attribute of the mother, which the newborn has from her",
                )


_OF_STEPS = frozenset({"happened", "count", "days_since", "within"})


def _room(profile: ProfileSpec, births: int) -> Iterator[Problem]:
    """Refuse more children than a unit has places, or than there are numbers never issued."""
    women = 1
    if profile.unit == "family" and profile.household is not None:
        children = profile.household.children
        most = 0 if children is None else _most_children(children.number)
        women = 2 + most
    if births * women > MOST_IN_A_UNIT:
        whom = "a woman" if women == 1 else f"each of up to {women} people of a household"
        yield Problem(
            "journeys",
            f"can bring {births} births to {whom}, and a unit has places for {MOST_IN_A_UNIT}",
            "lower the times or the number of births, or the most children of a household",
        )
    elif profile.unit == "person" and births > FEW_BIRTHS and profile.count > _MANY_BIRTHS:
        yield Problem(
            "profile.count",
            f"is {profile.count:,}, and journeys can bring {births} births to a woman: there are "
            "not enough numbers that are never issued",
            f"lower it to at most {_MANY_BIRTHS:,} or the births to {FEW_BIRTHS}",
        )


def _most_children(number: Distribution) -> int:
    if number.kind == "text":
        return max((int(label) for label in possible(number) if label.isdecimal()), default=0)
    return int(min(number.range()[1], MOST_IN_A_UNIT))
