"""What a run draws from imported data is in its manifest by version, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import publishing
from healthsim.operations import scenarios
from healthsim.operations.generate import join, start
from healthsim.operations.home import Home
from healthsim.operations.reference import (
    import_file,
    imported,
    missing_references,
    reference_for,
    remove,
)
from healthsim.operations.verify import verify
from healthsim.persistence.database import open_write
from healthsim.persistence.scenario import read_manifest, rewrite_manifest
from healthsim.products.reference import built_in
from processes import PATIENCE

PLAIN: dict[str, Any] = {
    "kind": "profile",
    "name": "plain",
    "count": 5,
    "seed": 3,
    "products": ["patientsim"],
    "detail": "core",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def _saved(home: Home, name: str, profile: dict[str, Any]) -> str:
    """Run a profile and save it; return the key of the run."""
    record = join(home, start(home, profile, []).run_id, PATIENCE)
    assert record.status == "done", record.error
    scenarios.save_run(home, record.run_id, name)
    return record.key


def test_a_profile_that_asks_for_nothing_gets_what_is_built_in(home: Home, tmp_path: Path) -> None:
    import_file(home, "cdc-svi", publishing.svi(tmp_path))

    assert reference_for(home, PLAIN) is built_in()


def test_importing_what_is_not_asked_for_leaves_a_run_as_it_was(home: Home, tmp_path: Path) -> None:
    before = start(home, PLAIN, [])
    import_file(home, "cdc-places", publishing.places_wide(tmp_path))

    assert start(home, PLAIN, []).run_id == before.run_id


@pytest.mark.slow
def test_a_scenario_says_which_version_it_misses(home: Home, tmp_path: Path) -> None:
    done = import_file(home, "cdc-svi", publishing.svi(tmp_path))
    _saved(home, "small", PLAIN)
    path = scenarios.path(home, "small")
    with open_write(path) as connection:
        manifest = read_manifest(connection, path)
        rewrite_manifest(
            connection, replace(manifest, references={"cdc-svi": done.digest, "nppes": "0" * 64})
        )

    found = verify(home, "small")

    assert not found.same
    assert found.differs == ()
    assert [str(one) for one in found.missing] == [
        "scenario 'small': was made with nppes of version 000000000000, and it is not imported; "
        "import the same release again: healthsim reference import nppes FILE"
    ]
    assert scenarios.describe(home, "small").name == "small"


@pytest.mark.slow
def test_another_version_is_not_the_same(home: Home, tmp_path: Path) -> None:
    done = import_file(home, "cdc-svi", publishing.svi(tmp_path))

    assert missing_references(home, "x", {"cdc-svi": done.digest}) == []
    (problem,) = missing_references(home, "x", {"cdc-svi": "f" * 64})
    assert f"version ffffffffffff, and {done.digest[:12]} is here" in problem.found
    remove(home, "cdc-svi")
    assert imported(home) == ()
    assert len(missing_references(home, "x", {"cdc-svi": done.digest})) == 1


@pytest.mark.slow
def test_what_is_asked_for_is_in_the_manifest_and_proven(home: Home, tmp_path: Path) -> None:
    located = PLAIN | {
        "demographics": {"location": {"counties": {"48201": 1}}},
        "attributes": {"diabetic": {"type": "population", "measure": "diabetes"}},
    }
    plain = start(home, located, []).run_id
    file = publishing.places_wide(tmp_path)
    done = import_file(home, "cdc-places", file)

    key = _saved(home, "there", located)

    assert not plain.endswith(key[:12])
    assert scenarios.describe(home, "there").references == {"cdc-places": done.digest}
    assert verify(home, "there").same
    file.write_text(file.read_text().replace("11.4", "12.4"))
    import_file(home, "cdc-places", file)
    found = verify(home, "there")
    assert (found.same, found.differs, len(found.missing)) == (False, (), 1)


def test_a_book_that_is_missing_is_named_as_it_is_imported(home: Home) -> None:
    (problem,) = missing_references(home, "x", {"book icd10cm": "f" * 64})

    assert problem.mend.endswith("healthsim reference import icd10cm FILE")


@pytest.mark.slow
def test_what_was_imported_since_is_named_where_the_rows_come_out_otherwise(
    home: Home, tmp_path: Path
) -> None:
    located = PLAIN | {
        "count": 60,
        "demographics": {"location": {"counties": {"48201": 1}}},
        "clinical": {"comorbidities": [
            {"code": "E11.9", "share": {"type": "population", "measure": "diabetes"}}]},
    }  # fmt: skip
    _saved(home, "before", located)
    _saved(home, "plain", PLAIN)
    file = publishing.places_wide(tmp_path)
    file.write_text(file.read_text().replace("11.4", "41.4"))
    done = import_file(home, "cdc-places", file)

    found = verify(home, "before")

    assert found.changed == ()
    assert "conditions" in found.remade
    (problem,) = found.since
    assert problem.found.startswith(
        f"was made without cdc-places, of which version {done.digest[:12]} was imported since"
    )
    assert "reference remove cdc-places" in problem.mend
    plain = verify(home, "plain")
    assert (plain.same, plain.since) == (True, ())
    remove(home, "cdc-places")
    assert verify(home, "before").same
