"""Plans whose parts contradict each other or the law are refused with place and mend."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.specification.checks.benefits import benefit_warnings
from healthsim.specification.document import read
from healthsim.specification.profiles.profile import ProfileSpec

_COMMERCIAL = {"kind": "commercial"}
_HIGH = {"kind": "commercial", "hdhp": True, "oop_max_usd": 8000}


def document(as_of: str = "2025-01-01", **design: Any) -> dict[str, Any]:
    return {"kind": "profile", "name": "own", "count": 5, "as_of": as_of,
            "coverage": {"plan": {"Ours": 1}, "plans": {"Ours": design}}}  # fmt: skip


@pytest.mark.parametrize(("design", "said"), [
    (_COMMERCIAL | {"copays_usd": {"imaging": 50}, "coinsurance_shares": {"imaging": 0.2}},
     "imaging has a copay of 50 and a coinsurance share of 0.2"),
    (_COMMERCIAL | {"copay_and_coinsurance": "greater"}, "no service has both"),
    (_COMMERCIAL | {"family_limits": "aggregate"}, "no family_deductible_usd"),
    (_COMMERCIAL | {"drug_limits": "joint", "drug_oop_max_usd": 900}, "remove it, or set"),
    (_COMMERCIAL | {"deductible_usd": "law"}, "Part B's, and kind is commercial"),
    (_COMMERCIAL | {"drug_deductible_usd": "law"}, "Part D's, and kind is commercial"),
    (_COMMERCIAL | {"low_income_subsidy": "full"}, "of Medicare plans and kind is commercial"),
    ({"kind": "medicaid", "oop_max_usd": "law"}, "of commercial plans, and kind is medicaid"),
    ({"kind": "medicaid", "hdhp": True}, "hdhp is of commercial plans"),
    ({"kind": "medicare_advantage", "drug_limits": "joint"}, "Part D has limits of its own"),
    (_HIGH | {"deductible_usd": 2000, "drug_limits": "separate"}, "no deductible of drugs alone"),
    (_HIGH | {"deductible_usd": 1600}, "1600 is below 1650, the least of an HDHP in 2025"),
    (_HIGH | {"deductible_usd": 2500, "family_deductible_usd": 5000},
     "2500 of a person within a family is below 3300"),
    (_HIGH | {"deductible_usd": 2500, "oop_max_usd": 8400}, "8400 is above 8300"),
])  # fmt: skip
def test_a_plan_that_contradicts_is_refused(design: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as refused:
        prepare(document(**design))

    assert said in str(refused.value)
    assert "coverage.plans.Ours" in str(refused.value)


@pytest.mark.parametrize("design", [
    _COMMERCIAL | {"copays_usd": {"imaging": 50}, "coinsurance_shares": {"imaging": 0.2},
                   "copay_and_coinsurance": "lesser"},
    _HIGH | {"deductible_usd": 1650}, _HIGH | {"deductible_usd": 3300,
                                               "family_deductible_usd": 6600},
    _HIGH | {"deductible_usd": 1700, "family_deductible_usd": 3400, "family_limits": "aggregate"},
    {"kind": "medicare_original", "deductible_usd": "law", "drug_oop_max_usd": "law"},
])  # fmt: skip
def test_a_plan_that_agrees_is_taken(design: dict[str, Any]) -> None:
    assert prepare(document(**design)).plan_table.names == ("Ours",)


def test_the_least_of_a_high_deductible_plan_is_that_of_the_profiles_year() -> None:
    prepare(document("2025-01-01", **_HIGH, deductible_usd=1660))

    with pytest.raises(SpecError, match="1660 is below 1700, the least of an HDHP in 2026"):
        prepare(document("2026-01-01", **_HIGH, deductible_usd=1660))


@pytest.mark.parametrize(("design", "said"), [
    (_COMMERCIAL | {"oop_max_usd": 9200.5}, "9200.5 is above 9200"),
    ({"kind": "medicaid", "copays_usd": {"office": 5}}, "5 is above 4"),
    ({"kind": "medicaid", "copays_usd": {"inpatient": 75, "emergency": 8}}, ""),
    (_COMMERCIAL | {"oop_max_usd": 9200}, ""),
])  # fmt: skip
def test_amounts_above_the_laws_stand_and_are_said(design: dict[str, Any], said: str) -> None:
    warnings = list(benefit_warnings(read(ProfileSpec, document(**design), "profile")))

    assert len(warnings) == bool(said)
    assert said in "".join(map(str, warnings))
