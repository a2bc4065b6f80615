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

PRIMARY_CARE = ("family medicine", "internal medicine", "pediatrics")
_FAMILY_MEDICINE, _INTERNAL_MEDICINE, _PEDIATRICS = range(3)
ON_DUTY = ("emergency medicine", "hospitalist", "anesthesiology", "radiology", "pathology")
"""Specialties of which the clinician on duty treats, drawn anew for each event."""

USUAL = {
    "emergency": "emergency medicine", "observation": "hospitalist", "inpatient": "hospitalist",
    "snf": "internal medicine", "dialysis": "nephrology", "asc": "general surgery",
    "outpatient_hospital": "internal medicine", "home_health": "nurse practitioner",
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


@dataclass(frozen=True, eq=False)
class Networks:
    """The directory of a run, and with whom each of its plans has contracts."""

    directory: Directory
    plans: PlanTable

    @cached_property
    def contracts(self) -> tuple[Contracts, ...]:
        """The network of each plan, by plan number."""
        return tuple(
            Contracts.of(self.directory, name, design.network.in_share, design.network.outside)
            for name, design in zip(self.plans.names, self.plans.designs, strict=True)
        )

    def choices(self, kind: str) -> tuple[WeightedGroups, ...]:
        """Return the choices of a kind for each plan, and last for those who have no plan.

        Args:
            kind: "provider", "facility" or "emergency".
        """
        every: Sequence[Contracts | Directory] = (*self.contracts, self.directory)
        return tuple(getattr(network, f"{kind}_slots") for network in every)

    def provider_inside(
        self, plan: NDArray[np.int32], provider: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Return which plans have a contract with the provider's organisation, bool, shape (n,)."""
        return _inside([contracts.providers for contracts in self.contracts], plan, provider)

    def facility_inside(
        self, plan: NDArray[np.int32], facility: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Return which plans have a contract with the facility, bool, shape (n,)."""
        return _inside([contracts.facilities for contracts in self.contracts], plan, facility)


def _inside(
    members: Sequence[NDArray[np.bool_]], plan: NDArray[np.int32], row: NDArray[np.int32]
) -> NDArray[np.bool_]:
    inside = np.ones(len(row), dtype=np.bool_)
    for number, of_plan in enumerate(members):
        at = plan == number
        inside[at] = of_plan[row[at]]
    return inside


@dataclass(frozen=True)
class ProviderRequest:
    """A request for the clinician of some people; arrays have one entry for each of `rows`.

    Attributes:
        address: of the event; whoever is on duty is drawn by it.
        plan: int32, the plan in whose network to choose; -1 for all of the directory.
        clinician: "own" or "duty"; the default depends on the specialty.
        facility: int32, directory row of where it happens; -1 outside of facilities.
    """

    specialty: str
    address: str
    rows: Rows
    plan: NDArray[np.int32]
    clinician: str | None = None
    facility: NDArray[np.int32] | None = None

    @property
    def on_duty(self) -> bool:
        """Whether it is for the clinician on duty rather than the person's own."""
        return (self.clinician or ("duty" if self.specialty in ON_DUTY else "own")) == "duty"


class Network:
    """The doctors, hospitals and pharmacies of one chunk of people.

    To whom a person goes depends only on where they live, their plan and the specialty, so it is
    the same in every event, whatever else happens.

    Attributes:
        networks: the directory and the plans' contracts.
        primary_care: int32, shape (people,), directory row of the primary care provider of each
            person under their first plan.
    """

    def __init__(
        self, people: People, draws: Draws, ages: NDArray[np.int32], networks: Networks
    ) -> None:
        self._people, self._draws, self.networks = people, draws, networks
        self._known: dict[str, NDArray[np.int32]] = {}
        self._doctor_specialty = self._primary_care_specialty(ages)
        everyone = np.arange(len(people))
        self.primary_care = self._doctors(everyone, people.plan)

    @property
    def directory(self) -> Directory:
        """The clinicians, facilities and pharmacies."""
        return self.networks.directory

    def plan(self, rows: Rows, covered_by: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the plan in whose network people are, int32: what covers them, or their first."""
        return np.where(covered_by >= 0, covered_by, self._people.plan[rows]).astype(np.int32)

    def provider(self, request: ProviderRequest) -> NDArray[np.int32]:
        """Return the directory row of the requested clinician of each person, int32.

        In a hospital it is one of its staff, if any of them has the specialty.
        """
        if request.specialty in PRIMARY_CARE and not request.on_duty:
            return self._primary_care(request.rows, request.plan)
        provider = self._staff(request)
        rest = np.flatnonzero(provider < 0)
        rows, plan = request.rows[rest], request.plan[rest]
        if request.on_duty:
            u = self._draws.uniform(f"{request.address}/provider", rows)
            provider[rest] = self._chosen("provider", request.specialty, rows, plan, u)
        else:
            provider[rest] = self._own("provider", request.specialty, rows, plan)
        return provider

    def facility(
        self, kind: str, rows: Rows, plan: NDArray[np.int32], *, emergency: bool = False
    ) -> NDArray[np.int32]:
        """Return the directory row of the facility of a kind that `rows` go to, int32."""
        return self._own("emergency" if emergency else "facility", kind, rows, plan)

    def pharmacy(self, rows: Rows) -> NDArray[np.int32]:
        """Return the directory row of the retail pharmacy that `rows` go to, int32."""
        if "pharmacy" not in self._known:
            u = self._draws.uniform("network/pharmacy")
            self._known["pharmacy"] = self.directory.choose_pharmacy(self._people.county, u)
        return self._known["pharmacy"][rows]

    def fills_at(
        self, rows: Rows, plan: NDArray[np.int32], long: NDArray[np.bool_],
        specialty_share: NDArray[np.float64],
    ) -> NDArray[np.int32]:  # fmt: skip
        """Return the directory row of the pharmacy that fills for `rows`, int32.

        Long supplies come by mail to a share of a plan's members, always from the same pharmacy;
        specialty drugs come to a share of people from a specialty pharmacy.
        """
        pharmacy = self.pharmacy(rows)
        share = np.append(self.networks.plans.mail_order_share, 0.0)[plan]
        u = self._draws.uniform("network/mail order", rows)
        special = np.flatnonzero(specialty_share > 0)
        v = self._draws.uniform("network/specialty pharmacy", rows[special])
        kept = v < specialty_share[special]
        special, within = special[kept], (v / specialty_share[special])[kept]
        pharmacy[special] = self.directory.choose_specialty(
            self._people.county[rows[special]], np.minimum(within, 1 - 2.0**-53)
        )
        mailed = np.flatnonzero(long & (u < share) & (specialty_share == 0))
        within = np.minimum(u[mailed] / share[mailed], 1 - 2.0**-53)
        county = self._people.county[rows[mailed]]
        pharmacy[mailed] = self.directory.choose_mail_order(county, within)
        return pharmacy

    def _staff(self, request: ProviderRequest) -> NDArray[np.int32]:
        """Return who of the hospital's own staff treats people, int32; -1 where nobody does."""
        staff = np.full(len(request.rows), -1, dtype=np.int32)
        if request.facility is not None and request.specialty in self.directory.staffed:
            inside = np.flatnonzero(request.facility >= 0)
            name = request.address if request.on_duty else f"network/{request.specialty}"
            u = self._draws.uniform(f"{name}/provider", request.rows[inside])
            staff[inside] = self.directory.choose_staff(
                request.specialty, request.facility[inside], u
            )
        return staff

    def _own(self, what: str, kind: str, rows: Rows, plan: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the provider or facility that people keep, in their plan's network; int32."""
        name = f"{what}/{kind}"
        # an emergency goes to the usual hospital, unless that has no emergency department
        address = f"network/{name}".replace("/emergency/", "/facility/")
        if name not in self._known:
            everyone = np.arange(len(self._people))
            u = self._draws.uniform(address)
            self._known[name] = self._chosen(what, kind, everyone, self._people.plan, u)
        own = self._known[name][rows]
        moved = np.flatnonzero(plan != self._people.plan[rows])
        if len(moved):
            u = self._draws.uniform(address, rows[moved])
            own[moved] = self._chosen(what, kind, rows[moved], plan[moved], u)
        return own

    def _chosen(
        self, what: str, kind: str, rows: Rows, plan: NDArray[np.int32], u: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        """Choose for each of `rows` among those with whom the plan has contracts; int32."""
        county = self._people.county[rows]
        choices = self.networks.choices(what)
        chosen = np.empty(len(rows), dtype=np.int32)
        for number in np.unique(plan).tolist():
            at = plan == number
            chosen[at] = choices[number].choose(kind, what, county[at], u[at])
        return chosen

    def _primary_care(self, rows: Rows, plan: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the primary care providers of people, in their plan's network; int32."""
        provider = self.primary_care[rows]
        moved = np.flatnonzero(plan != self._people.plan[rows])
        if len(moved):
            provider[moved] = self._doctors(rows[moved], plan[moved])
        return provider

    def _doctors(self, rows: Rows, plan: NDArray[np.int32]) -> NDArray[np.int32]:
        provider = np.empty(len(rows), dtype=np.int32)
        specialties = self._doctor_specialty[rows]
        for number, specialty in enumerate(PRIMARY_CARE):
            at = np.flatnonzero(specialties == number)
            if len(at):
                u = self._draws.uniform(f"network/provider/{specialty}", rows[at])
                provider[at] = self._chosen("provider", specialty, rows[at], plan[at], u)
        return provider

    def _primary_care_specialty(self, ages: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the position in `PRIMARY_CARE` of the specialty of everybody's doctor, int32."""
        internist = self._draws.uniform("network/primary_care") < _INTERNIST
        adult = np.where(internist, _INTERNAL_MEDICINE, _FAMILY_MEDICINE)
        return np.where(ages < _PAEDIATRIC, _PEDIATRICS, adult).astype(np.int32)
