"""Signs of an illness are there from its first day, whoever knows of it, and go with it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from execution.running import Document, charted, diabetic, journey, listed, visit
from healthsim.execution.sync.chart.notes.lasting_signs import signs_last
from healthsim.medicine.leaving_signs import leaving_signs
from healthsim.tables import Columns

_SATURATION = "59408-5"
_HOSPITAL = ("emergency", "inpatient")


def _emergency(day: int) -> Document:
    return visit("came", day, encounter_class="emergency", diagnoses=["R50.9"],
                 disposition={"09": 1})  # fmt: skip


def _stay(day: int, *codes: str, nights: int = 4) -> Document:
    return visit("stay", day, encounter_class="inpatient", los_days=nights, diagnoses=list(codes))


def _run(*steps: Document, count: int = 12) -> Mapping[str, Columns]:
    return charted(diabetic(count=count, products=["patientsim"]), journey(*steps))


def _texts(tables: Mapping[str, Columns], type: str) -> list[str]:
    notes = listed(tables["clinical_notes"], "type", "text")
    return [str(text) for kind, text in notes if kind == type]


@pytest.fixture(scope="module")
def lungs() -> Mapping[str, Columns]:
    return _run(_emergency(10), _stay(10, "J18.9"), visit("call", 15, diagnoses=["Z09"]),
                visit("after", 24, diagnoses=["Z09", "J18.9"]), count=40)  # fmt: skip


@pytest.mark.slow
def test_an_emergency_visit_finds_what_the_stay_after_it_is_for(
    lungs: Mapping[str, Columns],
) -> None:
    first, admitted = _texts(lungs, "34111-5"), _texts(lungs, "34117-2")
    assert len(first) == len(admitted) == 40
    assert all("bronchial breath sounds" in text for text in (*first, *admitted))


def test_a_visit_after_treatment_is_of_the_illness_until_its_treatment_is_complete(
    lungs: Mapping[str, Columns],
) -> None:
    codes = dict(listed(lungs["encounter_diagnoses"], "encounter_id", "code"))
    steps = dict(listed(lungs["events"], "event_id", "step"))
    of_step: dict[str, set[str]] = {}
    for encounter, event_id in listed(lungs["encounters"], "encounter_id", "event_id"):
        of_step.setdefault(steps.get(event_id, ""), set()).add(codes[encounter])
    assert of_step["call"] == {"J18.9"}
    assert of_step["after"] == {"Z09"}


def test_an_illness_is_over_by_the_visit_that_finds_its_treatment_complete(
    lungs: Mapping[str, Columns],
) -> None:
    spans = listed(lungs["conditions"], "code", "onset_date", "abatement_date")
    assert {end - begin for code, begin, end in spans if code == "J18.9"} == {14}


@pytest.mark.slow
def test_no_sign_of_an_illness_outlasts_it() -> None:
    bladder = _run(_stay(10, "N39.0"), visit("soon", 15, diagnoses=["N39.0"]))
    seen = [text for text in _texts(bladder, "11506-3") if "EXAMINATION" in text]
    assert len(seen) == 12
    assert not any("tender over the bladder" in text for text in seen)
    assert signs_last("N39.0") < 15 - 10 < signs_last("J18.9")


@pytest.mark.slow
def test_a_heart_that_fails_no_more_is_coded_as_it_was_before_the_stay() -> None:
    heart = _run(_stay(10, "I50.33"), visit("soon", 18, diagnoses=["I50.33"]))
    spans = {(code, begin, end) for code, begin, end in
             listed(heart["conditions"], "code", "onset_date", "abatement_date")
             if str(code).startswith("I50")}  # fmt: skip
    (acute,) = (one for one in spans if one[0] == "I50.33")
    (chronic,) = (one for one in spans if one[0] == "I50.32")
    assert acute[2] - acute[1] == 4
    assert chronic[1] == acute[2] + 1
    assert not any("short of breath" in text for text in _texts(heart, "11506-3"))


@pytest.mark.slow
def test_a_failing_heart_goes_on_in_another_hospital() -> None:
    stay = _stay(10, "I50.33")
    stay["details"]["disposition"] = {"02": 1}
    spans = listed(_run(stay)["conditions"], "code", "onset_date", "abatement_date")
    assert all(end - begin > 8 for code, begin, end in spans if code == "I50.33")


def test_a_low_saturation_in_hospital_is_answered_and_measured_again(
    lungs: Mapping[str, Columns],
) -> None:
    kinds = dict(listed(lungs["encounters"], "encounter_id", "encounter_class"))
    values: dict[tuple[int, int], list[float]] = {}
    for person, encounter, loinc, _, value in sorted(listed(
        lungs["vital_signs"], "person_id", "encounter_id", "loinc", "measured_at", "value"
    ), key=lambda row: row[3]):  # fmt: skip
        if loinc == _SATURATION:
            values.setdefault((person, encounter), []).append(value)
    low = {key: found for key, found in values.items() if min(found) < 90}
    given = {encounter for encounter, drug in listed(
        lungs["medication_administrations"], "encounter_id", "ingredient") if drug == "oxygen"
    }  # fmt: skip
    assert len(low) > 5
    assert {kinds[encounter] for _, encounter in low} <= set(_HOSPITAL)
    assert {encounter for _, encounter in low} <= given
    for found in low.values():
        first = next(place for place, value in enumerate(found) if value < 90)
        assert len(found) > first + 1
        assert min(found[first + 1 :]) > 90


@pytest.mark.slow
@pytest.mark.parametrize("codes", [("J18.9", "A41.9"), ("I50.23",), ("J44.1",)])
def test_nobody_is_sent_home_ill_from_a_short_stay(codes: tuple[str, ...]) -> None:
    tables = _run(_stay(10, *codes, nights=1), count=30)
    end = dict(listed(tables["encounters"], "encounter_id", "end_at"))
    for one in leaving_signs():
        last = [value for encounter, loinc, at, value in listed(
            tables["vital_signs"], "encounter_id", "loinc", "measured_at", "value")
            if loinc == one.loinc and at > end[encounter] - 60]  # fmt: skip
        assert len(last) > 20
        assert one.low <= min(last) <= max(last) <= one.high
        assert len(np.unique(last)) > 3


@pytest.mark.slow
def test_a_chunk_of_one_has_the_signs_of_a_chunk_of_many(lungs: Mapping[str, Columns]) -> None:
    few = _run(_emergency(10), _stay(10, "J18.9"), visit("call", 15, diagnoses=["Z09"]),
               visit("after", 24, diagnoses=["Z09", "J18.9"]), count=3)  # fmt: skip
    columns = ("person_id", "vital_sign_id", "measured_at", "value")
    many = set(listed(lungs["vital_signs"], *columns))
    assert set(listed(few["vital_signs"], *columns)) <= many
