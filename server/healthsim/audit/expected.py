"""Shares, means and spreads that a distribution leads one to expect of stored people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.audit.people import ColumnNotStored, StoredPeople
from healthsim.specification.distributions.kinds import (
    Conditional,
    Constant,
    Distribution,
    DrawInput,
    Formula,
    Population,
)
from healthsim.tables import Coded

Chances = NDArray[np.float64]

_FINE, _COARSE = 8192, 64  # evenly spaced uniforms: where all are alike, for each person


@dataclass(frozen=True, slots=True)
class ExpectedSpread:
    """Expected mean and standard deviation, each with its three standard errors."""

    mean: float
    mean_error: float
    sd: float
    sd_error: float


def share_of_each(share: Distribution, people: StoredPeople) -> Chances:
    """Return the chance that a share gives each person, float64, shape (n,).

    Raises:
        ColumnNotStored: the share depends on what no table stores.
    """
    _refuse_unknown(share)
    if share.unconditional:
        return np.full(people.size, np.clip(_alike(share), 0.0, 1.0).mean())
    times = 1 if _flat(share) else _COARSE
    drawn = _grid(share, people, people.size, times)
    chances: Chances = np.clip(np.nan_to_num(drawn), 0.0, 1.0).mean(axis=0)
    return chances


def spread(distribution: Distribution, people: StoredPeople, *, integers: bool) -> ExpectedSpread:
    """Return the mean and standard deviation that a distribution of numbers leads one to expect.

    Args:
        distribution: of numbers.
        people: the people whose values are drawn from it.
        integers: whether its values are rounded down to whole numbers, as ages are.
    """
    _refuse_unknown(distribution)
    if distribution.unconditional:
        values = _alike(distribution)
    else:
        values = _grid(distribution, people, people.size, _COARSE)
    return _spread(np.floor(values) if integers else values, people.size)


def spread_of_alike(distribution: Distribution, size: int, *, whole: bool) -> ExpectedSpread:
    """Return the mean and standard deviation of values that are drawn alike for everybody.

    Args:
        distribution: of numbers, without conditions.
        size: how many values there are.
        whole: whether they are rounded to whole numbers of 0 or more.
    """
    values = _alike(distribution)
    return _spread(np.maximum(np.rint(values), 0) if whole else values, size)


def _spread(values: NDArray[np.float64], people: int) -> ExpectedSpread:
    mean = float(np.nanmean(values))
    power = values - mean  # in place from here on: there may be a hundred million values
    sd = float(np.nanmean(np.square(power, out=power))) ** 0.5
    fourth = float(np.nanmean(np.square(power, out=power)))
    size = max(people, 1)
    error = np.sqrt(max(fourth - sd**4, 0.0) / size) / (2 * sd) if sd else 0.0
    return ExpectedSpread(mean, 3 * sd / size**0.5, sd, 3 * float(error))


def labels_of_each(distribution: Distribution, people: StoredPeople) -> dict[str, Chances]:
    """Return the chance of each label for each person, float64, shape (n,).

    Raises:
        ColumnNotStored: it depends on what no table stores, or on published figures.
    """
    _refuse_unknown(distribution)
    if distribution.kind != "text":
        raise ColumnNotStored(distribution.type)
    return distribution.probabilities(people)


def _alike(distribution: Distribution) -> NDArray[np.float64]:
    """Return values at evenly spread uniforms where all people are alike, float64."""
    return _numbers(distribution, DrawInput((np.arange(_FINE) + 0.5) / _FINE, np.arange(_FINE)))


def _grid(
    distribution: Distribution, people: StoredPeople, size: int, times: int
) -> NDArray[np.float64]:
    """Return everybody's values at evenly spread uniforms, float64, shape (times, size)."""
    index = np.arange(size)
    spread_out = (np.arange(times) + 0.5) / times
    return np.stack([
        _numbers(distribution, DrawInput(np.full(size, u), index, people)) for u in spread_out
    ])  # fmt: skip


def _numbers(distribution: Distribution, draw: DrawInput) -> NDArray[np.float64]:
    drawn = distribution.values(draw)
    if isinstance(drawn, Coded):
        raise ColumnNotStored(distribution.type)
    return drawn


def _flat(distribution: Distribution) -> bool:
    """Return whether a distribution is free of chance."""
    if isinstance(distribution, Conditional):
        return all(_flat(part) for _, part in distribution.inner())
    if isinstance(distribution, Formula):
        return distribution.plus is None
    return isinstance(distribution, Constant)


def _refuse_unknown(distribution: Distribution) -> None:
    if isinstance(distribution, Population) or next(iter(distribution.measures()), None):
        raise ColumnNotStored("population")
