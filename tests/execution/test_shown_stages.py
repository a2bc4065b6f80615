"""A stage of an illness is recorded when a test has shown it, although the body is in it before."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import loinc
from healthsim.dates import NO_DAY
from healthsim.medicine.datafiles import rows
from healthsim.medicine.stages import FILE, stage_tests
from healthsim.tables import NO_NUMBER, Columns

DAY_0 = 20_089
SINCE = event("since", "diagnosis", 0, code="N18.31")
WORSE = event("worse", "diagnosis", 30, code="N18.32")


def egfr(day: int, result: float) -> Document:
    return event(f"kidneys_{day}", "lab", day, loinc="98979-8", result=result)


def made(*steps: Document, **changes: Any) -> dict[str, Columns]:
    profile = diabetic(count=3, products=["patientsim"], vital_signs="none", **changes)
    return run(profile, journey(*steps, duration_days=730))


def stages(tables: dict[str, Columns]) -> list[tuple[str, int, int | None]]:
    """Return (code, first day, last day) of the first person's stages."""
    found = listed(tables["conditions"], "person_id", "code", "onset_date", "abatement_date")
    return sorted(
        ((code, since - DAY_0, None if until == NO_DAY else until - DAY_0)
         for person, code, since, until in found if person == 101 and code[:3] == "N18"),
        key=lambda one: one[1],
    )  # fmt: skip


def test_a_stage_begins_on_the_day_after_the_first_test_in_its_range() -> None:
    tables = made(SINCE, WORSE, egfr(50, 45), egfr(80, 44), egfr(90, 40))

    assert stages(tables) == [("N18.31", 0, 80), ("N18.32", 81, None)]
    steps = listed(tables["events"], "step", "event_date")
    assert ("worse", DAY_0 + 81) in steps


def test_a_stage_is_recorded_when_the_result_that_shows_it_is_reported() -> None:
    tables = made(SINCE, WORSE, visit("seen", 80) | {"with": [egfr(0, 44)]})
    results, found = tables["lab_results"], tables["conditions"]
    told = dict(listed(results, "person_id", "resulted_at"))

    recorded = [(told[person] // 1440, day)
                for person, code, day in listed(found, "person_id", "code", "recorded_date")
                if code == "N18.32"]  # fmt: skip
    assert len(recorded) == 3
    assert all(day == max(reported, DAY_0 + 81) for reported, day in recorded)
    visits = listed(tables["encounter_diagnoses"], "code")
    assert "N18.32" not in {code for (code,) in visits}


def test_a_test_on_the_last_day_shows_a_stage_on_that_day() -> None:
    found = made(SINCE, WORSE, egfr(79, 44), through="2025-03-21")

    assert stages(found)[1] == ("N18.32", 79, None)


def test_a_test_on_the_day_of_the_diagnosis_shows_it() -> None:
    assert stages(made(SINCE, WORSE, egfr(30, 30)))[1] == ("N18.32", 31, None)


def test_a_stage_that_no_test_shows_before_the_next_is_never_found() -> None:
    worst = event("worst", "diagnosis", 60, code="N18.4")
    tables = made(SINCE, WORSE, egfr(50, 46), worst, egfr(90, 22))

    assert stages(tables) == [("N18.31", 0, 90), ("N18.4", 91, None)]
    assert "worse" not in {step for (step,) in listed(tables["events"], "step")}


def test_a_stage_that_its_last_test_did_not_show_stays_unknown() -> None:
    assert stages(made(SINCE, WORSE, egfr(50, 46))) == [("N18.31", 0, None)]


@pytest.mark.parametrize("day", [430, 650])
def test_who_is_not_tested_has_a_stage_when_it_is_stated(day: int) -> None:
    assert stages(made(SINCE, WORSE, egfr(day, 40)))[1] == ("N18.32", 30, None)
    assert stages(made(SINCE, WORSE, egfr(429, 40)))[1] == ("N18.32", 430, None)


def test_the_first_stage_and_one_that_a_visit_diagnoses_are_as_stated() -> None:
    seen = visit("seen", 30) | {"with": [event("worse", "diagnosis", 0, code="N18.32")]}

    assert stages(made(event("since", "diagnosis", 10, code="N18.32"), egfr(50, 40))) == [
        ("N18.32", 10, None)
    ]
    assert stages(made(SINCE, seen, egfr(50, 40)))[1] == ("N18.32", 30, None)


def test_dialysis_ends_a_stage_that_was_not_shown_and_is_no_stage_of_a_test() -> None:
    dialysis = event("dialysis", "diagnosis", 60, code="N18.6")

    assert stages(made(SINCE, WORSE, egfr(50, 46), dialysis, egfr(90, 40))) == [
        ("N18.31", 0, 59), ("N18.6", 60, None),
    ]  # fmt: skip


def test_a_visit_that_lists_a_stage_before_a_test_shows_it_states_the_known_one() -> None:
    lists = [visit(f"visit_{day}", day, diagnoses=["N18.32"]) for day in (20, 40, 80, 120)]
    tables = made(SINCE, {**WORSE, "at": 10}, *lists, egfr(80, 44))
    days = dict(listed(tables["encounters"], "encounter_id", "start_at"))
    found = [
        (days[encounter] // 1440 - DAY_0, code)
        for encounter, code in listed(tables["encounter_diagnoses"], "encounter_id", "code")
        if code[:3] == "N18" and encounter >> 29 == listed(tables["patients"], "person_id")[0][0]
    ]

    assert [code for _, code in sorted(found)] == ["N18.31", "N18.31", "N18.31", "N18.32"]


def test_a_drug_that_a_stage_forbids_is_stopped_when_the_stage_is_found() -> None:
    taken = event("taken", "prescription", 5, drug="metformin 500 mg tablet", refills=11,
                  days_supply=30, first_fill_share=1)  # fmt: skip
    severe = event("severe", "diagnosis", 30, code="N18.4")
    tables = made(SINCE, taken, severe, egfr(50, 31), egfr(80, 29))
    names = ("person_id", "event_id", "end_date", "status")
    found = {
        (end - DAY_0, status)
        for person, by, end, status in listed(tables["prescriptions"], *names)
        if person == 101 and by != NO_NUMBER
    }

    assert found == {(80, "stopped")}


def test_every_stage_of_the_table_is_in_the_books_and_their_ranges_meet() -> None:
    assert all(row["code"] in icd10cm() and row["loinc"] in loinc().rows for row in rows(FILE))
    assert all(row["source"] and row["confidence"] for row in rows(FILE))
    parts = [one for code, one in stage_tests().items() if code != "N18.30"]
    assert all(lower.below == upper.low for upper, lower in pairwise(parts))
