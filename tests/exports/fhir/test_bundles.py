"""FHIR bundles: the resources of the NDJSON export, one transaction for each person."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from exports.fhir.conftest import Files
from healthsim.errors import Refused
from healthsim.exports import Filter
from healthsim.exports.fhir import bundles
from healthsim.exports.marking import MANIFEST, MARKER
from healthsim.operations import exporting, scenarios
from healthsim.operations.home import Home
from stand_ins import export_types

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "bundles"
    return exporting.export_to(home, "birth", out, "fhir-bundles").folder


@pytest.fixture(scope="module")
def written(folder: Path) -> dict[str, Any]:
    """Return name -> bundle."""
    return {path.stem: json.loads(path.read_text("utf-8"))
            for path in folder.glob("*.json") if path.name != MANIFEST}  # fmt: skip


def test_there_is_a_bundle_for_each_person_and_one_for_what_belongs_to_nobody(
    home: Home, written: dict[str, Any]
) -> None:
    assert len(written) == scenarios.describe(home, "birth").counts["patients"] + 1
    for name, bundle in written.items():
        people = [entry["resource"]["id"] for entry in bundle["entry"]
                  if entry["resource"]["resourceType"] == "Patient"]  # fmt: skip
        assert people == ([] if name == "directory" else [name])


def test_bundles_hold_the_resources_of_the_ndjson_export_and_no_others(
    files: Files, written: dict[str, Any]
) -> None:
    lines = [one for kind in files["birth"].values() for one in kind]
    held = [entry["resource"] for bundle in written.values() for entry in bundle["entry"]]

    def key(resource: dict[str, Any]) -> tuple[str, str]:
        return resource["resourceType"], resource["id"]

    assert sorted(held, key=key) == sorted(lines, key=key)


def test_an_independent_reader_accepts_bundles_of_resources_that_it_accepts(
    written: dict[str, Any],
) -> None:
    """`test_resources.py` shows it every resource."""
    least = sorted(written, key=lambda name: len(written[name]["entry"]))[:2]
    for name in {"directory", *least}:
        assert Bundle.model_validate(written[name]).type == "transaction"


def test_an_entry_is_put_where_its_resource_says_after_all_that_it_points_at(
    written: dict[str, Any],
) -> None:
    directory = {entry["request"]["url"] for entry in written["directory"]["entry"]}
    for bundle in written.values():
        seen = set(directory)
        for entry in bundle["entry"]:
            resource = entry["resource"]
            url = f"{resource['resourceType']}/{resource['id']}"
            assert entry["request"] == {"method": "PUT", "url": url}
            assert entry["fullUrl"].endswith(f"/{url}")
            seen.add(url)
        text = json.dumps(bundle)
        others = set(re.findall(r'"reference": "([^"]+)"', text)) - seen
        assert {one.partition("/")[0] for one in others} <= {"Patient"}  # who holds the coverage
        assert text.count('"subscriber": ') >= len(others)


def test_two_exports_are_equal_byte_by_byte_and_the_later_takes_the_place_of_the_earlier(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_types(monkeypatch, "Organization", "Patient", "Encounter")
    first = exporting.export_to(home, "birth", tmp_path / "one", "fhir-bundles")
    exporting.export_to(home, "birth", tmp_path / "two", "fhir-bundles", (), Filter("1-3"))
    again = exporting.export_to(home, "birth", tmp_path / "two", "fhir-bundles", replace=True)

    assert {file.name for file in again.files} == {path.name for path in first.folder.iterdir()}
    for file in again.files:
        assert file.read_bytes() == (first.folder / file.name).read_bytes()
    few = exporting.export_to(
        home, "birth", tmp_path / "two", "fhir-bundles", (), Filter("1"), replace=True
    )
    assert {file.name for file in few.files} == {path.name for path in few.folder.iterdir()}
    assert len(few.files) == 4
    assert few.files[-1].name == MARKER


def test_too_many_people_for_one_folder_are_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MOST_PEOPLE", 2)
    export_types(monkeypatch, "Organization", "Patient")

    with pytest.raises(Refused, match="a file for each person, and there are 12; choose at most 2"):
        exporting.export_to(home, "birth", tmp_path / "out", "fhir-bundles")
    done = exporting.export_to(home, "birth", tmp_path / "out", "fhir-bundles", (), Filter("1-2"))
    assert len(done.files) == 5
