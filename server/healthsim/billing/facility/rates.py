"""Payment rates by date: conversion factors, base rates and thresholds of Medicare's systems."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.dates import Days, day_of
from healthsim.limits import benefit_year

YEARLY = 1.02
"""Yearly rise outside of the years that the table has: assumption, near the mean yearly rise of
Medicare's hospital rates since 2015."""
_DECIMALS = 6


def amount(rate: str, days: Days) -> NDArray[np.float64]:
    """Return what a rate is on each day, US dollars, float64, shape (n,).

    Args:
        rate: a name of `data/payment_rates.csv`, such as ``opps`` or ``esrd``.
        days: int32, days since 1970-01-01.

    Before the first and after the last date of the table a rate rises by `YEARLY` a year.

    >>> amount("opps", np.array([day_of("2025-03-01"), day_of("2027-03-01")], dtype=np.int32))
    array([89.169 , 93.2433])
    """
    begins, dollars = _steps(rate)
    place = np.clip(np.searchsorted(begins, days, side="right") - 1, 0, len(begins) - 1)
    month = 1 + begins[0].astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    years = benefit_year(days, month) - benefit_year(begins, month)[place]
    outside = np.where((place == len(begins) - 1) | (days < begins[0]), years, 0.0)
    return np.round(dollars[place] * YEARLY**outside, _DECIMALS)


def relative(rate: str, days: Days) -> NDArray[np.float64]:
    """Return a rate of each day relative to that of 1 January 2025, float64, shape (n,)."""
    base = amount(rate, np.array([day_of("2025-01-01")], dtype=np.int32))[0]
    index: NDArray[np.float64] = np.round(amount(rate, days) / base, _DECIMALS)
    return index


@cache
def _steps(rate: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    found = [row for row in rows("payment_rates.csv") if row["rate"] == rate]
    begins = np.array([day_of(row["from"]) for row in found], dtype=np.int32)
    return begins, np.array([float(row["usd"]) for row in found])
