"""Lists of notes hold what the person has, takes and waits for, and say what changes of it."""

from __future__ import annotations

import re

import pytest

from execution.running import charted, diabetic, event, journey, listed, visit

_DRUG = {"drug": "apixaban 5 mg tablet", "days_supply": 30, "refills": 11}


def _notes(*steps: dict[str, object], people: int = 20) -> dict[int, list[tuple[str, str]]]:
    """Return (type, text) of each person's notes, in the order of their days."""
    profile = diabetic(count=people, products=["patientsim"])
    table = charted(profile, journey(*steps))["clinical_notes"]
    found: dict[int, list[tuple[str, str]]] = {}
    rows = listed(table, "person_id", "authored_at", "type", "text")
    for person, _, kind, text in sorted(rows):
        found.setdefault(person, []).append((kind, text))
    return found


def _under(heading: str, text: str) -> str:
    return text.partition(f"\n{heading}\n")[2].partition("\n\n")[0]


def test_what_a_visit_finds_is_a_new_problem_and_no_history() -> None:
    found = _notes(event("found", "diagnosis", 10, code="M10.9"), visit("seen", 10,
                   diagnoses=["M10.9"]))  # fmt: skip
    for ((_, text),) in found.values():
        assert "(M10.9), new" in _under("PROBLEMS", text)
        assert "gout" not in _under("HISTORY OF PRESENT ILLNESS", text).partition("Seen: ")[0]


def test_a_stage_that_takes_the_place_of_another_says_which_it_was() -> None:
    staged = [event("three", "diagnosis", 5, code="N18.31"),
              event("four", "diagnosis", 100, code="N18.4")]  # fmt: skip
    for ((_, text),) in _notes(*staged, visit("seen", 100, diagnoses=["N18.4"])).values():
        problems, history = _under("PROBLEMS", text), _under("HISTORY OF PRESENT ILLNESS", text)
        assert "(N18.4), since today (N18.31 before, for 3 months in all)" in problems
        assert "(N18.31), " not in problems
        assert "stage 3a for 3 months" in history


@pytest.mark.slow
def test_a_dose_that_changes_is_reduced_from_what_it_was() -> None:
    whole = event("whole", "prescription", 0, quantity=60, **_DRUG)
    half = event("half", "prescription", 0, quantity=30, **_DRUG)
    seen = visit("seen", 60, diagnoses=["E11.9"]) | {"with": [half]}
    for notes in _notes(whole, seen).values():
        plan = _under("PLAN", notes[-1][1])
        assert "Reduce apixaban 5 mg tablet from 1 tablet twice a day to 0.5 tablet" in plan
        assert "Continue apixaban" not in plan


@pytest.mark.slow
def test_a_film_that_is_not_reported_is_pending_and_one_that_is_is_told() -> None:
    stay = event("stay", "encounter", 10, encounter_class="inpatient", los_days=4,
                 diagnoses=["J18.9"]) | {"with": [
                     event("film", "procedure", 0, code="71046")]}  # fmt: skip
    seen = set()
    for notes in _notes(stay).values():
        first = next(text for kind, text in notes if kind == "34117-2")
        waits = "XR Chest" in "".join(re.findall("- Pending: .*", first))
        told = "XR Chest" in _under("STUDIES", first)
        assert waits != told
        seen.add(waits)
    assert True in seen


def test_who_has_had_an_illness_that_is_over_is_not_said_to_have_had_none() -> None:
    profile = diabetic(count=6, products=["patientsim"], clinical={},
                       demographics={"age": {"type": "uniform", "low": 2, "high": 5}})  # fmt: skip
    ear = event("ear", "diagnosis", 10, code="H66.90")
    first, later = (visit(name, day, diagnoses=["Z00.129"]) for name, day in
                    (("first", 5), ("later", 100)))  # fmt: skip
    tables = charted(profile, journey(first, ear, later))
    notes = sorted(listed(tables["clinical_notes"], "person_id", "authored_at", "text"))
    before, after = notes[::2], notes[1::2]

    assert len(after) == 6
    assert all(" with no earlier conditions on record." in text for *_, text in before)
    assert all("no current conditions (the last on record: otitis media" in text
               for *_, text in after)  # fmt: skip


def test_a_summary_tells_the_age_of_its_last_day_and_an_admission_that_of_its_first() -> None:
    profile = diabetic(count=6, products=["patientsim"], clinical={},
                       demographics={"age": {"type": "uniform", "low": 0.01, "high": 0.02}},
                       )  # fmt: skip
    stay = visit("stay", 5, encounter_class="inpatient", procedures=None, los_days=17,
                 diagnoses=["P59.9"])  # fmt: skip
    tables = charted(profile, journey(stay))
    ages: dict[int, dict[str, int]] = {}
    for person, kind, text in listed(tables["clinical_notes"], "person_id", "type", "text"):
        ages.setdefault(person, {})[kind] = int(re.findall(r", (\d+)-day-old", text)[0])

    assert len(ages) == 6
    assert all(age["18842-5"] - age["34117-2"] == 17 for age in ages.values())


@pytest.mark.slow
def test_what_is_written_anew_each_month_is_one_course_and_named_once() -> None:
    monthly = {"drug": "apixaban 5 mg tablet", "days_supply": 30, "refills": 0}
    month = [event(f"month_{day}", "prescription", day, **monthly) for day in (20, 65, 120)]
    pain = [event(f"pain_{day}", "prescription", day, drug="oxycodone 5 mg tablet",
                  days_supply=5, refills=0) for day in (21, 70)]  # fmt: skip
    steps = [visit(f"seen_{day}", day, diagnoses=["E11.9"]) for day in (10, 110)]
    anew = visit("anew", 160, diagnoses=["E11.9"]) | {"with": [
        event("month_160", "prescription", 0, **monthly)]}  # fmt: skip
    for notes in _notes(*month, *pain, *steps, anew).values():
        (_, between), (_, last) = notes[-2:]
        news = re.findall("Medicines since then: started ([^.]*)", between)[0].split(", ")
        assert sorted(news) == ["apixaban", "oxycodone"]
        taken = _under("MEDICATIONS", between)
        assert "apixaban" in taken
        assert "oxycodone" not in taken
        assert "Continue apixaban" in _under("PLAN", last)
