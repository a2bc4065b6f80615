"""Face sheets: what a profile leaves out hangs together with what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.families import family
from execution.running import Columns, diabetic, listed, run
from healthsim.dates import day_of, whole_years


def people(count: int = 4_000, **demographics: Any) -> Columns:
    """Return the patients of a profile that says only some of the face sheet."""
    document = diabetic(count=count) | {
        "demographics": demographics, "clinical": {}, "attributes": {}, "coverage": None,
        "products": ["patientsim"],
    }  # fmt: skip
    return run(document)["patients"]


def ages(patients: Columns) -> np.ndarray:
    born = np.asarray(patients["birth_date"], dtype=np.int32)
    return whole_years(born, np.full(len(born), day_of("2025-01-01"), dtype=np.int32))


def texts(patients: Columns, name: str) -> np.ndarray:
    return np.array([text for (text,) in listed(patients, name)])


def test_widowhood_rises_with_age_and_is_more_frequent_among_women() -> None:
    patients = people(age={"type": "uniform", "low": 0, "high": 95, "decimals": 0})
    status, age, women = texts(patients, "marital_status"), ages(patients), (
        texts(patients, "gender") == "F")  # fmt: skip

    def share(label: str, who: np.ndarray) -> float:
        return float((status[who] == label).mean())

    old = age >= 85
    assert set(status[age < 18]) == {"S"}
    assert 0.08 < share("W", (age >= 65) & (age < 75)) < 0.17
    assert 0.45 < share("W", old) < 0.70
    assert share("W", old & women) > 0.6 > 0.45 > share("W", old & ~women)
    assert share("M", old & ~women) > share("M", old & women) + 0.2
    assert share("S", (age >= 18) & (age < 25)) > 0.8


def test_an_anchor_of_a_family_is_married_where_a_spouse_is_there_and_nowhere_else() -> None:
    document = family(count=600)
    patients = run(document)["patients"]
    who = np.asarray(patients["person_id"])
    status, place = texts(patients, "marital_status"), who % 100
    with_spouse = np.isin(who // 100, who[place == 2] // 100)

    assert set(status[(place == 1) & with_spouse]) == {"M"}
    alone = set(status[(place == 1) & ~with_spouse])
    assert "M" not in alone
    assert len(alone) > 1


def test_a_marital_status_that_is_stated_stays_where_no_spouse_is_there() -> None:
    document = family(count=100)
    document["demographics"] |= {"marital_status": {"M": 1}}
    patients = run(document)["patients"]

    assert set(texts(patients, "marital_status")[np.asarray(patients["person_id"]) % 100 == 1]) == {
        "M"
    }


OLD = {"type": "uniform", "low": 65, "high": 95, "decimals": 0}


def share(of: np.ndarray, among: np.ndarray) -> float:
    return float(of[among].mean())


def test_race_follows_age_where_nobody_states_it() -> None:
    old, young = people(age=OLD), people(age={"type": "uniform", "low": 0, "high": 14})
    found = []
    for patients in (old, young):
        race, hispanic = texts(patients, "race"), texts(patients, "ethnicity") == "hispanic"
        found.append((float(((race == "white") & ~hispanic).mean()), float(hispanic.mean()),
                      float((race == "multiple").mean())))  # fmt: skip
    (white, hispanic, multiple), (white_young, hispanic_young, multiple_young) = found

    assert 0.71 < white < 0.80  # 75 % of 65 and over: Census Bureau, estimates of 2023
    assert 0.06 < hispanic < 0.12
    assert multiple < 0.06
    assert white_young < 0.54
    assert hispanic_young > 0.22
    assert multiple_young > 0.10


def test_a_stated_race_is_followed_by_ethnicity_and_language() -> None:
    patients = people(race={"white": 0.5, "asian": 0.5})
    race, language = texts(patients, "race"), texts(patients, "language")
    asian, hispanic = race == "asian", texts(patients, "ethnicity") == "hispanic"

    assert share(hispanic, asian) < 0.03
    assert share(hispanic, ~asian) < 0.10
    assert share(np.isin(language, ["zh", "vi", "tl", "ko"]), asian) > 0.15
    assert share(np.isin(language, ["zh", "vi", "tl", "ko"]), ~asian) == 0


def test_a_stated_language_is_followed_by_race_and_ethnicity() -> None:
    patients = people(language={"es": 0.4, "zh": 0.3, "en": 0.3})
    language = texts(patients, "language")
    hispanic, asian = texts(patients, "ethnicity") == "hispanic", texts(patients, "race") == "asian"

    assert share(hispanic, language == "es") > 0.95
    assert share(asian, language == "zh") > 0.95
    assert share(hispanic, language == "zh") < 0.03
    assert abs(float((language == "es").mean()) - 0.4) < 0.03


def test_two_stated_parts_keep_their_shares_and_hang_together() -> None:
    patients = people(
        race={"white": 0.6, "black": 0.2, "other": 0.2}, ethnicity={"hispanic": 0.3,
        "non_hispanic": 0.7}, language={"en": 0.75, "es": 0.25},
    )  # fmt: skip
    race, language = texts(patients, "race"), texts(patients, "language")
    hispanic = texts(patients, "ethnicity") == "hispanic"

    for got, asked in ((hispanic, 0.3), (race == "other", 0.2), (language == "es", 0.25)):
        assert abs(float(got.mean()) - asked) < 0.03
    assert share(hispanic, race == "other") > 0.85
    assert share(hispanic, race == "black") < 0.10
    assert share(language == "es", hispanic) > 0.6
    assert share(language == "es", ~hispanic) < 0.10


def test_exact_shares_of_balanced_sampling_stay_exact_where_two_parts_are_stated() -> None:
    document = diabetic(count=200) | {
        "demographics": {"race": {"white": 0.48, "other": 0.52}, "ethnicity": {"hispanic": 0.25,
                         "non_hispanic": 0.75}},
        "sampling": "balanced", "clinical": {}, "attributes": {}, "coverage": None,
        "products": ["patientsim"],
    }  # fmt: skip
    patients = run(document)["patients"]

    assert (texts(patients, "race") == "white").sum() == 96
    assert (texts(patients, "ethnicity") == "hispanic").sum() == 50


def test_a_label_of_ones_own_is_kept_and_says_nothing_of_the_others() -> None:
    patients = people(1_000, race={"elvish": 1})

    assert set(texts(patients, "race")) == {"elvish"}
    assert 0.13 < float((texts(patients, "ethnicity") == "hispanic").mean()) < 0.25


def test_languages_are_those_of_the_place() -> None:
    asian = {"race": {"asian": 1}, "age": OLD}
    texas, york = (texts(people(1_500, location={"states": {state: 1}}, **asian), "language")
                   for state in ("TX", "NY"))  # fmt: skip

    assert (texas == "vi").mean() > 4 * (york == "vi").mean()
    assert (york == "zh").mean() > 2 * (texas == "zh").mean()


@pytest.mark.parametrize(
    "demographics",
    [
        {"ethnicity": {"type": "conditional", "otherwise": {"non_hispanic": 1}, "cases": [
            {"when": "race == 'other'", "then": {"hispanic": 1}}]}},
        {"age": {"type": "conditional", "cases": [{"when": "ethnicity == 'hispanic'", "then": 40}],
                 "otherwise": 70}},
        {"location": {"states": {"type": "conditional", "cases": [
            {"when": "language == 'es'", "then": {"TX": 1}}], "otherwise": {"OH": 1}}}},
        {"race": {"type": "conditional", "cases": [{"when": "language == 'zh'",
                  "then": {"asian": 1}}], "otherwise": {"white": 1}}},
    ],
)  # fmt: skip
def test_whatever_a_profile_states_given_the_others_is_drawn_after_them(
    demographics: dict[str, Any],
) -> None:
    patients = people(400, **demographics)

    assert len(patients["person_id"]) == 400
    if "race" in demographics:
        chinese = texts(patients, "language") == "zh"
        assert set(texts(patients, "race")[chinese]) <= {"asian"}
