"""Promise 3: an edit changes only what depends on it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from execution.running import charted, diabetic, first_year, lab, listed
from healthsim.tables import Columns

KEPT_BY_A_COMORBIDITY = (
    "patients", "lab_results", "vital_signs", "events", "encounters", "prescriptions", "members",
    "enrollments", "rx_members", "plans",
)  # fmt: skip


LONGER = "2026-07-07"
"""Data end later: more time for steps that are added."""
_OF_A_RESULT = ("lab_results", "service_requests", "specimens", "diagnostic_reports",
                "diagnostic_report_results")  # fmt: skip


@pytest.fixture(scope="module")
def before() -> dict[str, Columns]:
    return charted(diabetic(), first_year())


@cache
def noisier() -> dict[str, Columns]:
    """Return the rows after an edit of a lab's noise."""
    document = first_year()
    inner = steps_of(document, 1)[0]["steps"][0]["with"][0]
    inner["details"]["result"]["noise"]["sd"] = 0.9
    return charted(diabetic(), document)


@cache
def with_comorbidity(code: str) -> dict[str, Columns]:
    """Return the rows of people of whom half may have one condition more."""
    profile = diabetic()
    profile["clinical"]["comorbidities"].insert(0, {"code": code, "share": 0.5})
    return charted(profile, first_year())


@pytest.fixture(scope="module")
def longer() -> dict[str, Columns]:
    return charted(diabetic(through=LONGER), first_year())


def steps_of(document: dict[str, Any], phase: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["phases"][phase]["steps"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("code", [
    pytest.param("J45.909", marks=pytest.mark.proof), "N18.30",
    pytest.param("I50.22", marks=pytest.mark.proof),
    pytest.param("E66.9", marks=pytest.mark.proof),
])  # fmt: skip
def test_a_comorbidity_more_moves_no_person_value_or_event(
    code: str, before: dict[str, Columns]
) -> None:
    after = with_comorbidity(code)
    named = {
        "encounters": ("encounter_id", "person_id", "start_at", "end_at", "attending_npi"),
        "vital_signs": ("vital_sign_id", "person_id", "loinc", "measured_at", "encounter_id"),
        "prescriptions": tuple(name for name in before["prescriptions"] if name != "indication"),
    }  # an illness may move what is measured and what a drug is for, but not whether and when

    for name in KEPT_BY_A_COMORBIDITY:
        columns = named.get(name, tuple(before[name]))
        assert listed(after[name], *columns) == listed(before[name], *columns), name


def test_a_comorbidity_more_only_adds_conditions_or_combines_them(
    before: dict[str, Columns],
) -> None:
    was, now = (_codes(one) for one in (before, with_comorbidity("N18.30")))

    assert now.keys() >= was.keys()
    for key, (code, onset) in was.items():
        assert now[key][1] == onset
        assert now[key][0] in {code, {"E11.9": "E11.22", "I10": "I12.9"}.get(code)}
    more = {code for key, (code, _) in now.items() if key not in was}
    assert more == {"N18.30", "I12.9"}  # pressure is older than the kidneys' illness


@pytest.mark.slow
def test_the_noise_of_a_lab_changes_that_lab_and_what_branches_on_it(
    before: dict[str, Columns],
) -> None:
    after = noisier()
    quarterly = {event for event, step in listed(before["events"], "event_id", "step")
                 if step == "a1c"}  # fmt: skip

    for name in ("patients", "conditions", "encounters", "enrollments"):
        assert listed(after[name]) == listed(before[name]), name
    same = {key[0] for key, way in _branches(before).items() if _branches(after)[key] == way}
    measured, again = ([row for row in listed(one["vital_signs"]) if row[1] in same]
                       for one in (before, after))  # fmt: skip
    assert measured == again  # another drug may move the others' weight
    was, now = (_results(one) for one in (before, after))
    moved = {event for event in was if was[event] != now.get(event)}
    assert moved
    assert moved <= quarterly
    assert _outside_the_branch(after) == _outside_the_branch(before)
    assert _branches(after) != _branches(before)


def test_people_whose_branch_did_not_move_keep_every_claim_and_fill(
    before: dict[str, Columns],
) -> None:
    after = noisier()
    same = {key[0] for key, way in _branches(before).items() if _branches(after)[key] == way}

    for name in ("claims", "claim_lines", "fills", "prescriptions"):
        was, now = ([row for row in _with_person(one[name]) if row[0] in same]
                    for one in (before, after))  # fmt: skip
        assert was == now, name


@pytest.mark.slow
@pytest.mark.parametrize(("place", "phase"), [
    (1, 1), pytest.param(0, 1, marks=pytest.mark.proof),
    pytest.param(1, 0, marks=pytest.mark.proof), pytest.param(0, 0, marks=pytest.mark.proof),
])  # fmt: skip
def test_an_event_more_keeps_ids_dates_and_values_of_the_others(
    phase: int, place: int, before: dict[str, Columns]
) -> None:
    document = first_year()
    extra = lab("extra", {"day": 40, "variance_days": 20}) | {"chance": 0.5}
    extra["details"]["loinc"] = "2160-0"
    steps_of(document, phase).insert(place, extra)
    after = charted(diabetic(), document)

    assert set(listed(before["events"])) < set(listed(after["events"]))
    for name in _OF_A_RESULT:
        assert set(listed(before[name])) < set(listed(after[name])), name
    for name in before.keys() - {"events", "providers", "clinical_notes", *_OF_A_RESULT}:
        assert listed(after[name]) == listed(before[name]), name
    notes = ("note_id", "authored_at", "author_npi")  # their texts tell the new results
    assert listed(after["clinical_notes"], *notes) == listed(before["clinical_notes"], *notes)


@pytest.mark.slow
def test_an_event_inside_a_repeat_keeps_the_other_events_of_every_beat(
    before: dict[str, Columns],
) -> None:
    document = first_year()
    extra = lab("kidneys", 0)
    extra["details"]["loinc"] = "2160-0"
    steps_of(document, 1)[0]["steps"].insert(0, extra)
    after = charted(diabetic(), document)

    assert set(listed(before["events"])) < set(listed(after["events"]))
    assert set(listed(before["lab_results"])) < set(listed(after["lab_results"]))


@pytest.mark.slow
def test_one_time_more_adds_a_beat_and_moves_none(longer: dict[str, Columns]) -> None:
    document = first_year()
    document["duration_days"] = 400
    steps_of(document, 1)[0]["times"] = 4
    after = charted(diabetic(through=LONGER), document)

    for name in ("events", "lab_results", "encounters"):
        assert set(listed(longer[name])) < set(listed(after[name])), name


@pytest.mark.slow
def test_another_journey_leaves_the_events_of_the_first(longer: dict[str, Columns]) -> None:
    second = {"kind": "journey", "name": "second", "duration_days": 100,
              "phases": [{"name": "p", "steps": [lab("other", 50)]}]}  # fmt: skip
    after = charted(diabetic(through=LONGER), first_year(), second)

    assert set(listed(longer["events"])) < set(listed(after["events"]))
    assert listed(longer["encounters"]) == listed(after["encounters"])


CHARTED = ("patients", "conditions", "encounters", "events", "lab_results", "prescriptions")


@pytest.mark.slow
def test_another_design_of_a_plan_moves_money_alone() -> None:
    def designed(**money: float) -> dict[str, Columns]:
        design = {"kind": "commercial", "network": {"in_share": 0.4}, **money}
        coverage = {"plan": {"own": 0.6, "Original": 0.4}, "plans": {"own": design}}
        return charted(diabetic(coverage=coverage), first_year())

    one, other = designed(deductible_usd=500), designed(deductible_usd=2000, price_level=1.5)
    for name in CHARTED:
        assert listed(one[name]) == listed(other[name]), name
    assert listed(one["claims"], "network") == listed(other["claims"], "network")
    assert listed(one["claims"]) != listed(other["claims"])


@pytest.mark.slow
def test_another_plan_moves_money_and_who_treats_alone(before: dict[str, Columns]) -> None:
    profile = diabetic()
    profile["coverage"]["plan"] = {"Commercial-PPO": 0.35, "MA-PPO": 0.25, "Original": 0.40}
    after = charted(profile, first_year())

    for name in CHARTED:
        kept = [column for column in before[name] if not column.endswith(("_npi", "facility_id"))]
        assert listed(after[name], *kept) == listed(before[name], *kept), name


def _codes(tables: dict[str, Columns]) -> dict[int, tuple[str, int]]:
    rows = listed(tables["conditions"], "condition_id", "code", "onset_date")
    return {key: (code, onset) for key, code, onset in rows}


def _results(tables: dict[str, Columns]) -> dict[int, float]:
    return dict(listed(tables["lab_results"], "event_id", "value"))


def _branches(tables: dict[str, Columns]) -> dict[tuple[int, str], str]:
    rows = listed(tables["events"], "person_id", "step", "option")
    return {(person, step): way for person, step, way in rows if way is not None}


def _outside_the_branch(tables: dict[str, Columns]) -> list[tuple[Any, ...]]:
    rows = listed(tables["events"], "event_id", "person_id", "step", "event_date")
    return [row for row in rows if row[2] not in {"second", "second_works"}]


def _with_person(columns: Columns) -> list[tuple[Any, ...]]:
    return [(person, *row) for (person,), row in
            zip(listed(columns, "person_id"), listed(columns), strict=True)]  # fmt: skip
