"""Distributions of numbers with a formula: each is its quantile function.

Units are those of the attribute that a distribution describes: age in years, HbA1c in percent.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from healthsim.specification.distributions import quantiles
from healthsim.specification.distributions.base import (
    NOT_EMPTY,
    DrawInput,
    Number,
    Numbers,
    Numeric,
    OpenShare,
    Positive,
    Weight,
    check_order,
    check_weights,
    steps_within,
)


class Uniform(Numeric):
    """Every number with these decimals in [low, high] is equally likely, both ends included.

    >>> Uniform(low=1, high=6, decimals=0).quantile(np.array([0.1, 0.5, 0.9])).tolist()
    [1.0, 4.0, 6.0]
    """

    type: Literal["uniform"] = "uniform"
    low: Number
    high: Number

    @model_validator(mode="after")
    def _window(self) -> Uniform:
        check_order(self.low, self.high)
        return self

    def exact(self, u: Numbers) -> Numbers:
        """Choose among the steps in the window."""
        first, last = steps_within(self.low, self.high, self.decimals)
        step = np.minimum(np.floor(u * (last - first + 1)), last - first)
        return (first + step) / 10.0**self.decimals

    def range(self) -> tuple[float, float]:
        """Return the window."""
        return self.low, self.high


class Windowed(Numeric):
    """A bell curve that may be truncated to [low, high]; mean and sd are from before truncation."""

    mean: Number
    sd: Positive
    low: Number | None = None
    high: Number | None = None

    @abstractmethod
    def bell(self) -> tuple[float, float, float, float]:
        """Return mean and sd of the underlying normal, and the window in sd from its mean."""

    @model_validator(mode="after")
    def _window(self) -> Windowed:
        check_order(self.low, self.high)
        _, _, low, high = self.bell()
        if quantiles.normal_mass(low, high) < quantiles.LEAST_MASS:
            sides = [
                f"{side} {bound:g}"
                for side, bound in (("low", self.low), ("high", self.high))
                if bound is not None
            ]
            raise ValueError(
                f"{' and '.join(sides)} leave nothing of mean {self.mean:g}, sd {self.sd:g}; "
                "widen the window or move the mean"
            )
        return self

    def range(self) -> tuple[float, float]:
        """Return the window."""
        low, high = self.low, self.high
        return -math.inf if low is None else low, math.inf if high is None else high


class Normal(Windowed):
    """Bell curve, truncated to [low, high] where given (never clamped).

    >>> Normal(mean=72, sd=8, low=65, decimals=1).quantile(np.array([0.5])).tolist()
    [73.9]
    """

    type: Literal["normal"] = "normal"

    def bell(self) -> tuple[float, float, float, float]:
        """Return mean, sd and the window in sd."""
        low, high = ((bound - self.mean) / self.sd for bound in self.range())
        return self.mean, self.sd, low, high

    def exact(self, u: Numbers) -> Numbers:
        """Invert the truncated normal."""
        mean, sd, low, high = self.bell()
        return mean + sd * quantiles.truncated_normal(u, low, high)


class LogNormal(Windowed):
    """Skewed to the right: the logarithm is normal. Mean and sd are of the value itself."""

    type: Literal["lognormal"] = "lognormal"
    mean: Positive

    def bell(self) -> tuple[float, float, float, float]:
        """Return mean and sd of the logarithm, and the window in its sd."""
        spread = math.sqrt(math.log1p((self.sd / self.mean) ** 2))
        centre = math.log(self.mean) - spread * spread / 2
        low, high = (
            (math.log(bound) - centre) / spread if bound > 0 else -math.inf
            for bound in self.range()
        )
        return centre, spread, low, high

    def exact(self, u: Numbers) -> Numbers:
        """Invert the truncated lognormal."""
        centre, spread, low, high = self.bell()
        result: Numbers = np.exp(centre + spread * quantiles.truncated_normal(u, low, high))
        return result

    def range(self) -> tuple[float, float]:
        """Return the window; a lognormal is never negative."""
        low, high = super().range()
        return max(0.0, low), high


class Triangular(Numeric):
    """Rises from low to mode, falls to high."""

    type: Literal["triangular"] = "triangular"
    low: Number
    mode: Number
    high: Number

    @model_validator(mode="after")
    def _window(self) -> Triangular:
        check_order(self.low, self.high)
        if not self.low <= self.mode <= self.high:
            raise ValueError(
                f"mode {self.mode:g} lies outside {self.low:g} to {self.high:g}; move it inside"
            )
        return self

    def exact(self, u: Numbers) -> Numbers:
        """Invert the triangle."""
        return quantiles.triangular(u, self.low, self.mode, self.high)

    def range(self) -> tuple[float, float]:
        """Return low and high."""
        return self.low, self.high


class Beta(Numeric):
    """A share between 0 and 1: a = mean * concentration, b = (1 - mean) * concentration."""

    type: Literal["beta"] = "beta"
    mean: OpenShare
    concentration: Positive

    @model_validator(mode="after")
    def _computable(self) -> Beta:
        if self.concentration > 1e6:  # beyond, the inversion loses its digits
            raise ValueError(
                f"concentration {self.concentration:g} is above 1,000,000; use a normal or constant"
            )
        return self

    def exact(self, u: Numbers) -> Numbers:
        """Invert the incomplete beta function."""
        a = self.mean * self.concentration
        return quantiles.beta(u, a, self.concentration - a)

    def range(self) -> tuple[float, float]:
        """Return 0 to 1."""
        return 0.0, 1.0


class Positives(Numeric):
    """Numbers from 0 upwards."""

    def range(self) -> tuple[float, float]:
        """Return 0 to infinity."""
        return 0.0, math.inf


class Gamma(Positives):
    """Skewed to the right, never negative: shape = (mean / sd)², scale = sd² / mean."""

    type: Literal["gamma"] = "gamma"
    mean: Positive
    sd: Positive

    def exact(self, u: Numbers) -> Numbers:
        """Invert the incomplete gamma function."""
        return quantiles.gamma(u, (self.mean / self.sd) ** 2, self.sd**2 / self.mean)


class Exponential(Positives):
    """Waiting time at a constant rate of 1 / mean."""

    type: Literal["exponential"] = "exponential"
    mean: Positive

    def exact(self, u: Numbers) -> Numbers:
        """Invert the exponential."""
        return quantiles.weibull(u, self.mean, 1.0)


class Weibull(Positives):
    """Waiting time whose rate falls (shape < 1) or rises (shape > 1)."""

    type: Literal["weibull"] = "weibull"
    scale: Positive
    shape: Positive

    @model_validator(mode="after")
    def _finite(self) -> Weibull:
        if self.shape < 0.05:  # below, single values pass 1e30
            raise ValueError(f"shape {self.shape:g} is below 0.05; give a larger shape")
        return self

    def exact(self, u: Numbers) -> Numbers:
        """Invert the Weibull."""
        return quantiles.weibull(u, self.scale, self.shape)


class Count(Positives):
    """Whole numbers from 0 upwards."""

    decimals: Annotated[int, Field(strict=True, ge=0, le=0, description="Counts are whole.")] = 0


class Poisson(Count):
    """Count of events with a constant rate."""

    type: Literal["poisson"] = "poisson"
    mean: Positive

    @model_validator(mode="after")
    def _reachable(self) -> Poisson:
        if self.mean > 1e6:
            raise ValueError(f"mean {self.mean:g} is above 1,000,000; use a normal")
        return self

    def exact(self, u: Numbers) -> Numbers:
        """Return the smallest count whose probability or less is at least u."""
        return quantiles.poisson(u, self.mean)


class NegativeBinomial(Count):
    """Counts that vary more than Poisson's: variance = mean + mean² / dispersion.

    A large dispersion is close to Poisson; a small one gives a few people very high counts.
    """

    type: Literal["negative_binomial"] = "negative_binomial"
    mean: Positive
    dispersion: Positive

    @model_validator(mode="after")
    def _reachable(self) -> NegativeBinomial:
        if quantiles.negative_binomial_reach(self.mean, self.dispersion) > quantiles.LONGEST_TABLE:
            raise ValueError(
                f"mean {self.mean:g} with dispersion {self.dispersion:g} gives counts above "
                f"{quantiles.LONGEST_TABLE:,}; raise the dispersion or lower the mean"
            )
        return self

    def exact(self, u: Numbers) -> Numbers:
        """Return the smallest count whose probability or less is at least u."""
        return quantiles.negative_binomial(u, self.mean, self.dispersion)


class Band(BaseModel):
    """An interval from `low` up to, but not including, `high`, and its weight."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: Number
    high: Number
    weight: Weight

    @model_validator(mode="after")
    def _window(self) -> Band:
        check_order(self.low, self.high)
        return self


class Bands(Numeric):
    """Published age or value bands: a band by weight, then uniform inside it.

    Inside a band every number with these decimals from `low` up to but not including `high` is
    equally likely, so that bands may share their edges: with 0 decimals, the band 65 to 70
    gives 65, 66, 67, 68 and 69.
    """

    type: Literal["bands"] = "bands"
    bands: Annotated[tuple[Band, ...], Field(max_length=500), NOT_EMPTY]

    @model_validator(mode="after")
    def _apart(self) -> Bands:
        check_weights(tuple(band.weight for band in self.bands))
        ordered = sorted(self.bands, key=lambda band: band.low)
        for left, right in pairwise(ordered):
            if right.low < left.high:
                raise ValueError(
                    f"the bands {left.low:g} to {left.high:g} and {right.low:g} to {right.high:g} "
                    "overlap; end one where the next begins"
                )
        for band in self.bands:
            first, last = self._steps(band)
            if last < first:
                raise ValueError(
                    f"no number with {self.decimals} decimals lies in the band {band.low:g} to "
                    f"{band.high:g}; give more decimals or a wider band"
                )
        return self

    def _steps(self, band: Band) -> tuple[float, float]:
        first, last = steps_within(band.low, band.high, self.decimals)
        ends_on_step = Decimal(repr(band.high)).scaleb(self.decimals) == Decimal(last)
        return first, last - 1 if ends_on_step else last

    def exact(self, u: Numbers) -> Numbers:
        """Choose a band, then a step inside it, bands taken from low to high."""
        ordered, which, inner = self._chosen(u)
        steps = np.array([self._steps(band) for band in ordered])
        first, last = steps[which, 0], steps[which, 1]
        step = np.minimum(np.floor(inner * (last - first + 1)), last - first)
        result: Numbers = (first + step) / 10.0**self.decimals
        return result

    def _chosen(self, u: Numbers) -> tuple[list[Band], NDArray[np.int32], Numbers]:
        """Return the bands from low to high, which of them each u is in, and u within it."""
        ordered = sorted(self.bands, key=lambda band: band.low)
        which, inner = quantiles.choose(u, tuple(band.weight for band in ordered))
        return ordered, which, inner

    def range(self) -> tuple[float, float]:
        """Return the outermost edges."""
        return min(band.low for band in self.bands), max(band.high for band in self.bands)

    def windows(self, draw: DrawInput) -> tuple[Numbers, Numbers]:
        """Return the edges of the band that each draw is in, float64, shape (n,)."""
        ordered, which, _ = self._chosen(draw.u)
        edges = np.array([(band.low, band.high) for band in ordered])
        return edges[which, 0], edges[which, 1]


class Quantiles(Numeric):
    """Linear interpolation of published percentiles, such as ``{"0.05": 80, "0.95": 200}``.

    Below the first published percentile every value is that percentile's, and above the last
    likewise. Add the points "0" and "1" to give the ends of the tails.
    """

    type: Literal["quantiles"] = "quantiles"
    points: Annotated[dict[str, Number], Field(max_length=500)]

    @field_validator("points")
    @classmethod
    def _two_or_more(cls, points: dict[str, float]) -> dict[str, float]:
        if len(points) < 2:
            raise ValueError(f"has {len(points)} percentiles; give at least two")
        return points

    @model_validator(mode="after")
    def _rising(self) -> Quantiles:
        points = self._sorted()
        for (low, at_low), (high, at_high) in pairwise(points):
            if low == high:
                raise ValueError(f"the percentile {low:g} is given twice; keep one")
            if at_low > at_high:
                raise ValueError(
                    f"the value {at_low:g} at {low:g} is above {at_high:g} at {high:g}; "
                    "values must not fall as shares rise"
                )
        return self

    def _sorted(self) -> list[tuple[float, float]]:
        return sorted((_share(text), value) for text, value in self.points.items())

    def exact(self, u: Numbers) -> Numbers:
        """Interpolate."""
        shares, values = np.array(self._sorted()).T
        result: Numbers = np.interp(u, shares, values)
        return result

    def range(self) -> tuple[float, float]:
        """Return the values of the outermost percentiles."""
        points = self._sorted()
        return points[0][1], points[-1][1]


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise ValueError(f'the percentile {text!r} is not a share; write "0.05" for 5 %')
    return share
