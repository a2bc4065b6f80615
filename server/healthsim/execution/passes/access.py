"""How far people travel for care: refused before a run if farther than the profile allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem
from healthsim.execution.sync.visits.care_team import PLACES, PRIMARY_CARE, USUAL, Networks
from healthsim.products.networksim.slots import WeightedGroups
from healthsim.products.populationsim.reference import geography
from healthsim.specification.journeys.details import ClaimDetails, EncounterDetails
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead

_ADULTS = ("family medicine", "internal medicine")
_MOST_LISTED = 5  # kinds of care that one problem lists


def out_of_radius(
    networks: Networks,
    journeys: Sequence[JourneySpec],
    counties: NDArray[np.int32],
    radius_miles: float,
) -> list[Problem]:
    """Return a problem if some people would have to travel farther for care than allowed.

    Args:
        networks: the directory, and what the plans have contracts with.
        journeys: what happens, and so who treats.
        counties: int32, where people live, each county once.
        radius_miles: the longest distance allowed, between centres of counties.
    """
    worst: dict[str, tuple[float, str]] = {}
    for kind, slots, whose in _choices(networks, journeys):
        miles, described = _longest_distance(networks, kind, slots, counties, whose)
        if miles > max(radius_miles, worst[kind][0] if kind in worst else 0):
            worst[kind] = miles, described
    if not worst:
        return []
    distances = sorted(worst.values(), key=lambda distance: -distance[0])
    listed = "; ".join(described for _, described in distances[:_MOST_LISTED])
    more = len(distances) - _MOST_LISTED
    rest = f"; and {more} more" if more > 0 else ""
    return [Problem(
        "profile.network.radius_miles",
        f"is {radius_miles:g}, and somebody would have to go farther: {listed}{rest}",
        f"raise it to {distances[0][0]:g}, leave it out, or choose other places or specialties",
    )]  # fmt: skip


def _choices(
    networks: Networks, journeys: Sequence[JourneySpec]
) -> Iterator[tuple[str, WeightedGroups, str]]:
    """Yield each kind of care that may be needed, the choice of its providers, and the plan."""
    names = networks.plans.names or ("",)
    for group, kind in required_care(journeys):
        for slots, name in zip(networks.choices(group), names, strict=False):
            yield kind, slots, f" that {name} has" if name else ""


def _longest_distance(
    networks: Networks, kind: str, slots: WeightedGroups, counties: NDArray[np.int32], whose: str
) -> tuple[float, str]:
    """Return the longest distance from any of the counties, in miles, and a description."""
    geo = geography()
    nearest = slots.serving(kind, "network")[counties]
    miles = networks.directory.centers.miles(counties, nearest)
    worst = int(np.argmax(miles))
    home, place = int(counties[worst]), int(nearest[worst])
    return (
        float(miles[worst]),
        f"the nearest {kind}{whose} is {miles[worst]:g} miles from {geo.county_name[home]}, "
        f"{geo.states[geo.county_state[home]]}, in {geo.county_name[place]}, "
        f"{geo.states[geo.county_state[place]]}",
    )


def required_care(journeys: Sequence[JourneySpec]) -> list[tuple[str, str]]:
    """Return what journeys need of a directory: ``("provider", specialty)``, or a facility."""
    care = [("provider", specialty) for specialty in _ADULTS]
    for journey in journeys:
        for _, step in journey.steps():
            care += _of_step(step)
    return list(dict.fromkeys(care))


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
