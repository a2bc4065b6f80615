"""People who are once in every place that a facility bills."""

from __future__ import annotations

from typing import Any

from execution.running import Document, diabetic, event, journey, visit

KNEE = "2744" + "7"


def people() -> Document:
    return diabetic(count=12)


def _inside(step: Document, *during: Document) -> Document:
    return step | {"with": list(during)}


def _place(id: str, day: int, kind: str, **details: Any) -> Document:
    return visit(id, day, encounter_class=kind, **{"procedures": None, **details})


def _done(id: str, code: str, **details: Any) -> Document:
    return event(id, "procedure", code=code, **details)


def everywhere() -> Document:
    """Return a journey of visits of every class, with what a facility does in them."""
    count = event("blood", "lab", panel="cbc", procedure="85025")
    scan = _done("scan", "74177", specialty="radiology")
    gas = _done("sleep", "01402", specialty="anesthesiology")
    return journey(
            _place("clinic", 5, "outpatient_hospital", procedures=["99213", "99406"]),
            _place("empty", 10, "outpatient_hospital"),
            _inside(_place("light", 20, "emergency")),
            _inside(
                _place("infusion", 25, "outpatient_hospital", procedures=["96413"]),
                _done("whole", "J2469", units=10), _done("part", "J9263", units=170),
                _done("plain", "J1100", units=4),
            ),
            _inside(_place("heavy", 30, "emergency"), count, scan),
            _place("stated", 40, "emergency", procedures=["99282"]),
            _inside(_place("knee", 50, "outpatient_hospital"), _done("new", KNEE), gas),
            _place("watched", 60, "observation", los_days=1),
            _place("centre", 70, "asc", procedures=["66984"]),
            _place("nurse", 80, "home_health", procedures=["G0299"]),
            _place("treated", 90, "dialysis", procedures=["90999"]),
            _place("treated_again", 92, "dialysis", procedures=["90999"]),
            _place("treated_later", 130, "dialysis", procedures=["90999"]),
            _inside(
                _place("stay", 100, "inpatient", los_days=2, icd10pcs=["10E0XZZ"], drg="807"),
                count | {"id": "blood_in"}, scan | {"id": "scan_in"},
            ),
            _place("hospital", 140, "inpatient", los_days=4, diagnoses=["I50.22"], drg="291"),
            _place("after", 145, "snf", los_days=9, diagnoses=["I50.22"]),
            _place("home", 160, "home_health", diagnoses=["I50.22"]),
            *(_place(f"home_{day}", day, "home_health", diagnoses=["I50.22"], procedures=["G0299"])
              for day in (200, 204, 208, 212, 235)),
    )  # fmt: skip
