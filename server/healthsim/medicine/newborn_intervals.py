"""Reference intervals of the first days of life, by hour: rows of ``newborn_intervals.csv``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows
from healthsim.tables import Coded

_FILE = "newborn_intervals.csv"


class NewbornInterval(NamedTuple):
    """The reference interval of a test at some hours of life, in the unit of the book.

    Attributes:
        from_hours: hours since birth from which it applies.
        below_hours: hours since birth below which it applies.
    """

    loinc: str
    from_hours: int
    below_hours: int
    ref_low: float
    ref_high: float


@cache
def newborn_intervals() -> tuple[NewbornInterval, ...]:
    """Return the intervals, by test and hour.

    >>> newborn_intervals()[0].ref_high
    5.9
    """
    return tuple(
        NewbornInterval(row["loinc"], int(row["from_hours"]), int(row["below_hours"]),
                        float(row["ref_low"]), float(row["ref_high"]))
        for row in rows(_FILE)
    )  # fmt: skip


def with_newborns(
    codes: Coded,
    hours: NDArray[np.float64],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of reference intervals, with those of the first days in their place.

    Args:
        codes: LOINC code of each result.
        hours: float64, since the person's birth.
        ends: float64, the low and the high ends by months of age; NaN where there is none.
    """
    low, high = ends
    for one in newborn_intervals():
        if one.loinc in codes.vocabulary:
            there = codes.equals(one.loinc) & (hours >= one.from_hours) & (hours < one.below_hours)
            low, high = np.where(there, one.ref_low, low), np.where(there, one.ref_high, high)
    return low, high
