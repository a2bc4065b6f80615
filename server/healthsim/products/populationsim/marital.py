"""Marital status of the population by age and sex."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.datafiles import rows

STATUSES = ("S", "M", "D", "W")  # HL7: never married, married, divorced, widowed
SEXES = ("M", "F")
"""Rows of the table by sex; a third is the mean of both, for those who are neither."""

_COLUMNS = ("single", "married", "divorced", "widowed")
_DECIMALS = 9  # sums of decimals are not exact


@dataclass(frozen=True, eq=False)
class MaritalShares:
    """Shares of `STATUSES` by sex and age.

    Attributes:
        ages: int64, shape (bands,), first year of life of each band, ascending from 0.
        edges: float64, shape (3, bands, 4), cumulated shares by sex; the last is 1.
        unmarried: likewise of those who are not married, without M: shape (3, bands, 3).
    """

    ages: NDArray[np.int64]
    edges: NDArray[np.float64]
    unmarried: NDArray[np.float64]

    def band(self, age: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the band of each age in completed years, int64, shape (n,)."""
        found: NDArray[np.int64] = np.searchsorted(self.ages, age, side="right") - 1
        return np.maximum(found, 0)


@cache
def marital_shares() -> MaritalShares:
    """Return the shares of the nation; read once for a process.

    >>> shares = marital_shares()
    >>> float(shares.edges[1, -1, 3] - shares.edges[1, -1, 2]) > 0.6  # widows of 85 and over
    True
    """
    listed = {(row["sex"], int(row["age_low"])): [float(row[name]) for name in _COLUMNS]
              for row in rows("marital_status.csv")}  # fmt: skip
    ages = sorted({age for _, age in listed})
    of_sex = np.array([[listed[sex, age] for age in ages] for sex in SEXES])
    shares = np.concatenate([of_sex, of_sex.mean(axis=0, keepdims=True)])
    others = np.delete(shares, STATUSES.index("M"), axis=2)
    others = others / others.sum(axis=2, keepdims=True)
    return MaritalShares(np.array(ages, dtype=np.int64), _cumulated(shares), _cumulated(others))


def _cumulated(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    edges = np.asarray(np.round(np.cumsum(shares, axis=2), _DECIMALS), dtype=np.float64)
    edges[..., -1] = 1.0
    edges.setflags(write=False)
    return edges
