"""The network of a plan: its contracted organisations, and how its members choose."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from healthsim.products.networksim.directory import Directory
from healthsim.products.networksim.drawing import STREAMS
from healthsim.products.networksim.slots import WeightedGroups
from healthsim.tables import Coded

_NEAR = ("family medicine", "internal medicine", "pediatrics", "hospital")
_NUMBERS = 2**32  # larger than every NPI
_EMERGENCY = 0.25  # least weight of the outside in an emergency; assumption
_UNIT = 1000  # weight of one unit of capacity in the network; outside of it a share of that


@dataclass(frozen=True, eq=False)
class Contracts:
    """One plan's network over a directory.

    An organisation is in or out as a whole: a group practice with its clinicians, a hospital
    with its staff. This depends only on the plan's name and the organisation's number, so a
    network is the same in every run.

    Attributes:
        providers: bool, shape (providers,), true if their organisation is in the network.
        facilities: bool, shape (facilities,), true if it is in the network.
        provider_slots, facility_slots: the directory's choices, weighted for members.
        emergency_slots: the choice of a facility, weighted for members in an emergency.
    """

    providers: NDArray[np.bool_]
    facilities: NDArray[np.bool_]
    provider_slots: WeightedGroups
    facility_slots: WeightedGroups
    emergency_slots: WeightedGroups

    @classmethod
    def of(cls, directory: Directory, plan: str, in_share: float, outside: float) -> Contracts:
        """Draw a plan's network.

        A network is adequate: where a county has hospitals or clinicians of a specialty of
        primary care, one of them is in it, and in every state one of each kind that the state has.

        Args:
            directory: the directory.
            plan: the plan's name.
            in_share: share of organisations that are in the network, above 0, at most 1.
            outside: weight of the outside relative to the network; 0: never chosen.
        """
        drawn, key = _DRAWN.setdefault(directory, {}), (plan, in_share, outside)
        if key not in drawn:
            drawn[key] = cls._drawn(directory, plan, in_share, outside)
        return drawn[key]

    @classmethod
    def _drawn(cls, directory: Directory, plan: str, in_share: float, outside: float) -> Contracts:
        who, where = directory.providers, directory.facilities
        if in_share >= 1:
            return cls(
                np.ones(len(who.npi), dtype=np.bool_),
                np.ones(len(where.npi), dtype=np.bool_),
                directory.provider_slots,
                directory.facility_slots,
                directory.facility_slots,
            )
        practices, practice_of = np.unique(who.organisation_npi, return_inverse=True)
        of_provider = plan_uniforms(plan, practices)[practice_of]
        of_facility = plan_uniforms(plan, where.npi)
        clinicians = _needed(directory, who.specialty, who.county, of_provider)
        buildings = _needed(directory, where.kind, where.county, of_facility)
        needed = np.concatenate([who.organisation_npi[clinicians], where.npi[buildings]])
        providers = (of_provider < in_share) | np.isin(who.organisation_npi, needed)
        facilities = (of_facility < in_share) | np.isin(where.npi, needed)
        return cls(
            providers,
            facilities,
            _preferring(directory.provider_slots, providers, outside),
            _preferring(directory.facility_slots, facilities, outside),
            _preferring(directory.facility_slots, facilities, max(outside, _EMERGENCY)),
        )


_DRAWN: WeakKeyDictionary[Directory, dict[tuple[str, float, float], Contracts]] = (
    WeakKeyDictionary()
)  # once for each directory: a tool prepares a job several times


def plan_uniforms(plan: str, npi: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each organisation, independent of the other organisations."""
    order = STREAMS.permuted(f"network/plan/{plan}", npi, _NUMBERS)
    uniforms: NDArray[np.float64] = order / _NUMBERS
    return uniforms


def _needed(
    directory: Directory, kind: Coded, county: NDArray[np.int32], u: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the rows that a network needs to be adequate."""
    states = np.array([int(fips[:2]) for fips in directory.county_fips], dtype=np.int32)
    near = np.zeros(len(u), dtype=np.bool_)
    for needed in _NEAR:
        near |= kind.equals(needed)
    rows = np.flatnonzero(near)
    nearby = rows[_firsts(u[rows], kind.codes[rows], county[rows])]
    return np.concatenate([nearby, _firsts(u, kind.codes, states[county])])


def _firsts(
    u: NDArray[np.float64], kind: NDArray[np.int32], area: NDArray[np.int32]
) -> NDArray[np.intp]:
    """Return the row of the lowest number of each kind in each area."""
    order = np.lexsort((u, area, kind))
    new = (np.diff(kind[order], prepend=-1) != 0) | (np.diff(area[order], prepend=-1) != 0)
    firsts: NDArray[np.intp] = order[new]
    return firsts


def _preferring(
    slots: WeightedGroups, in_network: NDArray[np.bool_], outside: float
) -> WeightedGroups:
    """Return the choice with the weight of the rows outside of the network reduced."""
    share = np.where(in_network, np.int64(_UNIT), np.int64(round(outside * _UNIT)))
    return slots.with_weights(slots.weight * share)
