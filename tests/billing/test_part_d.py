"""Part D of 2025 and 2026 on worked cases, to the cent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from healthsim.dates import NO_DAY, day_of
from healthsim.products.membersim.plans import PlanTable
from healthsim.products.rxmembersim.sharing import PHASES, FillShares, PricedFills, share_fills
from healthsim.specification.profiles.plan_design import PlanDesign

_LAW = {"drug_deductible_usd": "law", "drug_oop_max_usd": "law"}


def fills(*prices: int, year: int = 2025, **given: Any) -> FillShares:
    """Share one person's fills of a plan of the standard benefit, one a day, a month each."""
    design = {"kind": "medicare_original", **_LAW, **given.pop("design", {})}
    size, brand = len(prices), given.pop("brand", True)
    columns = {"days_supply": 30, "tier": 3, "insulin": False, "vaccine": False, **given}
    return share_fills(
        PricedFills(
            person=np.zeros(size, np.int32), plan=np.zeros(size, np.int32),
            fill_date=day_of(f"{year}-01-05") + np.arange(size, dtype=np.int32),
            price=np.array(prices), generic=np.full(size, not brand),
            tier=np.full(size, columns["tier"], np.int32),
            days_supply=np.full(size, columns["days_supply"], np.int32),
            insulin=np.full(size, columns["insulin"]), vaccine=np.full(size, columns["vaccine"]),
        ),
        PlanTable.of({"own": PlanDesign(**design)}),
    )  # fmt: skip


def member(shares: FillShares) -> list[int]:
    return (shares.deductible + shares.copay).tolist()


def own(shares: FillShares, prices: list[int]) -> list[int]:
    """Return what plans pay for good."""
    paid = shares.plan_paid - shares.subsidy - shares.parts.manufacturer
    assert (shares.parts.below + shares.parts.above).tolist() == prices
    return paid.tolist()


def test_the_first_fill_meets_the_deductible_and_costs_a_quarter_of_the_rest() -> None:
    shares = fills(1000_00)

    assert shares.deductible.tolist() == [590_00]
    assert shares.copay.tolist() == [102_50]
    assert own(shares, [1000_00]) == [266_50]
    assert shares.parts.manufacturer.tolist() == [41_00]


def test_a_brand_that_straddles_the_threshold_is_parted_there() -> None:
    """True out-of-pocket cost 1,900.00 before, then a brand of 1,200.00."""
    prices = [590_00 + 4 * 1310_00, 1200_00]

    shares = fills(*prices)

    assert member(shares) == [1900_00, 100_00]
    assert own(shares, prices)[1] == 900_00
    assert shares.parts.below[1] == 400_00
    assert shares.parts.above[1] == 800_00
    assert shares.parts.manufacturer[1] == 40_00 + 160_00
    assert shares.parts.reinsurance[1] == 160_00


@pytest.mark.parametrize(("year", "deductible", "maximum"), [
    (2025, 590_00, 2000_00), (2026, 615_00, 2100_00)])  # fmt: skip
def test_the_threshold_is_met_at_the_deductible_and_four_times_the_rest(
    year: int, deductible: int, maximum: int
) -> None:
    gross = deductible + 4 * (maximum - deductible)

    shares = fills(gross - 4, 4, 100_00, year=year)

    assert member(shares) == [maximum - 1, 1, 0]
    assert [PHASES[phase] for phase in shares.phase] == ["deductible", "initial", "catastrophic"]
    if year == 2025:
        assert gross == 6230_00


def test_a_generic_has_no_discount_and_more_reinsurance() -> None:
    prices = [6230_00, 100_00]

    shares = fills(*prices, brand=False)

    assert shares.parts.manufacturer.tolist() == [0, 0]
    assert shares.parts.reinsurance.tolist() == [0, 40_00]
    assert own(shares, prices) == [6230_00 - 2000_00, 100_00]


def test_a_copay_that_passes_the_threshold_parts_the_price_in_proportion() -> None:
    design = {"drug_tiers_usd": {"3": 100}, "drug_deductible_usd": 0, "drug_oop_max_usd": 130}

    shares = fills(500_00, 500_00, design=design)

    assert member(shares) == [100_00, 30_00]
    assert shares.parts.below.tolist() == [500_00, 150_00]


def test_a_manufacturer_pays_no_more_than_a_copay_leaves_of_the_price() -> None:
    design = {"drug_tiers_usd": {"3": 47}, "drug_deductible_usd": 100}

    shares = fills(120_00, 50_00, 500_00, design=design)

    assert member(shares) == [120_00, 47_00, 47_00]
    assert shares.parts.manufacturer.tolist() == [0, 3_00, 50_00]
    assert own(shares, [120_00, 50_00, 500_00]) == [0, 0, 403_00]


@pytest.mark.parametrize(("days_supply", "price", "year", "owed"), [
    (30, 300_00, 2025, 35_00), (31, 300_00, 2025, 70_00), (90, 900_00, 2025, 105_00),
    (30, 100_00, 2025, 25_00), (30, 100_00, 2026, 25_00), (30, 300_00, 2026, 35_00)])  # fmt: skip
def test_insulin_has_no_deductible_and_a_cap_for_each_month(
    days_supply: int, price: int, year: int, owed: int
) -> None:
    shares = fills(price, days_supply=days_supply, insulin=True, year=year)

    assert shares.deductible.tolist() == [0]
    assert shares.copay.tolist() == [owed]


@pytest.mark.parametrize(("year", "owed"), [(2025, 35_00), (2026, 30_00)])
def test_from_2026_on_insulin_costs_at_most_a_quarter_of_its_price(year: int, owed: int) -> None:
    shares = fills(120_00, insulin=True, year=year, design={"drug_tiers_usd": {"3": 50}})

    assert shares.copay.tolist() == [owed]


def test_a_vaccine_costs_nothing_and_counts_for_nothing() -> None:
    shares = fills(200_00, vaccine=True)

    assert member(shares) == [0]
    assert shares.plan_paid.tolist() == [200_00]


@pytest.mark.parametrize(("level", "brand", "year", "owed"), [
    ("full", True, 2025, 12_15), ("full", False, 2025, 4_90), ("full", True, 2026, 12_65),
    ("dual", True, 2025, 4_80), ("dual", False, 2026, 1_60), ("institutional", True, 2025, 0),
])  # fmt: skip
def test_the_subsidy_pays_what_is_above_its_copay_and_counts_towards_the_threshold(
    level: str, brand: bool, year: int, owed: int
) -> None:
    shares = fills(300_00, 7000_00, 300_00, year=year, brand=brand,
                   design={"low_income_subsidy": level})  # fmt: skip

    assert member(shares)[0] == owed
    assert shares.deductible.tolist() == [0, 0, 0]
    assert shares.subsidy[0] == 300_00 - owed
    assert member(shares)[2] == 0
    assert shares.phase[2] == 2


def test_what_counts_goes_on_when_a_person_changes_plan_within_the_year() -> None:
    plans = PlanTable.of({
        "one": PlanDesign(kind="medicare_original", **_LAW),
        "two": PlanDesign(kind="medicare_advantage", oop_max_usd=5000, **_LAW),
    })  # fmt: skip
    shares = share_fills(
        PricedFills(
            person=np.zeros(2, np.int32), plan=np.array([0, 1], np.int32),
            fill_date=day_of("2025-01-05") + np.arange(2, dtype=np.int32),
            price=np.array([6230_00, 100_00]), tier=np.full(2, 3, np.int32),
            days_supply=np.full(2, 30, np.int32), insulin=np.zeros(2, bool),
        ),
        plans,
    )  # fmt: skip

    assert member(shares) == [2000_00, 0]


def test_a_reversed_fill_keeps_its_shares_and_gives_its_room_back() -> None:
    first = day_of("2025-01-05")
    shares = share_fills(
        PricedFills(
            person=np.zeros(3, np.int32), plan=np.zeros(3, np.int32),
            fill_date=np.array([first, first + 1, first + 9], np.int32),
            price=np.full(3, 400_00), tier=np.full(3, 3, np.int32),
            days_supply=np.full(3, 30, np.int32), insulin=np.zeros(3, bool),
            reversed_date=np.array([first + 5, NO_DAY, NO_DAY], np.int32),
        ),
        PlanTable.of({"own": PlanDesign(kind="medicare_original", **_LAW)}),
    )  # fmt: skip

    assert shares.deductible.tolist() == [400_00, 190_00, 400_00]
