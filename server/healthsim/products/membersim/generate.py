"""Price claims: claim headers and their lines in, three complete tables out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.drg.payment import drg_payments
from healthsim.billing.facility.ipps import PaidStays, stay_dollars
from healthsim.billing.professional.fee_schedule import is_anesthesia
from healthsim.dates import NO_DAY
from healthsim.limits import Cents, benefit_year
from healthsim.products.membersim.claim_rows import ClaimHeaders, ServiceLines
from healthsim.products.membersim.contracts import Contracts
from healthsim.products.membersim.facility_prices import (
    FacilityLines,
    FacilityPrices,
    by_opps,
    facility_prices,
    may_be_packaged,
)
from healthsim.products.membersim.plans import PlanTable
from healthsim.products.membersim.pricing import (
    unit_cents,
)
from healthsim.products.membersim.professional_prices import (
    ProfessionalPrices,
    professional_prices,
)
from healthsim.products.membersim.reductions import DaysWork, paid_shares
from healthsim.products.membersim.sharing import CostShares, CostSharingInput
from healthsim.products.membersim.tables import CLAIM_ADJUSTMENTS, CLAIM_LINES, CLAIMS
from healthsim.products.membersim.terms import LineTerms, above_visit_limits
from healthsim.tables import Coded, Columns

__all__ = ["ClaimHeaders", "PricedClaims", "ServiceLines", "claims", "price_claims"]

_GROUPS = ("CO", "PR")
_GROUP_OF = np.array([0, 0, 1, 1, 1, 1], dtype=np.int32)
_CARCS = ("45", "97", "1", "2", "3", "119")  # X12 claim adjustment reason codes, by `_ADJUSTED`
_ADJUSTED = (
    "contractual_usd", "denied_usd", "deductible_usd", "coinsurance_usd", "copay_usd",
    "other_adjustment_usd",
)  # fmt: skip
_CONTRACTUAL, _DENIED, _BEYOND = 0, 1, 5  # places in both
_PAYING = (
    "plan_paid_usd", "deductible_usd", "coinsurance_usd", "copay_usd", "other_adjustment_usd",
)  # fmt: skip
_SUMMED = (*_PAYING, "contractual_usd", "denied_usd")  # a header's other amounts are sums of these


@dataclass(frozen=True, eq=False)
class PricedClaims:
    """Claims whose lines have prices, before they are divided between plan and member.

    Attributes:
        beyond: bool, shape (m,), denied as beyond the visits that the plan covers (CARC 119).
        packaged: bool, shape (m,), not paid as another line's payment includes it (CARC 97).
        money: charge, allowed, contractual and denied of every line, int64 cents.
        terms: how the plan shares each line.
        sharing: the same as input of the accumulators.
    """

    bills: ClaimHeaders
    lines: ServiceLines
    plans: PlanTable
    beyond: NDArray[np.bool_]
    packaged: NDArray[np.bool_]
    money: Mapping[str, Cents]
    terms: LineTerms
    sharing: CostSharingInput


def price_claims(bills: ClaimHeaders, lines: ServiceLines, plans: PlanTable) -> PricedClaims:
    """Price every line, and find the terms on which its plan shares it."""
    beyond = above_visit_limits(bills, lines, plans)
    if beyond.any():
        lines = replace(lines, part_of_global=lines.part_of_global | beyond)
    main = _main_lines(bills, lines)
    money = _prices(bills, lines, plans, main)
    terms = LineTerms(bills, lines, plans, main, money["allowed_usd"])
    packaged = _packaged(bills, lines, money["allowed_usd"])
    return PricedClaims(bills, lines, plans, beyond, packaged, money, terms, terms.input())


def claims(priced: PricedClaims, shares: CostShares) -> dict[str, Columns]:
    """Fill the tables of claims.

    Returns:
        Complete tables "claims", "claim_lines" and "claim_adjustments", rows in (person_id, key)
        order. A header is the sum of its lines to the cent. A line's charge is the sum of its
        allowed, contractual and denied amounts; its allowed amount is what plan and member pay.
    """
    bills, lines, plans = priced.bills, priced.lines, priced.plans
    money = {
        **priced.money,
        "plan_paid_usd": shares.plan_paid,
        "deductible_usd": shares.deductible,
        "coinsurance_usd": shares.coinsurance,
        "copay_usd": shares.copay,
        "other_adjustment_usd": priced.terms.exhausted,
    }
    return {
        "claims": _headers(bills, lines, plans, money),
        "claim_lines": _lines(bills, lines, money),
        "claim_adjustments": _adjustments(priced, money),
    }


def _main_lines(bills: ClaimHeaders, lines: ServiceLines) -> NDArray[np.intp]:
    """Return each bill's main line, which has its copay: its DRG line, or else its first; (n,)."""
    main = _first_lines(lines)
    if not np.array_equal(lines.bill[main], np.arange(len(bills.claim_id))):
        raise ValueError("lines must be sorted by bill, and every bill needs at least one line")
    by_drg = np.flatnonzero(lines.drg_line)
    main[lines.bill[by_drg]] = by_drg
    if not lines.drg_line[main[_paid_by_drg(bills)]].all():
        raise ValueError("every claim that is paid by DRG needs a line with drg_line")
    return main


def _first_lines(lines: ServiceLines) -> NDArray[np.intp]:
    """Return the first line of each bill, intp, shape (n,)."""
    return np.flatnonzero(np.diff(lines.bill, prepend=np.int32(-1)))


def _paid_by_drg(bills: ClaimHeaders) -> NDArray[np.bool_]:
    return bills.institutional & ~np.isnan(bills.drg_weight)


def _prices(
    bills: ClaimHeaders, lines: ServiceLines, plans: PlanTable, main: NDArray[np.intp]
) -> dict[str, Cents]:
    """Return charge, allowed, contractual and denied of every line, int64 cents, (m,).

    A contract pays the lesser of its price and the charge.
    """
    contracts = Contracts.of(bills, lines, plans)
    price, units = np.zeros(len(lines.bill)), lines.units.copy()
    at, priced, share = professional_prices_of(bills, lines)
    price[at], units[at] = priced.unit, priced.units
    payable = price.copy()
    payable[at] *= share
    at, found = facility_prices_of(bills, lines)
    price[at], payable[at] = found.listed, found.payable
    charge = unit_cents(price, contracts.charge, units)
    allowed = unit_cents(payable, contracts.price, units)
    stays = _paid_by_drg(bills)
    if stays.any():
        at = main[stays]
        price = _stay_cents(bills, stays, _sums(charge, _first_lines(lines))[stays])
        allowed[stays[lines.bill]] = 0
        allowed[at] = unit_cents(price, contracts.price[at])
        charge[at] = np.maximum(charge[at], unit_cents(price, contracts.charge[at]))
    np.minimum(allowed, charge, out=allowed)
    refused = np.flatnonzero(lines.part_of_global)
    allowed[refused] = 0
    contractual = charge - allowed
    denied = np.zeros_like(charge)
    denied[refused], contractual[refused] = charge[refused], 0
    return {
        "charge_usd": charge,
        "allowed_usd": allowed,
        "contractual_usd": contractual,
        "denied_usd": denied,
    }


def _packaged(bills: ClaimHeaders, lines: ServiceLines, allowed: Cents) -> NDArray[np.bool_]:
    """Return which lines of outpatient claims another line's payment includes, bool, (m,)."""
    may_be = np.append(may_be_packaged(lines.procedure.vocabulary), True)[lines.procedure.codes]
    may_be |= ~by_opps(bills.encounter_class)[lines.bill]
    outpatient = (bills.institutional & ~_paid_by_drg(bills))[lines.bill]
    packaged: NDArray[np.bool_] = outpatient & may_be & (allowed == 0) & ~lines.part_of_global
    return packaged


def _stay_cents(
    bills: ClaimHeaders, stays: NDArray[np.bool_], charge: Cents
) -> NDArray[np.float64]:
    """Return what IPPS pays of each stay, before the provider's and the plan's level."""
    at = np.flatnonzero(stays)
    paid = drg_payments(bills.drg.take(at))
    first, last = bills.admit_date[stays], bills.through_date[stays]
    return 100.0 * stay_dollars(PaidStays(
        weight=bills.drg_weight[stays], gmlos_days=paid.gmlos_days, post_acute=paid.post_acute,
        special_pay=paid.special_pay, discharge_status=bills.discharge_status.take(at),
        discharged=last,
        nights=np.where(first == NO_DAY, 0, last - first).astype(np.int32), charge=charge,
    ))  # fmt: skip


def professional_prices_of(
    bills: ClaimHeaders, lines: ServiceLines
) -> tuple[NDArray[np.intp], ProfessionalPrices, NDArray[np.float64]]:
    """Return the lines of every 837P, their prices, and the share of each that is paid.

    The share is below 1 where another procedure of the day is paid first.
    """
    at = np.flatnonzero(~bills.institutional[lines.bill])
    modifiers = (lines.modifier_1, lines.modifier_2, lines.modifier_3, lines.modifier_4)
    days, procedure = lines.service_date[at], lines.procedure.take(at)
    found = professional_prices(
        procedure, tuple(one.take(at) for one in modifiers), lines.pos.take(at),
        benefit_year(days, 1), lines.units[at],
    )  # fmt: skip
    share = paid_shares(DaysWork(
        lines.bill[at], days, procedure, found.component, found.inside, found.unit, found.units
    ))  # fmt: skip
    return at, found, share


def facility_prices_of(
    bills: ClaimHeaders, lines: ServiceLines, bill: int | None = None
) -> tuple[NDArray[np.intp], FacilityPrices]:
    """Return the lines of one 837I, or of all, by their rows, and what one unit of each costs."""
    chosen = bills.institutional[lines.bill]
    at = np.flatnonzero(chosen if bill is None else chosen & (lines.bill == bill))
    claim = lines.bill[at]
    return at, facility_prices(FacilityLines(
        claim=claim, encounter_class=bills.encounter_class.take(claim),
        procedure=lines.procedure.take(at), cents=lines.flat_cents[at], units=lines.units[at],
        days=lines.service_date[at],
    ))  # fmt: skip


def _headers(
    bills: ClaimHeaders, lines: ServiceLines, plans: PlanTable, money: Mapping[str, Cents]
) -> Columns:
    size = len(bills.claim_id)
    first = _first_lines(lines)
    sums = {name: _sums(money[name], first) for name in _SUMMED}
    sums["allowed_usd"] = sum((sums[name] for name in _PAYING), np.zeros(size, dtype=np.int64))
    sums["charge_usd"] = sums["allowed_usd"] + sums["contractual_usd"] + sums["denied_usd"]
    paid = np.bincount(lines.bill[~lines.part_of_global], minlength=size) > 0
    return CLAIMS.complete({
        "claim_id": bills.claim_id,
        "person_id": bills.person_id,
        "encounter_id": bills.encounter_id,
        "plan_id": Coded(bills.plan, plans.names),
        "form": Coded(bills.institutional.astype(np.int32), ("837P", "837I")),
        "bill_type": bills.bill_type,
        "frequency_code": Coded.constant("1", size),
        "payer_order": np.ones(size, dtype=np.int32),
        "from_date": bills.from_date,
        "through_date": bills.through_date,
        "received_date": bills.received_date,
        "decided_date": bills.decided_date,
        "paid_date": bills.paid_date,
        "status": _status(~paid),
        "network": Coded((~bills.in_network).astype(np.int32), ("in", "out")),
        "billing_npi": bills.billing_npi,
        "rendering_npi": bills.rendering_npi,
        "attending_npi": bills.attending_npi,
        "facility_npi": bills.facility_npi,
        "drg": bills.drg,
        "admit_date": bills.admit_date,
        "discharge_status": bills.discharge_status,
        **sums,
        "event_id": bills.event_id,
    })  # fmt: skip


def _lines(bills: ClaimHeaders, lines: ServiceLines, money: Mapping[str, Cents]) -> Columns:
    return CLAIM_LINES.complete({
        "claim_id": bills.claim_id[lines.bill],
        "line": lines.line,
        "person_id": bills.person_id[lines.bill],
        "service_date": lines.service_date,
        "pos": lines.pos,
        "revenue_code": lines.revenue_code,
        "procedure": lines.procedure,
        "modifier_1": lines.modifier_1,
        "modifier_2": lines.modifier_2,
        "modifier_3": lines.modifier_3,
        "modifier_4": lines.modifier_4,
        "units": lines.units,
        "unit_basis": _unit_basis(lines),
        "diagnosis_pointers": lines.diagnosis_pointers,
        **money,
        "status": _status(lines.part_of_global),
        "event_id": lines.event_id,
    })  # fmt: skip


def _unit_basis(lines: ServiceLines) -> Coded:
    """Return what the units of each line count: minutes of anaesthesia, days of a room, else units.

    Rooms are the revenue centres 0100 to 0219.
    """
    minutes = np.array([*map(is_anesthesia, lines.procedure.vocabulary), False], dtype=np.int32)
    rooms = np.array(
        [*("0100" <= code <= "0219" for code in lines.revenue_code.vocabulary), False],
        dtype=np.int32,
    )
    kind = np.maximum(minutes[lines.procedure.codes], 2 * rooms[lines.revenue_code.codes])
    return Coded(kind.astype(np.int32), ("UN", "MJ", "DA"))


def _adjustments(priced: PricedClaims, money: Mapping[str, Cents]) -> Columns:
    """Return why less was paid than charged: one row per line and reason above zero.

    What is charged above the allowed amount is the contract's (CO-45), or billed to the member
    where limits out of network apply (PR-45). What another line's payment includes is CO-97.
    """
    bills, lines = priced.bills, priced.lines
    kinds = np.int32(len(_ADJUSTED))
    amounts = np.stack([money[name] for name in _ADJUSTED], axis=1).reshape(-1)
    above = np.flatnonzero(amounts > 0).astype(np.int32)  # line by line, reason by reason
    row = above // kinds
    kind = above - row * kinds
    count = np.bincount(row, minlength=len(lines.bill)).astype(np.int32)
    before = np.cumsum(count, dtype=np.int32) - count
    bill = lines.bill[row]
    group, carc = _GROUP_OF[kind], kind
    if priced.beyond.any():
        beyond = priced.beyond[row] & (kind == _DENIED)
        group, carc = np.where(beyond, 1, group), np.where(beyond, _BEYOND, kind)
    if priced.sharing.outside is not None:
        group = np.where(priced.sharing.outside[row] & (kind == _CONTRACTUAL), 1, group)
    included = priced.packaged[row] & (kind == _CONTRACTUAL)
    group, carc = np.where(included, 0, group), np.where(included, _DENIED, carc)
    return CLAIM_ADJUSTMENTS.complete({
        "claim_id": bills.claim_id[bill],
        "line": lines.line[row],
        "sequence": np.arange(1, len(above) + 1, dtype=np.int32) - before[row],
        "person_id": bills.person_id[bill],
        "group_code": Coded(group.astype(np.int32), _GROUPS),
        "carc": Coded(carc.astype(np.int32), _CARCS),
        "amount_usd": amounts[above],
    })  # fmt: skip


def _sums(values: Cents, first: NDArray[np.intp]) -> Cents:
    """Add up the lines of every bill; bill i's lines begin at `first[i]`."""
    if not len(first):
        return np.zeros(0, dtype=np.int64)
    sums: Cents = np.add.reduceat(values, first)
    return sums


def _status(denied: NDArray[np.bool_]) -> Coded:
    return Coded(denied.astype(np.int32), ("paid", "denied"))
