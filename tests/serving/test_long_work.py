"""Long work over pipes: its progress, and its end where it is cancelled or the input closes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters

from healthsim.app import build_server
from healthsim.operations import background, scenarios, tasks
from healthsim.operations.home import Home
from healthsim.operations.tasks import TaskKind
from processes import PATIENCE
from serving.piped import ERAS, piped
from serving.test_ending import until
from stand_ins import FEW_RULES, ask_few_rules
from storing import first_year
from talking import text_of

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

ENDLESS = """
import sys, tempfile
from pathlib import Path
from typing import Any
from healthsim import app
from healthsim.operations.scenarios import path
from healthsim.operations.tasks import TaskKind
from healthsim.persistence.database import open_read
from healthsim.tools import tasks
from healthsim.tools.answers import ActionResult, reply
from healthsim.tools.server import READ, Ctx

def do(home, asked):
    home.ensure(home.exports)
    with tempfile.TemporaryDirectory(dir=home.exports), open_read(path(home, "one")) as connection:
        (home.folder / "reading").touch()
        connection.execute("SELECT count(*) FROM range(1000000) AS a, range(10000000) AS b")

LONG = tasks.LongTool(
    TaskKind("audit", "audit_scenario", do, ("name",), path),
    lambda ctx, asked, result: reply(ActionResult(name="", done="", next="")),
)
build = app.build_server
def endless_server(home, **options):
    server = build(home, **options)
    async def endless(ctx: Ctx) -> Any:
        '''Work.'''
        return await tasks.answered(ctx, LONG, name="one")
    server.add_tool(endless, annotations=READ, structured_output=False)
    return server
app.build_server = endless_server
app.serve(Path(sys.argv[1]))
"""
"""A server with a tool that audits for ever, in a folder that it makes among the exports."""

KIND = TaskKind("audit", "audit_scenario", lambda home, asked: None, ("name",), scenarios.path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    scenarios.save_run(Home(folder), first_year(folder).stem, "one")
    return folder / "scenarios"


@pytest.fixture
def home(saved: Path, tmp_path: Path) -> Home:
    shutil.copytree(saved, tmp_path / "scenarios")
    return Home(tmp_path)


def _handle(home: Home) -> str:
    (record,) = home.tasks.glob("audit-*.json")
    return record.stem


def _status(home: Home) -> str:
    return tasks.get(home.tasks, KIND, _handle(home)).status


@pytest.mark.parametrize("era", ERAS)
def test_a_cancelled_call_and_a_closed_input_interrupt_the_query_and_leave_no_folder(
    home: Home, era: str
) -> None:
    with piped(home.folder, era, ENDLESS) as client:
        number = client.begin("endless")
        until((home.folder / "reading").exists)
        assert list(home.exports.iterdir())
        client.notify("notifications/cancelled", {"requestId": number})
        until(lambda: _status(home) == tasks.CANCELLED)
        assert list(home.exports.iterdir()) == []
        assert client.call("list_scenarios")["total"] == 1
        assert [path.suffix for path in home.tasks.iterdir()] == [".json"]
        (home.folder / "reading").unlink()
        client.begin("endless")
        until((home.folder / "reading").exists)
        assert client.leave() == (0, "")

    assert _status(home) == tasks.INTERRUPTED
    assert list(home.exports.iterdir()) == []
    assert [path.suffix for path in home.tasks.iterdir()] == [".json"]


async def test_a_task_of_a_server_that_was_killed_is_interrupted_for_others(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with piped(home.folder, ERAS[1], ENDLESS) as client:
        client.begin("endless")
        until((home.folder / "reading").exists)
        client.process.kill()
        client.ended()
    ask_few_rules(monkeypatch)
    async with Client(build_server(home.folder)) as other:
        state = (await other.call_tool("check_run", {"run_id": _handle(home)})).structured_content
        again = (await other.call_tool("audit_scenario", {"name": "one"})).structured_content

    assert state is not None
    assert state["status"] == "interrupted"
    assert state["next"] == "audit_scenario(name='one') starts it again."
    assert again is not None
    assert again["ok"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_audit_over_pipes_reports_its_progress(home: Home, mode: str) -> None:
    """This server is started from nothing, and its client is the SDK's."""
    told: list[float] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        told.append(done)

    command = ["-c", FEW_RULES, "--home", str(home.folder), "serve"]
    server = StdioServerParameters(command=sys.executable, args=command)
    with anyio.fail_after(PATIENCE):
        async with Client(server, mode=mode) as client:
            result = await client.call_tool(
                "audit_scenario", {"name": "one"}, progress_callback=hear
            )

    assert not result.is_error, text_of(result)
    assert told
    assert told == sorted(set(told))
    assert told[-1] == 100


async def test_two_servers_join_one_task_and_one_of_them_can_leave(home: Home) -> None:
    with piped(home.folder, ERAS[1], ENDLESS) as one:
        one.begin("endless")
        until((home.folder / "reading").exists)
        async with Client(build_server(home.folder)) as two, anyio.create_task_group() as group:
            group.start_soon(two.call_tool, "audit_scenario", {"name": "one"})
            callers = home.tasks / f"{_handle(home)}.callers"
            await anyio.to_thread.run_sync(until, callers.exists)
            group.cancel_scope.cancel()
        assert _status(home) == tasks.RUNNING
        tasks.cancel(background.shelf_of(home), KIND, _handle(home))
        until(lambda: _status(home) == tasks.CANCELLED)
        assert one.leave() == (0, "")
