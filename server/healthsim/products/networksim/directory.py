"""The synthetic directory: who treats, where, and how a person comes to them.

A pure function of the geography. Nobody in it exists: names are drawn from short lists of
common words, numbers come from ranges that are never issued.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import NotFound, near
from healthsim.tables import Coded, Columns

Rows = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Slots:
    """Where the rows of each (kind, county) lie, with a fallback where there are none.

    Attributes:
        kinds: names of the kinds.
        start: int32, shape (kinds, counties), first row.
        stop: int32, same shape, one past the last row; always above `start`.
    """

    kinds: tuple[str, ...]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]

    def choose(self, kind: str, where: str, county: Rows, u: NDArray[np.float64]) -> Rows:
        """Return one row of `kind` for each county, int32, shape (n,)."""
        if kind not in self.kinds:
            raise NotFound(where, f"the directory has no {kind!r}", near(kind, self.kinds))
        place = self.kinds.index(kind)
        first, size = self.start[place][county], (self.stop - self.start)[place][county]
        rows: Rows = (first + np.minimum(np.floor(u * size), size - 1)).astype(np.int32)
        return rows


@dataclass(frozen=True, eq=False)
class Providers:
    """Clinicians, sorted by specialty, then county; every array has shape (n,).

    Attributes:
        npi: int64.
        county: int32, index of the county of practice.
        organisation_npi: int64, the group or hospital that bills for them.
        tin: bytes, that organisation's tax number.
        price_factor: float64, what they are allowed, relative to the fee schedule.
        charge_factor: float64, what they charge, relative to the fee schedule.
    """

    npi: NDArray[np.int64]
    given_name: Coded
    family_name: Coded
    specialty: Coded
    taxonomy: Coded
    county: NDArray[np.int32]
    organisation_npi: NDArray[np.int64]
    tin: NDArray[np.bytes_]
    price_factor: NDArray[np.float64]
    charge_factor: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Organisations:
    """Group practices, sorted by county; every array has shape (n,)."""

    npi: NDArray[np.int64]
    name: Coded
    taxonomy: Coded
    county: NDArray[np.int32]
    tin: NDArray[np.bytes_]


@dataclass(frozen=True, eq=False)
class Facilities:
    """Hospitals and other facilities, sorted by kind, then county; shape (n,) each.

    Attributes:
        kind: hospital, asc, snf, dialysis or home health.
        beds: int32, staffed beds; 0 where it has none.
        price_factor: float64, as of a provider.
        charge_factor: float64, as of a provider.
    """

    npi: NDArray[np.int64]
    ccn: NDArray[np.bytes_]
    name: Coded
    kind: Coded
    taxonomy: Coded
    county: NDArray[np.int32]
    beds: NDArray[np.int32]
    tin: NDArray[np.bytes_]
    price_factor: NDArray[np.float64]
    charge_factor: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pharmacies:
    """Pharmacies, sorted by county, those that mail last; every array has shape (n,)."""

    npi: NDArray[np.int64]
    ncpdp_id: NDArray[np.bytes_]
    name: Coded
    chain: Coded
    county: NDArray[np.int32]
    mail_order: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Directory:
    """The whole directory and the ways to choose from it.

    Choosers take the county index of each person, int32, shape (n,), and a uniform number
    u, float64, shape (n,), in (0, 1); they give row numbers, int32, shape (n,). Where a
    county has none of what is asked for, the state's largest county serves it.
    """

    county_fips: tuple[str, ...]
    providers: Providers
    organisations: Organisations
    facilities: Facilities
    pharmacies: Pharmacies
    provider_slots: Slots
    facility_slots: Slots
    pharmacy_slots: Slots

    @property
    def specialties(self) -> tuple[str, ...]:
        """The specialties that the directory has."""
        return self.provider_slots.kinds

    @cached_property
    def practice_factors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Price and charge factor of each provider, float64, shape (providers,).

        Whoever bills sets the price, so providers of one organisation share the factors of the
        first of them.
        """
        who = self.providers
        _, first, of = np.unique(who.organisation_npi, return_index=True, return_inverse=True)
        return who.price_factor[first][of], who.charge_factor[first][of]

    def choose_provider(
        self, specialty: str, county: Rows, u: NDArray[np.float64], where: str = "specialty"
    ) -> Rows:
        """Return a row of `providers` for each person."""
        return self.provider_slots.choose(specialty, where, county, u)

    def choose_facility(
        self, kind: str, county: Rows, u: NDArray[np.float64], where: str = "facility"
    ) -> Rows:
        """Return a row of `facilities` for each person; the row number is its facility_id."""
        return self.facility_slots.choose(kind, where, county, u)

    def choose_pharmacy(self, county: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `pharmacies` for each person, one with a counter."""
        return self.pharmacy_slots.choose("retail", "pharmacy", county, u)

    def choose_mail_order(self, u: NDArray[np.float64]) -> Rows:
        """Return a row of `pharmacies` for each person, one that mails everywhere."""
        rows = np.flatnonzero(self.pharmacies.mail_order).astype(np.int32)
        return rows[np.minimum((u * len(rows)).astype(np.intp), len(rows) - 1)]

    def provider_columns(self, rows: Rows) -> Columns:
        """Return the chosen rows as the table `providers`."""
        all_, row = self.providers, rows.astype(np.intp)
        return {
            "npi": all_.npi[row],
            "entity_type": np.ones(len(row), dtype=np.int32),
            "given_name": all_.given_name.take(row),
            "family_name": all_.family_name.take(row),
            "organisation_npi": all_.organisation_npi[row],
            "taxonomy": all_.taxonomy.take(row),
            "specialty": all_.specialty.take(row),
            "county_fips": self._fips(all_.county[row]),
            "tin": all_.tin[row],
        }

    def facility_columns(self, rows: Rows) -> Columns:
        """Return the chosen rows as the table `facilities`."""
        all_, row = self.facilities, rows.astype(np.intp)
        return {
            "facility_id": rows.astype(np.int64),
            "npi": all_.npi[row],
            "ccn": all_.ccn[row],
            "name": all_.name.take(row),
            "kind": all_.kind.take(row),
            "county_fips": self._fips(all_.county[row]),
            "beds": all_.beds[row],
            "tin": all_.tin[row],
        }

    def pharmacy_columns(self, rows: Rows) -> Columns:
        """Return the chosen rows as the table `pharmacies`."""
        all_, row = self.pharmacies, rows.astype(np.intp)
        return {
            "npi": all_.npi[row],
            "ncpdp_id": all_.ncpdp_id[row],
            "name": all_.name.take(row),
            "county_fips": self._fips(all_.county[row]),
            "mail_order": all_.mail_order[row],
        }

    def _fips(self, county: NDArray[np.int32]) -> Coded:
        return Coded(county, self.county_fips)
