"""The built-in plan designs, and the designs of one run as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.limits import NO_LIMIT, Cents
from healthsim.products.membersim.tables import PLANS
from healthsim.specification.profiles.profile import PlanDesign, PlanNetwork
from healthsim.tables import Coded, Columns

COPAY_KINDS = (
    "office", "specialist", "telehealth", "urgent_care", "emergency", "inpatient",
    "outpatient_hospital",
)  # fmt: skip
"""Kinds of visit that a plan may charge a copay for; the columns of `PlanTable.copay_cents`."""

TIERS = ("1", "2", "3", "4", "5")
"""Formulary tiers; the columns of `PlanTable.tier_cents`."""

_PART_D_OOP = 2000.00  # Inflation Reduction Act, 42 USC 1395w-102, 2025
_MA_TIERS = {"1": 0, "2": 10, "3": 47, "4": 100, "5": 100}
# Medicare drug tiers: assumption, the copays that Medicare drug plans commonly list; a specialty
# tier charges a share of the price in reality, for which a flat amount stands here.
_COMMERCIAL_TIERS = {"1": 11, "2": 11, "3": 33, "4": 59, "5": 110}
# KFF Employer Health Benefits Survey 2017: 11, 33, 59 and 110 on tiers one to four; our tiers 1
# and 2 are both generic.

# Medicare Advantage networks held 46 % of a county's physicians on average (KFF 2017, for 2015);
# HMOs below and PPOs above it, commercial plans wider, Medicaid as an HMO: assumption. How readily
# members of a PPO go outside, and shares by mail: assumption, no figure was found.
_HMO = PlanNetwork(in_share=0.4, mail_order_share=0.2)
_PPO = PlanNetwork(in_share=0.6, outside=0.1, mail_order_share=0.2)
_COMMERCIAL_HMO = PlanNetwork(in_share=0.5, mail_order_share=0.2)
_COMMERCIAL_PPO = PlanNetwork(in_share=0.75, outside=0.1, mail_order_share=0.2)
_MEDICAID = PlanNetwork(in_share=0.4)
_EVERYBODY = PlanNetwork(mail_order_share=0.1)

BUILT_IN: Mapping[str, PlanDesign] = {
    # Premium beyond Part B: none for 76 % of members with drug cover (KFF 2025). Maximum:
    # assumption, HMOs below and PPOs above the mean of all plans (about 5,300, KFF 2025); CMS
    # allows 9,350 in network (2025). Copays and drug deductible: assumption, near common offers.
    "MA-HMO": PlanDesign(
        kind="medicare_advantage", deductible_usd=0, oop_max_usd=4500, coinsurance_share=0.20,
        copays_usd={"office": 0, "specialist": 30, "telehealth": 0, "urgent_care": 40,
                    "emergency": 110, "inpatient": 1500, "outpatient_hospital": 275},
        drug_tiers_usd=_MA_TIERS, drug_deductible_usd=225, drug_oop_max_usd=_PART_D_OOP,
        premium_usd=0, price_level=1.0,
        network=_HMO,
    ),
    "MA-PPO": PlanDesign(
        kind="medicare_advantage", deductible_usd=150, oop_max_usd=6200, coinsurance_share=0.20,
        copays_usd={"office": 5, "specialist": 45, "telehealth": 5, "urgent_care": 50,
                    "emergency": 125, "inpatient": 1850, "outpatient_hospital": 350},
        drug_tiers_usd=_MA_TIERS, drug_deductible_usd=300, drug_oop_max_usd=_PART_D_OOP,
        premium_usd=25, price_level=1.0,
        network=_PPO,
    ),
    # Medicare A + B with a separate drug plan. Part B deductible 257.00, coinsurance 20 %, no
    # maximum; Part A deductible 1,676.00, here for every stay (in reality for a benefit period);
    # drug deductible 590, drug maximum 2,000; premium 185.00 of Part B + 40 of a drug plan
    # (CMS 2025; 40 is the mean of separate drug plans, 2025).
    "Original": PlanDesign(
        kind="medicare_original", deductible_usd=257, oop_max_usd=None, coinsurance_share=0.20,
        copays_usd={"inpatient": 1676}, drug_tiers_usd=_MA_TIERS, drug_deductible_usd=590,
        drug_oop_max_usd=_PART_D_OOP, premium_usd=225, price_level=1.0,
        network=_EVERYBODY,
    ),
    # Deductible: the mean over all employer plans is 1,787 (KFF 2024), high-deductible plans
    # included, so a PPO below it and an HMO far below it: assumption. Maximum: assumption, below
    # the legal 9,200 (HHS 2025) together with the drug maximum. Office 25 and specialist 38,
    # coinsurance 19 % (KFF 2017), rounded; most admissions have coinsurance, not a copay, except
    # in HMOs (KFF 2017). Prices: physicians 129 %, hospitals 223 % of Medicare's (CBO 2022), one
    # level between them: assumption. Premium: a worker's share, 1,368 a year (KFF 2024).
    # A family's deductible and maximum are twice a person's in all three plans: assumption.
    "Commercial-PPO": PlanDesign(
        kind="commercial", deductible_usd=1500, family_deductible_usd=3000, oop_max_usd=4500,
        family_oop_max_usd=9000,
        coinsurance_share=0.20,
        copays_usd={"office": 25, "specialist": 40, "telehealth": 15, "urgent_care": 60,
                    "emergency": 250},
        drug_tiers_usd=_COMMERCIAL_TIERS, drug_oop_max_usd=2500, premium_usd=114, price_level=1.6,
        network=_COMMERCIAL_PPO,
    ),
    "Commercial-HMO": PlanDesign(
        kind="commercial", deductible_usd=500, family_deductible_usd=1000, oop_max_usd=3500,
        family_oop_max_usd=7000,
        coinsurance_share=0.15,
        copays_usd={"office": 20, "specialist": 35, "telehealth": 0, "urgent_care": 50,
                    "emergency": 200, "inpatient": 500, "outpatient_hospital": 250},
        drug_tiers_usd=_COMMERCIAL_TIERS, drug_oop_max_usd=2500, premium_usd=114, price_level=1.45,
        network=_COMMERCIAL_HMO,
    ),
    # Deductible and maximum inside the law's 1,650 and 8,300 (IRS Rev. Proc. 2024-25, for 2025).
    # In reality drugs count towards the same deductible; here they have their own: assumption.
    "HDHP": PlanDesign(
        kind="commercial", deductible_usd=2500, family_deductible_usd=5000, oop_max_usd=5000,
        family_oop_max_usd=10000,
        coinsurance_share=0.20, drug_tiers_usd=_COMMERCIAL_TIERS, drug_deductible_usd=500,
        drug_oop_max_usd=2500, premium_usd=90, price_level=1.6,
        network=_COMMERCIAL_PPO,
    ),
    # Medicaid pays physicians 72 % of Medicare's prices (Zuckerman et al. 2021, for 2019) and
    # members nothing: assumption, states may charge a few dollars (42 CFR 447.52), not of children.
    "Medicaid-MCO": PlanDesign(
        kind="medicaid", coinsurance_share=0, price_level=0.72,
        drug_tiers_usd=dict.fromkeys(TIERS, 0),
        network=_MEDICAID,
    ),
    # All of CHIP's amounts: assumption, the few dollars that separate state programmes charge.
    "CHIP": PlanDesign(
        kind="medicaid", coinsurance_share=0, oop_max_usd=1000,
        copays_usd={"office": 5, "specialist": 10, "telehealth": 5, "urgent_care": 10,
                    "emergency": 25, "inpatient": 25},
        drug_tiers_usd={"1": 3, "2": 3, "3": 5, "4": 10, "5": 10}, premium_usd=20, price_level=0.72,
        network=_MEDICAID,
    ),
}  # fmt: skip
"""Plans that a profile may name without describing them."""

UNINSURED = "Uninsured"


def is_uninsured(name: str) -> bool:
    """Return whether a plan name means that there is no plan.

    >>> is_uninsured("uninsured"), is_uninsured("MA-HMO")
    (True, False)
    """
    return name.casefold() in {UNINSURED.casefold(), "none"}


@dataclass(frozen=True, eq=False)
class PlanTable:
    """The plans of one run, as arrays by plan number, shape (p,) unless said.

    Attributes:
        names: plan names; a plan's number is its place here.
        designs: the designs, in the same order.
        deductible_cents: int64, medical deductible.
        family_deductible_cents: int64, of a household; `NO_LIMIT` where none.
        oop_max_cents: int64, medical out-of-pocket maximum; `NO_LIMIT` where none.
        family_oop_max_cents: int64, of a household; `NO_LIMIT` where none.
        coinsurance_share: float64, member's share after the deductible.
        copay_cents: int64, shape (p, 7), by `COPAY_KINDS`; -1 where the plan has none.
        tier_cents: int64, shape (p, 5), copay of a 30-day fill by tier; -1 where none.
        drug_deductible_cents: int64.
        drug_oop_max_cents: int64; `NO_LIMIT` where none.
        preventive_free: bool, preventive visits cost the member nothing.
        laboratory_free: bool, laboratory tests cost the member nothing: in Original Medicare
            (42 USC 1395l(a)(1)(D)).
        stay_covers_physicians: bool, a facility's copay covers the physicians' claims too; not
            in Original Medicare, where they fall under Part B.
        price_level: float64, allowed amounts relative to Medicare's.
        first_month: int32, month in which the benefit year begins.
        mail_order_share: float64, share of members who have long supplies sent by mail.
    """

    names: tuple[str, ...]
    designs: tuple[PlanDesign, ...]
    deductible_cents: Cents
    family_deductible_cents: Cents
    oop_max_cents: Cents
    family_oop_max_cents: Cents
    coinsurance_share: NDArray[np.float64]
    copay_cents: Cents
    tier_cents: Cents
    drug_deductible_cents: Cents
    drug_oop_max_cents: Cents
    preventive_free: NDArray[np.bool_]
    laboratory_free: NDArray[np.bool_]
    stay_covers_physicians: NDArray[np.bool_]
    price_level: NDArray[np.float64]
    first_month: NDArray[np.int32]
    mail_order_share: NDArray[np.float64]

    @classmethod
    def of(cls, plans: Mapping[str, PlanDesign]) -> PlanTable:
        """Return the table of the plans that a profile names, built-in or its own."""
        designs = tuple(plans.values())
        original = np.array([design.kind == "medicare_original" for design in designs], dtype=bool)
        return cls(
            names=tuple(plans),
            designs=designs,
            deductible_cents=_cents([design.deductible_usd for design in designs]),
            family_deductible_cents=_cents(
                [d.family_deductible_usd for d in designs], int(NO_LIMIT)
            ),
            oop_max_cents=_cents([design.oop_max_usd for design in designs], int(NO_LIMIT)),
            family_oop_max_cents=_cents([d.family_oop_max_usd for d in designs], int(NO_LIMIT)),
            coinsurance_share=np.array([d.coinsurance_share for d in designs], dtype=np.float64),
            copay_cents=_matrix([design.copays_usd for design in designs], COPAY_KINDS),
            tier_cents=_matrix([design.drug_tiers_usd for design in designs], TIERS),
            drug_deductible_cents=_cents([design.drug_deductible_usd for design in designs]),
            drug_oop_max_cents=_cents([d.drug_oop_max_usd for d in designs], int(NO_LIMIT)),
            preventive_free=np.array([design.preventive_free for design in designs], dtype=bool),
            laboratory_free=original,
            stay_covers_physicians=~original,
            price_level=np.array([design.price_level for design in designs], dtype=np.float64),
            first_month=np.array([design.benefit_year for design in designs], dtype=np.int32),
            mail_order_share=np.array(
                [design.network.mail_order_share for design in designs], dtype=np.float64
            ),
        )

    def rows(self) -> Columns:
        """Return the rows of table `plans`, ordered by plan_id."""
        by_name = sorted(zip(self.names, self.designs, strict=True), key=lambda pair: pair[0])
        designs = [design for _, design in by_name]
        return PLANS.complete({
            "plan_id": Coded.of([name for name, _ in by_name]),
            "kind": Coded.of([design.kind for design in designs]),
            "benefit_year": np.array([design.benefit_year for design in designs], dtype=np.int32),
            "deductible_usd": _cents([design.deductible_usd for design in designs]),
            "family_deductible_usd": _cents([d.family_deductible_usd for d in designs], 0),
            "oop_max_usd": _cents([design.oop_max_usd for design in designs], 0),
            "family_oop_max_usd": _cents([d.family_oop_max_usd for d in designs], 0),
            "coinsurance_share": np.array([d.coinsurance_share for d in designs], dtype=float),
            "drug_deductible_usd": _cents([design.drug_deductible_usd for design in designs]),
            "drug_oop_max_usd": _cents([design.drug_oop_max_usd for design in designs], 0),
            "preventive_free": np.array([d.preventive_free for d in designs], dtype=bool),
            "premium_usd": _cents([design.premium_usd for design in designs]),
            "in_network_share": np.array([d.network.in_share for d in designs], dtype=float),
            "outside_weight": np.array([d.network.outside for d in designs], dtype=float),
        })  # fmt: skip


def _cents(amounts: list[float | None] | list[float], none: int = 0) -> Cents:
    return np.array([none if usd is None else round(usd * 100) for usd in amounts], dtype=np.int64)


def _matrix(amounts: Sequence[Mapping[Any, float]], kinds: tuple[str, ...]) -> Cents:
    rows = [[round(row[kind] * 100) if kind in row else -1 for kind in kinds] for row in amounts]
    return np.array(rows, dtype=np.int64).reshape(len(amounts), len(kinds))
