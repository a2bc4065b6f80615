"""Diagnosis codes that follow from a measurement: body mass index and its percentile."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows
from healthsim.medicine.growth import Floats

BMI, PERCENTILE, OF_95TH = "bmi", "percentile", "of_95th"
"""What a code follows from: kg/m2, a child's percentile, or the share of the 95th percentile."""

SMALL = "small_grams"
LOW = "low_grams"
OF_BIRTH = (LOW, "early_weeks", SMALL, "heavy_grams", "late_weeks")
"""What codes of newborns follow from: g and weeks at birth; `SMALL` of those below the 10th
percentile for sex and week."""


class Band(NamedTuple):
    """A code and the values that it stands for, `low` included and `below` not."""

    code: str
    low: float
    below: float


@cache
def bands(measure: str) -> tuple[Band, ...]:
    """Return the codes of a measure of `medicine/data/measured_codes.csv`, by rising values."""
    lines = [row for row in rows("measured_codes.csv") if row["measure"] == measure]
    return tuple(
        Band(row["code"], float(row["low"] or "-inf"), float(row["below"] or "inf"))
        for row in lines
    )


def code_of(measure: str, values: Floats) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return which code each value has.

    Returns:
        int64, shape (n,), positions in the codes, -1 where a value is NaN or has none; the codes.

    >>> place, codes = code_of("bmi", np.array([19.9, 35.0, 70.0]))
    >>> [codes[one] for one in place.tolist()]
    ['Z68.1', 'Z68.35', 'Z68.45']
    """
    known = bands(measure)
    lows = np.array([band.low for band in known])
    place = np.searchsorted(lows, np.nan_to_num(values, nan=-np.inf), side="right") - 1
    inside = values < np.array([band.below for band in known])[np.maximum(place, 0)]
    return np.where(inside & (place >= 0), place, -1), tuple(band.code for band in known)


def measure_of(code: str) -> str | None:
    """Return the measure of birth that a code follows from; None where from none.

    >>> measure_of("P07.31"), measure_of("E11.9")
    ('early_weeks', None)
    """
    return next((measure for measure in OF_BIRTH
                 for band in bands(measure) if band.code == code), None)  # fmt: skip
