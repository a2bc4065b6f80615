"""A number of one's own for everybody, whoever else is there: where each person's number lies.

Numbers below `NEVER_ISSUED` are places in the range of social security numbers that are never
issued. Lots of it are reserved for kinds of people, so that a number depends on nothing but the
person's unit and place in it: not on how many people there are, nor on what happens to them.
Whoever is in no lot has a number beyond the range (docs/decisions/0057-room-for-numbers.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEVER_ISSUED = 100 * 49 * 9_999
"""Areas 900 to 999, groups 01 to 49, serials from 0001: neither SSN nor ITIN (SSA, IRS)."""

PLACES = 99
"""Places of a unit, counted from 1."""


@dataclass(frozen=True)
class Lot:
    """Numbers that are reserved for some places of some units.

    Attributes:
        first_unit, units: the units, counted from 0.
        first_place, places: places in each.
        first: the lot's first number; the places of one unit lie together.
    """

    first_unit: int
    units: int
    first_place: int
    places: int
    first: int

    @property
    def end(self) -> int:
        """The number after its last one."""
        return self.first + self.units * self.places


_M = 1_000_000
_NEWBORN = 50  # place of the first newborn

PERSONS: Sequence[Lot] = (
    Lot(0, 10 * _M, 1, 1, 0),
    *(
        lot
        for child in range(3)  # the first three newborns of the first units
        for lot in (
            Lot(0, 1_900_000, _NEWBORN + child, 1, (child + 1) * 10 * _M),
            Lot((child + 1) * 10 * _M, 1_900_000, 1, 1, 43 * _M + child * 1_900_000),
            Lot((child + 1) * 10 * _M + 1_900_000, 8_100_000, 1, 1,
                (child + 1) * 10 * _M + 1_900_000),
        )
    ),
    Lot(0, 63_000, _NEWBORN + 3, 47, 40 * _M),
)  # fmt: skip
"""Where units are persons: 40 million people, 1.9 million of them with up to three newborns."""

FAMILIES: Sequence[Lot] = (
    Lot(0, 10 * _M, 1, 1, 0),
    Lot(0, 50_000, 2, 98, 10 * _M),
    Lot(50_000, 9_950_000, 2, 3, 14_900_000),
    Lot(50_000, 2_100_000, 5, 2, 44_750_000),
)
"""Where units are families: 10 million of four people, of which 2 million may be six."""


def sequence_numbers(
    unit: NDArray[np.int64], place: NDArray[np.int64], *, families: bool
) -> NDArray[np.int64]:
    """Return a number for each person that no other person of the population has.

    Args:
        unit: int64, shape (n,), counted from 0.
        place: int64, shape (n,), 1 to 99.
        families: whether units are families.

    Returns:
        int64, shape (n,); of those beyond the lots ``NEVER_ISSUED + unit * 99 + place - 1``.
    """
    numbers = unit * PLACES + (NEVER_ISSUED - 1) + place
    for lot in FAMILIES if families else PERSONS:
        of_unit, of_place = unit - lot.first_unit, place - lot.first_place
        inside = (of_unit >= 0) & (of_unit < lot.units) & (of_place >= 0) & (of_place < lot.places)
        np.copyto(numbers, lot.first + of_unit * lot.places + of_place, where=inside)
    return numbers
