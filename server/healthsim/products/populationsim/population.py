"""People of every county by age and sex, and how common conditions are there, as frozen columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.datafiles import columns, rows
from healthsim.products.populationsim.figures import people_by_age
from healthsim.products.populationsim.raking import by_ethnicity, men_and_women, project_bands
from healthsim.products.populationsim.reference import geography
from healthsim.tables import Coded, Columns

N = TypeVar("N", bound=np.generic)
BANDS = 20  # five years each, the last 95 and over
BUILT_IN = "Census Bureau, cc-est2015 brought forward"
"""Where built-in people by age and sex come from; data/README.md says more."""

PLACES: Mapping[str, str] = {
    "diabetes": "diabetes", "bphigh": "hypertension", "highchol": "high_cholesterol",
    "obesity": "obesity", "copd": "copd", "chd": "coronary_heart_disease", "stroke": "stroke",
    "casthma": "asthma", "depression": "depression", "kidney": "chronic_kidney_disease",
    "arthritis": "arthritis", "cancer": "cancer", "csmoking": "current_smoking",
    "binge": "binge_drinking", "lpa": "physical_inactivity", "sleep": "short_sleep",
    "mhlth": "frequent_mental_distress", "phlth": "frequent_physical_distress",
    "access2": "uninsured", "ghlth": "fair_or_poor_health", "disability": "disability",
}  # fmt: skip
"""CDC PLACES' measures of all adults, and what specifications call them."""

PLACES_BESIDES = (
    "bpmed", "cervical", "checkup", "cholscreen", "cognition", "colon_screen", "corem", "corew",
    "dental", "emotionspt", "foodinsecu", "foodstamp", "hearing", "housinsecu", "indeplive",
    "isolation", "lacktrpt", "loneliness", "mammouse", "mobility", "selfcare", "shututility",
    "teethlost", "vision",
)  # fmt: skip
"""Other measures of CDC PLACES, each in some of its releases (2020 to 2024, from memory): they can
be looked up by its own name once they are imported."""

_ALSO = {"diabetes": "diagnosed_diabetes"}
"""What a survey's measure stands for besides: it asks for what was diagnosed."""


@dataclass(frozen=True, eq=False)
class Prevalence:
    """How common something is among the adults of counties or states, as it was published.

    Attributes:
        share: float64, shape (places,); 0 to 1, NaN where nothing is known.
        year: int32, shape (places,); 0 where not said.
        source: who published it, shape (places,).
    """

    share: NDArray[np.float64]
    year: NDArray[np.int32]
    source: Coded


@dataclass(frozen=True, eq=False)
class CountyPopulation:
    """Who lives in each county of the geography.

    Attributes:
        people: int64, shape (counties, 20, 2); people by five-year band and sex (men, women), the
            last band 95 and over.
        source: who counted them, shape (counties,).
        hispanic: float64, shape (counties,); share of people.
        races: float64, shape (counties, 4); shares of people of one race: white, black, asian,
            american_indian.
        measures: what was imported by county; counties' rows as in the geography.
    """

    people: NDArray[np.int64]
    source: Coded
    hispanic: NDArray[np.float64]
    races: NDArray[np.float64]
    measures: Mapping[str, Prevalence] = field(default_factory=dict)

    @cached_property
    def by_state(self) -> NDArray[np.int64]:
        """People of each state as `people`, int64, shape (51, 20, 2)."""
        return np.add.reduceat(self.people, geography().county_start[:-1], axis=0)

    def race_shares(self, counties: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the shares of `figures.RACES` among non-Hispanics and Hispanics of counties.

        float64, shape (n, 2, 7); each row adds up to 1.
        """
        return by_ethnicity(self.hispanic[counties], self.races[counties])

    def with_people(self, found: Columns) -> CountyPopulation:
        """Return the population with imported people in place of the built-in, county by county.

        Args:
            found: columns `fips`, `sex` (M, F), `age_low`, `age_high` (the first age past the
                band) and `people`. Counties that the geography does not hold are left out.
        """
        county = _counties(found["fips"])
        sex = _codes(found["sex"], ("M", "F"))
        low, high, people = (np.asarray(found[name]) for name in ("age_low", "age_high", "people"))
        good = (county >= 0) & (sex >= 0)
        county, sex, low, high, people = (one[good] for one in (county, sex, low, high, people))
        start = np.arange(BANDS) * 5
        years = np.minimum(high[:, None], start + 5) - np.maximum(low[:, None], start)
        weight = np.clip(years, 0, 5) * people_by_age()[:, sex].T
        weight = weight / weight.sum(axis=1, keepdims=True)
        counted = np.zeros((len(self.people), 2, BANDS))
        np.add.at(counted, (county, sex), weight * people[:, None])
        told = counted.sum(axis=(1, 2)) > 0
        whole = np.where(told[:, None, None], _whole(counted.swapaxes(1, 2)), self.people)
        words = (*self.source.vocabulary, "imported county people")
        codes = np.where(told, np.int32(len(words) - 1), self.source.codes)
        return replace(self, people=_frozen(whole), source=Coded(codes, words))

    def with_measures(self, found: Columns) -> CountyPopulation:
        """Return the population with imported prevalences by county.

        Args:
            found: columns `fips`, `measure` (the publisher's name or ours), `value_share`,
                `year`, `source`.
        """
        county, measure, source = _counties(found["fips"]), found["measure"], found["source"]
        if not isinstance(measure, Coded) or not isinstance(source, Coded):
            raise TypeError("measure and source are texts")
        share, year = np.asarray(found["value_share"]), np.asarray(found["year"])
        levels = dict(self.measures)
        for code, name in enumerate(measure.vocabulary):
            mine = (measure.codes == code) & (county >= 0)
            known = np.full(len(self.people), np.nan)
            known[county[mine]] = share[mine]
            said = np.zeros(len(self.people), dtype=np.int32)
            said[county[mine]] = np.maximum(year[mine], 0)
            by = np.full(len(self.people), -1, dtype=np.int32)
            by[county[mine]] = source.codes[mine]
            ours = PLACES.get(name.lower(), name.lower())
            for each in filter(None, (ours, _ALSO.get(ours))):
                levels[each] = Prevalence(_frozen(known), said, Coded(by, source.vocabulary))
        return replace(self, measures=MappingProxyType(levels))


@cache
def built_in_population() -> CountyPopulation:
    """Return the population that HealthSim brings along; read once for a process."""
    here = geography()
    fips, *listed = columns("county_people.csv")
    place = {one: at for at, one in enumerate(fips)}
    order = [place[one] for one in here.county_fips]
    numbers = np.array(listed, dtype=np.int64).T[order]
    men, bands, groups = numbers[:, 0], numbers[:, 1:19], numbers[:, 19:]
    total, now = bands.sum(axis=1), project_bands(bands)
    counted = men_and_women(now, men / total)
    counted *= (here.county_population / now.sum(axis=1))[:, None, None]
    return CountyPopulation(
        people=_frozen(_whole(counted)),
        source=Coded.constant(BUILT_IN, len(total)),
        hispanic=groups[:, 0] / total,
        races=groups[:, 1:] / total[:, None],
    )


@cache
def state_levels() -> Mapping[str, Prevalence]:
    """Return what surveys published of each state's adults: rows as the states', then the nation.

    The nation's row is of the same survey and year as most states', so that a state's distance
    from it does not hang on how a survey asks.
    """
    places = {code: at for at, code in enumerate((*geography().states, "US"))}
    listed: dict[str, list[dict[str, str]]] = {}
    for row in rows("state_measures.csv"):
        listed.setdefault(row["measure"], []).append(row)
    levels = {}
    for measure, found in listed.items():
        at = [places[row["state"]] for row in found]
        share, year = np.full(len(places), np.nan), np.zeros(len(places), dtype=np.int32)
        share[at] = [float(row["value"]) for row in found]
        year[at] = [int(row["year"]) for row in found]
        said = Coded.of([row["source"] for row in found])
        codes = np.full(len(places), -1, dtype=np.int32)
        codes[at] = said.codes
        levels[measure] = Prevalence(_frozen(share), year, Coded(codes, said.vocabulary))
    return levels | {_ALSO[name]: levels[name] for name in _ALSO if name in levels}


def _counties(fips: object) -> NDArray[np.int32]:
    return _codes(fips, geography().county_fips)


def _codes(texts: object, among: tuple[str, ...]) -> NDArray[np.int32]:
    """Return the position of each text among some, -1 where it is none of them."""
    if not isinstance(texts, Coded):
        raise TypeError("numbers stand where texts are needed")
    place = {text: at for at, text in enumerate(among)}
    known = [place.get(text, -1) for text in texts.vocabulary]
    return np.array([*known, -1], dtype=np.int32)[texts.codes]


def _whole(counted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole people whose sum over each county is that of the parts, int64, same shape."""
    edges = np.rint(np.cumsum(counted.reshape(len(counted), -1), axis=1)).astype(np.int64)
    return np.diff(edges, axis=1, prepend=0).reshape(counted.shape)


def _frozen(values: NDArray[N]) -> NDArray[N]:
    values.setflags(write=False)
    return values
