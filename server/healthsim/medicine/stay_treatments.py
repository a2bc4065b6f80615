"""What is done in every stay with a diagnosis: rows of ``data/stay_treatments.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

FILE = "stay_treatments.csv"


class StayTreatment(NamedTuple):
    """A treatment that nobody goes without for a stay.

    Attributes:
        diagnoses: beginnings of the ICD-10-CM codes of a stay that needs it.
        operation: ICD-10-PCS code of the treatment.
        instead: beginnings of codes of procedures that stand for it, or make it needless.
        words: its name.
    """

    diagnoses: tuple[str, ...]
    operation: str
    instead: tuple[str, ...]
    words: str


@cache
def stay_treatments() -> tuple[StayTreatment, ...]:
    """Return every row of the table."""
    return tuple(
        StayTreatment(
            tuple(row["diagnosis"].split("|")),
            row["operation"],
            tuple(row["instead"].split("|")),
            row["words"],
        )
        for row in rows(FILE)
    )


def missing_treatments(diagnoses: Sequence[str], done: Sequence[str]) -> tuple[str, ...]:
    """Return the ICD-10-PCS codes of what a stay needs and has not.

    >>> missing_treatments(["I12.0", "N18.6"], ["99223"])
    ('5A1D70Z',)
    >>> missing_treatments(["N18.6"], ["0TY00Z0"]), missing_treatments(["N18.5"], [])
    ((), ())
    """
    return tuple(
        one.operation
        for one in stay_treatments()
        if any(code.startswith(one.diagnoses) for code in diagnoses)
        and not any(code.startswith(one.instead) for code in done)
    )
