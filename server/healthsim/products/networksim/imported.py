"""A directory of imported clinicians and hospitals, completed by the invented one.

Columns in, a directory out. Numbers and names of clinicians, and numbers and names of hospitals,
are those that their publishers list; everything that they do not list is made from the numbers.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.products.networksim.directory import Directory, Facilities, Providers
from healthsim.products.networksim.drawing import CHARGE, PRICE, STREAMS, USUAL_CAPACITY
from healthsim.products.networksim.identifiers import npis
from healthsim.tables import Coded, Columns, join, take

BEDS = {"Acute Care Hospitals": 150, "Critical Access Hospitals": 25}
"""Kinds of hospital that take people in, and beds of one: about the mean staffed beds of a
community hospital (AHA 2022, from memory), and the most that a critical access hospital may have
(42 CFR 485.620); the publisher lists none."""

_NUMBERS = 2**32  # above every provider number
_TINS = 10**7
_OWN_NUMBERS = 90_000_000  # ordinals of hospitals' numbers lie beyond those of the invented ones
_PERSON = 1
_Entities = TypeVar("_Entities", Providers, Facilities)


def imported_directory(
    base: Directory, clinicians: Columns, hospitals: Columns | None = None
) -> Directory:
    """Replace the clinicians and hospitals of a directory by imported ones.

    Where a state has no imported clinician of a specialty, or no imported hospital, the invented
    ones of the state stay.

    Args:
        base: the invented directory.
        clinicians: rows of the table `npi_providers`.
        hospitals: rows of the table `hospitals`; None where none were imported.

    Returns:
        A directory whose `sources` say what each part was taken from.
    """
    state = np.array([int(fips[:2]) for fips in base.county_fips], dtype=np.int32)
    facilities, moved, built = base.facilities, np.arange(len(base.facilities.npi)), "synthetic"
    if hospitals is not None:
        facilities, moved = _facilities(base, hospitals, state)
        built = "cms-hospitals"
    real = _clinicians(base, clinicians)
    kept = ~_covered(base.providers.specialty, state[base.providers.county],
                     real.specialty, state[real.county])  # fmt: skip
    invented = _rows(base.providers, np.flatnonzero(kept))
    hospital = np.where(invented.hospital < 0, -1, np.append(moved, -1)[invented.hospital])
    both = _joined(real, replace(invented, hospital=hospital.astype(np.int32)))
    order = np.lexsort((both.npi, both.hospital, both.county, both.specialty.codes))
    both = _rows(both, order)
    sources = {"clinicians": "nppes", "hospitals": built}
    entities = (both, base.organisations, facilities, base.pharmacies)
    return Directory.of(base.county_fips, base.centers, entities, sources)


def _clinicians(base: Directory, rows: Columns) -> Providers:
    """Return the imported people who have a specialty and a county of the geography."""
    given, family, specialty, county = (
        _text(rows, name) for name in ("given_name", "family_name", "specialty", "county_fips")
    )
    kind = _place(specialty, base.specialties)
    where = _place(county, base.county_fips)
    usable = (np.asarray(rows["entity_type"]) == _PERSON) & (kind >= 0) & (where >= 0)
    usable &= family.codes >= 0
    at = np.flatnonzero(usable)
    npi = np.asarray(rows["npi"], dtype=np.int64)[at]
    taxonomy = _text(rows, "taxonomy").take(at)
    return Providers(
        npi=npi,
        given_name=given.take(at),
        family_name=family.take(at),
        specialty=Coded(kind[at], base.specialties),
        taxonomy=taxonomy,
        county=where[at],
        organisation_npi=npi,
        tin=_tins(npi),
        price_factor=_between("price", npi, PRICE),
        charge_factor=_between("charge", npi, CHARGE),
        capacity=np.full(len(at), USUAL_CAPACITY, dtype=np.int64),
        hospital=np.full(len(at), -1, dtype=np.int32),
        real=np.ones(len(at), dtype=np.bool_),
    )


def _facilities(
    base: Directory, rows: Columns, state: NDArray[np.int32]
) -> tuple[Facilities, NDArray[np.intp]]:
    """Return facilities with imported hospitals, and where each invented one has gone; -1: out."""
    real = _hospitals(base, rows)
    kept = ~_covered(base.facilities.kind, state[base.facilities.county],
                     real.kind, state[real.county])  # fmt: skip
    invented = np.flatnonzero(kept)
    both = _joined(real, _rows(base.facilities, invented))
    order = np.lexsort((both.npi, both.county, both.kind.codes))
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    moved = np.full(len(kept), -1, dtype=np.intp)
    moved[invented] = place[len(real.npi) :]
    return _rows(both, order), moved


def _hospitals(base: Directory, rows: Columns) -> Facilities:
    """Return the imported hospitals that take people in and have a county of the geography."""
    name, said, ccn, county = (_text(rows, one) for one in ("name", "kind", "ccn", "county_fips"))
    beds = np.array([*(BEDS.get(word, 0) for word in said.vocabulary), 0], dtype=np.int32)
    where = _place(county, base.county_fips)
    digits = [int(word) if word.isdigit() else -1 for word in ccn.vocabulary]
    number = np.array([*digits, -1], dtype=np.int64)[ccn.codes]
    at = np.flatnonzero((beds[said.codes] > 0) & (where >= 0) & (number >= 0))
    npi = npis(STREAMS, _OWN_NUMBERS + number[at])
    kinds = base.facilities.kind.vocabulary
    of = kinds.index("hospital")
    code = base.facilities.taxonomy.vocabulary[of]
    return Facilities(
        npi=npi,
        ccn=np.array(ccn.vocabulary, dtype="S6")[ccn.codes[at]],
        name=name.take(at),
        kind=Coded(np.full(len(at), of, dtype=np.int32), kinds),
        taxonomy=Coded.constant(code, len(at)),
        county=where[at],
        beds=beds[said.codes[at]],
        tin=_tins(npi),
        price_factor=_between("price", npi, PRICE),
        charge_factor=_between("charge", npi, CHARGE),
        capacity=beds[said.codes[at]].astype(np.int64),
        real=np.ones(len(at), dtype=np.bool_),
    )


def _rows(entities: _Entities, rows: NDArray[np.intp]) -> _Entities:
    """Return some of the rows of every column."""
    columns = {one.name: getattr(entities, one.name) for one in fields(entities)}
    found: dict[str, Any] = take(columns, rows)
    return type(entities)(**found)


def _joined(first: _Entities, second: _Entities) -> _Entities:
    """Put rows below each other."""
    found: dict[str, Any] = {
        one.name: join([getattr(first, one.name), getattr(second, one.name)])
        for one in fields(first)
    }
    return type(first)(**found)


def _text(rows: Columns, name: str) -> Coded:
    found = rows[name]
    if not isinstance(found, Coded):
        raise TypeError(f"{name} is no text")
    return found


def _place(words: Coded, vocabulary: tuple[str, ...]) -> NDArray[np.int32]:
    """Return the position of each text in another vocabulary; -1 where it is not in it."""
    at = {word: number for number, word in enumerate(vocabulary)}
    table = np.array([*(at.get(word, -1) for word in words.vocabulary), -1], dtype=np.int32)
    return table[words.codes]


def _covered(
    kind: Coded, state: NDArray[np.int32], by: Coded, by_state: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Tell which rows are of a kind and state that other rows have; vocabularies are the same."""
    return np.isin(kind.codes * 100 + state, np.unique(by.codes * 100 + by_state))


def _tins(npi: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return tax numbers ``00-nnnnnnn``, which are never issued; two may share one."""
    number = STREAMS.permuted("network/imported/tin", npi, _NUMBERS) % _TINS
    return np.strings.add(b"00-", np.strings.zfill(number.astype("S7"), 7))


def _between(what: str, npi: NDArray[np.int64], ends: tuple[float, float]) -> NDArray[np.float64]:
    u = STREAMS.permuted(f"network/imported/{what}", npi, _NUMBERS) / _NUMBERS
    return np.round(ends[0] + (ends[1] - ends[0]) * u, 4)
