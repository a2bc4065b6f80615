"""Planning regions in a profile's location, as the counties in which their people live."""

from __future__ import annotations

from typing import Any

from healthsim.products.populationsim.county_codes import of_regions
from healthsim.specification.distributions.kinds import (
    Categorical,
    Conditional,
    Constant,
    Distribution,
    Explicit,
    Mixture,
)
from healthsim.specification.profiles.demographics import Location


def in_counties_only(location: Location) -> Location:
    """Return a location without planning regions: each by its people, in the counties of it."""
    if location.counties is None or not of_regions(location.counties.labels):
        return location
    return location.model_copy(update={"counties": _expanded(location.counties)})


def _expanded(places: Distribution) -> Any:
    """Return a distribution of labels with each region's counties in its place, by share."""
    if isinstance(places, Conditional):
        cases = tuple(case.model_copy(update={"then": _expanded(case.then)})
                      for case in places.cases)  # fmt: skip
        changed = {"cases": cases, "otherwise": _expanded(places.otherwise)}
        return places.model_copy(update=changed)
    if isinstance(places, Mixture):
        parts = tuple(part.model_copy(update={"of": _expanded(part.of)}) for part in places.parts)
        return places.model_copy(update={"parts": parts})
    if isinstance(places, Constant) and places.labels:
        return Categorical(weights=_shared({places.labels[0]: 1.0}))
    if isinstance(places, Explicit) and places.order == "random":
        weights: dict[str, float] = {}
        for label in places.listed:
            weights[str(label)] = weights.get(str(label), 0) + 1 / len(places.listed)
        return Categorical(weights=_shared(weights))
    if isinstance(places, Categorical) and places.weights is not None:
        return Categorical(weights=_shared(places.weights))
    return places


def _shared(weights: dict[str, float]) -> dict[str, float]:
    regions, found = of_regions(tuple(weights)), dict[str, float]()
    for label, weight in weights.items():
        for county, share in regions.get(label, {label: 1.0}).items():
            found[county] = found.get(county, 0) + weight * share
    return found
