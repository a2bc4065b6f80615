"""Healthy middles and variation of an analyte, as columns: by sex and age, on its own scale.

A person's rank among people of the same sex and age stays the same for life: a child with a
high platelet count is an adult with one.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import reference_intervals
from healthsim.medicine.analytes import AGE_OF_MIDDLES, LATENT_DECIMALS, Analyte
from healthsim.medicine.datafiles import rows

Floats = NDArray[np.float64]

ADULT_MONTHS = 216
_AGES = (20, 90)  # years within which middles change at all


class Subjects(NamedTuple):
    """Whose values are asked for, one row for each measurement.

    Attributes:
        female: float64: 1 female, 0 male, 0.5 where neither is known.
        months: int64, completed months of age on the day.
    """

    female: Floats
    months: NDArray[np.int64]

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

    Adults' are those of `data/analytes.csv`. Children's are `data/children.csv`, else the
    reference values of the LOINC code: their SD is the total one.

    Args:
        analyte: that is drawn.
        subjects: whose values, n rows.

    Returns:
        Three columns of n rows.
    """
    age = np.clip(subjects.months / 12.0, *_AGES)
    years = np.clip(age, analyte.trend_from, analyte.trend_to) - np.clip(
        AGE_OF_MIDDLES, analyte.trend_from, analyte.trend_to
    )
    women = subjects.female
    middle = (analyte.male + (analyte.female - analyte.male) * women) * np.exp(
        analyte.trend * years
    )
    if analyte.scale == "l":
        adult = Spread(
            np.log(middle),
            np.full(len(middle), _log_sd(analyte.between)),
            np.full(len(middle), _log_sd(analyte.within)),
        )
    else:
        adult = Spread(middle, analyte.between * middle, analyte.within * middle)
    if not (subjects.months < ADULT_MONTHS).any():
        return adult
    return _with_children(analyte, subjects, adult)


def _log_sd(variation: float) -> float:
    return math.sqrt(math.log1p(variation**2))


def _with_children(analyte: Analyte, subjects: Subjects, adult: Spread) -> Spread:
    table = _childhood(analyte)
    if not len(table):
        return adult
    sex = np.select([subjects.female > 0.75, subjects.female < 0.25], [1, 2], 0)
    kind = sex * ADULT_MONTHS + np.clip(subjects.months, 0, ADULT_MONTHS - 1)
    young = subjects.months < ADULT_MONTHS
    found = table[kind]
    young &= ~np.isnan(found[:, 0])
    return Spread(*(np.where(young, found[:, i], column) for i, column in enumerate(adult)))


@cache
def _childhood(analyte: Analyte) -> Floats:
    """Return middle, between and within of each sex (none, F, M) and month of childhood."""
    spans = _spans(analyte)
    if not spans:
        return np.empty((0, 3))
    table = np.full((3 * ADULT_MONTHS, 3), np.nan)
    for sex, start, stop, mean, sd in spans:
        table[sex * ADULT_MONTHS + start : sex * ADULT_MONTHS + stop] = _child(analyte, mean, sd)
    return table


def _spans(analyte: Analyte) -> list[tuple[int, int, int, float, float]]:
    """Return sex, first month, month after the last, mean and SD; later ones win."""
    spans = []
    own = [row for row in rows("children.csv") if row["key"] == analyte.key]
    code = next((row["as_code"] for row in own if row["as_code"]), analyte.loinc)
    if code and (not own or own[0]["as_code"]):
        for sex, name in enumerate(("", "F", "M")):
            found = reference_intervals(code, name)
            ends = [*(row.from_months for row in found[1:]), ADULT_MONTHS]
            spans += [
                (sex, row.from_months, min(end, ADULT_MONTHS), row.mean, row.sd)
                for row, end in zip(found, ends, strict=True)
                if row.from_months < ADULT_MONTHS
            ]
    for row in own:
        if not row["as_code"]:
            stop, mean, sd = int(row["below_months"]), float(row["mean"]), float(row["sd"])
            sexes = ("", "F", "M").index(row["sex"])
            spans += [
                (sex, int(row["from_months"]), stop, mean, sd)
                for sex in ([sexes] if sexes else [0, 1, 2])
            ]
    return spans


def _child(analyte: Analyte, mean: float, sd: float) -> tuple[float, float, float]:
    """Split the total variation of children: within a person as in adults, the rest between."""
    if analyte.scale == "l":
        total, within = math.log1p((sd / mean) ** 2), _log_sd(analyte.within)
        middle = math.log(mean) - total / 2
    else:
        total, within, middle = sd**2, abs(analyte.within * mean), mean
    within = min(within, math.sqrt(total) * _MOST_WITHIN)
    return middle, math.sqrt(total - within**2), within


_MOST_WITHIN = 0.8  # assumption: people differ, however narrow the interval of their age is


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
