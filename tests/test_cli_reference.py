"""The commands about reference data: import, list, remove, kinds; exit codes and errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import publishing
from test_cli import _run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return publishing.svi(tmp_path)


@pytest.mark.slow
def test_a_file_is_imported_listed_and_removed(tmp_path: Path, file: Path) -> None:
    home = tmp_path / "home"

    done = _run(home, "reference", "import", "cdc-svi", str(file))
    listed = _run(home, "reference", "list")
    removed = _run(home, "reference", "remove", "cdc-svi")

    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "cdc-svi: 3 rows, SVI 2022")
    assert listed.stdout.splitlines()[1].startswith(
        "cdc-svi\t3\tSVI 2022\tSVI_2022_US_county.csv\t"
    )
    assert removed.stdout == "cdc-svi: removed, 3 rows of SVI 2022\n"
    assert "nothing is imported" in _run(home, "reference", "list").stderr


@pytest.mark.slow
def test_what_was_imported_comes_as_json(tmp_path: Path, file: Path) -> None:
    done = _run(tmp_path / "home", "reference", "import", "cdc-svi", str(file), "--json")

    found = json.loads(done.stdout)
    assert (found["name"], found["rows"], found["vintage"]) == ("cdc-svi", 3, "SVI 2022")
    assert len(found["digest"]) == 64
    listed = _run(tmp_path / "home", "reference", "list", "--json")
    assert json.loads(listed.stdout) == [found]


def test_a_wrong_file_is_told_in_one_sentence(tmp_path: Path, file: Path) -> None:
    done = _run(tmp_path / "home", "reference", "import", "nppes", str(file))

    assert done.returncode == 2
    assert "looks like CDC SVI county; use: healthsim reference import cdc-svi FILE" in (
        done.stderr.replace("\n", " ")
    )


def test_a_wrong_kind_makes_no_home(tmp_path: Path, file: Path) -> None:
    done = _run(tmp_path / "home", "reference", "import", "npess", str(file))

    assert done.returncode == 2
    assert "did you mean 'nppes'" in done.stderr
    assert not (tmp_path / "home").exists()


def test_the_kinds_say_where_their_files_are_offered(tmp_path: Path) -> None:
    found = json.loads(_run(tmp_path, "reference", "kinds", "--json").stdout)

    assert {"census-population", "cdc-places", "cdc-svi", "nppes", "cms-hospitals"} <= {
        one["kind"] for one in found
    }
    assert "Full Replacement Monthly NPI File" in _run(tmp_path, "reference", "kinds").stdout


@pytest.mark.slow
def test_a_file_of_fewer_states_than_the_one_kept_is_imported_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    nation = _run(
        home, "reference", "import", "census-population", str(publishing.census_alldata(tmp_path))
    )
    one_county = {"48201": publishing.COUNTIES["48201"]}
    monkeypatch.setattr(publishing, "COUNTIES", one_county)  # the same dict would change its order
    part = publishing.census_alldata(tmp_path, "cc-est2023-alldata-48.csv")
    texas = _run(home, "reference", "import", "census-population", str(part))

    assert (nation.returncode, texas.returncode) == (0, 0)
    assert "warning" not in nation.stderr
    assert "has 1 state, and took the place of one with 3" in texas.stderr
