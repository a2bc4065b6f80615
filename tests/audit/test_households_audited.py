"""Rules of households: each is seen to tell of one changed row, and to keep still before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from execution.births import WOMEN, pregnancy
from execution.families import family
from healthsim.audit import fidelity, integrity
from healthsim.execution.prepare import prepare
from healthsim.operations.auditing import compared_run
from healthsim.persistence.database import open_write
from healthsim.persistence.scenario import read_manifest, read_tables
from storing import stored

JOURNEY = pregnancy(eligible=f"{WOMEN} and role != 'child'")
BROKEN = {
    "a household lives at one address":
        "UPDATE patients SET street = '1 Other Road' WHERE person_id = "
        "(SELECT min(person_id) FROM patients WHERE person_id % 100 = 2)",
    "names differ within a household":
        "UPDATE patients SET given_name = (SELECT given_name FROM patients AS a WHERE "
        "a.person_id = patients.household_id * 100 + 1) WHERE person_id = "
        "(SELECT min(person_id) FROM patients WHERE person_id % 100 = 3)",
    "a person is of the household of their number":
        "UPDATE patients SET household_id = household_id + 1 WHERE person_id = 101",
    "a newborn has a mother of its household":
        "UPDATE patients SET mother_person_id = NULL WHERE person_id = "
        "(SELECT min(person_id) FROM patients WHERE mother_person_id IS NOT NULL)",
    "a newborn is born in its mother's life":
        "UPDATE patients SET death_date = DATE '2025-01-02' WHERE person_id = "
        "(SELECT min(mother_person_id) FROM patients)",
    "parents are older than their children":
        "UPDATE patients SET birth_date = DATE '1980-01-01' WHERE person_id = "
        "(SELECT min(person_id) FROM patients WHERE person_id % 100 = 3)",
    "a subscriber is of the household and holds code 01":
        "UPDATE members SET subscriber_id = person_id WHERE person_id = "
        "(SELECT min(person_id) FROM members WHERE person_id % 100 = 2)",
    "a subscriber has one number and name":
        "UPDATE members SET subscriber_number = 'SYN000000000' WHERE person_id = "
        "(SELECT min(person_id) FROM members WHERE person_id % 100 = 2)",
    "a child holds no employer's policy":
        "UPDATE members SET subscriber_birth_date = DATE '2010-01-01' WHERE person_id = "
        "(SELECT min(person_id) FROM members WHERE person_id % 100 = 1)",
    "a newborn of a covered mother is covered from birth":
        "UPDATE enrollments SET effective_date = effective_date + 1 WHERE enrollment_id = "
        "(SELECT min(enrollment_id) FROM enrollments WHERE reason = 'birth')",
    "a pregnancy ends within 42 weeks":
        "UPDATE conditions SET code = 'Z34.90', onset_date = DATE '2024-01-01' WHERE condition_id "
        "= (SELECT min(condition_id) FROM conditions WHERE person_id NOT IN "
        "(SELECT mother_person_id FROM patients WHERE mother_person_id IS NOT NULL))",
    "a pregnancy ends with the birth":
        "UPDATE conditions SET code = 'Z34.90', onset_date = DATE '2025-01-01', person_id = "
        "(SELECT min(mother_person_id) FROM patients), abatement_date = DATE '2025-09-30' WHERE "
        "condition_id = (SELECT min(condition_id) FROM conditions)",
}  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("families"), family(count=100, detail="core"), JOURNEY)


@pytest.fixture(scope="module")
def made(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_write(path) as connection:
        integrity.lay_out(connection, read_manifest(connection, path))
        yield connection


def test_what_families_were_asked_for_is_compared_by_role(path: Path) -> None:
    job = prepare(family(count=100), [JOURNEY])
    found = {one.what: one for one in fidelity.compare(path, job.profile_text, job.journey_texts)}

    assert (found["families"].asked, found["families"].got) == (100, 100)
    assert found["spouse"].asked == 0.6
    assert {f"children: {number}" for number in "0123"} <= found.keys()
    assert found["age: youngest"].ok
    assert [one.what for one in found.values() if one.ok is False] == []


@pytest.mark.slow
def test_a_marital_status_has_no_verdict_where_who_has_a_spouse_is_married(tmp_path: Path) -> None:
    single = family(count=40)
    single["demographics"] |= {"marital_status": {"S": 1}, "gender": {"F": 0.5, "M": 0.5}}
    job = prepare(single, [])
    path = stored(tmp_path, single)
    found = fidelity.compare(path, job.profile_text, job.journey_texts)

    assert [one for one in found if one.what.startswith("gender")]
    assert [one.asked for one in found if one.what.startswith("marital")] == [
        "not judged: those who have a spouse are married"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_household_is_told(made: duckdb.DuckDBPyConnection, path: Path, rule: str) -> None:
    tables = read_tables(made, path)
    mine = [one for one in integrity.rules_for(tables) if one.name == rule]
    assert [one.rows for one in integrity.run_rules(made, mine, tables)] == [0]

    made.execute("BEGIN")
    made.execute(BROKEN[rule])
    told = [one.rows for one in integrity.run_rules(made, mine, tables)]
    made.execute("ROLLBACK")

    assert told == [1]


@pytest.mark.slow
def test_ages_that_are_drawn_again_are_shown_without_a_verdict(tmp_path: Path) -> None:
    home = {"spouse": {"share": 0.5, "age_gap": {"type": "normal", "mean": 2, "sd": 4}},
            "children": {"number": {"0": 0.5, "2": 0.5}}}  # fmt: skip
    asked = {"kind": "profile", "name": "families", "unit": "family", "count": 60,
             "household": home, "products": ["patientsim"],
             "demographics": {"age": {"type": "uniform", "low": 30, "high": 60}}}  # fmt: skip
    found = {row[0]: row[1] for row in compared_run(stored(tmp_path, asked))}

    assert found["spouse: age_gap"] == (
        "not judged: ages that cannot be in a family are drawn again"
    )
    assert found["children: age, mean"] == found["spouse: age_gap"]


@pytest.mark.slow
def test_a_run_without_charts_or_coverage_says_what_it_cannot_judge(tmp_path: Path) -> None:
    asked = {"kind": "profile", "name": "bare", "count": 30, "products": ["membersim"],
             "coverage": {"plan": {"HDHP": 1}},
             "clinical": {"comorbidities": [{"code": "I10", "share": 0.5}]}}  # fmt: skip
    members = {row[0]: row[1] for row in compared_run(stored(tmp_path / "members", asked))}
    charts = {row[0]: row[1] for row in compared_run(
        stored(tmp_path / "charts", asked | {"products": ["patientsim"]}))}  # fmt: skip

    assert members["conditions and medications"] == "not judged: the run has no charts"
    assert charts["plan"] == "not judged: the run has no enrollments"
