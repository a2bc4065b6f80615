"""Deductibles, maxima and copays on the cent and the day at which they begin and end."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.products.membersim.plans import PlanTable
from healthsim.products.membersim.pricing import is_laboratory
from healthsim.products.membersim.sharing import NO_COPAY, CostSharingInput, share_costs
from healthsim.products.rxmembersim.sharing import PHASES, FillShares, PricedFills, share_fills
from healthsim.specification.profiles.plan_design import PlanDesign

DAY = 20_089  # 2025-01-01
NO = int(NO_COPAY)


def drug_plan(**design: object) -> PlanTable:
    tiers = {str(tier): 25 for tier in range(1, 6)}
    return PlanTable.of({
        "own": PlanDesign(kind="commercial", coinsurance_share=0.2, drug_tiers_usd=tiers, **design)
    })  # fmt: skip


def fill(
    *prices: int, tier: int = 1, days_supply: int = 30, plan: PlanTable
) -> tuple[FillShares, list[str]]:
    """Share one person's fills, one a day."""
    size = len(prices)
    shares = share_fills(
        PricedFills(
            person=np.zeros(size, np.int32),
            plan=np.zeros(size, np.int32),
            fill_date=DAY + np.arange(size, dtype=np.int32),
            price=np.array(prices, dtype=np.int64),
            tier=np.full(size, tier, np.int32),
            days_supply=np.full(size, days_supply, np.int32),
            insulin=np.zeros(size, np.bool_),
        ),
        plan,
    )
    return shares, [PHASES[phase] for phase in shares.phase]


def test_the_catastrophic_phase_begins_when_exactly_the_maximum_has_been_paid() -> None:
    shares, phases = fill(90_00, 90_00, 90_00, 90_00, plan=drug_plan(drug_oop_max_usd=75))

    assert shares.copay.tolist() == [25_00, 25_00, 25_00, 0]
    assert phases == ["initial", "initial", "initial", "catastrophic"]


def test_a_cent_below_the_maximum_the_next_fill_still_begins_in_the_initial_phase() -> None:
    shares, phases = fill(90_00, 90_00, 24_99, 90_00, plan=drug_plan(drug_oop_max_usd=75))

    assert shares.copay.tolist() == [25_00, 25_00, 24_99, 1]
    assert phases == ["initial", "initial", "initial", "initial"]


def test_a_deductible_that_is_met_to_the_cent_leaves_nothing_for_the_next_fill() -> None:
    shares, phases = fill(60_00, 40_00, 40_00, tier=3, plan=drug_plan(drug_deductible_usd=100))

    assert shares.deductible.tolist() == [60_00, 40_00, 0]
    assert shares.copay.tolist() == [0, 0, 25_00]
    assert phases == ["deductible", "deductible", "initial"]


@pytest.mark.parametrize(("tier", "deductible"), [(1, 0), (2, 0), (3, 90_00), (5, 90_00)])
def test_the_first_two_tiers_are_spared_the_deductible(tier: int, deductible: int) -> None:
    shares, _ = fill(90_00, tier=tier, plan=drug_plan(drug_deductible_usd=100))

    assert shares.deductible.tolist() == [deductible]


@pytest.mark.parametrize(
    ("days_supply", "copays"), [(1, 1), (29, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3)]
)
def test_a_copay_buys_thirty_days_begun(days_supply: int, copays: int) -> None:
    shares, _ = fill(900_00, days_supply=days_supply, plan=drug_plan())

    assert shares.copay.tolist() == [copays * 25_00]


def test_a_copay_is_never_more_than_the_price() -> None:
    shares, _ = fill(25_01, 25_00, 24_99, plan=drug_plan())

    assert shares.copay.tolist() == [25_00, 25_00, 24_99]
    assert shares.plan_paid.tolist() == [1, 0, 0]


def test_a_tier_whose_copay_is_nothing_costs_nothing_and_not_the_coinsurance() -> None:
    free = {"1": 0, "3": 5}
    plan = PlanTable.of({
        "own": PlanDesign(kind="commercial", coinsurance_share=0.2, drug_tiers_usd=free)
    })  # fmt: skip

    assert [fill(90_00, tier=tier, plan=plan)[0].copay[0] for tier in (1, 2, 3)] == [0, 18_00, 5_00]


def lines(*rows: tuple[int, int], start: int = DAY, **design: object) -> list[tuple[int, ...]]:
    """Share one person's lines of (allowed, copay), one a day; return what each part comes to."""
    plan = PlanTable.of({"own": PlanDesign(kind="commercial", **design)})
    size = len(rows)
    shares = share_costs(
        CostSharingInput(
            person=np.zeros(size, np.int32),
            plan=np.zeros(size, np.int32),
            service_date=start + np.arange(size, dtype=np.int32),
            allowed=np.array([allowed for allowed, _ in rows], dtype=np.int64),
            copay=np.array([copay for _, copay in rows], dtype=np.int64),
            covered=np.zeros(size, np.bool_),
        ),
        plan,
    )
    parts = (shares.deductible, shares.coinsurance, shares.copay, shares.plan_paid)
    return list(zip(*(part.tolist() for part in parts), strict=True))


def test_a_deductible_that_is_met_to_the_cent_is_not_asked_of_the_next_line() -> None:
    design = {"deductible_usd": 100, "coinsurance_share": 0.2, "oop_max_usd": 1000}

    assert lines((60_00, NO), (40_00, NO), (10_00, NO), **design) == [
        (60_00, 0, 0, 0), (40_00, 0, 0, 0), (0, 2_00, 0, 8_00)]  # fmt: skip
    assert lines((60_00, NO), (39_99, NO), (10_00, NO), **design)[2] == (1, 2_00, 0, 7_99)
    assert lines((60_00, NO), (40_01, NO), (10_00, NO), **design)[1] == (40_00, 0, 0, 1)


def test_nobody_owes_a_cent_when_the_maximum_has_been_paid_to_the_cent() -> None:
    design = {"deductible_usd": 50, "coinsurance_share": 0.5, "oop_max_usd": 100}

    assert lines((50_00, NO), (100_00, NO), (10_00, NO), **design)[1:] == [
        (0, 50_00, 0, 50_00), (0, 0, 0, 10_00)]  # fmt: skip
    assert lines((50_00, NO), (99_98, NO), (10_00, NO), **design)[1:] == [
        (0, 49_99, 0, 49_99), (0, 1, 0, 9_99)]  # fmt: skip


def test_a_copay_of_nothing_is_a_copay_and_asks_no_deductible() -> None:
    design = {"deductible_usd": 50, "coinsurance_share": 0.5, "oop_max_usd": 100}

    assert lines((30_00, 0), (30_00, 30_00), (30_00, 30_01), **design) == [
        (0, 0, 0, 30_00), (0, 0, 30_00, 0), (0, 0, 30_00, 0)]  # fmt: skip


def test_limits_begin_again_on_the_first_day_of_the_benefit_year() -> None:
    july = 20_270  # 2025-07-01
    design = {"deductible_usd": 10, "coinsurance_share": 0, "oop_max_usd": 10, "benefit_year": 7}

    assert [line[0] for line in lines((10_00, NO), (10_00, NO), start=july - 2, **design)] == [
        10_00, 0]  # fmt: skip
    assert [line[0] for line in lines((10_00, NO), (10_00, NO), start=july - 1, **design)] == [
        10_00, 10_00]  # fmt: skip


def test_laboratory_tests_are_the_drawing_of_blood_and_the_eighties_without_immunology() -> None:
    codes = ("36415", "36399", "36500", "80048", "87999", "88305", "89240", "79999", "90471",
             "8004", "8004F", "G0439")  # fmt: skip

    assert [code for code, yes in zip(codes, is_laboratory(codes), strict=True) if yes] == [
        "36415", "80048", "87999", "89240"]  # fmt: skip
