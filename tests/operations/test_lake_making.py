"""Making a lake: cancelled, killed, resumed, failed; in any number of ranges and threads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner

from healthsim.cli import app
from healthsim.errors import Cancelled, HealthSimError, StorageError, WorkerDied
from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.operations import generate, lake_making, runs, scenarios
from healthsim.operations.home import Home
from healthsim.operations.lake_blocks import BlockRange, BlockTask, write_blocks
from healthsim.operations.lake_making import Counted, Tell
from healthsim.operations.lake_ranges import make_blocks
from healthsim.operations.store import Store
from healthsim.operations.verify import verify
from healthsim.operations.working import Work
from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.digest import digest_stored
from healthsim.persistence.names import lake_of
from healthsim.persistence.parquet import range_writer
from healthsim.persistence.state import describe_file
from stand_ins import have_small_blocks

BLOCK = 64
PROFILE: dict[str, Any] = {
    "kind": "profile", "name": "many", "count": 2 * BLOCK + 30, "products": ["patientsim"],
    "detail": "core",
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
def digest(job: Job, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the digest of the job's rows as one file."""
    return generate.run(Home(tmp_path_factory.mktemp("file")), job, store=Store("file")).digest


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


class Maker:
    """Makes tasks one after another, the last first, and does something else after some."""

    def __init__(self, then: BaseException | None = None, after: int = 99) -> None:
        self.made: list[int] = []
        self._then, self._after = then, after

    def __call__(
        self, job: Job, tasks: Sequence[BlockTask], stop: Event, counted: Counted, tell: Tell
    ) -> Iterator[BlockRange]:
        counted()
        for task in reversed(tasks):
            self._stop()
            made = make_blocks(task)
            self.made.append(task.first)
            tell(made.units, 0)
            yield made
        self._stop()

    def _stop(self) -> None:
        if len(self.made) == self._after and self._then is not None:
            raise self._then


def _run(home: Home, job: Job, maker: Maker | None = None, *, resume: bool = False) -> str:
    return generate.run(home, job, store=Store("lake", resume, maker)).digest


def _left(home: Home) -> set[str]:
    """Return the names of Parquet files of people that are in the home."""
    return {one.name for one in home.runs.rglob("patients/*")}


@pytest.mark.slow
def test_a_lake_has_the_digest_of_the_file_whoever_makes_its_ranges(
    home: Home, job: Job, digest: str, tmp_path: Path
) -> None:
    maker = Maker()

    assert _run(home, job) == digest
    assert _run(Home(tmp_path / "other"), job, maker) == digest
    assert maker.made == [2, 1, 0]
    record = runs.list_runs(home)[0]
    scenarios.save_run(home, record.run_id, "many")
    found = verify(home, "many")
    assert found.same
    assert (found.of_blocks, record.done) == (3, job.count)
    assert not list(home.runs.rglob("parts"))


def test_ranges_of_several_blocks_have_the_same_digest(
    home: Home, job: Job, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_making, "MOST_RANGES", 2)

    assert _run(home, job) == digest
    assert _left(home) == {"000000.parquet", "000002.parquet"}


@pytest.mark.slow
def test_a_run_that_was_cancelled_is_resumed_by_what_is_missing_alone(
    home: Home, job: Job, digest: str
) -> None:
    with pytest.raises(Cancelled):
        _run(home, job, Maker(Cancelled("run", "was stopped", "again"), after=2))
    maker = Maker()
    left = _left(home)

    assert left == {"000001.parquet", "000002.parquet"}
    assert _run(home, job, maker, resume=True) == digest
    assert maker.made == [0]


@pytest.mark.slow
def test_a_run_is_resumed_by_whoever_cuts_it_otherwise(
    home: Home, job: Job, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_making, "MOST_RANGES", 2)  # blocks 0 and 1, and 2
    with pytest.raises(Cancelled):
        _run(home, job, Maker(Cancelled("run", "was stopped", "again"), after=1))
    monkeypatch.setattr(lake_making, "MOST_RANGES", 64)
    maker = Maker()

    assert _run(home, job, maker, resume=True) == digest
    assert maker.made == [1, 0]


@pytest.mark.slow
def test_what_workers_have_made_stays_where_one_is_lost(home: Home, job: Job, digest: str) -> None:
    with pytest.raises(WorkerDied):
        _run(home, job, Maker(WorkerDied("worker", "was ended by signal 9", "again"), after=2))
    maker = Maker()

    assert _run(home, job, maker, resume=True) == digest
    assert maker.made == [0]


@pytest.mark.slow
def test_what_was_changed_meanwhile_and_what_is_of_another_run_is_made_again(
    home: Home, job: Job, digest: str
) -> None:
    with pytest.raises(Cancelled):
        _run(home, job, Maker(Cancelled("run", "was stopped", "again"), after=3))
    (lake,) = home.runs.glob("*.lake/*")
    with (lake / "patients" / "000001.parquet").open("r+b") as file:
        file.seek(5_000)
        file.write(b"\0")
    record = lake / "parts" / "000002.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"key": "another"}))
    maker = Maker()

    assert _run(home, job, maker, resume=True) == digest
    assert maker.made == [2, 1]


@pytest.mark.slow
def test_without_resume_a_run_begins_anew(home: Home, job: Job, digest: str) -> None:
    with pytest.raises(Cancelled):
        _run(home, job, Maker(Cancelled("run", "was stopped", "again"), after=2))
    maker = Maker()

    assert _run(home, job, maker) == digest
    assert maker.made == [2, 1, 0]


@pytest.mark.parametrize(
    "error",
    [StorageError("run", "the disk is full", "free some"), RuntimeError("a fault of the engine")],
)
def test_nothing_stays_of_a_run_that_fails(home: Home, job: Job, error: Exception) -> None:
    with pytest.raises(type(error)):
        _run(home, job, Maker(error, after=1))

    assert not [one for one in home.runs.rglob("*") if one.suffix != ".json"]
    assert runs.list_runs(home)[0].status == runs.FAILED


def test_a_disk_that_fills_is_told_and_leaves_nothing(
    home: Home, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("healthsim.persistence.parquet.fsync_file", full)
    small = prepare(PROFILE | {"count": 50}, [])

    with pytest.raises(StorageError, match="the disk is full; free some space"):
        _run(home, small)
    assert not [one for one in home.runs.rglob("*") if one.suffix != ".json"]


@pytest.mark.slow
def test_the_command_keeps_a_lake_where_it_is_asked_to(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHSIM_HOME", str(home.folder))
    file = home.folder / "profile.json"
    file.write_text(json.dumps(PROFILE | {"count": 50}))
    command = ["generate", "--profile", str(file), "--save", "few", "--store"]
    run = CliRunner()

    refused = run.invoke(app, [*command, "pond"])
    made = run.invoke(app, [*command, "lake", "--resume"])

    assert "choose 'file' (one DuckDB file), 'lake'" in str(refused.exception)
    assert "saved as few" in made.output
    assert lake_of(scenarios.path(home, "few")).is_dir()


@pytest.mark.slow
def test_a_file_and_a_lake_of_one_job_are_two_runs_and_each_is_joined(home: Home) -> None:
    small = prepare(PROFILE | {"count": 50}, [])
    kinds = ("file", "lake", "lake", "file")
    made = [generate.run(home, small, store=Store(kind)) for kind in kinds]

    assert len({run.run_id for run in made}) == 2
    assert made[0] == made[3]
    assert made[1] == made[2]
    assert len({run.digest for run in made}) == 1
    manifests = [describe_file(runs.file(home, run.run_id)).manifest for run in made[:2]]
    assert replace(manifests[1], lake="", created_at="") == replace(manifests[0], created_at="")


def test_one_lake_is_made_by_one_of_two_that_ask(home: Home) -> None:
    small = prepare(PROFILE | {"count": 50}, [])
    store = Store("lake", resume=True)
    record, claimed = runs.claim(home, store.key(small), small.count)

    assert claimed
    assert runs.claim(home, store.key(small), small.count)[1] is False, "two work on one lake"
    runs.release(home, record.run_id)
    assert generate.run(home, small, store=store).status == runs.DONE


@pytest.mark.slow
@pytest.mark.parametrize("begun", [False, True])
def test_nothing_of_a_lake_comes_back_once_the_end_of_the_process_has_removed_it(
    home: Home, begun: bool
) -> None:
    """Its threads go on for a moment: they add nothing to what is being removed."""
    job = prepare(PROFILE | {"detail": "full", "count": 5}, [])
    work = Work(home, runs.claim(home, job.key, job.count)[0])
    lake = lake_of(home.runs / f"{work.run_id}.duckdb") / "generation"
    lake.mkdir(parents=True)
    tables = {table.name: table for table in job.tables}
    rows = {
        name: to_arrow(tables[name], columns)
        for name, columns in run_chunk(job, 0, job.count)[0].tables.items()
        if len(next(iter(columns.values())))
    }
    first, *others = rows

    with range_writer(lake, 0, 1) as writer:
        if begun:
            writer.append(tables[first], rows[first])
        work.interrupt()
        with pytest.raises(StorageError):
            writer.append(tables[others[0]], rows[others[0]])

    assert others
    assert sorted(path.suffix for path in home.runs.iterdir()) == [".json"]


def test_a_range_that_comes_after_the_wish_to_stop_is_not_begun(home: Home, job: Job) -> None:
    stop, lake = Event(), home.runs / "a.lake"
    stop.set()

    with pytest.raises(Cancelled):
        write_blocks(job, settle_population_steps(job), lake, 0, 1, stop)
    assert not lake.exists()


@pytest.mark.slow
def test_what_dead_processes_left_is_swept(home: Home) -> None:
    small = prepare(PROFILE | {"count": 50}, [])
    run = generate.run(home, small, store=Store("lake"))
    lake = lake_of(home.runs / f"{run.run_id}.duckdb")
    (generation,) = lake.iterdir()
    dead = generation / ".000000-1.999999999-1.unfinished"
    (dead / "patients").mkdir(parents=True)
    (dead / "patients" / "000000.parquet").write_bytes(b"half")
    runs.claim(home, "f" * 64, 1)

    assert not dead.exists()
    orphan = home.ensure(home.scenarios) / ".kept.duckdb.999999999-1.unfinished"
    orphan.write_bytes(b"half")
    scenarios.save_run(home, run.run_id, "more")
    assert not orphan.exists()


@pytest.mark.slow
def test_a_save_that_fails_leaves_the_old_scenario_and_nothing_else(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = prepare(PROFILE | {"count": 50}, [])
    run = generate.run(home, small, store=Store("lake"))
    scenarios.save_run(home, run.run_id, "kept")
    before = {str(one.relative_to(home.scenarios)) for one in home.scenarios.rglob("*")}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("healthsim.persistence.state.publish_over", full)
    with pytest.raises(HealthSimError, match="the disk is full"):
        scenarios.save_run(home, run.run_id, "kept", replace=True)
    assert {str(one.relative_to(home.scenarios)) for one in home.scenarios.rglob("*")} == before
    path = scenarios.path(home, "kept")
    assert digest_stored(path, describe_file(path).tables).total() == run.digest
