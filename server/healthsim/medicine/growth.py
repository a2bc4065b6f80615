"""Growth charts: values, z-scores and percentiles of children by sex and age.

A chart has three parameters at each point (Cole's LMS method): `power` L, `middle` M, `spread` S. A
value of z is ``M (1 + L S z)^(1/L)``. They are those of the CDC's charts of 2000, which begin at
birth; below birth they are the sizes of children born early, `at` counted to the due date.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows

Floats: TypeAlias = NDArray[np.float64]
_OfSex: TypeAlias = Callable[[str, Floats, Floats], Floats]

DAYS_OF_MONTH = 30.4375
"""Mean days of a month, as the CDC's programs count age in months."""
WEIGHED_LYING = 36.0
"""Months of age at which the charts of infants end."""
_LEAST_POWER = 1e-6  # of a chart; below it the formula is its limit, the exponential
_LEAST_BASE = 1e-3  # of a value far outside of the chart
_OBESE = 0.95  # percentile from which the CDC's charts of 2022 hold
_LAST_TAIL = 0.90  # and where their half-normal distribution would begin


class Chart(NamedTuple):
    """One measure of one sex; arrays of shape (points,).

    Attributes:
        at: months of age, counted from the due date where negative; cm of length in
            `weight_for_length`.
        power, middle, spread: L, M and S; M in cm, kg or kg/m2.
    """

    at: Floats
    power: Floats
    middle: Floats
    spread: Floats


@cache
def chart(measure: str, sex: str) -> Chart:
    """Return a chart of `medicine/data/growth.csv`.

    Args:
        measure: length (to 36 months), stature (from 24), weight (to 36), bmi (from 24), head
            (to 36) or weight_for_length.
        sex: ``"F"`` or ``"M"``.

    >>> chart("stature", "M").middle[-1].round(1).item()
    176.8
    """
    lines = [row for row in rows("growth.csv") if (row["measure"], row["sex"]) == (measure, sex)]
    columns = ("at", "power", "middle", "spread")
    return Chart(*(np.array([float(row[name]) for row in lines]) for name in columns))


def value_of(measure: str, female: Floats, at: Floats, z: Floats) -> Floats:
    """Return the value that has a z-score.

    Args:
        measure: a chart.
        female: 1 female, 0 male, between where unknown; shape (n,), as the others.
        at: months of age, or cm of length; outside of the chart that of its end.
        z: z-scores.

    Returns:
        float64, shape (n,), in the unit of the chart.

    >>> value_of("bmi", np.ones(1), np.array([120.0]), np.zeros(1)).round(1)
    array([16.8])
    """

    def of_sex(sex: str, at: Floats, z: Floats) -> Floats:
        power, middle, spread = _parameters(measure, sex, at)
        base = np.maximum(1 + power * spread * z, _LEAST_BASE)
        value: Floats = middle * np.exp(np.log(base) / power)
        return value

    return _by_sex(of_sex, female, at, z)


def z_of(measure: str, female: Floats, at: Floats, value: Floats) -> Floats:
    """Return the z-score of a value; arguments as in `value_of`."""

    def of_sex(sex: str, at: Floats, value: Floats) -> Floats:
        power, middle, spread = _parameters(measure, sex, at)
        z: Floats = (np.exp(power * np.log(value / middle)) - 1) / (power * spread)
        return z

    return _by_sex(of_sex, female, at, value)


def percentile_of(measure: str, female: Floats, at: Floats, value: Floats) -> Floats:
    """Return the percentile of a value, 0 to 100; NaN where the chart does not reach.

    BMI above the 95th percentile has that of the CDC's extended charts of 2022.

    Args:
        measure: bmi, head or weight_for_length.
        female: 1 female, 0 male, between where unknown; shape (n,), as the others.
        at: months of age, or cm of length.
        value: in the unit of the chart.
    """
    from scipy.special import ndtr  # noqa: PLC0415  (heavy: not for listing tools)

    first, last = _reach(measure)
    share: Floats = ndtr(z_of(measure, female, at, value))
    if measure == "bmi":
        beyond = (value - value_of("bmi", female, at, np.full(len(at), _z_of_obese()))) / bmi_tail(
            female, at
        )
        tail = _LAST_TAIL + (1 - _LAST_TAIL) * ndtr(beyond)
        share = np.where(share > _OBESE, tail, share)
    return np.where((at >= first) & (at <= last), 100 * share, np.nan)


def extended_bmi(female: Floats, months: Floats, inside: Floats, of_obese: Floats) -> Floats:
    """Return BMI, kg/m2, also of those above the chart's 95th percentile.

    Args:
        female: 1 female, 0 male, between where unknown; shape (n,), as the others.
        months: of age.
        inside: z-score of those below the 95th percentile.
        of_obese: rank among the obese, 0 to 1; negative for those who are not.
    """
    from scipy.special import ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    obese = of_obese >= 0
    bmi = value_of("bmi", female, months, np.where(obese, _z_of_obese(), inside))
    rank = np.clip(of_obese[obese], 0, 1 - 1e-9)
    bmi[obese] += bmi_tail(female[obese], months[obese]) * ndtri((1 + rank) / 2)
    return bmi


def bmi_tail(female: Floats, months: Floats) -> Floats:
    """Return the sigma of the extended charts of BMI, kg/m2, by sex and months of age."""
    years = months / 12

    def of_sex(sex: str, years: Floats, _: Floats) -> Floats:
        constant, slope, square = (
            figure(f"bmi_tail_{part}", sex) for part in ("constant", "slope", "square")
        )
        return constant + slope * years + square * years**2

    return _by_sex(of_sex, female, years, years)


def figure(quantity: str, sex: str = "") -> float:
    """Return a single figure of `medicine/data/build.csv`."""
    at, value = curve(quantity, sex)
    if len(at) != 1:
        raise ValueError(f"build.csv: {quantity} has {len(at)} rows; a single one is wanted")
    return float(value[0])


@cache
def curve(quantity: str, sex: str = "") -> tuple[Floats, Floats]:
    """Return a quantity of `medicine/data/build.csv` by age: ages or days, and values."""
    lines = [row for row in rows("build.csv") if (row["quantity"], row["sex"]) == (quantity, sex)]
    return (
        np.array([float(row["at"]) for row in lines]),
        np.array([float(row["value"]) for row in lines]),
    )


def curve_at(quantity: str, female: Floats, at: Floats) -> Floats:
    """Return a quantity of `build.csv` that differs by sex, at each one's age; shape (n,)."""

    def of_sex(sex: str, at: Floats, _: Floats) -> Floats:
        return np.interp(at, *curve(quantity, sex))

    return _by_sex(of_sex, female, at, at)


def _parameters(measure: str, sex: str, at: Floats) -> tuple[Floats, Floats, Floats]:
    points = chart(measure, sex)
    power = np.interp(at, points.at, points.power)
    power = np.where(np.abs(power) < _LEAST_POWER, _LEAST_POWER, power)
    middle = np.interp(at, points.at, points.middle)
    return power, middle, np.interp(at, points.at, points.spread)


def _reach(measure: str) -> tuple[float, float]:
    """Return where the charts of children born in time begin and end."""
    at = chart(measure, "F").at
    return max(0.0, float(at[0])), float(at[-1])


def _by_sex(of_sex: _OfSex, female: Floats, at: Floats, other: Floats) -> Floats:
    """Return what `of_sex` gives for each one's sex, or what lies between where it is unknown."""
    result = np.zeros(len(at))
    for sex, share in (("F", female), ("M", 1 - female)):
        some = np.flatnonzero(share > 0)
        if len(some):
            result[some] += share[some] * of_sex(sex, at[some], other[some])
    return result


@cache
def _z_of_obese() -> float:
    from scipy.special import ndtri  # noqa: PLC0415  (heavy: not for listing tools)

    return float(ndtri(_OBESE))
