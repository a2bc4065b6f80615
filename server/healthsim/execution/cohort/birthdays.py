"""The day on which people of an age were born."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, add_months

Windows = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Between which ages in years each age was drawn: lowest and highest, float64, shape (n,)."""

_SHORT_YEAR, _LONG_YEAR = 365, 366  # days from one birthday to the next
_EXACT = 9  # decimals: those that a distribution can keep, so that 1.2 is a fifth of a year over 1


def birthday(
    age: NDArray[np.float64],
    u: NDArray[np.float64],
    as_of: Days,
    windows: Windows | None = None,
) -> Days:
    """Return the day of birth of people of an age, int32, shape (n,).

    A whole number is completed years, and the birthday is on any day of that year of life. A
    fraction says how much of the running year has passed. On `as_of` nobody is younger or older
    than the window of their age allows, counted in days; a window that ends on a whole number
    ends with that year of life, one that lies within a single day keeps the nearest day before.

    Args:
        age: years, 0 or more.
        u: uniforms, the fraction where the age is a whole number.
        as_of: the day on which they have that age.
        windows: of each age; by default any age is allowed.
    """
    years = np.floor(age)
    fraction = np.round(age - years, _EXACT)
    low, high = windows or (np.full(len(age), -np.inf), np.full(len(age), np.inf))
    begun, ended = _passed(low, years), _passed(high, years)
    ended = np.where(ended > 0, ended, 1.0)  # a window that ends on the whole number itself
    since = np.floor(np.where(fraction > 0, fraction, u * ended) * _SHORT_YEAR)
    least = np.ceil(begun * _LONG_YEAR)
    most = np.minimum(np.floor(ended * _SHORT_YEAR), _SHORT_YEAR - 1)
    since = np.where(least <= most, np.clip(since, least, most), since)
    last_birthday = add_months(as_of, (-12 * years).astype(np.int32))
    birth: Days = (last_birthday - since).astype(np.int32)
    return birth


def _passed(bound: NDArray[np.float64], years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of a year of life has passed at a bound: 0 before that year, 1 after it."""
    return np.clip(np.round(np.clip(bound - years, -1, 2), _EXACT), 0.0, 1.0)
