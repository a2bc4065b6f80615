"""Runs whose rows go straight into an object store, which speaks S3 and is started by the tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner

from healthsim.cli import app
from healthsim.errors import Cancelled, NotFound, Refused, StorageError
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, lake_objects, remote, runs
from healthsim.operations.home import Home
from healthsim.operations.lake_blocks import BlockRange, BlockTask, Tell
from healthsim.operations.lake_making import Counted
from healthsim.operations.lake_ranges import make_blocks
from healthsim.operations.query import query
from healthsim.operations.store import Store, store_named
from healthsim.operations.verify import verify
from healthsim.operations.workers.blocks import unfit
from healthsim.operations.workers.runner import Threads
from healthsim.persistence.object_store import ObjectStore
from operations.object_server import ADDRESS, BUSY, SECRET, empty_bucket, object_server
from stand_ins import have_small_blocks

BLOCK = 32
PROFILE: dict[str, Any] = {
    "kind": "profile", "name": "many", "count": BLOCK + 8, "products": ["patientsim"],
    "detail": "core",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _blocks_are_small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        have_small_blocks(patch, BLOCK)
        yield


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_server() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with empty_bucket(endpoint, monkeypatch) as found:
        yield found


@pytest.fixture(scope="module")
def job() -> Job:
    """Return a run of two blocks."""
    return prepare(PROFILE, [])


@pytest.fixture(scope="module")
def longer() -> Job:
    """Return a run of three blocks."""
    return prepare(PROFILE | {"count": 2 * BLOCK + 8}, [])


@pytest.fixture(scope="module")
def few() -> Job:
    """Return a run of one block, where several are not what a test is about."""
    return prepare(PROFILE | {"count": 8}, [])


@pytest.fixture(scope="module")
def here(job: Job, tmp_path_factory: pytest.TempPathFactory) -> runs.RunRecord:
    """Return the record of the run of two blocks into a folder here."""
    return generate.run(Home(tmp_path_factory.mktemp("here")), job, store=Store("lake"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def _run(home: Home, job: Job, maker: Any = None, **options: Any) -> runs.RunRecord:
    named = store_named(ADDRESS, name="far", description="away", **options)
    return generate.run(
        home, job, store=Store("lake", named.resume, maker, named.destination)
    )  # fmt: skip


def _keys(bucket: Any) -> set[str]:
    """Return the names of the scenario's objects, without marks of folders."""
    names = [one.key.removeprefix("some/where/") for one in bucket.objects.all()]
    return {name for name in names if not name.endswith("/")}


class After:
    """Makes ranges one after another, and raises after some."""

    def __init__(self, ranges: int, error: BaseException) -> None:
        self.made: list[int] = []
        self._ranges, self._error = ranges, error

    def __call__(
        self, job: Job, tasks: Sequence[BlockTask], stop: Event, counted: Counted, tell: Tell
    ) -> Iterator[BlockRange]:
        counted()
        for task in tasks:
            if len(self.made) == self._ranges:
                raise self._error
            self.made.append(task.first)
            yield make_blocks(task)
        if len(self.made) == self._ranges:
            raise self._error


STOPPED = Cancelled("run", "was stopped", "start it again")


@pytest.mark.slow
def test_a_run_of_workers_into_a_busy_store_is_the_scenario_of_a_run_here_and_leaves_nothing_here(
    home: Home, job: Job, bucket: Any, here: runs.RunRecord
) -> None:
    BUSY.left = 2
    with Threads(2) as runner:
        asked = store_named(ADDRESS, name="far", description="away").by(runner)
        run = generate.run(home, job, store=asked)

    assert BUSY.left == 0
    assert (run.status, run.digest, run.counts) == (runs.DONE, here.digest, here.counts)
    assert [one.suffix for one in home.runs.iterdir()] == [".json"]
    assert remote.prove(ADDRESS).wrong == ()
    said = remote.describe(ADDRESS)
    assert (said.name, said.description, said.digest) == ("far", "away", run.digest)
    remote.fetch(home, ADDRESS, "back")
    assert verify(home, "back").same
    assert query(home, "back", "SELECT count(*) FROM patients").rows == [[job.count]]
    with pytest.raises(NotFound, match=r"in an object store.*healthsim fetch"):
        runs.file(home, run.run_id)


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_with_what_is_there_and_proven(
    home: Home, longer: Job, bucket: Any
) -> None:
    with pytest.raises(Cancelled):
        _run(home, longer, After(2, STOPPED))
    assert "scenario.duckdb" not in _keys(bucket)
    assert [one.suffix for one in home.runs.iterdir()] == [".json"]
    (key,) = (one for one in _keys(bucket) if one.endswith("patients/000001.parquet"))
    bucket.put_object(Key=f"some/where/{key}", Body=b"changed")
    again = After(99, STOPPED)
    run = _run(home, longer, again, resume=True)

    assert again.made == [1, 2]
    assert run.digest == generate.run(home, longer, store=Store("file")).digest
    assert remote.prove(ADDRESS).wrong == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "written",
    [(b"{", b'{"key": 3}', b"\xff"),
     pytest.param((b"[]", b"null", b""), marks=pytest.mark.proof)],
)  # fmt: skip
def test_a_record_that_is_none_is_not_believed(
    home: Home, longer: Job, bucket: Any, written: tuple[bytes, ...]
) -> None:
    with pytest.raises(Cancelled):
        _run(home, longer, After(3, STOPPED))
    keys = sorted(one for one in _keys(bucket) if "/parts/" in one)
    for key, record in zip(keys, written, strict=True):
        bucket.put_object(Key=f"some/where/{key}", Body=record)
    again = After(99, STOPPED)
    _run(home, longer, again, resume=True)

    assert again.made == [0, 1, 2]


@pytest.mark.slow
def test_without_resume_all_is_made_anew(home: Home, job: Job, bucket: Any) -> None:
    with pytest.raises(Cancelled):
        _run(home, job, After(1, STOPPED))
    again = After(99, STOPPED)
    _run(home, job, again)

    assert again.made == [0, 1]
    assert remote.prove(ADDRESS).wrong == ()


@pytest.mark.slow
def test_a_scenario_that_is_there_stays_as_it_is_until_the_new_one_is_whole(
    home: Home, job: Job, bucket: Any
) -> None:
    first = _run(home, job)
    with pytest.raises(Refused, match="there is a scenario already"):
        _run(home, job)
    with pytest.raises(Cancelled):
        _run(home, job, After(1, STOPPED), replace=True)
    assert remote.describe(ADDRESS).digest == first.digest
    wrong = remote.prove(ADDRESS).wrong
    assert wrong
    assert all(one.endswith("is not listed") for one in wrong)
    other = prepare(PROFILE | {"seed": 7, "count": 8}, [])
    second = _run(home, other, replace=True)

    assert remote.describe(ADDRESS).digest == second.digest != first.digest


@pytest.mark.slow
def test_what_replaces_itself_takes_other_objects_and_leaves_none_of_the_old(
    home: Home, few: Job, bucket: Any
) -> None:
    _run(home, few)
    before = _keys(bucket)
    _run(home, few, replace=True)

    assert before & _keys(bucket) == {"scenario.duckdb"}
    assert remote.prove(ADDRESS).wrong == ()


@pytest.mark.slow
def test_of_two_that_make_a_scenario_the_later_is_refused_and_harms_nothing(
    home: Home, few: Job, bucket: Any
) -> None:
    other = Home(home.folder / "other")

    def meanwhile(*given: Any) -> Iterator[BlockRange]:
        yield from After(99, STOPPED)(*given)
        _run(other, few)

    with pytest.raises(Refused, match="there is a scenario already"):
        _run(home, few, meanwhile)
    assert remote.prove(ADDRESS).wrong == ()


def test_who_asks_for_another_name_does_not_join_a_run_under_the_first(job: Job) -> None:
    keys = {
        store_named(ADDRESS, name=name, description=said).key(job)
        for name, said in (("one", ""), ("two", ""), ("one", "other"))
    }
    assert len(keys) == 3
    assert store_named(ADDRESS, name="one", replace=True).key(job) in keys


@pytest.mark.slow
def test_objects_that_vanish_while_a_run_is_made_are_noticed(
    home: Home, few: Job, bucket: Any
) -> None:
    def vanishing(*given: Any) -> Iterator[BlockRange]:
        yield from After(99, STOPPED)(*given)
        key = next(one.key for one in bucket.objects.all() if "patients/000000" in one.key)
        bucket.Object(key).delete()

    with pytest.raises(StorageError, match=r"patients/000000\.parquet is not there any more"):
        _run(home, few, vanishing)
    assert "scenario.duckdb" not in _keys(bucket)


def test_a_worker_that_does_not_reach_the_store_says_so(
    home: Home, job: Job, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = BlockTask.of(job, home, f"{ADDRESS}/generation", 0, 1)
    assert unfit(task) is None
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    problem = unfit(task)

    assert problem is not None
    assert "names no credentials" in problem.found
    assert SECRET not in str(problem)


def test_a_disk_that_fills_or_a_store_that_goes_leaves_nothing_here(
    home: Home, job: Job, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> Callable[[], None]:
        raise OSError("When uploading: AWS Error NETWORK_CONNECTION during PutObject: lost")

    monkeypatch.setattr(ObjectStore, "put", _raising(gone))
    with pytest.raises(StorageError, match="cannot be reached"):
        _run(home, job)
    assert not [one for one in home.runs.rglob("*") if one.suffix != ".json"]
    monkeypatch.setattr(lake_objects, "write_blocks", _full)
    with pytest.raises(StorageError, match="the disk is full"):
        _run(home, job)
    assert not [one for one in home.runs.rglob("*") if one.suffix != ".json"]


def _raising(call: Callable[..., Any]) -> Callable[..., None]:
    def put(store: ObjectStore, *_: object) -> None:
        with store.errors():
            call()

    return put


def _full(*_: object) -> BlockRange:
    raise StorageError("run", "the disk is full", "free some space")


@pytest.mark.slow
def test_the_command_makes_a_scenario_in_a_store(
    home: Home, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHSIM_HOME", str(home.folder))
    file = home.folder / "profile.json"
    file.write_text(json.dumps(PROFILE | {"count": 8}))
    command = ["generate", "--profile", str(file), "--save", "far", "--store"]
    run = CliRunner()

    made = run.invoke(app, [*command, ADDRESS])
    assert f"saved as far at {ADDRESS}, digest" in made.output
    again = run.invoke(app, [*command, ADDRESS])
    assert "there is a scenario already" in str(again.exception)
    as_json = run.invoke(app, [*command, ADDRESS, "--replace", "--json"])
    assert json.loads(as_json.stdout)["address"] == ADDRESS
    wrong = run.invoke(app, [*command, "s3://UPPER"])
    assert "write s3://BUCKET/PREFIX" in str(wrong.exception)
    assert not list(home.scenarios.glob("*"))
    assert "saved as back" in run.invoke(app, ["fetch", ADDRESS, "back"]).output
