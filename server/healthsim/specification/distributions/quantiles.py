"""Quantile functions on whole columns: uniforms in (0, 1) in, values out.

Each takes `u`, float64, shape (n,), and returns float64, shape (n,), in the attribute's unit.
scipy is imported inside the functions: it stays off the path to listing tools.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_MASS = 1e-18  # assumption: a window beyond about 8.7 sd is a mistake
_SMALLEST = 2.0**-53  # the smallest uniform that streams give
LONGEST_TABLE = 200_000


def normal_mass(low: float, high: float) -> float:
    """Return how much of the standard normal lies in [low, high], exact far out in the tails.

    >>> f"{normal_mass(8, 9):.3g}"
    '6.22e-16'
    """
    if low > 0:
        low, high = -high, -low
    return 0.5 * (math.erfc(-high / math.sqrt(2)) - math.erfc(-low / math.sqrt(2)))


def truncated_normal(u: Array, low: float, high: float) -> Array:
    """Invert the standard normal restricted to [low, high]; either may be infinite.

    Each value is computed from the nearer tail, where probabilities keep all their digits.

    >>> truncated_normal(np.array([0.5]), 8, 9).round(4)
    array([8.0849])
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    if math.isinf(low) and math.isinf(high):
        bell: Array = ndtri(u)
        return bell
    below_low, below_high = float(ndtr(low)), float(ndtr(high))
    above_low, above_high = float(ndtr(-low)), float(ndtr(-high))
    below = below_low + u * (below_high - below_low)
    above = above_high + (1.0 - u) * (above_low - above_high)
    tail: Array = ndtri(np.minimum(below, above))
    # only the last bit of the inversion can lie outside the window
    return np.clip(np.where(below < above, tail, -tail), low, high)


def scores(u: Array) -> Array:
    """Return the standard normal scores of uniforms: float64, shape (n,)."""
    from scipy.special import ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    result: Array = ndtri(u)
    return result


def of_scores(z: Array) -> Array:
    """Return the uniforms of standard normal scores, rounded to 12 decimals, within (0, 1)."""
    from scipy.special import ndtr  # noqa: PLC0415  (heavy: not for listing tools)

    result: Array = np.clip(np.round(ndtr(z), 12), 1e-12, 1.0 - 1e-12)
    return result


def triangular(u: Array, low: float, mode: float, high: float) -> Array:
    """Invert the triangular distribution."""
    span, rise = high - low, mode - low
    left = low + np.sqrt(u * span * rise)
    right = high - np.sqrt((1.0 - u) * span * (high - mode))
    return np.where(u * span < rise, left, right)


def beta(u: Array, a: float, b: float) -> Array:
    """Invert the beta distribution with shapes a and b."""
    from scipy.special import betaincinv  # noqa: PLC0415  (heavy: not for listing tools)

    result: Array = betaincinv(a, b, u)
    return result


def gamma(u: Array, shape: float, scale: float) -> Array:
    """Invert the gamma distribution."""
    from scipy.special import gammaincinv  # noqa: PLC0415  (heavy: not for listing tools)

    result: Array = gammaincinv(shape, u)
    return result * scale


def weibull(u: Array, scale: float, shape: float) -> Array:
    """Invert the Weibull distribution; shape 1 is the exponential."""
    result: Array = scale * (-np.log1p(-u)) ** (1.0 / shape)
    return result


def poisson(u: Array, mean: float) -> Array:
    """Return the smallest whole k with P(K <= k) >= u."""
    first, cumulated = _poisson_table(mean)
    return _look_up(u, first, cumulated)


def negative_binomial(u: Array, mean: float, dispersion: float) -> Array:
    """Return the smallest whole k with P(K <= k) >= u; variance = mean + mean² / dispersion."""
    first, cumulated = _negative_binomial_table(mean, dispersion)
    return _look_up(u, first, cumulated)


def negative_binomial_reach(mean: float, dispersion: float) -> float:
    """Return a count that is passed with a probability below 1e-16.

    Ten standard deviations, and forty times the decay length of the geometric tail.
    """
    sd = math.sqrt(mean + mean * mean / dispersion)
    return mean + 10 * sd + 40 / math.log1p(dispersion / mean) + 60


def _look_up(u: Array, first: int, cumulated: Array) -> Array:
    rank = np.searchsorted(cumulated, u, side="left")
    return (first + np.minimum(rank, len(cumulated) - 1)).astype(np.float64)


@lru_cache(maxsize=32)
def _poisson_table(mean: float) -> tuple[int, Array]:
    from scipy.special import pdtr  # noqa: PLC0415  (heavy: not for listing tools)

    reach = 10 * math.sqrt(mean) + 60
    first = max(0, math.floor(mean - reach))
    counts = np.arange(first, math.ceil(mean + reach) + 1, dtype=np.float64)
    return first, _frozen(pdtr(counts, mean))


@lru_cache(maxsize=32)
def _negative_binomial_table(mean: float, dispersion: float) -> tuple[int, Array]:
    from scipy.special import betainc  # noqa: PLC0415  (heavy: not for listing tools)

    reach = min(math.ceil(negative_binomial_reach(mean, dispersion)), LONGEST_TABLE)
    counts = np.arange(reach + 1, dtype=np.float64)
    share = dispersion / (dispersion + mean)
    return 0, _frozen(betainc(dispersion, counts + 1.0, share))


def _frozen(table: Array) -> Array:
    table.flags.writeable = False
    return table


def choose(u: Array, weights: tuple[float, ...]) -> tuple[NDArray[np.int32], Array]:
    """Choose by weights, cumulated in the order they are written.

    Returns:
        which: int32, shape (n,), the number of the choice.
        inner: float64, shape (n,), `u` stretched over (0, 1) within that choice, so that
            what is drawn inside needs no uniform of its own.

    >>> which, inner = choose(np.array([0.1, 0.9]), (0.2, 0.8))
    >>> which.tolist(), inner.round(3).tolist()
    ([0, 1], [0.5, 0.875])
    """
    edges = np.cumsum(np.array((0.0, *weights)))
    edges /= edges[-1]
    which = np.searchsorted(edges[1:-1], u, side="right").astype(np.int32)
    inner = (u - edges[which]) / (edges[which + 1] - edges[which])
    return which, np.clip(inner, _SMALLEST, 1.0 - _SMALLEST)
