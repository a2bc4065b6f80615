"""Gender other and unknown: where a specification says so, and what follows from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.scenes import opened
from execution.births import pregnancy
from execution.families import family
from execution.running import attempted, diabetic, first_year, journey, listed, run, visit
from healthsim.audit import integrity
from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.operations.auditing import compared_run
from storing import stored

FOUR = {"M": 0.25, "F": 0.25, "other": 0.25, "unknown": 0.25}


def of_four(count: int = 400, **where: Any) -> dict[str, Any]:
    document = diabetic(count=count)
    document["demographics"] = document["demographics"] | {"gender": FOUR} | where
    return document


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("genders"), *_PEOPLE)


_PEOPLE = (of_four(40, location={"states": {"PR": 0.8, "GU": 0.2}}), first_year())
_OF_THEM = re.compile(r"\b(gender|sex|state|zip|county|phone)\b")


def _sql(rule: AnyRule) -> str:
    return rule.sql if isinstance(rule, AuditRule) else f"{rule.table} {rule.broken}"


@pytest.mark.proof
def test_people_of_every_gender_in_territories_keep_every_rule(path: Path) -> None:
    """Each day rules of gender and place are asked, by the next test."""
    assert [(one.check, one.example) for one in integrity.check(path) if one.rows] == []


@pytest.mark.slow
def test_people_of_every_gender_in_territories_keep_rules_of_both_and_are_as_many_as_asked(
    path: Path, tmp_path: Path
) -> None:
    with opened(tmp_path, *_PEOPLE) as scenario:
        asked = [rule for rule in scenario.rules if _OF_THEM.search(_sql(rule))]
        assert len(asked) > 20
        assert scenario.told(asked) == {}
    rows = {row[0]: row for row in compared_run(path)}
    assert [rows[f"gender {label}"][-1] for label in FOUR] == [True] * 4


def test_charts_keep_the_gender_and_payers_a_letter_for_those_who_are_neither() -> None:
    tables = run(of_four(count=200), first_year())
    charts, payers = (dict(listed(tables[name], "person_id", "gender"))
                      for name in ("patients", "members"))  # fmt: skip

    assert set(charts.values()) == set(FOUR)
    letter = {"M": "M", "F": "F", "other": "U", "unknown": "U"}
    assert payers == {who: letter[gender] for who, gender in charts.items()}
    held = dict(listed(tables["members"], "person_id", "subscriber_gender"))
    assert held == payers


def test_intervals_of_people_who_are_neither_are_those_of_both_sexes() -> None:
    blood = {"do": "event", "id": "hgb", "type": "lab", "details": {"loinc": "718-7"}}
    document = journey(visit("seen", 5, diagnoses=["Z00.00"]) | {"with": [blood]})
    tables = run(of_four(), document)
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    found: dict[str, set[float]] = {label: set() for label in FOUR}
    for who, low in listed(tables["lab_results"], "person_id", "ref_low"):
        found[gender[who]].add(low)

    assert found["other"] == found["unknown"]
    assert len(found["other"]) == 1
    assert found["M"] != found["F"]


def test_codes_of_one_sex_are_for_it_and_for_people_who_are_neither() -> None:
    document = of_four()
    document["clinical"] = {"primary": {"code": "E11.9"}, "comorbidities": [
        {"code": "N40.1", "share": 0.9}]}  # fmt: skip
    tables = run(document)
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    with_it = {gender[who] for who, code in listed(tables["conditions"], "person_id", "code")
               if code == "N40.1"}  # fmt: skip

    assert with_it == {"M", "other", "unknown"}


@pytest.mark.parametrize("label", ["O", "nonbinary", "male"])
def test_an_unknown_label_is_refused_with_those_that_there_are(label: str) -> None:
    document = of_four()
    document["demographics"]["gender"] = {"M": 0.5, label: 0.5}
    found = attempted(document)

    assert isinstance(found, str)
    assert "gender" in found
    assert "other" in found


def test_only_women_give_birth_and_others_are_named(path: Path) -> None:
    found = attempted(of_four(), pregnancy(eligible="gender != 'M' and age >= 18 and age < 46"))

    assert isinstance(found, str)
    assert "can happen to people with gender other" in found


def test_families_have_members_of_every_gender() -> None:
    document = family(count=300)
    document["household"] = {"members": [
        {"role": "spouse", "gender": "other"}, {"role": "child", "gender": "unknown"}]}  # fmt: skip
    document["demographics"] = document["demographics"] | {"gender": FOUR}
    rows = listed(run(document)["patients"], "person_id", "gender")

    assert {gender for who, gender in rows if who % 100 == 2} == {"other"}
    assert {gender for who, gender in rows if who % 100 == 3} == {"unknown"}
    assert {gender for who, gender in rows if who % 100 == 1} == set(FOUR)


def test_spouses_of_people_who_are_neither_are_men_and_women() -> None:
    document = family(count=300)
    document["household"] = {"spouse": {"share": 1}}
    document["demographics"] = document["demographics"] | {"gender": {"unknown": 1}}
    rows = listed(run(document)["patients"], "person_id", "gender")
    spouses = np.array([gender for who, gender in rows if who % 100 == 2])

    assert set(spouses.tolist()) == {"M", "F"}
    assert 0.4 < (spouses == "F").mean() < 0.6
