"""Divide allowed amounts between a plan and its member, to the cent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.limits import Cents, LimitOrder, benefit_year
from healthsim.products.membersim.plans import PlanTable

NO_COPAY = np.int64(-1)


@dataclass(frozen=True, eq=False)
class CostSharingInput:
    """Service lines whose allowed amounts are to be shared; arrays of shape (m,), any order.

    Attributes:
        person: int32, row of the person in the chunk.
        plan: int32, plan number.
        service_date: int32, days since 1970-01-01.
        allowed: int64 cents, not negative.
        copay: int64 cents, the copay of this line; `NO_COPAY` where none.
        covered: bool, the member owes nothing for it: a free preventive service, or a line of a
            visit whose copay is on another line.
        tie: int64, order of the rows of one day; None means the row order.
        household: int32, people of one household share a family's limits; None where there are
            no households.
    """

    person: NDArray[np.int32]
    plan: NDArray[np.int32]
    service_date: NDArray[np.int32]
    allowed: Cents
    copay: Cents
    covered: NDArray[np.bool_]
    tie: NDArray[np.int64] | None = None
    household: NDArray[np.int32] | None = None


@dataclass(frozen=True, eq=False)
class CostShares:
    """Who pays each line: int64 cents, shape (m,), in the rows' own order.

    On every row the four add up to the allowed amount.
    """

    deductible: Cents
    coinsurance: Cents
    copay: Cents
    plan_paid: Cents


def share_costs(lines: CostSharingInput, plans: PlanTable) -> CostShares:
    """Part every line's allowed amount by the design of its plan.

    A covered line costs the member nothing. A line with a copay costs the copay, at most the
    allowed amount, and no deductible. Any other line meets the deductible of its person, plan
    and benefit year in date order, then the coinsurance, rounded half to even. What a member
    pays in a benefit year never exceeds the out-of-pocket maximum: what is above it is taken
    from the coinsurance, then the copay, then the deductible. Where people are of one household,
    deductible and maximum are also met for everyone once the family's are, in date order.
    """
    year = benefit_year(lines.service_date, plans.first_month[lines.plan])
    turns = LimitOrder.of((lines.person, lines.plan, year), lines.service_date, lines.tie)
    plan, allowed = lines.plan[turns.order], lines.allowed[turns.order]
    shareable = np.where(lines.covered, 0, lines.allowed)
    flat = np.where(lines.copay >= 0, np.minimum(lines.copay, shareable), 0)
    shared = np.where(lines.copay >= 0, 0, shareable)[turns.order]
    copay = flat[turns.order]
    family = _family(lines, year, turns)
    deductible = turns.use(shared, plans.deductible_cents[plan])
    deductible = _within(family, deductible, plans.family_deductible_cents[plan])
    coinsurance = np.rint((shared - deductible) * plans.coinsurance_share[plan]).astype(np.int64)
    member = deductible + coinsurance + copay
    payable = turns.use(member, plans.oop_max_cents[plan])
    excess = member - _within(family, payable, plans.family_oop_max_cents[plan])
    above = np.flatnonzero(excess)
    if above.size:
        excess = excess[above]
        for part in (coinsurance, copay, deductible):
            taken = np.minimum(part[above], excess)
            part[above] -= taken
            excess -= taken
        member = deductible + coinsurance + copay
    return CostShares(
        turns.in_row_order(deductible),
        turns.in_row_order(coinsurance),
        turns.in_row_order(copay),
        turns.in_row_order(allowed - member),
    )


def _family(
    lines: CostSharingInput, year: NDArray[np.int32], turns: LimitOrder
) -> LimitOrder | None:
    """Return the order in which households use up their limits, over rows in turn order."""
    if lines.household is None:
        return None
    order = turns.order
    tie = order if lines.tie is None else lines.tie[order]
    groups = (lines.household[order], lines.plan[order], year[order])
    return LimitOrder.of(groups, lines.service_date[order], tie)


def _within(family: LimitOrder | None, amounts: Cents, limit: Cents) -> Cents:
    """Return how much of amounts that are within each person's limit is within the family's too.

    Until the family's limit is met, only the person's own applies; afterwards nobody owes more.
    """
    if family is None:
        return amounts
    return family.in_row_order(family.use(amounts[family.order], limit[family.order]))
