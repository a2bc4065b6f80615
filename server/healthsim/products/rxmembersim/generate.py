"""Price fills: what pharmacies dispensed in, the table `fills` out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.limits import Cents
from healthsim.products.rxmembersim.sharing import (
    PHASES,
    DrugPlans,
    FillShares,
    PricedFills,
    share_fills,
)
from healthsim.products.rxmembersim.tables import FILLS
from healthsim.tables import Coded, Columns

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
        unit_cost_cents: float64, price of one unit of `quantity`.
        tier: int32, formulary tier 1 to 5.
        insulin: bool, the drug is an insulin.
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


def fills(dispensed: DispensedFills, plans: DrugPlans) -> Columns:
    """Price every fill, divide it between plan and member, and fill the table.

    Returns:
        Complete table `fills`, rows in (person_id, fill_id) order. On every row ingredient cost,
        dispensing fee and tax add up to what member, plan, other payer and coupon pay; of a
        reversed fill they are 0, and what was paid at first is in columns of its own.
    """
    size, paid = len(dispensed.fill_id), dispensed.status.equals("paid")
    cost, fee = _prices(dispensed, plans)
    shares = _shares(dispensed, plans, np.where(paid, cost + fee, 0))
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
        "daw": Coded.constant("0", size),
        "generic": dispensed.generic,
        "channel": dispensed.channel,
        "pharmacy_npi": dispensed.pharmacy_npi,
        "prescriber_npi": dispensed.prescriber_npi,
        "ingredient_cost_usd": np.where(paid, cost, 0),
        "dispensing_fee_usd": np.where(paid, fee, 0),
        "deductible_usd": shares.deductible,
        "copay_usd": shares.copay,
        "plan_paid_usd": shares.plan_paid,
        "tier": dispensed.tier,
        "benefit_phase": Coded(shares.phase, PHASES),
        **_reversed(dispensed, plans, cost + fee),
        "event_id": dispensed.event_id,
    })  # fmt: skip


def _shares(dispensed: DispensedFills, plans: DrugPlans, price: Cents) -> FillShares:
    return share_fills(
        PricedFills(
            person=dispensed.person,
            plan=dispensed.plan,
            fill_date=dispensed.fill_date,
            price=price,
            tier=dispensed.tier,
            days_supply=dispensed.days_supply,
            insulin=dispensed.insulin,
        ),
        plans,
    )


def _reversed(dispensed: DispensedFills, plans: DrugPlans, price: Cents) -> Columns:
    """Return what was paid at first of the fills that were reversed.

    Each is shared as if it counted, beside the fills that do and the others that were reversed.
    """
    back = dispensed.status.equals("reversed")
    cost, plan_paid = np.where(back, price, 0), np.zeros(len(back), dtype=np.int64)
    if back.any():
        of_those = np.isin(dispensed.person, dispensed.person[back])
        counted = np.where(of_those & ~dispensed.status.equals("rejected"), price, 0)
        plan_paid = np.where(back, _shares(dispensed, plans, counted).plan_paid, 0)
    return {
        "reversed_cost_usd": cost,
        "reversed_member_usd": cost - plan_paid,
        "reversed_plan_paid_usd": plan_paid,
    }


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


def _prices(dispensed: DispensedFills, plans: DrugPlans) -> tuple[Cents, Cents]:
    """Return ingredient cost and dispensing fee, int64 cents, (m,), whatever became of them."""
    cost = np.rint(dispensed.unit_cost_cents * dispensed.quantity).astype(np.int64)
    medicaid = np.array([design.kind == "medicaid" for design in plans.designs], dtype=np.bool_)
    retail = np.where(medicaid, MEDICAID_FEE_CENTS, RETAIL_FEE_CENTS)[dispensed.plan]
    fee = np.where(dispensed.channel.equals("retail"), retail, MAIL_FEE_CENTS)
    return cost, fee.astype(np.int64)
