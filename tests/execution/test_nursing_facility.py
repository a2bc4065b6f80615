"""Who is discharged to a nursing facility has a stay in one, on the same day."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, listed, run
from template_runs import load

_BEGINS = {"begins": {"earliest": "2025-01-06", "latest": "2025-01-06"}}
_FACILITY = "snf"


def _stay(id: str, at: Any = 0, **more: Any) -> Document:
    return event(id, "encounter", at, **{
        "encounter_class": "inpatient", "los_days": 3, "diagnoses": ["J18.9"],
        "disposition": {"03": 1}, **more,
    })  # fmt: skip


def _walked(*steps: Document, **changes: Any) -> dict[str, Any]:
    return run(diabetic(**{"count": 40, "mortality": "none", **changes}),
               journey(*steps, **_BEGINS))  # fmt: skip


def _stays(tables: dict[str, Any], kind: str) -> dict[int, tuple[str, int, int]]:
    """Return (discharge status, first day, last day) of each person's last stay of a class."""
    rows = listed(
        tables["encounters"], "person_id", "encounter_class", "disposition", "start_at", "end_at"
    )
    return {who: (way, start // 1440, end // 1440)
            for who, one, way, start, end in sorted(rows) if one == kind}  # fmt: skip


def test_who_is_discharged_to_a_facility_begins_a_stay_in_one_that_day_and_nobody_else() -> None:
    tables = _walked(_stay("stay", disposition={"01": 0.5, "03": 0.5}))
    sent, facility = _stays(tables, "inpatient"), _stays(tables, _FACILITY)
    assert {way for way, _, _ in sent.values()} == {"01", "03"}
    for person, (way, _, end) in sent.items():
        assert (person in facility) == (way == "03")
        assert way == "01" or facility[person][1] == end
    nights = sorted(last - first for _, first, last in facility.values())
    assert 14 <= nights[len(nights) // 2] <= 35
    assert {way for way, _, _ in facility.values()} == {"01", "06"}


def test_the_stay_is_billed_and_codes_what_it_is_for() -> None:
    tables = _walked(_stay("stay", diagnoses=["M17.11"], icd10pcs=["0SRC0J9"]))
    encounters = listed(tables["encounters"], "encounter_id", "encounter_class")
    there = {one for one, kind in encounters if kind == _FACILITY}
    coded = listed(tables["encounter_diagnoses"], "encounter_id", "sequence", "code")
    assert {code for one, place, code in coded if one in there and place == 1} == {"Z47.1"}
    billed = {one for (one,) in listed(tables["claims"], "encounter_id")}
    assert there
    assert there <= billed


@pytest.mark.slow
def test_a_journey_that_states_a_facility_after_a_stay_has_that_alone() -> None:
    own = event("nursing", "encounter", {"after": "stay", "edge": "end", "day": 0},
                encounter_class=_FACILITY, los_days=9)  # fmt: skip
    inside = {"do": "branch", "id": "goes", "at": {"after": "stay", "edge": "end"},
              "options": [{"name": "there", "weight": 1, "steps": [own]}]}  # fmt: skip
    for later in (own, inside):
        facility = _stays(_walked(_stay("stay"), later), _FACILITY)
        assert {last - first for _, first, last in facility.values()} == {9}


@pytest.mark.slow
def test_the_young_with_a_symptom_go_home() -> None:
    people = {"count": 40, "products": ["patientsim"], "expectations": []}
    tables = run(load("medicaid-adult") | people,
                 load("emergency-visit-episode") | {"expectations": []})  # fmt: skip
    born = dict(listed(tables["patients"], "person_id", "birth_date"))
    rows = listed(tables["encounters"], "person_id", "encounter_class", "reason_code", "start_at")
    young = {why for who, kind, why, at in rows
             if kind == _FACILITY and at // 1440 - born[who] < 50 * 365}  # fmt: skip

    assert sum(kind == "inpatient" for _, kind, *_ in rows) > 5
    assert not any(why.startswith("R") for why in young)
