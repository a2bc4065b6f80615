"""Builds the synthetic directory from a geography, by rates per head of each county.

The same geography gives the same directory in every run: its draws have a seed of their own.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import taxonomy
from healthsim.products.networksim.directory import (
    Directory,
    Facilities,
    Organisations,
    Pharmacies,
    Providers,
    Slots,
)
from healthsim.products.networksim.identifiers import ccns, ncpdp_ids, npis, tins
from healthsim.streams import Streams
from healthsim.tables import Coded

_DATA = Path(__file__).parent / "data"
_STREAMS = Streams(seed=1)  # fixed: the directory is the same in every run

_DENSITY = 0.05  # clinicians listed per one that exists; assumption: a sample is enough
_MOST_PROVIDERS = 30_000  # what the density may give, so that building stays fast
_EVERYWHERE = ("family medicine", "internal medicine")  # at least one in every county
_GROUP_SIZE = 8.0  # clinicians in a group practice; assumption
_PHARMACY_RATE = 4.0e-5  # per head, a quarter of the real 18 per 100,000; assumption
_MOST_PHARMACIES = 12_000
_MOST_FACILITIES = 9_000  # certification numbers have four digits of their own
_NO_CHAIN = "Independent"
_BEDS_PER_HEAD = 0.0024  # staffed community hospital beds, AHA 2022, from memory
_PRICE = (0.90, 1.10)  # allowed amount relative to the fee schedule; assumption
_CHARGE = (2.6, 4.0)  # charge relative to the fee schedule; assumption


class _Kind(NamedTuple):
    """Which counties have a facility of a kind: the largest of each state always does."""

    name: str
    least_population: int
    people_each: int
    beds: tuple[int, int]


_KINDS = (  # thresholds are assumptions; they thin the real density about threefold
    _Kind("hospital", 15_000, 150_000, (25, 900)),
    _Kind("asc", 100_000, 500_000, (0, 0)),
    _Kind("snf", 30_000, 300_000, (60, 150)),
    _Kind("dialysis", 50_000, 400_000, (0, 0)),
    _Kind("home health", 50_000, 400_000, (0, 0)),
)


@dataclass(frozen=True, eq=False)
class _Counties:
    """The geography: population and, for each county, its state's largest county."""

    population: NDArray[np.int64]
    largest: NDArray[np.int32]

    @property
    def count(self) -> int:
        return len(self.population)

    @property
    def capitals(self) -> NDArray[np.int32]:
        """The largest county of each state."""
        return np.unique(self.largest)


def build_directory(
    county_fips: tuple[str, ...],
    county_state: NDArray[np.int32],
    county_population: NDArray[np.int64],
) -> Directory:
    """Build the directory of a geography; the caller keeps it.

    Args:
        county_fips: five digits of each county.
        county_state: int32, shape (counties,), index of the county's state.
        county_population: int64, shape (counties,), persons.
    """
    counties = _Counties(county_population, _largest(county_state, county_population))
    number = _Numbers()
    facilities, facility_counts = _facilities(counties, number)
    people = _provider_counts(counties)
    organisations, group_counts = _organisations(counties, people, number)
    pharmacies, pharmacy_counts = _pharmacies(counties, number)
    billing = _Billing(facilities, facility_counts[0], organisations, group_counts)
    return Directory(
        county_fips=county_fips,
        providers=_providers(people, billing, number),
        organisations=organisations,
        facilities=facilities,
        pharmacies=pharmacies,
        provider_slots=_slots(_specialties().names, people, counties),
        facility_slots=_slots(tuple(kind.name for kind in _KINDS), facility_counts, counties),
        pharmacy_slots=_slots(("retail",), pharmacy_counts, counties),
    )


class _Numbers:
    """Hands out runs of ordinals, so that no two entities share a number."""

    def __init__(self) -> None:
        self._next = {"npi": 0, "tin": 0}

    def take(self, kind: str, count: int) -> NDArray[np.int64]:
        first = self._next[kind]
        self._next[kind] += count
        return np.arange(first, first + count, dtype=np.int64)

    def npis(self, count: int) -> NDArray[np.int64]:
        return npis(_STREAMS, self.take("npi", count))

    def tins(self, count: int) -> NDArray[np.bytes_]:
        return tins(_STREAMS, self.take("tin", count))


class _Specialties(NamedTuple):
    names: tuple[str, ...]
    rate: NDArray[np.float64]  # clinicians per head
    in_hospital: NDArray[np.bool_]


@cache
def _specialties() -> _Specialties:
    with (_DATA / "specialties.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return _Specialties(
        tuple(row["specialty"] for row in rows),
        np.array([float(row["per_100k"]) / 100_000 for row in rows]),
        np.array([row["setting"] == "hospital" for row in rows]),
    )


@cache
def _words() -> dict[str, tuple[str, ...]]:
    words: dict[str, list[str]] = {}
    with (_DATA / "names.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words.setdefault(row["kind"], []).append(row["name"])
    return {kind: tuple(names) for kind, names in words.items()}


def _largest(state: NDArray[np.int32], population: NDArray[np.int64]) -> NDArray[np.int32]:
    order = np.lexsort((-population, state))
    firsts = order[np.unique(state[order], return_index=True)[1]]
    of_state = np.zeros(int(state.max()) + 1, dtype=np.int32)
    of_state[state[firsts]] = firsts
    return of_state[state]


def _provider_counts(counties: _Counties) -> NDArray[np.int64]:
    """Clinicians by specialty and county, int64, shape (specialties, counties)."""
    names, rate, _ = _specialties()
    expected = rate[:, None] * counties.population[None, :]
    expected *= min(_DENSITY, _MOST_PROVIDERS / expected.sum())
    luck = [_STREAMS.uniform(f"network/number/{name}", 0, counties.count) for name in names]
    counts = np.floor(expected + np.stack(luck)).astype(np.int64)
    everywhere = [names.index(name) for name in _EVERYWHERE]
    counts[everywhere] = np.maximum(counts[everywhere], 1)
    counts[:, counties.capitals] = np.maximum(counts[:, counties.capitals], 2)
    return counts


def _facility_counts(counties: _Counties) -> NDArray[np.int64]:
    """Facilities by kind and county, int64, shape (kinds, counties)."""
    thinner = 1
    while True:  # ends: at last only the largest county of each state has any
        counts = np.stack([_kind_counts(counties, kind, thinner) for kind in _KINDS])
        if counts.sum() <= _MOST_FACILITIES:
            return counts
        thinner *= 2


def _kind_counts(counties: _Counties, kind: _Kind, thinner: int) -> NDArray[np.int64]:
    number = np.maximum(counties.population // (kind.people_each * thinner), 1)
    number[counties.population < kind.least_population * thinner] = 0
    number[counties.capitals] = np.maximum(number[counties.capitals], 1)
    return number


def _slots(kinds: tuple[str, ...], counts: NDArray[np.int64], counties: _Counties) -> Slots:
    stop = np.cumsum(counts.ravel()).reshape(counts.shape)
    start = stop - counts
    serves = np.where(counts > 0, np.arange(counties.count), counties.largest)
    return Slots(
        kinds,
        np.take_along_axis(start, serves, axis=1).astype(np.int32),
        np.take_along_axis(stop, serves, axis=1).astype(np.int32),
    )


def _rows(counts: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Kind and county of each row, in the order of the counts."""
    kinds, counties = counts.shape
    kind = np.repeat(np.arange(kinds, dtype=np.int32), counts.sum(axis=1))
    every = np.tile(np.arange(counties, dtype=np.int32), kinds)
    return kind, np.repeat(every, counts.ravel())


def _pick(decision: str, count: int, vocabulary: Sequence[str]) -> Coded:
    u = _STREAMS.uniform(f"network/{decision}", 0, count)
    return Coded((u * len(vocabulary)).astype(np.int32), tuple(vocabulary))


def _between(decision: str, count: int, ends: tuple[float, float]) -> NDArray[np.float64]:
    u = _STREAMS.uniform(f"network/{decision}", 0, count)
    return np.round(ends[0] + (ends[1] - ends[0]) * u, 4)


def _titles(kind: str) -> tuple[str, ...]:
    words = _words()
    return tuple(f"{place} {ending}" for place in words["place"] for ending in words[kind])


def _facilities(counties: _Counties, number: _Numbers) -> tuple[Facilities, NDArray[np.int64]]:
    counts = _facility_counts(counties)
    kind, county = _rows(counts)
    size = len(kind)
    names = [_pick(f"{k.name}/name", size, _titles(k.name)) for k in _KINDS]
    offsets = np.cumsum([0, *(len(name.vocabulary) for name in names)])
    codes = np.choose(kind, [name.codes + at for name, at in zip(names, offsets, strict=False)])
    kinds = tuple(k.name for k in _KINDS)
    made = Facilities(
        npi=number.npis(size),
        ccn=ccns(_STREAMS, np.arange(size, dtype=np.int64)),
        name=Coded(codes.astype(np.int32), tuple(w for name in names for w in name.vocabulary)),
        kind=Coded(kind, kinds),
        taxonomy=Coded(kind, tuple(taxonomy().find(k, "facility").taxonomy for k in kinds)),
        county=county,
        beds=_beds(counties, kind, county, counts[0]),
        tin=number.tins(size),
        price_factor=_between("facility/price", size, _PRICE),
        charge_factor=_between("facility/charge", size, _CHARGE),
    )
    return made, counts


def _beds(
    counties: _Counties,
    kind: NDArray[np.int32],
    county: NDArray[np.int32],
    hospitals: NDArray[np.int64],
) -> NDArray[np.int32]:
    u = _STREAMS.uniform("network/beds", 0, len(kind))
    low, high = (np.array([k.beds[end] for k in _KINDS])[kind] for end in (0, 1))
    share = counties.population[county] * _BEDS_PER_HEAD / np.maximum(hospitals[county], 1)
    wanted = np.where(kind == 0, share * (0.6 + 0.8 * u), low + u * (high - low))
    return np.clip(np.rint(wanted), low, high).astype(np.int32)


def _organisations(
    counties: _Counties, people: NDArray[np.int64], number: _Numbers
) -> tuple[Organisations, NDArray[np.int64]]:
    counts = np.maximum(np.ceil(people.sum(axis=0) / _GROUP_SIZE), 1).astype(np.int64)
    _, county = _rows(counts[None, :])
    size = len(county)
    made = Organisations(
        npi=number.npis(size),
        name=_pick("group/name", size, _titles("group")),
        taxonomy=Coded.constant(taxonomy().find("group practice", "group").taxonomy, size),
        county=county,
        tin=number.tins(size),
    )
    return made, counts


@dataclass(frozen=True, eq=False)
class _Billing:
    """Who may bill for a clinician: the hospitals and groups of each county."""

    facilities: Facilities
    hospitals: NDArray[np.int64]
    organisations: Organisations
    groups: NDArray[np.int64]

    def choose(
        self, county: NDArray[np.int32], in_hospital: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bytes_]]:
        """Return NPI and tax number of the organisation of each clinician."""
        u = _STREAMS.uniform("network/organisation", 0, len(county))
        group = _nth(self.groups, county, u)
        hospital = _nth(self.hospitals, county, u)
        employed = in_hospital & (self.hospitals[county] > 0)
        return (
            np.where(employed, self.facilities.npi[hospital], self.organisations.npi[group]),
            np.where(employed, self.facilities.tin[hospital], self.organisations.tin[group]),
        )


def _nth(
    counts: NDArray[np.int64], county: NDArray[np.int32], u: NDArray[np.float64]
) -> NDArray[np.int64]:
    first = np.cumsum(counts) - counts
    rows = first[county] + (u * counts[county]).astype(np.int64)
    last: NDArray[np.int64] = np.minimum(rows, counts.sum() - 1)
    return last


def _providers(people: NDArray[np.int64], billing: _Billing, number: _Numbers) -> Providers:
    names, _, in_hospital = _specialties()
    specialty, county = _rows(people)
    size = len(specialty)
    organisation_npi, tin = billing.choose(county, in_hospital[specialty])
    codes = tuple(taxonomy().find(name, "specialty").taxonomy for name in names)
    return Providers(
        npi=number.npis(size),
        given_name=_pick("given name", size, _words()["given"]),
        family_name=_pick("family name", size, _words()["family"]),
        specialty=Coded(specialty, names),
        taxonomy=Coded(specialty, codes),
        county=county,
        organisation_npi=organisation_npi,
        tin=tin,
        price_factor=_between("provider/price", size, _PRICE),
        charge_factor=_between("provider/charge", size, _CHARGE),
    )


def _pharmacies(counties: _Counties, number: _Numbers) -> tuple[Pharmacies, NDArray[np.int64]]:
    rate = min(_PHARMACY_RATE, _MOST_PHARMACIES / float(counties.population.sum()))
    u = _STREAMS.uniform("network/pharmacies", 0, counties.count)
    retail = np.maximum(np.floor(counties.population * rate + u), 1).astype(np.int64)
    mail = np.zeros(counties.count, dtype=np.int64)
    mail[0] = len(_words()["mail order"])  # they serve everywhere; the county is an address
    counts = np.stack([retail, mail])
    kind, county = _rows(counts)
    size = len(kind)
    chain, name = _pharmacy_names(kind)
    made = Pharmacies(
        npi=number.npis(size),
        ncpdp_id=ncpdp_ids(_STREAMS, np.arange(size, dtype=np.int64)),
        name=name,
        chain=chain,
        county=county,
        mail_order=kind == 1,
    )
    return made, counts[:1]


def _pharmacy_names(kind: NDArray[np.int32]) -> tuple[Coded, Coded]:
    """Chain and name of each pharmacy; the name ends in an invented neighbourhood."""
    chains, places, mail = (_words()[word] for word in ("chain", "place", "mail order"))
    chain = _pick("pharmacy/chain", len(kind), chains).codes
    place = _pick("pharmacy/place", len(kind), places).codes
    by_mail = kind == 1
    number = np.arange(by_mail.sum(), dtype=np.int32)
    chain[by_mail] = len(chains) + number
    code = chain * len(places) + place
    code[by_mail] = len(chains) * len(places) + number
    titles = [f"{c} {p}" if c != _NO_CHAIN else f"{p} Drug" for c in chains for p in places]
    return Coded(chain, (*chains, *mail)), Coded(code, (*titles, *mail))
