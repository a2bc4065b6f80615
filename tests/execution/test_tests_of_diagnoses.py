"""A visit that makes a diagnosis does the test that shows it, once, and reports it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from execution.running import (
    Document,
    charted,
    diabetic,
    event,
    journey,
    listed,
    patients,
    run,
    visit,
)
from healthsim.tables import NO_NUMBER, Columns

_PEOPLE = 12


def _stay(id: str, at: Document | int, *codes: Any, **details: Any) -> Document:
    facts = {"encounter_class": "inpatient", "los_days": 3, "diagnoses": list(codes),
             "procedures": None, **details}  # fmt: skip
    return visit(id, at, **facts)


def _emergency(*codes: str, **details: Any) -> Document:
    return visit("emergency", 20, encounter_class="emergency", diagnoses=list(codes),
                 disposition={"09": 1}, **details)  # fmt: skip


_AFTER = {"after": "emergency", "day": 0}


def _walked(*steps: Document) -> dict[str, Columns]:
    return run(diabetic(count=_PEOPLE, products=["patientsim"]), journey(*steps))


def _films(tables: dict[str, Columns]) -> int:
    return int(tables["procedures"]["code"].equals("71046").sum())


def _results(tables: dict[str, Columns], loinc: str) -> int:
    return int(tables["lab_results"]["loinc"].equals(loinc).sum())


@pytest.mark.slow
def test_a_stay_for_pneumonia_has_a_chest_film_that_reports_it() -> None:
    tables = charted(patients(count=_PEOPLE), journey(_stay("lungs", 20, "J18.9")))
    said = listed(tables["diagnostic_reports"], "display", "conclusion")

    assert _films(tables) == _PEOPLE
    assert sum("in keeping with pneumonia" in text for what, text in said if "Chest" in what) > 8


def test_a_film_in_emergency_is_not_repeated_in_the_stay_that_follows() -> None:
    tables = _walked(_emergency("J18.9"), _stay("lungs", _AFTER, "J18.9"))

    assert _films(tables) == _PEOPLE


@pytest.mark.slow
@pytest.mark.parametrize("code", ["71046", "71250"])
def test_a_stay_that_states_its_film_has_no_other(code: str) -> None:
    stay = _stay("lungs", 20, "J18.9") | {"with": [event("film", "procedure", code=code)]}

    assert _films(_walked(stay)) == (_PEOPLE if code == "71046" else 0)


def test_the_test_is_of_those_for_whom_the_diagnosis_holds() -> None:
    listed_for = {"code": "J18.9", "when": "gender == 'F'"}
    tables = _walked(_stay("lungs", 20, listed_for, {"code": "R05.9"}))
    women = int(tables["patients"]["gender"].equals("F").sum())

    assert 0 < _films(tables) == women < _PEOPLE


def test_what_is_diagnosed_during_a_stay_is_tested_on_its_day() -> None:
    found = event("found", "diagnosis", 2, code="J15.9") | {"chance": 0.5}
    tables = _walked(_stay("hip", 20, "S72.001A", los_days=5) | {"with": [found]})
    ill = {(person, day) for person, code, day
           in listed(tables["conditions"], "person_id", "code", "onset_date")
           if code == "J15.9"}  # fmt: skip
    filmed = {(person, day) for person, code, day
              in listed(tables["procedures"], "person_id", "code", "performed_date")
              if code == "71046"}  # fmt: skip

    assert 0 < len(ill) < _PEOPLE
    assert filmed == ill


@pytest.mark.slow
def test_fibrillation_found_in_a_stay_has_an_electrocardiogram_and_a_later_visit_its_own() -> None:
    found = event("found", "diagnosis", 2, code="I48.91")
    later = visit("later", 80, diagnoses=["Z09"]) | {
        "with": [event("ecg", "procedure", code="93000")]
    }
    stay = _stay("heart", 20, "I25.10", los_days=5) | {"with": [found]}
    tables = charted(patients(count=_PEOPLE), journey(stay, later))
    said = [(day, text.split(".")[0]) for day, what, text
            in listed(tables["diagnostic_reports"], "effective_at", "display", "conclusion")
            if what == "EKG study"]  # fmt: skip
    middle = np.median([day for day, _ in said])

    assert {text for day, text in said if day < middle} == {"Atrial fibrillation"}
    assert {text for day, text in said if day > middle} == {"Sinus rhythm"}


def test_an_infection_of_the_urine_has_a_urinalysis_and_a_culture() -> None:
    tables = _walked(_stay("urine", 20, "N39.0"))
    grown = {text for code, text in listed(tables["lab_results"], "loinc", "value_text")
             if code == "630-4"}  # fmt: skip

    assert _results(tables, "5821-4") == _results(tables, "630-4") == _PEOPLE
    assert "Escherichia coli" in grown


def test_sepsis_has_blood_cultures_and_a_lactate_that_emergency_may_have_measured() -> None:
    measured = _emergency("R50.9") | {"with": [event("acid", "lab", loinc="2524-7")]}
    tables = _walked(measured, _stay("blood", _AFTER, "A41.9"))

    assert _results(tables, "600-7") == _results(tables, "2524-7") == _PEOPLE


def test_a_visit_to_an_office_does_no_test_by_itself() -> None:
    tables = _walked(visit("check", 20, diagnoses=["J18.9", "N39.0"]))

    assert _films(tables) == 0
    assert "lab_results" not in tables or _results(tables, "630-4") == 0


def test_an_emergency_visit_does_not_state_what_the_stay_after_it_finds() -> None:
    stay = _stay("lungs", _AFTER, "J18.9", comorbidities=True)
    stay |= {"with": [event("kidney", "diagnosis", code="N17.9"), event("b", "lab", panel="bmp")]}
    tables = _walked(_emergency("R50.9", comorbidities=True), stay)
    kinds = dict(listed(tables["encounters"], "encounter_id", "encounter_class"))
    stated: dict[str, set[str]] = {"emergency": set(), "inpatient": set(), "office": set()}
    for encounter, code in listed(tables["encounter_diagnoses"], "encounter_id", "code"):
        stated[kinds[encounter]].add(code)

    assert {"J18.9", "N17.9"} <= stated["inpatient"]
    assert stated["emergency"].isdisjoint({"J18.9", "N17.9"})
    assert "R50.9" in stated["emergency"]
    assert any(code.startswith("E11") for code in stated["emergency"])


@cache
def _cultured(kind: str, *codes: str) -> dict[str, Columns]:
    """Return stays of a week whose cultures all grow Escherichia coli, if they are named so."""
    grown = {"600-7": {"Escherichia coli": 1}, "630-4": {"Escherichia coli": 1}}
    labs = [event(f"c{loinc[:3]}", "lab", loinc=loinc, result=result)
            for loinc, result in grown.items()]  # fmt: skip
    stay = visit("stay", 20, encounter_class=kind, los_days=7, diagnoses=list(codes),
                 procedures=None) | {"with": labs}  # fmt: skip
    return charted(patients(count=_PEOPLE), journey(stay))


@pytest.mark.slow
def test_a_stay_names_the_organism_that_its_culture_grew() -> None:
    tables = _cultured("inpatient", "A41.9", "N39.0")
    stated = {code for (code,) in listed(tables["encounter_diagnoses"], "code")}

    assert {"A41.51", "N39.0", "B96.20"} <= stated
    assert "A41.9" not in stated


@pytest.mark.slow
def test_a_condition_names_its_organism_from_the_day_of_the_report_on() -> None:
    tables = _cultured("inpatient", "A41.9")
    told = {person: at // 1440 for person, code, at
            in listed(tables["lab_results"], "person_id", "loinc", "resulted_at")
            if code == "600-7"}  # fmt: skip
    spans = {(person, code): (begun, over) for person, code, begun, over
             in listed(tables["conditions"], "person_id", "code", "onset_date", "abatement_date")
             if code.startswith("A41")}  # fmt: skip

    assert len(spans) == 2 * _PEOPLE
    for person, day in told.items():
        assert spans[person, "A41.51"][0] == day
        assert spans[person, "A41.9"][1] == day - 1


@pytest.mark.slow
def test_the_first_note_of_a_stay_does_not_know_the_organism() -> None:
    notes = listed(_cultured("inpatient", "A41.9", "N39.0")["clinical_notes"], "type", "text")
    first = [text for kind, text in notes if kind == "34117-2"]
    last = [text for kind, text in notes if kind == "18842-5"]

    assert len(first) == len(last) == _PEOPLE
    assert all("(A41.9)" in text and "A41.51" not in text and "B96" not in text
               for text in first)  # fmt: skip
    assert all("(A41.51)" in text and "(B96.20)" in text for text in last)


def test_an_emergency_visit_that_is_over_before_the_report_names_no_organism() -> None:
    emergency = visit("e", 20, encounter_class="emergency", diagnoses=["N39.0"]) | {
        "with": [event("c", "lab", loinc="630-4", result={"Escherichia coli": 1})]}  # fmt: skip
    tables = _walked(emergency)

    assert "B96.20" not in {code for (code,) in listed(tables["encounter_diagnoses"], "code")}


def _taken_home(nights: int, *after: Document, **details: Any) -> list[tuple[str, int]]:
    """Return (drug, days) of what is prescribed in stays for sepsis."""
    tables = _walked(_stay("stay", 20, "A41.9", **{"los_days": nights} | details), *after)
    if "prescriptions" not in tables:
        return []
    return [(drug, days) for drug, days, encounter
            in listed(tables["prescriptions"], "drug", "days_supply", "encounter_id")
            if encounter != NO_NUMBER and days < 10]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("nights", "days"), [(2, {7}), (5, {5}), (9, set())])
def test_who_leaves_a_stay_for_sepsis_early_takes_an_antibiotic_along(
    nights: int, days: set[int]
) -> None:
    taken = _taken_home(nights)

    assert {length for _, length in taken} == days
    assert len(taken) == (_PEOPLE if days else 0)
    assert {drug.split()[0] for drug, _ in taken} <= {"amoxicillin-clavulanate", "levofloxacin"}


def test_who_dies_in_a_stay_for_sepsis_takes_nothing_along() -> None:
    dies = event("dies", "death", {"after": "stay", "edge": "end"})

    assert _taken_home(2, dies) == []


def test_a_journey_that_prescribes_antibiotics_gets_no_others() -> None:
    drug = event("own", "prescription", 25, drug="cephalexin 500 mg capsule", days_supply=5)
    tables = _walked(_stay("stay", 20, "A41.9"), drug)

    assert {one.split()[0] for (one,) in listed(tables["prescriptions"], "drug")
            if one.startswith(("ceph", "amox", "levo"))} == {"cephalexin"}  # fmt: skip


def _ejection(tables: dict[str, Columns]) -> list[tuple[int, float]]:
    return [(person, value) for person, code, value
            in listed(tables["lab_results"], "person_id", "loinc", "value")
            if code == "10230-1"]  # fmt: skip


@cache
def _injured() -> dict[str, Columns]:
    found = event("kidney", "diagnosis", code="N17.9") | {"chance": 0.6}
    stay = _stay("stay", 20, "J18.9") | {"with": [found, event("b", "lab", panel="bmp")]}
    return _walked(stay)


def test_a_kidney_injury_is_over_on_the_day_of_a_creatinine_that_shows_it() -> None:
    tables = _injured()
    tested: dict[int, dict[int, float]] = {}
    for person, code, at, value in listed(tables["lab_results"], "person_id", "loinc",
                                          "collected_at", "value"):  # fmt: skip
        if code == "2160-0":
            tested.setdefault(person, {})[at // 1440] = value
    ended = {person: (begun, end) for person, code, begun, end
             in listed(tables["conditions"], "person_id", "code", "onset_date", "abatement_date")
             if code == "N17.9"}  # fmt: skip

    assert 0 < len(ended) < _PEOPLE
    for person, (begun, end) in ended.items():
        highest = max(value for day, value in tested[person].items() if begun <= day < end)
        assert tested[person][end] < highest


def test_the_creatinine_after_a_kidney_injury_is_of_a_visit_to_an_office() -> None:
    tables = _injured()
    kinds = dict(listed(tables["encounters"], "encounter_id", "encounter_class"))
    of = [kinds[encounter] for code, encounter
          in listed(tables["lab_results"], "loinc", "encounter_id")
          if code == "2160-0" and encounter != NO_NUMBER]  # fmt: skip
    injured = sum(code == "N17.9" for code in tables["conditions"]["code"].texts())
    stated = {code for encounter, code
              in listed(tables["encounter_diagnoses"], "encounter_id", "code")
              if kinds[encounter] == "office"}  # fmt: skip

    assert NO_NUMBER not in tables["lab_results"]["encounter_id"]
    assert of.count("office") == injured
    assert stated <= {"N17.9", "Z09", "E11.9"} | {one for one in stated if one.startswith("R")}


def test_what_a_result_defines_is_recorded_when_it_is_reported() -> None:
    late = event("kidney", "diagnosis", code="N17.9")
    stay = _stay("stay", 20, "J18.9") | {"with": [late, event("b", "lab", panel="bmp")]}
    tables = run(diabetic(count=60, products=["patientsim"]), journey(stay))
    told: dict[int, int] = {}
    for person, code, at in listed(tables["lab_results"], "person_id", "loinc", "resulted_at"):
        if code == "2160-0":
            told[person] = min(told.get(person, at), at)
    known = {person: (begun, recorded) for person, code, begun, recorded
             in listed(tables["conditions"], "person_id", "code", "onset_date", "recorded_date")
             if code == "N17.9"}  # fmt: skip

    assert all(recorded == max(begun, told[person] // 1440)
               for person, (begun, recorded) in known.items())  # fmt: skip
    assert any(recorded > begun for begun, recorded in known.values())


def test_every_ultrasound_of_the_heart_measures_the_ejection_fraction_that_it_reports() -> None:
    done = visit("seen", 20) | {"with": [event("echo", "procedure", code="93306")]}
    billed = visit("again", 60, procedures=["93306"])
    tables = charted(patients(count=_PEOPLE), journey(done, billed))
    said = [text for what, text in listed(tables["diagnostic_reports"], "display", "conclusion")
            if what == "US Heart"]  # fmt: skip

    assert len(_ejection(tables)) == 2 * _PEOPLE
    assert sorted(text.split(" %")[0].split()[-1] for text in said) == sorted(
        f"{value:.0f}" for _, value in _ejection(tables)
    )


def test_an_ejection_fraction_that_the_visit_states_is_measured_once() -> None:
    stated = event("fraction", "lab", loinc="10230-1", result=35)
    done = visit("seen", 20) | {"with": [event("echo", "procedure", code="93306"), stated]}

    assert {value for _, value in _ejection(_walked(done))} == {35}
    assert len(_ejection(_walked(done))) == _PEOPLE


def test_a_measured_ejection_fraction_is_near_the_one_that_the_profile_gives() -> None:
    seen = visit("seen", 20) | {"with": [event("echo", "procedure", code="93306")]}
    given = {"lvef": {"type": "uniform", "low": 25, "high": 65, "decimals": 0}}
    tables = run(diabetic(count=40, attributes=given, products=["patientsim"]), journey(seen))
    held = {person: number for person, name, number
            in listed(tables["person_attributes"], "person_id", "name", "number")
            if name == "lvef"}  # fmt: skip

    assert max(abs(value - held[person]) for person, value in _ejection(tables)) < 16
    assert np.mean([abs(value - held[person]) for person, value in _ejection(tables)]) < 5


def test_a_blood_culture_without_growth_is_reported_after_five_days() -> None:
    results = _walked(_stay("blood_stream", 20, "A41.9"))["lab_results"]
    columns = (results["loinc"].texts(), results["value_text"].texts(),
               (results["resulted_at"] - results["collected_at"]).tolist())  # fmt: skip
    cultures = [row[1:] for row in zip(*columns, strict=True) if row[0] == "600-7"]

    assert {"No growth"} < {text for text, _ in cultures}
    assert all((wait >= 5 * 1440) == (text == "No growth") for text, wait in cultures)
