"""In which units vital signs are charted beside the rounds: rows of ``data/watched_units.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows
from healthsim.medicine.vitals import MEASURES
from healthsim.medicine.wards import units

FILE = "watched_units.csv"
MOST_TIMES = 64
"""Times of one stay that are charted beside the rounds, at most; numbers are kept for them."""


class Watched(NamedTuple):
    """How people are watched in a unit.

    Attributes:
        measures: that are taken, of `medicine.vitals.MEASURES`.
        first_minutes: from the arrival in the unit to the first time.
        every_hours: between two times; 0: on arrival alone.
    """

    measures: tuple[str, ...]
    first_minutes: int
    every_hours: int


@cache
def watched_units() -> Mapping[str, Watched]:
    """Return how people are watched, by the name of the unit.

    Raises:
        ValueError: a row names an unknown unit or measure.

    >>> watched_units()["intensive care"].every_hours
    4
    """
    found = {
        row["unit"]: Watched(
            tuple(row["measures"].split("|")), int(row["first_minutes"]), int(row["every_hours"])
        )
        for row in rows(FILE)
    }
    measures = {one for row in found.values() for one in row.measures}
    unknown = [*sorted(set(found) - set(units())), *sorted(measures - set(MEASURES))]
    if unknown:
        raise ValueError(f"{FILE}: unknown {', '.join(unknown)}; use units of ward_units.csv and "
                         "measures of vitals.csv")  # fmt: skip
    return found
