"""A column that is not there is answered with those that mean the same, and the table's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthsim.building import templates
from healthsim.operations import generate, near_columns, query, runs, scenarios
from healthsim.operations.home import Home
from processes import PATIENCE


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = Home(tmp_path_factory.mktemp("home"))
    profile = templates.load("medicare-diabetic").fresh() | {"count": 3, "detail": "core"}
    move = {"kind": "journey", "name": "move", "duration_days": 90, "phases": [{"name": "all",
            "steps": [{"do": "event", "id": "next", "type": "enrollment", "at": 60,
                       "details": {"plan": "HDHP"}}]}]}  # fmt: skip
    started = generate.start(home, profile, [move])
    record = generate.join(home, started.run_id, PATIENCE)
    return runs.file(home, record.run_id)


def _mend(file: Path, sql: str) -> str:
    from healthsim.errors import Refused

    with pytest.raises(Refused) as caught:
        query.query_file(file, sql)
    return caught.value.problem.mend


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "first", "table"),
    [
        ("SELECT start_date FROM enrollments", "'effective_date'", "enrollments has "),
        ("SELECT e.start_date FROM enrollments e", "'effective_date'", "enrollments has "),
        ("SELECT start_date FROM conditions", "'onset_date'", "conditions has "),
        ("SELECT dob FROM patients", "'birth_date'", "patients has "),
        ("SELECT sex, count(*) FROM patients GROUP BY 1", "'gender'", "patients has "),
        ("SELECT m.member FROM claims c JOIN members m USING (person_id)", "'person_id'",
         "members has "),
    ],
)  # fmt: skip
def test_a_column_is_answered_with_the_one_that_means_the_same(
    file: Path, sql: str, first: str, table: str
) -> None:
    said = _mend(file, sql)

    assert said.startswith(f"did you mean {first}"), said
    assert table in said


def test_a_column_that_means_nothing_here_is_answered_with_the_columns_of_the_table(
    file: Path,
) -> None:
    said = _mend(file, "SELECT zebra FROM plans")

    assert said.startswith("plans has ")
    assert "plan_id" in said


def test_the_columns_of_two_tables_at_most_are_listed(file: Path) -> None:
    said = _mend(
        file,
        "SELECT zebra FROM patients p JOIN claims c USING (person_id) "
        "JOIN fills f USING (person_id)",
    )

    assert "patients has " in said
    assert "claims has " in said
    assert "fills has " not in said


@pytest.mark.parametrize(
    ("found", "sql"),
    [
        ("Parser Error: syntax error", "SELEC 1"),
        ('Referenced column "x" not found in FROM clause!', "SELECT x FROM range(3)"),
    ],
)
def test_other_faults_keep_what_duckdb_says(file: Path, found: str, sql: str) -> None:
    assert near_columns.mend(found, sql, file) == ""


def test_faces_say_every_plan_in_order_and_nothing_that_is_somebodys_own(file: Path) -> None:
    counts = {"patients": 3, "enrollments": 6}
    people = scenarios.faces(file, counts, 3)

    assert [len(person) for person in people] == [len(scenarios.FACE)] * 3
    assert all(person[-1].endswith(", then HDHP") for person in people)
    assert all(isinstance(person[2], int) for person in people)


def test_faces_of_a_run_without_coverage_have_no_plan(file: Path) -> None:
    assert [person[-1] for person in scenarios.faces(file, {"patients": 3}, 2)] == ["", ""]


def test_faces_are_those_of_the_payer_where_there_is_no_chart(file: Path) -> None:
    (person,) = scenarios.faces(file, {"members": 3}, 1)

    assert person[0] == scenarios.faces(file, {"patients": 3}, 1)[0][0]
    assert " " in person[1]
