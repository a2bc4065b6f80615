"""Which clinicians, facilities and pharmacies the rows of a run refer to, and their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.visits.care_team import Networks
from healthsim.products.membersim.tables import PLAN_NETWORKS
from healthsim.products.networksim.directory import Directory
from healthsim.products.networksim.tables import FACILITIES, PHARMACIES, PROVIDERS
from healthsim.tables import Coded, Columns, Table


@dataclass(frozen=True, eq=False)
class DirectoryUse:
    """Which rows of a directory are referred to: bool arrays, one entry for each row."""

    providers: NDArray[np.bool_]
    facilities: NDArray[np.bool_]
    pharmacies: NDArray[np.bool_]

    @classmethod
    def none(cls, directory: Directory) -> DirectoryUse:
        """Return that no row of a directory is used."""
        return cls(
            np.zeros(len(directory.providers.npi), dtype=np.bool_),
            np.zeros(len(directory.facilities.npi), dtype=np.bool_),
            np.zeros(len(directory.pharmacies.npi), dtype=np.bool_),
        )

    @classmethod
    def of(
        cls, directory: Directory, tables: Sequence[Table], rows: Mapping[str, Columns]
    ) -> DirectoryUse:
        """Return which directory rows are referred to by columns that say so in `references`."""

        def used(key: NDArray[np.int64], column: str) -> NDArray[np.bool_]:
            return np.isin(key, _referring(column, tables, rows))

        facilities = directory.facilities.npi
        by_id = used(np.arange(len(facilities)), "facilities.facility_id")
        return cls(
            used(directory.providers.npi, "providers.npi"),
            used(facilities, "facilities.npi") | by_id,
            used(directory.pharmacies.npi, "pharmacies.npi"),
        )

    def __or__(self, other: DirectoryUse) -> DirectoryUse:
        """Return what either uses."""
        return DirectoryUse(
            self.providers | other.providers,
            self.facilities | other.facilities,
            self.pharmacies | other.pharmacies,
        )

    def with_hospitals(self, directory: Directory) -> DirectoryUse:
        """Return the same, with the hospitals to whose staff the clinicians belong."""
        hospital = directory.providers.hospital[self.providers]
        facilities = self.facilities.copy()
        facilities[hospital[hospital >= 0]] = True
        return DirectoryUse(self.providers, facilities, self.pharmacies)


def _referring(
    column: str, tables: Sequence[Table], rows: Mapping[str, Columns]
) -> NDArray[np.int64]:
    """Return the distinct values of all columns that refer to a column, int64."""
    columns = [
        rows[table.name][referring.name]
        for table in tables
        if table.name in rows
        for referring in table.columns
        if referring.references == column
    ]
    values = [_distinct(values) for values in columns if isinstance(values, np.ndarray)]
    return np.concatenate(values) if values else np.zeros(0, dtype=np.int64)


def _distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return the distinct values; for numbers this is several times as fast as `np.unique`."""
    ordered: NDArray[Any] = np.sort(values)
    return np.concatenate([ordered[:1], ordered[1:][ordered[1:] != ordered[:-1]]])


def directory_tables(networks: Networks, use: DirectoryUse) -> dict[str, Columns]:
    """Return the tables of the directory rows that are used, and of the plans' networks."""
    directory = networks.directory
    use = use.with_hospitals(directory)
    providers = np.flatnonzero(use.providers).astype(np.int32)
    facilities = np.flatnonzero(use.facilities).astype(np.int32)
    pharmacies = np.flatnonzero(use.pharmacies).astype(np.int32)
    providers = providers[np.argsort(directory.providers.npi[providers])]
    pharmacies = pharmacies[np.argsort(directory.pharmacies.npi[pharmacies])]
    return {
        PROVIDERS.name: PROVIDERS.complete(directory.provider_columns(providers)),
        FACILITIES.name: FACILITIES.complete(directory.facility_columns(facilities)),
        PHARMACIES.name: PHARMACIES.complete(directory.pharmacy_columns(pharmacies)),
        PLAN_NETWORKS.name: PLAN_NETWORKS.complete(_plan_networks(networks, use)),
    }


def _plan_networks(networks: Networks, use: DirectoryUse) -> Columns:
    """Return a row for each plan and each organisation that bills for what is used."""
    providers, npi_of_facility = networks.directory.providers, networks.directory.facilities.npi
    practices, first = np.unique(providers.organisation_npi[use.providers], return_index=True)
    clinicians = np.flatnonzero(use.providers)[first]
    buildings = np.flatnonzero(use.facilities)
    npi, at = np.unique(np.concatenate([practices, npi_of_facility[buildings]]), return_index=True)
    names = sorted(networks.plans.names)
    outside = [np.zeros(0, np.bool_)]
    for name in names:
        contracts = networks.contracts[networks.plans.names.index(name)]
        inside = np.concatenate([contracts.providers[clinicians], contracts.facilities[buildings]])
        outside.append(~inside[at])
    return {
        "plan_id": Coded(np.repeat(np.arange(len(names), dtype=np.int32), len(npi)), tuple(names)),
        "organisation_npi": np.tile(npi, len(names)),
        "network": Coded(np.concatenate(outside).astype(np.int32), ("in", "out")),
    }
