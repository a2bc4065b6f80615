"""Some raised pressures of pregnancies become preeclampsia: protein, magnesium, an early birth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from execution.running import listed, run

pytestmark = pytest.mark.slow

_TEMPLATES = Path(__file__).parents[2] / "templates"
_PROTEIN = "2890-2"


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    """Pregnancies in which the template's chance of preeclampsia is certain."""
    profile, journey = (
        json.loads((_TEMPLATES / name).read_text(encoding="utf-8"))
        for name in ("profiles/commercial-maternity.json", "journeys/pregnancy.json")
    )
    journey["state"]["pressure_rank"]["start"]["high"] = 0.03
    people = {"count": 24, "seed": 4711, "detail": "full", "products": ["patientsim"],
              "expectations": []}  # fmt: skip
    return run(profile | people, journey | {"expectations": []})


def _days(tables: dict[str, Any], prefix: str) -> dict[int, tuple[int, int]]:
    rows = listed(tables["conditions"], "person_id", "code", "onset_date", "abatement_date")
    return {who: (since, until) for who, code, since, until in rows if code.startswith(prefix)}


def test_it_is_found_with_protein_and_takes_the_place_of_gestational_hypertension(
    tables: dict[str, Any],
) -> None:
    found, before = _days(tables, "O14"), _days(tables, "O13")
    protein = listed(tables["lab_results"], "person_id", "loinc", "value", "collected_at")
    assert len(found) > 8
    assert found.keys() & before.keys()
    for who, (since, _) in found.items():
        assert any(person == who and loinc == _PROTEIN and value >= 300 and at // 1440 == since
                   for person, loinc, value, at in protein)  # fmt: skip
        assert who not in before or before[who][1] < since


def test_the_child_is_born_within_weeks_and_at_once_where_it_is_severe(
    tables: dict[str, Any],
) -> None:
    births = {one: at // 1440 for one, reason, at in
              listed(tables["encounters"], "person_id", "reason", "start_at")
              if reason in ("Birth", "Cesarean birth")}  # fmt: skip
    severe, mild = _days(tables, "O14.1"), _days(tables, "O14.0")
    assert severe
    assert mild
    assert all(births[who] - since <= 1 for who, (since, _) in severe.items())
    assert all(0 < births[who] - since < 42 for who, (since, _) in mild.items())


def test_the_severe_are_given_magnesium_and_others_are_not(tables: dict[str, Any]) -> None:
    given = {who for who, drug in listed(
        tables["medication_administrations"], "person_id", "ingredient")
        if drug == "magnesium sulfate"}  # fmt: skip
    assert given
    assert given <= _days(tables, "O14.1").keys()
