"""Who treats whom, and where: a person keeps the same doctors, hospital and pharmacy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people import Draws, People, Rows
from healthsim.products.networksim.directory import Directory

PRIMARY_CARE = ("family medicine", "internal medicine", "pediatrics")
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
class Used:
    """Which directory rows records refer to: bool, one entry for each row."""

    providers: NDArray[np.bool_]
    facilities: NDArray[np.bool_]
    pharmacies: NDArray[np.bool_]

    @classmethod
    def none(cls, here: Directory) -> Used:
        """Return that nothing of a directory is used yet."""
        sizes = (len(here.providers.npi), len(here.facilities.npi), len(here.pharmacies.npi))
        return cls(*(np.zeros(size, dtype=np.bool_) for size in sizes))

    def add(self, other: Used) -> None:
        """Take in what another chunk used."""
        self.providers[:] |= other.providers
        self.facilities[:] |= other.facilities
        self.pharmacies[:] |= other.pharmacies


class Network:
    """The doctors, hospitals and pharmacies of one chunk of people.

    Attributes:
        directory: where they come from.
    """

    def __init__(
        self, people: People, draws: Draws, ages: NDArray[np.int32], directory: Directory
    ) -> None:
        self._people, self._draws, self.directory = people, draws, directory
        self._known: dict[str, NDArray[np.int32]] = {}
        self.primary_care = self._primary_care(ages)

    def provider(
        self, specialty: str, address: str, rows: Rows, clinician: str | None = None
    ) -> NDArray[np.int32]:
        """Return the directory row of who treats `rows`; int32.

        `clinician` is "own" or "duty"; by default it is as the specialty has it.
        """
        if clinician is None:
            clinician = "duty" if specialty in WHOEVER else "own"
        if clinician == "own" and specialty in PRIMARY_CARE:
            return self.primary_care[rows]
        if clinician == "duty":
            u = self._draws.uniform(f"{address}/provider", rows)
            return self.directory.choose_provider(specialty, self._people.county[rows], u)
        return self._kept(f"provider/{specialty}", specialty)[rows]

    def facility(self, kind: str, rows: Rows) -> NDArray[np.int32]:
        """Return the directory row of the facility that `rows` go to; int32."""
        name = f"facility/{kind}"
        if name not in self._known:
            u = self._draws.uniform(f"network/{name}")
            self._known[name] = self.directory.choose_facility(kind, self._people.county, u)
        return self._known[name][rows]

    def pharmacy(self, rows: Rows) -> NDArray[np.int32]:
        """Return the directory row of the pharmacy that `rows` go to; int32."""
        if "pharmacy" not in self._known:
            u = self._draws.uniform("network/pharmacy")
            self._known["pharmacy"] = self.directory.choose_pharmacy(self._people.county, u)
        return self._known["pharmacy"][rows]

    def _kept(self, name: str, specialty: str) -> NDArray[np.int32]:
        if name not in self._known:
            u = self._draws.uniform(f"network/{name}")
            self._known[name] = self.directory.choose_provider(specialty, self._people.county, u)
        return self._known[name]

    def _primary_care(self, ages: NDArray[np.int32]) -> NDArray[np.int32]:
        internist = self._draws.uniform("network/primary_care") < _INTERNIST
        found = np.where(
            internist,
            self._kept("provider/internal medicine", "internal medicine"),
            self._kept("provider/family medicine", "family medicine"),
        )
        child = ages < _PAEDIATRIC
        if child.any():
            found = np.where(child, self._kept("provider/pediatrics", "pediatrics"), found)
        return found.astype(np.int32)
