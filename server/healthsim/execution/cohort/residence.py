"""The counties in which the people of a profile can live, and how one is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.choice import WeightedChoice, group_starts
from healthsim.products.populationsim.reference import geography
from healthsim.specification.profiles.demographics import Location


@dataclass(frozen=True, eq=False)
class Residence:
    """A location of a profile, looked up in the geography.

    Attributes:
        location: the location.
    """

    location: Location

    @cached_property
    def allowed_counties(self) -> NDArray[np.bool_]:
        """Which counties have the location's `area` (urban or rural), bool, shape (counties,)."""
        urban = geography().county_metro >= 0
        if self.location.area is None:
            return np.ones(len(urban), dtype=np.bool_)
        return urban if self.location.area == "urban" else ~urban

    @cached_property
    def counties(self) -> NDArray[np.int32]:
        """The counties in which anybody can live, int32 rows of the geography, ascending."""
        geo, location = geography(), self.location
        if location.counties is not None:
            counties = [geo.county_index(label) for label in location.counties.labels]
            return np.unique(np.array(counties, dtype=np.int32))
        allowed = self.allowed_counties
        if location.metros is None and location.states is None:
            allowed = allowed & geo.county_of_nation
        if location.metros is not None:
            metros = [geo.metro_index(label) for label in location.metros.labels]
            allowed = allowed & np.isin(geo.county_metro, metros)
        elif location.states is not None:
            states = [geo.state_index(label) for label in location.states.labels]
            allowed = allowed & np.isin(geo.county_state, states)
        return np.flatnonzero(allowed).astype(np.int32)

    def county_of_metro(
        self, metro: NDArray[np.int32], u: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """Return a county for each metropolitan area drawn, int32, shape (n,); `u` in (0, 1)."""
        geo = geography()
        order = np.argsort(geo.county_metro, kind="stable").astype(np.int32)
        order = order[geo.county_metro[order] >= 0]
        start = group_starts(geo.county_metro[order], len(geo.metros))
        return order[WeightedChoice.of(geo.county_population[order], start).choose(metro, u)]

    @cached_property
    def by_state(self) -> WeightedChoice:
        """The states, weighted by their people in allowed counties."""
        geo = geography()
        allowed = np.add.reduceat(
            geo.county_population * self.allowed_counties, geo.county_start[:-1]
        )
        everyone = np.add.reduceat(geo.county_population, geo.county_start[:-1])
        ends = np.array([0, len(everyone)], dtype=np.int32)
        people = geo.state_population * geo.of_nation
        return WeightedChoice.of(people * allowed // everyone, ends)

    @cached_property
    def by_county(self) -> WeightedChoice:
        """The allowed counties of each state, weighted by their people."""
        geo = geography()
        weight = geo.county_population * self.allowed_counties
        empty = np.add.reduceat(weight, geo.county_start[:-1]) == 0
        weight[empty[geo.county_state]] = 1  # never drawn: the check has refused these states
        return WeightedChoice.of(weight, geo.county_start)
