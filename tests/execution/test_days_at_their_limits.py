"""Repeats, protocols, journeys and trials on the first and last day of what they span."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, lab, listed, patients, run, visit
from healthsim.dates import NO_DAY, day_of
from healthsim.tables import Columns

BEGUN = day_of("2025-01-01")
PEOPLE = 300


def dated(tables: dict[str, Columns], step: str) -> list[int]:
    """Return the days, from the journey's first, on which a step happened, in order."""
    rows = listed(tables["events"], "step", "event_date")
    return sorted(day - BEGUN for name, day in rows if name == step)


@pytest.mark.parametrize(
    ("duration", "expected"), [(29, [0, 10, 20]), (30, [0, 10, 20, 30]), (31, [0, 10, 20, 30])]
)
def test_an_open_repeat_beats_up_to_the_journeys_last_day(
    duration: int, expected: list[int]
) -> None:
    repeat = {
        "do": "repeat",
        "id": "check",
        "every": {"days": 10},
        "until": "last('4548-4') > 90",
        "steps": [visit("seen")],
    }
    tables = run(
        patients(count=1),
        journey(lab("a1c", 0), repeat, duration_days=duration),
    )

    assert dated(tables, "seen") == expected


def test_what_follows_a_hazard_happens_up_to_the_journeys_last_day() -> None:
    def days(duration: int) -> list[int]:
        sure = visit("seen", 20) | {"hazard": {"share": 1, "within_days": 5}}
        steps = sure, visit("next", {"after": "seen", "day": 9})
        return dated(
            run(patients(count=1), journey(*steps, duration_days=duration)),
            "next",
        )

    (last,) = days(100)

    assert days(last) == [last]
    assert days(last - 1) == []


def trial(*steps: Document, **changes: Any) -> Document:
    said = {"id": "T-1", "title": "A trial", "phase": "3", "arms": {"a": 1, "b": 1}}
    return journey(*steps, trial={**said, **changes}, duration_days=200)


def walked(*steps: Document, **changes: Any) -> dict[str, Columns]:
    profile = diabetic(count=PEOPLE, products=["patientsim", "trialsim"])
    return run(profile, trial(*steps, **changes))


def planned(id: str, day: int, before: int, after: int, **changes: Any) -> Document:
    window = {"before": before, "after": after}
    seen = event(f"{id}_seen", "trial_visit", 0)
    return {"do": "visit", "id": id, "day": day, "window": window, "steps": [seen], **changes}


COURSE = {
    "do": "protocol", "id": "course", "at": 50, "cycles": 1, "cycle_days": 60, "visits": [
        planned("first", 1, 3, 2), planned("second", 8, 1, 2), planned("third", 20, 1, 2),
        planned("late", 40, 2, 3, outside=1), planned("gone", 55, 2, 3, missed=1)],
}  # fmt: skip
SCREENED = event("screen", "screening", 0)
DRAWN = event("draw", "randomization", 1)


@pytest.fixture(scope="module")
def course() -> dict[str, Columns]:
    return walked(SCREENED, DRAWN, COURSE)


def windows(tables: dict[str, Columns]) -> dict[int, set[tuple[int, int, int]]]:
    """Return (first, planned, last) day of each planned day's window, by the planned day."""
    found: dict[int, set[tuple[int, int, int]]] = {}
    for days in listed(
        tables["trial_visits"], "window_low_date", "planned_date", "window_high_date"
    ):
        low, day, high = (value - BEGUN for value in days)
        found.setdefault(day, set()).add((low, day, high))
    return found


def test_every_window_is_whole_also_before_the_first_day(course: dict[str, Columns]) -> None:
    assert windows(course) == {
        50: {(47, 50, 52)}, 57: {(56, 57, 59)}, 69: {(68, 69, 71)}, 89: {(87, 89, 92)},
        104: {(102, 104, 107)},
    }  # fmt: skip


def test_visits_come_on_every_business_day_of_their_window_and_on_no_other(
    course: dict[str, Columns],
) -> None:
    assert set(dated(course, "first_seen")) == {48, 49, 50, 51}  # a holiday before, then a Saturday
    assert set(dated(course, "second_seen")) == {56, 57, 58}


def test_a_visit_outside_its_window_comes_within_a_week_after_it(
    course: dict[str, Columns],
) -> None:
    assert set(dated(course, "late_seen")) == {93, 96, 97, 98, 99}
    assert dated(course, "gone_seen") == []


def randomized(tables: dict[str, Columns]) -> dict[int, tuple[int, int]]:
    """Return the days of screening and randomisation of those who were randomised."""
    rows = listed(tables["subjects"], "person_id", "screen_date", "randomized_date")
    return {person: (asked - BEGUN, drawn - BEGUN) for person, asked, drawn in rows
            if drawn != NO_DAY}  # fmt: skip


def test_nobody_is_randomised_who_was_never_screened() -> None:
    tables = walked(SCREENED | {"chance": 0.5}, DRAWN, visit("seen", 2))
    asked = {person for person, step in listed(tables["events"], "person_id", "step")
             if step == "screen"}  # fmt: skip

    assert 0 < len(asked) < PEOPLE
    assert set(randomized(tables)) == asked
    assert len(dated(tables, "draw")) == len(asked)


def test_nobody_is_randomised_before_the_day_of_their_screening() -> None:
    late = event("screen", "screening", {"day": 5, "variance_days": 3})
    tables = walked(late, event("draw", "randomization", 5))
    found = randomized(tables)
    asked = {person: day - BEGUN for person, step, day in
             listed(tables["events"], "person_id", "step", "event_date")
             if step == "screen"}  # fmt: skip

    assert set(asked.values()) == set(range(2, 9))
    assert set(found) == {person for person, day in asked.items() if day <= 5}
    assert {asked for asked, _ in found.values()} == {2, 3, 4, 5}


def test_who_fails_screening_is_not_randomised_on_the_same_day() -> None:
    criteria = [{"name": "Woman", "when": "gender == 'F'"}]
    tables = walked(SCREENED, event("draw", "randomization", 0), inclusion=criteria)
    women = {person for person, gender in listed(tables["patients"], "person_id", "gender")
             if gender == "F"}  # fmt: skip

    assert set(randomized(tables)) == women


def test_who_fails_screening_has_nothing_more_of_the_trial_on_that_day() -> None:
    criteria = [{"name": "Woman", "when": "gender == 'F'"}]
    dose = event("dose", "exposure", 0, treatment="Drug", dose=5)
    tables = walked(SCREENED, dose, visit("seen", 0), inclusion=criteria)
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    had = {step: {gender[person] for person, name in listed(tables["events"], "person_id", "step")
                  if name == step} for step in ("dose", "seen")}  # fmt: skip

    assert had == {"dose": {"F"}, "seen": {"F", "M"}}


def test_nobody_leaves_a_trial_twice_on_one_day() -> None:
    reasons = [{"reason": "own wish"}]
    first, second = (event(name, "withdrawal", 5, reasons=reasons) for name in ("one", "two"))
    over = {"do": "end", "id": "over", "at": 7, "scope": "trial"}
    late = event("late", "withdrawal", 7, reasons=reasons)

    assert dated(walked(SCREENED, DRAWN, first, second), "two") == []
    assert dated(walked(SCREENED, DRAWN, over, late), "late") == []


def test_who_withdraws_is_not_randomised_on_that_day_and_may_be_on_the_day_before() -> None:
    leaves = event("leave", "withdrawal", 5, reasons=[{"reason": "own wish"}])

    assert randomized(walked(SCREENED, leaves, event("draw", "randomization", 5))) == {}
    assert len(randomized(walked(SCREENED, event("draw", "randomization", 4), leaves))) == PEOPLE


@pytest.mark.slow
def test_what_is_done_in_a_stay_that_begins_before_midnight_stays_on_its_day() -> None:
    came = event("came", "encounter", 0, encounter_class="emergency", diagnoses=["J18.9"],
                 disposition={"09": 1})  # fmt: skip
    stay = event("stay", "encounter", 0, encounter_class="inpatient", los_days=3,
                 diagnoses=["J18.9"]) | {"with": [event("blood", "lab", panel="cbc")]}  # fmt: skip
    tables = run(patients(count=600), journey(came, stay))
    days = dict(listed(tables["events"], "event_id", "event_date"))
    taken = [row for row in listed(tables["lab_results"], "event_id", "collected_at")
             if row[0] in days]  # fmt: skip

    assert all(at // 1440 == days[event_id] for event_id, at in taken)
    assert any(at % 1440 == 1439 for _, at in taken)


def test_a_specimen_that_is_taken_hours_into_a_visit_is_taken_on_its_day() -> None:
    late = visit("late", 0, encounter_class="emergency", procedures=None, diagnoses=["R73.09"])
    late |= {"with": [event("glucose", "lab", loinc="1530-5")]}
    tables = run(diabetic(count=200, products=["patientsim"], coverage=None), journey(late))
    day = dict(listed(tables["events"], "event_id", "event_date"))
    taken = listed(tables["lab_results"], "event_id", "collected_at")

    assert all(at // 1440 == day[source] for source, at in taken)
    assert sum(at % 1440 == 1439 for _, at in taken) > 5
