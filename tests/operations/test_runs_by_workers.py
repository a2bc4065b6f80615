"""Runs by other processes: the rows of one process, whoever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from healthsim.errors import Refused
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, remote, runs
from healthsim.operations.home import Home
from healthsim.operations.lake_blocks import BLOCK, BlockTask
from healthsim.operations.store import Store, store_named
from healthsim.operations.workers.blocks import MadeBy
from healthsim.operations.workers.places import runner_at
from healthsim.operations.workers.processes import Processes
from healthsim.operations.workers.runner import Runner, Threads
from healthsim.persistence.digest import digest_stored
from healthsim.persistence.state import describe_file
from operations.dask_stand import dask_cluster
from operations.object_server import ADDRESS, empty_bucket, object_server
from processes import PATIENCE

PROFILE: dict[str, Any] = {
    "kind": "profile", "name": "many", "count": BLOCK + 100, "products": ["patientsim"],
    "detail": "core", "expectations": ["share(age >= 0) == 1"],
    "clinical": {"primary": {"code": "E11.9"}, "comorbidities": [
        {"code": "N18.30", "exactly": [{"when": "gender == 'F'", "count": 2000}]}]},
}  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def job() -> Job:
    return prepare(PROFILE, [])


@pytest.fixture(scope="module")
def digest(job: Job, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the digest of the job's rows, made by one process in one file."""
    return generate.run(Home(tmp_path_factory.mktemp("file")), job, store=Store("file")).digest


def _run(home: Home, job: Job, runner: Runner, *, resume: bool = False) -> str:
    with runner:
        return generate.run(home, job, store=store_named("", resume=resume).by(runner)).digest


class Assassin:
    """Kills whoever writes a range of blocks, some times: each process and each range once."""

    def __init__(self, folder: Path, times: int) -> None:
        self.killed: list[int] = []
        self._ranges: set[str] = set()
        self._folder, self._times = folder, times
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Assassin:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while len(self.killed) < self._times and not self._over.wait(0.02):
            for process, written in self._writers().items():
                with suppress(ProcessLookupError):  # its range is finished, and it has ended
                    os.kill(process, signal.SIGKILL)
                    self.killed.append(process)
                    self._ranges.add(written)
                    break

    def _writers(self) -> dict[int, str]:
        """Return who writes a range now, and which, if neither was met before."""
        folders = [name for _, names, _ in os.walk(self._folder) for name in names]
        parts = [name.split(".") for name in folders if name.endswith(".unfinished")]
        writers = {int(part[2].partition("-")[0]): part[1] for part in parts}
        known = {*self.killed, os.getpid()}
        return {
            process: written
            for process, written in writers.items()
            if process not in known and written not in self._ranges
        }


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.proof)])
def test_processes_make_the_rows_of_one_though_a_worker_is_killed(
    job: Job, digest: str, tmp_path: Path, processes: int
) -> None:
    home = Home(tmp_path)
    with Assassin(tmp_path, 1) as assassin:
        assert _run(home, job, Processes(processes)) == digest

    assert len(assassin.killed) == 1
    file = runs.file(home, runs.list_runs(home)[0].run_id)
    assert digest_stored(file, describe_file(file).tables).total() == digest
    assert not list(tmp_path.rglob("*.unfinished"))


@pytest.mark.proof
def test_processes_put_the_rows_of_one_into_an_object_store_though_a_worker_is_killed(
    job: Job, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    with (
        object_server() as endpoint,
        empty_bucket(endpoint, monkeypatch),
        runner_at("local[2]") as runner,
        Assassin(tmp_path, 1) as assassin,
    ):
        made = generate.run(home, job, store=store_named(ADDRESS, name="far").by(runner))
        proof = remote.prove(ADDRESS)

    assert len(assassin.killed) == 1
    assert (made.digest, proof.wrong) == (digest, ())


@pytest.mark.proof
def test_a_run_whose_workers_are_killed_ten_times_has_the_rows_of_one_that_was_left_alone(
    tmp_path: Path,
) -> None:
    home, many = Home(tmp_path / "home"), prepare(PROFILE | {"count": 12 * BLOCK}, [])
    alone = generate.run(Home(tmp_path / "alone"), many, store=Store("lake"))
    with Assassin(home.folder, 10) as assassin:
        assert _run(home, many, Processes(2)) == alone.digest

    assert len(assassin.killed) == 10
    assert not list(home.folder.rglob("*.unfinished"))


@pytest.mark.proof
def test_a_client_that_is_killed_is_resumed(job: Job, digest: str, tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(PROFILE))
    command = [sys.executable, "-m", "healthsim", "generate", "--profile", str(file),
               "--save", "many", "--on", "local[1]"]  # fmt: skip
    home = Home(tmp_path / "home")
    path = os.pathsep.join(one for one in sys.path if one)
    environment = {**os.environ, "PYTHONPATH": path, "HEALTHSIM_HOME": str(home.folder)}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stderr=quiet, stdout=quiet, env=environment) as client:
        until = time.monotonic() + PATIENCE
        while not list(home.runs.rglob("parts/*.json")):
            assert time.monotonic() < until
            assert client.poll() is None
            time.sleep(0.02)
        client.kill()
    there = {one.name for one in home.runs.rglob("parts/*.json")}
    asked: list[int] = []

    class Seen(Threads):
        def map(self, call: Any, tasks: Any, stop: threading.Event) -> Any:
            tasks = list(tasks)
            asked.extend(task[0].first for task in tasks if isinstance(task, tuple))
            return super().map(call, tasks, stop)

    assert _run(home, job, Seen(1), resume=True) == digest
    assert asked == [block for block in range(2) if f"{block:06}.json" not in there]
    assert len(asked) < 2


@pytest.mark.proof
def test_a_dask_cluster_makes_the_rows_of_one_process(
    job: Job, digest: str, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    with (
        dask_cluster(tmp_path / "space", 2, home.folder) as address,
        runner_at(f"dask://{address}") as runner,
    ):
        task = BlockTask.of(job, home, tmp_path, 0, 1)
        with pytest.raises(Refused, match=r"worker tcp://127\.0.*HealthSim 0\.0\.1 asks, and this"):
            MadeBy(runner)._for_workers([replace(task, job=replace(task.job, engine="0.0.1"))])
        with pytest.raises(Refused, match=r"cannot write into /nowhere"):
            MadeBy(runner)._for_workers([replace(task, lake="/nowhere")])
        with Assassin(home.folder, 1) as assassin:
            made = generate.run(home, job, store=store_named("").by(runner))

    assert made.digest == digest
    assert len(assassin.killed) == 1


def test_a_file_is_not_for_workers() -> None:
    with pytest.raises(Refused, match="workers write a lake, and --store is file"):
        store_named("file").by(Threads(1))
