"""Population measures, `{"type": "population"}`, as distributions of places or the nation."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import NotFound, Problem, near
from healthsim.execution.cohort.place_distributions import COUNTY, CountyTables
from healthsim.execution.cohort.residence import Residence
from healthsim.products.populationsim.figures import (
    HISPANIC,
    RACE_OF,
    RACES,
    age_bands,
    figures,
    measures,
    prevalence,
    sex_share_by_age,
)
from healthsim.products.populationsim.population import (
    PLACES,
    CountyPopulation,
    built_in_population,
)
from healthsim.products.populationsim.race import Cells
from healthsim.products.populationsim.rates import Rates, rates
from healthsim.products.populationsim.reference import geography
from healthsim.products.populationsim.regions import in_counties_only
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.profiles.dependencies import household_parts, parts_of
from healthsim.specification.profiles.profile import ProfileSpec

__all__ = ["COUNTY", "PopulationMeasures", "known_measures", "national_distribution"]

YOUNGEST = 20  # years: surveys of adults begin here or earlier
DEMOGRAPHIC = ("age", "gender", "race", "ethnicity")


def known_measures() -> tuple[str, ...]:
    """Return the names of all measures that a population distribution may use."""
    return (*DEMOGRAPHIC, *measures())


class PopulationMeasures:
    """The distributions of population measures for one profile: of its places, or national.

    Attributes:
        residence: where its people live.
    """

    def __init__(self, profile: ProfileSpec, population: CountyPopulation | None = None) -> None:
        self.residence = Residence(in_counties_only(profile.demographics.location))
        self._profile, self._population = profile, population
        self._distributions: dict[str, Distribution] = {}

    def resolved(self, distribution: Distribution) -> Distribution:
        """Return a distribution with figures in place of population measures."""
        if next(iter(distribution.measures()), None) is None:
            return distribution
        resolved: Distribution = distribution.resolved(self.distribution_of)
        return resolved

    def distribution_of(self, measure: str) -> Distribution:
        """Return the distribution of a measure.

        Raises:
            NotFound: some of the places have no figure for the measure.
        """
        if measure not in self._distributions:
            self._distributions[measure] = (
                self._of_places(measure) if self.located else national_distribution(measure)
            )
        return self._distributions[measure]

    @property
    def located(self) -> bool:
        """Whether figures are those of the places that the profile states."""
        return self.residence.location.stated

    def cells_of(self, county: NDArray[np.int32], band: NDArray[np.int64]) -> Cells:
        """Return shares of ethnicity and race at places by band of age, float64, (n, 2, 7)."""
        return self._tables.cells_of(county, band)

    def problems(self) -> list[Problem]:
        """Return the measures that have no figure for a place where anybody can live."""
        used = {
            (f"profile.{part.path}.{path}".rstrip("."), measure)
            for part in (*parts_of(self._profile), *household_parts(self._profile))
            for distribution in part.distributions
            for path, measure in distribution.measures()
        }
        problems = []
        for where, measure in sorted(used):
            try:
                self.distribution_of(measure)
            except NotFound as error:
                problems.append(Problem(where, error.problem.found, error.problem.mend))
        return problems

    @cached_property
    def _tables(self) -> CountyTables:
        population = self._population or built_in_population()
        return CountyTables(population, self.residence.counties, len(population.people))

    def _of_places(self, measure: str) -> Any:
        tables = self._tables
        if measure == "age":
            return tables.age()
        if measure == "gender":
            return tables.gender()
        if measure == "ethnicity":
            return tables.ethnicity()
        if measure == "race":
            return tables.race(RACES)
        measured = rates(measure, tables.population, tables.counties)
        self._refuse_unknown(measure, measured)
        return tables.share(measured)

    def _refuse_unknown(self, measure: str, measured: Rates) -> None:
        unknown = np.flatnonzero(measured.known == 0)
        if not len(unknown):
            return
        titles = geography().county_titles
        first = titles[self._tables.counties[unknown[0]]]
        others = f" and {len(unknown) - 1} more counties" if len(unknown) > 1 else ""
        raise NotFound(
            "measure", f"there is no figure for {measure!r} in {first}{others}", IMPORT_IT
        )


IMPORT_IT = (
    "import CDC PLACES by county, which has it, with `healthsim reference import cdc-places FILE`, "
    "or give a share"
)


@cache
def national_distribution(measure: str) -> Distribution:
    """Return the national distribution of a population measure.

    ``age`` is in years and ``gender`` depends on age, for the United States of the 2020s; a
    condition has its share among adults, by age where it is published by age.

    Raises:
        NotFound: PopulationSim has no such measure.
    """
    if measure in PLACES.values() and measure not in known_measures():
        raise NotFound("measure", f"there is no figure for {measure!r} in the nation",
                       "state a location, and " + IMPORT_IT)  # fmt: skip
    if measure not in known_measures():
        raise NotFound("measure", f"no population measure {measure!r}",
                       near(measure, known_measures()))  # fmt: skip
    return parse_distribution(_document(measure))


def _document(measure: str) -> object:
    if measure == "age":
        bands = [{"low": low, "high": high, "weight": share} for low, high, share in age_bands()]
        return {"type": "bands", "bands": bands}
    if measure == "gender":
        shares = sex_share_by_age().tolist()
        cases = [
            {"when": f"age < {high}", "then": {"F": round(share, 6), "M": round(1 - share, 6)}}
            for (_, high, _), share in zip(age_bands(), shares, strict=True)
        ]
        return {"type": "conditional", "cases": cases, "otherwise": {"F": 0.8, "M": 0.2}}
    if measure == "ethnicity":
        return {"non_hispanic": 1 - HISPANIC, "hispanic": HISPANIC}
    if measure == "race":
        shares_of = {
            ethnicity: dict(zip(RACES, shares, strict=True))
            for ethnicity, shares in RACE_OF.items()
        }
        cases = [{"when": "ethnicity == 'hispanic'", "then": shares_of["hispanic"]}]
        return {"type": "conditional", "cases": cases, "otherwise": shares_of["non_hispanic"]}
    return _share(measure)


def _share(measure: str) -> object:
    """Return a condition's share: by age where bands are published, else of all adults."""
    bands = sorted(
        (int(figure.age.split("-")[0].rstrip("+")), figure.value)
        for figure in figures()
        if figure.measure == measure and figure.geography == "US" and not figure.sex
        and figure.age not in ("18+", "20+")
    )  # fmt: skip
    if not bands or bands[0][0] > YOUNGEST:  # young adults are missing: one share for all
        return prevalence(measure)
    cases = [{"when": f"age >= {low}", "then": value} for low, value in reversed(bands)]
    return {"type": "conditional", "cases": cases, "otherwise": 0}
