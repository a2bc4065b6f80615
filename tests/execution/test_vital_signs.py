"""Vital signs that no journey states: by class of encounter, age and time, and what fits them."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from execution.running import attempted, diabetic, event, journey, listed, patients, run, visit
from healthsim.medicine.vitals import CODES, MEASURES, MOST_CODES, vital_rules
from healthsim.tables import NO_NUMBER, Columns

_DATA = Path(__file__).parent.parent / "data"
_HOUR = 60
_FACE_TO_FACE = ("office", "urgent_care", "emergency", "observation", "inpatient", "asc", "snf",
                 "outpatient_hospital", "home_health", "dialysis")  # fmt: skip
_COLUMNS = ("person_id", "encounter_id", "loinc", "measured_at", "value", "event_id")


def _spec(name: str, **changes: Any) -> dict[str, Any]:
    return json.loads((_DATA / f"{name}.json").read_text()) | changes


@cache
def _every_class() -> dict[str, Columns]:
    return run(_spec("every-event-adults", count=120), _spec("every-event"))


def _stays(choice: Any = "usual", nights: int = 3) -> dict[str, Columns]:
    profile = diabetic(count=30, products=["patientsim"], coverage=None, vital_signs=choice)
    stay = event("stay", "encounter", 5, encounter_class="inpatient", los_days=nights)
    return run(profile, journey(stay))


def _by_encounter(tables: dict[str, Columns]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in listed(tables["vital_signs"], *_COLUMNS):
        found[row[1]].append(row)
    return found


def _children(age: dict[str, Any], *steps: dict[str, Any], **changes: Any) -> dict[str, Columns]:
    profile = diabetic(
        count=40, products=["patientsim"], coverage=None,
        demographics={"age": age, "gender": {"M": 0.5, "F": 0.5}}, clinical={}, **changes,
    )  # fmt: skip
    return run(profile, journey(*steps))


@pytest.mark.slow
def test_every_class_of_encounter_has_what_it_always_measures() -> None:
    tables = _every_class()
    measured = {
        encounter: {row[2] for row in rows} for encounter, rows in _by_encounter(tables).items()
    }
    for encounter_class in _FACE_TO_FACE:
        mine = [encounter for encounter, kind in
                listed(tables["encounters"], "encounter_id", "encounter_class")
                if kind == encounter_class]  # fmt: skip
        usual = [MEASURES[rule.measure][0] for rule in vital_rules(encounter_class)
                 if rule.at in ("visit", "arrival") and rule.share >= 0.97
                 and rule.below_months > 1200]  # fmt: skip
        assert usual
        for code in usual:
            share = np.mean([code in measured.get(encounter, ()) for encounter in mine])
            assert share > 0.97 - 3 * np.sqrt(0.03 / len(mine)), (encounter_class, code, share)


@pytest.mark.slow
def test_vital_signs_lie_within_their_encounter_and_none_is_taken_twice_at_a_time() -> None:
    tables = _every_class()
    spans = {encounter: (begin, end) for encounter, begin, end in
             listed(tables["encounters"], "encounter_id", "start_at", "end_at")}  # fmt: skip
    usual = [row for row in listed(tables["vital_signs"], *_COLUMNS) if row[5] == NO_NUMBER]

    assert usual
    assert all(spans[row[1]][0] <= row[3] <= spans[row[1]][1] for row in usual)
    assert len({row[1:4] for row in usual}) == len(usual)


@pytest.mark.slow
def test_the_hour_that_daylight_saving_skips_puts_no_two_on_a_minute() -> None:
    night = event("er", "encounter", 0, encounter_class="emergency", diagnoses=["J18.9"])
    skipped = {"begins": {"earliest": "2025-03-09", "latest": "2025-03-09"}}
    tables = run(
        diabetic(count=1500, products=["patientsim"], coverage=None), journey(night, **skipped)
    )
    taken = listed(tables["vital_signs"], "person_id", "loinc", "measured_at")

    assert len(taken) == len(set(taken))
    assert sum(at % 1440 == 180 for _, _, at in taken) > 20


@pytest.mark.slow
def test_what_a_journey_states_in_a_visit_is_not_taken_a_second_time() -> None:
    stated = {row[1] for row in listed(_every_class()["vital_signs"], *_COLUMNS)
              if row[5] != NO_NUMBER and row[2] == "8480-6"}  # fmt: skip
    rows = _by_encounter(_every_class())

    assert stated
    for encounter in stated:
        codes = [row[2] for row in rows[encounter]]
        assert codes.count("8480-6") == 1
    assert any("8462-4" in [row[2] for row in rows[encounter]] for encounter in stated)


def _pressures(*codes: str, choice: Any = "usual", nights: int = 2) -> list[dict[str, Any]]:
    """Return the pressures of 30 stays that state codes, as code -> value by encounter, minute."""
    value = {"8480-6": 110, "8462-4": 70}
    signs = [event(f"sign{turn}", "vital", loinc=code,
                   result={"type": "constant", "value": value[code]})
             for turn, code in enumerate(codes)]  # fmt: skip
    stay = event("stay", "encounter", 5, encounter_class="inpatient", los_days=nights)
    profile = diabetic(count=30, products=["patientsim"], coverage=None, vital_signs=choice)
    found: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    for row in listed(run(profile, journey(stay | {"with": signs}))["vital_signs"], *_COLUMNS):
        if row[2] in MEASURES["pressure"]:
            found[row[1], row[3]][row[2]] = row[4]
    return list(found.values())


@pytest.mark.parametrize("choice", ["usual", "none"])
def test_both_pressures_that_a_visit_states_are_read_in_one_minute(choice: str) -> None:
    twice = _pressures("8480-6", "8462-4", "8462-4", "8480-6", choice=choice)

    assert {len(pair) for pair in twice} == {2}
    assert sum(pair == {"8480-6": 110, "8462-4": 70} for pair in twice) > 55


@pytest.mark.slow
@pytest.mark.parametrize(("stated", "other"), [("8480-6", "8462-4"), ("8462-4", "8480-6")])
def test_the_other_pressure_is_read_in_the_minute_of_the_one_that_is_stated(
    stated: str, other: str
) -> None:
    pairs = _pressures(stated)

    assert {len(pair) for pair in pairs} == {2}
    assert all(pair["8462-4"] < pair["8480-6"] for pair in pairs)
    assert len({pair[other] for pair in pairs if pair[stated] in {110, 70}}) > 5
    assert {len(pair) for pair in _pressures(stated, choice="none")} == {1}


@pytest.mark.slow
def test_body_mass_index_is_that_of_the_weight_and_the_last_height() -> None:
    of_person: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in listed(_every_class()["vital_signs"], *_COLUMNS):
        of_person[row[0]].append(row)
    seen = 0
    for rows in of_person.values():
        rows.sort(key=lambda row: row[3])
        for row in rows:
            if row[2] != "39156-5":
                continue
            weight = next(r[4] for r in rows if r[1] == row[1] and r[2] == "29463-7"
                          and r[3] == row[3])  # fmt: skip
            height = [r[4] for r in rows if r[2] == "8302-2" and r[3] <= row[3]][-1]
            assert row[4] == pytest.approx(weight / (height / 100) ** 2, abs=0.0501)
            seen += 1
    assert seen > 300


def test_a_weight_fits_the_body_mass_index_that_a_journey_measured_before_it_changed() -> None:
    grows = {"do": "change", "id": "grows", "at": 5, "state": "bmi",
             "to": {"type": "constant", "value": 34}}  # fmt: skip
    seen = visit("seen", 5) | {
        "with": [event("index", "vital", loinc="39156-5"), {**grows, "at": 0}]
    }
    profile = diabetic(count=60, products=["patientsim"], coverage=None)
    state = {"bmi": {"start": {"type": "constant", "value": 26}, "decimals": 1}}
    rows = listed(run(profile, journey(seen, state=state))["vital_signs"], *_COLUMNS)
    signs = {code: {row[0]: row[4] for row in rows if row[2] == code}
             for code in ("39156-5", "29463-7", "8302-2")}  # fmt: skip

    assert len(signs["29463-7"]) > 50
    for person, weight in signs["29463-7"].items():
        index = weight / (signs["8302-2"][person] / 100) ** 2
        assert signs["39156-5"][person] == pytest.approx(index, abs=0.0501)
        assert signs["39156-5"][person] < 28


def test_a_stated_pain_is_that_of_another_visit_on_that_day() -> None:
    """Two journeys see people on one day, where one of them states what hurts."""
    hurts = visit("hurts", 5) | {
        "with": [event("pain", "vital", loinc="72514-3", result={"type": "constant", "value": 9})]
    }
    profile = diabetic(count=60, products=["patientsim"], coverage=None)
    found = run(profile, journey(hurts), journey(visit("seen", 5), name="other"))
    pain = [row for row in listed(found["vital_signs"], *_COLUMNS) if row[2] == "72514-3"]

    assert len(pain) > 75
    assert {row[4] for row in pain} == {9}


def test_a_stay_has_signs_on_arrival_once_a_day_and_on_leaving() -> None:
    tables = _stays()
    for rows in _by_encounter(tables).values():
        pulses = sorted(row[3] for row in rows if row[2] == "8867-4")
        assert 3 <= len(pulses) <= 6
        assert min(np.diff(pulses)) >= 40


@pytest.mark.parametrize("hours", [4, 8])
def test_a_profile_states_the_hours_between_two_rounds(hours: int) -> None:
    gaps = []
    for rows in _by_encounter(_stays({"inpatient_hours": hours})).values():
        pulses = sorted(row[3] for row in rows if row[2] == "8867-4")
        gaps += np.diff(pulses)[1:-1].tolist()
    assert gaps
    assert set(gaps) == {hours * _HOUR}


def test_none_leaves_only_what_journeys_state() -> None:
    steps = (visit("come"), event("bp", "vital", 0, loinc="8480-6"))
    profile = patients(count=20, vital_signs="none")
    rows = listed(run(profile, journey(*steps))["vital_signs"], *_COLUMNS)

    assert len(rows) == 20
    assert {row[2] for row in rows} == {"8480-6"}


@pytest.mark.parametrize(
    ("choice", "told"),
    [("daily", "vital_signs"), ({"inpatient_hours": 0}, "inpatient_hours"),
     ({"inpatient_hours": 25}, "inpatient_hours"), ({"hours": 4}, "hours")],
)  # fmt: skip
def test_a_choice_that_is_none_is_refused(choice: Any, told: str) -> None:
    found = attempted(diabetic(count=5, vital_signs=choice), journey(visit("come")))
    assert isinstance(found, str)
    assert told in found


def test_adults_are_measured_once_in_each_year_of_age_and_children_at_each_visit() -> None:
    visits = [visit(f"v{number}", 30 * number, diagnoses=["Z00.129"]) for number in range(8)]
    grown = [visit(f"v{number}", 30 * number) for number in range(8)]
    adults = run(diabetic(count=30, products=["patientsim"], coverage=None), journey(*grown))
    heights = defaultdict(list)
    for person, _, code, at, _, _ in listed(adults["vital_signs"], *_COLUMNS):
        if code == "8302-2":
            heights[person].append(at)
    assert len(heights) == 30
    assert {len(found) for found in heights.values()} <= {1, 2}

    children = _children({"type": "uniform", "low": 3, "high": 12}, *visits)
    codes = [row[2] for row in listed(children["vital_signs"], *_COLUMNS)]
    assert codes.count("8302-2") > 0.9 * 40 * 8
    assert codes.count("59576-9") > 0.85 * 40 * 8


def test_infants_have_head_and_weight_for_length_and_no_blood_pressure() -> None:
    tables = _children(
        {"type": "uniform", "low": 0.1, "high": 1.2}, visit("come", 3, diagnoses=["Z00.129"])
    )
    codes = [row[2] for row in listed(tables["vital_signs"], *_COLUMNS)]

    assert codes.count("9843-4") > 30
    assert codes.count("8289-1") > 30
    assert codes.count("77606-2") > 30
    assert "8480-6" not in codes
    assert "39156-5" not in codes


def test_children_keep_their_centile() -> None:
    visits = [visit(f"v{number}", 180 * number, diagnoses=["Z00.129"]) for number in range(3)]
    tables = _children({"type": "uniform", "low": 4, "high": 9}, *visits)
    found = defaultdict(list)
    for person, _, code, _at, value, _ in sorted(
        listed(tables["vital_signs"], *_COLUMNS), key=lambda row: (row[0], row[3])
    ):
        if code == "59576-9":
            found[person].append(value)
    pairs = np.array([(two[0], two[-1]) for two in found.values() if len(two) > 1])
    assert len(pairs) > 25
    assert np.corrcoef(pairs.T)[0, 1] > 0.9


def test_a_baby_born_early_is_measured_by_its_own_weight_at_birth() -> None:
    seen = visit("come", 0, diagnoses=["Z00.110"])
    tables = _children(
        {"type": "uniform", "low": 0, "high": 0.002, "decimals": 4}, seen,
        attributes={"gestation_weeks": 28, "birth_weight_g": 1100},
    )  # fmt: skip
    rows = listed(tables["vital_signs"], *_COLUMNS)
    kilograms = [row[4] for row in rows if row[2] == "29463-7"]

    assert np.mean(kilograms) == pytest.approx(1.1, abs=0.1)
    assert not [row for row in rows if row[2] == "8289-1"]


@pytest.mark.slow
def test_chunks_threads_and_more_people_leave_the_first_as_they_are() -> None:
    profile, walked = _spec("every-event-adults", count=12), _spec("every-event")
    parts = listed(run(profile, walked, size=7, threads=2)["vital_signs"])

    assert listed(_every_class()["vital_signs"])[: len(parts)] == parts != []


def test_another_visit_leaves_those_of_other_days() -> None:
    alone = run(patients(count=25), journey(visit("come", 10)))["vital_signs"]
    both = run(patients(count=25), journey(visit("come", 10), visit("again", 300)))["vital_signs"]

    assert set(listed(alone)) <= set(listed(both))


def test_weight_falls_during_dialysis_by_what_it_removes() -> None:
    profile = diabetic(count=40, products=["patientsim"], coverage=None)
    session = event("session", "encounter", 3, encounter_class="dialysis")
    lost = []
    for rows in _by_encounter(run(profile, journey(session))).values():
        weights = [row[4] for row in sorted(rows, key=lambda row: row[3]) if row[2] == "29463-7"]
        if len(weights) == 2:
            lost.append(weights[0] - weights[1])
    assert len(lost) > 30
    assert 0.2 < min(lost) < 2.3 < max(lost) <= 5
    assert np.mean(lost) == pytest.approx(2.3, abs=0.45)


def test_numbers_of_records_are_kept_for_all_measures() -> None:
    assert len(CODES) == len(set(CODES)) <= MOST_CODES


def _bands(tables: dict[str, Columns]) -> list[tuple[str, float]]:
    bmi = {row[1]: row[4] for row in listed(tables["vital_signs"], *_COLUMNS)
           if row[2] == "39156-5"}  # fmt: skip
    return [(code, bmi[encounter])
            for encounter, code in listed(tables["encounter_diagnoses"], "encounter_id", "code")
            if code.startswith("Z68") and encounter in bmi]  # fmt: skip


def test_a_code_of_body_mass_index_is_that_of_the_day() -> None:
    comes = visit("come", 3, diagnoses=["E66.9", "Z68.35", "I10"])
    found = _bands(run(patients(count=60), journey(comes)))

    assert len(found) > 50
    assert len({code for code, _ in found}) > 5
    for code, value in found:
        low = {"Z68.41": 40, "Z68.42": 45, "Z68.43": 50, "Z68.44": 60}.get(code, int(code[4:]))
        assert low - 0.1 <= value < {40: 45, 45: 50, 50: 60, 60: 70}.get(low, low + 1) + 0.1


def test_obesity_has_its_band_behind_it_and_children_theirs() -> None:
    obese = run(patients(count=20), journey(visit("come", 3, diagnoses=["E66.9"])))
    codes = [code for _, code in listed(obese["encounter_diagnoses"], "sequence", "code")]
    assert [code[:3] for code in codes[:2]] == ["E66", "Z68"]

    comes = visit("come", 3, diagnoses=["E66.9"])
    young = _children({"type": "uniform", "low": 4, "high": 12}, comes)
    codes = {code for _, code in listed(young["encounter_diagnoses"], "sequence", "code")}
    assert {code[:5] for code in codes if code.startswith("Z68")} == {"Z68.5"}


def test_codes_stay_as_stated_where_nothing_is_measured() -> None:
    comes = visit("come", 3, diagnoses=["E66.9", "Z68.35"])
    tables = run(patients(count=20, vital_signs="none"), journey(comes))
    codes = {code for _, code in listed(tables["encounter_diagnoses"], "sequence", "code")}

    assert {code for code in codes if code.startswith("Z68")} == {"Z68.35"}


def test_a_raised_pressure_without_hypertension_is_coded_in_some_visits() -> None:
    profile = patients(count=300, clinical={"primary": {"code": "E11.9"}})
    tables = run(profile, journey(visit("come", 3)))
    limits = {"8480-6": 140, "8462-4": 90}
    high = {row[1] for row in listed(tables["vital_signs"], *_COLUMNS)
            if row[4] >= limits.get(row[2], np.inf)}  # fmt: skip
    coded = {encounter for encounter, code in
             listed(tables["encounter_diagnoses"], "encounter_id", "code")
             if code == "R03.0"}  # fmt: skip

    assert coded
    assert len(coded - high) <= 0.03 * len(coded) + 1  # a pressure that nobody wrote down
    assert 0.1 < len(coded & high) / len(high) < 0.5
