"""What a DRG pays by: weight, usual length of stay, and whether transfers are paid per diem."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.codes.books import drg as drg_book
from healthsim.tables import Coded


@dataclass(frozen=True, eq=False)
class DrgPayments:
    """What the DRGs of stays pay by; arrays of shape (n,).

    Attributes:
        weight: float64, relative weight; NaN without a DRG.
        gmlos_days: float64, geometric mean length of stay; NaN without a DRG.
        post_acute: bool, whether a transfer to post-acute care is paid per diem.
        special_pay: bool, whether such a transfer is paid half at once and the rest per diem.
    """

    weight: NDArray[np.float64]
    gmlos_days: NDArray[np.float64]
    post_acute: NDArray[np.bool_]
    special_pay: NDArray[np.bool_]


@dataclass(frozen=True)
class _Payment:
    weight: float
    gmlos_days: float
    post_acute: bool = False
    special_pay: bool = False


_NONE = _Payment(float("nan"), float("nan"))


def drg_payments(drg: Coded) -> DrgPayments:
    """Return what the DRG of each row pays by.

    Weights are those of the book of DRGs (CMS table 5, or what a user imported), and of a group
    that this year's table no longer has those of ``data/drg_retired.csv``; whether transfers are
    paid per diem is in ``data/drg_transfer.csv``.

    >>> drg_payments(Coded.of(["470", None])).weight.round(1)
    array([1.9, nan])
    """
    known = [*map(_payment, drg.vocabulary), _NONE]
    return DrgPayments(
        weight=np.array([one.weight for one in known])[drg.codes],
        gmlos_days=np.array([one.gmlos_days for one in known])[drg.codes],
        post_acute=np.array([one.post_acute for one in known])[drg.codes],
        special_pay=np.array([one.special_pay for one in known])[drg.codes],
    )


def _payment(code: str) -> _Payment:
    post_acute, special_pay = _transfers().get(code, (False, False))
    found = drg_book().rows.get(code)
    if found is not None:
        return _Payment(found.weight, found.gmlos_days, post_acute, special_pay)
    retired = retired_groups().get(code)
    return _Payment(*retired) if retired is not None else _NONE


@cache
def _transfers() -> dict[str, tuple[bool, bool]]:
    return {row["drg"]: (row["post_acute"] == "yes", row["special_pay"] == "yes")
            for row in rows("drg_transfer.csv")}  # fmt: skip


@cache
def retired_groups() -> dict[str, tuple[float, float]]:
    """Return weight and geometric mean stay of the groups that this year's table has no more."""
    return {row["drg"]: (float(row["weight"]), float(row["gmlos_days"]))
            for row in rows("drg_retired.csv")}  # fmt: skip
