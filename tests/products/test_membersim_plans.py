import numpy as np
import pytest

from healthsim.limits import NO_LIMIT
from healthsim.products.membersim.plans import (
    BUILT_IN,
    COPAY_KINDS,
    PlanTable,
    is_uninsured,
)
from healthsim.products.membersim.tables import PLANS
from healthsim.specification.profiles.profile import PlanDesign


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_built_in_plan_keeps_the_legal_limits_of_2025(name: str) -> None:
    design = BUILT_IN[name]

    legal = {"medicare_advantage": 9350, "commercial": 9200}
    if design.kind in legal:
        assert design.oop_max_usd is not None
        assert design.oop_max_usd <= legal[design.kind]
    if design.kind.startswith("medicare"):
        assert design.drug_deductible_usd <= 590
        assert design.drug_oop_max_usd == 2000


def test_original_medicare_has_the_amounts_of_2025_and_no_maximum() -> None:
    book = PlanTable.of({"Original": BUILT_IN["Original"]})

    assert book.deductible_cents.tolist() == [25_700]
    assert book.copay_cents[0, COPAY_KINDS.index("inpatient")] == 167_600
    assert book.oop_max_cents.tolist() == [NO_LIMIT]


def test_a_plan_of_the_profile_stands_beside_built_in_ones() -> None:
    own = PlanDesign(kind="commercial", deductible_usd=0.29, copays_usd={"telehealth": 12.35})

    book = PlanTable.of({"CHIP": BUILT_IN["CHIP"], "Ours": own})

    assert book.names == ("CHIP", "Ours")
    assert book.deductible_cents.tolist() == [0, 29]
    assert book.copay_cents[1].tolist() == [-1, -1, 1235, -1, -1, -1, -1]
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
