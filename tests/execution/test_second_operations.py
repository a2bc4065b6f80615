"""A second operation of a day has 51 where the payer asks for it, and is paid by half."""

from __future__ import annotations

from collections import defaultdict

from execution.claim_people import KNEE, people
from execution.running import Document, journey, listed, run, visit

_GALL, _HERNIA = "4756" + "2", "4950" + "5"


def test_others_than_medicare_ask_for_51_and_all_pay_half() -> None:
    operated = visit("both", 10, encounter_class="outpatient_hospital", diagnoses=["K80.20"],
                     specialty="general surgery", procedures=[_HERNIA, _GALL])  # fmt: skip
    tables = run(people(), journey(operated, visit("one", 60, encounter_class="asc",
                 diagnoses=["K40.90"], specialty="general surgery",
                 procedures=[_HERNIA])))  # fmt: skip
    claims = {claim: (plan, form) for claim, plan, form in listed(
        tables["claims"], "claim_id", "plan_id", "form")}  # fmt: skip
    marked: dict[tuple[str, str, int], set[bool]] = defaultdict(set)
    paid: dict[int, dict[str, int]] = defaultdict(dict)
    names = ("claim_id", "procedure", "modifier_1", "modifier_2", "modifier_3", "allowed_usd")
    rows = listed(tables["claim_lines"], *names)
    count = defaultdict(int)
    for claim, code, *_ in rows:
        count[claim] += code in (_GALL, _HERNIA)
    for claim, code, *modifiers, allowed in rows:
        plan, form = claims[claim]
        if form == "837P" and code in (_GALL, _HERNIA):
            marked[plan, code, count[claim]].add("51" in modifiers)
            if plan == "Original" and "AS" not in modifiers:
                paid[claim][code] = allowed
    both = [one for one in paid.values() if len(one) == 2]

    assert marked["Original", _HERNIA, 2] == marked["Original", _GALL, 2] == {False}
    assert marked["Commercial-HMO", _HERNIA, 2] == {True}
    assert marked["Commercial-HMO", _GALL, 2] == {False}
    assert marked["Commercial-HMO", _HERNIA, 1] == {False}
    assert both
    alone = [one[_HERNIA] for one in paid.values() if _GALL not in one]
    assert max(one[_HERNIA] for one in both) < 0.7 * max(alone)


def _knee(day: int, code: str, who: str) -> Document:
    step = visit(f"knee_{day}_{who.lower()}", day, encounter_class="inpatient", los_days=2,
                 diagnoses=[code], specialty="orthopedic surgery", procedures=[KNEE])  # fmt: skip
    return step | {"when": f"gender == '{who}'"}


def test_an_operation_on_the_other_side_within_the_period_of_the_first_has_79() -> None:
    right, left = "M17.11", "M17.12"
    operated = [_knee(10, right, "F"), _knee(70, left, "F"), _knee(170, left, "F"),
                _knee(10, left, "M"), _knee(70, right, "M")]  # fmt: skip
    tables = run(people(), journey(*operated))
    names = ("person_id", "service_date", "procedure", "modifier_1", "modifier_2", "modifier_3")
    lines = listed(tables["claim_lines"], *names)
    first = min(day for _, day, code, *_ in lines if code == KNEE)
    found: dict[int, set[tuple[bool, bool]]] = defaultdict(set)
    for _, day, code, *modifiers in lines:
        if code == KNEE and "AS" not in modifiers and {"RT", "LT"} & set(modifiers):
            found[day - first].add(("79" in modifiers, "RT" in modifiers))

    assert found[0] == {(False, True), (False, False)}
    assert found[60] == {(True, True), (True, False)}
    assert found[160] == {(False, False)}
