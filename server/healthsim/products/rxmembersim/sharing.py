"""Who pays for a fill: deductible, copay by tier, and the drug out-of-pocket maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import day_of
from healthsim.limits import Cents, LimitOrder, benefit_year
from healthsim.specification.profiles.profile import PlanDesign

PHASES = ("deductible", "initial", "catastrophic")
DEDUCTIBLE_FROM_TIER = 3  # most Medicare drug plans spare tiers 1 and 2 (KFF, Part D in 2025)
COPAY_DAYS = 30  # a tier's copay buys up to 30 days
INSULIN_CAP_CENTS = 3_500
"""Most that a month of insulin costs a member of Medicare, without a deductible, since 2023:
section 11406 of the Inflation Reduction Act of 2022 (42 U.S.C. 1395w-102(b)(9))."""
INSULIN_CAPPED_FROM = day_of("2023-01-01")
CAPPED_PLANS = ("medicare_advantage", "medicare_original")


class DrugPlans(Protocol):
    """The plans of a run as arrays by plan number, as MemberSim's `PlanTable` holds them."""

    @property
    def names(self) -> tuple[str, ...]:
        """Plan names."""

    @property
    def designs(self) -> tuple[PlanDesign, ...]:
        """Plan designs."""

    @property
    def first_month(self) -> NDArray[np.int32]:
        """Month in which the benefit year begins, shape (p,)."""

    @property
    def coinsurance_share(self) -> NDArray[np.float64]:
        """Member's share where a tier has no copay, shape (p,)."""

    @property
    def tier_cents(self) -> Cents:
        """Copay of a 30-day fill by tier, int64, shape (p, 5); -1 where none."""

    @property
    def drug_deductible_cents(self) -> Cents:
        """Drug deductible, int64, shape (p,)."""

    @property
    def drug_oop_max_cents(self) -> Cents:
        """Drug out-of-pocket maximum, int64, shape (p,); `NO_LIMIT` where none."""


@dataclass(frozen=True, eq=False)
class PricedFills:
    """Fills to be shared, arrays of shape (m,); the row order decides who is first on a day.

    Attributes:
        person: int32, row of the person in the chunk.
        plan: int32, plan number.
        fill_date: int32, days since 1970-01-01.
        price: int64 cents; 0 for a fill that was reversed or rejected.
        tier: int32, 1 to 5.
        days_supply: int32.
        insulin: bool, whose price Medicare caps.
    """

    person: NDArray[np.int32]
    plan: NDArray[np.int32]
    fill_date: NDArray[np.int32]
    price: Cents
    tier: NDArray[np.int32]
    days_supply: NDArray[np.int32]
    insulin: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FillShares:
    """Who pays each fill: int64 cents, shape (m,), in the rows' own order.

    Attributes:
        phase: int32, place in `PHASES` of the benefit phase in which the fill began.
    """

    deductible: Cents
    copay: Cents
    plan_paid: Cents
    phase: NDArray[np.int32]


def share_fills(fills: PricedFills, plans: DrugPlans) -> FillShares:
    """Divide every fill's price by the drug benefit of its plan.

    Tiers 3 and above meet the drug deductible of the person, plan and benefit year, in date
    order. The rest costs the tier's copay for every 30 days begun (the plan's coinsurance where
    the tier has none), never more than the rest of the price. Insulin of Medicare has no
    deductible and a cap for each month. What the member pays in a benefit year never exceeds the
    drug maximum: the copay is reduced first, then the deductible.
    """
    year = benefit_year(fills.fill_date, plans.first_month[fills.plan])
    turns = LimitOrder.of((fills.person, fills.plan, year), fills.fill_date)
    plan, price = fills.plan[turns.order], fills.price[turns.order]
    tier = fills.tier[turns.order]
    capped = _capped(fills, plans)[turns.order]
    deductible_applies = np.where((tier >= DEDUCTIBLE_FROM_TIER) & ~capped, price, 0)
    deductible = turns.use(deductible_applies, plans.drug_deductible_cents[plan])
    rest = price - deductible
    flat = plans.tier_cents[plan, tier - 1]
    periods = (fills.days_supply[turns.order] + (COPAY_DAYS - 1)) // COPAY_DAYS
    coinsurance = np.rint(rest * plans.coinsurance_share[plan]).astype(np.int64)
    copay = np.where(flat >= 0, np.minimum(flat * periods, rest), coinsurance)
    copay = np.where(capped, np.minimum(copay, INSULIN_CAP_CENTS * periods), copay)
    maximum = plans.drug_oop_max_cents[plan]
    owed = deductible + copay
    at_maximum = turns.before(owed) >= maximum
    member = turns.use(owed, maximum)
    deductible = np.minimum(deductible, member)
    phase = np.where(at_maximum, 2, np.where(deductible > 0, 0, 1)).astype(np.int32)
    return FillShares(
        turns.in_row_order(deductible),
        turns.in_row_order(member - deductible),
        turns.in_row_order(price - member),
        turns.in_row_order(phase),
    )


def _capped(fills: PricedFills, plans: DrugPlans) -> NDArray[np.bool_]:
    """Return which fills are insulin under Medicare's cap, bool, shape (m,)."""
    medicare = np.array([design.kind in CAPPED_PLANS for design in plans.designs], dtype=np.bool_)
    capped: NDArray[np.bool_] = fills.insulin & (fills.fill_date >= INSULIN_CAPPED_FROM)
    return capped & medicare[fills.plan]
