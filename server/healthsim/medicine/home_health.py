"""Which care at home follows a discharge to home health: rows of ``data/home_health.csv``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

FILE = "home_health.csv"
ORDERS_CARE = ("06", "86")
"""Discharge statuses (NUBC) that say that visits of a home health agency follow."""
LATEST_START = 2
"""Days from the return home within which care begins: 42 CFR 484.55(a)(1), 48 hours."""
_ACTIVE, _LATER = "A", "D"
_INJURY = re.compile(r"[ST][0-9A-Z]{2}\.[0-9A-Z]{4}")
"""A code of an injury with a seventh character, which says how often it was seen."""


class CareAtHome(NamedTuple):
    """The visits that follow a discharge; of several rows that fit, the first counts.

    Attributes:
        care: what it is for, in words.
        procedures: regular expression for the beginning of a procedure of the stay; empty: any.
        diagnosis: regular expression for the beginning of its first diagnosis; empty: any.
        codes: ICD-10-CM codes of the visits; none: the first diagnosis of the stay.
        service: HCPCS code of each visit.
        specialty: who comes; empty: a nurse.
        soonest: fewest days from the discharge to the first visit.
        latest: most days from the discharge to the first visit.
        every_days: days between two visits.
        visits: how many.
    """

    care: str
    procedures: str
    diagnosis: str
    codes: tuple[str, ...]
    service: str
    specialty: str
    soonest: int
    latest: int
    every_days: int
    visits: int


@cache
def care_at_home(procedures: tuple[str, ...], diagnosis: str) -> CareAtHome:
    """Return the care at home after a stay.

    Args:
        procedures: ICD-10-PCS and CPT codes of the stay, or of an operation without one.
        diagnosis: its first diagnosis, ICD-10-CM; empty where it is not known before the run.

    >>> care_at_home(("0SRC0J9",), "M17.11").codes
    ('Z47.1',)
    >>> care_at_home(("27447",), "M17.11").specialty
    'physical therapy'
    >>> care_at_home((), "J18.9").care
    'illness'
    """
    return next(one for one in _table() if _fits(one, procedures, diagnosis))


def seen_again(code: str) -> str:
    """Return the code of a diagnosis in a visit after the stay: of an injury, "subsequent".

    >>> seen_again("S82.841A"), seen_again("J18.9")
    ('S82.841D', 'J18.9')
    """
    injured = _INJURY.fullmatch(code) is not None and code.endswith(_ACTIVE)
    return code.removesuffix(_ACTIVE) + _LATER if injured else code


def _fits(one: CareAtHome, procedures: Sequence[str], diagnosis: str) -> bool:
    done = not one.procedures or any(re.match(one.procedures, code) for code in procedures)
    return done and (not one.diagnosis or re.match(one.diagnosis, diagnosis) is not None)


@cache
def _table() -> tuple[CareAtHome, ...]:
    """Return the rows of the table.

    Raises:
        ValueError: a first visit may come too late, or before it may come.
    """
    found = tuple(
        CareAtHome(
            row["care"], row["procedures"], row["diagnosis"], tuple(row["codes"].split()),
            row["service"], row["specialty"], int(row["soonest"]), int(row["latest"]),
            int(row["every_days"]), int(row["visits"]),
        )
        for row in rows(FILE)
    )  # fmt: skip
    for one in found:
        if not 0 <= one.soonest <= one.latest <= LATEST_START:
            raise ValueError(f"{FILE}: {one.care} begins {one.soonest} to {one.latest} days after "
                             f"the discharge; use 0 to {LATEST_START}, soonest first")  # fmt: skip
    return found
