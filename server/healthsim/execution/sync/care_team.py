"""Who treats whom, and where: a person keeps the same doctors, hospital and pharmacy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.people import People
from healthsim.products.membersim.plans import PlanTable
from healthsim.products.networksim.contracts import Contracts
from healthsim.products.networksim.directory import Directory
from healthsim.products.networksim.slots import WeightedGroups
from healthsim.tables import Coded, Columns

PRIMARY_CARE = ("family medicine", "internal medicine", "pediatrics")
_FAMILY_MEDICINE, _INTERNAL_MEDICINE, _PEDIATRICS = range(3)
WHOEVER = ("emergency medicine", "hospitalist", "anesthesiology", "radiology", "pathology")
"""Specialties whose clinician is whoever is on duty, drawn anew for each event."""

USUAL = {
    "emergency": "emergency medicine", "observation": "hospitalist", "inpatient": "hospitalist",
    "snf": "internal medicine", "dialysis": "nephrology", "asc": "general surgery",
    "outpatient_hospital": "internal medicine",
}  # fmt: skip
"""Specialty of a visit whose event names none; primary care for the classes not here."""

PLACES = {
    "emergency": "hospital", "observation": "hospital", "inpatient": "hospital",
    "outpatient_hospital": "hospital", "asc": "asc", "snf": "snf", "dialysis": "dialysis",
    "home_health": "home health",
}  # fmt: skip
"""Kind of facility of each encounter class that has one."""

_INTERNIST = 0.45  # assumption: share of adults whose primary care is internal medicine
_PAEDIATRIC = 18  # years; below it the primary care provider is a paediatrician


@dataclass(frozen=True)
class DirectoryUse:
    """Which directory rows records refer to: bool, one entry for each row."""

    providers: NDArray[np.bool_]
    facilities: NDArray[np.bool_]
    pharmacies: NDArray[np.bool_]

    @classmethod
    def empty(cls, here: Directory) -> DirectoryUse:
        """Return that nothing of a directory is used yet."""
        sizes = (len(here.providers.npi), len(here.facilities.npi), len(here.pharmacies.npi))
        return cls(*(np.zeros(size, dtype=np.bool_) for size in sizes))

    def with_hospitals(self, here: Directory) -> DirectoryUse:
        """Return the same, and the hospitals whose staff is used."""
        hospital = here.providers.hospital[self.providers]
        facilities = self.facilities.copy()
        facilities[hospital[hospital >= 0]] = True
        return DirectoryUse(self.providers, facilities, self.pharmacies)

    def add(self, other: DirectoryUse) -> None:
        """Take in what another chunk used."""
        self.providers[:] |= other.providers
        self.facilities[:] |= other.facilities
        self.pharmacies[:] |= other.pharmacies


@dataclass(frozen=True, eq=False)
class Networks:
    """The directory of a job and what the plans of its book have contracts with."""

    directory: Directory
    book: PlanTable

    @cached_property
    def contracts(self) -> tuple[Contracts, ...]:
        """The network of each plan, by plan number."""
        return tuple(
            Contracts.of(self.directory, name, one.network.in_share, one.network.outside)
            for name, one in zip(self.book.names, self.book.designs, strict=True)
        )

    def choices(self, kind: str) -> tuple[WeightedGroups, ...]:
        """Return the choices of a provider, facility or emergency by plan; last, of everybody."""
        name = f"{kind}_slots"
        every: Sequence[Contracts | Directory] = (*self.contracts, self.directory)
        return tuple(getattr(one, name) for one in every)

    def rows(self, used: DirectoryUse) -> Columns:
        """Return the rows of table `plan_networks`: every plan, and who bills for what is used."""
        here = self.directory
        practices, first = np.unique(
            here.providers.organisation_npi[used.providers], return_index=True
        )
        clinicians = np.flatnonzero(used.providers)[first]
        buildings = np.flatnonzero(used.facilities)
        npi, at = np.unique(
            np.concatenate([practices, here.facilities.npi[buildings]]), return_index=True
        )
        inside = [np.concatenate([one.providers[clinicians], one.facilities[buildings]])[at]
                  for one in self.contracts]  # fmt: skip
        names = sorted(self.book.names)
        order = [self.book.names.index(name) for name in names]
        out = np.concatenate([~inside[number] for number in order] or [np.zeros(0, np.bool_)])
        plan = np.repeat(np.arange(len(names), dtype=np.int32), len(npi))
        return {
            "plan_id": Coded(plan, tuple(names)),
            "organisation_npi": np.tile(npi, len(names)),
            "network": Coded(out.astype(np.int32), ("in", "out")),
        }

    def provider_inside(
        self, plan: NDArray[np.int32], provider: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Tell whose organisation a plan has a contract with, bool, shape (n,)."""
        return _inside([one.providers for one in self.contracts], plan, provider)

    def facility_inside(
        self, plan: NDArray[np.int32], facility: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Tell which facilities a plan has a contract with, bool, shape (n,)."""
        return _inside([one.facilities for one in self.contracts], plan, facility)


def _inside(
    members: Sequence[NDArray[np.bool_]], plan: NDArray[np.int32], row: NDArray[np.int32]
) -> NDArray[np.bool_]:
    found = np.ones(len(row), dtype=np.bool_)
    for number, inside in enumerate(members):
        mine = plan == number
        found[mine] = inside[row[mine]]
    return found


@dataclass(frozen=True)
class ProviderRequest:
    """A clinician who is looked for; arrays have one entry for each of `rows`.

    Attributes:
        address: of the event, for whoever is on duty.
        plan: int32, whose network they come from; -1 where from everybody.
        clinician: "own" or "duty"; by default it is as the specialty has it.
        facility: int32, where it happens; -1 outside of facilities.
    """

    specialty: str
    address: str
    rows: Rows
    plan: NDArray[np.int32]
    clinician: str | None = None
    facility: NDArray[np.int32] | None = None

    @property
    def on_duty(self) -> bool:
        """Whether it is whoever is on duty."""
        return (self.clinician or ("duty" if self.specialty in WHOEVER else "own")) == "duty"


class Network:
    """The doctors, hospitals and pharmacies of one chunk of people.

    What a person is given depends on where they live, on their plan and on the specialty alone, so
    it is the same in every event, and other events change nothing.

    Attributes:
        networks: where they come from.
        primary_care: int32, directory row of everybody's doctor under the plan they begin with.
    """

    def __init__(
        self, people: People, draws: Draws, ages: NDArray[np.int32], networks: Networks
    ) -> None:
        self._people, self._draws, self.networks = people, draws, networks
        self._known: dict[str, NDArray[np.int32]] = {}
        self._doctor = self._kind_of_doctor(ages)
        everyone = np.arange(len(people))
        self.primary_care = self._doctors(everyone, people.plan)

    @property
    def directory(self) -> Directory:
        """Who is treated by whom, and where."""
        return self.networks.directory

    def plan(self, rows: Rows, covered_by: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return whose network people use: of what covers them, else of their first plan."""
        return np.where(covered_by >= 0, covered_by, self._people.plan[rows]).astype(np.int32)

    def provider(self, sought: ProviderRequest) -> NDArray[np.int32]:
        """Return the directory row of who treats people; int32.

        In a hospital it is one of its staff, where it has any of the specialty.
        """
        if sought.specialty in PRIMARY_CARE and not sought.on_duty:
            return self._primary_care(sought.rows, sought.plan)
        found = self._staff(sought)
        rest = np.flatnonzero(found < 0)
        rows, plan = sought.rows[rest], sought.plan[rest]
        if sought.on_duty:
            u = self._draws.uniform(f"{sought.address}/provider", rows)
            found[rest] = self._chosen("provider", sought.specialty, rows, plan, u)
        else:
            found[rest] = self._own("provider", sought.specialty, rows, plan)
        return found

    def facility(
        self, kind: str, rows: Rows, plan: NDArray[np.int32], *, emergency: bool = False
    ) -> NDArray[np.int32]:
        """Return the directory row of the facility that `rows` go to; int32."""
        return self._own("emergency" if emergency else "facility", kind, rows, plan)

    def pharmacy(self, rows: Rows) -> NDArray[np.int32]:
        """Return the directory row of the pharmacy with a counter that `rows` go to; int32."""
        if "pharmacy" not in self._known:
            u = self._draws.uniform("network/pharmacy")
            self._known["pharmacy"] = self.directory.choose_pharmacy(self._people.county, u)
        return self._known["pharmacy"][rows]

    def fills_at(
        self, rows: Rows, plan: NDArray[np.int32], long: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        """Return the directory row of the pharmacy that fills for `rows`; int32.

        Long supplies are mailed to members who want it so, always by the same pharmacy.
        """
        found = self.pharmacy(rows)
        share = np.append(self.networks.book.mail_order_share, 0.0)[plan]
        u = self._draws.uniform("network/mail order", rows)
        mailed = np.flatnonzero(long & (u < share))
        within = np.minimum(u[mailed] / share[mailed], 1 - 2.0**-53)
        county = self._people.county[rows[mailed]]
        found[mailed] = self.directory.choose_mail_order(county, within)
        return found

    def _staff(self, sought: ProviderRequest) -> NDArray[np.int32]:
        """Return who of the hospital's own staff treats people; -1 where nobody."""
        found = np.full(len(sought.rows), -1, dtype=np.int32)
        here = self.directory
        if sought.facility is not None and sought.specialty in here.staffed:
            there = np.flatnonzero(sought.facility >= 0)
            name = sought.address if sought.on_duty else f"network/{sought.specialty}"
            u = self._draws.uniform(f"{name}/provider", sought.rows[there])
            found[there] = here.choose_staff(sought.specialty, sought.facility[there], u)
        return found

    def _own(self, what: str, kind: str, rows: Rows, plan: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the row of a provider or facility that people keep, as their plan has it."""
        name = f"{what}/{kind}"
        address = f"network/{name}".replace("/emergency/", "/facility/")  # the same, if it may be
        if name not in self._known:
            everyone = np.arange(len(self._people))
            u = self._draws.uniform(address)
            self._known[name] = self._chosen(what, kind, everyone, self._people.plan, u)
        found = self._known[name][rows]
        moved = np.flatnonzero(plan != self._people.plan[rows])
        if len(moved):
            u = self._draws.uniform(address, rows[moved])
            found[moved] = self._chosen(what, kind, rows[moved], plan[moved], u)
        return found

    def _chosen(
        self, what: str, kind: str, rows: Rows, plan: NDArray[np.int32], u: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """Choose for each of `rows` among those whom the plan has contracts with."""
        county = self._people.county[rows]
        choices = self.networks.choices(what)
        found = np.empty(len(rows), dtype=np.int32)
        for number in np.unique(plan).tolist():
            mine = plan == number
            found[mine] = choices[number].choose(kind, what, county[mine], u[mine])
        return found

    def _primary_care(self, rows: Rows, plan: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the doctors of people, as their plan has them."""
        found = self.primary_care[rows]
        moved = np.flatnonzero(plan != self._people.plan[rows])
        if len(moved):
            found[moved] = self._doctors(rows[moved], plan[moved])
        return found

    def _doctors(self, rows: Rows, plan: NDArray[np.int32]) -> NDArray[np.int32]:
        found = np.empty(len(rows), dtype=np.int32)
        doctor = self._doctor[rows]
        for number, specialty in enumerate(PRIMARY_CARE):
            mine = np.flatnonzero(doctor == number)
            if len(mine):
                some = rows[mine]
                u = self._draws.uniform(f"network/provider/{specialty}", some)
                found[mine] = self._chosen("provider", specialty, some, plan[mine], u)
        return found

    def _kind_of_doctor(self, ages: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the position in `PRIMARY_CARE` of what everybody's doctor is."""
        internist = self._draws.uniform("network/primary_care") < _INTERNIST
        adult = np.where(internist, _INTERNAL_MEDICINE, _FAMILY_MEDICINE)
        return np.where(ages < _PAEDIATRIC, _PEDIATRICS, adult).astype(np.int32)
