"""Illnesses that are over when a test shows it, not after some days: ``data/shown_ends.csv``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows

FILE = "shown_ends.csv"
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class ShownEnd(NamedTuple):
    """An illness whose end a test shows.

    Attributes:
        prefix: beginning of its ICD-10-CM codes.
        loinc: of the test.
        times_usual: below so many times the lowest result of before, it is over.
        usual_days: days before the illness from which on results are of before.
        share: of the highest result of the illness; at or below that it is over, for those who
            have no result of before.
        before_days: days before the illness from which on results are of it.
        alone_days: days of illness after which any fall shows the end, for those who have no
            result of before, and a result without another.
    """

    prefix: str
    loinc: str
    times_usual: float
    usual_days: int
    share: float
    before_days: int
    alone_days: int

    def is_over(self, values: Floats, usual: Floats, highest: Floats, ill: Floats) -> Mask:
        """Return which results show the end, bool; none for NaN.

        Args:
            values: results, float64, shape (n,).
            usual: the lowest result of before, float64; NaN where there is none.
            highest: the highest result of the illness before, float64; NaN where there is none.
            ill: days of illness by then.
        """
        share = np.where(ill >= self.alone_days, 1.0, self.share)
        late = np.isnan(highest) & (ill >= self.alone_days) & ~np.isnan(values)
        fallen = np.isnan(usual) & (late | (values <= share * highest))
        over: Mask = fallen | (values < self.times_usual * usual)
        return over


@cache
def shown_ends() -> tuple[ShownEnd, ...]:
    """Return every row of the table.

    >>> [end.loinc for end in shown_ends() if end.prefix == "N17"]
    ['2160-0']
    """
    return tuple(
        ShownEnd(
            row["prefix"], row["loinc"], float(row["times_usual"]), int(row["usual_days"]),
            float(row["share"]), int(row["before_days"]), int(row["alone_days"]),
        )
        for row in rows(FILE)
    )  # fmt: skip
