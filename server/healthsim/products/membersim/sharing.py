"""Divide allowed amounts between a plan and its member, to the cent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.accumulators import (
    MEDICAL,
    MINUTES,
    NEVER,
    NO_COPAY,
    OUT_OF_NETWORK,
    BenefitRows,
    Settled,
    keep_limits,
    settle,
)
from healthsim.limits import NO_LIMIT, Cents, benefit_year
from healthsim.products.membersim.plans import PlanTable

__all__ = ["NO_COPAY", "CostShares", "CostSharingInput", "benefit_rows", "share_costs"]

_NIGHT = MINUTES - 1  # a claim is decided in the run at the end of the day


@dataclass(frozen=True, eq=False)
class CostSharingInput:
    """Service lines whose allowed amounts are to be shared; arrays of shape (m,), any order.

    Attributes:
        person: int32, row of the person in the chunk.
        plan: int32, plan number.
        service_date: int32, days since 1970-01-01; it decides the benefit year.
        allowed: int64 cents, not negative.
        copay: int64 cents, the copay of this line; `NO_COPAY` where none.
        covered: bool, the member owes nothing for it: a free preventive service, or a line of a
            visit whose copay is on another line.
        tie: int64, order of the rows of one day; None means the row order.
        household: int32, people of one household share a family's limits; None where there are
            no households.
        decided: int32, day of the decision, which is the order of processing; None: the day of
            the service.
        share: int64 basis points of what is above the deductible; None: the plan's coinsurance.
        outside: bool, the plan's limits out of network apply; None: nowhere.
        waived: bool, the deductible does not apply; None: nowhere.
        part_a: int64 cents, how much of the copay is Part A's deductible, the rest of it being
            Part A's coinsurance; -1 where it is a copay; None: nowhere.
        family: bool, two or more of the household are on the plan; None: all are alone.
    """

    person: NDArray[np.int32]
    plan: NDArray[np.int32]
    service_date: NDArray[np.int32]
    allowed: Cents
    copay: Cents
    covered: NDArray[np.bool_]
    tie: NDArray[np.int64] | None = None
    household: NDArray[np.int32] | None = None
    decided: NDArray[np.int32] | None = None
    share: NDArray[np.int64] | None = None
    outside: NDArray[np.bool_] | None = None
    waived: NDArray[np.bool_] | None = None
    part_a: Cents | None = None
    family: NDArray[np.bool_] | None = None

    def take(self, rows: NDArray[np.integer]) -> CostSharingInput:
        """Return some of the lines."""
        given = {name: column for name, column in vars(self).items() if column is not None}
        return replace(self, **{name: column[rows] for name, column in given.items()})


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
    allowed amount, and no deductible; in a plan whose copays are owed after the deductible it
    meets that first. Any other line meets the deductible of its person, plan and benefit year in
    the order of decisions, then the coinsurance, half a cent up. What a member pays in a benefit
    year never exceeds the out-of-pocket maximum: what is above it is taken from the coinsurance,
    then the copay, then the deductible. Where people are of one household, deductible and maximum
    are also met for everyone once the family's are.
    """
    return cost_shares(lines, settle(benefit_rows(lines, plans)), plans)


def benefit_rows(lines: CostSharingInput, plans: PlanTable) -> BenefitRows:
    """Return lines as rows to be settled, in their own order."""
    plan, size = lines.plan, len(lines.plan)
    year = benefit_year(lines.service_date, plans.first_month[plan])
    kind = np.full(size, MEDICAL, dtype=np.int32)
    if lines.outside is not None:
        kind[lines.outside] = OUT_OF_NETWORK
    limits = plans.limits_of(kind, plan, year)
    household = lines.person if lines.household is None else lines.household
    keep_limits(limits, lines.family, plans.aggregate[plan])
    amount = np.where(lines.covered, 0, lines.allowed)
    has_copay = lines.copay >= 0
    after = has_copay & plans.copay_after[plan]
    share = np.where(has_copay, 0, plans.coinsurance_points[plan, -1])
    share = share if lines.share is None else lines.share
    applies = ~has_copay | after | (share > 0)
    if lines.waived is not None:
        applies &= ~lines.waived
    days = lines.service_date if lines.decided is None else lines.decided
    return BenefitRows(
        person=lines.person,
        household=household,
        plan=plan,
        year=year,
        kind=kind,
        decided_at=days.astype(np.int64) * MINUTES + _NIGHT,
        order=np.arange(size) if lines.tie is None else lines.tie,
        amount=amount,
        flat=np.where(has_copay & ~after, np.minimum(lines.copay, amount), 0),
        deductible_applies=applies,
        copay=np.where(after, lines.copay, NO_COPAY),
        share=share,
        most=np.full(size, NO_LIMIT),
        own_deductible=limits[0],
        family_deductible=limits[1],
        own_maximum=limits[2],
        family_maximum=limits[3],
        reversed_at=np.full(size, NEVER),
    )


def cost_shares(lines: CostSharingInput, settled: Settled, plans: PlanTable) -> CostShares:
    """Return who pays each line by what was settled."""
    after = (lines.copay >= 0) & plans.copay_after[lines.plan]
    deductible, coinsurance = settled.deductible.copy(), np.where(after, 0, settled.rest)
    copay = np.where(after, settled.rest, settled.flat)
    if lines.part_a is not None:
        at = np.flatnonzero(lines.part_a >= 0)
        part_a = np.minimum(lines.part_a[at], settled.flat[at])
        deductible[at] += part_a
        coinsurance[at] += settled.flat[at] - part_a
        copay[at] = 0
    return CostShares(deductible, coinsurance, copay, lines.allowed - settled.member)
