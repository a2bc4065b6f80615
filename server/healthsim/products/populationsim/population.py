"""People of every county by age and sex, and prevalences by county, as frozen columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.county_codes import in_counties, share_there
from healthsim.products.populationsim.datafiles import columns, rows
from healthsim.products.populationsim.figures import people_by_age
from healthsim.products.populationsim.raking import by_ethnicity, men_and_women, project_bands
from healthsim.products.populationsim.reference import geography
from healthsim.products.populationsim.territories import territories
from healthsim.tables import Coded, Columns

N = TypeVar("N", bound=np.generic)
BANDS = 20  # five years each, the last 95 and over
BUILT_IN = "Census Bureau, cc-est2015 brought forward"
"""Source of the built-in people by age and sex; see data/README.md."""

PLACES: Mapping[str, str] = {
    "diabetes": "diabetes", "bphigh": "hypertension", "highchol": "high_cholesterol",
    "obesity": "obesity", "copd": "copd", "chd": "coronary_heart_disease", "stroke": "stroke",
    "casthma": "asthma", "depression": "depression", "kidney": "chronic_kidney_disease",
    "arthritis": "arthritis", "cancer": "cancer", "csmoking": "current_smoking",
    "binge": "binge_drinking", "lpa": "physical_inactivity", "sleep": "short_sleep",
    "mhlth": "frequent_mental_distress", "phlth": "frequent_physical_distress",
    "access2": "uninsured", "ghlth": "fair_or_poor_health", "disability": "disability",
}  # fmt: skip
"""CDC PLACES' measures of all adults, and their names in specifications."""

PLACES_BESIDES = (
    "bpmed", "cervical", "checkup", "cholscreen", "cognition", "colon_screen", "corem", "corew",
    "dental", "emotionspt", "foodinsecu", "foodstamp", "hearing", "housinsecu", "indeplive",
    "isolation", "lacktrpt", "loneliness", "mammouse", "mobility", "selfcare", "shututility",
    "teethlost", "vision",
)  # fmt: skip
"""Other measures of CDC PLACES, each in some of its releases (2020 to 2024, from memory): they can
be looked up by its own name once they are imported."""

_ALSO = {"diabetes": "diagnosed_diabetes"}
"""A second name of a survey's measure: surveys ask for diagnosed conditions."""


@dataclass(frozen=True, eq=False)
class Prevalence:
    """Published prevalence of a condition or habit among the adults of counties or states.

    Attributes:
        share: float64, shape (places,); 0 to 1, NaN where not published.
        year: int32, shape (places,); 0 where not stated.
        source: who published it, shape (places,).
    """

    share: NDArray[np.float64]
    year: NDArray[np.int32]
    source: Coded


@dataclass(frozen=True, eq=False)
class CountyPopulation:
    """The people of each county of the geography.

    Attributes:
        people: int64, shape (counties, 20, 2); people by five-year band and sex (men, women), the
            last band 95 and over.
        source: publisher of the counts, shape (counties,).
        hispanic: float64, shape (counties,); share of people.
        races: float64, shape (counties, 4); shares of people of one race: white, black, asian,
            american_indian.
        measures: imported prevalences, rows as in the geography.
    """

    people: NDArray[np.int64]
    source: Coded
    hispanic: NDArray[np.float64]
    races: NDArray[np.float64]
    measures: Mapping[str, Prevalence] = field(default_factory=dict)

    @cached_property
    def by_state(self) -> NDArray[np.int64]:
        """People of each state as `people`, int64, shape (states, 20, 2)."""
        return np.add.reduceat(self.people, geography().county_start[:-1], axis=0)

    def race_shares(self, counties: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the shares of `figures.RACES` among non-Hispanics and Hispanics of counties.

        float64, shape (n, 2, 7); each row adds up to 1.
        """
        shares = by_ethnicity(self.hispanic[counties], self.races[counties])
        geo = geography()
        territory = geo.county_state[counties] - int(geo.of_nation.sum())
        outside = territory >= 0
        shares[outside] = territories().races[territory[outside]]
        return shares

    def with_people(self, rows: Columns) -> CountyPopulation:
        """Return the population with imported people instead of the built-in, county by county.

        Args:
            rows: columns `fips`, `sex` (M, F), `age_low`, `age_high` (the first age past the
                band) and `people`. Codes of regions and of other years count for the counties in
                which their people live; others that the geography does not have are left out.
        """
        fips = rows["fips"]
        if not isinstance(fips, Coded):
            raise TypeError("numbers stand where texts are needed")
        other, there, living = in_counties(fips)
        where = np.concatenate([np.arange(len(fips)), other])
        county = np.concatenate([_counties(fips), there])
        of_code = np.concatenate([np.ones(len(fips)), share_there(fips, other, living)])
        sex = _codes(rows["sex"], ("M", "F"))[where]
        low, high, people = (np.asarray(rows[name])[where]
                             for name in ("age_low", "age_high", "people"))  # fmt: skip
        people = people * of_code
        usable = (county >= 0) & (sex >= 0)
        county, sex, low, high, people = (
            column[usable] for column in (county, sex, low, high, people)
        )
        start = np.arange(BANDS) * 5
        years = np.minimum(high[:, None], start + 5) - np.maximum(low[:, None], start)
        weight = np.clip(years, 0, 5) * people_by_age()[:, sex].T
        weight = weight / weight.sum(axis=1, keepdims=True)
        counted = np.zeros((len(self.people), 2, BANDS))
        np.add.at(counted, (county, sex), weight * people[:, None])
        imported = counted.sum(axis=(1, 2)) > 0
        people_by_county = np.where(
            imported[:, None, None], _whole(counted.swapaxes(1, 2)), self.people
        )
        sources = (*self.source.vocabulary, "imported county people")
        codes = np.where(imported, np.int32(len(sources) - 1), self.source.codes)
        return replace(self, people=_frozen(people_by_county), source=Coded(codes, sources))

    def with_measures(self, rows: Columns) -> CountyPopulation:
        """Return the population with imported prevalences by county.

        Args:
            rows: columns `fips`, `measure` (the publisher's name or ours), `value_share`,
                `year`, `source`.
        """
        listed = _Listed.of(rows)
        levels = dict(self.measures)
        for code, name in enumerate(listed.measure.vocabulary):
            level = listed.level(code, len(self.people))
            own_name = PLACES.get(name.lower(), name.lower())
            for alias in filter(None, (own_name, _ALSO.get(own_name))):
                levels[alias] = level
        return replace(self, measures=MappingProxyType(levels))


@dataclass(frozen=True, eq=False)
class _Listed:
    """Imported prevalences: rows of counties, and rows of other codes for each of their counties.

    Attributes:
        county: row of the geography, -1 for none; other columns by name as they are imported.
        people: NaN for a county's own row; else how many people of the row's code live there.
    """

    county: NDArray[np.int32]
    measure: Coded
    source: Coded
    share: NDArray[np.float64]
    year: NDArray[np.int64]
    people: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Columns) -> _Listed:
        """Read the columns, and repeat rows of other codes for each of their counties."""
        fips, measure, source = rows["fips"], rows["measure"], rows["source"]
        if not (isinstance(fips, Coded) and isinstance(measure, Coded)
                and isinstance(source, Coded)):  # fmt: skip
            raise TypeError("fips, measure and source are texts")
        other, there, living = in_counties(fips)
        where = np.concatenate([np.arange(len(fips)), other])
        return cls(
            county=np.concatenate([_counties(fips), there]),
            measure=measure.take(where),
            source=source.take(where),
            share=np.asarray(rows["value_share"])[where],
            year=np.maximum(np.asarray(rows["year"])[where], 0),
            people=np.concatenate([np.full(len(fips), np.nan), living]),
        )

    def level(self, measure: int, counties: int) -> Prevalence:
        """Return one measure: a county's own figure, or else the mean of the codes in it."""
        known = (self.measure.codes == measure) & (self.county >= 0)
        own = np.flatnonzero(known & np.isnan(self.people))
        other = np.flatnonzero(known & ~np.isnan(self.people) & ~np.isnan(self.share))
        living = np.bincount(self.county[other], self.people[other], counties)
        total = np.bincount(self.county[other], self.people[other] * self.share[other], counties)
        shares = np.where(living > 0, np.round(total / np.where(living > 0, living, 1), 6), np.nan)
        years, sources = np.zeros(counties, dtype=np.int32), np.full(counties, -1, dtype=np.int32)
        shares[self.county[own]] = self.share[own]
        for some in (other, own):
            years[self.county[some]] = self.year[some]
            sources[self.county[some]] = self.source.codes[some]
        return Prevalence(_frozen(shares), years, Coded(sources, self.source.vocabulary))


@cache
def built_in_population() -> CountyPopulation:
    """Return the population that is part of HealthSim; read once for a process."""
    geo = geography()
    nation = int(geo.county_of_nation.sum())  # territories come after them
    fips, *listed = columns("county_people.csv")
    row_of = {code: row for row, code in enumerate(fips)}
    order = [row_of[code] for code in geo.county_fips[:nation]]
    numbers = np.array(listed, dtype=np.int64).T[order]
    men, bands, groups = numbers[:, 0], numbers[:, 1:19], numbers[:, 19:]
    total, projected = bands.sum(axis=1), project_bands(bands)
    there, people = territories(), geo.county_population[nation:]
    of_territory = geo.county_state[nation:] - int(geo.of_nation.sum())
    counted = np.concatenate([
        men_and_women(projected, men / total) * (geo.county_population[:nation]
                                                 / projected.sum(axis=1))[:, None, None],
        men_and_women(there.bands[of_territory], there.men[of_territory])
        * people[:, None, None],
    ])  # fmt: skip
    no_races = np.zeros((len(people), groups.shape[1] - 1))  # they have a table of their own
    return CountyPopulation(
        people=_frozen(_whole(counted)),
        source=Coded.constant(BUILT_IN, len(geo.county_fips)),
        hispanic=np.concatenate([groups[:, 0] / total, there.hispanic[of_territory]]),
        races=np.concatenate([groups[:, 1:] / total[:, None], no_races]),
    )


@cache
def state_levels() -> Mapping[str, Prevalence]:
    """Return prevalences that surveys published for each state, then the nation, by measure.

    The national row is of the same survey and year as most states, so that a state's difference
    from it does not depend on how a survey asks.
    """
    row_of = {code: row_numbers for row_numbers, code in enumerate((*geography().states, "US"))}
    by_measure: dict[str, list[dict[str, str]]] = {}
    for row in rows("state_measures.csv"):
        by_measure.setdefault(row["measure"], []).append(row)
    levels = {}
    for measure, published in by_measure.items():
        row_numbers = [row_of[row["state"]] for row in published]
        share, year = np.full(len(row_of), np.nan), np.zeros(len(row_of), dtype=np.int32)
        share[row_numbers] = [float(row["value"]) for row in published]
        year[row_numbers] = [int(row["year"]) for row in published]
        sources = Coded.of([row["source"] for row in published])
        codes = np.full(len(row_of), -1, dtype=np.int32)
        codes[row_numbers] = sources.codes
        levels[measure] = Prevalence(_frozen(share), year, Coded(codes, sources.vocabulary))
    return levels | {_ALSO[name]: levels[name] for name in _ALSO if name in levels}


def _counties(fips: object) -> NDArray[np.int32]:
    return _codes(fips, geography().county_fips)


def _codes(texts: object, among: tuple[str, ...]) -> NDArray[np.int32]:
    """Return the position of each text in `among`, int32, shape (n,); -1 where it is not in it."""
    if not isinstance(texts, Coded):
        raise TypeError("numbers stand where texts are needed")
    position_of = {text: position for position, text in enumerate(among)}
    positions = [position_of.get(text, -1) for text in texts.vocabulary]
    return np.array([*positions, -1], dtype=np.int32)[texts.codes]


def _whole(counted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers with the same sum over each county, int64, same shape."""
    edges = np.rint(np.cumsum(counted.reshape(len(counted), -1), axis=1)).astype(np.int64)
    return np.diff(edges, axis=1, prepend=0).reshape(counted.shape)


def _frozen(values: NDArray[N]) -> NDArray[N]:
    values.setflags(write=False)
    return values
