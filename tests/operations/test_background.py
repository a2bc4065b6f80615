"""Tasks in this process: they stop when asked, clean up, and end with the process."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from healthsim.errors import Cancelled, HealthSimError
from healthsim.operations import background, exporting, scenarios, tasks
from healthsim.operations.home import Home
from healthsim.operations.tasks import TaskKind, TaskRecord
from healthsim.persistence.database import open_read
from healthsim.watching import Watch, step, watched_by
from processes import PATIENCE
from serving.test_ending import until
from storing import spec, stored

ENDLESS = "SELECT count(*) FROM range(1000000) AS a, range(10000000) AS b"
Do = Callable[[Home, Mapping[str, Any]], Any]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    run = stored(folder, spec("diabetic", count=5))
    scenarios.save_run(Home(folder), run.stem, "one")
    return folder


@pytest.fixture
def home(saved: Path, tmp_path: Path) -> Home:
    shutil.copytree(saved / "scenarios", tmp_path / "scenarios")
    return Home(tmp_path)


def _kind(do: Do) -> TaskKind:
    return TaskKind("audit", "audit_scenario", do, ("name",), scenarios.path)


def _begun(home: Home, do: Do) -> tuple[TaskKind, Path, TaskRecord]:
    kind, shelf = _kind(do), background.shelf_of(home)
    record, ours = background.begin(home, shelf, kind, {"name": "one"})
    assert ours
    return kind, shelf, record


@pytest.mark.slow
def test_a_task_that_is_cancelled_in_the_middle_of_a_query_ends(home: Home) -> None:
    reading = Event()

    def read_endlessly(home: Home, asked: Mapping[str, Any]) -> Any:
        with open_read(scenarios.path(home, asked["name"])) as connection:
            reading.set()
            return connection.execute(ENDLESS).fetchall()

    kind, shelf, record = _begun(home, read_endlessly)
    assert reading.wait(PATIENCE)
    tasks.cancel(shelf, kind, record.task_id)
    ended = background.join(shelf, kind, record.task_id, PATIENCE)

    assert ended.status == tasks.CANCELLED
    assert ended.error.endswith("it was cancelled; audit_scenario(name='one') starts it again")
    left = [f"{record.task_id}.json"]
    until(lambda: [path.name for path in shelf.iterdir()] == left)  # its lease goes after its end


@pytest.mark.slow
def test_a_task_that_only_its_first_caller_wants_is_stopped_when_that_one_gives_up(
    home: Home,
) -> None:
    reached = Event()

    def step_endlessly(home: Home, asked: Mapping[str, Any]) -> Any:
        while True:
            step("again")
            reached.set()
            time.sleep(0.01)

    kind, shelf, record = _begun(home, step_endlessly)
    assert reached.wait(PATIENCE)
    again, ours = background.begin(home, shelf, kind, {"name": "one"})
    assert (again.task_id, ours) == (record.task_id, False)
    tasks.abandon(shelf, record.task_id)
    assert tasks.get(shelf, kind, record.task_id).status == tasks.RUNNING
    tasks.cancel(shelf, kind, record.task_id)
    assert background.join(shelf, kind, record.task_id, PATIENCE).status == tasks.CANCELLED

    kind, shelf, record = _begun(home, step_endlessly)
    tasks.abandon(shelf, record.task_id)
    assert background.join(shelf, kind, record.task_id, PATIENCE).status == tasks.CANCELLED


@pytest.mark.slow
def test_the_end_of_the_process_interrupts_a_task_and_says_how_to_go_on(home: Home) -> None:
    reading = Event()

    def read_endlessly(home: Home, asked: Mapping[str, Any]) -> Any:
        with open_read(scenarios.path(home, asked["name"])) as connection:
            reading.set()
            return connection.execute(ENDLESS).fetchall()

    kind, shelf, record = _begun(home, read_endlessly)
    assert reading.wait(PATIENCE)
    background.interrupt_all()
    ended = tasks.get(shelf, kind, record.task_id)

    assert ended.status == tasks.INTERRUPTED
    assert ended.error.endswith("audit_scenario(name='one') starts it again")


@pytest.mark.slow
def test_a_fault_inside_is_an_error_that_says_that_nothing_is_half_done(home: Home) -> None:
    def fail(home: Home, asked: Mapping[str, Any]) -> Any:
        raise ZeroDivisionError

    kind, shelf, record = _begun(home, fail)
    ended = background.join(shelf, kind, record.task_id, PATIENCE)

    assert ended.status == tasks.FAILED
    assert "audit_scenario: HealthSim failed inside (ZeroDivisionError)" in ended.error


@pytest.mark.slow
def test_a_scenario_that_is_replaced_while_it_is_read_makes_the_task_fail(home: Home) -> None:
    def replace(home: Home, asked: Mapping[str, Any]) -> Any:
        path = scenarios.path(home, asked["name"])
        path.touch()
        return "read"

    kind, shelf, record = _begun(home, replace)
    ended = background.join(shelf, kind, record.task_id, PATIENCE)

    assert ended.status == tasks.FAILED
    assert "'one' was replaced since it was begun" in ended.error


class _StopsAt(Watch):
    """Stops what it watches once that says a word."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    def say(self, says: str, done: float, total: float, since: float = 0.0) -> None:
        super().say(says, done, total, since)
        if self._word in says:
            self.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    "word", ["table claims,", pytest.param("table vital_signs,", marks=pytest.mark.proof)]
)
def test_an_export_that_is_cancelled_leaves_nothing_and_an_older_one_alone(
    home: Home, word: str
) -> None:
    with pytest.raises(Cancelled), watched_by(_StopsAt(word)):
        exporting.export_home(home, "one", "csv")
    assert list(home.exports.iterdir()) == []

    exporting.export_home(home, "one", "csv", ["patients"])
    (folder,) = home.exports.iterdir()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(HealthSimError, match="cancelled"), watched_by(_StopsAt(word)):
        exporting.export_home(home, "one", "csv")

    assert list(home.exports.iterdir()) == [folder]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.slow
def test_where_the_home_takes_no_file_this_process_keeps_its_tasks_itself(home: Home) -> None:
    kind = _kind(lambda home, asked: "done")
    record, _ = background.begin(home, home.folder / "gone" / "tasks", kind, {"name": "one"})
    shelf = background.shelf_of(home)

    assert background.join(shelf, kind, record.task_id, PATIENCE).result == "done"
    assert not home.tasks.exists()
    background.interrupt_all()
    assert not shelf.exists()
    assert background.shelf_of(home) == home.tasks
