"""A state that starts from the body agrees with the profile's attributes and with measurements."""

from __future__ import annotations

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, listed, run
from healthsim.tables import Columns

CEA, WEIGHT, HEIGHT = "2039-6", "29463-7", "8302-2"


def _measured() -> Document:
    state = {"cea": {"start": "body", "low": 0.1, "high": 5000, "decimals": 1},
             "weight": {"start": "body", "low": 25, "high": 300, "decimals": 1}}  # fmt: skip
    return journey(
        event("marker", "lab", 0, loinc=CEA, result={"from": "cea"}),
        event("weighed", "vital", 0, loinc=WEIGHT, result={"from": "weight"}),
        event("tall", "vital", 0, loinc=HEIGHT),
        state=state,
    )


def _run(**attributes: Document) -> dict[str, Columns]:
    women = {"age": {"type": "uniform", "low": 30, "high": 70}, "gender": {"F": 1}}
    return run(diabetic(count=60, demographics=women, attributes=attributes,
                        products=["patientsim"]), _measured())  # fmt: skip


def _first(tables: dict[str, Columns], table: str, code: str) -> dict[int, float]:
    return {person: value for person, loinc, value in reversed(
        listed(tables[table], "person_id", "loinc", "value")) if loinc == code}  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    return _run(
        cea={"type": "lognormal", "mean": 110, "sd": 420, "low": 0.5, "high": 3000, "decimals": 1},
        bsa={"type": "normal", "mean": 1.76, "sd": 0.19, "low": 1.25, "high": 2.5, "decimals": 2},
    )


def _stated(tables: dict[str, Columns], name: str) -> dict[int, float]:
    rows = listed(tables["person_attributes"], "person_id", "name", "number")
    return {person: number for person, one, number in rows if one == name}


def test_what_is_measured_from_it_is_the_attribute(tables: dict[str, Columns]) -> None:
    stated, shown = _stated(tables, "cea"), _first(tables, "lab_results", CEA)

    assert len(shown) == 60
    assert all(abs(shown[who] - stated[who]) <= 0.11 for who in shown)


def test_a_body_surface_gives_a_weight_and_a_height_that_have_it_and_a_likely_build(
    tables: dict[str, Columns],
) -> None:
    stated = _stated(tables, "bsa")
    kg, cm = (_first(tables, "vital_signs", code) for code in (WEIGHT, HEIGHT))
    surface = {who: (kg[who] * cm[who] / 3600) ** 0.5 for who in stated}
    build = [kg[who] / (cm[who] / 100) ** 2 for who in stated]

    assert max(abs(surface[who] / stated[who] - 1) for who in stated) < 0.04
    assert np.percentile(build, 2) > 15


def test_without_an_attribute_it_is_the_persons_own_value() -> None:
    tables = _run()
    kg, cm = (_first(tables, "vital_signs", code) for code in (WEIGHT, HEIGHT))
    build = [kg[who] / (cm[who] / 100) ** 2 for who in kg]

    assert 24 < np.median(build) < 34
    assert 0.5 < np.median(list(_first(tables, "lab_results", CEA).values())) < 5
