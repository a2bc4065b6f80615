"""Drugs that a person must not take are not begun, are stopped, or are labelled as planted."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import attempted, diabetic, event, journey, listed, run, visit
from healthsim.dates import iso
from healthsim.tables import Columns

EGFR = "98979-8"
AS_OF = 20_089  # 2025-01-01


def _profile(*codes: str, takes: str = "metformin 500 mg tablet", **changes: Any) -> dict[str, Any]:
    """Forty people who have conditions and take a drug."""
    clinical = {
        "primary": {"code": "E11.9", "onset": {"years_before": 3}},
        "comorbidities": [{"code": code, "share": 1} for code in codes],
        "medications": [{"drug": takes, "share": 1, "days_supply": 30}],
    }
    return diabetic(count=40, attributes={}, clinical=clinical, **changes)


def _result(id: str, at: int, value: float, loinc: str = EGFR) -> dict[str, Any]:
    return event(id, "lab", at, loinc=loinc, result=value)


def _drug(id: str, at: int, drug: str, **more: Any) -> dict[str, Any]:
    return event(id, "prescription", at, drug=drug, **({"first_fill_share": 1.0} | more))


def _ended(tables: dict[str, Columns], ingredient: str) -> set[tuple[str, int]]:
    """Return (status, day of the journey on which it ended) of a drug's; not of what is renewed."""
    rows = listed(tables["prescriptions"], "ingredient", "status", "end_date")
    return {
        (status, end - AS_OF)
        for name, status, end in rows
        if name == ingredient and end > 0 and status != "completed"
    }


def _written(tables: dict[str, Columns]) -> set[str]:
    return {name for (name,) in listed(tables["prescriptions"], "ingredient")}


@pytest.mark.parametrize(("value", "stops"), [(29, True), (30, False)])
def test_metformin_stops_on_the_day_of_an_egfr_below_30(value: float, *, stops: bool) -> None:
    tables = run(_profile(), journey(_result("low", 100, value), visit("end", 300)))
    days = {day - AS_OF for (day,) in listed(tables["fills"], "fill_date")}

    assert _ended(tables, "metformin") == ({("stopped", 100)} if stops else set())
    assert (max(days) < 100) is stops


def test_a_result_too_old_to_count_forbids_nothing() -> None:
    low = _result("low", 1, 40)
    soon = _drug("soon", 300, "sitagliptin-metformin 50 mg/1000 mg tablet")
    late = _drug("late", 367, "sitagliptin-metformin 50 mg/1000 mg tablet")
    profile = _profile(takes="latanoprost 0.005% eye drops")
    long = {"duration_days": 500}

    assert "sitagliptin-metformin" not in _written(run(profile, journey(low, soon, **long)))
    assert "sitagliptin-metformin" in _written(run(profile, journey(low, late, **long)))


def test_what_the_profile_states_is_reviewed_on_its_day() -> None:
    tables = run(_profile("N18.4"), journey(visit("end", 300)))

    assert _ended(tables, "metformin") == {("stopped", 0)}
    assert len(tables["fills"]["fill_id"]) == 0
    assert len(tables["prescriptions"]["prescription_id"]) == 40  # stated, so it was written once


def test_nobody_with_heart_failure_begins_an_nsaid_and_who_takes_one_stops() -> None:
    begins = _drug("pain", 50, "naproxen 500 mg tablet", refills=3)
    failing = event("failing", "diagnosis", 80, code="I50.22")

    assert "naproxen" not in _written(run(_profile("I50.22"), journey(begins)))
    assert _ended(run(_profile(), journey(begins, failing)), "naproxen") == {("stopped", 80)}


def test_a_step_that_is_refused_did_not_happen() -> None:
    begins = _drug("pain", 50, "naproxen 500 mg tablet")
    seen = visit("seen", 60) | {"when": "happened('pain') or takes('naproxen')"}
    tables = run(_profile("I50.22"), journey(begins, seen))

    assert len(tables["encounters"]["encounter_id"]) == 0


def test_drugs_that_must_not_meet_are_kept_apart() -> None:
    nitrate = _drug(
        "nitrate", 40, "isosorbide mononitrate 30 mg extended-release tablet", refills=5
    )
    sildenafil = _drug("sildenafil", 60, "sildenafil 50 mg tablet")
    tables = run(_profile(), journey(nitrate, sildenafil))
    other = run(_profile(), journey(nitrate | {"at": 80}, sildenafil))

    assert "sildenafil" not in _written(tables)
    assert _ended(other, "sildenafil") == {("stopped", 80)}
    assert "isosorbide mononitrate" in _written(other)


def test_a_result_of_a_later_journey_stops_what_an_earlier_one_began() -> None:
    begins = journey(_drug("pill", 20, "metformin 500 mg tablet", refills=11), name="first")
    low = journey(_result("low", 90, 20), name="second")
    tables = run(_profile(takes="latanoprost 0.005% eye drops"), low | {"name": "early"}, begins)

    assert _ended(tables, "metformin") == {("stopped", 90)}


@pytest.mark.parametrize(("age", "written"), [(17, False), (18, True)])
def test_a_drug_for_adults_is_not_begun_by_children(age: int, *, written: bool) -> None:
    child = diabetic(
        count=20, attributes={}, clinical={"primary": {"code": "N39.0"}},
        demographics={"age": age},
        coverage={"plan": {"Commercial-PPO": 1}},
    )  # fmt: skip
    tables = run(child, journey(_drug("cure", 0, "ciprofloxacin 500 mg tablet")))

    assert ("ciprofloxacin" in _written(tables)) is written


def test_chemotherapy_is_held_while_neutrophils_are_below_1() -> None:
    def infusion(id: str, at: int, count: float) -> dict[str, Any]:
        given = event(f"{id}_given", "procedure", code="J9263", units=100)
        counted = event(f"{id}_count", "lab", loinc="751-8", result=count)
        return visit(id, at, procedures=["96413"]) | {"with": [given, counted]}

    tables = run(_profile(), journey(infusion("one", 10, 1.0), infusion("two", 24, 0.9)))
    done = listed(tables["procedures"], "code", "performed_date")
    days = {day - AS_OF for code, day in done if code == "J9263"}
    billed = {code for (code,) in listed(tables["claim_lines"], "procedure")}

    assert days == {10}  # the count of the second visit stands after the drug, and holds it
    assert "J9263" in billed


def test_none_switches_all_rules_off_and_without_switches_one_off() -> None:
    steps = journey(_drug("pain", 50, "naproxen 500 mg tablet"))
    with_one = _profile("I50.22", safety={"without": ["nsaid-heart-failure"]})

    assert "naproxen" in _written(run(_profile("I50.22", safety="none"), steps))
    assert "naproxen" in _written(run(with_one, steps))
    assert "naproxen" not in _written(run(_profile("I50.22", safety={}), steps))


def test_a_rule_that_does_not_exist_is_refused_with_those_alike() -> None:
    wrong = _profile(safety={"without": ["nsaid-hart-failure"]})
    found = attempted(wrong, journey(visit("end", 3)))

    assert "safety.without[0]" in found
    assert "nsaid-heart-failure" in found


def test_planted_violations_are_a_share_of_the_contraindications_with_their_answer_key() -> None:
    profile = _profile("N18.4", safety={"allow_violations": 0.5}, pharmacy="none")
    tables = run(profile | {"count": 600}, journey(visit("end", 300)))
    planted = listed(
        tables["planted_violations"], "person_id", "rule", "expected", "drug", "since_date",
        "prescription_id",
    )  # fmt: skip
    broken = {person for person, *_ in planted}
    filled = {person for (person,) in listed(tables["fills"], "person_id")}
    owner = dict(listed(tables["prescriptions"], "prescription_id", "person_id"))

    assert 240 < len(broken) < 360
    assert filled == broken
    assert {row[1:4] for row in planted} == {
        ("metformin-ckd-4", "stop", "metformin 500 mg tablet")
    }  # fmt: skip
    assert {iso(row[4]) for row in planted} == {"2025-01-01"}
    assert all(owner[prescription] == person for person, *_, prescription in planted)


def test_one_draw_decides_all_violations_of_a_prescription() -> None:
    profile = _profile(safety={"allow_violations": 0.5}) | {"count": 300}
    both = journey(_result("low", 100, 20), _result("lower", 130, 15), visit("end", 300))
    tables = run(profile, both)
    planted = listed(tables["planted_violations"], "person_id", "rule", "value", "since_date")

    assert len({person for person, *_ in planted}) == len(planted)  # from the first result on
    assert {row[1:] for row in planted} == {("metformin-egfr-30", 20.0, AS_OF + 100)}


def test_who_is_overlooked_does_not_depend_on_how_many_others_there_are() -> None:
    def broken(count: int) -> set[int]:
        profile = _profile("N18.4", safety={"allow_violations": 0.5}) | {"count": count}
        tables = run(profile, journey(visit("end", 300)))
        return {one for (one,) in listed(tables["planted_violations"], "person_id") if one < 4_100}

    assert broken(40) == broken(90)


def test_the_table_of_violations_is_there_only_where_some_are_planted() -> None:
    assert "planted_violations" not in run(_profile(), journey(visit("end", 3)))
    assert "planted_violations" not in run(
        _profile(safety={"without": ["nsaid-ulcer"]}), journey(visit("end", 3))
    )


@pytest.mark.slow
def test_a_result_of_the_same_visit_is_what_counts_wherever_it_stands() -> None:
    drug = event("drug", "prescription", drug="spironolactone 25 mg tablet", first_fill_share=1.0)

    def visits(before: float, then: float) -> dict[str, Any]:
        low = event("then", "lab", loinc=EGFR, result=then)
        return journey(_result("before", 20, before), visit("v", 40) | {"with": [drug, low]})

    profile = _profile(takes="latanoprost 0.005% eye drops")
    assert "spironolactone" not in _written(run(profile, visits(26, 36)))  # refused before it
    assert "spironolactone" not in _written(run(profile, visits(36, 26)))  # taken back after it
    assert "spironolactone" in _written(run(profile, visits(36, 36)))


def test_what_a_later_journey_finds_out_forbids_what_an_earlier_one_begins() -> None:
    begins = journey(_drug("pain", 50, "naproxen 500 mg tablet", refills=3), name="first")
    failing = journey(event("failing", "diagnosis", 20, code="I50.22"), name="second")
    tables = run(_profile(), begins, failing)

    assert "naproxen" not in _written(tables)
    assert "naproxen" in _written(run(_profile(safety="none"), begins, failing))
