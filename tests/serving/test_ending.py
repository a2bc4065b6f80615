"""The end of the server: at once, whatever it is doing, and with everything in order."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from mcp import Client

from healthsim.app import build_server
from healthsim.operations import runs
from healthsim.operations.home import Home
from kept import keep
from processes import PATIENCE
from serving.piped import ERAS, Piped, piped
from stand_ins import hold_long_runs
from storing import drafted

pytestmark = pytest.mark.slow

ADULTS = {
    "kind": "profile", "name": "adults", "as_of": "2025-01-01", "detail": "core",
    "demographics": {"age": {"type": "uniform", "low": 18, "high": 80},
                     "location": {"states": {"TX": 1}}},
    "products": ["patientsim"],
}  # fmt: skip
MANY = {**ADULTS, "count": 9_000_000}
"""A run that is a lake and takes longer than any test."""
IN_ONE_FILE = {**ADULTS, "count": 240_000}
"""A run that takes longer too, and whose first rows are soon there."""
ON_UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

BLOCKING = """
import sys
from pathlib import Path
from threading import Event
from healthsim import app
build = app.build_server
def stuck_server(home, **options):
    server = build(home, **options)
    def stuck() -> str:
        '''Never come back.'''
        (home / 'stuck').touch()
        Event().wait()
        return ''
    def long_query(name: str, sql: str) -> int:
        '''Query with more patience than a test has.'''
        from healthsim.operations import query
        (home / 'stuck').touch()
        return query.query(server_home, name, sql, seconds=100_000).row_count
    from healthsim.operations.home import Home
    server_home = Home(home)
    server.add_tool(stuck)
    server.add_tool(long_query)
    return server
app.build_server = stuck_server
app.serve(Path(sys.argv[1]))
"""
"""A server with a tool that blocks its thread for ever."""

HELD = """
import sys
from pathlib import Path
from healthsim import app
from healthsim.errors import Cancelled
from healthsim.operations import generate
from healthsim.operations.making import Engine, default_engine

def held(job, *, threads, stop, counted):
    counted()
    stop.wait()
    raise Cancelled('run', 'it was stopped', 'start it again')
    yield

generate.default_engine = lambda: Engine(default_engine().prepare, held)
app.serve(Path(sys.argv[1]))
"""
"""A server whose runs wait, at no cost, until they are stopped."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_under_way(home: Home, *, rows: bool = False) -> bool:
    """Tell whether a run has a half-written file; or even rows in it, which takes longer."""
    return any(run.done if rows else run.phase == runs.MAKING for run in runs.list_runs(home))


def under_way(
    client: Piped, home: Home, wait_seconds: int, *, rows: bool = False, held: bool = False
) -> str:
    """Begin a run that takes longer than any test, and return its run_id once it is under way."""
    spec_id = drafted(home, IN_ONE_FILE if rows or held else MANY)
    number = client.begin("execute_spec", spec_id=spec_id, wait_seconds=wait_seconds)
    if not wait_seconds:
        client.answer(number)
    until(lambda: is_under_way(home, rows=rows))
    return runs.list_runs(home)[0].run_id


def left(home: Home) -> list[str]:
    return sorted(path.suffix for path in home.runs.iterdir())


def _proof(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.proof)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "wait_seconds",
    [
        pytest.param(0, id="nobody waits"),
        pytest.param(40, id="a call waits", marks=pytest.mark.proof),
    ],
)
def test_a_closed_input_interrupts_the_run_and_leaves_nothing_unfinished(
    tmp_path: Path, era: str, wait_seconds: int
) -> None:
    home = Home(tmp_path)
    with piped(tmp_path, era) as client:
        run_id = under_way(client, home, wait_seconds, rows=not wait_seconds)
        ended = client.leave()

    assert ended == (0, "")
    record = runs.get(home, run_id)
    assert record.status == "interrupted"
    assert "execute_spec starts it again" in record.error
    assert left(home) == [".json", ".wishes"]


@pytest.mark.proof
@pytest.mark.parametrize("era", ERAS)
def test_a_closed_input_ends_a_server_that_does_nothing(tmp_path: Path, era: str) -> None:
    with piped(tmp_path, era, anew=True) as client:
        client.call("find_templates")
        assert client.leave() == (0, "")


def test_a_closed_input_ends_a_server_that_was_asked_nothing(tmp_path: Path) -> None:
    with piped(tmp_path, ERAS[1]) as client:
        assert client.leave() == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="asks a shell of Unix")
@pytest.mark.parametrize(("name", "closed"), [("stdin", "<&-"), ("stdout", ">&-")])
def test_a_server_without_its_pipes_says_so(tmp_path: Path, name: str, closed: str) -> None:
    command = f'"{sys.executable}" -m healthsim --home "{tmp_path}" serve {closed}'
    ended = subprocess.run(
        ["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert f"serve: {name} is closed; start it from an MCP host" in " ".join(ended.stderr.split())


def test_a_client_that_reads_nothing_does_not_hold_the_server(tmp_path: Path) -> None:
    with piped(tmp_path, ERAS[1]) as client:
        client.call("find_templates")
        for _ in range(40):  # more than fits into the pipe
            client.send("tools/list", {})
        assert client.leave() == (0, "")


def test_a_client_that_is_gone_while_it_is_answered_ends_the_server(tmp_path: Path) -> None:
    with piped(tmp_path, ERAS[0]) as client:
        assert client.process.stdout is not None
        client.process.stdout.close()
        client.send("tools/list", {})
        assert client.ended() == (0, "")


@pytest.mark.parametrize("era", ERAS)
def test_a_closed_input_does_not_wait_for_a_call_that_never_comes_back(
    tmp_path: Path, era: str
) -> None:
    with piped(tmp_path, era, BLOCKING) as client:
        client.begin("stuck")
        until((tmp_path / "stuck").exists)
        assert client.leave() == (0, "")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="asks Linux for children")
@pytest.mark.parametrize(
    "signalled",
    [pytest.param(False, id="closed input", marks=pytest.mark.proof),
     pytest.param(True, id="SIGKILL")],
)  # fmt: skip
def test_a_query_ends_with_its_server_however_that_ends(tmp_path: Path, signalled: bool) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"
    keep(tmp_path, "few")
    with piped(tmp_path, ERAS[1], BLOCKING) as client:
        client.begin("long_query", name="few", sql=endless)
        until(lambda: bool(_children(client.process.pid)))
        (child,) = _children(client.process.pid)
        if signalled:
            client.process.kill()
            client.ended()
        else:
            assert client.leave() == (0, "")
    until(lambda: not is_running(child))


@ON_UNIX
@pytest.mark.parametrize("name", ["SIGTERM", *map(_proof, ("SIGINT", "SIGHUP"))])
def test_a_signal_interrupts_the_run_and_ends_the_server_by_that_signal(
    tmp_path: Path, name: str
) -> None:
    home, number = Home(tmp_path), getattr(signal, name)
    with piped(tmp_path, ERAS[1]) as client:
        run_id = under_way(client, home, 40)
        client.process.send_signal(number)
        ended = client.ended()

    assert ended == (-number, "")
    assert runs.get(home, run_id).status == "interrupted"
    assert left(home) == [".json", ".wishes"]


@ON_UNIX
@pytest.mark.parametrize("name", ["SIGINT", _proof("SIGHUP")])
def test_a_signal_ends_a_server_that_does_nothing_by_that_signal(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    with piped(tmp_path, ERAS[0]) as client:  # it has answered: it is up
        client.process.send_signal(number)
        assert client.ended() == (-number, "")


@ON_UNIX
@pytest.mark.parametrize("name", ["SIGHUP", _proof("SIGTERM")])
def test_a_signal_ends_a_server_whose_call_never_comes_back(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    with piped(tmp_path, ERAS[0], BLOCKING) as client:
        client.begin("stuck")
        until((tmp_path / "stuck").exists)
        client.process.send_signal(number)
        assert client.ended() == (-number, "")


@pytest.mark.anyio
async def test_a_call_that_waits_takes_on_a_run_whose_server_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_long_runs(monkeypatch)
    home = Home(tmp_path)
    async with Client(build_server(tmp_path), mode="legacy") as other:
        with piped(tmp_path, ERAS[1], HELD) as owner:
            run_id = under_way(owner, home, 0, held=True)
            began = runs.get(home, run_id).started_at
            (spec,) = home.specs.iterdir()
            async with anyio.create_task_group() as group:
                asked = {"spec_id": spec.name, "wait_seconds": 40}
                group.start_soon(other.call_tool, "execute_spec", asked)
                await to_thread.run_sync(until, (home.runs / f"{run_id}.callers").exists)
                assert await to_thread.run_sync(owner.leave) == (0, "")
                await to_thread.run_sync(until, lambda: runs.get(home, run_id).started_at > began)
                assert runs.get(home, run_id).status == "running"
                await other.call_tool("cancel_run", {"run_id": run_id})

    assert runs.get(home, run_id).status == "cancelled"


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for threads in listed for child in threads.read_text().split()]


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # dead; the first process of the machine has not taken notice yet
