"""The server as a process: over stdio, twice on one home, stopped in the middle of a run."""

from __future__ import annotations

import re
import socket
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.operations import runs
from healthsim.operations.home import Home
from processes import PATIENCE
from serving.forking import begun
from serving.piped import ERAS, Piped, piped
from stand_ins import hold_long_runs
from storing import drafted, spec
from talking import Open, text_of

pytestmark = pytest.mark.anyio

WISH = "{} Medicare patients with diabetes in Texas"


async def _answer(client: Client | Piped, tool: str, **arguments: Any) -> dict[str, Any]:
    if isinstance(client, Piped):
        return await anyio.to_thread.run_sync(partial(client.call, tool, **arguments))
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return dict(result.structured_content)


def _draft(home: Path, count: int, **changed: Any) -> str:
    """Return the handle of a draft of members alone."""
    who = {"count": count, "detail": "core", "products": ["membersim"], **changed}
    return drafted(Home(home), spec("diabetic", **who))


@pytest.mark.slow
async def test_two_servers_on_one_home_both_save_and_query_and_share_a_run(tmp_path: Path) -> None:
    """One is a process of its own, the other is in this one."""
    with piped(tmp_path, ERAS[1]) as one:
        async with Client(build_server(tmp_path)) as two, anyio.create_task_group() as both:
            both.start_soon(_use, tmp_path, one, "one", 20)
            both.start_soon(_use, tmp_path, two, "two", 40)
        async with Client(build_server(tmp_path)) as two:
            seen = await _answer(one, "list_scenarios")
            sql = "SELECT count(*) FROM members"
            other = await _answer(two, "query_scenario", name="one", sql=sql)
            await _share(one, two, _draft(tmp_path, 50))

    assert seen["total"] == 2
    assert other["rows"] == [[20]]


async def _use(folder: Path, client: Client | Piped, name: str, count: int) -> None:
    spec_id = _draft(folder, count)
    await _answer(client, "execute_spec", spec_id=spec_id, save_as=name)
    sql = "SELECT count(*) FROM members"
    page = await _answer(client, "query_scenario", name=name, sql=sql)
    assert page["rows"] == [[count]]


async def _share(one: Piped, two: Client, spec_id: str) -> None:
    """Ask two servers for the same at once: they have one run of it."""
    states: list[dict[str, Any]] = []

    async def run(client: Client | Piped) -> None:
        states.append(await _answer(client, "execute_spec", spec_id=spec_id))

    async with anyio.create_task_group() as both:
        both.start_soon(run, one)
        both.start_soon(run, two)

    assert [state["status"] for state in states] == ["done", "done"]
    assert states[0]["run_id"] == states[1]["run_id"]
    assert states[0]["digest"] == states[1]["digest"]


@pytest.mark.slow
async def test_a_long_run_answers_with_a_handle_and_can_be_stopped(
    open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_long_runs(monkeypatch)
    async with open_client() as client:
        draft = await _answer(client, "start_profile_builder", request=WISH.format(30_000))
        state = await _answer(client, "execute_spec", spec_id=draft["spec_id"], wait_seconds=0)
        assert state["status"] == "running"
        assert state["run_id"] in state["next"]
        stopped = await _answer(client, "cancel_run", run_id=state["run_id"])
        checked = await _answer(client, "check_run", run_id=state["run_id"], wait_seconds=40)

    assert stopped["done"] in {"cancelled", "running"}
    assert checked["status"] == "cancelled"


@pytest.mark.slow
async def test_a_caller_that_gives_up_stops_its_run(
    open_client: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_long_runs(monkeypatch)
    home = Home(tmp_path / "home")
    async with open_client() as client:
        draft = await _answer(client, "start_profile_builder", request=WISH.format(30_000))
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "execute_spec", {"spec_id": draft["spec_id"]})
            with anyio.fail_after(PATIENCE):
                while not any(run.phase == runs.MAKING for run in runs.list_runs(home)):
                    await anyio.sleep(0.02)
            group.cancel_scope.cancel()
        state = await _answer(
            client, "execute_spec", spec_id=draft["spec_id"], count=20, wait_seconds=30
        )

    assert state["status"] == "done"


@pytest.mark.slow
async def test_progress_grows_while_a_run_is_awaited(open_client: Open, tmp_path: Path) -> None:
    told: list[float] = []
    said: list[str] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        assert total in (None, 20_000)  # it is not known before the draft is read
        told.append(done)
        said.append(str(message))

    async with open_client() as client:
        spec_id = _draft(tmp_path / "home", 20_000)
        result = await client.call_tool(
            "execute_spec", {"spec_id": spec_id}, progress_callback=hear
        )

    assert not result.is_error
    assert told == sorted(set(told))
    assert told[-1] == 20_000
    assert all(re.search(r", \d+ s$", text) for text in said)


@pytest.mark.slow
def test_what_is_printed_never_reaches_the_protocol(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from healthsim import app
build = app.build_server
def noisy_server(*arguments, **options):
    server = build(*arguments, **options)
    def noisy() -> str:
        '''Print.'''
        print('noise', flush=False)
        return 'quiet'
    server.add_tool(noisy)
    return server
app.build_server = noisy_server
app.serve(Path(sys.argv[1]))
"""
    with piped(tmp_path, ERAS[1], program) as client:
        for _ in range(3):
            answer = client.answer(client.begin("noisy"))
            assert [part["text"] for part in answer["content"]] == ["quiet"]
        client.leave()


@pytest.mark.slow
async def test_the_server_serves_over_http_only_its_own_host_and_its_drafts_outlive_it(
    tmp_path: Path,
) -> None:
    """This one is a fork; `serving/test_http.py` starts one from nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["-m", "healthsim", "--home", str(tmp_path), "serve"]
    with begun([*arguments, "--http", f"127.0.0.1:{port}"]):
        await _reachable(port)
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            draft = await _answer(client, "start_profile_builder", request=WISH.format(20))
        assert "421" in await _asked_as(port, "evil.example")
    async with Client(build_server(tmp_path, read_only=True)) as client:
        shown = await _answer(client, "get_spec", spec_id=draft["spec_id"])

    assert "20 people" in shown["card"]


async def _reachable(port: int) -> None:
    with anyio.fail_after(PATIENCE):
        while True:
            try:
                async with await anyio.connect_tcp("127.0.0.1", port):
                    return
            except OSError:
                await anyio.sleep(0.1)


async def _asked_as(port: int, host: str) -> str:
    """Return the first line of the answer to a request that names another host."""
    request = (
        f"POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\nContent-Length: 2\r\n\r\n{}"
    )
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(request.encode())
        return (await stream.receive()).decode().splitlines()[0]
