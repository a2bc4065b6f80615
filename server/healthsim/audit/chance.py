"""Bounds of chance: where a share, a rate or a mean may lie without anything being wrong.

They are the quantiles that a normal figure has at three standard errors, so that about one figure
in 370 lies outside though nothing is wrong. Counts have exact quantiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import bdtr, ndtr, pdtr

_LOW, _HIGH = float(ndtr(-3.0)), float(ndtr(3.0))
_ROUNDING = 1e-9
MANY = 30
"""Variance of a count from which its distribution is close to a normal one."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value that chance explains."""

    low: float
    high: float

    def hold(self, got: float) -> bool:
        """Return whether a value lies between them."""
        return self.low - _ROUNDING <= got <= self.high + _ROUNDING


def of_share(asked: int, share: float, variance: float) -> Bounds:
    """Return the bounds of a share of people of whom each had a chance.

    Args:
        asked: how many people.
        share: the mean of their chances.
        variance: the sum of p * (1 - p) over their chances p. Where it is small and the chances
            differ, the bounds are those of one chance for all, which are a little wider.
    """
    differ = asked * share * (1 - share) - variance > 1e-3 * variance + 1e-6
    if differ and variance >= MANY:
        error = 3 * variance**0.5 / asked
        return Bounds(max(share - error, 0.0), min(share + error, 1.0))
    low, high = (
        _quantile(lambda count: float(bdtr(count, asked, share)), asked * share, level, asked)
        for level in (_LOW, _HIGH)
    )
    return Bounds(low / asked, high / asked)


def of_count(expected: float) -> Bounds:
    """Return the bounds of a count that has a Poisson distribution."""
    low, high = (
        _quantile(lambda count: float(pdtr(count, expected)), expected, level, 2**53)
        for level in (_LOW, _HIGH)
    )
    return Bounds(low, high)


def _quantile(cumulative: Callable[[int], float], mean: float, level: float, most: int) -> int:
    """Return the first count whose cumulative probability is at least `level`."""
    low, high = -1, max(int(mean), 1)
    while high < most and cumulative(high) < level:
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        if cumulative(middle) < level:
            low = middle
        else:
            high = middle
    return high
