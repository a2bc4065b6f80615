"""What fills cost: the unit price of the month, the fee, and the lesser of them and the charge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.pharmacy.drug_prices import (
    channel_times,
    charge_levels,
    charge_times,
    month_factors,
    price_kinds,
)
from healthsim.limits import Cents
from healthsim.tables import Coded

BASES = ("4", "6", "8")
"""NCPDP 522-FM, basis of reimbursement: 4 usual and customary, 6 MAC, 8 contract price."""


@dataclass(frozen=True, eq=False)
class FillPrices:
    """What each of m fills costs; int64 cents.

    Attributes:
        cost: of the ingredient.
        fee: for dispensing.
        charge: what a customer without a plan would have paid: usual and customary.
        basis: why it costs that, of `BASES`.
    """

    cost: Cents
    fee: Cents
    charge: Cents
    basis: Coded


def fill_prices(
    ndc: Coded, generic: NDArray[np.bool_], unit_cents: NDArray[np.float64],
    quantity: NDArray[np.float64], fill_date: NDArray[np.int32], channel: Coded,
    pharmacy_npi: NDArray[np.int64], fee: Cents,
) -> FillPrices:  # fmt: skip
    """Price fills: the lesser of unit price and fee, and of the pharmacy's usual charge.

    A generic is paid at its maximum allowable cost, a brand at the contract's price, both of the
    product and month. Where the usual and customary charge is less, it is paid, without a fee.

    Args:
        ndc: product of each fill; all arrays have shape (m,).
        generic: bool.
        unit_cents: float64, price of one unit in January 2025.
        quantity: float64, units.
        fill_date: int32, days since 1970-01-01.
        channel: retail, mail, specialty.
        pharmacy_npi: int64.
        fee: int64 cents, the plan's dispensing fee.
    """
    months = fill_date.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    factor, times = np.ones(len(months)), np.ones(len(months))
    key = ndc.codes.astype(np.int64) * 2 + generic
    for one in np.unique(key).tolist():
        at = np.flatnonzero(key == one)
        product, kind = ndc.vocabulary[one // 2], "generic" if one % 2 else "brand"
        factor[at] = month_factors(product, kind, months[at])
        times[at] = charge_times(product, kind)
    unit = unit_cents * factor
    paid, least = np.ones(len(months)), np.zeros(len(months), dtype=np.int64)
    for kind, of_kind in (("generic", generic), ("brand", ~generic)):
        least[of_kind] = price_kinds()[kind].least_charge_cents
        for code, name in enumerate(channel.vocabulary):
            paid[of_kind & (channel.codes == code)] = channel_times(name or "retail", kind)
    cost = np.rint(np.round(unit * paid * quantity, 4)).astype(np.int64)
    dearer = 1.0 + (times - 1.0) * charge_levels(pharmacy_npi)
    usual = np.round(unit * quantity * dearer, 4)
    charge = np.maximum(np.rint(usual).astype(np.int64), least)
    lesser = charge < cost + fee
    basis = np.where(lesser, 0, np.where(generic, 1, 2)).astype(np.int32)
    return FillPrices(
        np.where(lesser, charge, cost), np.where(lesser, 0, fee), charge, Coded(basis, BASES)
    )
