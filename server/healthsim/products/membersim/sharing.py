"""Who pays: an allowed amount, parted between a plan and its member, to the cent."""

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
        copay: int64 cents, the flat amount that this line carries; `NO_COPAY` where none.
        covered: bool, the member owes nothing for it: a free preventive service, or a line of a
            visit whose copay another line carries.
        tie: int64, who meets the limits first on one day; None means the row order.
        household: int32, who share a family's limits; None where everyone is alone.
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


def share_costs(served: CostSharingInput, plans: PlanTable) -> CostShares:
    """Part every line's allowed amount by the design of its plan.

    A covered line costs the member nothing. A line with a copay costs the copay, at most the
    allowed amount, and no deductible. Any other line meets the deductible of its person, plan
    and benefit year in date order, then the coinsurance, rounded half to even. What a member
    pays in a benefit year never exceeds the out-of-pocket maximum: what is above it is taken
    from the coinsurance, then the copay, then the deductible. Where people are of one household,
    deductible and maximum are also met for everyone once the family's are, in date order.
    """
    year = benefit_year(served.service_date, plans.first_month[served.plan])
    turns = LimitOrder.of((served.person, served.plan, year), served.service_date, served.tie)
    plan, allowed = served.plan[turns.order], served.allowed[turns.order]
    open_to = np.where(served.covered, 0, served.allowed)
    flat = np.where(served.copay >= 0, np.minimum(served.copay, open_to), 0)
    shared = np.where(served.copay >= 0, 0, open_to)[turns.order]
    copay = flat[turns.order]
    family = _family(served, year, turns)
    deductible = turns.use(shared, plans.deductible_cents[plan])
    deductible = _within(family, deductible, plans.family_deductible_cents[plan])
    coinsurance = np.rint((shared - deductible) * plans.coinsurance_share[plan]).astype(np.int64)
    member = deductible + coinsurance + copay
    held = turns.use(member, plans.oop_max_cents[plan])
    excess = member - _within(family, held, plans.family_oop_max_cents[plan])
    above = np.flatnonzero(excess)
    if above.size:
        excess = excess[above]
        for part in (coinsurance, copay, deductible):
            taken = np.minimum(part[above], excess)
            part[above] -= taken
            excess -= taken
        member = deductible + coinsurance + copay
    return CostShares(
        _back(deductible, turns),
        _back(coinsurance, turns),
        _back(copay, turns),
        _back(allowed - member, turns),
    )


def _family(
    served: CostSharingInput, year: NDArray[np.int32], turns: LimitOrder
) -> LimitOrder | None:
    """Return the order in which households use up their limits, over rows in turn order."""
    if served.household is None:
        return None
    order = turns.order
    tie = order if served.tie is None else served.tie[order]
    groups = (served.household[order], served.plan[order], year[order])
    return LimitOrder.of(groups, served.service_date[order], tie)


def _within(family: LimitOrder | None, amounts: Cents, limit: Cents) -> Cents:
    """Hold amounts within the family's limit.

    A person's own limit binds alone until the family's is met, and afterwards nobody owes more, so
    what each person's own limit lets through is all that the family's needs to see.
    """
    if family is None:
        return amounts
    held = np.empty_like(amounts)
    held[family.order] = family.use(amounts[family.order], limit[family.order])
    return held


def _back(in_turn: Cents, turns: LimitOrder) -> Cents:
    """Put values in turn order back into the rows' order."""
    rows = np.empty_like(in_turn)
    rows[turns.order] = in_turn
    return rows
