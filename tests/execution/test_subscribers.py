"""Who holds a policy: adults, and a parent who is not in the data where only a child is."""

from __future__ import annotations

from typing import Any

import pytest

from execution.births import WOMEN, pregnancy
from execution.running import diabetic, journey, listed, run, visit
from healthsim.dates import day_of
from healthsim.tables import Columns

AS_OF = day_of("2025-01-01")
HELD = ("person_id", "subscriber_id", "person_code", "relationship_code", "subscriber_number",
        "subscriber_birth_date", "member_number")  # fmt: skip


def covered(age: Any, plan: str, *journeys: dict[str, Any], count: int = 200) -> dict[str, Columns]:
    document = diabetic(count=count) | {
        "demographics": {"age": age}, "clinical": {}, "attributes": {},
        "coverage": {"plan": {plan: 1}}, "products": ["patientsim", "membersim", "rxmembersim"],
    }  # fmt: skip
    return run(document, *journeys)


def test_a_child_without_its_family_has_a_policy_of_a_parent() -> None:
    age = {"type": "uniform", "low": 0, "high": 17, "decimals": 0}
    tables = covered(age, "Commercial-PPO", journey(visit("seen", 10, diagnoses=["Z00.129"])))
    born = dict(listed(tables["members"], "person_id", "birth_date"))
    rows = listed(tables["members"], *HELD)

    assert {(held_by, code, kind) for _, held_by, code, kind, *_ in rows} == {
        (-(2**63), "03", "19")
    }
    assert all(20 * 365 <= born[who] - day <= 41 * 366 for who, *_, day, _ in rows)
    numbers = [number for *_, number, _, _ in rows]
    assert len({*numbers, *(own for *_, own in rows)}) == 2 * len(rows)
    cards = listed(tables["rx_members"], "cardholder_id", "person_code")
    assert cards == [(number, "03") for number in numbers]
    names = listed(tables["members"], "subscriber_family_name", "family_name")
    assert all(held == own for held, own in names)
    assert {sex for (sex,) in listed(tables["members"], "subscriber_gender")} == {"M", "F"}
    assert tables["claims"]["claim_id"].size == 200


@pytest.mark.parametrize("plan", ["Medicaid-MCO", "Uninsured"])
def test_a_child_without_an_employers_plan_is_its_own_subscriber(plan: str) -> None:
    rows = listed(covered(1, plan)["members"], *HELD)

    assert {(who == held_by, code, kind) for who, held_by, code, kind, *_ in rows} == {
        (True, "01", "18")
    }


def test_an_adult_holds_the_own_policy_from_the_eighteenth_birthday_on() -> None:
    age = {"type": "uniform", "low": 17, "high": 18, "decimals": 0}
    tables = covered(age, "Commercial-PPO")
    for who, held_by, code, _, number, day, own in listed(tables["members"], *HELD):
        birth = dict(listed(tables["members"], "person_id", "birth_date"))[who]
        grown = birth + 18 * 365.25 <= AS_OF + 0.75
        assert (held_by == who) == grown
        assert (code, number == own, day == birth) == (("01", True, True) if grown
                                                       else ("03", False, False))  # fmt: skip


def test_a_newborn_has_the_policy_of_its_mother() -> None:
    document = pregnancy(eligible=WOMEN)
    age = {"type": "uniform", "low": 24, "high": 34, "decimals": 0}
    rows = listed(covered(age, "Commercial-PPO", document, count=60)["members"], *HELD)
    babies = [row for row in rows if row[0] % 100 >= 50]

    assert babies
    number = {who: own for who, *_, own in rows}
    for who, held_by, code, kind, of_holder, *_ in babies:
        assert held_by == who // 100 * 100 + 1
        assert (code, kind, of_holder) == ("03", "19", number[held_by])
