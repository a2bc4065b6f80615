"""Who pays for a fill: deductible, copay by tier, maxima, and the phases of Part D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.accumulators import (
    DRUG,
    MEDICAL,
    MINUTES,
    NEVER,
    NO_COPAY,
    BenefitRows,
    Settled,
    basis_points,
    keep_limits,
    settle,
)
from healthsim.billing.benefits.part_d import FIRST_YEAR, PhasedFill, phases, subsidized_copay
from healthsim.billing.benefits.statutory import by_known_year, year_index
from healthsim.dates import NO_DAY, day_of
from healthsim.limits import NO_LIMIT, Cents, benefit_year
from healthsim.specification.profiles.plan_design import PlanDesign

PHASES = ("deductible", "initial", "catastrophic")
DEDUCTIBLE_FROM_TIER = 3  # most Medicare drug plans spare tiers 1 and 2 (KFF, Part D in 2025)
COPAY_DAYS = 30  # a tier's copay buys up to 30 days
INSULIN_CAPPED_FROM = day_of("2023-01-01")
"""Since when a month of insulin has a cap and no deductible in Medicare: section 11406 of the
Inflation Reduction Act of 2022 (42 U.S.C. 1395w-102(b)(9)); the cap is in statutory.csv."""
INSULIN_SHARE_FROM = 2026
"""Since when insulin costs at most 25 % of its price too (the same section)."""

_ANY_PLAN = np.int32(-1)  # what counts in Part D goes on when people change plan
_NOON = MINUTES // 2


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
    def drug_points(self) -> NDArray[np.int64]:
        """Basis points of a member's share where a tier has no copay, shape (p,)."""

    @property
    def tier_cents(self) -> Cents:
        """Copay of a 30-day fill by tier, int64, shape (p, 5); -1 where none."""

    @property
    def part_d(self) -> NDArray[np.bool_]:
        """Whether its drugs are those of Part D, shape (p,)."""

    @property
    def subsidy(self) -> NDArray[np.int32]:
        """Level of the low-income subsidy, place in `billing.part_d.LEVELS`, shape (p,)."""

    @property
    def joint_drugs(self) -> NDArray[np.bool_]:
        """Whether drugs use up the medical limits, shape (p,)."""

    @property
    def aggregate(self) -> NDArray[np.bool_]:
        """Whether in a family only the family's deductible counts, shape (p,)."""

    @property
    def preventive_free(self) -> NDArray[np.bool_]:
        """Whether preventive services cost nothing, shape (p,)."""

    def limits_of(
        self, kind: NDArray[np.int32], plan: NDArray[np.int32], year: NDArray[np.int32]
    ) -> Cents:
        """Return the four limits of rows, int64 cents, shape (4, n)."""


@dataclass(frozen=True, eq=False)
class PricedFills:
    """Fills to be shared, arrays of shape (m,); the row order decides who is first at one time.

    Attributes:
        person: int32, row of the person in the chunk.
        plan: int32, plan number.
        fill_date: int32, days since 1970-01-01.
        price: int64 cents; 0 for a fill without money. Of a fill that is reversed on
            `reversed_date`, what it cost.
        tier: int32, 1 to 5.
        days_supply: int32.
        insulin: bool, whose price Medicare caps.
        generic: bool; of others the manufacturer gives Part D a discount. None: all are.
        vaccine: bool, a vaccine for adults, which costs nothing. None: none is.
        exempt: bool, of people who owe nothing to Medicaid. None: nobody is.
        minute: int32, minute of the day; None: noon.
        reversed_date: int32, day on which it gives back what it used up; `NO_DAY` where none.
        tie: int64, who comes first at one time; None: the row order.
        household: int32, people of one household share a family's limits; None: nobody does.
        family: bool, two or more of the household are on the plan; None: all are alone.
    """

    person: NDArray[np.int32]
    plan: NDArray[np.int32]
    fill_date: NDArray[np.int32]
    price: Cents
    tier: NDArray[np.int32]
    days_supply: NDArray[np.int32]
    insulin: NDArray[np.bool_]
    generic: NDArray[np.bool_] | None = None
    vaccine: NDArray[np.bool_] | None = None
    exempt: NDArray[np.bool_] | None = None
    minute: NDArray[np.int32] | None = None
    reversed_date: NDArray[np.int32] | None = None
    tie: NDArray[np.int64] | None = None
    household: NDArray[np.int32] | None = None
    family: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class FillShares:
    """Who pays each fill: int64 cents, shape (m,), in the rows' own order.

    Attributes:
        copay: copay or share of the rest.
        plan_paid: what the pharmacy gets from the plan: the price less deductible and copay.
        phase: int32, place in `PHASES` of the benefit phase in which the fill began.
        part_d: bool, a fill of Part D since 2025; the columns below are 0 for others.
        subsidy: what the low-income subsidy pays of the member's share (LICS).
        parts: costs below and above the threshold, discount of the manufacturer, reinsurance.
    """

    deductible: Cents
    copay: Cents
    plan_paid: Cents
    phase: NDArray[np.int32]
    part_d: NDArray[np.bool_]
    subsidy: Cents
    parts: PhasedFill


def share_fills(fills: PricedFills, plans: DrugPlans) -> FillShares:
    """Divide every fill's price by the drug benefit of its plan, in the order of the fills.

    Where a plan has copays by tier, tiers 3 and above meet the drug deductible of the person,
    plan and benefit year; others meet it whatever the tier. Where drugs use up the medical
    limits, all tiers meet the deductible. The rest costs the tier's copay for every 30 days begun
    (a share where the tier has none), never more than the rest of the price. What the member pays
    in a benefit year never exceeds the maximum: the copay is reduced first, then the deductible.
    In Medicare, insulin has no deductible and a cap for each month, vaccines cost nothing, and what
    counts goes on from plan to plan within a year.
    """
    return fill_shares(fills, settle(fill_rows(fills, plans)), plans)


def fill_rows(fills: PricedFills, plans: DrugPlans) -> BenefitRows:
    """Return fills as rows to be settled, in their own order."""
    plan, size = fills.plan, len(fills.plan)
    year = benefit_year(fills.fill_date, plans.first_month[plan])
    joint, part_d = plans.joint_drugs[plan], plans.part_d[plan]
    kind = np.where(joint, MEDICAL, DRUG).astype(np.int32)
    limits = plans.limits_of(kind, plan, year)
    keep_limits(limits, fills.family, joint & plans.aggregate[plan])
    capped = _capped(fills, part_d)
    flat = plans.tier_cents[plan, fills.tier - 1]
    periods = _periods(fills)
    spared = (fills.tier < DEDUCTIBLE_FROM_TIER) & (flat >= 0) & ~joint
    minute = _NOON if fills.minute is None else fills.minute
    return BenefitRows(
        person=fills.person,
        household=fills.person if fills.household is None else fills.household,
        plan=np.where(part_d, _ANY_PLAN, plan).astype(np.int32),
        year=year,
        kind=kind,
        decided_at=fills.fill_date.astype(np.int64) * MINUTES + minute,
        order=np.arange(size) if fills.tie is None else fills.tie,
        amount=np.where(_free(fills, plans), 0, fills.price),
        flat=np.zeros(size, dtype=np.int64),
        deductible_applies=~(spared | capped),
        copay=np.where(flat >= 0, flat * periods, NO_COPAY),
        share=plans.drug_points[plan],
        most=_most(fills, capped, periods, year),
        own_deductible=limits[0],
        family_deductible=limits[1],
        own_maximum=limits[2],
        family_maximum=limits[3],
        reversed_at=_reversed_at(fills),
    )


def fill_shares(fills: PricedFills, settled: Settled, plans: DrugPlans) -> FillShares:
    """Return who pays each fill by what was settled."""
    rows = fill_rows(fills, plans)
    member = settled.deductible + settled.rest
    part_d = plans.part_d[fills.plan] & (rows.year >= FIRST_YEAR) & (fills.price > 0)
    rest = rows.amount - settled.deductible
    by_copay = rows.copay >= 0
    owed = np.where(by_copay, np.minimum(rows.copay, rest), basis_points(rest, rows.share))
    capped = owed > rows.most
    parts = phases(
        np.where(part_d, fills.price, 0),
        np.where(part_d, settled.deductible, 0),
        np.minimum(owed, rows.most),
        settled.room,
        np.where(by_copay | capped, 0, rows.share),
        part_d & ~_generic(fills),
        rows.year,
    )
    level = plans.subsidy[fills.plan]
    paid = np.where(level > 0, _subsidized(fills, member, level, rows.year), member)
    deductible = np.where(level > 0, 0, settled.deductible)
    phase = np.where(settled.room == 0, 2, np.where(settled.deductible > 0, 0, 1)).astype(np.int32)
    return FillShares(
        deductible=deductible,
        copay=paid - deductible,
        plan_paid=fills.price - paid,
        phase=phase,
        part_d=part_d,
        subsidy=np.where(part_d, member - paid, 0),
        parts=parts,
    )


def _subsidized(
    fills: PricedFills, member: Cents, level: NDArray[np.int32], year: NDArray[np.int32]
) -> Cents:
    """Return what members with a low-income subsidy pay in place of the plan's share."""
    return np.minimum(member, subsidized_copay(level, _generic(fills), year))


def _generic(fills: PricedFills) -> NDArray[np.bool_]:
    return np.ones(len(fills.plan), dtype=np.bool_) if fills.generic is None else fills.generic


def _free(fills: PricedFills, plans: DrugPlans) -> NDArray[np.bool_]:
    """Return which fills cost nothing, bool, shape (m,).

    Vaccines (42 USC 1395w-102(b)(8), 45 CFR 147.130), and whatever people get who are exempt from
    Medicaid's copays.
    """
    none = np.zeros(len(fills.plan), dtype=np.bool_)
    free: NDArray[np.bool_] = none if fills.exempt is None else fills.exempt.copy()
    if fills.vaccine is not None:
        covered = plans.part_d[fills.plan] | plans.preventive_free[fills.plan]
        free |= fills.vaccine & covered
    return free


def _periods(fills: PricedFills) -> NDArray[np.int64]:
    """Return the months begun of each supply, int64, shape (m,)."""
    return ((fills.days_supply + (COPAY_DAYS - 1)) // COPAY_DAYS).astype(np.int64)


def _most(
    fills: PricedFills,
    capped: NDArray[np.bool_],
    periods: NDArray[np.int64],
    year: NDArray[np.int32],
) -> Cents:
    """Return the most that is owed of a fill besides the deductible: insulin's cap."""
    share = by_known_year("part_d_coinsurance")[year_index(year)]
    quarter = np.where(year >= INSULIN_SHARE_FROM, basis_points(fills.price, share), NO_LIMIT)
    cap = by_known_year("part_d_insulin_month")[year_index(year)] * periods
    return np.where(capped, np.minimum(cap, quarter), NO_LIMIT)


def _reversed_at(fills: PricedFills) -> NDArray[np.int64]:
    """Return the end of the day on which each fill is reversed; `NEVER` for others."""
    if fills.reversed_date is None:
        return np.full(len(fills.plan), NEVER)
    end = fills.reversed_date.astype(np.int64) * MINUTES + (MINUTES - 2)
    return np.where(fills.reversed_date == NO_DAY, NEVER, end)


def _capped(fills: PricedFills, part_d: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which fills are insulin under Medicare's cap, bool, shape (m,)."""
    capped: NDArray[np.bool_] = fills.insulin & (fills.fill_date >= INSULIN_CAPPED_FROM) & part_d
    return capped
