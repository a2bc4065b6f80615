"""A directory of imported clinicians and hospitals, completed by the invented one.

Numbers and names of clinicians and hospitals are those that their publishers list. Everything
else is derived from the numbers.
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
"""Kinds of hospital that admit people, and the beds of one: about the mean staffed beds of a
community hospital (AHA 2022, from memory), and the maximum of a critical access hospital
(42 CFR 485.620); the publisher lists no beds."""

_NUMBERS = 2**32  # larger than every NPI
_TINS = 10**7
_FIRST_ORDINAL = 90_000_000  # of imported hospitals: above those of the invented ones
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
        A directory whose `sources` name the source of each part.
    """
    state = np.array([int(fips[:2]) for fips in base.county_fips], dtype=np.int32)
    facilities, new_row = base.facilities, np.arange(len(base.facilities.npi))
    if hospitals is not None:
        facilities, new_row = _facilities(base, hospitals, state)
    real = _clinicians(base, clinicians)
    covered = _covered(base.providers.specialty, state[base.providers.county],
                       real.specialty, state[real.county])  # fmt: skip
    invented = _rows(base.providers, np.flatnonzero(~covered))
    hospital = np.where(invented.hospital < 0, -1, np.append(new_row, -1)[invented.hospital])
    providers = _joined(real, replace(invented, hospital=hospital.astype(np.int32)))
    keys = (providers.npi, providers.hospital, providers.county, providers.specialty.codes)
    providers = _rows(providers, np.lexsort(keys))
    of_hospitals = "synthetic" if hospitals is None else "cms-hospitals"
    sources = {"clinicians": "nppes", "hospitals": of_hospitals}
    entities = (providers, base.organisations, facilities, base.pharmacies)
    return Directory.of(base.county_fips, base.centers, entities, sources)


def _clinicians(base: Directory, rows: Columns) -> Providers:
    """Return the imported people who have a specialty and a county of the geography."""
    given, family, specialty, county = (
        _text(rows, name) for name in ("given_name", "family_name", "specialty", "county_fips")
    )
    specialty_code = _positions(specialty, base.specialties)
    county_index = _positions(county, base.county_fips)
    usable = (
        (np.asarray(rows["entity_type"]) == _PERSON) & (specialty_code >= 0) & (county_index >= 0)
    )
    usable &= family.codes >= 0
    chosen = np.flatnonzero(usable)
    npi = np.asarray(rows["npi"], dtype=np.int64)[chosen]
    taxonomy = _text(rows, "taxonomy").take(chosen)
    return Providers(
        npi=npi,
        given_name=given.take(chosen),
        family_name=family.take(chosen),
        specialty=Coded(specialty_code[chosen], base.specialties),
        taxonomy=taxonomy,
        county=county_index[chosen],
        organisation_npi=npi,
        tin=_tins(npi),
        price_factor=_between("price", npi, PRICE),
        charge_factor=_between("charge", npi, CHARGE),
        capacity=np.full(len(chosen), USUAL_CAPACITY, dtype=np.int64),
        hospital=np.full(len(chosen), -1, dtype=np.int32),
        real=np.ones(len(chosen), dtype=np.bool_),
    )


def _facilities(
    base: Directory, rows: Columns, state: NDArray[np.int32]
) -> tuple[Facilities, NDArray[np.intp]]:
    """Return facilities with imported hospitals, and the new row of each invented one; -1: none."""
    real = _hospitals(base, rows)
    covered = _covered(base.facilities.kind, state[base.facilities.county],
                       real.kind, state[real.county])  # fmt: skip
    invented = np.flatnonzero(~covered)
    facilities = _joined(real, _rows(base.facilities, invented))
    order = np.lexsort((facilities.npi, facilities.county, facilities.kind.codes))
    row = np.empty(len(order), dtype=np.intp)
    row[order] = np.arange(len(order))
    new_row = np.full(len(covered), -1, dtype=np.intp)
    new_row[invented] = row[len(real.npi) :]
    return _rows(facilities, order), new_row


def _hospitals(base: Directory, rows: Columns) -> Facilities:
    """Return the imported hospitals that admit people and have a county of the geography."""
    name, kind, ccn, county = (
        _text(rows, column) for column in ("name", "kind", "ccn", "county_fips")
    )
    beds = np.array([*(BEDS.get(text, 0) for text in kind.vocabulary), 0], dtype=np.int32)
    county_index = _positions(county, base.county_fips)
    digits = [int(text) if text.isdigit() else -1 for text in ccn.vocabulary]
    number = np.array([*digits, -1], dtype=np.int64)[ccn.codes]
    chosen = np.flatnonzero((beds[kind.codes] > 0) & (county_index >= 0) & (number >= 0))
    npi = npis(STREAMS, _FIRST_ORDINAL + number[chosen])
    kinds = base.facilities.kind.vocabulary
    hospital = kinds.index("hospital")
    taxonomy = base.facilities.taxonomy.vocabulary[hospital]
    return Facilities(
        npi=npi,
        ccn=np.array(ccn.vocabulary, dtype="S6")[ccn.codes[chosen]],
        name=name.take(chosen),
        kind=Coded(np.full(len(chosen), hospital, dtype=np.int32), kinds),
        taxonomy=Coded.constant(taxonomy, len(chosen)),
        county=county_index[chosen],
        beds=beds[kind.codes[chosen]],
        tin=_tins(npi),
        price_factor=_between("price", npi, PRICE),
        charge_factor=_between("charge", npi, CHARGE),
        capacity=beds[kind.codes[chosen]].astype(np.int64),
        real=np.ones(len(chosen), dtype=np.bool_),
    )


def _rows(entities: _Entities, rows: NDArray[np.intp]) -> _Entities:
    """Return some of the rows of every column."""
    columns = {field.name: getattr(entities, field.name) for field in fields(entities)}
    chosen: dict[str, Any] = take(columns, rows)
    return type(entities)(**chosen)


def _joined(first: _Entities, second: _Entities) -> _Entities:
    """Return the rows of both, one after the other."""
    columns: dict[str, Any] = {
        field.name: join([getattr(first, field.name), getattr(second, field.name)])
        for field in fields(first)
    }
    return type(first)(**columns)


def _text(rows: Columns, name: str) -> Coded:
    column = rows[name]
    if not isinstance(column, Coded):
        raise TypeError(f"{name} is not text")
    return column


def _positions(texts: Coded, vocabulary: tuple[str, ...]) -> NDArray[np.int32]:
    """Return the position of each text in a vocabulary, int32, shape (n,); -1 if not in it."""
    position_of = {text: number for number, text in enumerate(vocabulary)}
    positions = np.array(
        [*(position_of.get(text, -1) for text in texts.vocabulary), -1], dtype=np.int32
    )
    return positions[texts.codes]


def _covered(
    kind: Coded, state: NDArray[np.int32], by: Coded, by_state: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Return which rows have a kind and state that other rows have, bool, shape (n,)."""
    return np.isin(kind.codes * 100 + state, np.unique(by.codes * 100 + by_state))


def _tins(npi: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return tax numbers ``00-nnnnnnn``, which are never issued; two may share one."""
    number = STREAMS.permuted("network/imported/tin", npi, _NUMBERS) % _TINS
    return np.strings.add(b"00-", np.strings.zfill(number.astype("S7"), 7))


def _between(what: str, npi: NDArray[np.int64], ends: tuple[float, float]) -> NDArray[np.float64]:
    u = STREAMS.permuted(f"network/imported/{what}", npi, _NUMBERS) / _NUMBERS
    return np.round(ends[0] + (ends[1] - ends[0]) * u, 4)
