"""Whether the births of journeys fit the people of a profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.errors import Problem
from healthsim.medicine.obstetrics import mode_of_birth
from healthsim.specification.checks.names import excludes_sex, text_problems, whole_number_problems
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.journeys.details import Billed, ClaimDetails, EncounterDetails
from healthsim.specification.journeys.events import Birth
from healthsim.specification.journeys.journey import JourneySpec, walk
from healthsim.specification.journeys.layouts import Layouts
from healthsim.specification.journeys.newborns import (
    MOST_AT_ONCE,
    MOST_IN_A_UNIT,
    slot_count,
)
from healthsim.specification.profiles.genders import GENDERS
from healthsim.specification.profiles.profile import ProfileSpec


def birth_code_problems(
    details: EncounterDetails | ClaimDetails, codes: Sequence[str], where: str
) -> Iterator[Problem]:
    """Refuse a code of a birth that contradicts how the child is born.

    Args:
        details: of the visit, with its procedures.
        codes: the diagnoses that it always states.
        where: the place of the diagnoses.
    """
    billed = [one.code if isinstance(one, Billed) else one for one in details.procedures or ()]
    mode = mode_of_birth((*getattr(details, "icd10pcs", ()), *billed))
    if "O80" in codes and mode == "caesarean":
        found = "O80 is a birth without an operation, and the procedures are a caesarean"
        yield Problem(where, found, "state its reason, or O82 where it has none")
    if "O82" in codes and mode == "vaginal":
        found = "O82 is a caesarean, and the procedures are a vaginal birth"
        yield Problem(where, found, "state O80, or what complicates the birth")


def birth_problems(
    profile: ProfileSpec, journeys: Sequence[JourneySpec], layouts: Layouts
) -> Iterator[Problem]:
    """Yield what is wrong with births for the women of a profile."""
    births = 0
    for place, journey in enumerate(journeys):
        for path, step in journey.steps():
            if isinstance(step, Birth):
                yield from _birth(profile, journey, step, f"journeys[{place}].{path}")
        births += slot_count([layouts.of(journey)])
    yield from _room(profile, births)
    if not births:
        for place, journey in enumerate(journeys):
            if journey.from_birth:
                yield Problem(
                    f"journeys[{place}].begins",
                    "is birth, and no journey has a birth event: nobody would be in it",
                    "add a journey with a birth, or let it begin on a day",
                )


def _birth(profile: ProfileSpec, journey: JourneySpec, step: Birth, here: str) -> Iterator[Problem]:
    yield from text_problems(f"{here}.details.gender", step.details.gender, GENDERS)
    yield from whole_number_problems(f"{here}.details.number", step.details.number, 1, MOST_AT_ONCE)
    genders = set(possible_labels(profile.demographics.gender)) - {"F"}
    if profile.household is not None:
        genders.add("M")
    conditions = [when for when in (journey.eligible, step.when) if when is not None]
    for gender in (one for one in GENDERS if one in genders):
        if not any(excludes_sex(condition, gender) for condition in conditions):
            whom = "men" if gender == "M" else f"people with gender {gender}"
            mend = "add \"gender == 'F'\" to eligible, or a when"
            yield Problem(here, f"can happen to {whom}", mend)
    yield from _newborn_steps(step, here)


def _newborn_steps(step: Birth, here: str) -> Iterator[Problem]:
    """Refuse a birth among a newborn's steps, and conditions on the mother's steps."""
    own = {inner.id for _, inner in walk("", step.newborn)}
    for path, inner in walk(f"{here}.newborn", step.newborn):
        if isinstance(inner, Birth):
            found = "is a birth among the steps of a newborn"
            yield Problem(path, found, "give it to a woman's journey")
        for place, condition in inner.conditions():
            for function, argument in sorted(condition.calls):
                name = argument.rsplit("/", 1)[-1].partition("#")[0]
                if function in _OF_STEPS and name not in own:
                    yield Problem(
                        f"{path}.{place}",
                        f"{function}({argument!r}) uses a step that is not the newborn's own",
                        "use a state or attribute of the mother, which the newborn has from her",
                    )


_OF_STEPS = frozenset({"happened", "count", "days_since", "within"})


def _room(profile: ProfileSpec, births: int) -> Iterator[Problem]:
    """Refuse more children than a unit has places."""
    women = 1
    if profile.unit == "family" and profile.household is not None:
        children = profile.household.children
        most = 0 if children is None else _most_children(children.number)
        most += sum(member.role == "child" for member in profile.household.members)
        women = 2 + most
    if births * women > MOST_IN_A_UNIT:
        whom = "a woman" if women == 1 else f"each of up to {women} people of a household"
        yield Problem(
            "journeys",
            f"allow {births} births for {whom}, and a unit has places for {MOST_IN_A_UNIT}",
            "lower the times or the number of births, or the most children of a household",
        )


def _most_children(number: Distribution) -> int:
    if number.kind == "text":
        return max(
            (int(label) for label in possible_labels(number) if label.isdecimal()), default=0
        )
    return int(min(number.range()[1], MOST_IN_A_UNIT))
