"""The roles of people in their household."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.tables import Coded

ROLES = ("self", "spouse", "child", "newborn")
"""Roles in a household; in a profile of persons everyone is "self" or "newborn"."""


_FIRST_PLACES = (1, 2, 3, 50)  # of each role


def roles(place: NDArray[np.int64]) -> Coded:
    """Return the roles of people by their place in the household.

    >>> roles(np.array([1, 2, 7, 50])).texts()
    ['self', 'spouse', 'child', 'newborn']
    """
    codes = np.searchsorted(_FIRST_PLACES, place, side="right") - 1
    return Coded(codes.astype(np.int32), ROLES)
