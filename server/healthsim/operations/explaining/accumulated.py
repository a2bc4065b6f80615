"""Why a limit was used up, and who paid for a fill of Part D: the claim or fill behind a row."""

from __future__ import annotations

from dataclasses import replace

from healthsim.operations.explaining import claims, fills, network
from healthsim.operations.explaining.case import Reasons, RowCase


def explain_movement(case: RowCase) -> Reasons:
    """Say which claim or fill moved an accumulator, and why it is there."""
    about = f"{case.row['bucket']}: moved by {case.row['delta_usd']} to {case.row['balance_usd']}"
    if case.row["fill_id"] is not None:
        reasons = explain_drug_event(case)
    else:
        found = case.rows("claims", claim_id=case.row["claim_id"])
        reasons = claims.explain_claim(replace(case, row=found[0]) if found else case)
    reasons.because.insert(0, about)
    return reasons


def explain_drug_event(case: RowCase) -> Reasons:
    """Say why the fill took place that a drug event reports, and how its price was shared."""
    found = case.rows("fills", fill_id=case.row["fill_id"])
    if not found:
        return fills.explain_origin(case)
    return fills.explain_fill(replace(case, row=found[0]))


def explain_plan_year(case: RowCase) -> Reasons:
    """Say who named the plan whose limits of a year these are."""
    reasons = network.explain_plan(case)
    reasons.because.append(f"the data reach into benefit year {case.row['year']}")
    return reasons
