"""When the time of a hazard comes, in whole days from the day on which risk begins."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.timing import LONGEST_DAYS, YEAR_DAYS, Hazard

NEVER = np.int32(2**30)
"""Days until something that does not come."""

_PLACES = 9  # logarithms and powers differ in their last bits between processors
Numbers = Callable[[str, Distribution], NDArray[np.float64]]


def days_until(
    hazard: Hazard, numbers: Numbers, u: NDArray[np.float64], since: Days
) -> NDArray[np.int32]:
    """Return how long each person's hazard takes.

    Args:
        hazard: the risk.
        numbers: draws a number for each of the people, by the name of what is drawn.
        u: float64, shape (n,), in (0, 1): whose time it is.
        since: int32, shape (n,), the day on which risk begins.

    Returns:
        int32, shape (n,), at least 1; `NEVER` for those to whom it does not come. By day n it has
        come to the share that the hazard's closed form gives for n days.
    """
    if hazard.share is not None:
        share = np.nan_to_num(numbers("share", hazard.share))
        inside = np.round(u / np.maximum(share, 1e-12) * (hazard.within_days or 0), _PLACES)
        return _whole(np.where(u < share, inside, np.inf))
    if hazard.per_year is None:
        raise TypeError("a hazard needs share or per_year")
    rate = np.maximum(np.nan_to_num(numbers("per_year", hazard.per_year)), 0.0) / YEAR_DAYS
    needed = np.round(-np.log1p(-u), _PLACES).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if hazard.shape != 1.0:
            needed = np.round(np.power(needed, 1 / hazard.shape), _PLACES).astype(np.float64)
        needed = np.where(rate > 0, needed / rate, np.inf).astype(np.float64)
    if hazard.by_month:
        return _by_season(_calendar(tuple(sorted(hazard.by_month.items()))), needed, since)
    if hazard.bands:
        bands = tuple((band.until_day, band.factor) for band in hazard.bands)
        return _reached(_banded(bands), needed, np.zeros(len(u), dtype=np.int64))
    return _whole(needed)


def _whole(days: NDArray[np.float64]) -> NDArray[np.int32]:
    whole = np.maximum(np.ceil(np.minimum(days, float(NEVER))), 1)
    found = whole.astype(np.int32)
    return np.where(found > LONGEST_DAYS, NEVER, found)


_FIRST, _LAST = "1900-01-01", "2300-01-01"


@lru_cache(maxsize=64)
def _calendar(factors: tuple[tuple[str, float], ...]) -> NDArray[np.float64]:
    """Return the risk that has gathered by the beginning of each day since 1900."""
    months = np.arange(_FIRST, _LAST, dtype="datetime64[D]").astype("datetime64[M]")
    by_month = np.ones(12)
    for month, factor in factors:
        by_month[int(month) - 1] = factor
    daily = by_month[months.astype(np.int64) % 12]
    return np.concatenate([[0.0], np.cumsum(daily)])


def _by_season(
    gathered: NDArray[np.float64], needed: NDArray[np.float64], since: Days
) -> NDArray[np.int32]:
    start = since.astype(np.int64) - np.datetime64(_FIRST, "D").astype(np.int64)
    return _reached(gathered, needed, start)


@lru_cache(maxsize=64)
def _banded(bands: tuple[tuple[int | None, float], ...]) -> NDArray[np.float64]:
    """Return the risk that has gathered by the beginning of each day since risk began."""
    daily = np.empty(LONGEST_DAYS + 2)
    begin = 0
    for until, factor in bands:
        end = len(daily) if until is None else until + 1
        daily[begin:end] = factor
        begin = end
    return np.concatenate([[0.0], np.cumsum(daily)])


def _reached(
    gathered: NDArray[np.float64], needed: NDArray[np.float64], start: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return after how many days from `start` the risk of the days behind it is what is needed."""
    start = np.minimum(start, len(gathered) - 2)  # nothing is known beyond, and nothing comes
    target = gathered[start + 1] + needed
    place = np.searchsorted(gathered, target, side="left")
    days = np.where(place < len(gathered), place - 1 - start, int(NEVER))
    return _whole(days.astype(np.float64))
