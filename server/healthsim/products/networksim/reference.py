"""Building the synthetic directory from a geography, by rates per head of each county.

The same geography gives the same directory in every run: the directory has its own seed.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import taxonomy
from healthsim.products.networksim.directory import (
    Directory,
    Facilities,
    Organisations,
    Providers,
)
from healthsim.products.networksim.distance import Centers, centers
from healthsim.products.networksim.drawing import (
    CHARGE,
    DATA,
    PRICE,
    STREAMS,
    Counties,
    OrdinalAllocator,
    between,
    capacities,
    pick,
    rows_of,
    titles,
    words,
)
from healthsim.products.networksim.premises import make_facilities, make_pharmacies, with_specialty
from healthsim.tables import Coded

_DENSITY = 0.05  # clinicians in the directory per real clinician; assumption: a sample is enough
_MOST_PROVIDERS = 30_000  # upper limit, so that building stays fast
_EVERYWHERE = ("family medicine", "internal medicine")  # at least one in every county
_ON_STAFF = ("emergency medicine", "hospitalist")  # at least one in every hospital
_GROUP_SIZE = 8.0  # clinicians in a group practice; assumption


def build_directory(
    county_fips: tuple[str, ...],
    county_state: NDArray[np.int32],
    county_population: NDArray[np.int64],
    places: Centers | None = None,
) -> Directory:
    """Build the directory of a geography; it is not cached here.

    Args:
        county_fips: five digits of each county.
        county_state: int32, shape (counties,), index of the county's state.
        county_population: int64, shape (counties,), persons.
        places: centres of the counties; by default those of their FIPS codes.
    """
    largest = _largest(county_state, county_population)
    counties = Counties(county_population, largest, places or centers(county_fips))
    ordinals = OrdinalAllocator()
    facilities, facility_counts = make_facilities(counties, ordinals)
    provider_counts = _provider_counts(counties, facility_counts[0])
    organisations, group_counts = _organisations(counties, provider_counts, ordinals)
    pharmacies = make_pharmacies(counties, ordinals)
    billing = _Billing(facilities, facility_counts[0], organisations, group_counts)
    providers = _providers(provider_counts, billing, ordinals)
    entities = providers, organisations, facilities, with_specialty(pharmacies, ordinals)
    return Directory.of(county_fips, counties.centers, entities)


class _Specialties(NamedTuple):
    names: tuple[str, ...]
    rate: NDArray[np.float64]  # clinicians per head
    in_hospital: NDArray[np.bool_]
    prescribes: frozenset[str]  # those who prescribe whatever a person takes


def prescribes(specialty: str) -> bool:
    """Return whether clinicians of a specialty prescribe drugs beyond a field of their own."""
    return specialty in _specialties().prescribes


@cache
def _specialties() -> _Specialties:
    with (DATA / "specialties.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return _Specialties(
        tuple(row["specialty"] for row in rows),
        np.array([float(row["per_100k"]) / 100_000 for row in rows]),
        np.array([row["setting"] == "hospital" for row in rows]),
        frozenset(row["specialty"] for row in rows if row["prescribes"] == "yes"),
    )


def _largest(state: NDArray[np.int32], population: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return for each county the largest county of its state, int32, shape (counties,)."""
    order = np.lexsort((-population, state))
    firsts = order[np.unique(state[order], return_index=True)[1]]
    of_state = np.zeros(int(state.max()) + 1, dtype=np.int32)
    of_state[state[firsts]] = firsts
    return of_state[state]


def _provider_counts(counties: Counties, hospitals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of clinicians, int64, shape (specialties, counties)."""
    names, rate, *_ = _specialties()
    expected = rate[:, None] * counties.population[None, :]
    expected *= min(_DENSITY, _MOST_PROVIDERS / expected.sum())
    u = [STREAMS.uniform(f"network/number/{name}", 0, counties.count) for name in names]
    counts = np.floor(expected + np.stack(u)).astype(np.int64)
    everywhere = [names.index(name) for name in _EVERYWHERE]
    counts[everywhere] = np.maximum(counts[everywhere], 1)
    counts[:, counties.capitals] = np.maximum(counts[:, counties.capitals], 2)
    on_staff = [names.index(name) for name in _ON_STAFF]
    counts[on_staff] = np.maximum(counts[on_staff], hospitals)
    return counts


def _organisations(
    counties: Counties, provider_counts: NDArray[np.int64], ordinals: OrdinalAllocator
) -> tuple[Organisations, NDArray[np.int64]]:
    counts = np.maximum(np.ceil(provider_counts.sum(axis=0) / _GROUP_SIZE), 1).astype(np.int64)
    _, county = rows_of(counts[None, :])
    size = len(county)
    organisations = Organisations(
        npi=ordinals.npis(size),
        name=pick("group/name", size, titles("group")),
        taxonomy=Coded.constant(taxonomy().find("group practice", "group").taxonomy, size),
        county=county,
        tin=ordinals.tins(size),
    )
    return organisations, counts


@dataclass(frozen=True, eq=False)
class _Billing:
    """The organisations that bill for clinicians: hospitals and groups of each county."""

    facilities: Facilities
    hospitals: NDArray[np.int64]
    organisations: Organisations
    groups: NDArray[np.int64]

    def choose(
        self,
        specialty: NDArray[np.int32],
        county: NDArray[np.int32],
        in_hospital: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int64], NDArray[np.bytes_], NDArray[np.int32]]:
        """Return NPI and tax number of the organisation of each clinician, and their hospital."""
        u = STREAMS.uniform("network/organisation", 0, len(county))
        group = _nth(self.groups, county, u)
        hospital = self._hospital_of(specialty, county)
        employed = in_hospital & (self.hospitals[county] > 0)
        return (
            np.where(employed, self.facilities.npi[hospital], self.organisations.npi[group]),
            np.where(employed, self.facilities.tin[hospital], self.organisations.tin[group]),
            np.where(employed, hospital, -1).astype(np.int32),
        )

    def _hospital_of(
        self, specialty: NDArray[np.int32], county: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        """Return a hospital of the county for each clinician; hospitals of a county take turns."""
        group_number = specialty.astype(np.int64) * len(self.hospitals) + county
        first = np.searchsorted(group_number, group_number)
        size = np.searchsorted(group_number, group_number, side="right") - first
        turn = (np.arange(len(group_number)) - first + 0.5) / size
        return _nth(self.hospitals, county, turn)


def _nth(
    counts: NDArray[np.int64], county: NDArray[np.int32], u: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the row in each county at a fraction `u` of the county's rows, int64, shape (n,)."""
    first = np.cumsum(counts) - counts
    rows = first[county] + (u * counts[county]).astype(np.int64)
    nth: NDArray[np.int64] = np.minimum(rows, counts.sum() - 1)
    return nth


def _providers(
    provider_counts: NDArray[np.int64], billing: _Billing, ordinals: OrdinalAllocator
) -> Providers:
    names, _, in_hospital, _ = _specialties()
    specialty, county = rows_of(provider_counts)
    size = len(specialty)
    organisation_npi, tin, hospital = billing.choose(specialty, county, in_hospital[specialty])
    codes = tuple(taxonomy().find(name, "specialty").taxonomy for name in names)
    return Providers(
        npi=ordinals.npis(size),
        given_name=pick("given name", size, words()["given"]),
        family_name=pick("family name", size, words()["family"]),
        specialty=Coded(specialty, names),
        taxonomy=Coded(specialty, codes),
        county=county,
        organisation_npi=organisation_npi,
        tin=tin,
        price_factor=between("provider/price", size, PRICE),
        charge_factor=between("provider/charge", size, CHARGE),
        capacity=capacities("provider/capacity", size),
        hospital=hospital,
        real=np.zeros(size, dtype=np.bool_),
    )
