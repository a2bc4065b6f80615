"""People who see a specialist, are operated on, and are tested in offices and hospitals."""

from __future__ import annotations

from execution.running import Document, diabetic, event, journey, visit

KNEE = "2744" + "7"
_EYES = "ophthalmology"


def people(**changes: object) -> Document:
    plan = {"Original": 0.5, "Commercial-HMO": 0.5}
    return diabetic(count=60, coverage={"plan": plan}, one_bed="none", **changes)


def _done(id: str, code: str, **details: object) -> Document:
    return event(id, "procedure", code=code, **details)


def _at(id: str, day: int, place: str, *during: Document, **details: object) -> Document:
    said = {"procedures": None, **details}
    return visit(id, day, encounter_class=place, **said) | {"with": list(during)}


def steps() -> Document:
    """Return a journey with everybody whom a claim may name."""
    blood = event("blood", "lab", panel="cbc", procedure="85025")
    sugar = event("sugar", "lab", loinc="4548-4", procedure="83036")
    flu = event("flu", "immunization", cvx="185", procedures=["90662"])
    return journey(
        _at("tested", 5, "office", blood, sugar, _done("tracing", "93000"), procedures=["99213"]),
        _at("heart", 10, "office", specialty="cardiology", procedures=["99214"]),
        _at("mother", 12, "office", specialty="obstetrics and gynecology", procedures=["99213"]),
        _at("exercise", 15, "office", specialty="physical therapy", procedures=["97110"]),
        _at("shot", 20, "office", flu, procedures=[]),
        _at("fall", 30, "emergency", blood | {"id": "blood_in"}, _done("chest", "71046"),
            procedures=["99284"]),
        _at("eye", 40, "asc", specialty=_EYES, procedures=["66984"], diagnoses=["H25.11"]),
        _at("knee", 60, "outpatient_hospital", _done("new", KNEE, specialty="orthopedic surgery"),
            diagnoses=["M17.11"]),
        _at("two", 100, "outpatient_hospital", _done("gall", "47562", specialty="general surgery"),
            _done("tube", "58661", specialty="obstetrics and gynecology"), diagnoses=["K80.20"]),
        _at("birth", 140, "inpatient", los_days=2, icd10pcs=["10D00Z1"], drg="788",
            specialty="obstetrics and gynecology", diagnoses=["I10"]),
        _at("ill", 160, "inpatient", los_days=3, icd10pcs=["3E0G76Z"], diagnoses=["I50.22"]),
    )  # fmt: skip
