"""The anemia of a stay that gives red cells: rows of ``data/transfused_anemia.csv``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

FILE = "transfused_anemia.csv"


class TransfusedAnemia(NamedTuple):
    """A diagnosis of those who are given red cells.

    Attributes:
        code: ICD-10-CM.
        visit: regular expression for the beginning of another diagnosis of the stay.
        operation: regular expression for the beginning of an operation of the stay. The row holds
            with either of the two; for everybody where both are empty.
        known: regular expression for the beginnings of diagnoses that name an anemia already.
    """

    code: str
    visit: str
    operation: str
    known: str


@cache
def transfused_anemias() -> tuple[TransfusedAnemia, ...]:
    """Return every row of the table; the first that holds is the one."""
    return tuple(
        TransfusedAnemia(row["code"], row["visit"], row["operation"], row["known"])
        for row in rows(FILE)
    )


def anemia_of(diagnoses: Iterable[str], *, operated: bool) -> str:
    """Return the diagnosis of a stay that gives red cells; "" where one names an anemia.

    Args:
        diagnoses: ICD-10-CM codes of the stay.
        operated: whether somebody was operated in it, in a way that costs blood.

    >>> anemia_of(["I25.10"], operated=True), anemia_of(["K92.2"], operated=False)
    ('D62', 'D62')
    >>> anemia_of(["N18.4"], operated=False), anemia_of(["N18.4", "D63.1"], operated=False)
    ('D64.9', '')
    >>> anemia_of(["O72.1", "Z37.0"], operated=False)
    'O90.81'
    """
    listed = list(diagnoses)
    for one in transfused_anemias():
        if any(re.match(one.known, code) for code in listed):
            return ""
        bleeds = one.visit and any(re.match(one.visit, code) for code in listed)
        if bleeds or (one.operation and operated) or not (one.visit or one.operation):
            return one.code
    return ""
