"""What was there before a pregnancy that it complicates: rows of ``data/preexisting.csv``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows

_YEAR = 365.25
_SHORTEST = 0.5  # years before a pregnancy in which what it complicates was found: assumption


class Preexisting(NamedTuple):
    """What a code of a pregnancy says was there before.

    Attributes:
        code: its own code.
        years: for how many years on average.
    """

    code: str
    years: float

    def days(self, u: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return for how many days before the pregnancy, int32; `u` are uniforms, shape (n,)."""
        longest = 2 * self.years - _SHORTEST
        return np.round(_YEAR * (_SHORTEST + u * (longest - _SHORTEST))).astype(np.int32)


@cache
def preexisting(code: str) -> Preexisting | None:
    """Return what was there before the pregnancy by a code of it; None where nothing was.

    >>> preexisting("O10.019").code, preexisting("O13.3")
    ('I10', None)
    """
    for row in rows("preexisting.csv"):
        if code.startswith(row["prefix"]):
            return Preexisting(row["before"], float(row["years"]))
    return None
