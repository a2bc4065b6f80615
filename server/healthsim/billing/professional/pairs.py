"""Which services are not billed together, and how often one may be on a day: CMS's NCCI edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from healthsim.billing.datafiles import rows

DISTINCT = frozenset({
    "24", "25", "27", "57", "58", "59", "78", "79", "91", "XE", "XP", "XS", "XU", "E1", "E2", "E3",
    "E4", "FA", "TA", "LC", "LD", "LM", "RC", "RI", "LT", "RT",
    *(f"{limb}{number}" for limb in "FT" for number in range(1, 10)),
})  # fmt: skip
"""Modifiers that say that two services of a pair were apart."""


@dataclass(frozen=True, slots=True)
class MostUnits:
    """How many units of a service are likely at most.

    Attributes:
        units: of one clinician for one person.
        by_line: whether each line is judged alone, rather than the day.
    """

    units: int
    by_line: bool


@cache
def pairs() -> Mapping[tuple[str, str], bool]:
    """Return (code, code that is not billed beside it) -> whether a modifier allows it.

    >>> pairs()["80053", "80069"], pairs()["93000", "93010"]
    (False, True)
    """
    return {
        (row["column_1"], row["column_2"]): row["modifier_allowed"] == "1"
        for row in rows("procedure_pairs.csv")
        if row["modifier_allowed"] in {"0", "1"}
    }


@cache
def most_units() -> Mapping[str, MostUnits]:
    """Return code -> its most likely units.

    >>> most_units()["99469"]
    MostUnits(units=1, by_line=False)
    """
    return {row["hcpcs"]: MostUnits(int(row["units"]), row["mai"] == "1")
            for row in rows("most_units.csv")}  # fmt: skip
