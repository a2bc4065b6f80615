"""Runners: every task is done, whoever dies; a stop ends who works; errors come as they were."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthsim.errors import Cancelled, Problem, Refused, SpecError, StorageError, WorkerDied
from healthsim.operations.workers.places import runner_at
from healthsim.operations.workers.processes import Processes
from healthsim.operations.workers.runner import Runner, Threads
from operations import worker_tasks
from processes import PATIENCE

NEVER = threading.Event()


@pytest.fixture(scope="module")
def two() -> Iterator[Processes]:
    with Processes(2) as runner:
        yield runner


@pytest.fixture(params=["threads", "processes"])
def runner(request: pytest.FixtureRequest, two: Processes) -> Runner:
    return Threads(2) if request.param == "threads" else two


def test_every_task_is_done_once_and_has_its_place(runner: Runner) -> None:
    found = [*runner.map(worker_tasks.squared, range(9), NEVER)]

    assert sorted(found) == [(number, number * number) for number in range(9)]
    assert runner.workers == 2


def test_tasks_are_taken_as_somebody_is_free_for_them(runner: Runner) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    for done, _ in enumerate(runner.map(worker_tasks.squared, tasks(), NEVER), start=1):
        assert len(taken) <= done + 2


def test_processes_are_used_again(two: Processes) -> None:
    first = {process for _, process in two.map(worker_tasks.own_process, range(6), NEVER)}
    second = {process for _, process in two.map(worker_tasks.own_process, range(6), NEVER)}

    assert os.getpid() not in first
    assert len(first | second) <= 2


def test_a_storage_that_fails_for_a_while_is_asked_again(runner: Runner, tmp_path: Path) -> None:
    tasks = [(str(tmp_path), number) for number in range(4)]

    assert len([*runner.map(worker_tasks.failing_once, tasks, NEVER)]) == 4


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_task_only(two: Processes, tmp_path: Path) -> None:
    tasks = [(str(tmp_path), number) for number in range(10)]

    found = [*two.map(worker_tasks.killed_once, tasks, NEVER)]

    assert sorted(found) == [(number, number) for number in range(10)]


@pytest.mark.slow
def test_a_task_that_kills_every_worker_is_given_up_and_the_error_says_how(two: Processes) -> None:
    with pytest.raises(WorkerDied, match="signal 9") as told:
        [*two.map(worker_tasks.killed_always, range(4), NEVER)]

    assert "use fewer workers" in str(told.value)
    assert len([*two.map(worker_tasks.squared, range(4), NEVER)]) == 4


def test_an_error_of_a_task_comes_as_it_was_and_the_task_is_not_repeated(runner: Runner) -> None:
    with pytest.raises(Refused) as told:
        [*runner.map(worker_tasks.refusing, [7], NEVER)]

    assert told.value.problem == Problem("worker", "does not like 7", "give another number")


def test_a_fault_in_a_process_brings_its_traceback(two: Processes) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError: of 3"):
        [*two.map(worker_tasks.faulty, [3], NEVER)]


@pytest.mark.slow
def test_a_stop_ends_the_processes_that_work(tmp_path: Path) -> None:
    stop = threading.Event()
    with Processes(2) as runner:
        threading.Thread(target=lambda: (_wait_for(tmp_path, 2), stop.set())).start()
        with pytest.raises(Cancelled):
            [*runner.map(worker_tasks.endless, [str(tmp_path)] * 3, stop)]

    assert all(not _alive(int(path.name)) for path in tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(
        "import threading\n"
        "from healthsim.operations.workers.processes import Processes\n"
        "from operations import worker_tasks\n"
        "if __name__ == '__main__':\n"
        f"    tasks = [{str(tmp_path / 'who')!r}] * 2\n"
        "    list(Processes(2).map(worker_tasks.endless, tasks, threading.Event()))\n"
    )
    (tmp_path / "who").mkdir()
    path = os.pathsep.join(one for one in sys.path if one)
    with subprocess.Popen(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": path}
    ) as client:
        _wait_for(tmp_path / "who", 2)
        client.kill()
    workers = [int(one.name) for one in (tmp_path / "who").iterdir()]

    until = time.monotonic() + PATIENCE
    while any(map(_alive, workers)):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(("place", "workers"), [("local[1]", 1), ("local[1024]", 1024)])
def test_a_place_says_how_many_processes(place: str, workers: int) -> None:
    assert runner_at(place).workers == workers


def test_local_alone_has_a_process_for_each_core() -> None:
    assert runner_at("local").workers == runner_at("local[*]").workers == os.cpu_count()


@pytest.mark.slow
@pytest.mark.parametrize(("place", "said"), [
    ("local[0]", "0 processes"), ("local[1025]", "1,025 processes"), ("local[x]", "no place"),
    ("ray://head:10001", "Ray is not built in"), ("spark://head:7077", "Spark is not built in"),
    ("dask://head", "no place"), ("dask://head:8786/x", "no place"), ("", "no place"),
    ("dask://127.0.0.1:1", "no Dask scheduler answers"),
    ("dask://127.0.0.1:99999", "no Dask scheduler answers"),
])  # fmt: skip
def test_a_place_that_is_none_is_refused_with_those_that_are(place: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as told:
        runner_at(place)

    assert told.value.problem.mend


def test_without_dask_the_line_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(Refused, match=r"pip install 'healthsim\[cluster\]'"):
        runner_at("dask://127.0.0.1:8786")


@pytest.mark.parametrize("error", [
    StorageError("lake", "is full", "make room"), WorkerDied("worker", "was ended", "again"),
    SpecError([Problem("count", "is 0", "give 1"), Problem("seed", "is -1", "give 0")]),
], ids=["storage", "worker", "specification"])  # fmt: skip
def test_errors_travel_between_processes(error: StorageError | SpecError) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.problem == error.problem
    if isinstance(error, SpecError):
        assert again.problems == error.problems


def _wait_for(folder: Path, number: int) -> None:
    until = time.monotonic() + PATIENCE
    while len([*folder.iterdir()]) < number:
        assert time.monotonic() < until
        time.sleep(0.02)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")  # one that nobody has waited for is dead as well
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
