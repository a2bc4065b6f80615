"""Drugs that are taken for long end with what they are for."""

from __future__ import annotations

import pytest

from execution.running import charted, diabetic, event, journey, listed, patients, run
from healthsim.dates import NO_DAY
from healthsim.tables import Columns


def _ends(tables: dict[str, Columns], ingredient: str) -> dict[int, tuple[str, int]]:
    rows = listed(tables["prescriptions"], "person_id", "ingredient", "status", "end_date")
    return {person: (status, end) for person, name, status, end in rows if name == ingredient}


def _over(tables: dict[str, Columns], code: str) -> dict[int, int]:
    rows = listed(tables["conditions"], "person_id", "code", "abatement_date")
    return {person: day for person, found, day in rows if found == code}


def _treated(code: str, drug: str, **changes: int) -> list[dict[str, object]]:
    given = {"days_supply": 30, "refills": 11, **changes}
    return [event("ill", "diagnosis", 5, code=code), event("drug", "prescription", 5, drug=drug,
                                                           **given)]  # fmt: skip


def test_a_drug_is_stopped_on_the_last_day_of_what_it_is_for() -> None:
    tables = run(
        patients(count=20),
        journey(*_treated("M54.50", "duloxetine 30 mg capsule")),
    )
    over, ends = _over(tables, "M54.50"), _ends(tables, "duloxetine")

    assert len(ends) > 10
    assert all(day != NO_DAY for day in over.values())
    stopped = {person: end for person, (status, end) in ends.items() if status == "stopped"}
    assert len(stopped) > 10
    assert all(end == over[person] for person, end in stopped.items())


def test_a_drug_for_what_lasts_or_leaves_a_history_goes_on() -> None:
    for code, drug in (("I10", "lisinopril 10 mg tablet"), ("I63.9", "clopidogrel 75 mg tablet")):
        tables = run(patients(count=10), journey(*_treated(code, drug)))
        assert {status for status, _ in _ends(tables, drug.split()[0]).values()} <= {
            "active",
            "completed",
        }


def test_a_course_of_a_month_is_finished_as_it_was_written() -> None:
    steps = _treated("J01.90", "amoxicillin-clavulanate 875 mg/125 mg tablet",
                     days_supply=28, refills=0)  # fmt: skip
    tables = run(diabetic(count=10), journey(*steps))
    assert {status for status, _ in _ends(tables, "amoxicillin-clavulanate").values()} <= {
        "completed"
    }


def test_a_drug_of_the_day_on_which_an_operation_ends_an_illness_is_for_what_comes_after() -> None:
    knee = [
        event("knee", "diagnosis", 5, code="M17.11"),
        event("operated", "procedure", 40, code="27447", modifiers=["RT"]),
        event("drug", "prescription", 40, drug="celecoxib 200 mg capsule", days_supply=30,
              refills=1),
    ]  # fmt: skip
    tables = run(diabetic(count=10), journey(*knee))

    assert all(day != NO_DAY for day in _over(tables, "M17.11").values())
    assert {status for status, _ in _ends(tables, "celecoxib").values()} == {"completed"}


@pytest.mark.slow
def test_a_note_says_why_a_drug_is_stopped() -> None:
    seen = [event(f"seen_{day}", "encounter", day, diagnoses=["I10"]) for day in range(70, 121)]
    steps = _treated("M54.50", "duloxetine 30 mg capsule")
    tables = charted(diabetic(count=10, products=["patientsim"]), journey(*steps, *seen))
    texts = [str(text) for (text,) in listed(tables["clinical_notes"], "text")]
    stops = [text for text in texts if "- Stop duloxetine" in text]

    assert len(stops) > 5
    assert all("30 mg capsule: no longer needed for low back pain" in text for text in stops)
