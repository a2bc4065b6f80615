"""Which organisations a plan has a contract with, and how its members choose among them."""

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
_NUMBERS = 2**32  # above every provider number
_EMERGENCY = 0.25  # how readily members go outside in an emergency; assumption
_UNIT = 1000  # weight of one unit of capacity in the network; outside of it a share of that


@dataclass(frozen=True, eq=False)
class Contracts:
    """One plan's network over a directory.

    An organisation is in or out as a whole: a group practice with its clinicians, a hospital
    with its staff. The plan's name and the organisation's number alone decide, so a network is
    the same in every run.

    Attributes:
        providers: bool, shape (providers,), whose organisation is in the network.
        facilities: bool, shape (facilities,), which are in it.
        provider_slots, facility_slots: the directory's, by how readily members choose.
        emergency_slots: the facilities, by how readily members come to them in an emergency.
    """

    providers: NDArray[np.bool_]
    facilities: NDArray[np.bool_]
    provider_slots: WeightedGroups
    facility_slots: WeightedGroups
    emergency_slots: WeightedGroups

    @classmethod
    def of(cls, here: Directory, plan: str, in_share: float, outside: float) -> Contracts:
        """Draw a plan's network.

        A network is adequate: where a county has hospitals or clinicians of a specialty of
        primary care, one of them is in it, and in every state one of each kind that the state has.

        Args:
            here: the directory.
            plan: the plan's name.
            in_share: share of organisations that are in the network, above 0, at most 1.
            outside: how readily members choose outside of it, relative to inside; 0 is never.
        """
        known, name = _DRAWN.setdefault(here, {}), (plan, in_share, outside)
        if name not in known:
            known[name] = cls._drawn(here, plan, in_share, outside)
        return known[name]

    @classmethod
    def _drawn(cls, here: Directory, plan: str, in_share: float, outside: float) -> Contracts:
        who, where = here.providers, here.facilities
        if in_share >= 1:
            return cls(
                np.ones(len(who.npi), dtype=np.bool_),
                np.ones(len(where.npi), dtype=np.bool_),
                here.provider_slots,
                here.facility_slots,
                here.facility_slots,
            )
        practice, of = np.unique(who.organisation_npi, return_inverse=True)
        place, facility = _places(plan, practice)[of], _places(plan, where.npi)
        clinicians = _needed(here, who.specialty, who.county, place)
        buildings = _needed(here, where.kind, where.county, facility)
        must = np.concatenate([who.organisation_npi[clinicians], where.npi[buildings]])
        providers = (place < in_share) | np.isin(who.organisation_npi, must)
        facilities = (facility < in_share) | np.isin(where.npi, must)
        return cls(
            providers,
            facilities,
            _preferring(here.provider_slots, providers, outside),
            _preferring(here.facility_slots, facilities, outside),
            _preferring(here.facility_slots, facilities, max(outside, _EMERGENCY)),
        )


_DRAWN: WeakKeyDictionary[Directory, dict[tuple[str, float, float], Contracts]] = (
    WeakKeyDictionary()
)  # drawn once for each directory: a tool prepares a job several times


def _places(plan: str, npi: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each organisation, the same whatever others there are."""
    places: NDArray[np.float64] = STREAMS.permuted(f"network/plan/{plan}", npi, _NUMBERS) / _NUMBERS
    return places


def _needed(
    here: Directory, kind: Coded, county: NDArray[np.int32], place: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the rows without which a network would not be adequate."""
    states = np.array([int(fips[:2]) for fips in here.county_fips], dtype=np.int32)
    near = np.zeros(len(place), dtype=np.bool_)
    for word in _NEAR:
        near |= kind.equals(word)
    rows = np.flatnonzero(near)
    nearby = rows[_firsts(place[rows], kind.codes[rows], county[rows])]
    return np.concatenate([nearby, _firsts(place, kind.codes, states[county])])


def _firsts(
    place: NDArray[np.float64], kind: NDArray[np.int32], area: NDArray[np.int32]
) -> NDArray[np.intp]:
    """Return the row of the lowest number of each kind in each area."""
    order = np.lexsort((place, area, kind))
    new = (np.diff(kind[order], prepend=-1) != 0) | (np.diff(area[order], prepend=-1) != 0)
    firsts: NDArray[np.intp] = order[new]
    return firsts


def _preferring(slots: WeightedGroups, inside: NDArray[np.bool_], outside: float) -> WeightedGroups:
    """Weigh the rows outside of a network by how readily members go there."""
    share = np.where(inside, np.int64(_UNIT), np.int64(round(outside * _UNIT)))
    return slots.weighing(slots.weight * share)
