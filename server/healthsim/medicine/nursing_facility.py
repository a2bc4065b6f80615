"""Which stay in a nursing facility follows a discharge to one: ``data/nursing_facility.csv``."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

FILE = "nursing_facility.csv"
ORDERS_STAY = ("03",)
"""Discharge statuses (NUBC) that say that a stay in a skilled nursing facility follows."""


class FacilityStay(NamedTuple):
    """The stay that follows a discharge; of several rows that fit, the first counts.

    Attributes:
        care: what it is for, in words.
        procedures: regular expression for the beginning of a procedure of the stay; empty: any.
        diagnosis: regular expression for the beginning of its first diagnosis; empty: any.
        codes: ICD-10-CM codes of the stay; none: the first diagnosis of the one before.
        mean, sd: of the nights, which are lognormal.
        low, high: fewest and most nights.
        home_share: share of people who go home without an agency's care.
    """

    care: str
    procedures: str
    diagnosis: str
    codes: tuple[str, ...]
    mean: float
    sd: float
    low: float
    high: float
    home_share: float


@cache
def facility_stay(procedures: tuple[str, ...], diagnosis: str) -> FacilityStay:
    """Return the stay in a nursing facility after a stay.

    Args:
        procedures: ICD-10-PCS codes of the stay.
        diagnosis: its first diagnosis, ICD-10-CM; empty where it is not known before the run.

    >>> facility_stay(("0SRC0J9",), "M17.11").codes, facility_stay((), "J18.9").care
    (('Z47.1',), 'illness')
    """
    return next(one for one in _table() if _fits(one, procedures, diagnosis))


def _fits(one: FacilityStay, procedures: tuple[str, ...], diagnosis: str) -> bool:
    done = not one.procedures or any(re.match(one.procedures, code) for code in procedures)
    return done and (not one.diagnosis or re.match(one.diagnosis, diagnosis) is not None)


@cache
def _table() -> tuple[FacilityStay, ...]:
    return tuple(
        FacilityStay(
            row["care"], row["procedures"], row["diagnosis"], tuple(row["codes"].split()),
            *(float(row[name]) for name in (
                "nights_mean", "nights_sd", "nights_low", "nights_high", "home_share")),
        )
        for row in rows(FILE)
    )  # fmt: skip
