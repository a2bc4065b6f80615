"""The plan designs that a profile may name without describing them."""

from __future__ import annotations

from collections.abc import Mapping

from healthsim.billing.benefits.statutory import figure, known_years
from healthsim.specification.profiles.plan_design import PlanDesign, PlanNetwork

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


def _nominal(service: str) -> float:
    """Return the most that Medicaid's members may owe, US dollars."""
    return figure(f"medicaid_{service}_maximum", known_years()[-1]) / 100


BUILT_IN: Mapping[str, PlanDesign] = {
    # Premium beyond Part B: none for 76 % of members with drug cover (KFF 2025). Maximum:
    # assumption, HMOs below and PPOs above the mean of all plans (about 5,300, KFF 2025); CMS
    # allows 9,350 in network (2025). Copays and drug deductible: assumption, near common offers.
    "MA-HMO": PlanDesign(
        kind="medicare_advantage", deductible_usd=0, oop_max_usd=4500, coinsurance_share=0.20,
        copays_usd={"office": 0, "specialist": 30, "telehealth": 0, "urgent_care": 40,
                    "emergency": 110, "inpatient": 1500, "outpatient_hospital": 275},
        drug_tiers_usd=_MA_TIERS, drug_deductible_usd=225, drug_oop_max_usd="law",
        premium_usd=0,
        network=_HMO,
    ),
    "MA-PPO": PlanDesign(
        kind="medicare_advantage", deductible_usd=150, oop_max_usd=6200, coinsurance_share=0.20,
        copays_usd={"office": 5, "specialist": 45, "telehealth": 5, "urgent_care": 50,
                    "emergency": 125, "inpatient": 1850, "outpatient_hospital": 350},
        drug_tiers_usd=_MA_TIERS, drug_deductible_usd=300, drug_oop_max_usd="law",
        premium_usd=25,
        network=_PPO,
    ),
    # Medicare A + B with a separate drug plan, by the law of each year: Part A by benefit periods,
    # Part B's deductible and 20 %, no maximum, Part D's deductible and maximum
    # (billing/data/statutory.csv). Premium 185.00 of Part B + 40 of a drug plan (CMS 2025; 40 is
    # the mean of separate drug plans, 2025).
    "Original": PlanDesign(
        kind="medicare_original", deductible_usd="law", oop_max_usd=None, coinsurance_share=0.20,
        drug_tiers_usd=_MA_TIERS, drug_deductible_usd="law",
        drug_oop_max_usd="law", premium_usd=225,
        network=_EVERYBODY,
    ),
    # Deductible: the mean over all employer plans is 1,787 (KFF 2024), high-deductible plans
    # included, so a PPO below it and an HMO far below it: assumption. Maximum: assumption, below
    # the legal 9,200 (HHS 2025) together with the drug maximum. Office 25 and specialist 38,
    # coinsurance 19 % (KFF 2017), rounded; most admissions have coinsurance, not a copay, except
    # in HMOs (KFF 2017). Prices: those usual of commercial plans by class of service
    # (billing/data/contract_prices.csv), a tenth lower in the HMO: assumption. Premium: a worker's
    # share, 1,368 a year (KFF 2024).
    # A family's deductible and maximum are twice a person's in all three plans: assumption.
    "Commercial-PPO": PlanDesign(
        kind="commercial", deductible_usd=1500, family_deductible_usd=3000, oop_max_usd=4500,
        family_oop_max_usd=9000,
        coinsurance_share=0.20,
        copays_usd={"office": 25, "specialist": 40, "telehealth": 15, "urgent_care": 60,
                    "emergency": 250},
        drug_tiers_usd=_COMMERCIAL_TIERS, drug_oop_max_usd=2500, premium_usd=114,
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
    # Deductible and maximum inside the law's (billing/data/statutory.csv). Drugs of all tiers meet
    # the same deductible. The family's deductible is aggregate: a person's own of 2,500 would be
    # below the least that the law allows a person of a family (3,300 in 2025).
    "HDHP": PlanDesign(
        kind="commercial", hdhp=True, deductible_usd=2500, family_deductible_usd=5000,
        oop_max_usd=5000, family_oop_max_usd=10000, family_limits="aggregate",
        coinsurance_share=0.20, drug_tiers_usd=_COMMERCIAL_TIERS, premium_usd=90,
        network=_COMMERCIAL_PPO,
    ),
    # Copays are the most that federal law lets states charge (billing/data/statutory.csv, the same
    # in all known years); minors and pregnant women owe none, nor does anybody in an emergency
    # (42 CFR 447.56). Assumption: about half of the states charge adults something (KFF, M).
    "Medicaid-MCO": PlanDesign(
        kind="medicaid", coinsurance_share=0, nominal_copays=True,
        copays_usd={**dict.fromkeys(("office", "specialist", "telehealth", "urgent_care",
                                     "outpatient_hospital"), _nominal("outpatient")),
                    "inpatient": _nominal("inpatient")},
        drug_tiers_usd={**dict.fromkeys(("1", "2", "3"), _nominal("preferred_drug")),
                        **dict.fromkeys(("4", "5"), _nominal("other_drug"))},
        network=_MEDICAID,
    ),
    # All of CHIP's amounts: assumption, the few dollars that separate state programmes charge.
    "CHIP": PlanDesign(
        kind="medicaid", coinsurance_share=0, oop_max_usd=1000,
        copays_usd={"office": 5, "specialist": 10, "telehealth": 5, "urgent_care": 10,
                    "emergency": 25, "inpatient": 25},
        drug_tiers_usd={"1": 3, "2": 3, "3": 5, "4": 10, "5": 10}, premium_usd=20,
        network=_MEDICAID,
    ),
}  # fmt: skip
"""Plans that a profile may name without describing them."""
