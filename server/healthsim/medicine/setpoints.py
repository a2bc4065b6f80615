"""Healthy middles and variation of an analyte, as columns: by sex and age, on its own scale.

A person's rank among people of the same sex and age stays the same for life: a child with a
high platelet count is an adult with one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import reference_intervals
from healthsim.medicine.analytes import (
    AGE_OF_MIDDLES,
    LATENT_DECIMALS,
    WITHIN_OF_BOOK,
    Analyte,
)
from healthsim.medicine.datafiles import rows

Floats = NDArray[np.float64]

ADULT_MONTHS = 216
MONTHS = 1440
"""Months of age that tables cover; older people count as of the last one."""
SEXES = ("", "F", "M")
_FEMALE = (0.5, 1.0, 0.0)  # of each of `SEXES`


@dataclass(frozen=True)
class Subjects:
    """Whose values are asked for, one row for each measurement.

    Attributes:
        female: float64: 1 female, 0 male, 0.5 where neither is known.
        months: int64, completed months of age on the day.
    """

    female: Floats
    months: NDArray[np.int64]

    @cached_property
    def kind(self) -> NDArray[np.int64]:
        """Row of each in tables by sex and month of age: int64."""
        sex = np.where(self.female > 0.75, 1, np.where(self.female < 0.25, 2, 0))
        rows: NDArray[np.int64] = sex * MONTHS + np.clip(self.months, 0, MONTHS - 1)
        return rows

    def columns(self) -> dict[str, Floats]:
        """Return what formulas call `female` and `age`, the latter in completed years."""
        return {"female": self.female, "age": np.maximum(self.months, 0) // 12.0}


class Spread(NamedTuple):
    """Healthy values of each subject, float64, in units of the analyte's scale (x or ln x).

    Attributes:
        middle: of people of that sex and age.
        between: standard deviation of people's set points.
        within: standard deviation of one person's values around the set point.
    """

    middle: Floats
    between: Floats
    within: Floats


def spread(analyte: Analyte, subjects: Subjects) -> Spread:
    """Return the healthy middle and variation of an analyte.

    Adults' middles are those of `data/middles.csv`, on straight lines between its ages, else of
    `data/analytes.csv`. Children's are `data/children.csv`, else the reference values of the
    LOINC code: their SD is the total one.

    Args:
        analyte: that is drawn.
        subjects: whose values, n rows.

    Returns:
        Three columns of n rows.
    """
    return Spread(*(column[subjects.kind] for column in _by_kind(analyte)))


@cache
def _by_kind(analyte: Analyte) -> Spread:
    """Return the columns of `spread` for every sex and month of age."""
    parts = [_adults(analyte, sex) for sex in range(len(SEXES))]
    table = np.concatenate(parts)
    for sex, start, stop, mean, sd in _spans(analyte):
        table[sex * MONTHS + start : sex * MONTHS + stop] = _split(analyte, mean, sd)
    return Spread(*(np.ascontiguousarray(table[:, i]) for i in range(3)))


def _adults(analyte: Analyte, sex: int) -> Floats:
    """Return middle, between and within of adults at every month of age, shape (months, 3)."""
    years = np.arange(MONTHS) / 12.0
    middles = _middles(analyte.key)
    if middles:
        both = [np.interp(years, *middles[name]) for name in ("M", "F")]
    else:
        age = np.clip(years, analyte.trend_from, analyte.trend_to)
        start = np.clip(AGE_OF_MIDDLES, analyte.trend_from, analyte.trend_to)
        both = [m * np.exp(analyte.trend * (age - start)) for m in (analyte.male, analyte.female)]
    middle = both[0] + (both[1] - both[0]) * _FEMALE[sex]
    logarithmic = analyte.scale == "l"
    center = np.log(middle) if logarithmic else middle
    unit = np.ones(MONTHS) if logarithmic else abs(middle)
    shares = (analyte.between, analyte.within)
    between, within = (_log_sd(share) if logarithmic else share for share in shares)
    return np.stack([center, between * unit, within * unit], axis=1)


@cache
def _middles(key: str) -> dict[str, tuple[list[float], list[float]]]:
    """Return ages and middles of each sex; empty where the table has none of the analyte."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows("middles.csv"):
        if row["key"] == key:
            ages, middles = found.setdefault(row["sex"], ([], []))
            ages.append(float(row["age"]))
            middles.append(float(row["middle"]))
    return found


def _log_sd(variation: float) -> float:
    return math.sqrt(math.log1p(variation**2))


def _spans(analyte: Analyte) -> Iterator[tuple[int, int, int, float, float]]:
    """Yield sex, first month, month after the last, mean and SD; later ones win.

    Of children only, where the table of analytes has adults.
    """
    last = MONTHS if analyte.key == analyte.loinc else ADULT_MONTHS
    own = [row for row in rows("children.csv") if row["key"] == analyte.key]
    code = next((row["as_code"] for row in own if row["as_code"]), analyte.loinc)
    if code and (not own or own[0]["as_code"]):
        for sex, name in enumerate(SEXES):
            found = reference_intervals(code, name)
            ends = [*(row.from_months for row in found[1:]), last]
            for row, end in zip(found, ends, strict=True):
                if row.from_months < last:
                    yield sex, row.from_months, min(end, last), row.mean, row.sd
    for line in own:
        if not line["as_code"]:
            stop, mean, sd = int(line["below_months"]), float(line["mean"]), float(line["sd"])
            for sex in [SEXES.index(line["sex"])] if line["sex"] else range(len(SEXES)):
                yield sex, int(line["from_months"]), stop, mean, sd


def _split(analyte: Analyte, mean: float, sd: float) -> tuple[float, float, float]:
    """Return middle, between and within of a total variation, in units of the scale.

    Within a person as the table says; half of the variance where it has no row.
    """
    if analyte.scale == "l":
        total, within = math.log1p((sd / mean) ** 2), _log_sd(analyte.within)
        middle = math.log(mean) - total / 2
    else:
        total, within, middle = sd**2, abs(analyte.within * mean), mean
    if analyte.key == analyte.loinc:
        within = math.sqrt(total * WITHIN_OF_BOOK)
    within = min(within, math.sqrt(total) * _MOST_WITHIN)
    between = math.sqrt((total - within**2) / ((1 + analyte.skew**2) / 2))
    return middle, between, within


_MOST_WITHIN = 0.8  # assumption: people differ, however narrow the interval of their age is


def set_point(analyte: Analyte, healthy: Spread, rank: Floats) -> Floats:
    """Return how far people's set points are from the middle, in units of the scale.

    Above half of the way to what would have been found as an illness (`data/found_above.csv`) they
    come closer and closer to that, and do not reach it.

    Args:
        analyte: whose `skew` widens the spread above the middle.
        healthy: spread of everyone's sex and age.
        rank: everyone's normal among such people.
    """
    distance: Floats = healthy.between * rank
    if analyte.skew != 1.0:
        distance = np.where(rank > 0, distance * analyte.skew, distance)
    most = _found_above().get(analyte.key)
    if most is None:
        return distance
    half = np.maximum(to_scale(analyte, np.array([most])) - healthy.middle, 0.0) / 2
    beyond = np.divide(distance - half, half, out=np.zeros_like(distance), where=half > 0)
    near: Floats = half + half * np.round(np.tanh(np.maximum(beyond, 0.0)), _TANH_PLACES)
    return np.where(distance > half, near, distance)


_TANH_PLACES = 9  # its last bits differ between processors


@cache
def _found_above() -> dict[str, float]:
    """Return the set points that healthy people do not reach, by key, in the analyte's unit."""
    return {row["key"]: float(row["most"]) for row in rows("found_above.csv")}


def noise(analyte: Analyte, quick: Floats, slow: Floats | None) -> Floats:
    """Return one person's variation around the set point, in its standard deviations.

    Args:
        analyte: whose `drift` divides the variance.
        quick: normals of the collection.
        slow: normals of the season (`drift_noise`); `None` where nothing drifts.
    """
    if slow is None or not analyte.drift:
        return quick
    varied: Floats = np.sqrt(analyte.drift) * slow + np.sqrt(1 - analyte.drift) * quick
    return varied


def drift_noise(before: Floats, after: Floats, share: Floats) -> Floats:
    """Return a normal that moves smoothly from one knot to the next, with variance 1.

    Args:
        before: normals of the knot before the day.
        after: normals of the knot after it.
        share: of the way between them, 0 to 1.
    """
    moved: Floats = ((1 - share) * before + share * after) / np.sqrt((1 - share) ** 2 + share**2)
    return moved


def to_scale(analyte: Analyte, values: Floats) -> Floats:
    """Return values in units of the analyte's scale; what is not above 0 counts as its least."""
    if analyte.scale == "n":
        return values
    least = max(analyte.low, 10.0**-LATENT_DECIMALS)
    return np.log(np.maximum(values, least))


def to_value(analyte: Analyte, location: Floats) -> Floats:
    """Return values as measured: within low and high, and rounded as the book reports them.

    Args:
        analyte: that is drawn.
        location: in units of its scale.
    """
    values = np.exp(location) if analyte.scale == "l" else location
    return rounded(np.clip(values, analyte.low, analyte.high), analyte.decimals)


def rounded(values: Floats, decimals: int) -> Floats:
    """Round so that processors that differ in the last bits of a logarithm agree."""
    return np.round(np.round(values, decimals + 6), decimals)
