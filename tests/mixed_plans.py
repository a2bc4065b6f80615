"""Claims and fills of mixed plans, for tests: a profile, a journey, and rows as dictionaries."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.products.membersim.designs import BUILT_IN
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.tables import NO_NUMBER, Coded, Columns, stack

_TIERS = {"1": 5, "2": 15, "3": 40, "4": 80, "5": 150}
OWN: dict[str, Any] = {
    "Services": {
        "kind": "commercial", "deductible_usd": 400, "family_deductible_usd": 800,
        "oop_max_usd": 2500, "family_oop_max_usd": 4000, "coinsurance_share": 0.25,
        "copays_usd": {"office": 20, "laboratory": 10, "imaging": 75, "emergency": 200,
                       "physical_therapy": 25, "mental_health": 15},
        "coinsurance_shares": {"emergency": 0.1, "imaging": 0.3, "home_health": 0.05},
        "copay_and_coinsurance": "copay_then_coinsurance",
        "visit_limits": {"physical_therapy": 2}, "drug_tiers_usd": _TIERS,
        "drug_deductible_usd": 150, "drug_oop_max_usd": 1200, "benefit_year": 7,
        "network": {"in_share": 0.4, "outside": 0.6},
        "out_of_network": {"deductible_usd": 900, "family_deductible_usd": 1500,
                           "oop_max_usd": 4000, "family_oop_max_usd": 6000,
                           "coinsurance_share": 0.45},
    },
    "Greater": {
        "kind": "commercial", "deductible_usd": 100, "oop_max_usd": 900, "coinsurance_share": 0.2,
        "copays_usd": {"specialist": 60, "outpatient_hospital": 100, "inpatient": 300},
        "coinsurance_shares": {"specialist": 0.5, "outpatient_hospital": 0.35},
        "copay_and_coinsurance": "greater", "drug_tiers_usd": {"1": 0}, "drug_limits": "joint",
    },
    "Copays-after": {
        "kind": "commercial", "hdhp": True, "deductible_usd": 1700, "family_deductible_usd": 3400,
        "family_limits": "aggregate", "oop_max_usd": "law", "coinsurance_share": 0.1,
        "copays_usd": {"office": 30}, "drug_tiers_usd": _TIERS,
    },
    "Standard-D": {"kind": "medicare_original", "deductible_usd": "law",
                   "drug_deductible_usd": "law", "drug_oop_max_usd": "law"},
    "Subsidized": {"kind": "medicare_original", "deductible_usd": "law",
                   "drug_tiers_usd": _TIERS, "drug_deductible_usd": "law",
                   "drug_oop_max_usd": "law", "low_income_subsidy": "full"},
    "Dual": {"kind": "medicare_advantage", "oop_max_usd": 3000, "drug_deductible_usd": "law",
             "drug_oop_max_usd": "law", "low_income_subsidy": "dual",
             "copays_usd": {"inpatient": 350}},
}  # fmt: skip
"""Plans of the profile's own, besides built-in ones."""

_NAMES = (
    *OWN,
    "Medicaid-MCO",
    "Original",
    "MA-PPO",
    "Commercial-PPO",
    "Commercial-HMO",
    "HDHP",
    "CHIP",
)

_DRUGS = (
    ("insulin glargine 100 units per mL pen injector", 0.4),
    ("apixaban 5 mg tablet", 0.5), ("lisinopril 10 mg tablet", 0.6),
    ("semaglutide 1 mg pen injector", 0.4), ("metformin 500 mg tablet", 0.5),
)  # fmt: skip


def profile(count: int, seed: int = 11) -> dict[str, Any]:
    """Return families on plans of all kinds, most of whom fill drugs."""
    return {
        "kind": "profile", "name": "mixed-plans", "title": "Mixed plans", "version": 1,
        "count": count, "seed": seed, "as_of": "2025-01-01", "through": "2026-06-30",
        "unit": "family",
        "household": {"spouse": {"share": 0.7}, "children": {"number": {"1": 0.5, "2": 0.5},
                      "age": {"type": "uniform", "low": 8, "high": 17, "decimals": 0}}},
        "demographics": {"age": {"type": "uniform", "low": 40, "high": 60, "decimals": 0},
                         "location": {"states": {"TX": 1}}},
        "mortality": "none", "safety": "none",
        "clinical": {"comorbidities": [{"code": "E11.9", "share": 0.5},
                                       {"code": "I10", "share": 0.5}],
                     "medications": [{"drug": drug, "share": share, "days_supply": 30}
                                     for drug, share in _DRUGS]},
        "coverage": {"plan": {"type": "explicit", "values": list(_NAMES), "order": "cycle"},
                     "plans": OWN},
        "products": ["patientsim", "membersim", "rxmembersim"],
    }  # fmt: skip


def _visit(name: str, at: Any, klass: str, **details: Any) -> dict[str, Any]:
    chance = details.pop("chance", 0.7)
    during = details.pop("during", [])
    return {"do": "event", "id": name, "type": "encounter", "at": at, "chance": chance,
            "details": {"encounter_class": klass, "reason": name, **details},
            "with": during}  # fmt: skip


def _done(name: str, code: str, *modifiers: str) -> dict[str, Any]:
    return {"do": "event", "id": name, "type": "procedure",
            "details": {"code": code, "display": name, "modifiers": list(modifiers)}}  # fmt: skip


def _lab(name: str, panel: str, code: str) -> dict[str, Any]:
    return {"do": "event", "id": name, "type": "lab",
            "details": {"panel": panel, "procedure": code}}  # fmt: skip


def _days(mean: float, sd: float) -> dict[str, Any]:
    return {"type": "normal", "mean": mean, "sd": sd, "low": 1, "high": 140, "decimals": 0}


def journey() -> dict[str, Any]:
    """Return a year and a half of all that plans share in ways of their own."""
    knee = {"diagnoses": ["M17.11"]}
    steps = [
        _visit("wellness", 10, "office", procedures=["99396"], diagnoses=["Z00.00"],
               preventive=True, during=[_lab("cbc", "cbc", "85025")]),
        _visit("scope", {"day": 40, "variance_days": 20}, "outpatient_hospital",
               diagnoses=["Z12.11"], during=[_done("scoped", "45385", "PT")]),
        {"do": "repeat", "id": "often", "at": 15, "every": {"days": 75}, "times": 6, "steps": [
            _visit("seen", {"day": 0, "variance_days": 20}, "office", procedures=["99214"],
                   diagnoses=["I10"], during=[_lab("bmp", "bmp", "80048"),
                                              _done("film", "71046")]),
            _visit("surgeon", {"day": 9, "variance_days": 9}, "office", procedures=["99213"],
                   specialty="orthopedic surgery", chance=0.4, **knee),
            _visit("therapy", {"day": 20, "variance_days": 9}, "office", procedures=["97110"],
                   specialty="physical therapy", **knee),
            _visit("talk", {"day": 30, "variance_days": 9}, "telehealth", procedures=["90834"],
                   diagnoses=["F41.1"], chance=0.3),
            _visit("scan", {"day": 33, "variance_days": 9}, "outpatient_hospital", chance=0.3,
                   during=[_done("scanned", "70553")], diagnoses=["R51.9"]),
            _visit("emergency", {"day": 50, "variance_days": 20}, "emergency", chance=0.25,
                   procedures=["99284"], diagnoses=["R07.9"]),
        ]},
        {"do": "repeat", "id": "stays", "at": 60, "every": {"days": 130}, "times": 3, "steps": [
            _visit("stay", {"day": 0, "variance_days": 25}, "inpatient", drg="470", chance=0.5,
                   procedures=["99223"], los_days=_days(30, 40), **knee),
            _visit("nursing", {"day": 72, "variance_days": 20}, "snf", los_days=_days(25, 30),
                   chance=0.5, **knee),
            _visit("at_home", {"day": 90, "variance_days": 10}, "home_health", chance=0.5,
                   **knee),
        ]},
    ]  # fmt: skip
    return {"kind": "journey", "name": "all-kinds", "title": "All kinds of care", "version": 1,
            "duration_days": 500, "phases": [{"name": "all", "steps": steps}]}  # fmt: skip


def documents() -> dict[str, dict[str, Any]]:
    """Return the documents of the plans, built-in and own, with what they leave out."""
    designs = {name: PlanDesign(**OWN[name]) if name in OWN else BUILT_IN[name] for name in _NAMES}
    return {name: json.loads(design.model_dump_json()) for name, design in designs.items()}


def rows_of(count: int, seed: int = 11, size: int = 16_384) -> dict[str, list[dict[str, Any]]]:
    """Run the profile and return the rows of its tables as dictionaries, in order."""
    parts: dict[str, list[Columns]] = {}
    for chunk in chunks(
        prepare(profile(count, seed) | {"detail": "core"}, [journey()]), size=size, threads=1
    ):
        for name, columns in chunk.tables.items():
            parts.setdefault(name, []).append(columns)
    return {name: plain(stack(found)) for name, found in parts.items()}


def plain(columns: Columns) -> list[dict[str, Any]]:
    """Return columns as dictionaries; null is None."""
    lists = []
    for column in columns.values():
        if isinstance(column, Coded):
            lists.append(column.texts())
        elif column.dtype.kind == "S":
            lists.append([text.decode() for text in column.tolist()])
        else:
            null = {"i4": -(2**31), "i8": int(NO_NUMBER)}.get(np.dtype(column.dtype).str[1:])
            lists.append(
                [None if value == null or value != value else value for value in column.tolist()]
            )
    return [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]
