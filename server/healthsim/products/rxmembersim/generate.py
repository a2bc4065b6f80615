"""Price fills: what pharmacies dispensed in, the table `fills` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.limits import Cents
from healthsim.products.rxmembersim.prices import FillPrices, fill_prices
from healthsim.products.rxmembersim.sharing import PHASES, DrugPlans, FillShares, PricedFills
from healthsim.products.rxmembersim.tables import FILLS, PRESCRIPTION_DRUG_EVENTS
from healthsim.tables import Coded, Columns

Household: TypeAlias = tuple[NDArray[np.int32], NDArray[np.bool_]]

RETAIL_FEE_CENTS = 65  # mean dispensing fee of Medicare drug plans: Milligram Health, 2022
MAIL_FEE_CENTS = 0  # assumption: mail and specialty pharmacies dispense without a fee
MEDICAID_FEE_CENTS = 1050  # assumption: about what states pay under 42 CFR 447.512

_RX_DIGITS = 9
_RX_NUMBERS = 999_999_937  # a prime just below 10**9


@dataclass(frozen=True, eq=False)
class DispensedFills:
    """What pharmacies dispensed: m fills sorted by (person, fill_id); arrays of shape (m,).

    Attributes:
        person: int32, row of the person in the chunk, rising.
        plan: int32, plan number in the run's plans.
        fill_number: int32, 0 for the first fill.
        status: paid, reversed or rejected; the latter two carry no money.
        reversed_date: int32, `NO_DAY` where not reversed.
        unit_cost_cents: float64, price of one unit of `quantity` in January 2025.
        tier: int32, formulary tier 1 to 5.
        insulin: bool, the drug is an insulin.
        daw: product selection code; None: 0 of all.
        exempt: bool, of people who owe no nominal copays; None where no plan has them.
        channel: retail, mail or specialty.
        event_id: int64, `NO_NUMBER` = null.
    """

    person: NDArray[np.int32]
    person_id: NDArray[np.int64]
    fill_id: NDArray[np.int64]
    prescription_id: NDArray[np.int64]
    event_id: NDArray[np.int64]
    plan: NDArray[np.int32]
    fill_number: NDArray[np.int32]
    status: Coded
    written_date: NDArray[np.int32]
    fill_date: NDArray[np.int32]
    reversed_date: NDArray[np.int32]
    ndc: Coded
    quantity: NDArray[np.float64]
    days_supply: NDArray[np.int32]
    generic: NDArray[np.bool_]
    tier: NDArray[np.int32]
    unit_cost_cents: NDArray[np.float64]
    insulin: NDArray[np.bool_]
    channel: Coded
    pharmacy_npi: NDArray[np.int64]
    prescriber_npi: NDArray[np.int64]
    exempt: NDArray[np.bool_] | None = None
    daw: Coded | None = None


@dataclass(frozen=True, eq=False)
class PricedDispensing:
    """Fills with prices, before they are divided between plan and member.

    Attributes:
        cost, fee: int64 cents, shape (m,), ingredient cost and dispensing fee, whatever became of
            the fill.
        sharing: the same as input of the accumulators.
        prices: cost and fee with what they are the lesser of.
    """

    dispensed: DispensedFills
    cost: Cents
    fee: Cents
    sharing: PricedFills
    prices: FillPrices


def price_fills(
    dispensed: DispensedFills, plans: DrugPlans, household: Household | None = None
) -> PricedDispensing:
    """Price every fill.

    Args:
        dispensed: what pharmacies dispensed.
        plans: of the run.
        household: of every fill: int32, shape (m,), and whether two or more of it are on the
            plan; None where people share no limits.
    """
    prices = _prices(dispensed, plans)
    cost, fee = prices.cost, prices.fee
    counts = dispensed.status.equals("paid") | (dispensed.reversed_date != NO_DAY)
    sharing = PricedFills(
        person=dispensed.person,
        plan=dispensed.plan,
        fill_date=dispensed.fill_date,
        price=np.where(counts, cost + fee, 0),
        tier=dispensed.tier,
        days_supply=dispensed.days_supply,
        insulin=dispensed.insulin,
        generic=dispensed.generic,
        reversed_date=dispensed.reversed_date,
        exempt=dispensed.exempt,
        tie=dispensed.fill_id,
        household=None if household is None else household[0],
        family=None if household is None else household[1],
    )
    return PricedDispensing(dispensed, cost, fee, sharing, prices)


def fills(priced: PricedDispensing, shares: FillShares, plans: DrugPlans) -> Columns:
    """Fill the table of fills.

    Returns:
        Complete table `fills`, rows in (person_id, fill_id) order. On every row ingredient cost,
        dispensing fee and tax add up to what member, plan, other payer and coupon pay; of a
        reversed fill they are 0, and what was paid at first is in columns of its own.
    """
    dispensed = priced.dispensed
    size, paid = len(dispensed.fill_id), dispensed.status.equals("paid")
    return FILLS.complete({
        "fill_id": dispensed.fill_id,
        "person_id": dispensed.person_id,
        "prescription_id": dispensed.prescription_id,
        "plan_id": Coded(dispensed.plan, plans.names),
        "rx_number": rx_numbers(dispensed.prescription_id),
        "fill_number": dispensed.fill_number,
        "status": dispensed.status,
        "written_date": dispensed.written_date,
        "fill_date": dispensed.fill_date,
        "reversed_date": dispensed.reversed_date,
        "ndc": dispensed.ndc,
        "quantity": dispensed.quantity,
        "days_supply": dispensed.days_supply,
        "daw": Coded.constant("0", size) if dispensed.daw is None else dispensed.daw,
        "generic": dispensed.generic,
        "channel": dispensed.channel,
        "pharmacy_npi": dispensed.pharmacy_npi,
        "prescriber_npi": dispensed.prescriber_npi,
        "ingredient_cost_usd": np.where(paid, priced.cost, 0),
        "dispensing_fee_usd": np.where(paid, priced.fee, 0),
        "deductible_usd": np.where(paid, shares.deductible, 0),
        "copay_usd": np.where(paid, shares.copay, 0),
        "plan_paid_usd": np.where(paid, shares.plan_paid, 0),
        "usual_and_customary_usd": priced.prices.charge,
        "reimbursement_basis": priced.prices.basis,
        "tier": dispensed.tier,
        "benefit_phase": Coded(shares.phase, PHASES),
        **_reversed(priced, shares),
        "event_id": dispensed.event_id,
    })  # fmt: skip


def _reversed(priced: PricedDispensing, shares: FillShares) -> Columns:
    """Return what was paid at first of the fills that were reversed."""
    back = priced.dispensed.status.equals("reversed")
    cost = np.where(back, priced.sharing.price, 0)
    plan_paid = np.where(back, shares.plan_paid, 0)
    return {
        "reversed_cost_usd": cost,
        "reversed_member_usd": cost - plan_paid,
        "reversed_plan_paid_usd": plan_paid,
    }


def drug_events(priced: PricedDispensing, shares: FillShares, plans: DrugPlans) -> Columns:
    """Fill `prescription_drug_events`: what a plan of Part D reports of each paid fill since 2025.

    Returns:
        Complete table, rows in (person_id, fill_id) order. On every row the costs below and above
        the threshold add up to the price, and so do what the member, the subsidy, the manufacturer
        and the plan pay.
    """
    dispensed = priced.dispensed
    at = np.flatnonzero(shares.part_d & dispensed.status.equals("paid"))
    patient = (shares.deductible + shares.copay)[at]
    subsidy, parts = shares.subsidy[at], shares.parts
    price = (priced.cost + priced.fee)[at]
    manufacturer = parts.manufacturer[at]
    above = parts.above[at]
    met = np.where(shares.phase[at] == 2, 1, np.where(above > 0, 0, -1))
    return PRESCRIPTION_DRUG_EVENTS.complete({
        "fill_id": dispensed.fill_id[at],
        "person_id": dispensed.person_id[at],
        "plan_id": Coded(dispensed.plan[at], plans.names),
        "fill_date": dispensed.fill_date[at],
        "below_threshold_usd": parts.below[at],
        "above_threshold_usd": above,
        "patient_pay_usd": patient,
        "low_income_subsidy_usd": subsidy,
        "true_out_of_pocket_usd": patient + subsidy,
        "manufacturer_discount_usd": manufacturer,
        "plan_paid_usd": price - patient - subsidy - manufacturer,
        "reinsurance_usd": parts.reinsurance[at],
        "catastrophic_code": Coded(met.astype(np.int32), ("A", "C")),
    })  # fmt: skip


def rx_numbers(prescription_id: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return the pharmacy's number of each prescription, nine digits, S9, shape (m,).

    >>> rx_numbers(np.array([5, 999_999_938])).tolist()
    [b'000000005', b'000000001']
    """
    left = prescription_id % _RX_NUMBERS
    digits = np.empty((len(left), _RX_DIGITS), dtype=np.uint8)
    for place in reversed(range(_RX_DIGITS)):
        left, digit = np.divmod(left, 10)
        digits[:, place] = digit
    digits += ord("0")
    return digits.view(f"S{_RX_DIGITS}").reshape(-1)


def _prices(dispensed: DispensedFills, plans: DrugPlans) -> FillPrices:
    """Return what each fill costs, whatever became of it."""
    medicaid = np.array([design.kind == "medicaid" for design in plans.designs], dtype=np.bool_)
    retail = np.where(medicaid, MEDICAID_FEE_CENTS, RETAIL_FEE_CENTS)[dispensed.plan]
    fee = np.where(dispensed.channel.equals("retail"), retail, MAIL_FEE_CENTS).astype(np.int64)
    return fill_prices(
        dispensed.ndc,
        dispensed.generic,
        dispensed.unit_cost_cents,
        dispensed.quantity,
        dispensed.fill_date,
        dispensed.channel,
        dispensed.pharmacy_npi,
        fee,
    )
