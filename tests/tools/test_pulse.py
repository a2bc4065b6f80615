"""Every call says what it does while it lasts, and ends what it began when its caller gives up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.persistence.database import open_read
from healthsim.tools import pulse
from healthsim.tools.answers import ActionResult, reply
from healthsim.tools.pulse import Pace, watched
from healthsim.tools.server import READ
from healthsim.watching import Step, step
from kept import keep, run_id
from processes import PATIENCE
from stand_ins import report_often

pytestmark = pytest.mark.anyio

ENDLESS = "SELECT count(*) FROM range(1000000) AS a, range(10000000) AS b"


@pytest.fixture
def queries() -> None:
    """Have none: queries run in their process."""


class Heard:
    """What a client heard of a call; `call` calls a tool and gives up once it has heard so much."""

    def __init__(self) -> None:
        self.progress: list[float] = []
        self.says: list[str] = []
        self.enough = anyio.Event()

    async def hear(self, done: float, total: float | None, message: str | None) -> None:
        self.progress.append(done)
        self.says.append(str(message))
        if self.progress:
            self.enough.set()

    async def give_up(self, client: Client, tool: str, **arguments: Any) -> None:
        async with anyio.create_task_group() as tasks:

            async def call() -> None:
                await client.call_tool(tool, arguments, progress_callback=self.hear)
                raise AssertionError(f"{tool} ended before it was given up")

            tasks.start_soon(call)
            with anyio.fail_after(PATIENCE):
                await self.enough.wait()
            tasks.cancel_scope.cancel()


def _with_tool(folder: Path, tool: Callable[..., Any]) -> Any:
    server = build_server(folder)
    server.add_tool(tool, annotations=READ, structured_output=False)
    return server


def _stored(folder: Path) -> Path:
    """Return the file of a run that a home has."""
    return keep(folder).runs / f"{run_id()}.duckdb"


def _children() -> set[int]:
    return {
        int(pid)
        for path in Path("/proc/self/task").glob("*/children")
        for pid in path.read_text().split()
    }


async def _soon(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE):
        while not holds():
            await anyio.sleep(0.02)


@pytest.mark.slow
async def test_a_call_that_says_nothing_of_itself_reports_progress_that_rises(
    tmp_path: Path, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_often(monkeypatch)
    go_on, heard = Event(), Heard()

    def wait_long() -> Any:
        """Wait."""
        assert go_on.wait(PATIENCE)
        return reply(ActionResult(name="wait_long", done="waited", next=""))

    async with (
        Client(_with_tool(tmp_path, wait_long), mode=era) as client,
        anyio.create_task_group() as tasks,
    ):

        async def call() -> None:
            await client.call_tool("wait_long", {}, progress_callback=heard.hear)

        tasks.start_soon(call)
        await _soon(lambda: len(heard.progress) >= 2)
        go_on.set()

    assert heard.progress == sorted(set(heard.progress))
    assert heard.says[0].startswith("wait_long, ")


async def test_what_a_call_says_last_is_reported_though_it_ends_at_once(
    tmp_path: Path, era: str
) -> None:
    heard = Heard()

    def count_quickly() -> Any:
        """Count."""
        for number in range(5):
            step(f"number {number}", number, 4)
        return reply(ActionResult(name="count_quickly", done="counted", next=""))

    async with Client(_with_tool(tmp_path, count_quickly), mode=era) as client:
        await client.call_tool("count_quickly", {}, progress_callback=heard.hear)

    assert heard.progress == [4]
    assert heard.says == ["number 4, 0 s"]


def test_progress_rises_where_a_step_is_behind_what_was_reported() -> None:
    pace, reported = Pace(), list[float]()
    for done in (0.0, 0.0, 0.1, 0.1, 50.0, 20.0, 60.0, *[99.0] * 2000, 100.0):
        progress, total = pace.next(Step("", done, 100.0), end=done == 100.0)
        reported.append(progress)
        assert total == 100.0

    assert reported == sorted(set(reported))
    assert reported[-1] == 100.0


def test_progress_is_told_in_few_digits_for_minutes_and_rises_for_hours() -> None:
    pace = Pace()
    reported = [pace.next(Step("", 0.0, 0.0)) for _ in range(20_000)]
    progress = [one for one, _ in reported]

    assert progress == sorted(set(progress))
    assert progress[8_000] < 1, "the next whole number is for what comes next"
    assert all(total is None for _, total in reported)
    assert [len(str(one)) <= 5 for one in progress[:800]] == [True] * 800
    assert Pace().next(Step("", 100 / 3, 100.0)) == (33.333, 100.0)


@pytest.mark.slow
async def test_a_caller_that_gives_up_ends_the_reading_of_a_file(tmp_path: Path, era: str) -> None:
    file, ended, heard = _stored(tmp_path), Event(), Heard()

    def read_endlessly() -> Any:
        """Read."""
        try:
            with open_read(file) as connection:
                connection.execute(ENDLESS)
        finally:
            ended.set()

    async with Client(_with_tool(tmp_path, read_endlessly), mode=era) as client:
        await heard.give_up(client, "read_endlessly")
        await _soon(ended.is_set)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
async def test_a_caller_that_gives_up_ends_the_process_of_its_query(
    tmp_path: Path, era: str
) -> None:
    before, heard = _children(), Heard()
    file = _stored(tmp_path)
    async with Client(build_server(tmp_path), mode=era) as client:
        await heard.give_up(client, "query_scenario", name=file.stem, sql=ENDLESS)
        await _soon(lambda: _children() <= before)
        page = await client.call_tool(
            "query_scenario", {"name": file.stem, "sql": "SELECT count(*) FROM patients"}
        )

    assert not page.is_error


@pytest.mark.slow
async def test_a_report_that_cannot_be_sent_does_not_end_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulse, "_LOOK", 0.01)
    monkeypatch.setattr(pulse, "_OFTEN", 0.02)
    sent: list[str] = []

    async def report(done: float, total: float | None, says: str) -> None:
        sent.append(says)
        raise RuntimeError("the way back is closed")

    async def work() -> str:
        step("one", 1, 2)
        await anyio.sleep(0.15)
        step("two", 2, 2)
        await anyio.sleep(0.15)
        return "done"

    assert await watched(work, "a call", report) == "done"
    assert len(sent) == 1
