"""Why claims and their lines are as they are: what was billed, at which price, and who pays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from healthsim.addresses import BITS
from healthsim.billing.benefits.contract_prices import charge_levels, price_classes
from healthsim.billing.datafiles import rows as rows_of
from healthsim.billing.facility import opps
from healthsim.billing.facility.rates import amount
from healthsim.dates import day_of
from healthsim.execution.sync.bills.claims import UnpricedClaims
from healthsim.execution.sync.bills.lines import Bill
from healthsim.limits import benefit_year
from healthsim.operations.explaining.case import Reasons, RowCase, number, short, usd
from healthsim.operations.explaining.chart import explain_encounter_diagnosis
from healthsim.operations.explaining.steps import explain_step
from healthsim.products.membersim.contracts import Contracts
from healthsim.products.membersim.generate import (
    ServiceLines,
    facility_prices_of,
    professional_prices_of,
)
from healthsim.products.membersim.pricing import (
    trend,
)
from healthsim.products.membersim.professional_prices import (
    component_of,
    price_basis,
    professional_prices,
)
from healthsim.specification.profiles.plan_design import PlanDesign

_MOST_LINES = 5
_AMOUNTS = ("deductible_usd", "coinsurance_usd", "copay_usd", "plan_paid_usd")
_IPPS = ("ipps_operating", "ipps_capital")
_REASONS = {
    "45": "the contract writes it off: charge less allowed",
    "97": "another line's payment includes it",
    "119": "beyond what the plan covers in a year or benefit period",
    "1": "the member's deductible", "2": "the member's coinsurance", "3": "the member's copay",
}  # fmt: skip
"""X12 claim adjustment reason codes, in words."""


@dataclass(frozen=True)
class _ClaimCase:
    """A claim of the unit made again, before it was priced."""

    case: RowCase
    unpriced: UnpricedClaims
    at: int

    @classmethod
    def of(cls, case: RowCase) -> _ClaimCase | None:
        """Find the claim of a row; None where the unit was not made again, or lacks it."""
        unpriced = None if case.trace is None else UnpricedClaims.of(case.trace.ctx)
        if unpriced is None:
            return None
        at = np.flatnonzero(unpriced.headers.claim_id == int(str(case.row["claim_id"])))
        return cls(case, unpriced, int(at[0])) if len(at) else None

    @property
    def bill(self) -> Bill:
        """The bill that it is of, with all of the unit's people."""
        wanted = int(self.unpriced.headers.claim_id[self.at]) % (1 << BITS)
        return next(bill for bill in self.unpriced.bills.segments if bill.number == wanted)

    @property
    def plan(self) -> str:
        """The plan that it was sent to."""
        return self.case.job.plan_table.names[int(self.unpriced.headers.plan[self.at])]

    @property
    def design(self) -> PlanDesign:
        """The design of that plan."""
        return self.case.job.plan_table.designs[int(self.unpriced.headers.plan[self.at])]

    def limits(self, day: str) -> dict[str, int]:
        """Return the plan's limits in the benefit year of a day, cents; negative for none."""
        year = int(benefit_year(np.array([day_of(day)], np.int32), self.design.benefit_year)[0])
        amounts = self.case.job.plan_table.amounts_of(
            int(self.unpriced.headers.plan[self.at]), year
        )
        return {name: int(cents) for name, cents in amounts.items()}

    @cached_property
    def contracts(self) -> Contracts:
        """The price levels of the lines of the unit's claims."""
        return Contracts.of(self.unpriced.headers, self.unpriced.lines, self.case.job.plan_table)

    def factors(self, at: int) -> tuple[str, str]:
        """Return in words what a line's charge and allowed amount are multiplied by.

        Args:
            at: row of the line.
        """
        headers, found = self.unpriced.headers, self.contracts
        kind = price_classes()[found.price_class[at]].replace("_", " ")
        more = charge_levels()[found.price_class[at]]
        own = f"{headers.charge_factor[self.at]:.4f}" + (f" × {more:g}" if more != 1 else "")
        contract = f" × {found.own[at]:g} (the provider's contract)" if found.own[at] != 1 else ""
        return (f"{own}, the provider's charges of {kind}",
                f"price {headers.price_factor[self.at]:.4f} × plan level {found.plan[at]:g} "
                f"({kind}){contract}, at most the charge")  # fmt: skip

    def lines(self) -> list[dict[str, Any]]:
        """Return its priced lines."""
        return self.case.rows("claim_lines", claim_id=self.case.row["claim_id"])


def explain_claim(case: RowCase) -> Reasons:
    """Say what a claim bills, and how each of its lines was priced and shared."""
    reasons = _encounter(case)
    claim = _ClaimCase.of(case)
    if claim is None:
        return reasons
    because = [*_header(claim)]
    lines = claim.lines()
    for line in lines[:_MOST_LINES]:
        amounts = ", ".join(f"{name.removesuffix('_usd').replace('_', ' ')} {line[name]:,.2f}"
                            for name in _AMOUNTS if line[name])  # fmt: skip
        what = line["procedure"] or f"revenue {line['revenue_code']}"
        because.append(
            f"line {line['line']}, {what}: charge {line['charge_usd']:,.2f}, allowed "
            f"{line['allowed_usd']:,.2f}: {amounts}"
        )
    if len(lines) > _MOST_LINES:
        because.append(f"{_MOST_LINES} of {len(lines)} lines")
    because.append("explain_row with claim_lines and claim_id,line says how a line's amounts came")
    reasons.because = [*because, *reasons.because]
    address = f"{claim.bill.address}/lag"
    reasons.draws = case.drawn(address)
    return reasons


def _encounter(case: RowCase) -> Reasons:
    """Say why the encounter that is billed took place."""
    address = (case.address_of("claims", case.row["claim_id"]) or "").rpartition("/")[0]
    source = case.at(address)
    return Reasons() if source is None else explain_step(case, source)


def _header(claim: _ClaimCase) -> Iterator[str]:
    headers, bill, at = claim.unpriced.headers, claim.bill, claim.at
    row, place = claim.case.row, bill.visit.details.encounter_class
    who = "the facility" if bill.institutional else "the clinician"
    if bill.laboratory is not None:
        who = "the reference laboratory, to which the practice sends its tests,"
    yield (f"{bill.form}: {who}'s bill of the {place.replace('_', ' ')} visit, as {claim.plan} "
           f"covered the person on its first day")  # fmt: skip
    inside = "a" if headers.in_network[at] else "no"
    yield (f"billing NPI {headers.billing_npi[at]}: the plan has {inside} contract; its prices are "
           f"{headers.price_factor[at]:.4f}, its charges {headers.charge_factor[at]:.4f} of the "
           "schedule's")  # fmt: skip
    draw = claim.case.draw(f"{bill.address}/lag")
    if draw is not None and "received_date" in row:
        yield (f"received {row['received_date']}, decided {row['decided_date']}, paid in the run "
               f"of {row['paid_date']}: one uniform {number(draw.uniform)} gives both lags "
               "(billing/data/claim_lags.csv)")  # fmt: skip


def explain_claim_line(case: RowCase) -> Reasons:
    """Say what a line bills, how charge and allowed amount came, and who pays it."""
    own = case.source
    reasons = _encounter(case) if own is None else explain_step(case, own)
    claim = _ClaimCase.of(case)
    if claim is not None:
        reasons.because = [*_line(claim), *_header(claim), *reasons.because]
    reasons.draws = []
    return reasons


def _line(claim: _ClaimCase) -> Iterator[str]:
    """Yield how one line was billed, priced and shared."""
    lines = claim.unpriced.lines
    wanted = (lines.bill == claim.at) & (lines.line == int(claim.case.row["line"]))
    at = np.flatnonzero(wanted)
    priced = [one for one in claim.lines() if one["line"] == int(claim.case.row["line"])]
    if not len(at) or not priced:
        return
    yield _billed(claim, priced[0])
    yield from _price(claim, int(at[0]), priced[0])
    yield from _shared(claim, priced[0])


def _billed(claim: _ClaimCase, line: dict[str, Any]) -> str:
    """Say which rule put a line on the bill."""
    bill = claim.bill
    own = str(line["event_id"]) == str(claim.unpriced.headers.event_id[claim.at])
    if line["procedure"] is None:
        if own:
            return (f"line {line['line']}: the facility's own charge, revenue "
                    f"{line['revenue_code']} (billing/data/facility_rooms.csv)")  # fmt: skip
        return f"line {line['line']}: something done in the stay, listed by revenue centre alone"
    what = "the visit's own service (details.procedures)" if own else "something done in the visit"
    return f"line {line['line']}: {line['procedure']}, {what}, on the {bill.form}"


def _price(claim: _ClaimCase, at: int, line: dict[str, Any]) -> Iterator[str]:
    """Yield how charge and allowed amount came from the fee schedule."""
    headers, lines, bill = claim.unpriced.headers, claim.unpriced.lines, claim.at
    if headers.institutional[bill] and np.isnan(headers.drg_weight[bill]):
        yield from _facility_price(claim, at, line)
        return
    index = float(trend(benefit_year(lines.service_date[at : at + 1], 1))[0])
    units, charges, factors = int(lines.units[at]), *claim.factors(at)
    by_drg = bool(headers.institutional[bill]) and not np.isnan(headers.drg_weight[bill])
    if line["procedure"] is None:
        base, basis = float(lines.flat_cents[at]), "base price by revenue centre"
    else:
        base, units, basis, index = *_professional(lines, at), 1.0
    first = f"{units} × {usd(base)} ({basis}) × {index:g} for the year"
    yield short(f"charge {line['charge_usd']:,.2f}: {first} × {charges}")
    if line["status"] == "denied":
        yield "allowed 0.00: inside an operation's global period, denied (CARC 97)"
    elif by_drg and not lines.drg_line[at]:
        yield "allowed 0.00: the stay is paid by DRG on its room line"
    elif by_drg:
        weight = float(headers.drg_weight[bill])
        rate = usd(100 * float(sum(amount(name, headers.through_date[bill : bill + 1])[0]
                                   for name in _IPPS)))  # fmt: skip
        yield (f"allowed {line['allowed_usd']:,.2f}: DRG weight {weight:g} × {rate} (operating and "
               f"capital amount of the fiscal year) × {factors}, less for an early transfer, more "
               "for a very expensive stay (billing/facility/ipps.py)")  # fmt: skip
    else:
        share = _paid_share(claim, at)
        part = "" if share == 1 else f" × {share:g}, as another procedure of the day is paid first,"
        yield (f"allowed {line['allowed_usd']:,.2f}: {units} × {usd(base)} × {index:g}{part} × "
               f"{factors}")  # fmt: skip


def _paid_share(claim: _ClaimCase, at: int) -> float:
    """Return the share of a line's price that is paid beside other procedures of the day."""
    places, _, shares = professional_prices_of(claim.unpriced.headers, claim.unpriced.lines)
    return float(next(iter(shares[places == at]), 1.0))


def _professional(lines: ServiceLines, at: int) -> tuple[float, int, str]:
    """Return price of a unit, units and basis of one line of an 837P, at its year's prices."""
    rows = slice(at, at + 1)
    modifiers = tuple(getattr(lines, f"modifier_{place}").take(rows) for place in range(1, 5))
    years = benefit_year(lines.service_date[rows], 1)
    found = professional_prices(
        lines.procedure.take(rows), modifiers, lines.pos.take(rows), years, lines.units[rows]
    )
    code = str(lines.procedure.take(rows).texts()[0])
    component = component_of(tuple(one.texts()[0] for one in modifiers))
    basis = price_basis(code, component, int(years[0]))
    return float(found.unit[0]), int(found.units[0]), basis


def _facility_price(claim: _ClaimCase, at: int, line: dict[str, Any]) -> Iterator[str]:
    """Yield how charge and allowed amount of a facility's line came from its payment system."""
    headers, bill = claim.unpriced.headers, claim.at
    own, prices = facility_prices_of(headers, claim.unpriced.lines, bill)
    listed, payable = (float(one[own == at][0]) for one in (prices.listed, prices.payable))
    code, units = line["procedure"], line["units"]
    basis = (f"revenue centre {line['revenue_code']}" if code is None
             else f"{code}, OPPS status {opps.status(str(code))}")  # fmt: skip
    charges, factors = claim.factors(at)
    yield short(f"charge {line['charge_usd']:,.2f}: {units} × {usd(listed)} ({basis}) × {charges}")
    if payable == 0:
        yield "allowed 0.00: another line's payment includes it (billing/facility/opps.py)"
        return
    yield f"allowed {line['allowed_usd']:,.2f}: {units} × {usd(payable)} × {factors}"


def _shared(claim: _ClaimCase, line: dict[str, Any]) -> Iterator[str]:
    """Yield how the allowed amount is shared, with what was met before in the benefit year."""
    design, limits = claim.design, claim.limits(str(line["service_date"]))
    before = _before(claim, line)
    met = sum(float(one["deductible_usd"]) for one in before)
    own = sum(float(one[name]) for one in before for name in _AMOUNTS[:3])
    if line["copay_usd"]:
        yield f"copay {line['copay_usd']:,.2f}: {claim.plan}'s for this service"
    yield (f"deductible {line['deductible_usd']:,.2f}: {claim.plan} has "
           f"{_amount(limits['deductible_usd'])} a year, {met:,.2f} met before by claims decided "
           f"earlier{_family(limits['family_deductible_usd'])}")  # fmt: skip
    if design.by_benefit_period and line["deductible_usd"]:
        yield "Part A's deductible, once in a benefit period (billing/benefits/part_a.py)"
    yield (f"coinsurance {line['coinsurance_usd']:,.2f}: {design.coinsurance_share:g} of the rest "
           f"unless the service has its own; own so far {own:,.2f}, maximum "
           f"{_amount(limits['oop_max_usd'])}{_family(limits['family_oop_max_usd'])}")  # fmt: skip
    free = line["allowed_usd"] and line["plan_paid_usd"] == line["allowed_usd"]
    if free:
        yield "the member owes nothing: preventive, covered by another line's copay, or at a limit"
    yield f"plan pays {line['plan_paid_usd']:,.2f}: the rest of the allowed amount"


def _amount(cents: int) -> str:
    return "none" if cents < 0 else usd(cents)


def _family(cents: int) -> str:
    return "" if cents < 0 else f" (family {usd(cents)})"


def _before(claim: _ClaimCase, line: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the person, plan and benefit year that were decided before a line."""
    case, first_month = claim.case, claim.design.benefit_year
    decided = {str(one["claim_id"]): str(one["decided_date"]) for one in case.rows(
        "claims", person_id=case.person_id, plan_id=claim.plan)}  # fmt: skip
    rows = [one for one in case.rows("claim_lines", person_id=case.person_id)
            if str(one["claim_id"]) in decided]  # fmt: skip
    years = benefit_year(
        np.array([day_of(str(one["service_date"])) for one in rows], dtype=np.int32), first_month
    )
    key = (str(line["claim_id"]), line["line"])
    own = next(place for place, one in enumerate(rows)
               if (str(one["claim_id"]), one["line"]) == key)  # fmt: skip
    order = sorted(range(len(rows)), key=lambda at: (decided[str(rows[at]["claim_id"])], at))
    return [rows[at] for at in order[: order.index(own)] if years[at] == years[own]]


def explain_adjustment(case: RowCase) -> Reasons:
    """Say why less was paid than charged on a line."""
    reasons = explain_claim_line(case)
    carc = str(case.row["carc"])
    said = _REASONS.get(carc, "an adjustment")
    reasons.because.insert(
        0, f"{case.row['group_code']}-{carc} {case.row['amount_usd']:,.2f}: {said}"
    )
    return reasons


def explain_claim_code(case: RowCase) -> Reasons:
    """Say why a condition, occurrence or value code is on a claim: which fact it tells."""
    reasons = _encounter(case)
    kind, code = str(case.row["kind"]), str(case.row["code"])
    found = next((row for row in rows_of("claim_codes.csv")
                  if (row["kind"], row["code"]) == (kind, code)), None)  # fmt: skip
    if found is not None:
        reasons.because.insert(0, f"{kind} code {code}: {found['meaning']} ({found['source']})")
    return reasons


def explain_claim_diagnosis(case: RowCase) -> Reasons:
    """Say why a diagnosis is on a claim: it is the encounter's."""
    source = case.at((case.address_of("claims", case.row["claim_id"]) or "").rpartition("/")[0])
    reasons = explain_encounter_diagnosis(case)
    if not reasons.made_by and source is not None:
        reasons.add(explain_step(case, source))
    reasons.because.insert(1, "claims list the diagnoses of the encounter that they bill")
    return reasons
