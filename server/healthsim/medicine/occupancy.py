"""What becomes of a visit, order or fill that falls into a stay: rules as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from healthsim.medicine.datafiles import rows

STAYS = ("observation", "inpatient", "snf")
"""Classes of encounters that are a bed."""

Displacement = Literal["after", "discharge", "drop", "keep", "ends"]


@dataclass(frozen=True)
class Displaced:
    """What becomes of something that falls into a stay.

    Attributes:
        rule: "after" moves it to a day after the discharge, "discharge" to the day of it, "drop"
            leaves it out, "keep" leaves it where it is, and "ends" ends the stay on its day.
        days: number of days over which "after" spreads what it moves; 0 is the next day.
    """

    rule: Displacement
    days: int


@cache
def displacements() -> Mapping[tuple[str, str], Displaced]:
    """Return (class of the stay, class of the visit or type of the step) -> what becomes of it.

    Raises:
        ValueError: a row names no stay, no rule, or a negative number of days.
    """
    found: dict[tuple[str, str], Displaced] = {}
    for row in rows("occupancy.csv"):
        known = get_args(Displacement)
        if row["stay"] not in STAYS or row["rule"] not in known or int(row["days"]) < 0:
            raise ValueError(f"occupancy.csv: {row['stay']}, {row['what']}: use a stay of "
                             f"{', '.join(STAYS)}, a rule of {', '.join(known)}, and 0 or more "
                             "days")  # fmt: skip
        found[row["stay"], row["what"]] = Displaced(_rule(row["rule"]), int(row["days"]))
    return found


def _rule(word: str) -> Displacement:
    return next(rule for rule in get_args(Displacement) if rule == word)
