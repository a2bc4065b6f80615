"""Illnesses that readings of several days show: rows of ``data/shown_by_readings.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from healthsim.medicine.datafiles import rows

FILE = "shown_by_readings.csv"


@dataclass(frozen=True)
class Readings:
    """The readings that show an illness.

    Attributes:
        code: beginning of its codes, ICD-10-CM.
        at_least: LOINC code -> least reading that counts, in the sign's unit; any of them does.
        at_once: LOINC code -> least reading that shows it by itself.
        days: on how many days there is such a reading before it is known.
        within_days: who has no reading in so many days from its beginning is not watched for it:
            it is recorded as it is stated.
    """

    code: str
    at_least: dict[str, float]
    at_once: dict[str, float]
    days: int
    within_days: int


@cache
def shown_by_readings() -> tuple[Readings, ...]:
    """Return every illness of the table.

    >>> shown_by_readings()[0].code, shown_by_readings()[0].days
    ('O13', 2)
    """
    found: dict[str, Readings] = {}
    for row in rows(FILE):
        new = Readings(row["code"], {}, {}, int(row["days"]), int(row["within_days"]))
        one = found.setdefault(new.code, new)
        one.at_least[row["loinc"]] = float(row["at_least"])
        one.at_once[row["loinc"]] = float(row["at_once"])
    return tuple(found.values())


def readings_that_show(code: str) -> Readings | None:
    """Return the readings that show an illness, None where none do.

    >>> readings_that_show("O13.3").days, readings_that_show("I10")
    (2, None)
    """
    return next((one for one in shown_by_readings() if code.startswith(one.code)), None)
