"""Where everyone lives: state and county, drawn from the location of the profile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.cohort.drawing import PartialCohort
from healthsim.products.populationsim.reference import geography
from healthsim.specification.distributions.kinds import Distribution
from healthsim.tables import Coded

_ADDRESS = "demographics.location"


def draw_residence(sketch: PartialCohort) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return everyone's state and county, int32 rows of the geography, shape (n,)."""
    here, where, uniform = geography(), sketch.measures.where, sketch.draws.uniform
    location = where.location
    if location.counties is not None:
        county = _looked_up(sketch, "county", location.counties, here.county_index)
        return here.county_state[county], county
    if location.metros is not None:
        metro = _looked_up(sketch, "metro", location.metros, here.metro_index)
        county = where.county_of_metro(metro, uniform(f"{_ADDRESS}.county"))
        return here.county_state[county], county
    if location.states is not None:
        state = _looked_up(sketch, "state", location.states, here.state_index)
    elif location.area is None:
        state = here.choose_state(uniform(f"{_ADDRESS}.state"))
    else:
        everybody = np.zeros(sketch.size, dtype=np.int32)
        state = where.by_state.choose(everybody, uniform(f"{_ADDRESS}.state"))
    u = uniform(f"{_ADDRESS}.county")
    if location.area is None:
        return state, here.choose_county(state, u)
    return state, where.by_county.choose(state, u)


def _looked_up(
    sketch: PartialCohort, level: str, said: Distribution, index: Callable[[str], int]
) -> NDArray[np.int32]:
    """Draw labels, and return what each stands for in the geography."""
    drawn = sketch.draw(f"{_ADDRESS}.{level}", sketch.measures.resolved(said))
    if not isinstance(drawn, Coded):
        raise TypeError("numbers stand where places are needed")
    known = [index(label) for label in drawn.vocabulary]
    return np.array(known, dtype=np.int32)[drawn.codes]
