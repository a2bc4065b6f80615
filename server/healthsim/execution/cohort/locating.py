"""The state and county of everyone, drawn from the location of the profile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.cohort.drawing import PartialCohort
from healthsim.execution.people.draws import require_text
from healthsim.products.populationsim.reference import geography
from healthsim.specification.distributions.kinds import Distribution

_ADDRESS = "demographics.location"


def draw_residence(cohort: PartialCohort) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return everyone's state and county, int32 rows of the geography, shape (n,)."""
    geo, residence, uniform = geography(), cohort.measures.residence, cohort.draws.uniform
    location = residence.location
    if location.counties is not None:
        county = _draw_places(cohort, "county", location.counties, geo.county_index)
        return geo.county_state[county], county
    if location.metros is not None:
        metro = _draw_places(cohort, "metro", location.metros, geo.metro_index)
        county = residence.county_of_metro(metro, uniform(f"{_ADDRESS}.county"))
        return geo.county_state[county], county
    if location.states is not None:
        state = _draw_places(cohort, "state", location.states, geo.state_index)
    elif location.area is None:
        state = geo.choose_state(uniform(f"{_ADDRESS}.state"))
    else:
        nation = np.zeros(cohort.size, dtype=np.int32)
        state = residence.by_state.choose(nation, uniform(f"{_ADDRESS}.state"))
    u = uniform(f"{_ADDRESS}.county")
    if location.area is None:
        return state, geo.choose_county(state, u)
    return state, residence.by_county.choose(state, u)


def _draw_places(
    cohort: PartialCohort, level: str, places: Distribution, index: Callable[[str], int]
) -> NDArray[np.int32]:
    """Draw labels of places; return their rows in the geography, int32, shape (n,)."""
    drawn = require_text(cohort.draw(f"{_ADDRESS}.{level}", cohort.measures.resolved(places)))
    rows = [index(label) for label in drawn.vocabulary]
    return np.array(rows, dtype=np.int32)[drawn.codes]
