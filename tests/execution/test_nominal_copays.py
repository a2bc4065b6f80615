"""Medicaid's copays are nominal, and owed by no minor and no pregnant woman."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Columns, diabetic, event, journey, listed, run, visit
from healthsim.billing.benefits.statutory import figure, known_years
from healthsim.products.membersim.designs import BUILT_IN
from healthsim.specification.profiles.plan_design import PlanDesign

SEEN = visit("seen", 40, diagnoses=["R05.9"])
DRUG = event("drug", "prescription", 41, drug="lisinopril 10 mg tablet", days_supply=30)


def covered(ages: Any, gender: str = "F", plan: str = "Medicaid-MCO", **design: Any) -> Any:
    """Return people of an age on a plan."""
    return diabetic(count=30) | {
        "mortality": "none", "safety": "none", "attributes": {},
        "clinical": {"comorbidities": [], "medications": []},
        "demographics": {"age": ages, "gender": {gender: 1}},
        "coverage": {"plan": {plan: 1}, **({"plans": {plan: design}} if design else {})},
        "products": ["patientsim", "membersim", "rxmembersim"],
    }  # fmt: skip


def owed(tables: dict[str, Columns]) -> tuple[set[int], set[int]]:
    """Return the copays of claims and of fills."""
    claims = {cents for (cents,) in listed(tables["claims"], "copay_usd")}
    return claims, {cents for (cents,) in listed(tables["fills"], "copay_usd")}


def test_the_built_in_plan_asks_the_most_of_every_known_year() -> None:
    design = BUILT_IN["Medicaid-MCO"]

    for year in known_years():
        assert design.copays_usd["office"] * 100 == figure("medicaid_outpatient_maximum", year)
        assert design.copays_usd["inpatient"] * 100 == figure("medicaid_inpatient_maximum", year)
        assert design.drug_tiers_usd["3"] * 100 == figure("medicaid_preferred_drug_maximum", year)
        assert design.drug_tiers_usd["4"] * 100 == figure("medicaid_other_drug_maximum", year)
    assert "emergency" not in design.copays_usd


def test_adults_owe_a_few_dollars() -> None:
    claims, fills = owed(run(covered(40), journey(SEEN, DRUG)))

    assert claims == {400}
    assert 0 < max(fills) <= 400


@pytest.mark.parametrize(("age", "copays"), [(17, {0}), (18, {400})])
def test_minors_owe_nothing(age: int, copays: set[int]) -> None:
    tables = run(covered(age), journey(
        visit("seen", 0, diagnoses=["R05.9"]), DRUG | {"at": 0}))  # fmt: skip
    first = min(day for (day,) in listed(tables["fills"], "fill_date"))

    assert owed(tables)[0] == copays
    assert ({0} == {cents for day, cents in listed(tables["fills"], "fill_date", "copay_usd")
                    if day == first}) == (age < 18)  # fmt: skip


def test_pregnant_women_owe_nothing_while_they_are() -> None:
    carries = event("carries", "diagnosis", 30, code="O09.90")
    stops = {"do": "stop", "id": "stops", "of": "carries", "at": 60}
    tables = run(covered(30), journey(
        visit("before", 20, diagnoses=["R05.9"]), carries, SEEN, DRUG, stops,
        visit("after", 70, diagnoses=["R05.9"])))  # fmt: skip
    rows = set(listed(tables["claims"], "from_date", "copay_usd"))
    first = min(day for day, _ in rows)

    assert {(day - first, copay) for day, copay in rows} == {(0, 400), (20, 0), (50, 400)}
    fills = listed(tables["fills"], "fill_date", "copay_usd")
    assert {copay for day, copay in fills if day - first < 40} == {0}
    assert {copay for day, copay in fills if day - first >= 40} != {0}


def test_other_plans_of_medicaid_ask_everybody() -> None:
    claims, _ = owed(run(covered(12, plan="CHIP"), journey(SEEN)))

    assert claims == {500}


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ({"kind": "commercial"}, "nominal_copays is of Medicaid and kind is commercial"),
        ({"kind": "medicaid", "copays_usd": {"office": 4.01}},
         "Medicaid's maximum is 4 in 2023 to 2026"),
        ({"kind": "medicaid", "copays_usd": {"inpatient": 75.01}}, "maximum is 75 in"),
        ({"kind": "medicaid", "copays_usd": {"emergency": 8.01}}, "maximum is 8 in"),
        ({"kind": "medicaid", "drug_tiers_usd": {"3": 4.01}}, "drug tier 3 is 4.01"),
        ({"kind": "medicaid", "drug_tiers_usd": {"4": 8.01}}, "maximum is 8 in"),
    ],
)  # fmt: skip
def test_what_is_not_nominal_is_refused_with_the_years_of_the_maximum(
    design: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        PlanDesign(**design, nominal_copays=True)
    PlanDesign(**design)


def test_copays_at_the_maximum_are_nominal() -> None:
    most = {"kind": "medicaid", "copays_usd": {"office": 4, "inpatient": 75, "emergency": 8},
            "drug_tiers_usd": {"1": 4, "5": 8}}  # fmt: skip
    claims, _ = owed(run(covered(40, plan="Ours", nominal_copays=True, **most), journey(SEEN)))

    assert claims == {400}
