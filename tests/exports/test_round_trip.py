"""What an export holds is what the scenario holds: every row and value of every table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb
import pytest

from healthsim.operations import exporting, scenarios
from healthsim.operations.home import Home

READERS = {
    "csv": "read_csv('{}', all_varchar = true, nullstr = '', auto_detect = false, header = true, "
    "quote = '\"', escape = '\"', delim = ',', columns = {})",
    "parquet": "read_parquet('{}')",
}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_value_of_every_table_comes_back(
    home: Home, tmp_path: Path, form: Literal["csv", "parquet"]
) -> None:
    folder = exporting.export_to(home, "birth", tmp_path / "out", form).folder
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{scenarios.path(home, 'birth')}' AS stored (READ_ONLY)")
        compared = 0
        for table, rows in scenarios.describe(home, "birth").counts.items():
            columns = connection.execute(f"DESCRIBE stored.{table}").fetchall()
            texts = {str(name): "VARCHAR" for name, *_ in columns}
            source = READERS[form].format(folder / f"{table}.{form}", texts)
            typed = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind, *_ in columns)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE back AS SELECT {typed} FROM {source}")
            asked = (
                "SELECT (SELECT count(*) FROM back), (SELECT count(*) FROM "
                f"(FROM back EXCEPT ALL FROM stored.{table}))"
            )
            assert connection.execute(asked).fetchall() == [(rows, 0)], table
            compared += rows

    assert compared > 2_500
    assert {file.stem for file in folder.glob(f"*.{form}")} - {"data-dictionary"} == set(
        scenarios.describe(home, "birth").counts
    )
