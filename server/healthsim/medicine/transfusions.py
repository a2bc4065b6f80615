"""When a stay gives red cells: rows of ``data/transfusions.csv``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

FILE = "transfusions.csv"
PANEL = "cbc"
"""What is measured on the day of a transfusion, and on the next."""


class Transfusion(NamedTuple):
    """What is given where a result is too low.

    Attributes:
        words: its name.
        operation: CPT code of what is given; each time one unit.
        loinc: of the result.
        after: regular expression for the beginning of a procedure after which the row holds; ""
            for everybody.
        days: how many days after it.
        below: a result below this asks for it, in the analyte's unit.
        last_day: of the stay on which it is asked; 0 is that of arrival.
    """

    words: str
    operation: str
    loinc: str
    after: str
    days: int
    below: float
    last_day: int


@cache
def transfusions() -> tuple[Transfusion, ...]:
    """Return every row of the table. The first whose procedure somebody had holds for them.

    >>> [(one.operation, one.below) for one in transfusions()]
    [('36430', 7.5), ('36430', 7.0)]
    """
    return tuple(
        Transfusion(row["words"], row["operation"], row["loinc"], row["after"],
                    int(row["days"] or 0), float(row["below"]), int(row["last_day"]))
        for row in rows(FILE)
    )  # fmt: skip
