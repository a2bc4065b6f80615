"""One table says what each format holds: help, page, answers and errors agree with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from mcp import Client
from typer.testing import CliRunner

from healthsim import cli_export
from healthsim.app import build_server
from healthsim.cli import app
from healthsim.errors import Refused
from healthsim.exports import FORMATS, Filter, Format
from healthsim.operations import exporting
from healthsim.operations.home import Home

PAGE = Path(__file__).parents[2] / "docs" / "exports.md"


def test_every_format_is_in_the_table_and_the_page_is_what_the_table_says() -> None:
    assert set(FORMATS) == set(get_args(Format))
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for form, *said in cli_export._formats():
        assert f"| `{form}` | {' | '.join(said)} |" in lines


@pytest.mark.slow
def test_the_command_says_what_each_format_holds() -> None:
    listed = CliRunner().invoke(app, ["export", "--formats", "--json"])
    rows = {row["format"]: row for row in json.loads(listed.stdout)}
    shown = " ".join(CliRunner().invoke(app, ["export", "--help"]).stdout.split())

    assert list(rows) == list(FORMATS)
    for form, facts in FORMATS.items():
        assert (rows[form]["holds"], rows[form]["leaves out"]) == (facts.holds, facts.lacks)
        assert facts.sentence in shown.replace("│ ", "").replace(" │", "")


def test_tables_and_people_are_refused_where_a_format_has_no_choice(
    home: Home, tmp_path: Path
) -> None:
    for form, facts in FORMATS.items():
        if facts.whole:
            with pytest.raises(Refused, match=r"tables: .*'csv', 'parquet', 'xlsx', 'duckdb'"):
                exporting.export_to(home, "birth", tmp_path / form, form, ["claims"])
        if facts.everybody:
            with pytest.raises(Refused, match="people: a report is about everybody"):
                exporting.export_to(home, "birth", tmp_path / form, form, (), Filter("1"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.anyio
async def test_an_answer_says_what_the_files_hold_and_leave_out(home: Home) -> None:
    asked = {"name": "birth", "format": "duckdb", "tables": ["plans"], "people": "1-2"}
    async with Client(build_server(home.folder)) as client:
        answer = await client.call_tool("export_scenario", asked)
    said = answer.structured_content or {}

    assert said["holds"] == FORMATS["duckdb"].holds
    assert said["leaves_out"] == FORMATS["duckdb"].lacks
    assert said["files"] == ["scenario.duckdb", "manifest.json", "SYNTHETIC-TEST-DATA.txt"]
