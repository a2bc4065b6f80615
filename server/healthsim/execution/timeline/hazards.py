"""When a hazard occurs, in whole days from the day on which risk begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Decision, Draws, Rows, below
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.timing import LONGEST_DAYS, YEAR_DAYS, Hazard
from healthsim.specification.language.nodes import Scope

NEVER = np.int32(2**30)
"""Days until something that does not occur."""

_PLACES = 9  # logarithms and powers differ in their last bits between processors
_FIRST, _LAST = "1900-01-01", "2300-01-01"
Numbers = Callable[[str, Distribution], NDArray[np.float64]]


@dataclass(frozen=True)
class DrawnHazard:
    """A hazard as drawn for some people; every array has shape (n,).

    Attributes:
        hazard: the risk.
        level: float64, the share, or the rate a day, that each of them has.
        u: float64, in (0, 1): the quantile of each one's waiting time.
        since: int32, the day on which risk begins.
        wait: int32, days until it occurs, as of `days_until`.
    """

    hazard: Hazard
    level: NDArray[np.float64]
    u: NDArray[np.float64]
    since: Days
    wait: NDArray[np.int32]

    @classmethod
    def join(cls, parts: Sequence[DrawnHazard]) -> DrawnHazard:
        """Return one risk as drawn for several groups of people as one."""
        return cls(
            hazard=parts[0].hazard,
            level=np.concatenate([part.level for part in parts]),
            u=np.concatenate([part.u for part in parts]),
            since=np.concatenate([part.since for part in parts]),
            wait=np.concatenate([part.wait for part in parts]),
        )

    def accrued(self, days: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return how much hazard each of them accrues in the first so many days, float64.

        It ends with the day on which it occurs, so that the sum over people is what one expects
        of occurrences, however their days end.
        """
        needed = -np.log1p(-self.u)
        return np.minimum(needed, _cumulative(self, np.clip(days, 0, LONGEST_DAYS)))


def draw_hazard(
    hazard: Hazard, draws: Draws, address: Decision, rows: Rows, since: Days, scope: Scope
) -> DrawnHazard:
    """Draw when each person's hazard occurs.

    Args:
        hazard: the risk.
        draws: numbers of the run.
        address: of the draw; its parameters are drawn at names below it.
        rows: whose hazard it is.
        since: int32, shape (n,), the day on which risk begins.
        scope: what conditions see of them on that day.
    """
    level = _level(
        hazard, lambda name, each: draws.numbers(below(address, name), each, rows, scope)
    )
    u = draws.uniform(address, rows)
    return DrawnHazard(hazard, level, u, since, days_until(hazard, level, u, since))


def _level(hazard: Hazard, numbers: Numbers) -> NDArray[np.float64]:
    """Return everyone's share, or their rate a day, float64."""
    if hazard.share is not None:
        return np.nan_to_num(numbers("share", hazard.share))
    if hazard.per_year is None:
        raise TypeError("a hazard needs share or per_year")
    rate = np.maximum(np.nan_to_num(numbers("per_year", hazard.per_year)), 0.0) / YEAR_DAYS
    return rate.astype(np.float64)


def days_until(
    hazard: Hazard, level: NDArray[np.float64], u: NDArray[np.float64], since: Days
) -> NDArray[np.int32]:
    """Return how long each person's hazard takes.

    Args:
        hazard: the risk.
        level: float64, shape (n,), the share, or the rate a day, that each of them has.
        u: float64, shape (n,), in (0, 1): the quantile of each person's waiting time.
        since: int32, shape (n,), the day on which risk begins.

    Returns:
        int32, shape (n,), at least 1; `NEVER` for those for whom it does not occur. By day n it
        has occurred for the share that the hazard's closed form gives for n days.
    """
    if hazard.share is not None:
        inside = np.round(u / np.maximum(level, 1e-12) * (hazard.within_days or 0), _PLACES)
        return _whole_days(np.where(u < level, inside, np.inf))
    needed = np.round(-np.log1p(-u), _PLACES).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if hazard.shape != 1.0:
            needed = np.round(np.power(needed, 1 / hazard.shape), _PLACES).astype(np.float64)
        needed = np.where(level > 0, needed / level, np.inf).astype(np.float64)
    if hazard.by_month or hazard.bands:
        cumulative, start = _by_day(hazard, since)
        return _days_to_reach(cumulative, needed, start)
    return _whole_days(needed)


def _cumulative(drawn: DrawnHazard, days: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the cumulative hazard of the first so many days, float64, by its closed form."""
    hazard, level = drawn.hazard, drawn.level
    with np.errstate(divide="ignore"):
        if hazard.share is not None:
            part = np.minimum(days / (hazard.within_days or 1), 1.0)
            return np.asarray(-np.log1p(-np.clip(level, 0, 1) * part), dtype=np.float64)
    if hazard.by_month or hazard.bands:
        cumulative, start = _by_day(hazard, drawn.since)
        start = np.minimum(start, len(cumulative) - 2)
        last = np.minimum(start + 1 + days, len(cumulative) - 1)
        return np.asarray(level * (cumulative[last] - cumulative[start + 1]), dtype=np.float64)
    return np.asarray(np.power(level * days, hazard.shape), dtype=np.float64)


def _by_day(hazard: Hazard, since: Days) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the cumulative factors of a rate that changes, and where in them risk begins."""
    if hazard.by_month:
        start = since.astype(np.int64) - np.datetime64(_FIRST, "D").astype(np.int64)
        return _cumulative_by_month(tuple(sorted(hazard.by_month.items()))), start
    bands = tuple((band.until_day, band.factor) for band in hazard.bands)
    return _cumulative_by_band(bands), np.zeros(len(since), dtype=np.int64)


def _whole_days(days: NDArray[np.float64]) -> NDArray[np.int32]:
    whole = np.maximum(np.ceil(np.minimum(days, float(NEVER))), 1).astype(np.int32)
    return np.where(whole > LONGEST_DAYS, NEVER, whole)


@lru_cache(maxsize=64)
def _cumulative_by_month(factors: tuple[tuple[str, float], ...]) -> NDArray[np.float64]:
    """Return the cumulative hazard by the beginning of each day since 1900, float64."""
    months = np.arange(_FIRST, _LAST, dtype="datetime64[D]").astype("datetime64[M]")
    by_month = np.ones(12)
    for month, factor in factors:
        by_month[int(month) - 1] = factor
    daily = by_month[months.astype(np.int64) % 12]
    return np.concatenate([[0.0], np.cumsum(daily)])


@lru_cache(maxsize=64)
def _cumulative_by_band(bands: tuple[tuple[int | None, float], ...]) -> NDArray[np.float64]:
    """Return the cumulative hazard by the beginning of each day since risk began, float64."""
    daily = np.empty(LONGEST_DAYS + 2)
    begin = 0
    for until, factor in bands:
        end = len(daily) if until is None else until + 1
        daily[begin:end] = factor
        begin = end
    return np.concatenate([[0.0], np.cumsum(daily)])


def _days_to_reach(
    cumulative: NDArray[np.float64], needed: NDArray[np.float64], start: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return after how many days from `start` the cumulative hazard has grown by `needed`."""
    start = np.minimum(start, len(cumulative) - 2)  # nothing is known beyond; nothing occurs
    target = cumulative[start + 1] + needed
    place = np.searchsorted(cumulative, target, side="left")
    days = np.where(place < len(cumulative), place - 1 - start, int(NEVER))
    return _whole_days(days.astype(np.float64))
