"""Prescriptions become fills: how many are ever filled, how well they are kept to, and when not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import diabetic, event, journey, listed, run, visit, within_three_errors
from healthsim.dates import NO_DAY, day_of
from healthsim.tables import Columns

MANY = 1500
BEGUN = day_of("2025-01-01")


def people(**changes: Any) -> dict[str, Any]:
    return {**diabetic(count=MANY, clinical={"primary": {"code": "E11.9"}}), **changes}


def drug(**details: Any) -> dict[str, Any]:
    return event("drug", "prescription", 0, **{"drug": "metformin 500 mg tablet", **details})


def written(**details: Any) -> dict[str, Columns]:
    return run(people(), journey(drug(**details)))


def few(step: dict[str, Any], **clinical: Any) -> dict[str, Columns]:
    """Run some people of whom all are asked the same."""
    primary = {"primary": {"code": "E11.9"}}
    return run(people(count=20, clinical=primary | clinical), journey(step))


def fills_of(tables: dict[str, Columns], *names: str) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for person, *row in listed(tables["fills"], "person_id", *names):
        found.setdefault(person, []).append(tuple(row))
    return found


@pytest.mark.parametrize("share", [0.3, 0.81, 1.0])
def test_the_stated_share_of_prescriptions_is_ever_filled(share: float) -> None:
    found = fills_of(written(first_fill_share=share), "status")
    paid = sum(("paid",) in rows for rows in found.values())

    assert within_three_errors(paid, MANY, share)


NOBODY_KNOWS = {"type": "formula", "value": "age / 0"}


def test_whose_share_of_first_fills_is_missing_fills_nothing() -> None:
    unknown = few(drug(first_fill_share=NOBODY_KNOWS, refills=3))
    never = few(drug(first_fill_share=0, refills=3))

    assert {row for (row,) in listed(unknown["fills"], "status")} == {"reversed"}
    assert fills_of(unknown, "fill_date") == fills_of(never, "fill_date")


def test_whose_adherence_is_missing_keeps_to_the_drug_as_if_none_were_stated() -> None:
    unknown = few(drug(refills=5, first_fill_share=1, adherence=NOBODY_KNOWS))
    unstated = few(drug(refills=5, first_fill_share=1))

    assert fills_of(unknown, "fill_date") == fills_of(unstated, "fill_date")


def test_a_listed_drug_whose_adherence_is_missing_has_the_usual_one() -> None:
    unknown, unstated = (
        few(visit("v", 0), medications=[{"drug": "metformin 500 mg tablet", "share": 1, **given}])
        for given in ({"adherence": NOBODY_KNOWS}, {})
    )

    assert fills_of(unknown, "fill_date") == fills_of(unstated, "fill_date")


def test_covered_days_agree_with_the_adherence() -> None:
    found = fills_of(written(first_fill_share=1, adherence=0.75, refills=10, days_supply=30),
                     "fill_number", "fill_date")  # fmt: skip
    shares = []
    for rows in found.values():
        days = sorted(day for _, day in rows)
        if len(days) > 3:
            shares.append(30 * (len(days) - 1) / (days[-1] - days[0]))
    error = np.std(shares) / np.sqrt(len(shares))

    assert abs(np.mean(shares) - 0.75) < 3 * error + 0.02  # the mean of ratios leans a little


def test_fills_are_numbered_dated_and_within_the_refills() -> None:
    tables = written(refills=3, adherence={"type": "beta", "mean": 0.8, "concentration": 12})
    for rows in fills_of(tables, "fill_number", "status", "fill_date", "written_date").values():
        taken = sorted(row for row in rows if row[1] == "paid")
        days = [day for _, _, day, _ in taken]
        assert [number for number, _, _, _ in taken] == list(range(len(taken)))
        assert len(taken) <= 4
        assert days == sorted(days)
        assert not days or days[0] - taken[0][3] in range(31)


def test_nothing_follows_a_first_fill_that_was_put_back() -> None:
    tables = written(refills=5, first_fill_share=0.2)
    for rows in fills_of(tables, "fill_number", "status", "fill_date", "reversed_date").values():
        if any((number, status) == (0, "reversed") for number, status, _, _ in rows):
            ((_, _, filled, back),) = rows
            assert 3 <= back - filled <= 14
        assert all((back == NO_DAY) == (status == "paid") for _, status, _, back in rows)


def test_a_drug_that_is_replaced_is_not_filled_again() -> None:
    first = event("first", "prescription", 0, drug="metformin 500 mg tablet", refills=11,
                  first_fill_share=1)  # fmt: skip
    second = event("second", "prescription", 100, drug="glipizide 5 mg tablet",
                   replaces="metformin 500 mg tablet")  # fmt: skip
    tables = run(people(), journey(first, second))
    drug = dict(listed(tables["prescriptions"], "prescription_id", "drug"))
    last = max(day for prescription, day in listed(tables["fills"], "prescription_id", "fill_date")
               if drug[prescription].startswith("metformin"))  # fmt: skip
    statuses = {(name, status, end - BEGUN if end != NO_DAY else None) for name, status, end in
            listed(tables["prescriptions"], "drug", "status", "end_date")}  # fmt: skip

    assert last < BEGUN + 100
    assert ("metformin 500 mg tablet", "stopped", 100) in statuses


def test_nobody_is_dispensed_anything_outside_of_coverage() -> None:
    drug = event("drug", "prescription", 0, drug="metformin 500 mg tablet", refills=11)
    tables = run(people(), journey(drug, event("out", "disenrollment", 150)))

    assert max(day for (day,) in listed(tables["fills"], "fill_date")) <= day_of("2025-05-31")


def test_money_adds_up_on_every_line_header_and_fill() -> None:
    tables = run(people(), journey(visit("v", 5, procedures=["99214", "83036"]),
                                   event("er", "encounter", 9,
                                       encounter_class="emergency")))  # fmt: skip
    money = ("charge_usd", "allowed_usd", "contractual_usd", "denied_usd", "plan_paid_usd",
             "other_payer_paid_usd", "deductible_usd", "coinsurance_usd", "copay_usd",
             "other_adjustment_usd")  # fmt: skip
    totals: dict[int, np.ndarray] = {}
    for claim, *amounts in listed(tables["claim_lines"], "claim_id", *money):
        charge, allowed, contractual, denied, *shared = amounts
        assert charge == allowed + contractual + denied
        assert allowed == sum(shared)
        assert min(amounts[:3]) >= 0
        totals[claim] = totals.get(claim, np.zeros(10, dtype=np.int64)) + np.array(amounts)
    for claim, *amounts in listed(tables["claims"], "claim_id", *money):
        assert totals.pop(claim).tolist() == amounts
    assert not totals


def test_a_claim_states_the_diagnoses_of_its_encounter() -> None:
    tables = run(diabetic(), journey(visit("v", 5, comorbidities=True)))
    encounter = dict(listed(tables["claims"], "claim_id", "encounter_id"))
    stated = {(encounter[claim], sequence, code) for claim, sequence, code in
              listed(tables["claim_diagnoses"], "claim_id", "sequence", "code")}  # fmt: skip

    assert stated == set(listed(tables["encounter_diagnoses"], "encounter_id", "sequence", "code"))
