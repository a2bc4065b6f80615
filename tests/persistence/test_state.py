"""The StateManager: names, whole saves, near matches; killed at any moment it is old or new."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import duckdb
import pytest

from healthsim.errors import NotFound, Refused, StorageError
from healthsim.persistence import files
from healthsim.persistence.database import discard, open_read, storage_errors
from healthsim.persistence.digest import digest_stored
from healthsim.persistence.files import is_device
from healthsim.persistence.judgement import trust
from healthsim.persistence.scenario import MANIFEST
from healthsim.persistence.state import StateManager, describe_file, sample
from operations import small_engine as small
from persistence.saving import end_a_saver, kept_run, manifest_of
from processes import started

KILLS = 2
"""`make proofs` kills twenty."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_run(tmp_path_factory.mktemp("made") / "run.duckdb", count=50)


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    path = copyfile(made, tmp_path / "run.duckdb")
    trust(path)
    return path


@pytest.fixture
def states(tmp_path: Path) -> StateManager:
    (tmp_path / "scenarios").mkdir()
    return StateManager(tmp_path / "scenarios")


@pytest.mark.slow
def test_a_saved_run_is_described_as_it_was_saved(states: StateManager, run: Path) -> None:
    manifest = manifest_of(run).named("my-first", "Why it's kept, née", ["a", "b"], "2025-01-01")
    states.save(run, manifest)

    found = states.describe("my-first")

    assert found.manifest == manifest
    assert found.tables == small.TABLES
    assert found.size_bytes == states.path("my-first").stat().st_size
    assert states.names() == ["my-first"]


@pytest.mark.slow
def test_a_description_is_that_of_the_file_as_it_is_now(states: StateManager, run: Path) -> None:
    states.save(run, manifest_of(run).named("one", "before", (), ""))
    before = states.describe("one")
    remembered = states.describe("one")
    with duckdb.connect(str(states.path("one"))) as connection:
        connection.execute(
            "UPDATE healthsim_manifest SET value = '\"after\"' WHERE key = 'description'"
        )
    after = states.describe("one")

    assert remembered is before
    assert (before.manifest.description, after.manifest.description) == ("before", "after")


def test_a_save_leaves_the_run_and_nothing_unfinished(states: StateManager, run: Path) -> None:
    before = run.read_bytes()
    states.save(run, manifest_of(run).named("one", "", (), ""))

    assert run.read_bytes() == before
    assert [path.name for path in states.path("one").parent.iterdir()] == ["one.duckdb"]


@pytest.mark.slow
def test_a_saved_scenario_holds_the_rows_of_its_digest(states: StateManager, run: Path) -> None:
    states.save(run, manifest_of(run).named("one", "", (), ""))

    found = states.describe("one")
    again = digest_stored(states.path("one"), found.tables)

    assert again.tables() == dict(found.manifest.digests)
    assert again.total() == found.manifest.digest
    assert again.rows == dict(found.manifest.rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["../evil", "a/b", "A", "", "-a", "a" * 65, "a.b", "a b", "é", ".a", "a\n", "con\\x", "a\0"],
)
def test_a_name_that_is_none_is_refused_and_the_rule_is_said(
    states: StateManager, made: Path, name: str
) -> None:
    with pytest.raises(Refused, match="small letters, digits and hyphens"):
        states.save(made, manifest_of(made).named(name, "", (), ""))
    with pytest.raises(Refused):
        states.find(name)
    with pytest.raises(Refused):
        states.delete(name)


@pytest.mark.slow
def test_an_existing_name_is_refused_unless_it_shall_be_replaced(
    states: StateManager, run: Path
) -> None:
    states.save(run, manifest_of(run).named("one", "old", (), ""))
    with pytest.raises(Refused, match="one of this name already"):
        states.save(run, manifest_of(run).named("one", "new", (), ""))
    assert states.describe("one").manifest.description == "old"

    states.save(run, manifest_of(run).named("one", "new", (), ""), replace=True)

    assert states.describe("one").manifest.description == "new"


def test_an_unknown_name_suggests_near_ones(states: StateManager, run: Path) -> None:
    states.save(run, manifest_of(run).named("medicare-dm-cohort", "", (), ""))

    with pytest.raises(NotFound, match="did you mean 'medicare-dm-cohort'"):
        states.find("medicare-dm-cohrt")


def test_a_deleted_scenario_is_gone(states: StateManager, run: Path) -> None:
    states.save(run, manifest_of(run).named("one", "", (), ""))
    states.delete("one")

    assert states.names() == []
    with pytest.raises(NotFound):
        states.describe("one")


def test_a_log_beside_the_target_refuses_the_save(states: StateManager, run: Path) -> None:
    states.save(run, manifest_of(run).named("one", "", (), ""))
    states.path("one").with_name("one.duckdb.wal").write_bytes(b"x")

    with pytest.raises(Refused, match=r"one\.duckdb\.wal"):
        states.save(run, manifest_of(run).named("one", "", (), ""), replace=True)


def test_of_two_that_publish_the_same_new_name_one_wins(tmp_path: Path) -> None:
    one, other, target = tmp_path / "1", tmp_path / "2", tmp_path / "t"
    one.write_text("one")
    other.write_text("other")

    files.publish_new(one, target)
    with pytest.raises(FileExistsError):
        files.publish_new(other, target)

    assert target.read_text() == "one"


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(
    states: StateManager, run: Path
) -> None:
    folder = states.path("one").parent
    with started([sys.executable, "-c", ""]) as dead:
        dead.wait()
    left = folder / f".one.duckdb.{dead.pid}-1.unfinished"
    log = folder / f".one.duckdb.{dead.pid}-1.unfinished.wal"
    mine = folder / f".two.duckdb.{os.getpid()}-1.unfinished"
    for path in (left, log, mine):
        path.write_bytes(b"x")

    states.save(run, manifest_of(run).named("one", "", (), ""))

    assert not left.exists()
    assert not log.exists()
    assert mine.exists()


def test_a_duckdb_file_that_is_no_scenario_says_so(states: StateManager) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{states.path('other')}' AS f")
        connection.execute("CREATE TABLE f.t AS SELECT 1 AS a")

    with pytest.raises(StorageError, match="not a scenario"):
        states.describe("other")


def test_a_sample_shows_columns_and_first_rows(run: Path) -> None:
    names, rows = sample(run, "patients", 2)

    assert names[:2] == ("person_id", "mrn")
    assert [row[0] for row in rows] == [101, 201]
    with pytest.raises(NotFound, match="did you mean 'patients'"):
        sample(run, "patient", 2)


@pytest.mark.slow
def test_a_manifest_that_lost_a_key_says_so(states: StateManager, run: Path) -> None:
    states.save(run, manifest_of(run).named("one", "", (), ""))
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{states.path('one')}' AS f")
        connection.execute("DELETE FROM f.healthsim_manifest WHERE key = 'profile'")

    with pytest.raises(StorageError, match="manifest is incomplete"):
        states.describe("one")


@pytest.mark.slow
def test_a_saver_that_is_killed_at_any_moment_leaves_the_old_or_the_new_scenario(
    tmp_path: Path, states: StateManager
) -> None:
    old = kept_run(tmp_path / "old.duckdb", count=40)
    new = kept_run(tmp_path / "new.duckdb", count=60)
    folder = states.path("one").parent

    found = [end_a_saver(folder, old, new, 0.005 + 0.08 * kill / KILLS) for kill in range(KILLS)]

    assert set(found) <= {manifest_of(path).digest for path in (old, new)}
    states.save(old, replace(manifest_of(old), name="one"), replace=True)
    assert [path.name for path in states.path("one").parent.iterdir()] == ["one.duckdb"]


def test_the_run_file_of_a_save_can_be_read_by_any_duckdb(run: Path) -> None:
    with open_read(run) as connection:
        shown = connection.sql("SELECT column_name, meaning FROM healthsim_columns").fetchall()

    assert ("charge_usd", "Billed.") in shown
    assert describe_file(run).manifest.count == 50


def test_an_error_about_an_unfinished_file_names_what_it_is_to_become(tmp_path: Path) -> None:
    unfinished = files.temporary(tmp_path / "one.duckdb")

    with pytest.raises(StorageError) as caught, storage_errors(unfinished):
        raise OSError(errno.ENOSPC, "No space left on device", str(unfinished))

    assert caught.value.problem.where == "one.duckdb"
    assert "disk is full" in caught.value.problem.found


def test_whatever_duckdb_leaves_beside_a_file_is_discarded_with_it(tmp_path: Path) -> None:
    for name in ("a", "a.wal", "a.wal.checkpoint", "ab"):
        (tmp_path / name).write_text("x")

    discard(tmp_path / "a")

    assert [path.name for path in tmp_path.iterdir()] == ["ab"]


def test_a_scenario_that_cannot_be_read_is_listed_with_the_reason_and_no_size(
    states: StateManager, run: Path
) -> None:
    states.save(run, manifest_of(run).named("whole", "", (), ""))
    states.path("bad").write_bytes(b"no database")
    listed = {name: (manifest, size) for name, manifest, size in states.manifests()}

    assert isinstance(listed["bad"][0], StorageError)
    assert listed["bad"][1] == 0
    assert listed["whole"][1] == states.path("whole").stat().st_size


def test_texts_of_a_manifest_are_kept_as_they_are_written(states: StateManager, run: Path) -> None:
    states.save(run, manifest_of(run).named("one", "", ["naïve"], ""))

    with open_read(states.path("one")) as connection:
        manifest = str(connection.sql(f"FROM {MANIFEST}").fetchall())
    assert "naïve" in manifest


@pytest.mark.parametrize(
    ("wanted", "free"),
    [
        ("dm", "dm"),
        ("winter", "winter-3"),
        ("winter-2", "winter-3"),
        ("winter-25", "winter-25"),
        ("Winter!", "winter-3"),
        ("DM cohort (Ohio)", "dm-cohort-ohio"),
        ("", "scenario"),
        ("--", "scenario"),
        ("a" * 80, "a" * 56),
    ],
)
def test_a_name_that_is_free_is_like_the_one_that_is_wanted(
    states: StateManager, wanted: str, free: str
) -> None:
    for name in ("winter", "winter-2"):
        states.path(name).touch()

    assert states.free(wanted) == free
    assert not states.exists(states.free(wanted))


def test_a_name_that_is_taken_is_refused_with_one_that_is_free(
    states: StateManager, run: Path
) -> None:
    states.save(run, manifest_of(run).named("winter", "", (), "2025-01-01"))

    with pytest.raises(Refused, match="choose another name, such as 'winter-2', or call"):
        states.save(run, manifest_of(run).named("winter", "", (), "2025-01-02"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9", "com0"]
)  # fmt: skip
def test_a_name_that_windows_keeps_for_a_device_is_refused_everywhere(
    states: StateManager, run: Path, name: str
) -> None:
    with pytest.raises(Refused, match=f"keeps for a device; choose another, e.g. '{name[:3]}"):
        states.save(run, manifest_of(run).named(name, "", (), ""))
    assert states.free(name) != name
    assert states.path(states.free(name)).name


@pytest.mark.parametrize("name", ["console", "con-1", "com10", "aux-2", "null", "lpt", "nul-x"])
def test_a_name_that_only_looks_like_a_device_is_free(states: StateManager, name: str) -> None:
    assert states.path(name).name == f"{name}.duckdb"


@pytest.mark.parametrize("name", ["CON", "nul.duckdb", "Com1.tar.gz", "aux ", "con:", "LPT¹.csv"])
def test_a_device_has_any_case_and_any_ending(name: str) -> None:
    assert is_device(name)
