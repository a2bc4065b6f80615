"""What the vital signs of the dying do in their last days."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from healthsim.medicine.datafiles import rows

HOURS = 48
"""Hours before death in which vital signs leave their usual values: assumption."""


@dataclass(frozen=True, slots=True)
class Dying:
    """How far a sign has moved at death; before it, a part of it.

    Attributes:
        times: factor at death.
        plus: what is added at death, in the sign's unit.
        low: it does not go below this.
    """

    times: float
    plus: float
    low: float


@cache
def dying() -> dict[str, Dying]:
    """Return LOINC code -> what becomes of the sign.

    >>> dying()["59408-5"].plus
    -13.0
    """
    return {
        row["loinc"]: Dying(float(row["times"]), float(row["plus"]), float(row["low"]))
        for row in rows("dying.csv")
    }
