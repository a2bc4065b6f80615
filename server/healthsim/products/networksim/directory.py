"""The directory of providers, facilities and pharmacies, and the choice among them.

The synthetic directory is a pure function of the geography. Nobody in it exists: names are drawn
from short lists of common words, numbers come from ranges that are never issued.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.products.networksim.distance import Centers
from healthsim.products.networksim.laboratories import practice_clias, sends_tests_out
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
        price_factor: float64, their allowed amounts relative to the fee schedule.
        charge_factor: float64, their charges relative to the fee schedule.
        capacity: int64, weight in the choice: 100 is usual.
        hospital: int32, row of the hospital that employs them; -1 for none.
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
        kind: hospital, asc, snf, dialysis, home health or laboratory.
        ccn: bytes, certification number; of a laboratory its CLIA number.
        beds: int32, staffed beds; 0 where it has none.
        capacity: int64, weight in the choice: its beds, or 100 where it has none.
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
    """Retail pharmacies by county, then mail order, then specialty; arrays have shape (n,).

    Attributes:
        capacity: int64, weight in the choice: 100 is usual.
    """

    npi: NDArray[np.int64]
    ncpdp_id: NDArray[np.bytes_]
    name: Coded
    chain: Coded
    county: NDArray[np.int32]
    mail_order: NDArray[np.bool_]
    specialty: NDArray[np.bool_]
    capacity: NDArray[np.int64]


_PHARMACY_KINDS = ("retail", "by mail", "specialty")


@dataclass(frozen=True, eq=False)
class Directory:
    """The whole directory, and the choice among its rows.

    Methods that choose take the county index of each person, int32, shape (n,), and a uniform
    number u, float64, shape (n,), in (0, 1). They return row numbers, int32, shape (n,), in
    proportion to capacity. A county without such rows is served by the nearest county with some.

    Attributes:
        centers: of the counties.
        staff: int32, rows of the clinicians whom hospitals employ, by specialty, then hospital.
        staff_slots: positions in `staff` by specialty and hospital.
        sources: of imported clinicians and hospitals; empty where everything is invented.
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
        """Return the directory of sorted columns."""
        providers, organisations, facilities, pharmacies = entities
        places = len(county_fips)
        staff = np.flatnonzero(providers.hospital >= 0).astype(np.int32)
        of_staff = Coded(providers.specialty.codes[staff], providers.specialty.vocabulary)
        sort = np.where(pharmacies.specialty, 2, pharmacies.mail_order).astype(np.int32)
        by_sort = Coded(sort, _PHARMACY_KINDS)
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
                by_sort, pharmacies.county, places, pharmacies.capacity, centers
            ),
            sources=sources or {},
        )

    @property
    def emergency_slots(self) -> WeightedGroups:
        """The choice of a facility in an emergency: the same as otherwise."""
        return self.facility_slots

    @property
    def specialties(self) -> tuple[str, ...]:
        """The specialties that the directory has."""
        return self.provider_slots.kinds

    @cached_property
    def practice_factors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Price and charge factor of each provider, float64, shape (providers,).

        The organisation that bills sets the price, so its providers share the factors of the
        first of them.
        """
        providers = self.providers
        _, first, practice_of = np.unique(
            providers.organisation_npi, return_index=True, return_inverse=True
        )
        return providers.price_factor[first][practice_of], providers.charge_factor[first][
            practice_of
        ]

    @cached_property
    def sends_tests_out(self) -> NDArray[np.bool_]:
        """Whose practice sends specimens to a reference laboratory, bool, shape (providers,).

        Hospitals do the tests of those whom they employ.
        """
        return sends_tests_out(self.providers.organisation_npi) & (self.providers.hospital < 0)

    @cached_property
    def clia(self) -> NDArray[np.bytes_]:
        """CLIA number of each provider's practice, bytes of length 10, shape (providers,)."""
        return practice_clias(self.providers.organisation_npi)

    @cached_property
    def staffed(self) -> frozenset[str]:
        """The specialties of which a hospital employs clinicians."""
        return frozenset(
            specialty
            for specialty in self.specialties
            if self.staff_slots.total_weight(specialty).any()
        )

    def choose_staff(self, specialty: str, hospital: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `providers` of each hospital's staff; -1 where it has none."""
        position = self.staff_slots.choose(specialty, "specialty", hospital, u)
        return np.where(position < 0, np.int32(-1), np.append(self.staff, np.int32(-1))[position])

    def choose_pharmacy(self, county: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `pharmacies` for each person, a retail pharmacy."""
        return self.pharmacy_slots.choose(_PHARMACY_KINDS[0], "pharmacy", county, u)

    def choose_mail_order(self, county: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `pharmacies` for each person, one of mail order."""
        return self.pharmacy_slots.choose(_PHARMACY_KINDS[1], "pharmacy", county, u)

    def choose_specialty(self, county: Rows, u: NDArray[np.float64]) -> Rows:
        """Return a row of `pharmacies` for each person, a specialty pharmacy."""
        return self.pharmacy_slots.choose(_PHARMACY_KINDS[2], "pharmacy", county, u)

    @cached_property
    def _by_npi(self) -> NDArray[np.intp]:
        return np.argsort(self.providers.npi, kind="stable")

    def row_of(self, npi: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the rows of clinicians of the directory, by their NPI; shape of `npi`."""
        order = self._by_npi
        return order[np.searchsorted(self.providers.npi, npi, sorter=order)]

    def provider_columns(self, rows: Rows) -> Columns:
        """Return the chosen rows as the table `providers`."""
        providers, index = self.providers, rows.astype(np.intp)
        return {
            "npi": providers.npi[index],
            "entity_type": np.ones(len(index), dtype=np.int32),
            "given_name": providers.given_name.take(index),
            "family_name": providers.family_name.take(index),
            "organisation_npi": providers.organisation_npi[index],
            "taxonomy": providers.taxonomy.take(index),
            "specialty": providers.specialty.take(index),
            "county_fips": self._fips(providers.county[index]),
            "tin": providers.tin[index],
            "capacity": providers.capacity[index].astype(np.int32),
            "facility_id": np.where(
                providers.hospital[index] >= 0,
                providers.hospital[index].astype(np.int64),
                NO_NUMBER,
            ),
            "source": Coded(providers.real[index].astype(np.int32), ("synthetic", "nppes")),
        }

    def facility_columns(self, rows: Rows) -> Columns:
        """Return the chosen rows as the table `facilities`."""
        facilities, index = self.facilities, rows.astype(np.intp)
        return {
            "facility_id": rows.astype(np.int64),
            "npi": facilities.npi[index],
            "ccn": facilities.ccn[index],
            "name": facilities.name.take(index),
            "kind": facilities.kind.take(index),
            "county_fips": self._fips(facilities.county[index]),
            "beds": facilities.beds[index],
            "tin": facilities.tin[index],
            "source": Coded(
                facilities.real[index].astype(np.int32), ("synthetic", "cms-hospitals")
            ),
        }

    def pharmacy_columns(self, rows: Rows) -> Columns:
        """Return the chosen rows as the table `pharmacies`."""
        pharmacies, index = self.pharmacies, rows.astype(np.intp)
        return {
            "npi": pharmacies.npi[index],
            "ncpdp_id": pharmacies.ncpdp_id[index],
            "name": pharmacies.name.take(index),
            "county_fips": self._fips(pharmacies.county[index]),
            "mail_order": pharmacies.mail_order[index],
            "specialty": pharmacies.specialty[index],
        }

    def _fips(self, county: NDArray[np.int32]) -> Coded:
        return Coded(county, self.county_fips)
