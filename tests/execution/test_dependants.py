"""Children are covered until the month in which they turn 26; one premium pays for a household."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import diabetic, listed, run
from healthsim.dates import NO_DAY, iso
from healthsim.tables import Columns


def families(plan: str, low: int, high: int, **design: Any) -> dict[str, Columns]:
    document = diabetic(count=60) | {
        "unit": "family", "through": "2026-12-31", "mortality": "none",
        "household": {"spouse": {"share": 0.5}, "children": {
            "number": 2, "age": {"type": "uniform", "low": low, "high": high, "decimals": 0}}},
        "demographics": {"age": 58}, "clinical": {}, "attributes": {},
        "coverage": {"plan": {plan: 1}, **({"plans": {plan: design}} if design else {})},
        "products": ["patientsim", "membersim"],
    }  # fmt: skip
    return run(document)


def test_a_child_is_covered_until_the_end_of_the_month_in_which_it_turns_26() -> None:
    tables = families("Commercial-PPO", 23, 26)
    born = dict(listed(tables["members"], "person_id", "birth_date"))
    spans = {who: (end, why) for who, end, why in
             listed(tables["enrollments"], "person_id", "term_date", "reason")}  # fmt: skip
    turned = {who: f"{int(iso(day)[:4]) + 26}{iso(day)[4:7]}" for who, day in born.items()
              if who % 100 >= 3}  # fmt: skip

    for who, month in turned.items():
        if month < "2025-01":
            assert who not in spans
        elif month <= "2026-12":
            end, why = spans[who]
            assert iso(end)[:7] == month
            assert iso(end + 1)[8:] == "01"
            assert why == "dependent turned 26"
        else:
            assert spans[who] == (NO_DAY, None)
    assert {"2025", "2026", "2027"} <= {month[:4] for month in turned.values()}


def test_a_plan_that_covers_each_person_alone_does_not_end_with_26() -> None:
    tables = families("Medicaid-MCO", 25, 26)

    assert set(listed(tables["enrollments"], "term_date")) == {(NO_DAY,)}
    assert len(tables["enrollments"]["person_id"]) == len(tables["members"]["person_id"])


@pytest.mark.parametrize(("family", "owed"), [(None, 114_00), (420.0, 420_00)])
def test_one_premium_is_owed_by_who_holds_the_plan(family: float | None, owed: int) -> None:
    design = {"kind": "commercial", "premium_usd": 114.0, "family_premium_usd": family}
    tables = families("Ours", 5, 9, **design)
    premiums = listed(tables["enrollments"], "person_id", "premium_usd")

    assert {premium for who, premium in premiums if who % 100 == 1} == {owed}
    assert {premium for who, premium in premiums if who % 100 > 1} == {0}
