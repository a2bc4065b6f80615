"""Tables of counties estimated from published margins and the national table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.figures import HISPANIC, RACE_OF, people_by_age

Shares = NDArray[np.float64]
_ROUNDS = 30  # of raking
_MOST_ROUNDS, _LEAST = 500, 1e-4  # of one table; a cell of 0 is this part of the largest
_CLOSE = 1e-13  # of a share
_DECIMALS = 9  # logarithms differ between processors in their last bits
_GROUP = np.array([0, 1, 2, 3, 4, 0, 4])
"""Group of each race: estimates by race have no `other`; all other races are one group."""


def project_bands(bands: NDArray[np.int64]) -> Shares:
    """Return counties' bands projected by the growth of the national bands since the count.

    Args:
        bands: int64, shape (n, 18); people of every county of the nation.

    Returns:
        float64, shape (n, 18); relative to the other bands of the county.
    """
    nation = people_by_age().sum(axis=1)
    now = np.append(nation[:17], nation[17:].sum())
    projected: Shares = bands * (now / bands.sum(axis=0))
    return projected


def men_and_women(bands: Shares, men: Shares) -> Shares:
    """Return men and women by band, from bands and the share of men, by shifted national odds.

    Args:
        bands: float64, shape (n, 18); people by five-year band to 85 and over.
        men: float64, shape (n,); share of men of all ages.

    Returns:
        float64, shape (n, 20, 2); 85 and over is split as in the nation.
    """
    nation = people_by_age().astype(np.float64)
    joined = np.vstack([nation[:17], nation[17:].sum(axis=0)])
    odds = np.log(joined[:, 0] / joined[:, 1])
    shift = solve_shift(odds, bands, men)
    share = 1 / (1 + np.exp(-(odds + shift[:, None])))
    by_sex = np.stack([bands * share, bands * (1 - share)], axis=-1)
    oldest = nation[17:] / nation[17:].sum(axis=0)
    return np.concatenate([by_sex[:, :17], by_sex[:, 17:] * oldest], axis=1)


def solve_shift(logits: Shares, weights: Shares, share: Shares) -> Shares:
    """Return the shift of logits that gives their shares a weighted mean.

    Args:
        logits: float64, shape (cells,).
        weights: float64, shape (n, cells); every row's sum is above 0.
        share: float64, shape (n,); the target of the mean, 0 to 1.

    Returns:
        float64, shape (n,).
    """
    weight = weights / weights.sum(axis=1, keepdims=True)
    target = np.clip(share, 1e-6, 1 - 1e-6)
    low, high = np.full(len(weight), -40.0), np.full(len(weight), 40.0)
    shift = np.zeros(len(weight))
    for _ in range(60):
        shares = 1 / (1 + np.exp(-(logits + shift[:, None])))
        mean = (weight * shares).sum(axis=1)
        if np.abs(mean - target).max() < _CLOSE:
            break
        low, high = np.where(mean < target, shift, low), np.where(mean < target, high, shift)
        slope = (weight * shares * (1 - shares)).sum(axis=1)
        newton = shift + (target - mean) / np.maximum(slope, 1e-12)
        inside = (newton > low) & (newton < high)
        shift = np.where(inside, newton, (low + high) / 2)
    return np.round(shift, _DECIMALS)


def raked(seed: Shares, rows: Shares, columns: Shares) -> Shares:
    """Return a table with the dependence of a seed and the margins given.

    Args:
        seed: float64, shape (m, n); not negative. Cells of 0 become very small, so that any
            margins can be met.
        rows: float64, shape (m,); shares that add up to 1.
        columns: float64, shape (n,); likewise.

    Returns:
        float64, shape (m, n); nine decimals.

    >>> raked(np.array([[9.0, 1.0], [1.0, 9.0]]), np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    array([[0.45, 0.05],
           [0.05, 0.45]])
    """
    cells = np.maximum(seed, _LEAST * seed.max())
    for _ in range(_MOST_ROUNDS):
        cells = cells * (columns / cells.sum(axis=0))
        cells = cells * (rows / cells.sum(axis=1))[:, None]
        if np.abs(cells.sum(axis=0) - columns).max() < _CLOSE:
            break
    return np.asarray(np.round(cells, _DECIMALS))


def by_ethnicity(hispanic: Shares, races: Shares) -> Shares:
    """Return the national table of race by ethnicity, raked to the margins of places.

    Args:
        hispanic: float64, shape (n,); share of people.
        races: float64, shape (n, 4); shares of people of one race.

    Returns:
        float64, shape (n, 2, 7); shares of the races among non-Hispanics, then Hispanics.
    """
    nation = np.array([RACE_OF["non_hispanic"], RACE_OF["hispanic"]])
    nation = nation / nation.sum(axis=1, keepdims=True)
    grouped = np.stack([nation[:, group == _GROUP].sum(axis=1) for group in range(5)], axis=1)
    rows = np.stack([1 - hispanic, hispanic], axis=1)
    rest = np.maximum(1 - races.sum(axis=1), 0)
    margin = np.concatenate([races, rest[:, None]], axis=1)
    margin = margin / margin.sum(axis=1, keepdims=True)
    cells = np.repeat((grouped * np.array([[1 - HISPANIC], [HISPANIC]]))[None], len(rows), axis=0)
    for _ in range(_ROUNDS):
        cells *= (margin / np.maximum(cells.sum(axis=1), 1e-300))[:, None, :]
        cells *= (rows / np.maximum(cells.sum(axis=2), 1e-300))[:, :, None]
    shares = cells[:, :, _GROUP] * (nation / grouped[:, _GROUP])
    total = shares.sum(axis=2, keepdims=True)
    result: Shares = np.where(total > 0, shares / np.where(total > 0, total, 1), nation)
    return np.asarray(np.round(result, _DECIMALS))
