"""The table `immunizations`: which product was given, of whom, from which lot, how and where."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import cvx
from healthsim.dates import NO_DAY, Days, add_months, whole_months
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.records import RecordRows, source_values
from healthsim.execution.timeline.facts import ImmunizationFacts
from healthsim.medicine.vaccines import LOTS, product, site_of
from healthsim.products.patientsim.generate import describe_codes
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import ImmunizationDetails
from healthsim.tables import Coded, Columns

_BITS = 2.0**40  # of the one draw of a dose that are used: which maker, which lot, which side
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # of lot numbers: none that is read as a digit


def immunization_columns(ctx: SyncContext, layout: RowLayout[RecordRows]) -> Columns:
    """Return the columns of doses other than the id, the person, the event and the encounter."""

    def details(record: RecordRows) -> ImmunizationDetails:
        return record.source.step_as(events.Immunization).details

    def drawn(record: RecordRows) -> NDArray[np.float64]:
        decision = f"{record.source.occurrence.address}/product"
        return ctx.record.draws.uniform(decision, record.rows)

    def facts(record: RecordRows) -> ImmunizationFacts:
        return record.source.facts_as(ImmunizationFacts)

    vaccine = layout.segment_texts(lambda record: details(record).cvx)
    days = layout.row_values(lambda record: record.days)
    u = layout.row_values(drawn)
    dose = layout.row_values(lambda record: facts(record).dose)
    months = whole_months(ctx.record.people.birth[layout.rows], days)
    maker, route, site = _products(vaccine, u, months)
    lot, expires = _lots(vaccine, maker, u, days)
    return {
        "cvx": vaccine,
        "display": describe_codes(vaccine, _vaccine),
        "dose": np.where(dose > 0, dose, NO_DAY).astype(np.int32),
        "valid": layout.row_values(lambda record: facts(record).valid),
        "given_date": days,
        "manufacturer": maker,
        "lot": lot,
        "expiration_date": expires,
        "route": route,
        "site": site,
        "performer_npi": ctx.npi(source_values(layout, ctx.treating_provider)),
    }


def _vaccine(code: str) -> str:
    row = cvx().rows.get(code)
    return row.display if row is not None else code


def _products(
    vaccine: Coded, u: NDArray[np.float64], months: NDArray[np.int32]
) -> tuple[Coded, Coded, Coded]:
    """Return maker (MVX), route and site of doses; no value where the product is not known.

    Args:
        vaccine: CVX codes.
        u: uniform of each dose, float64.
        months: completed months of age, int32.
    """
    maker, route, site = (np.full(len(u), -1, dtype=np.int32) for _ in range(3))
    makers: list[str] = []
    routes: list[str] = []
    sites: list[str] = []
    for code, text in enumerate(vaccine.vocabulary):
        found, at = product(text), np.flatnonzero(vaccine.codes == code)
        if found is None or not len(at):
            continue
        edges = np.cumsum(list(found.makers.values()))[:-1]
        maker[at] = np.searchsorted(edges, u[at], side="right") + len(makers)
        makers += found.makers
        route[at] = len(routes)
        routes.append(found.route)
        left = (u[at] * _BITS).astype(np.int64) % 2 == 0
        for is_left, least, below, name in site_of(found.route):
            chosen = (left == is_left) & (months[at] >= least) & (months[at] < below)
            site[at[chosen]] = len(sites)
            sites.append(name)
    return Coded(maker, tuple(makers)), Coded(route, tuple(routes)), Coded(site, tuple(sites))


def _lots(vaccine: Coded, maker: Coded, u: NDArray[np.float64], days: Days) -> tuple[Coded, Days]:
    """Return the lot of each dose and the last day of its shelf life.

    A few lots of a product are about in each quarter of a year; their numbers are made up.
    """
    quarter = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // 3
    lot = (u * _BITS).astype(np.int64) // 2 % LOTS
    key = ((quarter * LOTS + lot) * max(len(maker.vocabulary), 1) + maker.codes) * max(
        len(vaccine.vocabulary), 1
    ) + vaccine.codes
    known = maker.codes >= 0
    _, first, codes = np.unique(key[known], return_index=True, return_inverse=True)
    rows = np.flatnonzero(known)[first].tolist()
    hashes = [
        crc32(f"{vaccine.vocabulary[vaccine.codes[row]]}/{maker.vocabulary[maker.codes[row]]}"
              f"/{quarter[row]}/{lot[row]}".encode()) for row in rows
    ]  # fmt: skip
    codes_of = np.full(len(u), -1, dtype=np.int32)
    codes_of[known] = codes
    shelf = np.array([value % 12 + 9 for value in hashes], dtype=np.int32)
    begins = (quarter[known] * 3).astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    expires = np.full(len(u), NO_DAY, dtype=np.int32)
    expires[known] = add_months(begins, shelf[codes]) - np.int32(1)
    return Coded(codes_of, tuple(map(_number, hashes))), expires


def _number(value: int) -> str:
    """Return a lot number: two letters and five digits.

    >>> _number(crc32(b"03/MSD/220/1"))
    'AS65084'
    """
    size = len(_LETTERS)
    return (f"{_LETTERS[value // 100_000 % size]}{_LETTERS[value // 100_000 // size % size]}"
            f"{value % 100_000:05d}")  # fmt: skip
