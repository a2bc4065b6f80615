"""Facilities and pharmacies of the synthetic directory, in proportion to people."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import taxonomy
from healthsim.products.networksim.directory import Facilities, Pharmacies
from healthsim.products.networksim.drawing import (
    CHARGE,
    PRICE,
    STREAMS,
    USUAL_CAPACITY,
    Counties,
    OrdinalAllocator,
    between,
    capacities,
    pick,
    rows_of,
    titles,
    words,
)
from healthsim.products.networksim.identifiers import ccns, clias, ncpdp_ids, npis, tins
from healthsim.tables import Coded

_PHARMACY_RATE = 4.0e-5  # per head, a quarter of the real 18 per 100,000; assumption
_MOST_PHARMACIES = 12_000
_MOST_FACILITIES = 9_000  # certification numbers have four digits of their own
_NO_CHAIN = "Independent"
_BEDS_PER_HEAD = 0.0024  # staffed community hospital beds, AHA 2022, from memory


class _Kind(NamedTuple):
    """How many facilities of a kind a county has; the largest of each state always has one."""

    name: str
    least_population: int
    people_each: int
    beds: tuple[int, int]


KINDS = (  # thresholds are assumptions; they thin the real density about threefold
    _Kind("hospital", 15_000, 150_000, (25, 900)),
    _Kind("asc", 100_000, 500_000, (0, 0)),
    _Kind("snf", 30_000, 300_000, (60, 150)),
    _Kind("dialysis", 50_000, 400_000, (0, 0)),
    _Kind("home health", 50_000, 400_000, (0, 0)),
    _Kind("laboratory", 500_000, 4_000_000, (0, 0)),  # reference laboratories; the last kind
)
_FIRST_LABORATORY = 8_000_000  # ordinal of NPI, TIN and CLIA: above those of others


def make_facilities(
    counties: Counties, ordinals: OrdinalAllocator
) -> tuple[Facilities, NDArray[np.int64]]:
    """Return the facilities, and how many of each kind each county has: (kinds, counties)."""
    counts = _facility_counts(counties)
    kind, county = rows_of(counts)
    size = len(kind)
    names = [pick(f"{k.name}/name", size, titles(k.name)) for k in KINDS]
    offsets = np.cumsum([0, *(len(name.vocabulary) for name in names)])
    codes = np.choose(
        kind, [name.codes + offset for name, offset in zip(names, offsets, strict=False)]
    )
    kinds = tuple(k.name for k in KINDS)
    beds = _beds(counties, kind, county, counts[0])
    others = int((kind < len(KINDS) - 1).sum())
    laboratories = _FIRST_LABORATORY + np.arange(size - others, dtype=np.int64)
    facilities = Facilities(
        npi=np.append(ordinals.npis(others), npis(STREAMS, laboratories)),
        ccn=np.append(
            ccns(STREAMS, np.arange(others, dtype=np.int64)), clias(STREAMS, laboratories)
        ),
        name=Coded(codes.astype(np.int32), tuple(w for name in names for w in name.vocabulary)),
        kind=Coded(kind, kinds),
        taxonomy=Coded(kind, tuple(taxonomy().find(k, "facility").taxonomy for k in kinds)),
        county=county,
        beds=beds,
        tin=np.append(ordinals.tins(others), tins(STREAMS, laboratories)),
        price_factor=between("facility/price", size, PRICE),
        charge_factor=between("facility/charge", size, CHARGE),
        capacity=np.where(beds > 0, beds, USUAL_CAPACITY).astype(np.int64),
        real=np.zeros(size, dtype=np.bool_),
    )
    return facilities, counts


def _beds(
    counties: Counties,
    kind: NDArray[np.int32],
    county: NDArray[np.int32],
    hospitals: NDArray[np.int64],
) -> NDArray[np.int32]:
    u = STREAMS.uniform("network/beds", 0, len(kind))
    low, high = (np.array([k.beds[end] for k in KINDS])[kind] for end in (0, 1))
    share = counties.population[county] * _BEDS_PER_HEAD / np.maximum(hospitals[county], 1)
    beds = np.where(kind == 0, share * (0.6 + 0.8 * u), low + u * (high - low))
    return np.clip(np.rint(beds), low, high).astype(np.int32)


def _facility_counts(counties: Counties) -> NDArray[np.int64]:
    """Return the number of facilities, int64, shape (kinds, counties)."""
    thinner = 1
    while True:  # ends at the latest with one facility in the largest county of each state
        counts = np.stack([_kind_counts(counties, kind, thinner) for kind in KINDS])
        if counts.sum() <= _MOST_FACILITIES:
            return counts
        thinner *= 2


def _kind_counts(counties: Counties, kind: _Kind, thinner: int) -> NDArray[np.int64]:
    number = np.maximum(counties.population // (kind.people_each * thinner), 1)
    number[counties.population < kind.least_population * thinner] = 0
    number[counties.capitals] = np.maximum(number[counties.capitals], 1)
    return number


def make_pharmacies(counties: Counties, ordinals: OrdinalAllocator) -> Pharmacies:
    """Return the pharmacies: retail, then mail order."""
    rate = min(_PHARMACY_RATE, _MOST_PHARMACIES / float(counties.population.sum()))
    u = STREAMS.uniform("network/pharmacies", 0, counties.count)
    retail = np.maximum(np.floor(counties.population * rate + u), 1).astype(np.int64)
    mail = np.zeros(counties.count, dtype=np.int64)
    mail[0] = len(words()["mail order"])  # they serve every county; this county is their address
    counts = np.stack([retail, mail])
    kind, county = rows_of(counts)
    size = len(kind)
    chain, name = _pharmacy_names(kind)
    return Pharmacies(
        npi=ordinals.npis(size),
        ncpdp_id=ncpdp_ids(STREAMS, np.arange(size, dtype=np.int64)),
        name=name,
        chain=chain,
        county=county,
        mail_order=kind == 1,
        specialty=np.zeros(size, dtype=np.bool_),
        capacity=capacities("pharmacy/capacity", size),
    )


def with_specialty(pharmacies: Pharmacies, ordinals: OrdinalAllocator) -> Pharmacies:
    """Return pharmacies and, after them, the specialty pharmacies, which serve every county."""
    names = words()["specialty pharmacy"]
    before, size = len(pharmacies.npi), len(names)

    def named(column: Coded) -> Coded:
        codes = np.arange(size, dtype=np.int32) + np.int32(len(column.vocabulary))
        return Coded(np.concatenate([column.codes, codes]), (*column.vocabulary, *names))

    places = np.arange(before + size, dtype=np.int64)
    return Pharmacies(
        npi=np.concatenate([pharmacies.npi, ordinals.npis(size)]),
        ncpdp_id=ncpdp_ids(STREAMS, places),
        name=named(pharmacies.name),
        chain=named(pharmacies.chain),
        county=np.concatenate([pharmacies.county, np.zeros(size, dtype=np.int32)]),
        mail_order=np.concatenate([pharmacies.mail_order, np.zeros(size, dtype=np.bool_)]),
        specialty=places >= before,
        capacity=np.concatenate([pharmacies.capacity, np.full(size, 100, dtype=np.int64)]),
    )


def _pharmacy_names(kind: NDArray[np.int32]) -> tuple[Coded, Coded]:
    """Return chain and name of each pharmacy; names contain an invented neighbourhood."""
    chains, places, mail = (words()[word] for word in ("chain", "place", "mail order"))
    chain = pick("pharmacy/chain", len(kind), chains).codes
    place = pick("pharmacy/place", len(kind), places).codes
    by_mail = kind == 1
    number = np.arange(by_mail.sum(), dtype=np.int32)
    chain[by_mail] = len(chains) + number
    code = chain * len(places) + place
    code[by_mail] = len(chains) * len(places) + number
    titles = [f"{c} {p}" if c != _NO_CHAIN else f"{p} Drug" for c in chains for p in places]
    return Coded(chain, (*chains, *mail)), Coded(code, (*titles, *mail))
