"""Members of families and years of birth beside what was asked, and the rules that they keep."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from audit.scenes import opened
from execution.families import family
from execution.test_members import DAUGHTER, FATHER, MOTHER, four
from healthsim.audit import fidelity, integrity
from healthsim.audit.comparison import Comparison
from healthsim.building import templates
from healthsim.execution.prepare import prepare
from storing import stored

pytestmark = pytest.mark.slow  # its runs

MEMBERS = [FATHER, MOTHER, DAUGHTER, {"role": "child", "conditions": [
    {"code": "F90.9", "share": 0.4}]}]  # fmt: skip
ASTHMA = {"comorbidities": [{"code": "J45.20", "share": 0.1}, {"code": "E10.9", "share": 0.3}]}
JOURNEY = templates.load("pregnancy").fresh()
PROFILE = four(*MEMBERS, count=10, detail="core", clinical=ASTHMA)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("members"), PROFILE, JOURNEY)


def compared(path: Path, profile: dict[str, Any]) -> dict[str, Comparison]:
    text = _checked(json.dumps(profile))
    return {one.what: one for one in fidelity.compare(path, text, [])}


@cache
def _checked(profile: str) -> str:
    return prepare(json.loads(profile), []).profile_text


def test_a_pregnancy_with_a_due_date_keeps_every_rule(tmp_path: Path) -> None:
    """Of diagnoses; the rest does not know of a due date."""
    with opened(tmp_path, PROFILE, JOURNEY) as scenario:
        named = {rule.name for rule in integrity.NAMED}
        asked = [rule for rule in scenario.about("conditions")
                 if rule.name in named]  # fmt: skip

        assert len(asked) > 30
        assert scenario.told(asked) == {}


def test_every_member_is_compared_with_what_was_asked(path: Path) -> None:
    found = compared(path, PROFILE)

    for what in (
        "members: anchor", "members: spouse", "members: child 1", "members: child 2", "spouse F",
        "spouse pregnant", "child 1 born 2015", "child 1 F", "anchor with E11.9",
        "child 1 with J45.20",
    ):  # fmt: skip
        assert (found[what].asked, found[what].got, found[what].ok) == (10, 10, True), what
    assert found["child 2 with F90.9"].asked == 0.4
    assert [one for one in found.values() if one.ok is False] == []
    others = [one for one in found if one.startswith(("condition J45.20", "condition E10.9"))]
    assert all("without the members" in one for one in others)
    assert len(others) == 2


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DELETE FROM patients WHERE person_id = 103", "members: child 1"),
        ("UPDATE patients SET gender = 'M' WHERE person_id = 103", "child 1 F"),
        ("UPDATE patients SET birth_date = DATE '2014-12-31' WHERE person_id = 103",
         "child 1 born 2015"),
        ("UPDATE patients SET birth_date = DATE '2016-01-01' WHERE person_id = 103",
         "child 1 born 2015"),
        ("DELETE FROM conditions WHERE person_id = 102", "spouse pregnant"),
        ("DELETE FROM conditions WHERE person_id = 101", "anchor with E11.9"),
    ],
)  # fmt: skip
def test_a_member_who_is_not_as_asked_is_told(path: Path, change: str, what: str) -> None:
    copy = path.with_name("changed.duckdb")
    copy.write_bytes(path.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(change)

    assert compared(copy, PROFILE)[what].ok is False


def test_a_birth_year_of_persons_is_compared(tmp_path: Path) -> None:
    profile = family(unit="person", household=None, attributes={}, clinical={},
                     demographics={"born": {"from": "1980", "to": "1984"}})  # fmt: skip
    found = compared(stored(tmp_path, profile), profile)

    assert (found["people born 1980 to 1984"].asked, found["people born 1980 to 1984"].got) == (
        60, 60,
    )  # fmt: skip
    assert not [what for what in found if what.startswith("age")]
