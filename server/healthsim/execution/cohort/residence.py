"""Where the people of a profile live: the counties that it can give, and how one is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.choice import WeightedChoice, group_starts
from healthsim.products.populationsim.reference import geography
from healthsim.specification.profiles.profile import Location


@dataclass(frozen=True, eq=False)
class Residence:
    """A location of a profile, looked up in the geography.

    Attributes:
        location: the location.
    """

    location: Location

    @cached_property
    def allowed_counties(self) -> NDArray[np.bool_]:
        """Which counties are of the kind that `area` asks for, bool, shape (counties,)."""
        urban = geography().county_metro >= 0
        if self.location.area is None:
            return np.ones(len(urban), dtype=np.bool_)
        return urban if self.location.area == "urban" else ~urban

    @cached_property
    def counties(self) -> NDArray[np.int32]:
        """Every county that somebody can live in, int32, ascending."""
        here, said = geography(), self.location
        if said.counties is not None:
            found = [here.county_index(label) for label in said.counties.labels]
            return np.unique(np.array(found, dtype=np.int32))
        inside = self.allowed_counties
        if said.metros is not None:
            metros = [here.metro_index(label) for label in said.metros.labels]
            inside = inside & np.isin(here.county_metro, metros)
        elif said.states is not None:
            states = [here.state_index(label) for label in said.states.labels]
            inside = inside & np.isin(here.county_state, states)
        return np.flatnonzero(inside).astype(np.int32)

    def county_of_metro(
        self, metro: NDArray[np.int32], u: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """Return a county of each metropolitan area, int32 rows of the geography; `u` in (0, 1)."""
        here = geography()
        order = np.argsort(here.county_metro, kind="stable").astype(np.int32)
        order = order[here.county_metro[order] >= 0]
        start = group_starts(here.county_metro[order], len(here.metros))
        return order[WeightedChoice.of(here.county_population[order], start).choose(metro, u)]

    @cached_property
    def by_state(self) -> WeightedChoice:
        """The states, by the people who live in counties of the kind asked for."""
        here = geography()
        living = np.add.reduceat(
            here.county_population * self.allowed_counties, here.county_start[:-1]
        )
        whole = np.add.reduceat(here.county_population, here.county_start[:-1])
        ends = np.array([0, len(whole)], dtype=np.int32)
        return WeightedChoice.of(here.state_population * living // whole, ends)

    @cached_property
    def by_county(self) -> WeightedChoice:
        """The counties of each state that are of the kind asked for, by their people."""
        here = geography()
        weight = here.county_population * self.allowed_counties
        none = np.add.reduceat(weight, here.county_start[:-1]) == 0
        weight[none[here.county_state]] = 1  # nobody is drawn there: the check has refused it
        return WeightedChoice.of(weight, here.county_start)
