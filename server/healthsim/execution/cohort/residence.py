"""Where the people of a profile live: the counties that it can give, and how one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.choice import Choice, grouped
from healthsim.products.populationsim.reference import geography
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.profiles.profile import Location
from healthsim.tables import Coded

if TYPE_CHECKING:
    from healthsim.execution.cohort.drawing import Sketch

_ADDRESS = "demographics.location"


@dataclass(frozen=True, eq=False)
class Where:
    """A location of a profile, looked up in the geography.

    Attributes:
        said: the location.
    """

    said: Location

    @cached_property
    def open(self) -> NDArray[np.bool_]:
        """Which counties are of the kind that `area` asks for, bool, shape (counties,)."""
        urban = geography().county_metro >= 0
        if self.said.area is None:
            return np.ones(len(urban), dtype=np.bool_)
        return urban if self.said.area == "urban" else ~urban

    @cached_property
    def counties(self) -> NDArray[np.int32]:
        """Every county that somebody can live in, int32, ascending."""
        here, said = geography(), self.said
        if said.counties is not None:
            found = [here.county_index(label) for label in said.counties.labels]
            return np.unique(np.array(found, dtype=np.int32))
        inside = self.open
        if said.metros is not None:
            metros = [here.metro_index(label) for label in said.metros.labels]
            inside = inside & np.isin(here.county_metro, metros)
        elif said.states is not None:
            states = [here.state_index(label) for label in said.states.labels]
            inside = inside & np.isin(here.county_state, states)
        return np.flatnonzero(inside).astype(np.int32)

    def draw(self, sketch: Sketch) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return everyone's state and county, int32 rows of the geography."""
        here, said, uniform = geography(), self.said, sketch.draws.uniform
        if said.counties is not None:
            county = _looked_up(sketch, "county", said.counties, here.county_index)
            return here.county_state[county], county
        if said.metros is not None:
            metro = _looked_up(sketch, "metro", said.metros, here.metro_index)
            county = self._of_metro(metro, uniform(f"{_ADDRESS}.county"))
            return here.county_state[county], county
        if said.states is not None:
            state = _looked_up(sketch, "state", said.states, here.state_index)
        elif said.area is None:
            state = here.choose_state(uniform(f"{_ADDRESS}.state"))
        else:
            everybody = np.zeros(sketch.size, dtype=np.int32)
            state = self._by_state.choose(everybody, uniform(f"{_ADDRESS}.state"))
        u = uniform(f"{_ADDRESS}.county")
        if said.area is None:
            return state, here.choose_county(state, u)
        return state, self._by_county.choose(state, u)

    def _of_metro(self, metro: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.int32]:
        here = geography()
        order = np.argsort(here.county_metro, kind="stable").astype(np.int32)
        order = order[here.county_metro[order] >= 0]
        start = grouped(here.county_metro[order], len(here.metros))
        return order[Choice.of(here.county_population[order], start).choose(metro, u)]

    @cached_property
    def _by_state(self) -> Choice:
        here = geography()
        living = np.add.reduceat(here.county_population * self.open, here.county_start[:-1])
        whole = np.add.reduceat(here.county_population, here.county_start[:-1])
        ends = np.array([0, len(whole)], dtype=np.int32)
        return Choice.of(here.state_population * living // whole, ends)

    @cached_property
    def _by_county(self) -> Choice:
        here = geography()
        weight = here.county_population * self.open
        none = np.add.reduceat(weight, here.county_start[:-1]) == 0
        weight[none[here.county_state]] = 1  # nobody is drawn there: the check has refused it
        return Choice.of(weight, here.county_start)


def _looked_up(
    sketch: Sketch, level: str, said: Distribution, index: Callable[[str], int]
) -> NDArray[np.int32]:
    """Draw labels, and return what each stands for in the geography."""
    drawn = sketch.draw(f"{_ADDRESS}.{level}", sketch.figures.resolved(said))
    if not isinstance(drawn, Coded):
        raise TypeError("numbers stand where places are needed")
    known = [index(label) for label in drawn.vocabulary]
    return np.array(known, dtype=np.int32)[drawn.codes]
