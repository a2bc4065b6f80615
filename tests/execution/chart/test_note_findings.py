"""What notes find and plan follows from the vital signs, totals, orders and births of the day."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pytest

from execution.running import charted, diabetic, event, journey, listed
from template_runs import BIRTHS, chart_file, charts

_LEG = ("walks with a limp", "spares the injured leg")


def _texts(*steps: dict[str, object], people: int = 30, kind: str | None = None) -> list[str]:
    profile = diabetic(count=people, products=["patientsim"])
    notes = listed(charted(profile, journey(*steps))["clinical_notes"], "type", "text")
    return [str(text) for of, text in notes if kind in (None, of)]


def _seen(*codes: str, **details: object) -> list[str]:
    return _texts(event("seen", "encounter", 10, diagnoses=[*codes], **details))


def _under(heading: str, text: str) -> str:
    return text.partition(f"\n{heading}\n")[2].partition("\n\n")[0]


def _measured(name: str, text: str) -> float | None:
    found = re.search(rf"{name} ([0-9.]+)", text)
    return float(found[1]) if found else None


def test_only_who_is_thin_by_weight_and_height_looks_thin() -> None:
    texts = _seen("C78.7", "C18.7")
    thin = [_measured("BMI", text) for text in texts if "General: thin" in text]
    assert all(bmi is not None and bmi < 22 for bmi in thin)
    assert sum("General: looks tired" in text for text in texts) > len(thin)


@pytest.mark.slow
def test_discomfort_is_seen_from_some_pain_on_and_an_injured_leg_in_gait() -> None:
    texts = _seen("S93.401A", encounter_class="emergency")
    assert any("looks uncomfortable" in text for text in texts)
    for text in texts:
        pain = _measured("pain", _under("VITAL SIGNS ON ARRIVAL", text))
        assert ("looks uncomfortable" in text) == (pain is not None and pain >= 3)
        assert "gait without finding" not in text
        assert _LEG[1] in text
    assert all(_LEG[0] in text for text in _seen("M17.11", specialty="orthopedic surgery"))


@pytest.mark.slow
def test_who_is_confused_is_neither_at_ease_nor_said_to_speak_as_usual() -> None:
    for text in _seen("G93.41", encounter_class="inpatient", los_days=2):
        if "\nEXAMINATION\n" in text:
            assert "General: drowsy" in text
            assert "gait not tested" in text
            assert not re.search("at ease|no distress|gait without finding", text)


@pytest.mark.slow
@pytest.mark.parametrize(("score", "plan"), [(9, False), (10, True), (27, True)])
def test_a_questionnaire_is_reported_and_not_pending_and_a_high_total_is_planned_for(
    score: int, plan: bool
) -> None:
    asked = event("asked", "lab", loinc="44261-6", result=score)
    called = event("called", "encounter", 10, encounter_class="telehealth", diagnoses=["F32.1"])
    texts = _texts(called | {"with": [asked]})
    assert all(f"- PHQ-9: {score}, " in text for text in texts)
    assert not any("Pending" in text for text in texts)
    assert all((f"- PHQ-9 of {score}, " in _under("PLAN", text)) == plan for text in texts)


@pytest.mark.slow
def test_an_operation_note_names_all_codes_of_its_surgeon_or_hospital_in_their_order() -> None:
    codes = ["02100Z9", "021109W", "06BQ4ZZ"]
    for order in (codes, codes[::-1]):
        stay = event("stay", "encounter", 10, encounter_class="inpatient", los_days=5,
                     icd10pcs=order)  # fmt: skip
        for text in _texts(stay, people=2, kind="11504-8"):
            lines = _under("OPERATION", text).split("\n")
            assert [line[-8:-1] for line in lines] == order
            assert "ALSO DONE" not in text
    both = [event(f"cut{code}", "procedure", code=code) for code in ("33533", "33518")]
    stay = event("stay", "encounter", 10, encounter_class="inpatient", los_days=5)
    texts = _texts(stay | {"with": both}, people=2, kind="11504-8")
    assert len(texts) == 2
    assert all(len(_under("OPERATION", text).split("\n")) == 2 for text in texts)


@pytest.mark.slow
def test_a_nurse_signs_what_is_found_at_home() -> None:
    texts = _seen("I50.22", encounter_class="home_health", reason="Nurse at home")
    assert all("Seen by " in text and "(nurse practitioner)" in text for text in texts)
    texts = _seen("I50.22", encounter_class="home_health", specialty="physical therapy")
    assert all("(physical therapy)" in text for text in texts)


@pytest.mark.slow
def test_a_first_note_plans_unit_drugs_and_what_is_held_as_far_as_it_is_known() -> None:
    injured = event("injured", "diagnosis", 12, code="N17.9")
    stay = event("stay", "encounter", 10, encounter_class="inpatient", los_days=4,
                 diagnoses=["J18.9"])  # fmt: skip
    pressure = event("pressure", "prescription", 0, drug="lisinopril 10 mg tablet", days_supply=90)
    texts = _texts(pressure, stay, injured, kind="34117-2")
    assert len(texts) == 30
    assert all("- Care on " in _under("PLAN", text) for text in texts)
    assert any("- Give ceftriaxone" in text or "- Give heparin" in text for text in texts)
    assert any("- Continue lisinopril" in text for text in texts)
    assert not any("acute kidney injury" in text for text in texts)


@pytest.fixture(scope="module")
def births() -> Iterator[duckdb.DuckDBPyConnection]:
    path = chart_file(*BIRTHS)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


def test_a_pregnancy_is_no_history_of_the_mother_after_the_birth(
    births: duckdb.DuckDBPyConnection,
) -> None:
    later, told = births.execute(r"""
        SELECT count(*), count(*) FILTER (regexp_matches(
            regexp_extract(n.text, '\nPROBLEMS\n((?:.+\n)*)', 1), '\((Z37|O3|O4|Z34|O09|Z3A)'))
        FROM clinical_notes AS n JOIN encounters AS e USING (encounter_id)
        WHERE EXISTS (SELECT 1 FROM encounters AS b JOIN encounter_diagnoses AS d
            USING (encounter_id) WHERE b.person_id = n.person_id AND d.code LIKE 'Z37%'
            AND b.end_at < e.start_at)
        """).fetchall()[0]
    assert later > 0
    assert told == 0


def test_a_child_is_large_for_weeks_and_never_the_outcome_of_a_birth() -> None:
    clinical = {"comorbidities": [{"code": "Z38.00", "share": 1}, {"code": "P08.1", "share": 1}]}
    profile = diabetic(
        count=2, products=["patientsim"], coverage=None, clinical=clinical,
        demographics={"age": {"type": "uniform", "low": 0, "high": 0.005, "decimals": 4},
                      "gender": {"M": 0.5, "F": 0.5}},
    )  # fmt: skip
    days = (10, 40)
    seen = [event(f"seen{day}", "encounter", day, specialty="pediatrics", diagnoses=["Z00.129"])
            for day in days]  # fmt: skip
    tables = charted(profile, journey(*seen))
    notes = listed(tables["clinical_notes"], "person_id", "authored_at", "text")
    for at, day in enumerate(days):
        texts = [str(text) for _, _, text in sorted(notes)][at::2]
        assert len(texts) == 2
        assert all(("(P08.1)" in text) == (day < 28) for text in texts)
        assert not any("(Z38.00)" in text or "liveborn" in text for text in texts)


@pytest.mark.slow
def test_a_carrier_of_streptococci_is_told_by_a_result_and_given_penicillin_in_labor() -> None:
    tables = charts(*BIRTHS)
    results = listed(tables["lab_results"], "person_id", "loinc", "value_text", "resulted_at")
    told = {person: at // 1440 for person, code, said, at in results
            if code == "48683-7" and said == "Positive"}  # fmt: skip
    carriers = {person: day for person, code, day
                in listed(tables["conditions"], "person_id", "code", "onset_date")
                if code.startswith("O99.82")}  # fmt: skip
    vaginal = {person for person, code in listed(tables["procedures"], "person_id", "code")
               if code == "10E0XZZ"} & carriers.keys()  # fmt: skip
    given = {person for person, what
             in listed(tables["medication_administrations"], "person_id", "ingredient")
             if what in ("penicillin G", "vancomycin")}  # fmt: skip

    assert carriers.keys() == told.keys()
    assert all(day > told[person] for person, day in carriers.items())
    assert len(vaginal & given) > 0.8 * len(vaginal) > 4


@pytest.mark.slow
def test_a_cesarean_has_a_reason_which_is_the_diagnosis_of_its_operation_note() -> None:
    tables = charts(*BIRTHS)
    stays = {visit for visit, code in listed(tables["procedures"], "encounter_id", "code")
             if code == "10D00Z1"}  # fmt: skip
    coded: dict[int, set[str]] = {visit: set() for visit in stays}
    for visit, code in listed(tables["encounter_diagnoses"], "encounter_id", "code"):
        coded.get(visit, set()).add(code)
    reasons = {"O62.1", "O76", "O32.1XX0", "O33.9", "O34.219", "O82"}
    notes = [text for visit, kind, text
             in listed(tables["clinical_notes"], "encounter_id", "type", "text")
             if visit in stays and kind == "11504-8"]  # fmt: skip

    assert len(notes) == len(stays) > 8
    assert all(codes & reasons for codes in coded.values())
    assert len(set.union(*coded.values()) & reasons) > 3
    assert not any("DIAGNOSIS\nStreptococcus" in text for text in notes)
