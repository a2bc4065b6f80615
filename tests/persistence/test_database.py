"""The writer and the connections: order, whole files, and errors that can be acted upon."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from healthsim.errors import NotFound, StorageError
from healthsim.persistence import writer_pool
from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.database import (
    Doing,
    Writer,
    ddl,
    open_read,
    open_write,
    storage_errors,
)
from healthsim.persistence.judgement import trust
from healthsim.tables import Column, Table
from operations import small_engine as small
from processes import PATIENCE, started

NUMBERS = Table("numbers", "x", "g", ("n",), (Column("n", "BIGINT", "m", required=True),))
OTHERS = Table("others", "x", "g", ("n",), (Column("n", "BIGINT", "m", required=True),))


def batch(start: int, count: int) -> pa.Table:
    return to_arrow(NUMBERS, {"n": np.arange(start, start + count)})


def written(path: Path, count: int = 10) -> Path:
    with Writer(path, [NUMBERS]) as writer:
        writer.append("numbers", batch(0, count))
        writer.flush()
    return path


def test_rows_are_stored_in_the_order_in_which_they_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_pool, "_ROW_GROUP", 1000)
    size, parts = 777, 60
    with Writer(tmp_path / "a.duckdb", [NUMBERS, OTHERS]) as writer:
        for part in range(parts):
            writer.append("numbers", batch(part * size, size))
            writer.append("others", batch(part * size, size))
        writer.flush()

    with open_read(tmp_path / "a.duckdb") as connection:
        for name in ("numbers", "others"):
            found = connection.sql(f"SELECT n FROM {name}").fetchnumpy()["n"]
            assert np.array_equal(found, np.arange(size * parts))


def test_a_file_in_small_blocks_is_smaller_and_holds_the_same(tmp_path: Path) -> None:
    usual = written(tmp_path / "usual.duckdb")
    with Writer(tmp_path / "small.duckdb", [NUMBERS], small=True) as writer:
        writer.append("numbers", batch(0, 10))
        writer.flush()

    assert (tmp_path / "small.duckdb").stat().st_size < usual.stat().st_size / 2
    with open_read(tmp_path / "small.duckdb") as connection:
        assert connection.sql("SELECT count(n) FROM numbers").fetchall() == [(10,)]


def test_whole_row_groups_are_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_pool, "_WAITING", 1)
    with Writer(tmp_path / "a.duckdb", [NUMBERS]) as writer:
        for part in range(5):
            writer.append("numbers", batch(part * 100_000, 100_000))
        writer.flush()

    with open_read(tmp_path / "a.duckdb") as connection:
        groups = connection.execute(
            "SELECT row_group_id, max(start + count) FROM pragma_storage_info('numbers') "
            "WHERE segment_type = 'BIGINT' GROUP BY 1 ORDER BY 1"
        ).fetchall()
        rows = connection.execute("SELECT count(*), max(n) FROM numbers").fetchone()

    assert len(groups) == 5
    assert rows == (500_000, 499_999)


def test_the_file_is_whole_and_leaves_no_log(tmp_path: Path) -> None:
    written(tmp_path / "a.duckdb")

    assert [path.name for path in tmp_path.iterdir()] == ["a.duckdb"]


def test_a_writer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with Writer(tmp_path / "a.duckdb", [NUMBERS]) as writer:
            writer.append("numbers", batch(0, 10))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert list(tmp_path.iterdir()) == []


def test_a_missing_required_value_is_refused_and_named(tmp_path: Path) -> None:
    missing = pa.table({"n": pa.array([1, None])})

    def write() -> None:
        with Writer(tmp_path / "a.duckdb", [NUMBERS]) as writer:
            writer.append("numbers", missing)
            writer.flush()

    with pytest.raises(StorageError, match=r"required value is missing .*numbers\.n"):
        write()

    assert list(tmp_path.iterdir()) == []


def test_a_fault_in_a_thread_reaches_whoever_goes_on_appending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_pool, "_ROW_GROUP", 1)

    def write() -> None:
        with Writer(tmp_path / "a.duckdb", [NUMBERS]) as writer:
            while True:
                writer.append("numbers", pa.table({"n": pa.array([None], pa.int64())}))

    with pytest.raises(StorageError, match="required"):
        write()


def test_the_ddl_says_type_and_not_null() -> None:
    assert ddl(small.PEOPLE).startswith(
        'CREATE TABLE scenario."patients" ("person_id" BIGINT NOT NULL, "mrn" VARCHAR NOT NULL'
    )
    assert '"death_date" DATE,' in ddl(small.PEOPLE)


def test_reading_twice_at_once_in_one_process_is_fine(tmp_path: Path) -> None:
    path = written(tmp_path / "a.duckdb")

    with open_read(path) as one, open_read(path) as other:
        assert one.sql("SELECT count(*) FROM numbers").fetchall() == [(10,)]
        assert other.sql("SELECT count(*) FROM numbers").fetchall() == [(10,)]


@pytest.mark.slow
def test_reading_waits_for_a_writer_in_another_process(tmp_path: Path) -> None:
    path = written(tmp_path / "a.duckdb")
    program = (
        "import duckdb, sys\n"
        "connection = duckdb.connect()\n"
        f"connection.execute(\"ATTACH '{path}' AS f\")\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with started([sys.executable, "-c", program], **pipes) as holder, ThreadPoolExecutor() as pool:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        reading = pool.submit(_numbers, path)
        with pytest.raises(TimeoutError):
            reading.result(timeout=0.3)  # it waits as long as the other holds the file
        holder.communicate()
        found = reading.result(timeout=PATIENCE)

    assert found == [(10,)]


def _numbers(path: Path) -> list[tuple[int]]:
    with open_read(path) as connection:
        return connection.sql("SELECT count(*) FROM numbers").fetchall()


def test_a_replaced_file_shows_its_new_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.duckdb", 10)
    with open_read(path) as connection:
        connection.sql("SELECT count(*) FROM numbers").fetchall()
    written(tmp_path / "b.duckdb", 20).replace(path)
    trust(path)

    with open_read(path) as connection:
        assert connection.sql("SELECT count(*) FROM numbers").fetchall() == [(20,)]


def test_a_file_opened_for_reading_cannot_be_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.duckdb")

    with pytest.raises(StorageError), open_read(path) as connection:
        connection.execute("DELETE FROM numbers")


def test_a_change_is_checkpointed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.duckdb")

    with open_write(path) as connection:
        connection.execute("DELETE FROM numbers WHERE n > 4")

    assert [found.name for found in tmp_path.iterdir()] == ["a.duckdb"]
    with open_read(path) as connection:
        assert connection.sql("SELECT count(*) FROM numbers").fetchall() == [(5,)]


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"a\.duckdb"), open_read(tmp_path / "a.duckdb"):
        pass


@pytest.mark.parametrize("content", [b"", b"x" * 20_000, b"SELECT 1"])
def test_a_file_that_is_not_duckdb_is_explained_without_its_folder(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a.duckdb"
    path.write_bytes(content)

    with pytest.raises(StorageError) as caught, open_read(path):
        pass

    assert caught.value.problem.where == "a.duckdb"
    assert "not a DuckDB file" in caught.value.problem.found
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [5_000, 13_000, 300_000])
def test_a_file_that_was_cut_short_is_explained_without_its_folder(
    tmp_path: Path, kept: int
) -> None:
    path = written(tmp_path / "a.duckdb", 300_000)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(StorageError) as caught, open_read(path) as connection:
        connection.sql("SELECT sum(n) FROM numbers").fetchall()

    assert "cut short" in caught.value.problem.found
    assert str(tmp_path) not in str(caught.value)


def test_the_folder_of_a_new_file_must_be_there(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"a\.duckdb"),
        Writer(tmp_path / "none" / "a.duckdb", [NUMBERS]),
    ):
        pass


@pytest.mark.parametrize(("doing", "said"), [
    ("reading", "than reading may take; ask for less of it, or generate fewer people"),
    ("writing", "than writing may take; generate fewer people"),
])  # fmt: skip
def test_a_commit_that_runs_out_of_memory_is_no_damaged_file(
    tmp_path: Path, doing: Doing, said: str
) -> None:
    failed = "Failed to commit: could not allocate block of size 256.0 KiB"
    with (
        pytest.raises(StorageError, match=f"it needs more memory {said}$"),
        storage_errors(tmp_path / "a.duckdb", doing),
    ):
        raise duckdb.TransactionException(failed)


def test_a_writer_without_enough_memory_says_so(tmp_path: Path) -> None:
    def write() -> None:
        with Writer(tmp_path / "a.duckdb", [NUMBERS], small=True, memory_mb=1) as writer:
            writer.append("numbers", batch(0, 1_000_000))
            writer.flush()

    with pytest.raises(StorageError, match="more memory than writing may take"):
        write()

    assert not (tmp_path / "a.duckdb").exists()


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    said = "IO Error: Could not write file: No space left on device"
    with (
        pytest.raises(StorageError, match="disk is full; free some space"),
        storage_errors(tmp_path / "a.duckdb"),
    ):
        raise duckdb.IOException(said)
