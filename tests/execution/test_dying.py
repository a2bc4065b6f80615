"""Who dies in a stay has other vital signs in its last hours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from execution.running import diabetic, event, journey, listed, run
from healthsim.tables import Columns
from template_runs import JOURNEYS, SHELF

_SATURATION, _SYSTOLIC, _PULSE = "59408-5", "8480-6", "8867-4"


def _last(tables: Columns, code: str) -> list[float]:
    rows = sorted(listed(tables, "person_id", "measured_at", "loinc", "value"))
    return list({person: value for person, _, loinc, value in rows if loinc == code}.values())


def _stay(*, dies: bool) -> Columns:
    stay = event("stay", "encounter", 10, encounter_class="inpatient", los_days=4,
                 diagnoses=["J18.9"])  # fmt: skip
    end = event("end", "death", {"after": "stay", "edge": "end"})
    steps = [stay, end] if dies else [stay]
    return run(diabetic(count=20, products=["patientsim"]), journey(*steps))["vital_signs"]


def test_pressure_and_oxygen_fall_and_the_pulse_rises_before_death() -> None:
    living, dying = _stay(dies=False), _stay(dies=True)
    for code, sign in ((_SATURATION, -1), (_SYSTOLIC, -1), (_PULSE, 1)):
        moved = np.mean(_last(dying, code)) - np.mean(_last(living, code))
        assert moved * sign > 5
    assert max(_last(dying, _SATURATION)) < 92


def test_two_days_before_death_signs_are_as_of_those_who_live() -> None:
    living, dying = (_stay(dies=one) for one in (False, True))
    start = min(at for (at,) in listed(living, "measured_at"))
    first = {(person, code, at): value for person, code, at, value in
             listed(living, "person_id", "loinc", "measured_at", "value")
             if at < start + 24 * 60}  # fmt: skip
    same = [first[key] == value for *key_, value in
            listed(dying, "person_id", "loinc", "measured_at", "value")
            if (key := tuple(key_)) in first]  # fmt: skip
    assert len(same) > 50
    assert all(same)


def _emergencies(found: Any) -> Iterator[Any]:
    if isinstance(found, dict):
        if found.get("details", {}).get("encounter_class") == "emergency":
            yield found["details"]["diagnoses"][0]
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from _emergencies(one)


@pytest.mark.parametrize("name", JOURNEYS)
def test_no_template_has_an_emergency_for_aftercare(name: str) -> None:
    document = json.loads((Path(SHELF) / "journeys" / f"{name}.json").read_text(encoding="utf-8"))
    codes = [str(one) for one in _emergencies(document)]
    assert not [code for code in codes if code.startswith("Z4")]
