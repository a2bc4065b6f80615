"""What Medicare pays of a stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from healthsim.billing.facility.ipps import COST_OF_CHARGE, PaidStays, stay_dollars, transfer_share
from healthsim.dates import day_of
from healthsim.tables import Coded

RATE = 6_624.39 + 512.14
"""Operating and capital amounts of fiscal year 2025."""


def stay(status: str = "01", nights: int = 4, charge: int = 0, **changes: Any) -> PaidStays:
    facts = {"weight": 2.0, "gmlos_days": 6.0, "post_acute": True, "special_pay": False,
             "day": "2025-03-01"} | changes  # fmt: skip
    return PaidStays(
        weight=np.array([facts["weight"]]), gmlos_days=np.array([facts["gmlos_days"]]),
        post_acute=np.array([facts["post_acute"]]), special_pay=np.array([facts["special_pay"]]),
        discharge_status=Coded.of([status]),
        discharged=np.array([day_of(str(facts["day"]))], dtype=np.int32),
        nights=np.array([nights], dtype=np.int32), charge=np.array([charge], dtype=np.int64),
    )  # fmt: skip


@pytest.mark.parametrize(("day", "rate"), [
    ("2025-03-01", RATE), ("2025-09-30", RATE), ("2025-10-01", 6_752.61 + 524.15),
])  # fmt: skip
def test_a_stay_is_paid_its_weight_at_the_rate_of_its_fiscal_year(day: str, rate: float) -> None:
    assert stay_dollars(stay(day=day))[0] == pytest.approx(2 * rate)


@pytest.mark.parametrize(("status", "changes", "nights", "share"), [
    ("01", {}, 1, 1.0),
    ("02", {"post_acute": False}, 2, 3 / 6),
    ("03", {}, 2, 3 / 6),
    ("03", {"post_acute": False}, 2, 1.0),
    ("06", {}, 4, 5 / 6),
    ("06", {}, 5, 1.0),
    ("62", {"special_pay": True}, 2, 0.75),
    ("20", {}, 0, 1.0),
    ("03", {"gmlos_days": np.nan}, 0, 1.0),
])  # fmt: skip
def test_an_early_transfer_is_paid_by_the_day_and_the_first_one_twice(
    status: str, changes: dict[str, Any], nights: int, share: float
) -> None:
    assert transfer_share(stay(status, nights, **changes))[0] == pytest.approx(share)


def test_a_very_expensive_stay_is_paid_most_of_what_lies_above_the_threshold() -> None:
    price, threshold = 2 * RATE, 46_217
    least = round((price + threshold) / COST_OF_CHARGE * 100)
    more = round(10_000 / COST_OF_CHARGE * 100)

    assert stay_dollars(stay(charge=least))[0] == pytest.approx(price, abs=0.01)
    assert stay_dollars(stay(charge=least + more))[0] == pytest.approx(price + 8_000, abs=0.02)


def test_a_stay_without_a_weight_has_no_price() -> None:
    assert stay_dollars(stay(weight=np.nan)).tolist() == [0.0]
