"""How far people go for care: refused before a run where it is farther than the profile allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem
from healthsim.execution.sync.care_team import PLACES, PRIMARY_CARE, USUAL, Networks
from healthsim.products.networksim.slots import WeightedGroups
from healthsim.products.populationsim.reference import geography
from healthsim.specification.journeys.details import ClaimDetails, EncounterDetails
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead

_ADULTS = ("family medicine", "internal medicine")
_TOLD = 5  # kinds that one refusal lists


def out_of_radius(
    networks: Networks,
    journeys: Sequence[JourneySpec],
    counties: NDArray[np.int32],
    radius_miles: float,
) -> list[Problem]:
    """Return what some people would have to go farther for than they may.

    Args:
        networks: the directory, and what the plans have contracts with.
        journeys: what happens, and so who treats.
        counties: int32, where people live, each county once.
        radius_miles: the farthest way that is allowed, between centres of counties.
    """
    worst: dict[str, tuple[float, str]] = {}
    for kind, slots, whose in _choices(networks, journeys):
        found = _longest_distance(networks, kind, slots, counties, whose)
        if found[0] > max(radius_miles, worst[kind][0] if kind in worst else 0):
            worst[kind] = found
    if not worst:
        return []
    most = sorted(worst.values(), key=lambda one: -one[0])
    told = "; ".join(what for _, what in most[:_TOLD])
    more = f"; and {len(most) - _TOLD} more" if len(most) > _TOLD else ""
    return [Problem(
        "profile.network.radius_miles",
        f"is {radius_miles:g}, and somebody would have to go farther: {told}{more}",
        f"raise it to {most[0][0]:g}, leave it out, or choose other places or specialties",
    )]  # fmt: skip


def _choices(
    networks: Networks, journeys: Sequence[JourneySpec]
) -> Iterator[tuple[str, WeightedGroups, str]]:
    """Yield every kind of care that may be sought, what it is chosen from, and under which plan."""
    names = networks.book.names or ("",)
    for what, kind in required_care(journeys):
        for slots, name in zip(networks.choices(what), names, strict=False):
            yield kind, slots, f" that {name} has" if name else ""


def _longest_distance(
    networks: Networks, kind: str, slots: WeightedGroups, counties: NDArray[np.int32], whose: str
) -> tuple[float, str]:
    """Return how far people of the county that is farthest have to go, and how to say it."""
    here = geography()
    there = slots.serving(kind, "network")[counties]
    miles = networks.directory.centers.miles(counties, there)
    worst = int(np.argmax(miles))
    home, place = int(counties[worst]), int(there[worst])
    return (
        float(miles[worst]),
        f"the nearest {kind}{whose} is {miles[worst]:g} miles from {here.county_name[home]}, "
        f"{here.states[here.county_state[home]]}, in {here.county_name[place]}, "
        f"{here.states[here.county_state[place]]}",
    )


def required_care(journeys: Sequence[JourneySpec]) -> list[tuple[str, str]]:
    """Return what journeys need of a directory: ``("provider", specialty)``, or a facility."""
    found: dict[tuple[str, str], None] = {("provider", one): None for one in _ADULTS}
    for journey in journeys:
        for _, step in journey.steps():
            found |= dict.fromkeys(_of_step(step))
    return list(found)


def _of_step(step: StepHead) -> Iterator[tuple[str, str]]:
    details = getattr(step, "details", None)
    specialty = getattr(details, "specialty", None)
    if isinstance(details, EncounterDetails | ClaimDetails):
        kind = PLACES.get(details.encounter_class)
        specialty = specialty or USUAL.get(details.encounter_class)
        if kind is not None:
            yield ("facility", kind)
            if kind == "hospital" and details.encounter_class != "outpatient_hospital":
                specialty = None  # its own staff
    if specialty is not None and specialty not in PRIMARY_CARE:
        yield ("provider", specialty)
