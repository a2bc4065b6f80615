"""Who is discharged to a nursing facility has a stay in one, on the same day."""

from __future__ import annotations

from typing import Any

import duckdb

from execution.running import Document, diabetic, event, journey, listed, run
from template_runs import kept

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


def test_a_journey_that_states_a_facility_after_a_stay_has_that_alone() -> None:
    own = event("nursing", "encounter", {"after": "stay", "edge": "end", "day": 0},
                encounter_class=_FACILITY, los_days=9)  # fmt: skip
    inside = {"do": "branch", "id": "goes", "at": {"after": "stay", "edge": "end"},
              "options": [{"name": "there", "weight": 1, "steps": [own]}]}  # fmt: skip
    for later in (own, inside):
        facility = _stays(_walked(_stay("stay"), later), _FACILITY)
        assert {last - first for _, first, last in facility.values()} == {9}


def test_the_young_with_a_symptom_go_home() -> None:
    path = kept("medicaid-adult", ("emergency-visit-episode",), 60)
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("""
            SELECT count(*) FILTER (e.encounter_class = 'inpatient'), count(*) FILTER (
                e.encounter_class = 'snf' AND date_diff('year', p.birth_date, e.start_at) < 50
                AND e.reason_code LIKE 'R%')
            FROM encounters AS e JOIN patients AS p USING (person_id)
            """).fetchone()
    assert found is not None
    assert found[0] > 5
    assert found[1] == 0
