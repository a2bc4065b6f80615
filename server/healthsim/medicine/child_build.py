"""Build of children with a code of it: percentiles of the CDC's chart, not adults' BMI."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from healthsim.medicine.datafiles import rows
from healthsim.medicine.growth import extended_bmi

Floats = NDArray[np.float64]
CHILD_MONTHS = (24, 240)  # within which BMI is charted
_OBESE = 95.0  # percentile above which the chart is extended


@cache
def bands() -> dict[str, tuple[float, float]]:
    """Return lowest and highest percentile by the beginning of a code: `data/child_bmi.csv`."""
    return {row["cause"]: (float(row["low"]), float(row["high"])) for row in rows("child_bmi.csv")}


def child_bmi(cause: str, rank: Floats, female: Floats, months: Floats) -> Floats | None:
    """Return the BMI of children with a code; None where the code says nothing of children's.

    Args:
        cause: beginning of an ICD-10-CM code, as a row of the effects names it first.
        rank: the child's normal among children; those of a higher rank stay heavier.
        female: 1 female, 0 male, between where unknown.
        months: of age.
    """
    band = bands().get(cause)
    if band is None:
        return None
    low, high = band
    percentile = low + (high - low) * np.round(ndtr(rank), 6)
    inside = ndtri(np.clip(percentile, 0.01, _OBESE) / 100)
    of_obese = np.where(percentile >= _OBESE, (percentile - _OBESE) / (100 - _OBESE), -1.0)
    return extended_bmi(female, months, inside, of_obese)
