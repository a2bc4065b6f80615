"""Which tests are usual in stays that no journey states: rows of ``data/stay_tests.csv``."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from healthsim.codes.loinc import panel, panels
from healthsim.medicine.datafiles import rows

FILE = "stay_tests.csv"
MOST_DAYS, MOST_CODES = 32, 32
"""Days of a stay on which there may be usual tests, and LOINC codes that there may ever be:
numbers of records are kept for so many."""


class StayTest(NamedTuple):
    """A panel that is usual in some stays.

    Attributes:
        panel: its name, or the LOINC code of a test by itself.
        classes: of encounters.
        principal: regular expression for the beginning of the first diagnosis; empty: none.
        any: the same for any diagnosis; empty: none.
        procedures: the same for a procedure of the stay; empty: none.
        first_day: day of the stay on which it is first done; 0 is that of arrival.
        every_days: days to the next; 0: it is done once.
        most: how often at most.
    """

    panel: str
    classes: tuple[str, ...]
    principal: str
    any: str
    procedures: str
    first_day: int
    every_days: int
    most: int

    @property
    def days(self) -> tuple[int, ...]:
        """The days of the stay on which it is due, if the stay lasts so long."""
        due = (self.first_day + turn * self.every_days for turn in range(self.most))
        return tuple(dict.fromkeys(day for day in due if day < MOST_DAYS))


@cache
def stay_tests() -> tuple[StayTest, ...]:
    """Return every row of the table, in its order."""
    return tuple(
        StayTest(
            row["panel"], tuple(row["classes"].split("|")), row["principal"], row["any"],
            row["procedures"], int(row["first_day"]), int(row["every_days"]), int(row["most"]),
        )
        for row in rows(FILE)
    )  # fmt: skip


@cache
def tested_panels() -> dict[str, tuple[str, ...]]:
    """Return the LOINC codes of each panel of the table, and of each test by itself, in its order.

    >>> list(tested_panels())
    ['bmp', 'cbc', 'abg', '1975-2']
    """
    names = dict.fromkeys(one.panel for one in stay_tests())
    return {name: panel(name) if name in panels() else (name,) for name in names}


@cache
def tested_codes() -> tuple[str, ...]:
    """Return the LOINC codes of all panels. A record's number depends on a code's place.

    Raises:
        ValueError: there are more than there are numbers for.
    """
    codes = tuple(dict.fromkeys(code for codes in tested_panels().values() for code in codes))
    if len(codes) > MOST_CODES:
        raise ValueError(f"{FILE}: {len(codes)} codes; use at most {MOST_CODES}")
    return codes


@cache
def shown_on_arrival(diagnosis: str) -> frozenset[str]:
    """Return the LOINC codes that are measured on arrival in every stay with a diagnosis.

    >>> "2703-7" in shown_on_arrival("J96.01"), shown_on_arrival("D62")
    (True, frozenset())
    """
    panels = [one.panel for one in stay_tests()
              if one.any and not one.first_day and re.match(one.any, diagnosis)]  # fmt: skip
    return frozenset(code for name in panels for code in tested_panels()[name])


def is_tested(encounter_class: str) -> bool:
    """Tell whether a class of encounters has usual tests.

    >>> is_tested("inpatient"), is_tested("office")
    (True, False)
    """
    return any(encounter_class in one.classes for one in stay_tests())
