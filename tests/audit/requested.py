"""Four requests of users as specifications, with every figure as they said it."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def _event(id: str, type: str, at: Any = 0, **more: Any) -> Document:
    """An event; `details`, `chance`, `hazard`, `with` and the like are given by name."""
    return {"do": "event", "id": id, "type": type, "at": at, **more}


def _journey(name: str, *steps: Document, **more: Any) -> Document:
    return {"kind": "journey", "name": name, "duration_days": 180,
            "phases": [{"name": "all", "steps": list(steps)}], **more}  # fmt: skip


def _profile(count: int, **more: Any) -> Document:
    return {"kind": "profile", "name": "asked", "count": count, "seed": 7, "as_of": "2025-01-01",
            "detail": "core",
            "products": ["patientsim"], **more}  # fmt: skip


_YEAR = {"begins": {"earliest": "2025-01-01", "latest": "2025-12-31"}}
_LABS = [_event("lactate", "lab", details={"loinc": "2524-7", "result": {
    "type": "normal", "mean": 3.2, "sd": 1.1, "low": 0.5, "high": 12, "decimals": 1}})]  # fmt: skip


def sepsis() -> tuple[Document, Document]:
    """300 inpatients with sepsis: ICU 35 %, mortality 18 %, readmission 17 % in 30 days."""
    profile = _profile(300, demographics={"age": {"type": "normal", "mean": 66, "sd": 14,
                                                  "low": 18, "high": 95}},
                       clinical={"primary": {"code": "A41.9"}},
                       attributes={"frail": {"yes": 0.25, "no": 0.75}})  # fmt: skip
    stay = _event("stay", "encounter", details={
        "encounter_class": "inpatient", "diagnoses": ["A41.9"],
        "los_days": {"type": "gamma", "mean": 8, "sd": 5, "decimals": 0}},
        **{"with": [*_LABS]})  # fmt: skip
    icu = {"do": "branch", "id": "level", "at": 0, "options": [
        {"name": "icu", "weight": 0.35}, {"name": "ward", "weight": 0.65}]}  # fmt: skip
    antibiotics = {"do": "branch", "id": "antibiotics", "at": 0, "options": [
        {"name": "within 1 hour", "weight": 0.5}, {"name": "within 3 hours", "weight": 0.35},
        {"name": "later", "weight": 0.15}]}  # fmt: skip
    dies = _event("dies", "death", {"after": "stay", "edge": "end"}, chance=0.18)
    again = _event("again", "encounter", {"after": "stay", "edge": "end"},
                   hazard={"share": 0.17, "within_days": 30},
                   details={"encounter_class": "inpatient", "diagnoses": ["A41.9"]})  # fmt: skip
    return profile, _journey("sepsis", stay, icu, antibiotics, dies, again, **_YEAR)


def trial() -> tuple[Document, Document]:
    """A trial, 2:1: screen failures 25 %, neutropenia 18 % and 6 %, dropout 10 %."""
    profile = _profile(320, products=["patientsim", "trialsim"],
                       demographics={"age": {"type": "uniform", "low": 40, "high": 75}},
                       clinical={"primary": {"code": "C18.9"}},
                       attributes={"ecog": {"0": 0.4, "1": 0.6},
                                   "screens": {"passes": 0.75, "fails": 0.25}})  # fmt: skip
    by_arm = {"type": "conditional", "cases": [{"when": "arm == 'drug'", "then": 0.18}],
              "otherwise": 0.06}  # fmt: skip
    neutropenia = _event("neutropenia", "adverse_event", {"after": "randomized", "day": 30},
                         chance=by_arm, details={"term": "Neutropenia", "code": "D70.1",
                                                 "grade": {"3": 0.7, "4": 0.3}})  # fmt: skip
    dropout = _event("dropout", "withdrawal", {"after": "randomized"},
                     hazard={"share": 0.1, "within_days": 168},
                     details={"reasons": [{"reason": "withdrawal by subject"}]})  # fmt: skip
    seen = {"id": "dosing", "day": 1, "window": {"before": 3, "after": 3},
            "first_window": {"after": 3}, "missed": 0.04,
            "steps": [_event("seen", "trial_visit")]}  # fmt: skip
    protocol = {"do": "protocol", "id": "treatment", "at": {"after": "randomized"}, "cycles": 8,
                "cycle_days": 21, "visits": [seen]}  # fmt: skip
    screened = _event("screening", "trial_visit", **{"with": [_event("screened", "screening")]})
    randomized = _event("randomized", "randomization", 14)
    said = {"id": "ONC-301", "phase": "3", "arms": {"drug": 2, "control": 1}, "strata": ["ecog"],
            "inclusion": [{"name": "passes", "when": "screens == 'passes'"}]}  # fmt: skip
    return profile, _journey("onc", screened, randomized, neutropenia, dropout, protocol,
                             trial=said, duration_days=260)  # fmt: skip


def emergency(rate: float = 0.3) -> tuple[Document, Document]:
    """Members of a plan with 0.25 emergency visits a year, and 20 % more."""
    plan = {"plan": {"Commercial-PPO": 1}}
    profile = _profile(500, products=["patientsim", "membersim"], coverage=plan,
                       demographics={"age": {"type": "uniform", "low": 20, "high": 64},
                                     "location": {"states": {"OH": 0.5, "MI": 0.5}}})  # fmt: skip
    visit = _event(
        "er",
        "encounter",
        details={"encounter_class": "emergency", "diagnoses": ["R07.9"], "procedures": ["99284"]},
    )
    often = {"do": "repeat", "id": "er_visits", "at": 0, "every": {"hazard": {"per_year": rate}},
             "times": 12, "steps": [visit]}  # fmt: skip
    return profile, _journey("care", often, duration_days=364)


def maternity() -> tuple[Document, Document]:
    """500 women who give birth: caesarean 32 %, gestational diabetes 8 %."""
    profile = _profile(500, demographics={"age": {"type": "uniform", "low": 20, "high": 40},
                                          "gender": {"F": 1}},
                       attributes={"gdm": {"yes": 0.08, "no": 0.92}})  # fmt: skip
    diabetes = _event("gdm_found", "diagnosis", 60, when="gdm == 'yes'",
                      details={"code": "O24.410"})  # fmt: skip
    delivery = _event("delivery", "encounter", 150, details={
        "encounter_class": "inpatient", "diagnoses": ["O80"], "los_days": 2},
        **{"with": [_event("born", "birth")]})  # fmt: skip
    mode = {"do": "branch", "id": "mode", "at": 150, "options": [
        {"name": "caesarean", "weight": 0.32}, {"name": "vaginal", "weight": 0.68}]}  # fmt: skip
    screening = _event("epds", "lab", {"after": "delivery", "day": 30}, chance=0.9,
                       details={"loinc": "71354-5", "result": {
                           "type": "normal", "mean": 6, "sd": 4, "low": 0, "high": 30,
                           "decimals": 0}})  # fmt: skip
    return profile, _journey("pregnancy", diabetes, delivery, mode, screening)
