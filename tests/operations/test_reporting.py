"""Reports of scenarios: what is gathered, and how the file is written."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from healthsim.errors import NotFound, Refused, StorageError
from healthsim.execution.prepare import prepare
from healthsim.operations import drawing, exporting, generate, reporting, runs, scenarios, verify
from healthsim.operations.home import Home
from healthsim.report.facts import Report
from operations import saved_runs
from report.hostile import CANARIES, elements, texts
from stand_ins import ask_few_rules
from storing import saved, stored

pytestmark = pytest.mark.slow

_WISHES = [
    {"request": 0, "words": "diabetes", "fate": "bound", "path": "clinical", "note": "E11.9"},
    {"request": 0, "words": "denials", "fate": "not_built", "path": "", "note": "denied claims"},
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _audits_ask_few_rules() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        ask_few_rules(patch)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with a scenario of 30 people, one without journeys, and an empty one."""
    home = Home(tmp_path_factory.mktemp("home"))
    profile, journey = saved_runs.documents("diabetes")
    run = stored(home.folder, profile, journey).stem
    asked = {"requests": ["diabetes and denials"], "wishes": _WISHES}
    runs.keep_wishes(home, run, asked)
    scenarios.save_run(home, run, "whole", description="For <b>tests</b>")
    saved(home.folder, "alone", profile | {"products": ["patientsim"]})
    shutil.copyfile(home.scenarios / "alone.duckdb", home.scenarios / "nobody.duckdb")
    _empty(home.scenarios / "nobody.duckdb")
    return home


@pytest.fixture
def _one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the first picture alone, in tests of something else: each takes its time."""
    every = drawing.pictures_for
    monkeypatch.setattr(drawing, "pictures_for", lambda home, name: every(home, name)[:1])


@pytest.fixture(scope="module")
def found(home: Home) -> Report:
    """Return what a report of the whole scenario says."""
    return reporting.gather(home, "whole")


def _empty(file: Path) -> None:
    """Delete every row of a scenario's file, and say so in its manifest."""
    with duckdb.connect(str(file)) as connection:
        (text,) = connection.execute(
            "SELECT value FROM healthsim_manifest WHERE key = 'rows'"
        ).fetchone() or ("{}",)
        rows = dict.fromkeys(json.loads(text), 0)
        for table in rows:
            connection.execute(f"DELETE FROM {table}")
        connection.execute(
            "UPDATE healthsim_manifest SET value = ? WHERE key = 'rows'", [json.dumps(rows)]
        )


def test_a_report_says_what_the_scenario_is_and_whether_it_is_as_asked(
    home: Home, found: Report
) -> None:
    summary = scenarios.describe(home, "whole")

    assert (found.people, found.seed, found.digest) == (30, summary.seed, summary.digest)
    assert found.rows == sum(summary.counts.values())
    assert found.description == "For <b>tests</b>"
    assert found.period
    assert found.period[0] == "2025-01-01"
    assert found.requests == ["diabetes and denials"]
    assert found.fates
    assert [row[:2] for row in found.fates.rows] == [
        ["diabetes", "in the data"], ["denials", "not built"],
    ]  # fmt: skip
    assert all("{" not in str(row[2]) for row in found.fates.rows)
    assert [
        verdict.good for verdict in found.verdicts if "part of the request" in verdict.text
    ] == [False]
    assert found.tables
    assert {row[0]: row[1] for row in found.tables.rows} == dict(summary.counts)
    assert found.notes == []


def test_a_report_has_every_picture_that_makes_sense_and_the_table_behind_it(
    home: Home, found: Report
) -> None:
    drawn = {one.kind: one for one in found.pictures}

    assert list(drawn) == list(drawing.pictures_for(home, "whole"))
    for kind, one in drawn.items():
        picture = drawing.draw(home, "whole", kind)
        assert (one.says, one.table.rows) == (picture.says, picture.rows)
        assert one.wide != one.narrow
        assert one.wide.startswith("<svg")


def test_the_files_of_a_report_make_the_same_scenario_again(home: Home, found: Report) -> None:
    profile, *journeys = [json.loads(one.text) for one in found.documents]
    run = generate.run(home, prepare(profile, journeys))

    assert run.digest == found.digest
    assert [one.file for one in found.documents] == ["profile.json", "journey-1.json"]
    assert found.command == (
        "healthsim generate --profile profile.json --journey journey-1.json --save whole-again\n"
        "healthsim verify whole-again"
    )
    assert verify.verify(home, "whole").same


@pytest.mark.usefixtures("_one_picture")
def test_a_report_is_the_same_bytes_each_time_without_journeys_or_claims_too(
    home: Home, tmp_path: Path
) -> None:
    written = reporting.write(home, "alone", tmp_path / "one.html")

    page = reporting.page_of(reporting.gather(home, "alone"))
    assert (tmp_path / "one.html").read_bytes() == page.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["one.html"]
    assert written.notes == ()
    assert "--journey" not in texts(page)


def test_a_scenario_with_nobody_has_a_report_that_says_so(home: Home, tmp_path: Path) -> None:
    written = reporting.write(home, "nobody", tmp_path / "nobody.html")

    assert written.pictures == ()
    assert written.notes == (
        "There is nobody in this scenario, so that there is nothing to draw or judge.",
    )
    assert written.notes[0] in texts((tmp_path / "nobody.html").read_text())


@pytest.mark.usefixtures("_one_picture")
def test_without_a_renderer_the_report_has_the_tables_and_says_why(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    written = reporting.write(home, "alone", tmp_path / "alone.html")
    page = (tmp_path / "alone.html").read_text()

    assert written.pictures == ()
    assert [note[:30] for note in written.notes] == ["Pictures are shown as tables. "]
    assert "<svg" not in page
    assert 'id="population_pyramid-table"' in page


@pytest.mark.usefixtures("_one_picture")
def test_a_scenario_that_cannot_be_audited_has_a_report_that_says_why(
    home: Home, tmp_path: Path
) -> None:
    file = home.scenarios / "foreign.duckdb"
    file.write_bytes((home.scenarios / "alone.duckdb").read_bytes())
    profile = {"title": CANARIES[0], "kind": "profile", "network": {"source": "nppes"}}
    changed = {
        "profile": json.dumps(profile),
        "wishes": [{"words": [CANARIES[0]], "fate": {"a": 1}, "note": 3}],
        "references": {CANARIES[0]: CANARIES[1]},
    }
    with duckdb.connect(str(file)) as connection:
        for key, value in changed.items():
            connection.execute(
                "UPDATE healthsim_manifest SET value = ? WHERE key = ?", [json.dumps(value), key]
            )
    reporting.write(home, "foreign", tmp_path / "foreign.html")
    page = (tmp_path / "foreign.html").read_text()

    assert "It could not be audited." in texts(page)
    assert "No patient in it is real" in texts(page)
    assert CANARIES[0] in texts(page)
    assert "script" not in {tag for tag, _ in elements(page)}


def test_a_file_that_is_there_is_refused_and_kept_unless_it_is_to_be_replaced(
    home: Home, tmp_path: Path
) -> None:
    file = tmp_path / "kept.html"
    file.write_text("mine")
    with pytest.raises(Refused, match=r"--out: kept.html is there already; .* add --replace"):
        reporting.write(home, "nobody", file)
    assert file.read_text() == "mine"

    reporting.write(home, "nobody", file, replace=True)

    assert file.read_text().startswith("<!DOCTYPE html>")


def test_a_place_that_cannot_be_written_is_refused_with_what_to_do(
    home: Home, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"--out: there is no folder .*missing; make it first"):
        reporting.write(home, "nobody", tmp_path / "missing" / "a.html")
    with pytest.raises(Refused, match=r"is a folder; give a file in it: .*/report.html"):
        reporting.write(home, "nobody", tmp_path)
    with pytest.raises(StorageError, match=r"--out: a.*: File name too long; choose another"):
        reporting.write(home, "nobody", tmp_path / f"{'a' * 250}.html")
    with pytest.raises(StorageError, match=r"--out: a.*: File name too long; choose another"):
        reporting.write(home, "nobody", tmp_path / f"{'a' * 300}.html")
    with pytest.raises(Refused, match=r"'nul.html' is a name that Windows keeps for a device"):
        reporting.write(home, "nobody", tmp_path / "nul.html")

    assert list(tmp_path.iterdir()) == []


def test_a_name_that_nothing_has_is_answered_with_the_nearest(home: Home, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="whole"):
        reporting.write(home, "hole", tmp_path / "a.html")

    assert list(tmp_path.iterdir()) == []


def test_a_page_is_exported_with_its_marker_and_the_next_export_takes_its_place(home: Home) -> None:
    shutil.copyfile(home.scenarios / "nobody.duckdb", home.scenarios / "empty.duckdb")
    first = exporting.export_home(home, "empty", "html")
    again = exporting.export_home(home, "empty", "html")
    marker = (first.folder / "SYNTHETIC-TEST-DATA.txt").read_text()

    assert [file.name for file in again.files] == [
        "report.html", "manifest.json", "SYNTHETIC-TEST-DATA.txt",
    ]  # fmt: skip
    assert sorted(path.name for path in first.folder.iterdir()) == [
        "SYNTHETIC-TEST-DATA.txt", "manifest.json", "report.html",
    ]  # fmt: skip
    assert (first.folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert marker.startswith("Synthetic test data made by HealthSim: scenario empty, html files.")


def test_a_page_that_somebody_changed_is_not_taken_the_place_of(home: Home) -> None:
    page = exporting.export_home(home, "nobody", "html").files[0]
    page.write_text("mine")

    with pytest.raises(Refused, match=r"holds report.html, which this program did not write"):
        exporting.export_home(home, "nobody", "html")
    assert page.read_text() == "mine"


def test_a_page_of_some_tables_is_refused_with_what_to_do(home: Home) -> None:
    with pytest.raises(
        Refused, match="tables: the format html is about the whole scenario; leave tables"
    ):
        exporting.export_home(home, "nobody", "html", ["patients"])
