"""A second operation of a day has 51 where the payer asks for it, and is paid by half."""

from __future__ import annotations

from collections import defaultdict

from execution.claim_people import people
from execution.running import journey, listed, run, visit

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
