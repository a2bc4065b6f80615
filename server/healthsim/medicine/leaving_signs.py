"""Vital signs of those who leave a stay: nobody is sent home ill."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from healthsim.medicine.datafiles import rows

HOURS, SETTLED = 36, 12
"""Hours before a discharge from which a sign draws near its limit, and at which it has reached it:
stability is asked for on the day of discharge; hours: assumption."""


@dataclass(frozen=True, slots=True)
class LeavingSign:
    """Within which limits a vital sign is on discharge.

    Attributes:
        loinc: of the sign.
        classes: of encounters.
        statuses: of discharge.
        from_months: of age.
        low, high: limits, in the sign's unit; infinite where there is none.
        spread: how far inside the limit the values end at most, of those that were outside.
    """

    loinc: str
    classes: tuple[str, ...]
    statuses: tuple[str, ...]
    from_months: int
    low: float
    high: float
    spread: float


@cache
def leaving_signs() -> tuple[LeavingSign, ...]:
    """Return the rows of `medicine/data/leaving_signs.csv`.

    >>> leaving_signs()[0].high
    37.7
    """
    return tuple(
        LeavingSign(
            row["loinc"], tuple(row["classes"].split("|")), tuple(row["statuses"].split("|")),
            int(row["from_months"]), float(row["low"] or "-inf"), float(row["high"] or "inf"),
            float(row["spread"]),
        )
        for row in rows("leaving_signs.csv")
    )  # fmt: skip
