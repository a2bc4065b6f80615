"""An angiogram shows the vessels that are treated then, that an infarction closes, or none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from execution.running import Document, charted, diabetic, journey, listed, visit
from healthsim.medicine.coronaries import BYPASS, DILATION, arteries_treated, vessels

_NARROW = re.compile(r"(Left main|Left anterior descending|Circumflex|Right coronary) artery "
                     r"(?:(\d+) % stenosis|(occluded))")  # fmt: skip
_ANGIOGRAM = visit("angiogram", 10, encounter_class="outpatient_hospital", procedures=["93458"],
                   diagnoses=["I25.10"])  # fmt: skip


def _bypass(*codes: str) -> Document:
    return visit("bypass", 30, encounter_class="inpatient", los_days=5, diagnoses=["I25.10"],
                 procedures=["33533"], icd10pcs=list(codes))  # fmt: skip


def _seen(*steps: Document, **changes: Any) -> list[tuple[str, dict[str, int]]]:
    """Return of each angiogram its text and the stenosis of each narrow vessel, per cent."""
    profile = diabetic(count=40, **{"attributes": {}, "products": ["patientsim"], **changes})
    texts = [text for text, loinc in
             listed(charted(profile, journey(*steps))["diagnostic_reports"], "conclusion", "loinc")
             if loinc == "18745-0"]  # fmt: skip
    assert len(texts) == 40
    return [(text, {vessel: int(percent or 100) for vessel, percent, _ in _NARROW.findall(text)})
            for text in texts]  # fmt: skip


def _without_main(narrow: dict[str, int]) -> set[str]:
    return set(narrow) - {"Left main"}


@pytest.mark.slow
def test_before_three_grafts_three_vessels_are_narrow_and_the_left_main_of_some() -> None:
    seen = _seen(_ANGIOGRAM, _bypass("02100Z9", "021109W"))

    assert all("Three-vessel disease." in text for text, _ in seen)
    assert all(len(_without_main(narrow)) == 3 for _, narrow in seen)
    assert 3 < sum("Left main" in narrow for _, narrow in seen) < 25
    assert {percent % 5 for _, narrow in seen for percent in narrow.values()} == {0}
    assert len({text for text, _ in seen}) > 20


@pytest.mark.slow
def test_before_one_graft_the_anterior_vessel_is_narrow() -> None:
    seen = _seen(_ANGIOGRAM, _bypass("02100Z9"))

    assert {vessel for _, narrow in seen for vessel in _without_main(narrow)} == {
        "Left anterior descending"
    }


@pytest.mark.slow
def test_an_infarction_with_its_stent_closes_its_vessel_alone() -> None:
    stent = visit("stent", 10, encounter_class="inpatient", los_days=3, procedures=["99223"],
                  diagnoses=["I21.11"], icd10pcs=["027034Z", "B2111ZZ"])  # fmt: skip

    assert {str(narrow) for _, narrow in _seen(stent)} == {"{'Right coronary': 100}"}


def test_without_disease_or_treatment_no_vessel_is_narrow() -> None:
    pain = _ANGIOGRAM | {"details": _ANGIOGRAM["details"] | {"diagnoses": ["R07.9"]}}
    ((text, narrow),) = dict(_seen(pain)).items()

    assert narrow == {}
    assert text.startswith("No obstructive coronary artery disease. Left main artery without")
    assert "-vessel" not in text


@pytest.mark.slow
def test_a_treatment_without_a_diagnosis_of_the_arteries_shows_them_too() -> None:
    pain = _ANGIOGRAM | {"details": _ANGIOGRAM["details"] | {"diagnoses": ["R07.9"]}}
    seen = _seen(pain, _bypass("02100Z9", "021009W"))

    assert all(text.startswith("Obstructive coronary artery disease. Two") for text, _ in seen)


def test_disease_that_nobody_operates_is_of_one_to_three_vessels() -> None:
    counts = [len(narrow) for _, narrow in _seen(_ANGIOGRAM)]

    assert {*counts} == {1, 2, 3}
    assert counts.count(1) > counts.count(3)


@pytest.mark.slow
def test_what_a_profile_states_of_vessels_wins() -> None:
    stated = {"vessels": 2, "left_main": {"yes": 1}}
    seen = _seen(_ANGIOGRAM, _bypass("02100Z9", "021109W"), attributes=stated)

    assert all("Two-vessel disease." in text and "Left main" in narrow for text, narrow in seen)


@pytest.mark.parametrize(
    ("system", "code", "bypassed", "dilated"),
    [("ICD-10-PCS", "021209W", 3, 0), ("ICD-10-PCS", "0270346", 0, 1), ("CPT", "33536", 4, 0),
     ("CPT", "92928", 0, 1), ("HCPCS", "C9600", 0, 1), ("CPT", "93458", 0, 0)],
)  # fmt: skip
def test_codes_say_how_many_arteries_are_treated(
    system: str, code: str, bypassed: int, dilated: int
) -> None:
    assert arteries_treated(system, code, BYPASS) == bypassed
    assert arteries_treated(system, code, DILATION) == dilated


def test_the_vessels_of_one_person_add_up_to_all() -> None:
    assert sum(one.share for one in vessels()[1:]) == pytest.approx(1)
