"""Results follow adverse events, grades follow results, and serious events lead to a stay."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from execution.running import Document, event, journey, listed, run
from healthsim.dates import day_of
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.medicine.ctcae import criterion_of, grades
from healthsim.tables import Columns

BEGUN = day_of("2025-01-01")
TRIAL = {"id": "T-1", "phase": "2"}


def people(count: int = 150, **changes: Any) -> Document:
    return {"kind": "profile", "name": "candidates", "count": count, "seed": 8,
            "as_of": "2025-01-01", "products": ["patientsim", "trialsim"],
            "demographics": {"age": {"type": "uniform", "low": 30, "high": 70}},
            "clinical": {"primary": {"code": "C18.7"}}, **changes}  # fmt: skip


def trial(*steps: Document, **changes: Any) -> Document:
    begins = event("seen", "trial_visit", 0)
    begins["with"] = [event("screened", "screening")]
    return journey(begins, *steps, trial=TRIAL, **{"duration_days": 200, **changes})


def counts(*days: int) -> list[Document]:
    return [event(f"count_{day}", "lab", day, loinc="751-8") for day in days]


def neutropenia(day: int = 20, **details: Any) -> Document:
    return event("low", "adverse_event", day, **{
        "term": "Neutropenia", "code": "D70.1", "grade": {"3": 0.6, "4": 0.4}, "lasts_days": 10,
        **details})  # fmt: skip


def results(tables: dict[str, Columns], code: str) -> dict[tuple[int, int], float]:
    """Return the results of a code by person and day since the beginning."""
    rows = listed(tables["lab_results"], "person_id", "collected_at", "loinc", "value")
    return {(who, at // 1440 - BEGUN): value for who, at, loinc, value in rows if loinc == code}


def graded(code_term: str, values: list[float]) -> list[int]:
    criterion = criterion_of(code_term)
    assert criterion is not None
    ends = np.full(len(values), 1.8), np.full(len(values), 7.7)
    return grades(criterion, np.array(values), *ends).tolist()


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    panels = [event(f"panel_{day}", "lab", day, panel="cbc") for day in (10, 22)]
    return run(
        people(), trial(*counts(10, 15, 22, 24, 28, 29, 40), neutropenia(stay="none"), *panels)
    )


def test_counts_have_the_grade_of_their_adverse_event_and_recover_from_it(
    tables: dict[str, Columns],
) -> None:
    grade = dict(listed(tables["adverse_events"], "person_id", "grade"))
    found = results(tables, "751-8")

    assert set(grade.values()) == {3, 4}
    for day in (20, 22, 24):
        values = [found[who, day] for who in grade]
        assert graded("Neutropenia", values) == list(grade.values())
    late = graded("Neutropenia", [found[who, 28] for who in grade])
    assert all(1 <= seen < grade[who] for who, seen in zip(grade, late, strict=True))
    for day in (10, 15, 40):
        values = [found[who, day] for who in grade]
        assert np.mean(graded("Neutropenia", values)) < 0.2
    varied = [found[who, 22] != found[who, 24] for who in grade]
    assert np.mean(varied) > 0.5, "one count is not copied from the last"


def test_white_cells_fall_with_the_neutrophils_and_the_differential_adds_up(
    tables: dict[str, Columns],
) -> None:
    white, neutrophils = results(tables, "6690-2"), results(tables, "751-8")
    before = [value for (_, day), value in white.items() if day == 10]
    at_nadir = {who: value for (who, day), value in white.items() if day == 22}

    assert np.median(before) > 5.5
    assert np.median(list(at_nadir.values())) < 4.5
    assert all(value >= neutrophils[who, 22] for who, value in at_nadir.items())


def test_an_adverse_event_that_a_result_defines_is_measured_on_its_first_day() -> None:
    tables = run(people(40), trial(neutropenia()))
    found, grade = results(tables, "751-8"), dict(
        listed(tables["adverse_events"], "person_id", "grade"))  # fmt: skip

    assert {day for _, day in found} == {20}
    assert graded("Neutropenia", [found[who, 20] for who in grade]) == list(grade.values())
    none = run(people(40), trial(neutropenia(result="none")))
    assert not len(none["lab_results"]["value"])


@pytest.mark.slow
def test_an_adverse_event_by_hazard_comes_days_after_a_count_that_does_not_show_it() -> None:
    risk = neutropenia(0) | {"hazard": {"share": 0.9, "within_days": 60}}
    tables = run(people(), trial(*counts(*range(1, 60, 7)), risk))
    start = {who: day - BEGUN for who, day in
             listed(tables["adverse_events"], "person_id", "start_date")}  # fmt: skip
    found = results(tables, "751-8")

    assert len(start) > 100
    for (who, day), value in found.items():
        if who in start and start[who] - 3 < day <= start[who]:
            assert day == start[who]
            assert value < 1


def test_the_result_of_a_serious_adverse_event_is_measured_in_its_stay() -> None:
    tables = run(people(40), trial(neutropenia(serious=1)))
    visits = dict(listed(tables["encounters"], "encounter_id", "encounter_class"))
    rows = listed(tables["lab_results"], "loinc", "encounter_id")

    assert {visits[visit] for loinc, visit in rows if loinc == "751-8"} == {"inpatient"}


def test_without_a_grade_the_latest_result_says_who_has_it_and_how_badly() -> None:
    low = {"type": "uniform", "low": 0.3, "high": 4, "decimals": 1}
    found = event("count", "lab", 30, loinc="751-8", result=low)
    recorded = neutropenia(31)
    del recorded["details"]["grade"]
    tables = run(people(), trial(found, recorded))
    values = results(tables, "751-8")
    expected = dict(zip([who for who, _ in values], graded("Neutropenia", list(values.values())),
                        strict=True))  # fmt: skip

    assert dict(listed(tables["adverse_events"], "person_id", "grade")) == {
        who: grade for who, grade in expected.items() if grade}  # fmt: skip
    assert 0 in expected.values()


def test_before_the_first_result_nobody_has_what_a_result_defines() -> None:
    recorded = neutropenia(5)
    del recorded["details"]["grade"]
    low = event("count", "lab", 30, loinc="751-8", result=0.4)

    assert listed(run(people(20), trial(recorded, low))["adverse_events"], "person_id") == []


def test_a_result_that_is_stated_is_left_and_one_of_a_state_follows_the_event() -> None:
    stated = event("stated", "lab", 22, loinc="751-8", result=4.4)
    read = event("read", "lab", 23, loinc="751-8", result={"from": "anc"})
    state = {"anc": {"start": 5.5, "decimals": 1}}
    tables = run(people(40), trial(neutropenia(), stated, read, state=state))
    found = results(tables, "751-8")

    assert {value for (_, day), value in found.items() if day == 22} == {4.4}
    assert all(value < 1 for (_, day), value in found.items() if day == 23)


def test_the_worst_of_two_adverse_events_shows() -> None:
    worse = neutropenia(22, grade="4", lasts_days=4) | {"id": "worse"}
    tables = run(people(40), trial(neutropenia(grade="2"), worse, *counts(21, 23, 27)))
    found = results(tables, "751-8")

    for day, low, high in ((21, 1.0, 1.4), (23, 0.1, 0.4), (27, 1.5, 1.7)):
        assert all(low <= value <= high for (_, on), value in found.items() if on == day)


def test_results_of_a_trial_have_their_grades_and_others_none(tables: dict[str, Columns]) -> None:
    rows = listed(tables["result_grades"], "lab_result_id", "term", "grade")
    value = {key: (loinc, number) for key, loinc, number in
             listed(tables["lab_results"], "lab_result_id", "loinc", "value")}  # fmt: skip

    of_neutrophils = [(value[key][1], grade) for key, term, grade in rows
                      if term == "Neutrophil count decreased"]  # fmt: skip
    assert graded("Neutropenia", [found for found, _ in of_neutrophils]) == [
        grade for _, grade in of_neutrophils]  # fmt: skip
    assert len(of_neutrophils) == sum(
        found < 1.8 for loinc, found in value.values() if loinc == "751-8")  # fmt: skip
    usual = journey(*counts(10), duration_days=200)
    outside = run(people(40), usual, trial(name="trial"))
    assert not len(outside["result_grades"]["grade"])


def test_a_serious_adverse_event_leads_to_a_stay_with_its_diagnosis_and_condition() -> None:
    pneumonia = event("lungs", "adverse_event", 30, term="Pneumonia", code="J18.9",
                      grade={"2": 0.4, "3": 0.4, "4": 0.2}, serious=0.5, lasts_days=14)  # fmt: skip
    tables = run(people(), trial(pneumonia))
    columns = ("person_id", "serious", "serious_reason", "grade", "stay_encounter_id")
    rows = listed(tables["adverse_events"], *columns)
    of_stay = ("encounter_id", "person_id", "start_at", "encounter_class")
    stays = {key: (who, at // 1440 - BEGUN, kind)
             for key, who, at, kind in listed(tables["encounters"], *of_stay)}  # fmt: skip

    assert {(serious, why, grade == 4, stay in stays) for _, serious, why, grade, stay in rows} == {
        (False, None, False, False), (True, "hospitalization", False, True),
        (True, "life-threatening", True, True)}  # fmt: skip
    assert all(stays[stay] == (who, 30, "inpatient") for who, serious, *_, stay in rows if serious)
    ill = {
        who for who, code in listed(tables["conditions"], "person_id", "code") if code == "J18.9"
    }
    assert ill == {who for who, serious, *_ in rows if serious}
    coded = {who for who, code in listed(tables["encounter_diagnoses"], "person_id", "code")
             if code == "J18.9"}  # fmt: skip
    assert coded == ill


@pytest.mark.parametrize(("stay", "nights"), [("none", None), ({"los_days": 2}, 2)])
def test_the_stay_can_be_stated_or_left_out(stay: Any, nights: int | None) -> None:
    tables = run(people(30), trial(neutropenia(grade="3", serious=1, stay=stay)))
    stays = [los for kind, los in listed(tables["encounters"], "encounter_class", "los_days")
             if kind == "inpatient"]  # fmt: skip

    assert stays == ([] if nights is None else [nights] * 30)
    reasons = Counter(reason for (reason,) in listed(tables["adverse_events"], "serious_reason"))
    assert reasons == {"hospitalization" if nights else "other medically important": 30}


@pytest.mark.parametrize(("details", "where", "told"), [
    ({"term": "Rash", "grade": None}, "grade", "no term that a result defines"),
    ({"term": "Neutropnia", "grade": None}, "grade", "Neutrop"),
    ({"stay": {"encounter_class": "office"}}, "stay", "no stay"),
    ({"stay": {"diagnoses": ["J18.99"]}}, "stay.diagnoses[0]", "J18.99"),
    ({"stay": "sometimes"}, "stay", "none"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_what_to_do(
    details: Document, where: str, told: str
) -> None:
    wrong = neutropenia(**details)
    wrong["details"] = {key: value for key, value in wrong["details"].items() if value is not None}
    with pytest.raises(SpecError) as refused:
        prepare(people(), [trial(wrong)])
    assert any(where in str(one) and told in str(one) for one in refused.value.problems)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "count"), [pytest.param(1, 5, marks=pytest.mark.proof), (7, 12)])
def test_parts_have_the_results_of_the_whole(size: int, count: int) -> None:
    job = (people(count), trial(*counts(21, 25), neutropenia(serious=0.5)))
    whole, parts = run(*job), run(*job, size=size)

    for table in ("lab_results", "adverse_events", "result_grades", "encounters"):
        assert listed(whole[table]) == listed(parts[table])
