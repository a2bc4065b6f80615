"""Puerto Rico and the other territories: people live there where a specification says so.

They are states of the geography, after the fifty and the District of Columbia, and no part of the
nation: nobody lives there by default, and the nation's figures are without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.datafiles import rows
from healthsim.products.populationsim.figures import RACES

_ETHNICITIES = ("non_hispanic", "hispanic")


@dataclass(frozen=True, eq=False)
class Territories:
    """The people of each territory; the first axis of every array is that of `codes`.

    Attributes:
        codes: two letters.
        bands: float64, shape (n, 18); share of people by five-year band, the last 85 and over.
        men: float64, shape (n,); share of people.
        hispanic: likewise.
        races: float64, shape (n, 2, 7); shares of `figures.RACES` among non-Hispanics, Hispanics.
    """

    codes: tuple[str, ...]
    bands: NDArray[np.float64]
    men: NDArray[np.float64]
    hispanic: NDArray[np.float64]
    races: NDArray[np.float64]


@cache
def territories() -> Territories:
    """Return the people of the territories; read once for a process.

    >>> territories().codes
    ('AS', 'GU', 'MP', 'PR', 'VI')
    """
    listed = rows("territories.csv")
    bands = np.array([[float(share) for share in row["ages"].split()] for row in listed])
    of_race = {(row["state"], row["ethnicity"]): [float(row[race]) for race in RACES]
               for row in rows("territory_races.csv")}  # fmt: skip
    codes = tuple(row["code"] for row in listed)
    return Territories(
        codes=codes,
        bands=bands / bands.sum(axis=1, keepdims=True),
        men=np.array([float(row["men"]) for row in listed]),
        hispanic=np.array([float(row["hispanic"]) for row in listed]),
        races=np.array([[of_race[code, ethnicity] for ethnicity in _ETHNICITIES]
                        for code in codes]),
    )  # fmt: skip
