"""Documents that state every key of a plan, of effects, of safety and of an event's details."""

from __future__ import annotations

from typing import Any

from execution.running import Document, diabetic, event, journey

_LIMITS = {"deductible_usd": 3300, "family_deductible_usd": 6600, "oop_max_usd": 8000,
           "family_oop_max_usd": 16_000}  # fmt: skip
PLANS: dict[str, Document] = {
    "High": {
        "kind": "commercial", "hdhp": True, **_LIMITS, "family_limits": "embedded",
        "coinsurance_share": 0.2, "coinsurance_shares": {"imaging": 0.1},
        "copays_usd": {"office": 20, "imaging": 50}, "copay_and_coinsurance": "greater",
        "visit_limits": {"physical_therapy": 20},
        "out_of_network": {**_LIMITS, "deductible_usd": 5000, "coinsurance_share": 0.5},
        "drug_tiers_usd": {"1": 10, "2": 30}, "drug_coinsurance_share": 0.2,
        "drug_limits": "joint", "preventive_free": True, "benefit_year": 7, "premium_usd": 300,
        "family_premium_usd": 900, "coverage_dates": "day", "grace_months": 1, "price_level": 1.5,
        "network": {"in_share": 0.5, "outside": 0.5, "mail_order_share": 0.3},
    },
    "Nominal": {
        "kind": "medicaid", "coinsurance_share": 0, "copays_usd": {"office": 4},
        "nominal_copays": True,
    },
    "Law": {
        "kind": "medicare_original", "deductible_usd": "law", "drug_deductible_usd": "law",
        "drug_oop_max_usd": "law", "low_income_subsidy": "dual",
    },
}  # fmt: skip
EFFECTS = [
    {"condition": "E11", "analyte": "platelets", "times": 0.8, "before_days": 2, "onset_days": 3,
     "lasts_days": 30, "fades_days": 5, "share": 0.5},
    {"drug": "lisinopril", "analyte": "sodium", "add": -2},
    {"condition": "I10", "analyte": "urate",
     "set": {"mean": 7, "sd": 1, "low": 3, "high": 12}},
]  # fmt: skip


def profile(**changes: Any) -> Document:
    """A profile with every choice of physiology, safety, pharmacies, bills and plans."""
    chosen: Document = {
        "count": 5,
        "mortality": {"ratio": 2.0},
        "charge_capture": "usual",
        "pharmacy": {"without": ["reversals"]},
        "safety": {"allow_violations": 0.5, "without": ["nsaid-heart-failure"]},
        "vital_signs": {"inpatient_hours": 6},
        "physiology": {"usual": True, "effects": EFFECTS},
        "one_bed": "postpone",
        "problem_list": "usual",
        "vaccine_intervals": "usual",
        "coverage": {"plan": {"High": 0.4, "Law": 0.4, "Nominal": 0.2}, "plans": PLANS},
    }
    return diabetic(**{**chosen, **changes})


def walk(**changes: Any) -> Document:
    """A journey with every kind of event outside of trials, and every detail of it."""
    seen = event(
        "seen",
        "encounter",
        3,
        encounter_class="office",
        procedures=["99213"],
        comorbidities=True,
        diagnoses=["E11.9", {"code": "I10", "when": "has('I10')"}],
    )
    seen["with"] = [
        event("count", "lab", panel="cbc", results={"718-7": 12}),
        event("sugar", "lab", loinc="4548-4", procedure="83036",
              result={"from": "a1c", "noise": {"type": "normal", "mean": 0, "sd": 0.1}}),
        event("pressure", "vital", loinc="8480-6", result=130),
        event("shot", "immunization", cvx="140", dose=1, procedures=["90471"]),
        event("joint", "procedure", code="20610", units=1, modifiers=["RT"], display="knee",
              global_days=0, specialty="orthopedic surgery"),
        event("infused", "procedure", code="J9271", dose={"mg_per_kg": 2, "most_mg": 400}),
    ]  # fmt: skip
    stay = event("stay", "encounter", 20, encounter_class="inpatient", diagnoses=["J18.9"],
                 los_days={"type": "gamma", "mean": 5, "sd": 2}, drg="193", preventive=False,
                 disposition={"01": 0.7, "03": 0.3}, icd10pcs=["5A1935Z"], reason="pneumonia",
                 specialty="hospitalist", clinician="duty")  # fmt: skip
    stay["with"] = [event("failing", "diagnosis", code="J96.01")]
    steps = [
        seen, stay,
        event("rx", "prescription", {"after": "stay", "edge": "end", "day": 1},
              drug="amoxicillin 500 mg capsule", days_supply=10, quantity=30, refills=1,
              first_fill_share=0.9, adherence=0.9, discontinuation="none", replaces="lisinopril"),
        event("syrup", "prescription", 30, drug="amoxicillin 400 mg per 5 mL suspension",
              dose={"mg_per_kg": 20, "most_mg": 500}),
        event("sent", "referral", 31, specialty="cardiology", reason="murmur"),
        event("billed", "claim", 40, encounter_class="office", diagnoses=["E11.9"],
              procedures=[{"code": "99214", "units": 1, "modifiers": ["25"]}]),
        event("plan", "care_plan", 41, display="diet", code="182922004"),
        {"do": "change", "id": "better", "at": 50, "state": "a1c", "by": -0.5,
         "over": {"days": 30}},
        event("ends", "death", 100, cause="J96.01") | {"chance": 0.2},
    ]  # fmt: skip
    state = {"a1c": {"start": "attribute", "low": 4, "high": 15, "decimals": 1, "unit": "%"}}
    return journey(*steps, state=state, duration_days=120, **changes)


def of_trial() -> Document:
    """A trial with every kind of event that only trials have."""
    assessed = event("lesions", "tumor_assessment", baseline_mm=50, shrinks_per_week=0.05,
                     grows_per_week=0.01, new_lesion=0.04)  # fmt: skip
    assessed["on_progression"] = [event("left", "withdrawal", 1, reasons=[{"reason": "worse"}])]
    steps = [
        event("screened", "screening", 0), event("assigned", "randomization", 1),
        event("came", "trial_visit", 9, name="V1", visit_number=1, routine_care=True,
              procedures=["99213"]),
        event("given", "exposure", 9, treatment="A", dose=10, unit="mg", route="oral", days=7),
        event("fell", "adverse_event", 10, term="Neutropenia", grade={"3": 0.5, "4": 0.5},
              related={"possible": 1}, serious=0.5, lasts_days=10, action="none",
              result="usual", code="D70.1", stay={
                  "encounter_class": "inpatient", "los_days": 4, "diagnoses": ["D70.1"]}),
        event("usual", "usual_adverse_events", 11, classes={"a": "cytotoxic chemotherapy"},
              within_days=60, without=["Nausea"]),
        {"do": "repeat", "id": "monthly", "every": {"weeks": 4}, "times": 2, "at": 12,
         "steps": [assessed]},
    ]  # fmt: skip
    adults = [{"name": "adult", "when": "age > 30"}]
    trial = {"id": "T-1", "arms": {"a": 1, "b": 1}, "consent": 0.9, "strata": ["gender"],
             "block": 4, "sites": 3, "inclusion": adults}  # fmt: skip
    return journey(*steps, trial=trial, duration_days=120)
