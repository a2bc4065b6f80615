"""How long people go on with a drug before they stop filling it of their own accord."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.codes.drugs import Drug

NEVER = 2**31 - 1
"""Days after which a drug is stopped that is never stopped."""
_POINTS = (30, 90, 180, 365)
_YEAR = 365.0


class Persistence(NamedTuple):
    """Who still takes a drug.

    Attributes:
        shares: of those who began it, who still take it after 30, 90, 180 and 365 days.
        yearly_stop: share of those who have taken it for long that stops within a year.
    """

    shares: tuple[float, ...]
    yearly_stop: float


@cache
def _known() -> dict[str, Persistence]:
    found = {}
    for row in rows("persistence.csv"):
        shares = tuple(float(row[f"day_{day}"]) for day in _POINTS)
        for about in row["about"].split("|"):
            found[about] = Persistence(shares, float(row["yearly_stop"]))
    return found


def persistence(drug: Drug) -> Persistence:
    """Return how long people take a drug: by its name, else its ingredient, else its class.

    >>> from healthsim.codes.drugs import drugs
    >>> persistence(drugs().find("metformin 500 mg tablet", "drug")).shares[-1]
    0.68
    """
    known = _known()
    for about in (drug.display, drug.ingredient, drug.drug_class):
        if about in known:
            return known[about]
    return known[""]


def days_taken(
    drug: Drug, established: NDArray[np.bool_], u: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return after how many days people stop, int32, shape (n,), at least 1.

    Between the points the chance to stop is the same on every day; after a year it is that of
    people who have taken the drug for long.

    Args:
        drug: what they take.
        established: bool, shape (n,): who has taken it for long; the others begin it.
        u: float64 in (0, 1), shape (n,): the share of people who stop later.
    """
    shares, yearly = persistence(drug)
    hazard = -np.log1p(-yearly) / _YEAR
    left = -np.log(u)
    passed = np.concatenate([[0.0], -np.log(shares)])
    begun = np.interp(left, passed, (0.0, *_POINTS))
    begun = np.where(left > passed[-1], _YEAR + (left - passed[-1]) / hazard, begun)
    days = np.floor(np.where(established, left / hazard, begun)) + 1.0
    return np.minimum(days, 1e6).astype(np.int32)
