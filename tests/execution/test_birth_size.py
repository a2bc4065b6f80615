"""Codes of babies that follow from their size and week at birth."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from execution.births import pregnancy
from execution.families import family
from execution.running import diabetic, journey, listed, run, visit
from healthsim.dates import day_of

_BABIES = {"type": "uniform", "low": 0, "high": 0.005, "decimals": 4}


def _codes(count: int = 30, weeks: Any = 40, grams: Any = None, **changes: Any) -> set[str]:
    attributes = {"gestation_weeks": weeks} | ({"birth_weight_g": grams} if grams else {})
    profile = diabetic(
        count=count, products=["patientsim"], coverage=None, attributes=attributes,
        demographics={"age": _BABIES, "gender": {"M": 0.5, "F": 0.5}},
        **({"clinical": {}} | changes),
    )  # fmt: skip
    seen = visit("seen", 1, diagnoses=["Z00.110"], comorbidities=True)
    tables = run(profile, journey(seen))
    held = {code for (code,) in listed(tables["conditions"], "code")}
    stated = {code for (code,) in listed(tables["encounter_diagnoses"], "code")}
    assert {code for code in stated if code.startswith("P0")} <= held
    return {code for code in held if code.startswith("P0")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weeks", "grams", "expected"),
    [
        (40, 3500, set()),
        (40, 2499, {"P05.18"}),
        (36.9, 2800, {"P07.39"}),
        (28, 1249, {"P07.14", "P07.31"}),
        (24.5, 499, {"P07.23", "P05.11"}),
        (39, 4000, {"P08.1"}),
        (39, 4500, {"P08.0"}),
        (41.5, 3600, {"P08.21"}),
    ],
)
def test_a_baby_has_the_codes_of_its_weight_and_week(
    weeks: float, grams: int, expected: set[str]
) -> None:
    assert _codes(6, weeks, grams) == expected


def test_without_a_stated_weight_babies_of_a_week_have_usual_ones() -> None:
    codes = _codes(40, 28)

    assert "P07.31" in codes
    assert {code[:5] for code in codes if code not in ("P07.31",)} <= {"P07.0", "P07.1", "P05.1"}


def test_the_size_of_babies_is_coded_up_to_the_age_of_27_days() -> None:
    ages = {"type": "uniform", "low": 22 / 365.25, "high": 34 / 365.25, "decimals": 4}
    profile = diabetic(
        count=120, products=["patientsim"], coverage=None, clinical={}, as_of="2025-06-15",
        attributes={"gestation_weeks": 30},
        demographics={"age": ages, "gender": {"M": 0.5, "F": 0.5}},
    )  # fmt: skip
    tables = run(profile, journey())
    of_week = {person for person, code in listed(tables["conditions"], "person_id", "code")
               if code.startswith("P07.3")}  # fmt: skip
    days = {person: day_of("2025-06-15") - born
            for person, born in listed(tables["patients"], "person_id", "birth_date")}  # fmt: skip

    assert {27, 28} <= set(days.values())
    assert of_week == {person for person, age in days.items() if age < 28}


def test_what_a_profile_states_of_it_is_left_to_the_profile() -> None:
    clinical = {"comorbidities": [{"code": "P07.32", "share": 0.5}]}
    codes = _codes(20, 28, 1100, clinical=clinical)

    assert codes == {"P07.32", "P07.14"}


def test_none_of_it_is_coded_where_problem_lists_do_not_live() -> None:
    assert _codes(6, 28, 1100, problem_list="none") == set()


@pytest.mark.slow
def test_children_born_in_the_run_have_those_of_their_mothers_due_date() -> None:
    born = run(family(count=60), pregnancy())
    babies = {person for person, mother in
              listed(born["patients"], "person_id", "mother_person_id") if mother > 0}  # fmt: skip
    of_baby = defaultdict(set)
    for person, code in listed(born["conditions"], "person_id", "code"):
        of_baby[person].add(code[:3])
    coded = [person for person in babies if of_baby[person] & {"P05", "P07", "P08"}]

    assert babies
    assert not [person for person, codes in of_baby.items()
                if person not in babies and codes & {"P05", "P07", "P08"}]  # fmt: skip
    assert len(coded) < len(babies)
