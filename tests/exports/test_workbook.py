"""Excel: a sheet for each table, as another reader sees it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from healthsim.errors import Refused
from healthsim.exports import Filter, workbook
from healthsim.operations import exporting, scenarios
from healthsim.operations.home import Home

FORMULA, BIG = '=HYPERLINK("http://example.org","x")', 2**60
TEXTS = [
    FORMULA,
    "+1",
    "@x",
    "-2",
    "007",
    "TRUE",
    "http://example.org",
    " two\nlines ",
    "<&>\"'",
    "é漢",
]


@pytest.fixture(scope="module")
def odd(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home whose scenario `odd` has texts like formulas, large ids and an old birthday."""
    found = Home(tmp_path_factory.mktemp("odd"))
    path = found.ensure(found.scenarios) / "odd.duckdb"
    shutil.copyfile(scenarios.path(home, "family"), path)
    with duckdb.connect(str(path)) as connection:
        people = connection.execute("SELECT person_id FROM patients ORDER BY 1").fetchall()
        for (key,), text in zip(people, TEXTS, strict=False):
            connection.execute(
                "UPDATE patients SET given_name = ? WHERE person_id = ?", [text, key]
            )
        old = "UPDATE patients SET birth_date = DATE '1890-02-03' WHERE person_id = ?"
        connection.execute(old, people[0])
        connection.execute("UPDATE encounters SET encounter_id = encounter_id + ?", [BIG])
    return found


def _book(home: Home, folder: Path, name: str, *tables: str, chosen: Filter | None = None) -> Any:
    made = exporting.export_to(home, name, folder / "out", "xlsx", tables, chosen or Filter())
    assert sorted(file.name for file in made.folder.iterdir()) == sorted(
        file.name for file in made.files
    )
    return openpyxl.load_workbook(made.folder / "scenario.xlsx")


def _rows(book: Any, table: str) -> list[Mapping[str, Any]]:
    titles, *rows = book[table].iter_rows(values_only=True)
    return [dict(zip(titles, row, strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    """Return what Excel has in place of a value: no days without hours, no cents."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return value


@pytest.mark.slow
def test_each_table_is_a_sheet_with_its_values(home: Home, tmp_path: Path) -> None:
    tables = ("claims", "encounters", "fills", "patients", "vital_signs")
    book = _book(home, tmp_path, "birth", *tables)
    kinds = set()
    with duckdb.connect(str(scenarios.path(home, "birth")), read_only=True) as connection:
        for table in tables:
            stored = connection.execute(f"FROM {table}")
            kinds |= {str(column[1]) for column in stored.description or ()}
            expected = [tuple(map(_plain, row)) for row in stored.fetchall()]
            assert [tuple(row.values()) for row in _rows(book, table)] == expected, table

    assert book.sheetnames == ["data-dictionary", *tables]
    assert kinds >= {"BIGINT", "DATE", "TIMESTAMP", "DECIMAL(12,2)", "VARCHAR", "DOUBLE"}
    formats = {cell.column_letter: cell.number_format for cell in book["claims"][2]}
    assert {"0", "yyyy-mm-dd", "#,##0.00"} <= set(formats.values())


@pytest.mark.slow
def test_texts_like_formulas_are_texts_and_what_excel_cannot_hold_is_text(
    odd: Home, tmp_path: Path
) -> None:
    book = _book(odd, tmp_path, "odd", "patients", "encounters")
    patients = _rows(book, "patients")
    names = [row["given_name"] for row in patients]

    assert names[: len(TEXTS)] == TEXTS
    assert {cell.data_type for row in book["patients"].iter_rows() for cell in row} <= set("snbd")
    assert patients[0]["birth_date"] == "1890-02-03"
    assert len(str(patients[1]["birth_date"])) == len("1990-01-01")
    assert all(int(row["encounter_id"]) > BIG for row in _rows(book, "encounters"))
    assert {cell.data_type for cell in book["encounters"]["A"]} == {"s"}


@pytest.mark.slow
def test_a_workbook_says_that_it_is_synthetic_and_what_columns_mean(
    home: Home, tmp_path: Path
) -> None:
    book = _book(home, tmp_path, "birth", "plans", chosen=Filter("1-2"))
    first = list(book["data-dictionary"].iter_rows(values_only=True))

    assert first[0][0].startswith("Synthetic test data made by HealthSim. Nobody in it exists.")
    assert first[0][0].endswith("Scenario birth: people 1-2.")
    assert first[2][:4] == ("table_name", "column_name", "type", "meaning")
    assert {row[0] for row in first[3:]} == {"plans"}
    assert "synthetic test data" in book.properties.title
    assert book.properties.created == datetime(2000, 1, 1)  # noqa: DTZ001
    assert book["plans"].oddFooter.center.text == "Synthetic test data made by HealthSim"


@pytest.mark.slow
def test_two_workbooks_of_a_scenario_are_equal_byte_by_byte(home: Home, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        path = scenarios.path(home, "birth")
        (made,) = workbook.export(path, "birth", tmp_path / name, ("plans", "claims"))
        written.append(made.path.read_bytes())

    assert written[0] == written[1]


def test_more_than_a_workbook_holds_is_refused_with_the_mend(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(workbook, "MOST_CELLS", 100)
        with pytest.raises(Refused, match=r"these tables have [0-9,]+ cells of 100; choose some"):
            _book(home, tmp_path, "birth")
    with monkeypatch.context() as small:
        small.setattr(workbook, "MOST_ROWS", 3)
        with pytest.raises(Refused, match=r"patients has 12 rows, and a sheet of Excel holds 3; "):
            _book(home, tmp_path, "birth", "patients")
    with monkeypatch.context() as small:
        small.setitem(workbook._FIT, "VARCHAR", "max(length({0})) <= 5")
        with pytest.raises(Refused, match=r"patients\.[a-z_]+ has a text of more than 32,767"):
            _book(home, tmp_path, "birth", "patients")

    assert list(tmp_path.iterdir()) == []
