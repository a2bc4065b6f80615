"""The synthetic directory: who treats, where, and how a person comes to them.

A pure function of the geography. Nobody in it exists: names are drawn from short lists of
common words, numbers come from ranges that are never issued.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.products.networksim.distance import Centers
from healthsim.products.networksim.slots import Rows, WeightedGroups
from healthsim.tables import NO_NUMBER, Coded, Columns


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
        capacity: int64, how readily they are chosen: 100 is usual, more sees more people.
        hospital: int32, row of the hospital whose staff they are; -1 where of none.
        real: bool, imported from the public registry rather than invented.
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
    capacity: NDArray[np.int64]
    hospital: NDArray[np.int32]
    real: NDArray[np.bool_]


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
        capacity: int64, how readily it is chosen: its beds, or 100 where it has none.
        price_factor: float64, as of a provider.
        charge_factor: float64, as of a provider.
        real: bool, imported from CMS's list rather than invented.
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
    capacity: NDArray[np.int64]
    real: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pharmacies:
    """Pharmacies, sorted by county, those that mail last; every array has shape (n,).

    Attributes:
        capacity: int64, how readily it is chosen: 100 is usual.
    """

    npi: NDArray[np.int64]
    ncpdp_id: NDArray[np.bytes_]
    name: Coded
    chain: Coded
    county: NDArray[np.int32]
    mail_order: NDArray[np.bool_]
    capacity: NDArray[np.int64]


_COUNTERS = ("retail", "by mail")


@dataclass(frozen=True, eq=False)
class Directory:
    """The whole directory and the ways to choose from it.

    Choosers take the county index of each person, int32, shape (n,), and a uniform number
    u, float64, shape (n,), in (0, 1); they give row numbers, int32, shape (n,), each as often as
    its capacity says. Where a county has none of what is asked for, the nearest that has serves it.

    Attributes:
        centers: where the counties are.
        staff: int32, rows of the clinicians who are of a hospital, by specialty, then hospital.
        staff_slots: positions in `staff` by specialty and hospital.
        sources: what clinicians and hospitals are taken from, as far as it has them; empty where
            all is invented.
    """

    county_fips: tuple[str, ...]
    providers: Providers
    organisations: Organisations
    facilities: Facilities
    pharmacies: Pharmacies
    centers: Centers
    provider_slots: WeightedGroups
    staff: Rows
    staff_slots: WeightedGroups
    facility_slots: WeightedGroups
    pharmacy_slots: WeightedGroups
    sources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        county_fips: tuple[str, ...],
        centers: Centers,
        entities: tuple[Providers, Organisations, Facilities, Pharmacies],
        sources: Mapping[str, str] | None = None,
    ) -> Directory:
        """Prepare the choices among sorted columns."""
        providers, organisations, facilities, pharmacies = entities
        places = len(county_fips)
        staff = np.flatnonzero(providers.hospital >= 0).astype(np.int32)
        of_staff = Coded(providers.specialty.codes[staff], providers.specialty.vocabulary)
        mail = Coded(pharmacies.mail_order.astype(np.int32), _COUNTERS)
        return cls(
            county_fips=county_fips,
            providers=providers,
            organisations=organisations,
            facilities=facilities,
            pharmacies=pharmacies,
            centers=centers,
            provider_slots=WeightedGroups.sorted(
                providers.specialty, providers.county, places, providers.capacity, centers
            ),
            staff=staff,
            staff_slots=WeightedGroups.sorted(
                of_staff, providers.hospital[staff], len(facilities.npi), providers.capacity[staff]
            ),
            facility_slots=WeightedGroups.sorted(
                facilities.kind, facilities.county, places, facilities.capacity, centers
            ),
            pharmacy_slots=WeightedGroups.sorted(
                mail, pharmacies.county, places, pharmacies.capacity, centers
            ),
            sources=sources or {},
        )

    @property
    def emergency_slots(self) -> WeightedGroups:
        """The choice of a facility in an emergency: as any other."""
        return self.facility_slots

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

    @cached_property
    def staffed(self) -> frozenset[str]:
        """The specialties of which some hospital has staff of its own."""
        return frozenset(word for word in self.specialties if self.staff_slots.room(word).any())

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

    def choose_staff(self, specialty: str, hospital: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `providers` of each hospital's staff; -1 where it has no such."""
        at = self.staff_slots.choose(specialty, "specialty", hospital, u)
        return np.where(at < 0, np.int32(-1), np.append(self.staff, np.int32(-1))[at])

    def choose_pharmacy(self, county: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `pharmacies` for each person, one with a counter."""
        return self.pharmacy_slots.choose(_COUNTERS[0], "pharmacy", county, u)

    def choose_mail_order(self, county: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `pharmacies` for each person, one that mails everywhere."""
        return self.pharmacy_slots.choose(_COUNTERS[1], "pharmacy", county, u)

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
            "capacity": all_.capacity[row].astype(np.int32),
            "facility_id": np.where(
                all_.hospital[row] >= 0, all_.hospital[row].astype(np.int64), NO_NUMBER
            ),
            "source": Coded(all_.real[row].astype(np.int32), ("synthetic", "nppes")),
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
            "source": Coded(all_.real[row].astype(np.int32), ("synthetic", "cms-hospitals")),
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
