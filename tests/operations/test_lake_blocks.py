"""A range of blocks of a run, made by any process into the Parquet files of a lake."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from healthsim.errors import Refused
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.execution.sync.directory_use import DirectoryUse
from healthsim.operations.home import Home
from healthsim.operations.lake_blocks import BlockRange, BlockTask, record_of
from healthsim.operations.lake_ranges import make_blocks
from healthsim.persistence.digest import Digest, joined
from healthsim.persistence.parquet import sha256_of
from stand_ins import have_small_blocks

BLOCK = 256
COUNT = 2 * BLOCK + 100
PROFILE: dict[str, Any] = {
    "kind": "profile", "name": "many", "count": COUNT, "products": ["patientsim"], "detail": "core",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _blocks_are_small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        have_small_blocks(patch, BLOCK)
        yield


@pytest.fixture(scope="module")
def job() -> Job:
    return prepare(PROFILE, [])


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def made(job: Job, lake: Path) -> list[BlockRange]:
    """Return the last block, made first, and the two before it, each by a task that travelled."""
    home = Home(lake.parent / "home")
    tasks = [BlockTask.of(job, home, lake, first, 2) for first in (2, 0)]
    return [make_blocks(pickle.loads(pickle.dumps(task))) for task in tasks]


def _tables(job: Job, made: list[BlockRange]) -> Mapping[str, str]:
    """Return the digests of tables from those of blocks, without the tables of the directory."""
    parts = sorted((block for part in made for block in part.made), key=lambda one: one.block)
    rows = {table.name: sum(part.rows.get(table.name, 0) for part in parts) for table in job.tables}
    blocks = {
        table.name: [
            (part.block, part.digests[table.name]) for part in parts if table.name in part.digests
        ]
        for table in job.tables
    }
    return joined(job.tables, rows, blocks, {})


@pytest.mark.slow
def test_ranges_made_apart_and_in_any_order_have_the_digest_of_the_run(
    job: Job, made: list[BlockRange]
) -> None:
    digest, used = Digest(job.tables), DirectoryUse.none(job.reference.directory)
    by_name = {table.name: table for table in job.tables}
    for chunk in chunks(job, size=300):
        for name, columns in chunk.tables.items():
            if chunk.count:
                digest.update(by_name[name], columns)
    for part in made:
        used |= part.directory_use(DirectoryUse.none(job.reference.directory))

    assert _tables(job, made) == digest.tables()
    assert [part.units for part in made] == [100, 2 * BLOCK]
    assert [block.block for part in made for block in part.made] == [2, 0, 1]


def test_the_files_of_a_range_hold_its_rows_and_are_what_its_record_says(
    lake: Path, made: list[BlockRange]
) -> None:
    for part in made:
        rows = {one.table: one.rows for one in part.files}
        counted = {
            one.table: duckdb.sql(f"FROM '{lake / one.file}' SELECT count(*)").fetchall()[0]
            for one in part.files
        }

        assert {name: (number,) for name, number in rows.items()} == counted
        assert rows == {name: sum(block.rows.get(name, 0) for block in part.made) for name in rows}
        assert all(sha256_of(lake / one.file) == one.sha256 for one in part.files)
        assert all((lake / one.file).stat().st_size == one.size_bytes for one in part.files)
        assert BlockRange.of(record_of(lake, part.first).read_text()) == part
    assert not list(lake.glob(".*")), "something unfinished was left"


def test_a_process_that_would_make_other_rows_refuses_and_says_both_versions(
    job: Job, lake: Path
) -> None:
    task = BlockTask.of(job, Home(lake), lake, 0, 1)
    older = replace(task, job=replace(task.job, engine="0.0.1"))
    other = replace(task.job, key="other", references=(("population", "abcdef"),))

    with pytest.raises(Refused, match=r"HealthSim 0\.0\.1 asks, and this worker has"):
        make_blocks(older)
    with pytest.raises(Refused, match="population abcdef asks, and this worker has none"):
        make_blocks(replace(task, job=other))
