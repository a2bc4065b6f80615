"""Part A: benefit periods of 60 days, its deductible, and the days of hospitals and facilities."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.billing.benefits.part_a import PartAStays, part_a_stays
from healthsim.dates import day_of


def stays(*given: tuple[str, int, str]) -> PartAStays:
    """Return stays of one person: first day, nights, hospital or nursing."""
    first = np.array([day_of(day) for day, _, _ in given], dtype=np.int32)
    nights = np.array([nights for _, nights, _ in given], dtype=np.int32)
    nursing = np.array([kind == "nursing" for _, _, kind in given])
    return part_a_stays(np.zeros(len(given), np.int32), first, first + nights, nursing)


@pytest.mark.parametrize(("gap", "deductibles"), [(0, 1), (59, 1), (60, 2), (61, 2)])
def test_the_deductible_is_owed_again_after_sixty_days_at_home(gap: int, deductibles: int) -> None:
    begins = np.array([20_100, 20_105 + gap], dtype=np.int32)

    found = part_a_stays(np.zeros(2, np.int32), begins, begins + 5, np.zeros(2, bool))

    assert (found.deductible > 0).sum() == deductibles
    assert found.period.tolist() == [1, deductibles]


def test_a_nursing_facility_keeps_the_period_open() -> None:
    found = stays(("2025-01-01", 5, "hospital"), ("2025-01-06", 40, "nursing"),
                  ("2025-04-01", 3, "hospital"))  # fmt: skip

    assert found.period.tolist() == [1, 1, 1]
    assert found.deductible.tolist() == [1676_00, 0, 0]


@pytest.mark.parametrize(("nights", "coinsurance"), [
    (20, 0), (21, 209_50), (100, 80 * 209_50), (110, 80 * 209_50)])  # fmt: skip
def test_days_21_to_100_in_a_nursing_facility_cost_the_daily_amount(
    nights: int, coinsurance: int
) -> None:
    found = stays(("2025-01-01", 3, "hospital"), ("2025-01-04", nights, "nursing"))

    assert found.coinsurance.tolist() == [0, coinsurance]
    assert found.exhausted_days.tolist() == [0, max(0, nights - 100)]


def test_hospital_days_61_to_90_and_the_lifetime_reserve_cost_what_the_law_says() -> None:
    found = stays(("2025-01-01", 100, "hospital"), ("2026-01-01", 160, "hospital"))

    assert found.coinsurance.tolist() == [30 * 419_00 + 10 * 838_00, 30 * 434_00 + 50 * 868_00]
    assert found.reserve_days.tolist() == [10, 50]
    assert found.exhausted_days.tolist() == [0, 20]
    assert found.deductible.tolist() == [1676_00, 1736_00]


def test_the_deductible_is_that_of_the_year_in_which_the_period_began() -> None:
    found = stays(("2025-12-28", 10, "nursing"), ("2026-01-20", 4, "hospital"))

    assert found.deductible.tolist() == [0, 1676_00]


def test_people_do_not_share_periods_and_the_order_of_rows_does_not_matter() -> None:
    person = np.array([1, 0, 1, 0], dtype=np.int32)
    first = np.array([20_200, 20_200, 20_100, 20_170], dtype=np.int32)

    found = part_a_stays(person, first, first + 5, np.zeros(4, bool))

    assert found.period.tolist() == [2, 1, 1, 1]
    assert (found.deductible > 0).tolist() == [True, False, True, True]
