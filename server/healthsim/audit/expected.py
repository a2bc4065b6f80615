"""What a distribution asks of people whom a file holds: expected shares, means and spreads."""

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

_FINE, _COARSE = 8192, 64  # uniforms that stand for all: of one person, of everybody


@dataclass(frozen=True, slots=True)
class ExpectedSpread:
    """Mean and standard deviation that are asked, each with three standard errors around it."""

    mean: float
    mean_error: float
    sd: float
    sd_error: float


def share_of_each(share: Distribution, people: StoredPeople) -> Chances:
    """Return the chance that a share gives each person, float64, shape (n,).

    Raises:
        ColumnNotStored: the share depends on what no table keeps.
    """
    _refuse_unknown(share)
    if share.unconditional:
        return np.full(people.size, np.clip(_alike(share), 0.0, 1.0).mean())
    times = 1 if _flat(share) else _COARSE
    drawn = _grid(share, people, people.size, times)
    chances: Chances = np.clip(np.nan_to_num(drawn), 0.0, 1.0).mean(axis=0)
    return chances


def spread(distribution: Distribution, people: StoredPeople, *, whole: bool) -> ExpectedSpread:
    """Return what a distribution of numbers asks of the people's mean and spread.

    Args:
        distribution: of numbers.
        people: whose values they are.
        whole: whether only whole numbers of it are kept, as of an age.
    """
    _refuse_unknown(distribution)
    if distribution.unconditional:
        values = _alike(distribution)
    else:
        values = _grid(distribution, people, people.size, _COARSE)
    values = np.floor(values) if whole else values
    mean, sd = float(np.nanmean(values)), float(np.nanstd(values))
    fourth = float(np.nanmean((values - mean) ** 4))
    size = max(people.size, 1)
    error = np.sqrt(max(fourth - sd**4, 0.0) / size) / (2 * sd) if sd else 0.0
    return ExpectedSpread(mean, 3 * sd / size**0.5, sd, 3 * float(error))


def labels_of_each(distribution: Distribution, people: StoredPeople) -> dict[str, Chances]:
    """Return the chance of each label for each person, float64, shape (n,).

    Raises:
        ColumnNotStored: it depends on what no table keeps, or on published figures.
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
    """Say whether nothing in a distribution rests on chance."""
    if isinstance(distribution, Conditional):
        return all(_flat(part) for _, part in distribution.inner())
    if isinstance(distribution, Formula):
        return distribution.plus is None
    return isinstance(distribution, Constant)


def _refuse_unknown(distribution: Distribution) -> None:
    if isinstance(distribution, Population) or next(iter(distribution.measures()), None):
        raise ColumnNotStored("population")
