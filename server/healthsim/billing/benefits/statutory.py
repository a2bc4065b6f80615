"""What the law sets for benefits, by year: deductibles, coinsurance, maxima, copays."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.limits import Cents

_UNITS = {"usd": 100, "share": 10_000}  # cents of a dollar, basis points of a whole


@cache
def known_years() -> tuple[int, ...]:
    """Return the years of which figures are known, in order.

    >>> known_years()
    (2023, 2024, 2025, 2026)
    """
    return tuple(sorted({int(row["year"]) for row in rows("statutory.csv")}))


def nearest_year(year: int) -> int:
    """Return the known year that is nearest to a year.

    >>> nearest_year(2034), nearest_year(2025), nearest_year(1999)
    (2026, 2025, 2023)
    """
    years = known_years()
    return min(max(year, years[0]), years[-1])


def figure(parameter: str, year: int) -> int:
    """Return a figure of the law: cents of an amount, basis points of a share.

    Args:
        parameter: as in statutory.csv.
        year: calendar year; of a year that is not known, the nearest that is.

    Raises:
        KeyError: no such parameter.

    >>> figure("part_b_deductible", 2026), figure("part_b_coinsurance", 2025)
    (28300, 2000)
    """
    by_year = _figures()[parameter]
    wanted = nearest_year(year)
    return by_year[min(by_year, key=lambda known: (abs(known - wanted), known))]


def by_known_year(parameter: str) -> Cents:
    """Return a figure of every known year, int64 cents or basis points, shape (years,).

    >>> by_known_year("part_d_deductible").tolist()
    [50500, 54500, 59000, 61500]
    """
    return np.array([figure(parameter, year) for year in known_years()], dtype=np.int64)


def year_index(year: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the place of each year, or of the nearest known one, in `known_years`; (n,).

    >>> year_index(np.array([1999, 2024, 2040], dtype=np.int32)).tolist()
    [0, 1, 3]
    """
    years = known_years()
    return np.clip(year - years[0], 0, len(years) - 1).astype(np.intp)


@cache
def _figures() -> Mapping[str, Mapping[int, int]]:
    figures: dict[str, dict[int, int]] = {}
    for row in rows("statutory.csv"):
        value = int(Decimal(row["value"]) * _UNITS[row["unit"]])
        figures.setdefault(row["parameter"], {})[int(row["year"])] = value
    return figures
