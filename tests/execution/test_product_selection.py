"""A brand that a pharmacist could substitute has a reason for being dispensed (DAW)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from execution.running import Columns, diabetic, event, journey, listed, run, within_three_errors
from healthsim.billing.datafiles import rows
from healthsim.codes.drugs import drugs

GLARGINE = "insulin glargine 100 units per mL pen injector"
SACUBITRIL = "sacubitril-valsartan 49 mg/51 mg tablet"  # substitutable since 16 July 2025


def people(*taken: str, count: int = 600) -> dict[str, Any]:
    """Return people who take some drugs."""
    medications = [{"drug": drug, "share": 1.0, "days_supply": 30} for drug in taken]
    return diabetic(count=count) | {
        "mortality": "none", "safety": "none", "attributes": {}, "through": "2025-12-31",
        "clinical": {"comorbidities": [], "medications": medications},
        "products": ["patientsim", "membersim", "rxmembersim"],
    }  # fmt: skip


def reasons(tables: dict[str, Columns]) -> list[tuple[int, int, str]]:
    """Return (prescription, day, reason) of every fill."""
    return listed(tables["fills"], "prescription_id", "fill_date", "daw")


def test_reasons_have_their_shares_and_one_prescription_has_one() -> None:
    found = defaultdict(set)
    for prescription, _, reason in reasons(run(people(GLARGINE))):
        found[prescription].add(reason)
    told = [next(iter(one)) for one in found.values()]

    assert {len(one) for one in found.values()} == {1}
    for reason, share in (("1", 0.2), ("2", 0.1), ("9", 0.7)):
        assert within_three_errors(told.count(reason), len(told), share)


def test_a_brand_without_a_substitute_and_a_generic_have_none() -> None:
    tables = run(people("apixaban 5 mg tablet", "lisinopril 10 mg tablet", count=60))

    assert {reason for *_, reason in reasons(tables)} == {"0"}


def test_a_brand_has_none_before_there_is_a_substitute() -> None:
    drug = event("drug", "prescription", 0, drug=SACUBITRIL, days_supply=30, refills=11)
    found = reasons(run(people(count=60), journey(drug)))

    assert {day < 20_285 for _, day, _ in found} == {True, False}
    assert all((reason == "0") == (day < 20_285) for _, day, reason in found)  # 16 July 2025


def test_every_brand_is_in_the_drug_list_and_its_shares_add_up() -> None:
    names = {row.display: row for row in drugs().rows.values()}
    for row in rows("multisource_brands.csv"):
        assert not names[row["drug"]].generic
        shares = [float(row[name]) for name in ("prescriber_share", "patient_share", "plan_share")]
        assert abs(sum(shares) - 1) < 1e-9
