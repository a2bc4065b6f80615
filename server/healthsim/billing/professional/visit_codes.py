"""Codes of visits: new or known patients, preventive visits by age, days of a stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows

KNOWN_MONTHS = 36
"""A patient is known to a group's specialty whose clinician saw them in the three years before."""

_PACKAGED = ("9920", "9921", "9922", "9923", "9930", "9931", "9934", "9935", "9200", "9201")
_PREVENTIVE = ("9938", "9939")
_WELLNESS = ("G0402", "G0438", "G0439")
_UNCHARGED = "99024"


@dataclass(frozen=True, slots=True)
class StayDays:
    """What the attending clinician bills after the first day of a stay.

    Attributes:
        later: each day between.
        last: the day of discharge.
    """

    later: str
    last: str


@cache
def established_codes() -> Mapping[str, str]:
    """Return the code of a visit of a new patient -> that of the same visit of a known one.

    >>> established_codes()["99204"]
    '99214'
    """
    return {row["new"]: row["established"] for row in rows("visit_levels.csv")}


@cache
def preventive_codes() -> tuple[tuple[int, str, str], ...]:
    """Return (from age, code of a new patient, code of a known one) of preventive visits."""
    return tuple((int(row["from_age"]), row["new"], row["established"])
                 for row in rows("preventive_ages.csv"))  # fmt: skip


def preventive_code(ages: NDArray[np.int32], new: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the code of everyone's preventive visit, as a position in `PREVENTIVE`; intp, (n,).

    Args:
        ages: int32, whole years on the day of the visit, shape (n,).
        new: bool, whether they are new patients, shape (n,).
    """
    edges = [from_age for from_age, _, _ in preventive_codes()][1:]
    band = np.searchsorted(edges, ages, side="right")
    return band * 2 + ~new


def preventive_vocabulary() -> tuple[str, ...]:
    """Return the codes to which `preventive_code` points."""
    return tuple(code for _, *pair in preventive_codes() for code in pair)


def is_preventive(code: str) -> bool:
    """Tell whether a code is a preventive visit whose code goes by age.

    >>> is_preventive("99395"), is_preventive("G0439")
    (True, False)
    """
    return code.startswith(_PREVENTIVE) and code <= "99397"


def is_visit(code: str) -> bool:
    """Tell whether a code is a visit itself (evaluation and management), not what is done in it.

    >>> [is_visit(code) for code in ("99213", "99232", "92014", "G0439", "93000", "99291")]
    [True, True, True, True, False, False]
    """
    return is_packaged(code) or is_preventive(code) or code in _WELLNESS or is_emergency(code)


def is_emergency(code: str) -> bool:
    """Tell whether a code is an emergency physician's visit."""
    return "99281" <= code <= "99285"


def is_packaged(code: str) -> bool:
    """Tell whether a visit is part of an operation's price in its global period, if related.

    >>> [is_packaged(code) for code in ("99213", "99024", "99395", "99285")]
    [True, True, False, False]
    """
    return code == _UNCHARGED or code.startswith(_PACKAGED)


def is_wellness(code: str) -> bool:
    """Tell whether a code is a Medicare preventive visit, beside which another visit needs 25."""
    return code in _WELLNESS


def is_uncharged(code: str) -> bool:
    """Tell whether a code only reports that a visit took place within a package."""
    return code == _UNCHARGED


@cache
def stay_days() -> Mapping[str, StayDays]:
    """Return the code of the first day of a stay -> those of later days and of the discharge.

    >>> stay_days()["99223"]
    StayDays(later='99232', last='99239')
    """
    return {row["first"]: StayDays(row["later"], row["last"]) for row in rows("hospital_days.csv")}
