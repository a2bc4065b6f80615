"""What finishes the treatment of an infection after a stay: ``data/discharge_courses.csv``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.codes.drugs import drugs
from healthsim.medicine.datafiles import rows

FILE = "discharge_courses.csv"
NOT_LEAVING = (
    "02", "05", "07", "20", "40", "41", "42", "43", "50", "51", "66", "82", "85", "94",
)  # fmt: skip
"""Discharge status (NUBC) of those who go to another hospital, leave against advice, are dying or
dead: nobody prescribes for their time at home."""


class DischargeCourse(NamedTuple):
    """A drug that people take home after a stay for an infection.

    Attributes:
        diagnoses: beginnings of the codes of the infection.
        fewest: nights of the stay, at least.
        most: nights of the stay, at most.
        drug: its name in the drug book.
        days: how many days it is taken at home.
        share: of those who have none of the rows before, 0 to 1.
    """

    diagnoses: tuple[str, ...]
    fewest: int
    most: int
    drug: str
    days: int
    share: float


@cache
def discharge_courses(code: str) -> tuple[DischargeCourse, ...]:
    """Return what may finish the treatment of a diagnosis; none where nothing has to.

    >>> [(one.most, one.days) for one in discharge_courses("A41.9") if one.share < 1]
    [(3, 7), (6, 5)]
    """
    return tuple(one for one in all_courses() if code.startswith(one.diagnoses))


@cache
def all_courses() -> tuple[DischargeCourse, ...]:
    """Return every row of the table, in its order."""
    return tuple(_course(row) for row in rows(FILE))


def _course(row: dict[str, str]) -> DischargeCourse:
    fewest, _, most = row["nights"].partition("-")
    drug = drugs().find(row["drug"], FILE).display
    return DischargeCourse(
        tuple(row["diagnosis"].split("|")), int(fewest), int(most), drug, int(row["days"]),
        float(row["share"]),
    )  # fmt: skip


@cache
def treating_classes() -> frozenset[str]:
    """Return the classes of drugs that treat infections: a journey that states one states all."""
    return frozenset(one for row in rows(FILE) for one in row["classes"].split("|") if one)
