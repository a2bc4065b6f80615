"""Examinations follow from diagnoses, conditions, age and vital signs; first notes know no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import duckdb
import pytest

from execution.running import charted, diabetic, event, journey, lab, listed
from healthsim.execution.sync.chart.notes.examination_tables import examinations, findings
from template_runs import BIRTHS, chart_file

pytestmark = pytest.mark.slow

Connection: TypeAlias = duckdb.DuckDBPyConnection


def _notes(*diagnoses: str, encounter_class: str = "office", **details: object) -> list[str]:
    visit = event("visit", "encounter", 10, encounter_class=encounter_class,
                  diagnoses=list(diagnoses), **details)  # fmt: skip
    tables = charted(diabetic(count=4, products=["patientsim"]), journey(visit))
    return [str(text) for (text,) in listed(tables["clinical_notes"], "text")]


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("I50.23", "Lungs: crackles at both bases"),
        ("J44.1", "Lungs: wheeze on both sides"),
        ("M54.50", "Back: muscles beside the spine tender"),
    ],
)
def test_a_diagnosis_is_found_on_examining(code: str, finding: str) -> None:
    texts = _notes(code)
    assert len(texts) == 4
    assert all(f"\n{finding}" in text for text in texts)


def test_what_is_not_ill_is_found_as_usual_and_what_is_not_looked_at_is_not_told() -> None:
    texts = _notes("M54.50")
    assert all("\nLungs: clear" in text and "Abdomen:" not in text for text in texts)


def test_the_retina_is_spoken_of_only_in_diabetes() -> None:
    usual = "\nEyes: lids, pupils and lenses without finding"
    profile = diabetic(count=4, products=["patientsim"], clinical={})
    for code, said in (("E11.9", f"{usual}; no retinopathy seen.\n"), ("H40.9", f"{usual}.\n")):
        seen = event("seen", "encounter", 10, specialty="ophthalmology", diagnoses=[code])
        tables = charted(profile, journey(seen))
        assert all(said in text for (text,) in listed(tables["clinical_notes"], "text"))
    assert not any("Eyes:" in text for text in _notes("E11.9"))


@pytest.mark.parametrize(("day", "navel"), [(3, "cord dry"), (18, "navel dry"), (40, None)])
def test_the_cord_of_a_newborn_is_dry_for_two_weeks(day: int, navel: str | None) -> None:
    profile = diabetic(
        count=6, products=["patientsim"], coverage=None, clinical={},
        demographics={"age": {"type": "uniform", "low": 0, "high": 0.005, "decimals": 4},
                      "gender": {"M": 0.5, "F": 0.5}},
    )  # fmt: skip
    seen = event("seen", "encounter", day, specialty="pediatrics", diagnoses=["Z00.111"])
    texts = [str(text) for (text,) in listed(charted(profile, journey(seen))["clinical_notes"],
                                             "text")]  # fmt: skip
    assert len(texts) == 6
    for words in ("cord dry", "navel dry"):
        assert all((words in text) == (words == navel) for text in texts)


def test_therapists_examine_joints_only_and_talks_on_the_phone_nothing() -> None:
    knee = _notes("M17.11", specialty="physical therapy")
    assert all("\nEXAMINATION\nJoints: right knee: " in text for text in knee)
    assert all("Lungs:" not in text for text in knee)
    assert all("EXAMINATION" not in text for text in _notes("E11.9", encounter_class="telehealth"))


def test_a_talk_of_a_plan_is_no_clinical_note_unless_something_is_done() -> None:
    talk = event("talk", "encounter", 10, encounter_class="telehealth", diagnoses=["Z71.89"])
    seen = event("seen", "encounter", 20, diagnoses=["E11.9"])
    ordered = event("ordered", "encounter", 30, diagnoses=["Z71.89"])
    ordered["with"] = [lab("a1c")]
    tables = charted(diabetic(count=2, products=["patientsim"]), journey(talk, seen, ordered))
    assert len(tables["encounters"]["person_id"]) == 6
    assert len(tables["clinical_notes"]["note_id"]) == 4


def test_a_problem_lasts_since_its_own_code_and_says_which_code_it_was_before() -> None:
    kidneys = event("kidneys", "diagnosis", 40, code="N18.30")
    tables = charted(diabetic(count=2, products=["patientsim"]),
                 journey(event("first", "encounter", 10, diagnoses=["E11.9"]), kidneys,
                         event("later", "encounter", 90, diagnoses=["E11.9"])))  # fmt: skip
    texts = [str(text) for (text,) in listed(tables["clinical_notes"], "text")]
    before = "(E11.22), for 7 weeks (E11.9 before, for 2 months in all)\n"
    assert sum(before in text for text in texts) == 2
    assert sum("(N18.30), for 7 weeks\n" in text for text in texts) == 2


def test_a_stay_does_not_state_the_joint_that_it_puts_in() -> None:
    put_in = event("put_in", "diagnosis", 0, code="Z96.651")
    stay = event("stay", "encounter", 10, encounter_class="inpatient", los_days=2,
                 diagnoses=["M17.11"]) | {"with": [put_in]}  # fmt: skip
    later = event("later", "encounter", 40, diagnoses=["Z47.1", "Z96.651"])
    tables = charted(diabetic(count=3, products=["patientsim"]), journey(stay, later))
    codes = listed(tables["encounter_diagnoses"], "encounter_id", "code")
    first = {visit for visit, code in codes if code == "M17.11"}
    assert len(first) == 3
    states = [visit for visit, code in codes if code == "Z96.651"]
    assert len(states) == 3
    assert first.isdisjoint(states)


@pytest.mark.parametrize(("with_it", "code"), [("R05.9", "Z00.01"), ("E11.9", "Z00.00")])
def test_a_preventive_visit_says_whether_anything_was_found(with_it: str, code: str) -> None:
    visit = event("visit", "encounter", 10, diagnoses=["Z00.00", with_it])
    tables = charted(diabetic(count=3, products=["patientsim"]), journey(visit))
    found = [one for (one,) in listed(tables["encounter_diagnoses"], "code")]
    assert found.count(code) == 3
    assert {one for one in found if str(one).startswith("Z00")} == {code}


def test_every_finding_is_reached_by_some_row_and_every_system_is_examined() -> None:
    seen = {system for one in examinations() for system in one.usual | one.also}
    assert {one.system for one in findings()} <= seen
    assert all(one.text or one.codes for one in findings())


@pytest.fixture(scope="module")
def births() -> Iterator[Connection]:
    path = chart_file(*BIRTHS)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


def test_the_outcome_of_a_birth_is_known_at_its_end_only(births: Connection) -> None:
    found = births.execute("""
        SELECT type, bool_or(contains(text, '(Z37.')) FROM clinical_notes
        JOIN encounters USING (encounter_id) JOIN encounter_diagnoses AS d USING (encounter_id)
        WHERE d.code LIKE 'Z37%' AND type IN ('34117-2', '18842-5') GROUP BY type ORDER BY type
        """).fetchall()
    assert found == [("18842-5", True), ("34117-2", False)]


def test_the_womb_grows_with_the_weeks(births: Connection) -> None:
    found = births.execute("""
        SELECT count(*), count(*) FILTER (contains(text, 'gravid uterus of the third trimester'))
        FROM clinical_notes JOIN encounter_diagnoses USING (encounter_id)
        WHERE code IN ('Z34.93', 'O09.93') AND contains(text, '\nEXAMINATION\n')
          AND text NOT LIKE '%(Z3A%'
        """).fetchall()[0]
    assert found[0] == found[1] > 0
