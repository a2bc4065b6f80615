"""CSV and Parquet: every row, in stored order, the same bytes each time, marked as synthetic."""

from __future__ import annotations

import csv
import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow.parquet as pq
import pytest

from healthsim.building import templates
from healthsim.errors import NotFound, Refused, StorageError
from healthsim.exports import FORMATS, Filter, columnar, marking
from healthsim.operations import exporting, generate, runs, scenarios
from healthsim.operations.home import Home
from processes import PATIENCE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the scenario `small` of 12 people."""
    found = Home(tmp_path_factory.mktemp("home"))
    profile = templates.load("medicare-diabetic").fresh() | {"count": 12, "detail": "core"}
    started = generate.start(found, profile, [templates.load("diabetic-first-year").fresh()])
    generate.join(found, started.run_id, PATIENCE)
    scenarios.save_run(found, started.run_id, "small", "=HYPERLINK() | <b>\nhostile")
    return found


@pytest.mark.slow
def test_a_csv_holds_every_row_in_the_order_of_people(home: Home, tmp_path: Path) -> None:
    columnar.export(scenarios.path(home, "small"), "small", tmp_path, "csv")
    counts = scenarios.describe(home, "small").counts

    for table, number in counts.items():
        with (tmp_path / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == number, table
        people = [int(row["person_id"]) for row in rows if "person_id" in row]
        assert people == sorted(people), table


def test_a_parquet_file_holds_the_stored_values_and_types(home: Home, tmp_path: Path) -> None:
    path = scenarios.path(home, "small")
    columnar.export(path, "small", tmp_path, "parquet", ["claims"])
    claims = pq.read_table(tmp_path / "claims.parquet")
    with duckdb.connect(str(path), read_only=True) as connection:
        stored = connection.sql("SELECT * FROM claims").to_arrow_table()

    assert claims.column_names == stored.column_names
    assert claims.to_pylist() == stored.to_pylist()
    assert str(claims.schema.field("allowed_usd").type) == "decimal128(12, 2)"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_two_exports_of_a_scenario_are_equal_byte_by_byte(
    home: Home, tmp_path: Path, form: Literal["csv", "parquet"]
) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written.append(
            columnar.export(scenarios.path(home, "small"), "small", tmp_path / name, form)
        )

    assert [one.path.name for one in written[0]] == [one.path.name for one in written[1]]
    assert all(
        one.path.read_bytes() == two.path.read_bytes() for one, two in zip(*written, strict=True)
    )


def test_an_export_is_marked_and_explains_its_columns(home: Home, tmp_path: Path) -> None:
    folder = exporting.export_to(home, "small", tmp_path / "out", "csv", ["fills"]).folder
    written = {file.name: file.read_text() for file in folder.iterdir()}

    assert set(written) == {
        marking.MARKER, marking.MANIFEST, marking.DICTIONARY, "fills.csv"}  # fmt: skip
    assert "Synthetic test data" in written[marking.MARKER]
    assert "Synthetic test data" in written[marking.MANIFEST]
    assert "copay_usd" in written[marking.DICTIONARY]
    assert "allowed_usd" not in written[marking.DICTIONARY]
    assert "hostile" not in "".join(written.values())


def test_a_manifest_counts_and_hashes_every_file(home: Home, tmp_path: Path) -> None:
    folder = exporting.export_to(
        home, "small", tmp_path / "out", "csv", ["fills", "plans"], Filter("1-3")
    ).folder
    manifest = json.loads((folder / marking.MANIFEST).read_text())
    files = {one["name"]: one for one in manifest["files"]}

    assert manifest["synthetic"] is True
    assert manifest["people"] == "people 1-3"
    assert set(files) == {"fills.csv", "plans.csv", marking.DICTIONARY}
    for name, told in files.items():
        content = (folder / name).read_bytes()
        assert told["bytes"] == len(content)
        assert told["sha256"] == sha256(content).hexdigest()
    with (folder / "fills.csv").open(newline="") as file:
        assert files["fills.csv"]["tables"] == {"fills": len(list(csv.DictReader(file)))}


def test_each_parquet_file_says_that_it_is_synthetic(home: Home, tmp_path: Path) -> None:
    columnar.export(scenarios.path(home, "small"), "small", tmp_path, "parquet", ["claims"])
    noted = pq.read_metadata(tmp_path / "claims.parquet").metadata

    assert noted[b"synthetic"].startswith(b"Synthetic test data")
    assert noted[b"scenario"] == b"small"


def test_an_unknown_table_is_answered_with_near_names(home: Home, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'claims'"):
        columnar.export(scenarios.path(home, "small"), "small", tmp_path, "csv", ["claim"])


@pytest.mark.slow
def test_an_export_into_the_home_replaces_the_one_before(home: Home) -> None:
    everything = exporting.export_home(home, "small", "csv")
    one = exporting.export_home(home, "small", "csv", ["fills"])

    assert everything.folder == one.folder == home.folder / "exports" / "small-csv"
    assert sorted(path.name for path in one.folder.iterdir()) == sorted(
        path.name for path in one.files
    )


@pytest.mark.slow
def test_an_export_leaves_strangers_alone_and_no_spare_folder(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.csv").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        exporting.export_to(home, "small", folder, "csv")
    exporting.export_to(home, "small", folder, "csv", replace=True)

    assert (folder / "mine.csv").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_a_second_export_deletes_only_what_the_first_one_wrote(home: Home) -> None:
    folder = exporting.export_home(home, "small", "parquet").folder
    (folder / "my-analysis.parquet").write_text("precious")
    (folder / "my-analysis.csv").write_text("precious")
    exporting.export_home(home, "small", "parquet", ["fills"])

    assert sorted(path.name for path in folder.iterdir()) == [
        marking.MARKER, marking.DICTIONARY, "fills.parquet", marking.MANIFEST,
        "my-analysis.csv", "my-analysis.parquet",
    ]  # fmt: skip


def test_a_file_of_the_same_name_that_no_export_wrote_is_not_overwritten(
    home: Home, tmp_path: Path
) -> None:
    (tmp_path / "claims.csv").write_text("precious")
    (tmp_path / marking.MARKER).write_text("my own notes\n- claims.csv\n")

    with pytest.raises(
        Refused, match=r"did not write, or which was changed since.*move it away.*can be deleted"
    ):
        exporting.export_to(home, "small", tmp_path, "csv", replace=True)
    assert (tmp_path / "claims.csv").read_text() == "precious"


def _listed(folder: Path, name: str, content: str, *, changed: str = "") -> str:
    """Put a file into a folder, and return the line of a marker about it, perhaps changed since."""
    path = folder / name
    path.write_text(content)
    line = f"- {name} {marking._mark(path)}\n"
    path.write_text(changed or content)
    return line


def test_a_marker_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    lines = [_listed(folder, "../claims.csv", "a"), f"- {tmp_path}/claims.csv 1 {'0' * 32}\n",
             _listed(folder, "fills.csv", "a")]  # fmt: skip
    (folder / marking.MARKER).write_text(
        "Synthetic test data made by HealthSim: scenario x, csv files.\n" + "".join(lines)
    )

    assert marking.written_before(folder) == {"fills.csv", marking.MARKER}


def test_a_forged_marker_counts_only_for_what_an_export_of_its_format_writes(
    tmp_path: Path,
) -> None:
    lines = [
        _listed(tmp_path, "claims.csv", "kept"),
        _listed(tmp_path, "thesis.csv", "precious"),
        _listed(tmp_path, "patients.parquet", "precious"),
        _listed(tmp_path, "fills.csv", "exported", changed="precious"),
        _listed(tmp_path, "members.csv", "exported", changed="precious, a longer text"),
        "- encounters.csv\n",
    ]
    (tmp_path / "encounters.csv").write_text("precious")
    (tmp_path / "target.csv").write_text("precious")
    lines.append(_listed(tmp_path, "plans.csv", "precious"))
    (tmp_path / "plans.csv").unlink()
    (tmp_path / "plans.csv").symlink_to(tmp_path / "target.csv")
    (tmp_path / marking.MARKER).write_text(
        "Synthetic test data made by HealthSim: scenario x, csv files.\n" + "".join(lines)
    )

    assert marking.written_before(tmp_path) == {"claims.csv", marking.MARKER}


def test_a_file_of_an_export_that_somebody_changed_is_not_overwritten(home: Home) -> None:
    folder = exporting.export_home(home, "small", "csv", ["plans", "fills"]).folder
    (folder / "fills.csv").write_text("my own notes")

    with pytest.raises(Refused, match=r"small-csv holds fills\.csv, which .* changed since"):
        exporting.export_home(home, "small", "csv", ["fills"])
    assert (folder / "fills.csv").read_text() == "my own notes"
    (folder / "fills.csv").unlink()


@pytest.mark.parametrize("folder", ["con", "NUL.txt", "com1"])
def test_a_folder_named_as_a_device_of_windows_is_refused(
    home: Home, tmp_path: Path, folder: str
) -> None:
    with pytest.raises(Refused, match="keeps for a device; choose another"):
        exporting.export_to(home, "small", tmp_path / folder, "csv")
    assert not list(tmp_path.iterdir())


def test_a_link_in_the_exports_is_refused(home: Home, tmp_path: Path) -> None:
    scenarios.save_run(home, runs.list_runs(home)[0].run_id, "linked")
    home.exports.mkdir(exist_ok=True)
    (home.exports / "linked-csv").symlink_to(tmp_path, target_is_directory=True)

    with pytest.raises(Refused, match="is a link"):
        exporting.export_home(home, "linked", "csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "what"), [("xpt", "SDTM"), ("x12", "X12"), ("zip", "use")])
def test_a_format_that_is_not_built_is_refused_with_what_is(name: str, what: str) -> None:
    *others, last = map(repr, FORMATS)
    with pytest.raises(Refused, match=f"is '{name}'; {what}.*{', '.join(others)} or {last}"):
        exporting.format_named(name)

    assert exporting.format_named("csv") == "csv"


def test_an_export_of_an_earlier_version_is_not_swept_by_half(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.exports / "old-csv"
    folder.mkdir(parents=True)
    for name, text in (
        (marking.MARKER, "Synthetic test data made by HealthSim: scenario old, csv files.\n"
                          "- claims.csv\n"),
        ("claims.csv", "claim_id\n1\n"),
    ):  # fmt: skip
        (folder / name).write_text(text)

    assert exporting.expire(home, 1e12) == []
    assert {path.name for path in folder.iterdir()} == {marking.MARKER, "claims.csv"}


def test_an_export_larger_than_the_room_on_the_disk_is_refused_before_a_byte_is_written(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scenarios.path(home, "small")
    columnar.export(path, "small", tmp_path, "csv", ["claims"])
    size = (tmp_path / "claims.csv").stat().st_size
    usage = shutil.disk_usage(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()

    monkeypatch.setattr(columnar.shutil, "disk_usage", lambda _: usage._replace(free=size // 10))
    with pytest.raises(StorageError, match=r"MB or more as CSV, and its disk has 0\.0 free"):
        columnar.export(path, "small", empty, "csv", ["claims"])
    assert not list(empty.iterdir())
    monkeypatch.setattr(columnar.shutil, "disk_usage", lambda _: usage._replace(free=size))
    assert columnar.export(path, "small", empty, "csv", ["claims"])
