"""Why prescriptions and fills are as they are: who wrote it, when it was filled, who paid what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from healthsim.codes.drugs import drugs
from healthsim.execution.timeline.clinical_steps import FIRST_FILL_SHARE, ONE_FILL_SHARE
from healthsim.medicine.dosing import doses
from healthsim.medicine.safety import safety_rules
from healthsim.operations.explaining.case import Reasons, RowCase, number
from healthsim.operations.explaining.people import explain_medication
from healthsim.operations.explaining.steps import explain_step
from healthsim.products.rxmembersim.fills import ABANDONED_SHARE
from healthsim.products.rxmembersim.generate import (
    MAIL_FEE_CENTS,
    MEDICAID_FEE_CENTS,
    RETAIL_FEE_CENTS,
)
from healthsim.products.rxmembersim.sharing import COPAY_DAYS, DEDUCTIBLE_FROM_TIER
from healthsim.specification.journeys.events import Prescription

_PROFILE = "~profile/"
_PART = re.compile(r"~\d+$")  # one of the prescriptions into which law divides a step's refills


def explain_prescription(case: RowCase) -> Reasons:
    """Say who wrote a prescription: a step, or the profile as what the person takes already."""
    address = case.address_of("prescriptions", case.row["prescription_id"]) or ""
    reasons = _written(case, address)
    drug = drugs().find(str(case.row["drug"]), "drug")
    stated = case.source is not None and _states_quantity(case)
    usual = doses()[drug.display]
    taken = (case.row["dose"], case.row["frequency"])
    if not stated and taken != (usual.amount, usual.frequency):
        reasons.because.append(
            f"{taken[0]:g} {usual.unit} {taken[1]} in place of {usual.amount:g} {usual.frequency}: "
            "by weight or body surface, or less where a rule of safe drugs asks for it "
            "(medicine/data: weight_doses.csv, safety.csv)"
        )
    elif not stated:
        reasons.because.append(
            f"quantity {case.row['quantity']:g}: {drug.units_per_day:g} a day for "
            f"{case.row['days_supply']} days, in packages of {drug.package_size:g} (codes/data)"
        )
    return reasons


def _states_quantity(case: RowCase) -> bool:
    step = case.source.occurrence.step if case.source is not None else None
    return isinstance(step, Prescription) and step.details.quantity is not None


def _written(case: RowCase, address: str) -> Reasons:
    if address.startswith(_PROFILE):
        return explain_medication(case, _drug_of(address))
    source = case.at(_PART.sub("", address))
    return Reasons() if source is None else explain_step(case, source)


def explain_violation(case: RowCase) -> Reasons:
    """Say which rule of safe drugs is broken, where it is from, and that it was meant to be."""
    row = case.row
    rule = next(one for one in safety_rules().rules if one.name == row["rule"])
    reasons = Reasons(made_by=[case.stated("safety.allow_violations")])
    what = row["drug"] or row["procedure"]
    found = "" if row["value"] is None else f" ({row['value']:g})"
    reasons.because.append(
        f"{what} breaks the rule {rule.name} since {row['since_date']}: {rule.words}{found}; "
        f"expected: {rule.action} (medicine/data/safety.csv: {rule.source})"
    )
    return reasons


def explain_origin(case: RowCase) -> Reasons:
    """Say for what a drug was written whose fill a row names by `fill_id`."""
    address = (case.address_of("fills", case.row["fill_id"]) or "").rpartition("/")[0]
    reasons = _written(case, address)
    reasons.draws = []
    return reasons


def explain_fill(case: RowCase) -> Reasons:
    """Say why a fill took place on its day, and how its price was shared."""
    address = (case.address_of("fills", case.row["fill_id"]) or "").rpartition("/")[0]
    reasons = explain_origin(case)
    because = [*_when(case, address), *_price(case), *_shares(case)]
    reasons.because = [*because, *reasons.because]
    return reasons


def _when(case: RowCase, address: str) -> Iterator[str]:
    """Yield why the fill came on its day."""
    refill = case.row["fill_number"]
    attempt = (case.address_of("fills", case.row["fill_id"]) or "").rpartition("/")[2]
    if refill:
        draw = case.draw(f"{address}/refill#{attempt}")
        u = "" if draw is None else f" (uniform {number(draw.uniform)})"
        yield (f"refill {refill} on {case.row['fill_date']}: when the supply ran out, plus a gap "
               f"by adherence and a swing of up to 3 days{u}, and not before the share of it "
               "that the plan asks for is used (billing/data/refill_too_soon.csv)")  # fmt: skip
        if case.row["status"] == "reversed":
            yield f"nobody fetched it: put back on {case.row['reversed_date']} and made again"
        adherence = case.draw(f"{address}/adherence") or case.draw(_adherence(address))
        if adherence is not None and adherence.value is not None:
            yield f"adherence {float(adherence.value):g}: share of days covered"
        return
    first, lag = case.draw(f"{address}/first_fill"), case.draw(f"{address}/lag")
    if first is not None:
        yield _first(case, address, first.uniform)
    if lag is not None:
        yield (f"first fill on {case.row['fill_date']}, written {case.row['written_date']}: "
               f"uniform {number(lag.uniform)} (half on the day, most within a week: Franklin "
               "2018)")  # fmt: skip


def _adherence(address: str) -> str:
    return f"clinical.medications.{_drug_of(address)}.adherence"


def _drug_of(address: str) -> str:
    """Return the drug of a prescription that the profile has: ``~profile/drug/renewal``."""
    return address.removeprefix(_PROFILE).rpartition("/")[0]


def _first(case: RowCase, address: str, u: float) -> str:
    """Say whether the first fill was taken or abandoned."""
    if case.row["status"] == "reversed":
        return (f"abandoned: uniform {number(u)} is above the share that fills it, in the "
                f"{100 * ABANDONED_SHARE:g} % of the rest who leave it at the counter")  # fmt: skip
    if address.startswith(_PROFILE):
        return "filled: what the profile says a person takes is always filled"
    return (
        f"filled: uniform {number(u)} < {_first_share(case, address):g}, the share of first fills"
    )


def _first_share(case: RowCase, address: str) -> float:
    """Return the share of a prescription's first fills: as stated, or as published."""
    drawn = case.draw(f"{address}/first_fill_share")
    if drawn is not None and drawn.value is not None:
        return float(drawn.value)
    source = case.at(_PART.sub("", address))
    step = None if source is None else source.occurrence.step
    refills = isinstance(step, Prescription) and step.details.refills
    return FIRST_FILL_SHARE if refills else ONE_FILL_SHARE


def _price(case: RowCase) -> Iterator[str]:
    row = case.row
    if row["status"] != "paid":
        was = f"; {row['reversed_cost_usd']:,.2f} was paid at first" if row["reversed_date"] else ""
        yield f"status {row['status']}: no money{was}"
        return
    prescriptions = case.rows("prescriptions", prescription_id=row["prescription_id"])
    unit = ""
    if prescriptions:
        drug = drugs().find(str(prescriptions[0]["drug"]), "drug")
        unit = (f": {row['quantity']:g} × {drug.unit_cost_usd:g} of {drug.display} (codes/data) in "
                "January 2025, times the product's price of the month (billing/data)")  # fmt: skip
        if row["reimbursement_basis"] == "4":
            unit = ": the usual and customary charge, which is less than price and fee"
    yield f"ingredient cost {row['ingredient_cost_usd']:,.2f}{unit}"
    fees = f"retail {RETAIL_FEE_CENTS / 100:g}, mail {MAIL_FEE_CENTS / 100:g}, Medicaid " \
           f"{MEDICAID_FEE_CENTS / 100:g}"  # fmt: skip
    yield f"dispensing fee {row['dispensing_fee_usd']:,.2f} ({fees})"


def _shares(case: RowCase) -> Iterator[str]:
    """Yield how the price is shared by the plan's drug benefit, with what was met before."""
    row = case.row
    plans = case.job.plan_table
    if row["status"] != "paid":
        return
    plan = plans.names.index(str(row["plan_id"]))
    design, limits = plans.designs[plan], _limits(case, plan)
    before = _before(case)
    deductible = sum(float(one["deductible_usd"]) for one in before)
    own = deductible + sum(float(one["copay_usd"]) for one in before)
    tier = str(row["tier"])
    flat = design.drug_tiers_usd.get(tier)  # type: ignore[call-overload]
    spared = int(tier) < DEDUCTIBLE_FROM_TIER and flat is not None and not design.joint_drugs
    yield (f"deductible {row['deductible_usd']:,.2f}: {row['plan_id']} has "
           f"{_amount(limits[0])} a year, {deductible:,.2f} met before by fills"
           + (f"; tier {tier} is spared" if spared else "")
           + ("; claims count towards it too" if design.joint_drugs else ""))  # fmt: skip
    how = (f"a share of {plans.drug_points[plan] / 10_000:g} of the rest" if flat is None
           else f"tier {tier} costs {flat:,.2f} for each {COPAY_DAYS} days begun")  # fmt: skip
    of = "no maximum" if limits[1] < 0 else f"maximum {_amount(limits[1])}"
    if design.medicare and _is_insulin(case):
        how += "; a month of insulin at most 35, without a deductible"
    if design.low_income_subsidy != "none":
        how += f"; at most the copay of the low-income subsidy ({design.low_income_subsidy})"
    yield (f"copay {row['copay_usd']:,.2f}: {how}, at most the rest; own so far {own:,.2f}, {of}; "
           f"phase {row['benefit_phase']}")  # fmt: skip


def _limits(case: RowCase, plan: int) -> tuple[int, int]:
    """Return deductible and maximum that a fill uses up, cents; negative for none."""
    plans = case.job.plan_table
    year = _benefit_year(str(case.row["fill_date"]), int(plans.first_month[plan]))
    amounts = plans.amounts_of(plan, year)
    prefix = "" if plans.joint_drugs[plan] else "drug_"
    return int(amounts[f"{prefix}deductible_usd"]), int(amounts[f"{prefix}oop_max_usd"])


def _amount(cents: int) -> str:
    return "none" if cents < 0 else f"{cents / 100:,.2f}"


def _is_insulin(case: RowCase) -> bool:
    """Tell whether a fill is of an insulin."""
    prescriptions = case.rows("prescriptions", prescription_id=case.row["prescription_id"])
    return any(drugs().find(str(one["drug"]), "drug").insulin for one in prescriptions)


def _before(case: RowCase) -> list[dict[str, Any]]:
    """Return the person's fills of the plan and benefit year before this one, as shared."""
    plans = case.job.plan_table
    month = int(plans.first_month[plans.names.index(str(case.row["plan_id"]))])
    fills = case.rows("fills", person_id=case.person_id, plan_id=case.row["plan_id"])
    year = _benefit_year(str(case.row["fill_date"]), month)
    same = [one for one in fills if _benefit_year(str(one["fill_date"]), month) == year]
    order = sorted(enumerate(same), key=lambda pair: (str(pair[1]["fill_date"]), pair[0]))
    ids = [str(one["fill_id"]) for _, one in order]
    own = str(case.row["fill_id"])
    return [one for _, one in order[: ids.index(own)]] if own in ids else []


def _benefit_year(day: str, first_month: int) -> int:
    year, month = int(day[:4]), int(day[5:7])
    return year if month >= first_month else year - 1
