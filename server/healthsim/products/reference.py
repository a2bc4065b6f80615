"""The reference data of a run: the provider directory, and imported population figures.

Execution reads them only from its job's `Reference`, so imports change rows only through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from healthsim.codes import imported_books
from healthsim.products.networksim.directory import Directory
from healthsim.products.networksim.reference import build_directory
from healthsim.products.populationsim.population import CountyPopulation
from healthsim.products.populationsim.reference import geography


@dataclass(frozen=True, eq=False)
class Reference:
    """The data outside of a specification that decide rows; frozen columns.

    Attributes:
        directory: clinicians, facilities and pharmacies.
        versions: digest of each imported data set, by name; empty where all is built in.
        population: imported population of the counties; None for the built-in one, which is read
            when a specification names a place.
    """

    directory: Directory
    versions: Mapping[str, str] = field(default_factory=dict)
    population: CountyPopulation | None = None


@imported_books.cached_per_shelf
def built_in() -> Reference:
    """Return the reference that comes with HealthSim, with the imported code books."""
    return Reference(_directory(), imported_books.versions())


@cache
def _directory() -> Directory:
    counties = geography()
    return build_directory(counties.county_fips, counties.county_state, counties.county_population)
