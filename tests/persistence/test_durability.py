"""What is told to the disk before a file has its name, and how long a locked file is waited for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from healthsim.errors import StorageError
from healthsim.operations import runs, specs
from healthsim.operations.home import Home
from healthsim.persistence import database, writer_pool
from healthsim.persistence.database import Writer, open_read, open_write
from healthsim.persistence.state import StateManager
from healthsim.persistence.writer_pool import WriterPool
from persistence.saving import kept_run, manifest_of
from persistence.test_database import NUMBERS, batch, written


class Disk:
    """Notes what is forced to the disk, and which of some names existed at that moment."""

    def __init__(self) -> None:
        self.forced: list[tuple[int, set[str]]] = []
        self.watched: list[Path] = []

    def note(self, descriptor: int) -> None:
        there = {path.name for path in self.watched if path.exists()}
        self.forced.append((os.fstat(descriptor).st_ino, there))

    def when(self, path: Path) -> list[set[str]]:
        """Return what existed each time that the bytes of a file or folder were forced."""
        return [there for inode, there in self.forced if inode == path.stat().st_ino]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    found, fsync = Disk(), os.fsync

    def noted(descriptor: int) -> None:
        found.note(descriptor)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_a_written_file_is_forced_to_the_disk(tmp_path: Path, disk: Disk) -> None:
    path = written(tmp_path / "a.duckdb")

    assert len(disk.when(path)) == 1


def test_a_changed_file_is_forced_to_the_disk(tmp_path: Path, disk: Disk) -> None:
    path = written(tmp_path / "a.duckdb")
    with open_write(path) as connection:
        connection.execute("DELETE FROM numbers")

    assert len(disk.when(path)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("replace", [False, True])
def test_a_scenario_is_forced_to_the_disk_before_it_has_its_name_and_its_folder_after(
    tmp_path: Path, disk: Disk, replace: bool
) -> None:
    run = kept_run(tmp_path / "run.duckdb", count=5)
    folder = tmp_path / "scenarios"
    folder.mkdir()
    states = StateManager(folder)
    disk.watched = [states.path("one")]
    states.save(run, manifest_of(run).named("one", "", (), ""), replace=replace)

    assert disk.when(states.path("one")) == [set()]
    assert disk.when(folder) == [{"one.duckdb"}]


def test_a_deleted_scenario_is_gone_from_the_disk(tmp_path: Path, disk: Disk) -> None:
    run = kept_run(tmp_path / "run.duckdb", count=5)
    folder = tmp_path / "scenarios"
    folder.mkdir()
    states = StateManager(folder)
    states.save(run, manifest_of(run).named("one", "", (), ""))
    disk.watched = [states.path("one")]
    states.delete("one")

    assert disk.when(folder)[-1] == set()
    assert len(disk.when(folder)) == 2


def test_a_draft_is_forced_to_the_disk_before_it_has_its_name(tmp_path: Path, disk: Disk) -> None:
    home = Home(tmp_path)
    draft = specs.create(home, "people", {"kind": "profile"})
    path = home.specs / draft.spec_id / "1.json"

    assert len(disk.when(path)) == 1
    assert len(disk.when(path.parent)) == 1


@pytest.mark.parametrize(("status", "times"), [(runs.DONE, 1), (runs.FAILED, 1), (runs.RUNNING, 0)])
def test_how_a_run_ended_is_forced_to_the_disk_and_how_far_it_is_is_not(
    tmp_path: Path, disk: Disk, status: str, times: int
) -> None:
    home = Home(tmp_path)
    home.ensure(home.runs)
    disk.forced.clear()
    runs.write(home, runs.RunRecord("run-000000000000", status, total=5, key="0"))

    assert len(disk.when(home.runs / "run-000000000000.json")) == times
    assert len(disk.when(home.runs)) == times


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep a file as another program of this process would."""
    with duckdb.connect() as other:
        other.execute(f"ATTACH '{path}' AS f")
        yield


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note every pause, and let the clock go on by it instead of waiting."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(found))
    return found


def test_a_file_that_is_no_database_is_refused_without_waiting(
    tmp_path: Path, pauses: list[float]
) -> None:
    path = tmp_path / "a.duckdb"
    path.write_bytes(b"x" * 20_000)
    with pytest.raises(StorageError, match="not a DuckDB file"), open_read(path):
        pass

    assert pauses == []


def test_a_file_that_somebody_holds_is_waited_for_ever_longer_and_then_explained(
    tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    path = written(tmp_path / "a.duckdb")
    with (
        held(path),
        pytest.raises(StorageError, match="another process holds the file"),
        open_write(path),
    ):
        pass

    assert len(pauses) >= 2
    assert pauses[:2] == [0.01, 0.02]


@pytest.mark.slow
def test_whoever_appends_waits_while_as_much_as_is_allowed_waits_to_be_inserted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = batch(0, 1000)
    monkeypatch.setattr(writer_pool, "_ROW_GROUP", 1)
    monkeypatch.setattr(writer_pool, "_WAITING", 3 * part.nbytes)
    begun, go_on, put = threading.Event(), threading.Event(), []
    stored: list[int] = []

    def insert(cursor: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
        begun.set()
        go_on.wait()
        stored.append(rows.num_rows)

    def append() -> None:
        for number in range(20):
            pool.put("numbers", part)
            put.append(number)

    pool = WriterPool([duckdb.connect()], insert)
    pool.put("numbers", part)  # the only thread takes it and is blocked
    begun.wait()
    appending = threading.Thread(target=append)
    appending.start()
    while len(put) < 3:
        time.sleep(0.01)
    appending.join(timeout=0.3)  # it never ends as long as nothing is inserted
    waiting, ended = len(put), not appending.is_alive()
    go_on.set()
    appending.join()
    pool.finish()
    pool.stop()

    assert (waiting, ended) == (3, False)
    assert sum(stored) == 21 * 1000


def test_rows_that_fill_no_group_wait_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_pool, "_WAITING", 1)
    inserted: list[int] = []
    pool = WriterPool([duckdb.connect()], lambda cursor, name, rows: inserted.append(len(rows)))
    for _ in range(5):
        pool.put("numbers", batch(0, 100))
    before = list(inserted)
    pool.finish()
    pool.stop()

    assert before == []
    assert inserted == [500]


def test_a_thread_that_failed_raises_where_the_writer_flushes(tmp_path: Path) -> None:
    def write() -> None:
        with Writer(tmp_path / "a.duckdb", [NUMBERS]) as writer:
            writer.append("numbers", pa.table({"n": pa.array(np.array(["x"]))}))
            writer.flush()

    with pytest.raises(StorageError):
        write()
