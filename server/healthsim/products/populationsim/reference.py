"""States, counties, metros, cities, ZIP codes and area codes of the United States, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import NotFound
from healthsim.placenames import near_county, near_metro, near_state, unmarked
from healthsim.products.populationsim.choice import WeightedChoice, group_starts
from healthsim.products.populationsim.datafiles import columns, rows
from healthsim.tables import Coded


@dataclass(frozen=True, eq=False)
class _Places:
    """Cities and ZIP codes, sorted by county, city, ZIP code; every ZIP code is listed once.

    Attributes:
        county: int32, shape (places,); county index, ascending.
        city: city of each place.
        zip: five digits, distinct.
        weight: int64, shape (places,); people of that ZIP code who live in the county.
        start: int32, shape (counties + 1,); slices of the places by county.
    """

    county: NDArray[np.int32]
    city: Coded
    zip: tuple[str, ...]
    weight: NDArray[np.int64]
    start: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Geography:
    """Where people live: 51 states (DC included) and, after them, the five territories.

    All counties and county equivalents of 2020, and the places of each. Choices are codes:
    ``Coded(county, geography.county_fips)`` and ``geography.place_city.take(place)`` are columns
    of text.

    Attributes:
        states: two-letter codes, sorted, territories last; a state's index is its position here.
        state_names: English names.
        state_population: int64, shape (states,); people, 2020 census.
        county_fips: five digits; sorted by state, then population descending.
        county_name: with its kind, e.g. ``"Harris County"``, ``"Orleans Parish"``.
        county_state: int32, shape (counties,); state index.
        county_population: int64, shape (counties,); people, data/README.md.
        county_start: int32, shape (states + 1,); counties of state s are [start[s], start[s + 1]).
        county_metro: int32, shape (counties,); metro index; -1 for a county in none, which
            `area` calls rural.
        metros: codes of the metropolitan statistical areas, sorted.
        metro_titles: their titles, such as ``"Ames, IA"``.
        area_codes: telephone area codes of each state, ascending.
        of_nation: bool, shape (states,); False for the territories, where nobody lives unless a
            specification says so.
    """

    states: tuple[str, ...]
    state_names: tuple[str, ...]
    state_population: NDArray[np.int64]
    county_fips: tuple[str, ...]
    county_name: tuple[str, ...]
    county_state: NDArray[np.int32]
    county_population: NDArray[np.int64]
    county_start: NDArray[np.int32]
    county_metro: NDArray[np.int32]
    metros: tuple[str, ...]
    metro_titles: tuple[str, ...]
    area_codes: tuple[tuple[int, ...], ...]
    of_nation: NDArray[np.bool_]

    @property
    def county_of_nation(self) -> NDArray[np.bool_]:
        """Which counties are not of a territory, bool, shape (counties,)."""
        return self.of_nation[self.county_state]

    def state_index(self, code: str, where: str = "location.states") -> int:
        """Return the index of a two-letter state code, or refuse with near matches.

        >>> geography().state_index("TX")
        43
        """
        if code in self._index_of_state:
            return self._index_of_state[code]
        mend = near_state(code, self.states, self.state_names)
        raise NotFound(where, f"no state {code!r}", mend)

    def county_index(self, label: str, where: str = "location.counties") -> int:
        """Return the index of a county by FIPS code or name, or refuse with near matches.

        >>> geo = geography()
        >>> geo.county_index("48201") == geo.county_index("Harris County, TX")
        True
        """
        if label in self._index_of_fips:
            return self._index_of_fips[label]
        if unmarked(label) in self._index_of_title:
            return self._index_of_title[unmarked(label)]
        mend = near_county(label, self.county_fips, self.county_titles)
        raise NotFound(where, f"no county {label!r}", mend)

    def metro_index(self, label: str, where: str = "location.metros") -> int:
        """Return the index of a metropolitan area by code or title, or refuse with near matches.

        >>> geography().metro_titles[geography().metro_index("26420")][:7]
        'Houston'
        """
        for labels in (self.metros, self.metro_titles):
            if label in labels:
                return labels.index(label)
        mend = near_metro(label, self.metros, self.metro_titles)
        raise NotFound(where, f"no metropolitan area {label!r}", mend)

    @cached_property
    def county_titles(self) -> tuple[str, ...]:
        """Names of counties with their state, such as ``"Harris County, TX"``."""
        pairs = zip(self.county_name, self.county_state.tolist(), strict=True)
        return tuple(f"{name}, {self.states[state]}" for name, state in pairs)

    def choose_state(self, u: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return a state for each number, by population; int32 index, shape (n,)."""
        return self._by_state.choose(np.zeros(len(u), dtype=np.int32), u)

    def choose_county(self, state: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return a county of each state, by population; int32 index, shape (n,), -1 for none."""
        return self._by_county.choose(state, u)

    def choose_place(self, county: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return a place of each county, by weight; int32 index, shape (n,), -1 for none."""
        return self._by_place.choose(county, u)

    def area_code(self, state: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return an area code of each state, all equally likely; int32, shape (n,), -1 for none."""
        choice, codes = self._by_area
        picked = choice.choose(state, u)
        return np.where(picked < 0, np.int32(-1), codes[picked])

    @cached_property
    def _index_of_state(self) -> dict[str, int]:
        return {code: index for index, code in enumerate(self.states)}

    @cached_property
    def _index_of_fips(self) -> dict[str, int]:
        return {fips: index for index, fips in enumerate(self.county_fips)}

    @cached_property
    def _index_of_title(self) -> dict[str, int]:
        return {unmarked(title): index for index, title in enumerate(self.county_titles)}

    @cached_property
    def _by_state(self) -> WeightedChoice:
        everywhere = np.array([0, len(self.states)], dtype=np.int32)
        return WeightedChoice.of(self.state_population * self.of_nation, everywhere)

    @cached_property
    def _by_county(self) -> WeightedChoice:
        return WeightedChoice.of(self.county_population, self.county_start)

    @property
    def place_county(self) -> NDArray[np.int32]:
        """County index of each place, int32, shape (places,), ascending."""
        return self._places.county

    @property
    def place_city(self) -> Coded:
        """City of each place."""
        return self._places.city

    @property
    def place_zip(self) -> tuple[str, ...]:
        """ZIP code of each place, five digits, distinct."""
        return self._places.zip

    @property
    def place_weight(self) -> NDArray[np.int64]:
        """People of each place, int64, shape (places,)."""
        return self._places.weight

    @property
    def place_start(self) -> NDArray[np.int32]:
        """Slices of the places by county, int32, shape (counties + 1,)."""
        return self._places.start

    @cached_property
    def _places(self) -> _Places:
        fips, city, zip_code, weight = _with_territories("places.csv", "territory_places.csv")
        county_of = [self._index_of_fips[number] for number in fips]
        order = np.argsort(np.array(county_of, dtype=np.int32), kind="stable")
        county = np.array(county_of, dtype=np.int32)[order]
        return _Places(
            county=county,
            city=Coded.of(city).take(order),
            zip=tuple(map(zip_code.__getitem__, order.tolist())),
            weight=np.array(weight, dtype=np.int64)[order],
            start=group_starts(county, len(self.county_fips)),
        )

    @cached_property
    def _by_place(self) -> WeightedChoice:
        return WeightedChoice.of(self.place_weight, self.place_start)

    @cached_property
    def _by_area(self) -> tuple[WeightedChoice, NDArray[np.int32]]:
        codes = np.array([code for own in self.area_codes for code in own], dtype=np.int32)
        start = np.cumsum([0, *map(len, self.area_codes)]).astype(np.int32)
        return WeightedChoice.of(np.ones(len(codes), dtype=np.int64), start), codes


def _with_territories(nation: str, territories: str) -> list[list[str]]:
    """Return the columns of a file of the nation, with those of the territories after them."""
    return [[*one, *other] for one, other in
            zip(columns(nation), columns(territories), strict=True)]  # fmt: skip


@cache
def geography() -> Geography:
    """Return the built-in geography; read once for a process."""
    states = [*rows("states.csv"), *rows("territories.csv")]
    metros, titles, _ = columns("metros.csv")
    fips, names, people, metro, _ = _with_territories("counties.csv", "territory_counties.csv")
    state_of = {state["fips"]: index for index, state in enumerate(states)}
    metro_of = {code: index for index, code in enumerate(metros)} | {"": -1}
    state = np.array([state_of[code[:2]] for code in fips], dtype=np.int32)
    population = np.array(people, dtype=np.int64)
    order = np.lexsort((np.arange(len(fips)), -population, state))
    return Geography(
        states=tuple(state["code"] for state in states),
        state_names=tuple(state["name"] for state in states),
        state_population=np.array([int(state["population"]) for state in states], dtype=np.int64),
        county_fips=tuple(map(fips.__getitem__, order.tolist())),
        county_name=tuple(map(names.__getitem__, order.tolist())),
        county_state=state[order],
        county_population=population[order],
        county_start=group_starts(state[order], len(states)),
        county_metro=np.array([metro_of[code] for code in metro], dtype=np.int32)[order],
        metros=tuple(metros),
        metro_titles=tuple(titles),
        of_nation=np.array(["men" not in state for state in states]),
        area_codes=tuple(tuple(map(int, state["area_codes"].split())) for state in states),
    )
