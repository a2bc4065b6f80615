"""Lists of notes hold what the person has, takes and waits for, and say what changes of it."""

from __future__ import annotations

import re

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


def test_a_dose_that_changes_is_reduced_from_what_it_was() -> None:
    whole = event("whole", "prescription", 0, quantity=60, **_DRUG)
    half = event("half", "prescription", 0, quantity=30, **_DRUG)
    seen = visit("seen", 60, diagnoses=["E11.9"]) | {"with": [half]}
    for notes in _notes(whole, seen).values():
        plan = _under("PLAN", notes[-1][1])
        assert "Reduce apixaban 5 mg tablet from 1 tablet twice a day to 0.5 tablet" in plan
        assert "Continue apixaban" not in plan


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
