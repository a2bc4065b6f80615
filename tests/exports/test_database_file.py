"""DuckDB: the tables and what they mean, and nothing of HealthSim's own bookkeeping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from healthsim.exports import Filter
from healthsim.operations import exporting, scenarios
from healthsim.operations.home import Home


def _asked(file: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_every_table_is_copied_with_its_rows_types_and_meanings(home: Home, tmp_path: Path) -> None:
    file = exporting.export_to(home, "birth", tmp_path / "out", "duckdb").files[0]
    tables = set(scenarios.describe(home, "birth").counts)
    with duckdb.connect() as both:
        both.execute(f"ATTACH '{file}' AS mine (READ_ONLY)")
        both.execute(f"ATTACH '{scenarios.path(home, 'birth')}' AS stored (READ_ONLY)")

        def asked(query: str) -> list[tuple[Any, ...]]:
            return both.execute(query).fetchall()

        columns = (
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE database_name = '{}' AND table_name NOT LIKE 'healthsim%' "
            "AND table_name NOT IN ('data_dictionary', 'synthetic_test_data') ORDER BY ALL"
        )
        assert asked(columns.format("mine")) == asked(columns.format("stored"))
        for table in tables:
            assert asked(f"FROM mine.{table}") == asked(f"FROM stored.{table}"), table
        same = "SELECT table_name, column_name, {} FROM {} ORDER BY ALL"
        meanings = asked(same.format("meaning", "mine.data_dictionary"))
        assert meanings == asked(same.format("meaning", "stored.healthsim_columns"))
        of_tables = "duckdb_columns() WHERE database_name = 'mine' AND comment IS NOT NULL"
        assert meanings == asked(same.format("comment", of_tables))


@pytest.mark.slow
def test_a_copy_says_that_it_is_synthetic_and_holds_what_was_chosen(
    home: Home, tmp_path: Path
) -> None:
    chosen = Filter("1-2")
    made = exporting.export_to(home, "birth", tmp_path / "out", "duckdb", ["patients"], chosen)
    file = made.files[0]
    about = "SELECT comment FROM duckdb_tables() WHERE table_name = 'patients'"

    assert _asked(file, "SELECT notice[:19], scenario, people FROM synthetic_test_data") == [
        ("Synthetic test data", "birth", "people 1-2")
    ]
    assert "Synthetic test data" in _asked(file, about)[0][0]
    assert _asked(file, "SELECT DISTINCT table_name FROM data_dictionary") == [("patients",)]
    assert _asked(file, "SELECT count(*) FROM duckdb_tables()") == [(3,)]
    assert [file.name for file in made.files] == [
        "scenario.duckdb", "manifest.json", "SYNTHETIC-TEST-DATA.txt"]  # fmt: skip
    assert 0 < _asked(file, "SELECT count(*) FROM patients")[0][0] < 10
