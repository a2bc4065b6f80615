"""The reference: the published figures and the directory that people are drawn from.

Execution reads them from the reference of its job alone, so rows depend on what was imported only
through it.
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
    """Frozen columns of everything that is not in a specification and decides rows.

    Attributes:
        directory: who treats, where.
        versions: digest of each thing that was imported, by name; empty where all is built in.
        population: who lives where; None where it is the built-in one, which is read when a
            specification asks for a place's figures.
    """

    directory: Directory
    versions: Mapping[str, str] = field(default_factory=dict)
    population: CountyPopulation | None = None


@imported_books.cached_per_shelf
def built_in() -> Reference:
    """Return the reference that HealthSim brings along, with the code books on the shelf."""
    return Reference(_directory(), imported_books.versions())


@cache
def _directory() -> Directory:
    here = geography()
    return build_directory(here.county_fips, here.county_state, here.county_population)
