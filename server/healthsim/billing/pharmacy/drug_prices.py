"""What a unit of a drug costs in a month, by channel, and what a customer without a plan pays."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.streams import Streams

BASE_MONTH = 660  # January 2025, in months since January 1970: the month of the drug list's prices
_MONTHS = 1200  # of which every product has its own deviations
_PHARMACIES = 9_973  # levels of charges, by the pharmacy's number
_STREAMS = Streams(522)


class PriceKind(NamedTuple):
    """How prices of generics, or of brands, move.

    Attributes:
        yearly_change: share by which a price changes in a year.
        step_months: months from one change to the next.
        spread: most that a product's price of a month is off the trend, as a share.
        charge_times: least and most that a cash customer pays, in unit prices.
        least_charge_cents: the least that a cash customer pays for a fill.
    """

    yearly_change: float
    step_months: int
    spread: float
    charge_times: tuple[float, float]
    least_charge_cents: int


@cache
def price_kinds() -> dict[str, PriceKind]:
    """Return how prices move, by kind: generic, brand."""
    return {
        row["kind"]: PriceKind(
            float(row["yearly_change"]), int(row["step_months"]), float(row["spread"]),
            (float(row["charge_least_times"]), float(row["charge_most_times"])),
            round(float(row["least_charge_usd"]) * 100),
        )
        for row in rows("drug_prices.csv")
    }  # fmt: skip


@cache
def channel_times(channel: str, kind: str) -> float:
    """Return what a channel is paid, in unit prices of the month.

    >>> channel_times("mail", "generic")
    0.9
    """
    known = {(row["channel"], row["kind"]): float(row["times"])
             for row in rows("drug_channels.csv")}  # fmt: skip
    return known[channel, kind]


@lru_cache(maxsize=4096)
def _own(ndc: str) -> NDArray[np.float64]:
    """Return a product's uniforms: of its charges, then of each month."""
    return _STREAMS.uniform(f"price/{ndc}", 0, _MONTHS + 1)


def month_factors(ndc: str, kind: str, months: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the prices of a product in months, relative to the drug list's.

    Args:
        ndc: the product.
        kind: generic or brand.
        months: int64, shape (n,), since January 1970.

    Returns:
        float64, shape (n,), six decimals.
    """
    change, step, spread, _, _ = price_kinds()[kind]
    steps = (months - BASE_MONTH) // step
    trend = (1.0 + change) ** (steps * (step / 12.0))
    noise = 1.0 + spread * (2.0 * _own(ndc)[1 + months % _MONTHS] - 1.0)
    return np.round(trend * noise, 6)


def charge_times(ndc: str, kind: str) -> float:
    """Return what cash customers pay for a product, in unit prices; six decimals."""
    low, high = price_kinds()[kind].charge_times
    return round(low + (high - low) * float(_own(ndc)[0]), 6)


@cache
def _levels() -> NDArray[np.float64]:
    return np.round(0.8 + 0.4 * _STREAMS.uniform("pharmacy/charges", 0, _PHARMACIES), 6)


def charge_levels(npi: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return pharmacies' own levels of what cash customers pay on top, 0.8 to 1.2 (assumption)."""
    levels: NDArray[np.float64] = _levels()[npi % _PHARMACIES]
    return levels
