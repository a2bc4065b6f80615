"""Clinical notes say what the chart holds at their time, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from template_runs import stored

PROFILE, JOURNEY = "medicare-heart-failure", "heart-failure-exacerbation"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path = stored(tmp_path_factory.mktemp("run"), PROFILE, (JOURNEY,), 60)
    with duckdb.connect(str(path), read_only=True) as opened:
        yield opened


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    (number,) = connection.execute(f"SELECT count(*) FROM ({sql})").fetchall()[0]
    return int(number)


def test_a_visit_has_one_note_and_a_stay_two(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute("""
        SELECT encounter_class IN ('inpatient', 'snf') AS stay, list(DISTINCT titles)
        FROM (SELECT encounter_class, list(title ORDER BY authored_at) AS titles
              FROM encounters LEFT JOIN clinical_notes USING (encounter_id)
              GROUP BY encounter_id, encounter_class)
        GROUP BY stay ORDER BY stay
        """).fetchall()
    assert sorted(found[0][1]) == [["Emergency department note"], ["Progress note"]]
    assert found[1][1] == [["History and physical note", "Discharge summary"]]


def test_every_diagnosis_of_the_encounter_is_in_its_note(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    listed = "SELECT 1 FROM clinical_notes JOIN encounter_diagnoses USING (encounter_id)"
    assert _count(connection, listed) > 500
    assert not _count(connection, f"{listed} WHERE NOT contains(text, '(' || code || ')')")


def test_a_note_knows_results_that_were_reported_and_no_others(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    value = "printf('NT-proBNP %g pg/mL', value)"
    sent = f"""SELECT 1 FROM clinical_notes JOIN lab_results USING (encounter_id)
               WHERE loinc = '33762-6' AND type = '34117-2' AND contains(text, {value})"""
    assert _count(connection, f"{sent} AND resulted_at <= authored_at") > 20
    assert not _count(connection, f"{sent} AND resulted_at > authored_at")


def test_no_note_has_empty_headings_or_words_of_a_program(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    odd = r"None|nan|null|\{|\}|[\x00-\x09]|  |\n\n\n|\n[A-Z ]+\n\n|\n$| ,|\.\.|\(\)"
    assert not connection.execute(
        "SELECT text FROM clinical_notes WHERE regexp_matches(text, ?)", [odd]
    ).fetchall()


def test_every_note_says_that_nobody_in_it_is_real(connection: duckdb.DuckDBPyConnection) -> None:
    assert not _count(
        connection, "SELECT 1 FROM clinical_notes WHERE NOT text LIKE '%Not a real person.'"
    )
