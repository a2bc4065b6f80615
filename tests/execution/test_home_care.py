"""Who is discharged to home health has visits at home, and soon."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, listed, patients, run
from healthsim.medicine.home_health import LATEST_START

_BEGINS = {"begins": {"earliest": "2025-01-06", "latest": "2025-01-06"}}
_HOME = "home_health"
_CHARTS = {"products": ["patientsim"], "coverage": None}
_BILLED = {key: diabetic()[key] for key in ("products", "coverage")}


def _stay(id: str, at: Any = 0, **more: Any) -> Document:
    return event(id, "encounter", at, **{
        "encounter_class": "inpatient", "los_days": 3, "diagnoses": ["J18.9"],
        "disposition": {"06": 1}, **more,
    })  # fmt: skip


def _walked(*steps: Document, **changes: Any) -> dict[str, Any]:
    return run(diabetic(**{"count": 30, "mortality": "none", **_CHARTS, **changes}),
               journey(*steps, **_BEGINS))  # fmt: skip


def _visits(tables: dict[str, Any]) -> dict[int, list[int]]:
    """Return the days of each person's visits at home."""
    rows = listed(tables["encounters"], "person_id", "encounter_class", "start_at")
    found: dict[int, list[int]] = {}
    for person, kind, at in sorted(rows):
        if kind == _HOME:
            found.setdefault(person, []).append(at // 1440)
    return found


def _ends(tables: dict[str, Any], kind: str = "inpatient") -> list[tuple[int, str, int]]:
    rows = listed(tables["encounters"], "person_id", "encounter_class", "disposition", "end_at")
    return [(person, way, end // 1440) for person, one, way, end in rows if one == kind]


def test_who_is_discharged_to_home_health_is_seen_at_home_within_two_days_and_nobody_else() -> None:
    tables = _walked(_stay("stay", disposition={"01": 0.5, "06": 0.5}))
    visits, ways = _visits(tables), set()
    for person, way, end in _ends(tables):
        ways.add(way)
        assert (person in visits) == (way == "06")
        if way == "06":
            assert 1 <= visits[person][0] - end <= LATEST_START
            assert len(visits[person]) == 9
    assert ways == {"01", "06"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["observation", "snf", "outpatient_hospital"])
def test_every_class_of_encounter_that_sends_people_to_home_health_has_the_visits(
    kind: str,
) -> None:
    nights = {} if kind == "outpatient_hospital" else {"los_days": 1}
    visit = event("stay", "encounter", 0, encounter_class=kind, diagnoses=["J18.9"],
                  disposition={"06": 1}, **nights)  # fmt: skip
    tables = _walked(visit)
    assert len(_visits(tables)) == len(_ends(tables, kind)) > 0


def test_a_new_stay_ends_the_care_that_an_earlier_one_ordered() -> None:
    tables = _walked(_stay("stay"), _stay("again", 12, disposition={"01": 1}))
    again = sorted(end for _, _, end in _ends(tables))[-1]
    assert all(days[-1] <= again - 3 for days in _visits(tables).values())


def test_a_journey_that_states_visits_at_home_after_a_stay_has_those_alone() -> None:
    own = event("nurse", "encounter", {"after": "stay", "edge": "end", "day": 2},
                encounter_class=_HOME, procedures=["G0299"])  # fmt: skip
    tables = _walked(_stay("stay"), own)
    assert all(len(days) == 1 for days in _visits(tables).values())
    assert len(_visits(tables)) == len(_ends(tables))


def test_the_visits_after_a_joint_is_replaced_are_of_a_therapist_and_code_aftercare() -> None:
    tables = _walked(_stay("stay", diagnoses=["M17.11"], icd10pcs=["0SRC0J9"]), **_BILLED)
    at_home = {one for one, kind in listed(tables["encounters"], "encounter_id", "encounter_class")
               if kind == _HOME}  # fmt: skip
    coded = listed(tables["encounter_diagnoses"], "encounter_id", "sequence", "code")
    assert {code for visit, place, code in coded if visit in at_home and place == 1} == {"Z47.1"}
    lines = listed(tables["claim_lines"], "procedure", "claim_id")
    assert any(procedure == "G0151" for procedure, _ in lines)


@pytest.mark.slow
def test_stays_of_a_repeat_have_their_care_each() -> None:
    repeat = {"do": "repeat", "id": "series", "at": 0, "every": {"days": 90}, "times": 3,
              "steps": [_stay("stay")]}  # fmt: skip
    tables = _walked(repeat)
    assert all(len(days) == 27 for days in _visits(tables).values())


@pytest.mark.slow
def test_courses_of_two_journeys_bring_one_visit_a_day() -> None:
    first = journey(_stay("stay"), name="first", **_BEGINS)
    second = journey(_stay("other", 9), name="second", **_BEGINS)
    visits = _visits(run(patients(count=30, mortality="none"), first, second))
    assert visits
    assert all(len(set(days)) == len(days) for days in visits.values())


def test_after_an_operation_without_a_night_a_therapist_comes_until_therapy_outside_begins() -> (
    None
):
    knee = event("knee", "procedure", 0, code="27447")
    operation = event("operation", "encounter", 0, encounter_class="outpatient_hospital",
                      diagnoses=["M17.11"], disposition={"06": 1})  # fmt: skip
    tables = _walked(operation | {"with": [knee]})
    home = tables["encounters"]["encounter_class"].equals("home_health")
    codes = tables["encounter_diagnoses"]["code"].texts()

    assert home.any()
    assert "Z47.1" in codes
    assert all(len(days) <= 3 and max(days) - min(days) < 6 for days in _visits(tables).values())
