"""The file that is read is the one that was judged, whatever others do to it meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from healthsim.errors import StorageError
from healthsim.operations import query
from healthsim.persistence import confined, database
from healthsim.persistence.database import open_read, open_two, open_write
from healthsim.persistence.judgement import judge
from healthsim.persistence.scenario import Manifest
from healthsim.persistence.state import StateManager
from hostile_files import CANARY, change
from persistence.saving import kept_run

Attach = Callable[..., None]
MEANWHILE = "it was changed while it was being opened; try again"


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    return kept_run(tmp_path / "one.duckdb", count=5)


@pytest.fixture
def evil(tmp_path: Path, honest: Path) -> Path:
    """Return a file of a stranger: its patients are the text of another file."""
    secret, evil = tmp_path / "secret.txt", tmp_path / "evil.duckdb"
    secret.write_text(CANARY)
    evil.write_bytes(honest.read_bytes())
    view = f"CREATE VIEW patients AS SELECT content AS person_id FROM read_text('{secret}')"
    change(evil, "DROP TABLE patients", view)
    return evil


def _swapping(monkeypatch: pytest.MonkeyPatch, evil: Path, path: Path, times: int) -> list[int]:
    """Let the first attachings find another file under the name; return how often it was done."""
    attach: Attach = database._attach
    done: list[int] = []

    def meanwhile(connection: duckdb.DuckDBPyConnection, file: Path, *rest: str) -> None:
        if file == path and len(done) < times:
            done.append(1)
            aside = path.with_name(f"aside-{len(done)}")
            aside.write_bytes(path.read_bytes())
            path.write_bytes(evil.read_bytes())  # under the same inode
            attach(connection, file, *rest)
            aside.replace(path)
            return
        attach(connection, file, *rest)

    monkeypatch.setattr(database, "_attach", meanwhile)
    return done


@pytest.mark.slow
def test_a_file_that_changes_each_time_it_is_opened_is_refused_in_every_way_of_opening(
    honest: Path, evil: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = kept_run(tmp_path / "other.duckdb", count=5)
    _swapping(monkeypatch, evil, honest, times=1_000)
    ways: tuple[Callable[[], object], ...] = (
        lambda: open_read(honest).__enter__(),
        lambda: open_write(honest).__enter__(),
        lambda: open_two(other, honest).__enter__(),
    )
    for way in ways:
        with pytest.raises(StorageError, match=MEANWHILE):
            way()
    ((_, listed, _),) = [one for one in StateManager(tmp_path).manifests() if one[0] == honest.stem]
    assert MEANWHILE in str(listed)


def test_a_file_that_was_replaced_once_meanwhile_is_judged_and_opened_anew(
    honest: Path, evil: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _swapping(monkeypatch, evil, honest, times=1)
    with open_read(honest) as connection:
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal")
        assert views.fetchall() == []
    assert done


@pytest.mark.slow
def test_another_file_in_its_place_with_its_size_and_time_is_judged_anew(
    honest: Path, evil: Path
) -> None:
    size = max(honest.stat().st_size, evil.stat().st_size)
    for file in (honest, evil):
        os.truncate(file, size)
    judge(honest)
    before = honest.stat()
    with honest.open("r+b") as file:
        file.write(evil.read_bytes())
    os.utime(honest, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(StorageError, match="it has a view, 'patients'"):
        judge(honest)


def test_a_query_does_not_run_over_another_file_than_the_one_that_was_judged(
    honest: Path, evil: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = judge(honest)
    monkeypatch.setattr(confined, "judge", lambda path: seen)
    evil.replace(honest)

    with pytest.raises(StorageError, match=MEANWHILE):
        query.query_file(honest, "SELECT * FROM patients")


@pytest.mark.slow
def test_a_file_that_was_only_listed_is_judged_anew_before_its_tables_are_read(
    honest: Path, tmp_path: Path
) -> None:
    change(honest, "INSERT INTO plans (plan_id) SELECT repeat('x', 1000000)")
    ((_, listed, _),) = StateManager(tmp_path).manifests()

    assert isinstance(listed, Manifest)
    with pytest.raises(StorageError, match="has a text of 1,000,000 bytes"):
        judge(honest)


@pytest.mark.slow
def test_the_file_that_was_saved_need_not_be_judged(
    honest: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from healthsim.persistence import judgement
    from persistence.saving import manifest_of

    manifest = manifest_of(honest).named("kept", "", (), "")
    (tmp_path / "saved").mkdir()
    states = StateManager(tmp_path / "saved")
    monkeypatch.setattr(judgement._JUDGE, "ask", lambda request: pytest.fail("it was judged"))
    states.save(honest, manifest)
    states.save(honest, manifest, replace=True)

    assert states.describe("kept").manifest.name == "kept"
