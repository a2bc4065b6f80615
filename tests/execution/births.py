"""Journeys with births for the tests."""

from __future__ import annotations

from typing import Any

from execution.running import Document, event, journey, visit

WOMEN = "gender == 'F' and age >= 18 and age < 46"


def women(**changes: Any) -> Document:
    """Women who may become mothers, with some of the profile's keys changed."""
    return {
        "kind": "profile", "mortality": "none", "name": "women", "count": 60, "seed": 5,
        "demographics": {"age": {"type": "uniform", "low": 20, "high": 40}, "gender": {"F": 1},
                         "location": {"states": {"TX": 1}}},
        "attributes": {"smokes": {"yes": 0.3, "no": 0.7}},
        "clinical": {"primary": {"code": "Z34.90", "onset": {"days_before": 30}}},
        "coverage": {"plan": {"HDHP": 0.7, "Uninsured": 0.3}},
        **changes,
    }  # fmt: skip


def delivery(**changes: Any) -> Document:
    """A stay in which a child is born; the child is seen after two days."""
    birth = {
        "do": "event", "id": "birth", "type": "birth",
        "newborn": [
            event("nursery", "encounter", 0, encounter_class="inpatient", los_days=2, drg="795",
                  diagnoses=["Z38.00"]),
            visit("first_visit", {"day": 5, "variance_days": 2}, diagnoses=["Z00.110"],
                  procedures=["99391"]),
            event("drops", "prescription", 5, drug="amoxicillin 400 mg per 5 mL suspension",
                  days_supply=10, refills=0),
        ],
        **changes,
    }  # fmt: skip
    return event("labour", "encounter", {"day": 200, "variance_days": 14},
                 encounter_class="inpatient", los_days=2, drg="807", diagnoses=["O80"]) | {
        "with": [birth]}  # fmt: skip


def pregnancy(*steps: Document, **changes: Any) -> Document:
    """A journey to a birth."""
    wanted = {"name": "pregnancy", "eligible": WOMEN, "duration_days": 300}
    return journey(*(steps or (delivery(),)), **{**wanted, **changes})


def well_child(**changes: Any) -> Document:
    """What those born in the run walk from their birthday."""
    return journey(
        {"do": "repeat", "id": "well", "at": 30, "every": {"days": 60}, "times": 3, "steps": [
            visit("seen", diagnoses=["Z00.129"], procedures=["99391"])]},
        name="well-child", begins="birth", duration_days=200, **changes,
    )  # fmt: skip
