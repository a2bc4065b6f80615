"""Who pays for a fill: deductible, copay by tier, and the drug out-of-pocket maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.limits import Cents, LimitOrder, benefit_year
from healthsim.specification.profiles.profile import PlanDesign

_T = TypeVar("_T", bound=np.generic)

PHASES = ("deductible", "initial", "catastrophic")
DEDUCTIBLE_FROM_TIER = 3  # most Medicare drug plans spare tiers 1 and 2 (KFF, Part D in 2025)
COPAY_DAYS = 30  # a tier's copay buys up to 30 days


class DrugPlans(Protocol):
    """What sharing asks of the run's plans: arrays by plan number, as in a `PlanBook`."""

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
    """

    person: NDArray[np.int32]
    plan: NDArray[np.int32]
    fill_date: NDArray[np.int32]
    price: Cents
    tier: NDArray[np.int32]
    days_supply: NDArray[np.int32]


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
    """Part every fill's price by the drug benefit of its plan.

    Tiers 3 and above meet the drug deductible of the person, plan and benefit year, in date
    order. The rest costs the tier's copay for every 30 days begun (the plan's coinsurance where
    the tier has none), never more than is left of the price. What the member pays in a benefit
    year never exceeds the drug maximum: the copay gives way first, then the deductible.
    """
    year = benefit_year(fills.fill_date, plans.first_month[fills.plan])
    turns = LimitOrder.of((fills.person, fills.plan, year), fills.fill_date)
    plan, price = fills.plan[turns.order], fills.price[turns.order]
    tier = fills.tier[turns.order]
    subject = np.where(tier >= DEDUCTIBLE_FROM_TIER, price, 0)
    deductible = turns.use(subject, plans.drug_deductible_cents[plan])
    rest = price - deductible
    flat = plans.tier_cents[plan, tier - 1]
    periods = (fills.days_supply[turns.order] + (COPAY_DAYS - 1)) // COPAY_DAYS
    part = np.rint(rest * plans.coinsurance_share[plan]).astype(np.int64)
    copay = np.where(flat >= 0, np.minimum(flat * periods, rest), part)
    most = plans.drug_oop_max_cents[plan]
    owed = deductible + copay
    spent = turns.before(owed) >= most
    member = turns.use(owed, most)
    deductible = np.minimum(deductible, member)
    phase = np.where(spent, 2, np.where(deductible > 0, 0, 1)).astype(np.int32)
    return FillShares(
        _back(deductible, turns),
        _back(member - deductible, turns),
        _back(price - member, turns),
        _back(phase, turns),
    )


def _back(in_turn: NDArray[_T], turns: LimitOrder) -> NDArray[_T]:
    """Put values in turn order back into the rows' order."""
    rows = np.empty_like(in_turn)
    rows[turns.order] = in_turn
    return rows
