"""Prescriptions say how a medicine is taken, what for, and in which visit it was written."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from execution.running import diabetic, event, journey, listed, run, visit
from healthsim.dates import NO_DAY
from healthsim.tables import NO_NUMBER, Columns

AS_OF = 20_089
_A_YEAR_ON = AS_OF + 365  # 2026-01-01: by then what was renewed in 2025 is due again


def _clinical(drug: str, share: float = 1.0, **more: Any) -> dict[str, Any]:
    return {
        "primary": {"code": "E11.9", "onset": {"years_before": 3}},
        "comorbidities": [{"code": "I10", "share": 0.5}],
        "medications": [{"drug": drug, "share": share, **more}],
    }


def _profile(drug: str, count: int = 200, **changes: Any) -> dict[str, Any]:
    return diabetic(count=count, attributes={}, clinical=_clinical(drug), **changes)


def _rows(tables: dict[str, Columns], *columns: str) -> list[tuple[Any, ...]]:
    return listed(tables["prescriptions"], *columns)


def test_a_medicine_is_for_a_condition_that_the_person_has_and_else_for_none() -> None:
    tables = run(_profile("lisinopril 10 mg tablet"), journey(visit("once")))
    has = {who for who, code in listed(tables["conditions"], "person_id", "code") if code == "I10"}
    uses = dict(_rows(tables, "person_id", "indication"))

    assert 60 < len(has) < 140
    assert {uses[who] for who in has} == {"I10"}
    assert {uses[who] for who in set(uses) - has} == {"E11.9"}  # kidneys of diabetics


def test_a_medicine_of_the_profile_begins_no_earlier_than_the_condition_that_it_is_for() -> None:
    late = {"code": "E11.9", "onset": {"years_before": {"type": "uniform", "low": 0, "high": 1}}}
    profile = _profile("metformin 500 mg tablet") | {
        "clinical": _clinical("metformin 500 mg tablet") | {"primary": late, "comorbidities": []}
    }
    tables = run(profile, journey(visit("once")))
    onset = dict(listed(tables["conditions"], "person_id", "onset_date"))
    rows = _rows(tables, "person_id", "written_date", "indication")

    assert {code for _, _, code in rows} == {"E11.9"}
    assert all(onset[who] <= written for who, written, code in rows)


def test_what_a_visit_was_for_stands_before_the_other_conditions() -> None:
    ill = visit("ill", 10, diagnoses=["N39.0", "E11.9"])
    cure = event("cure", "prescription", drug="ciprofloxacin 500 mg tablet", days_supply=7)
    later = event("late", "prescription", 40, drug="latanoprost 0.005% eye drops")
    tables = run(_profile("metformin 500 mg tablet"), journey(ill | {"with": [cure]}, later))
    found = dict(_rows(tables, "ingredient", "indication"))

    assert found == {"ciprofloxacin": "N39.0", "metformin": "E11.9", "latanoprost": None}


def test_a_standing_prescription_is_renewed_at_a_visit_of_the_quarter_before_it_runs_out() -> None:
    visits = [visit(f"v{day}", day) for day in range(20, 340, 80)]
    tables = run(_profile("lisinopril 10 mg tablet"), journey(*visits))
    events = dict(listed(tables["encounters"], "encounter_id", "event_id"))
    days = dict(listed(tables["events"], "event_id", "event_date"))
    written = _rows(tables, "written_date", "encounter_id")
    inside = [row for row in written if row[1] != NO_NUMBER]

    assert len(inside) > 100
    assert all(days[events[encounter]] == day for day, encounter in inside)


def test_a_stay_writes_what_is_prescribed_on_the_day_it_ends_and_on_no_other() -> None:
    stay = event("stay", "encounter", 5, encounter_class="inpatient", los_days=3)
    home, later = (event(name, "prescription", day, drug=drug, days_supply=30)
                   for name, day, drug in (("home", 8, "atorvastatin 40 mg tablet"),
                                           ("later", 9, "metformin 500 mg tablet")))  # fmt: skip
    tables = run(_profile("lisinopril 10 mg tablet", count=20), journey(stay, home, later))
    attending = dict(listed(tables["encounters"], "encounter_id", "attending_npi"))
    wrote = {
        drug: [row[1:] for row in _rows(tables, "drug", "encounter_id", "prescriber_npi")
               if row[0] == drug]
        for drug in ("atorvastatin 40 mg tablet", "metformin 500 mg tablet")
    }  # fmt: skip

    at_home = wrote["atorvastatin 40 mg tablet"]
    assert len(at_home) == 20
    assert all(attending[encounter] == npi for encounter, npi in at_home)
    assert {encounter for encounter, _ in wrote["metformin 500 mg tablet"]} == {NO_NUMBER}
    written = dict(_rows(tables, "prescription_id", "prescriber_npi"))
    fills = listed(tables["fills"], "prescription_id", "prescriber_npi")
    assert fills
    assert all(written[number] == npi for number, npi in fills)


def test_who_may_not_prescribe_renews_nothing() -> None:
    exercise = visit("exercise", 200, specialty="physical therapy")
    doctor = visit("doctor", 200, specialty="cardiology")
    for at, some in ((exercise, False), (doctor, True)):
        tables = run(_profile("lisinopril 10 mg tablet"), journey(at))

        assert any(row[0] != NO_NUMBER for row in _rows(tables, "encounter_id")) is some


@pytest.mark.slow
def test_what_is_written_early_is_filled_when_what_is_at_hand_runs_out() -> None:
    often = [visit(f"v{day}", day) for day in range(5, 360, 20)]
    quiet = run(_profile("lisinopril 10 mg tablet"), journey(visit("v5", 5)))
    busy = run(_profile("lisinopril 10 mg tablet"), journey(*often))
    first, second = (
        sorted(
            (who, day)
            for who, day, status in listed(one["fills"], "person_id", "fill_date", "status")
            if day < _A_YEAR_ON and status == "paid"
        )
        for one in (quiet, busy)
    )
    waits = [day - before for (who, before), (same, day) in pairwise(second) if who == same]

    assert len(first) > 600
    assert abs(len(second) - len(first)) < 0.03 * len(first)
    assert min(waits) >= 0.7 * 90


def test_a_renewal_takes_the_place_of_the_prescription_before_it() -> None:
    often = [visit(f"v{day}", day) for day in range(5, 360, 20)]
    tables = run(_profile("lisinopril 10 mg tablet"), journey(*often))
    names = ("person_id", "written_date", "status", "end_date", "encounter_id")
    found = sorted(listed(tables["prescriptions"], *names))
    followed = [(one, after) for one, after in pairwise(found) if one[0] == after[0]]
    early = [(one, after) for one, after in followed if after[1] < one[1] + 365]

    assert len(early) > 50
    assert {one[2] for one, _ in followed} == {"completed"}
    assert all(one[3] == after[1] and after[4] != NO_NUMBER for one, after in early)
    assert all(one[3] == NO_DAY for one, after in followed if after[1] >= one[1] + 365)


def test_a_drug_that_a_later_journey_begins_before_ends_where_the_former_begins_it() -> None:
    late = event("late", "prescription", 40, drug="metformin 500 mg tablet", refills=2)
    soon = event("soon", "prescription", 10, drug="metformin 1000 mg tablet", refills=2)
    other = {**journey(soon), "name": "other"}
    tables = run(_profile("lisinopril 10 mg tablet", count=5), journey(late), other)
    days = {
        (day - AS_OF, end - AS_OF if end != NO_DAY else None)
        for drug, day, end in listed(
            tables["prescriptions"], "ingredient", "written_date", "end_date"
        )
        if drug == "metformin"
    }

    assert days == {(10, 40), (40, None)}


def test_a_stated_quantity_says_how_many_are_taken_at_one_time() -> None:
    steps = [
        event("one", "prescription", 1, drug="lisinopril 10 mg tablet", quantity=60.0),
        event("two", "prescription", 2, drug="amlodipine 5 mg tablet", quantity=15.0),
        event("three", "prescription", 3, drug="carvedilol 25 mg tablet", quantity=37.0),
        event("four", "prescription", 4, drug="oxycodone 5 mg tablet", quantity=10.0),
    ]
    tables = run(_profile("metformin 500 mg tablet", 20), journey(*steps))
    found = {drug: (dose, sig) for drug, dose, sig in _rows(tables, "ingredient", "dose", "sig")}

    assert found["lisinopril"] == (2.0, "Take 2 tablets by mouth once a day.")
    assert found["amlodipine"] == (0.5, "Take 0.5 tablet by mouth once a day.")
    assert found["carvedilol"][0] == 1.0  # 37 tablets for 30 days are no count of halves
    assert found["oxycodone"][0] == 1.0  # taken when needed: fewer tablets, not less at a time


def test_one_pen_is_dispensed_where_a_rounded_dose_is_just_above_it() -> None:
    pens = event("pen", "prescription", 1, drug="semaglutide 0.25 mg or 0.5 mg pen injector",
                 days_supply=28)  # fmt: skip
    tables = run(_profile("metformin 500 mg tablet", 20), journey(pens))
    quantities = dict(_rows(tables, "ingredient", "quantity"))

    assert quantities["semaglutide"] == 1.5


def test_nobody_is_renewed_in_a_visit_of_somebody_else() -> None:
    half = visit("half", 200) | {"chance": 0.5}
    tables = run(_profile("lisinopril 10 mg tablet", 400), journey(half))
    owner = dict(listed(tables["encounters"], "encounter_id", "person_id"))
    renewed = [row for row in _rows(tables, "person_id", "encounter_id") if row[1] != NO_NUMBER]

    assert renewed
    assert all(owner[encounter] == person for person, encounter in renewed)
    share = np.mean([row[1] != NO_NUMBER for row in _rows(tables, "person_id", "encounter_id")])
    assert share < 0.25
