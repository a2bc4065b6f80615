"""FHIR: the same files each time, whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fhir.resources.R4B import get_fhir_model_class

from healthsim.errors import Cancelled, Refused, StorageError
from healthsim.exports.fhir import bulk, lines, opening, shown
from healthsim.operations import exporting, generate, scenarios
from healthsim.operations.home import Home
from healthsim.watching import Watch, watched_by
from stand_ins import export_types
from template_runs import load

OF_EACH_SORT = ("Organization", "Practitioner", "Patient", "RelatedPerson", "Coverage",
                "Condition", "Encounter", "Observation", "DiagnosticReport",
                "Provenance")  # fmt: skip
"""Types of directories, of people, of what lasts, and of what has rows of several tables."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "types", [OF_EACH_SORT, pytest.param((), marks=pytest.mark.proof)], ids=["few", "all"]
)
def test_the_same_is_written_each_time_whatever_the_size_of_a_range_of_people(
    home: Home, folders: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    types: tuple[str, ...],
) -> None:  # fmt: skip
    if types:
        export_types(monkeypatch, *types)
    cut: list[list[Any]] = []
    monkeypatch.setattr(
        opening, "ranges", lambda connection: cut.append(shown.ranges(connection)) or cut[-1]
    )
    few = sum(scenarios.describe(home, "birth").counts.values())  # and sums come on top
    monkeypatch.setattr(shown, "_ROWS", few)
    again = bulk.export(scenarios.path(home, "birth"), "birth", tmp_path)

    assert [len(parts) for parts in cut] == [2]
    rows = [path for path in again if path.name != bulk.MANIFEST]
    assert [path.read_bytes() for path in rows] == [
        (folders["birth"] / path.name).read_bytes() for path in rows
    ]
    assert len(rows) == len(types or list(folders["birth"].glob("*.ndjson")))


@pytest.mark.slow
def test_a_disk_that_fills_up_half_way_leaves_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lines.Lines.add

    def full(self: lines.Lines, *arguments: Any) -> None:
        if self.kind.name == "Observation":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(self, *arguments)

    monkeypatch.setattr(lines.Lines, "add", full)
    export_types(monkeypatch, "Patient", "Observation")

    with pytest.raises(StorageError, match="disk"):
        exporting.export_to(home, "birth", tmp_path / "out", "fhir")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_export_that_is_told_to_stop_stops_and_leaves_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch("export")
    export_types(monkeypatch, "Patient", "Encounter")
    whole = lines.Lines.add

    def slow(self: lines.Lines, *arguments: Any) -> None:
        if self.kind.name == "Encounter":
            watch.stop()
        whole(self, *arguments)

    monkeypatch.setattr(lines.Lines, "add", slow)
    with pytest.raises(Cancelled), watched_by(watch):
        exporting.export_to(home, "heart", tmp_path / "out", "fhir")
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_counts_the_lines_of_every_file(folders: Mapping[str, Path]) -> None:
    manifest = json.loads((folders["birth"] / bulk.MANIFEST).read_text("utf-8"))
    listed = {one["url"]: one["count"] for one in manifest["output"]}
    lines = {path.name: len(path.read_text("utf-8").splitlines())
             for path in folders["birth"].glob("*.ndjson")}  # fmt: skip

    assert listed == lines
    assert min(lines.values()) > 0
    assert manifest["synthetic"] is True


@pytest.mark.slow
def test_an_export_takes_the_place_of_the_one_before(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    export_types(monkeypatch, "Patient", "RelatedPerson", "CarePlan")
    exporting.export_to(home, "birth", folder, "fhir")
    assert (folder / "RelatedPerson.ndjson").exists()
    exporting.export_to(home, "heart", folder, "fhir", replace=True)
    manifest = json.loads((folder / bulk.MANIFEST).read_text("utf-8"))

    assert manifest["scenario"] == "heart"
    assert {path.name for path in folder.glob("*.ndjson")} == {
        one["url"] for one in manifest["output"]
    }
    assert (folder / "CarePlan.ndjson").exists()


@pytest.mark.slow
def test_hostile_texts_stay_texts(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_types(monkeypatch, "Patient", "Encounter")
    text = '</div><script>"x\\" & \x01\n,\'; DROP é 🙂'
    path = home.scenarios / "hostile.duckdb"
    shutil.copyfile(scenarios.path(home, "heart"), path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE patients SET family_name = ?, city = ?", [text, text])
        connection.execute("UPDATE encounters SET reason = ?", [text])
    bulk.export(path, "hostile", tmp_path)
    for line in (tmp_path / "Patient.ndjson").read_text("utf-8").splitlines():
        resource = json.loads(line)
        assert resource["name"][0]["family"] == resource["address"][0]["city"] == text
        assert "<script" not in resource["text"]["div"]
        get_fhir_model_class("Patient").model_validate(resource)
    for line in (tmp_path / "Encounter.ndjson").read_text("utf-8").splitlines():
        assert "<script" not in json.loads(line)["text"]["div"]


@pytest.mark.slow
def test_a_scenario_without_a_chart_is_refused_and_says_what_is_needed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    profile = load("commercial-healthy") | {
        "count": 3,
        "products": ["membersim"],
        "expectations": [],
    }
    started = generate.start(home, profile, [])
    run = generate.join(home, started.run_id, 60)
    scenarios.save_run(home, run.run_id, "members")

    with pytest.raises(Refused, match=r"needs the chart.*patientsim"):
        exporting.export_to(home, "members", tmp_path / "out", "fhir")
    assert not (tmp_path / "out").exists()


def test_tables_cannot_be_chosen_of_resources(home: Home, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="tables: the format fhir is about the whole scenario"):
        exporting.export_to(home, "birth", tmp_path / "out", "fhir", ["patients"])
