import numpy as np
import pytest

from healthsim.billing.benefits.statutory import figure
from healthsim.products.membersim.plans import (
    BUILT_IN,
    PlanTable,
    is_uninsured,
)
from healthsim.products.membersim.tables import PLANS
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.tables import NO_NUMBER


@pytest.mark.parametrize("name", sorted(BUILT_IN))
@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026])
def test_every_built_in_plan_keeps_the_legal_limits_of_its_year(name: str, year: int) -> None:
    design, amounts = BUILT_IN[name], amounts_of(name, year)

    if design.kind == "commercial":
        assert amounts["oop_max_usd"] <= figure("aca_maximum", year)
    if design.kind == "medicare_advantage":
        assert amounts["oop_max_usd"] <= 935_000  # CMS's of 2025
    if design.medicare:
        assert amounts["drug_deductible_usd"] <= figure("part_d_deductible", year)
        assert amounts["drug_oop_max_usd"] == figure("part_d_out_of_pocket_maximum", year)


def amounts_of(name: str, year: int) -> dict[str, int]:
    """Return the row of table `plan_years`; cents."""
    rows = PlanTable.of({name: BUILT_IN[name]}, [year]).year_rows()
    return {column: int(np.asarray(rows[column])[0]) for column in list(rows)[2:]}


@pytest.mark.parametrize(
    ("year", "part_b", "part_d", "threshold"),
    [(2022, 22_600, 50_500, 740_000), (2025, 25_700, 59_000, 200_000),
     (2026, 28_300, 61_500, 210_000), (2034, 28_300, 61_500, 210_000)],
)  # fmt: skip
def test_original_medicare_has_the_amounts_of_each_year_and_no_maximum(
    year: int, part_b: int, part_d: int, threshold: int
) -> None:
    amounts = amounts_of("Original", year)

    assert amounts["deductible_usd"] == part_b
    assert amounts["drug_deductible_usd"] == part_d
    assert amounts["drug_oop_max_usd"] == threshold
    assert amounts["oop_max_usd"] == NO_NUMBER


def test_drugs_of_a_high_deductible_plan_have_no_limits_of_their_own() -> None:
    amounts = amounts_of("HDHP", 2025)

    assert amounts["deductible_usd"] >= figure("hdhp_minimum_deductible", 2025)
    assert amounts["drug_deductible_usd"] == amounts["drug_oop_max_usd"] == NO_NUMBER


def test_a_plan_of_the_profile_stands_beside_built_in_ones() -> None:
    own = PlanDesign(kind="commercial", deductible_usd=0.29, copays_usd={"telehealth": 12.35})

    book = PlanTable.of({"CHIP": BUILT_IN["CHIP"], "Ours": own})

    assert book.names == ("CHIP", "Ours")
    assert book.limits[0, :, 0, 0].tolist() == [0, 29]
    assert book.copay_cents[1].tolist() == [-1, -1, 1235, *[-1] * 12]
    assert book.tier_cents[1].tolist() == [-1, -1, -1, -1, -1]


def test_the_rows_of_plans_are_complete_and_ordered_by_name() -> None:
    rows = PlanTable.of(BUILT_IN).rows()

    assert list(rows) == [column.name for column in PLANS.columns]
    assert rows["plan_id"].texts() == sorted(BUILT_IN)
    assert np.asarray(rows["oop_max_usd"])[sorted(BUILT_IN).index("Original")] == 0


def test_an_empty_book_has_no_rows() -> None:
    assert len(PlanTable.of({}).rows()["plan_id"]) == 0


def test_no_plan_goes_by_the_name_uninsured() -> None:
    assert is_uninsured("Uninsured")
    assert not any(map(is_uninsured, BUILT_IN))
