"""Rounds of the ward: none during an operation, and one reason for a person who misses one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from execution.running import charted, event, journey, listed, patients, visit
from healthsim.medicine.ward_drugs import NOT_GIVEN, nothing_by_mouth
from healthsim.tables import Columns

DAY = 24 * 60
ROWS = ("encounter_id", "given_at", "route", "status_reason", "ingredient", "prescription_id")


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Columns]:
    drugs = ("amlodipine 5 mg tablet", "sertraline 50 mg tablet")
    home = [event(drug.split()[0], "prescription", drug=drug, days_supply=90, refills=3)
            for drug in drugs]  # fmt: skip
    knee: dict[str, Any] = visit("knee", 40, encounter_class="inpatient", los_days=5,
                                 diagnoses=["M17.11"], procedures=None,
                                 icd10pcs=["0SRC0J9"])  # fmt: skip
    clinical = {"primary": {"code": "E11.9", "onset": {"years_before": 3}}}
    return charted(
        patients(count=60, attributes={}, clinical=clinical),
        journey(*home, knee),
    )


@pytest.fixture(scope="module")
def operations(tables: Mapping[str, Columns]) -> Mapping[int, tuple[int, int]]:
    """Return stay -> minutes at which the operating room begins and ends."""
    names = ("encounter_id", "unit", "start_at", "end_at")
    return {stay: (start, end) for stay, unit, start, end in
            listed(tables["encounter_locations"], *names) if unit == "operating room"}  # fmt: skip


def _doses(tables: Mapping[str, Columns]) -> list[tuple[Any, ...]]:
    return listed(tables["medication_administrations"], *ROWS)


@pytest.mark.slow
def test_nothing_is_swallowed_in_the_operating_room_and_until_recovery_allows_it(
    tables: Mapping[str, Columns], operations: Mapping[int, tuple[int, int]]
) -> None:
    waits = nothing_by_mouth()["recovery"]
    for stay, at, route, *_ in _doses(tables):
        start, end = operations[stay]
        assert route == "intravenous" or not start <= at < end
        assert route != "oral" or not start <= at < end + waits


def test_what_a_round_in_the_operation_misses_is_given_after_it(
    tables: Mapping[str, Columns], operations: Mapping[int, tuple[int, int]]
) -> None:
    given = {(stay, at) for stay, at, _, _, drug, _ in _doses(tables) if drug == "amlodipine"}
    waits = nothing_by_mouth()["recovery"]
    late = {stay: end + waits for stay, (start, end) in operations.items()
            if start <= start // DAY * DAY + 9 * 60 < end + waits}  # fmt: skip

    assert late
    assert all(any(0 <= at - end < 60 for one, at in given if one == stay)
               for stay, end in late.items())  # fmt: skip


def test_who_is_away_misses_the_whole_round_and_who_vomits_what_is_swallowed(
    tables: Mapping[str, Columns],
) -> None:
    rounds: dict[tuple[int, int], list[tuple[str, str | None]]] = {}
    for stay, at, route, reason, *_ in _doses(tables):
        rounds.setdefault((stay, at), []).append((route, reason))
    missed = [doses for doses in rounds.values() if any(reason for _, reason in doses)]

    assert {reason for doses in missed for _, reason in doses} >= set(NOT_GIVEN.values())
    for doses in missed:
        assert len({reason for _, reason in doses if reason}) == 1
        assert all(reason for route, reason in doses if route == "oral")
    assert all(all(reason for _, reason in doses) for doses in missed
               if any(reason == "away" for _, reason in doses))  # fmt: skip


def test_who_misses_a_round_sleeps_from_eight_in_the_evening_to_seven_in_the_morning(
    tables: Mapping[str, Columns],
) -> None:
    missed = [(at % 1440, reason) for _, at, _, reason, *_ in _doses(tables)
              if reason in ("asleep", "away")]  # fmt: skip

    assert {reason for _, reason in missed} == {"asleep", "away"}
    assert all((reason == "away") == (7 * 60 <= minute < 20 * 60) for minute, reason in missed)


@pytest.mark.slow
def test_nobody_misses_oxygen_or_sleeps_through_what_has_its_time() -> None:
    stay = visit("stay", 5, encounter_class="inpatient", los_days=9, diagnoses=["J96.01"],
                 procedures=None)  # fmt: skip
    home = [event(drug.split()[0], "prescription", drug=drug, days_supply=90)
            for drug in ("apixaban 5 mg tablet", "atorvastatin 40 mg tablet")]  # fmt: skip
    clinical = {"primary": {"code": "E11.9", "onset": {"years_before": 3}}}
    found = charted(
        patients(count=60, attributes={}, clinical=clinical),
        journey(*home, stay),
    )
    missed = [(drug, route, why) for _, _, route, why, drug, _ in _doses(found) if why is not None]
    drugs = {drug for _, _, _, _, drug, _ in _doses(found)}

    assert {"oxygen", "apixaban"} <= drugs
    assert missed
    assert "oxygen" not in {drug for drug, _, _ in missed}
    assert all(route == "oral" and drug != "apixaban" for drug, route, why in missed
               if why == "asleep")  # fmt: skip


@pytest.mark.slow
def test_a_high_fever_is_lowered_in_hospital() -> None:
    stay = visit("stay", 5, encounter_class="inpatient", los_days=6, diagnoses=["A41.9"],
                 procedures=None)  # fmt: skip
    clinical = {"primary": {"code": "E11.9", "onset": {"years_before": 3}}}
    found = charted(patients(count=60, attributes={}, clinical=clinical), journey(stay))
    lists = {person for person, what in listed(found["allergies"], "person_id", "substance")
             if what == "acetaminophen"}  # fmt: skip
    hot = {(inside, person) for inside, person, code, value in listed(
        found["vital_signs"], "encounter_id", "person_id", "loinc", "value")
        if code == "8310-5" and value >= 40 and inside is not None}  # fmt: skip
    lowered = {inside for inside, *_, drug, _ in _doses(found) if drug == "acetaminophen"}

    assert hot
    assert {inside for inside, person in hot if person not in lists} <= lowered
