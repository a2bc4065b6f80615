"""Children are covered until the month in which they turn 26; one premium pays for a household."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, listed, run
from healthsim.dates import NO_DAY, iso
from healthsim.tables import Columns


def families(
    plan: str, low: int, high: int, *journeys: Document, **design: Any
) -> dict[str, Columns]:
    document = diabetic(count=60) | {
        "unit": "family", "through": "2026-12-31", "mortality": "none",
        "household": {"spouse": {"share": 0.5}, "children": {
            "number": 2, "age": {"type": "uniform", "low": low, "high": high, "decimals": 0}}},
        "demographics": {"age": 58}, "clinical": {}, "attributes": {},
        "coverage": {"plan": {plan: 1}, **({"plans": {plan: design}} if design else {})},
        "products": ["patientsim", "membersim"],
    }  # fmt: skip
    return run(document, *journeys)


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


@pytest.mark.parametrize("plan", [None, "Commercial-PPO"])
def test_no_enrolment_covers_a_dependant_beyond_26(plan: str | None) -> None:
    join = event("join", "enrollment", 40, plan=plan) if plan else event("join", "enrollment", 40)
    tables = families("Commercial-HMO", 24, 26, journey(join))
    born = dict(listed(tables["members"], "person_id", "birth_date"))
    last = {who: (end, why) for _, who, end, why in sorted(listed(
        tables["enrollments"], "effective_date", "person_id", "term_date", "reason"))}  # fmt: skip
    turned = {who: f"{int(iso(day)[:4]) + 26}{iso(day)[4:7]}" for who, day in born.items()}
    leaving = {who for who, month in turned.items() if who % 100 >= 3 and month <= "2026-12"}

    assert len(leaving & last.keys()) > 20
    for who in leaving & last.keys():
        assert iso(last[who][0])[:7] == turned[who]
        assert last[who][1] == "dependent turned 26"
    assert {last[who] for who in last.keys() - leaving} == {(NO_DAY, None)}
    assert not [who for who in leaving & last.keys() if turned[who] < "2025-01"]


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
