"""A service that its place, or the age or sex of people, excludes is warned of, with a mend."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.specification.checks.service_limits import service_warnings
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec

_ALL: Any = {"F": 1}
_MIXED: Any = {"M": 0.5, "F": 0.5}


def _profile(age: Any, gender: Any) -> ProfileSpec:
    return ProfileSpec.model_validate({
        "kind": "profile", "name": "people", "title": "People", "count": 3, "seed": 1,
        "as_of": "2025-01-01", "demographics": {"age": age, "gender": gender},
        "products": ["patientsim"],
    })  # fmt: skip


def _warned(
    code: str, place: str = "office", age: Any = 70, gender: Any = _ALL, **step: Any
) -> list[str]:
    """Return what is said of a code that an encounter states, and one that is done in it."""
    found = []
    for stated, done in (([code], []), ([], [code])):
        inner = {"do": "event", "id": "done", "type": "procedure", **step}
        within = [inner | {"details": {"code": one}} for one in done]
        visit = {"do": "event", "id": "seen", "type": "encounter", "at": 10, "with": within,
                 "details": {"encounter_class": place, "procedures": stated}}  # fmt: skip
        journey = JourneySpec.model_validate({
            "kind": "journey", "name": "one", "title": "One", "duration_days": 90,
            "phases": [{"name": "all", "steps": [visit | (step if stated else {})]}],
        })  # fmt: skip
        found += [f"{one.where}: {one.found}; {one.mend}"
                  for one in service_warnings(_profile(age, gender), [journey])]  # fmt: skip
    return found


_STATED = "journeys[0].phases[0].steps[0].details.procedures[0]: "
_DONE = "journeys[0].phases[0].steps[0].with[0].details.code: "


@pytest.mark.parametrize(("code", "place", "why"), [
    ("99284", "office", "is a visit to an emergency department"),
    ("99223", "outpatient_hospital", "is a day of a hospital stay"),
    ("90999", "office", "is billed by facilities alone"),
    ("33533", "outpatient_hospital", "is paid only in a stay"),
])  # fmt: skip
def test_a_code_that_the_place_excludes_is_told_where_it_stands(
    code: str, place: str, why: str
) -> None:
    stated, done = _warned(code, place)

    assert stated.startswith(f"{_STATED}{code} {why}")
    assert done.startswith(f"{_DONE}{code} {why}")
    assert all(one.endswith("choose the code that this place bills, or another encounter_class")
               for one in (stated, done))  # fmt: skip


@pytest.mark.parametrize(("code", "place"), [
    ("99213", "office"), ("99284", "emergency"), ("99223", "observation"), ("33533", "inpatient"),
    ("90999", "dialysis"), ("27447", "outpatient_hospital"),
])  # fmt: skip
def test_a_code_of_its_place_is_not_told(code: str, place: str) -> None:
    assert _warned(code, place) == []


def test_a_code_of_one_sex_is_told_with_the_condition_that_mends_it() -> None:
    told = _warned("84153", gender=_MIXED)

    assert told[0] == (
        f"{_STATED}84153 (prostate antigen) is for M, and people with gender F can get it; "
        "add when: \"gender == 'M'\""
    )
    assert len(told) == 2
    assert _warned("84153", gender={"M": 1}) == []
    assert _warned("84153", gender=_MIXED, when="gender == 'M'") == []


@pytest.mark.parametrize(("age", "told"), [(0, 0), (1, 2), (30, 2)])
def test_a_code_of_an_age_that_nobody_has_is_told(age: int, told: int) -> None:
    assert len(_warned("99391", age=age)) == told


def test_an_age_that_people_reach_within_the_journey_is_not_told() -> None:
    assert _warned("99397", age=64.9) == []
    assert len(_warned("99397", age=64)) == 2


def test_a_condition_on_age_says_who_gets_the_service() -> None:
    assert _warned("99391", age=30, when="age < 1") == []
