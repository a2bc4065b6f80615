"""A run that several calls wait for: who may stop it, and what those who stop it are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.operations import runs
from healthsim.operations.home import Home
from healthsim.tools import execution
from processes import PATIENCE
from stand_ins import hold_long_runs
from talking import text_of

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _long_runs_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_long_runs(monkeypatch)


async def answer(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return dict(result.structured_content)


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    with anyio.fail_after(PATIENCE):
        while not await met():
            await anyio.sleep(0.02)


class Two:
    """Two servers on one home, each with a client, and a draft of people whom nobody waits for."""

    def __init__(self, folder: Path, one: Client, other: Client, spec_id: str) -> None:
        self.home, self.one, self.other = Home(folder), one, other
        self.asked = {"spec_id": spec_id, "wait_seconds": 40}
        self.few = {**self.asked, "count": 3}

    async def run_id(self) -> str:
        async def begun() -> bool:
            return any(run.status == "running" for run in runs.list_runs(self.home))

        await until(begun)
        return runs.list_runs(self.home)[0].run_id


async def two(stack: AsyncExitStack, folder: Path, era: str) -> Two:
    one, other = [
        await stack.enter_async_context(Client(build_server(folder), mode=era)) for _ in range(2)
    ]
    draft = await answer(one, "start_profile_builder", request="20000 adults in Texas")
    core = [{"op": "set", "path": "detail", "value": "core"}]
    await answer(one, "refine_spec", spec_id=draft["spec_id"], changes=core)
    return Two(folder, one, other, draft["spec_id"])


@pytest.mark.slow
async def test_a_run_survives_that_a_caller_who_joined_it_gives_up(
    tmp_path: Path, era: str
) -> None:
    async with AsyncExitStack() as stack:
        they = await two(stack, tmp_path, era)
        began = await answer(they.one, "execute_spec", **they.asked | {"wait_seconds": 0})
        async with anyio.create_task_group() as group:
            group.start_soon(they.other.call_tool, "execute_spec", they.asked)

            async def joined() -> bool:
                return (they.home.runs / f"{began['run_id']}.callers").exists()

            await until(joined)
            group.cancel_scope.cancel()
        after = await answer(they.one, "check_run", run_id=began["run_id"], wait_seconds=1)
        stopped = await answer(they.one, "cancel_run", run_id=began["run_id"])

    assert after["status"] == "running"
    assert stopped["done"] in ("cancelled", "stopping")


@pytest.mark.slow
async def test_a_run_survives_that_the_caller_who_began_it_gives_up_once_another_has_joined(
    tmp_path: Path, era: str
) -> None:
    async with AsyncExitStack() as stack:
        they = await two(stack, tmp_path, era)
        async with anyio.create_task_group() as group:
            group.start_soon(they.one.call_tool, "execute_spec", they.asked)
            run_id = await they.run_id()
            joined = await answer(they.other, "execute_spec", **they.asked | {"wait_seconds": 0})
            group.cancel_scope.cancel()
        after = await answer(they.other, "check_run", run_id=run_id, wait_seconds=1)
        await answer(they.other, "cancel_run", run_id=run_id)

    assert joined["run_id"] == run_id
    assert after["status"] == "running"


@pytest.mark.slow
async def test_a_run_survives_that_the_caller_who_began_it_gives_up_once_another_has_checked_it(
    tmp_path: Path, era: str
) -> None:
    async with AsyncExitStack() as stack:
        they = await two(stack, tmp_path, era)
        async with anyio.create_task_group() as group:
            group.start_soon(they.one.call_tool, "execute_spec", they.asked)
            run_id = await they.run_id()
            await answer(they.other, "check_run", run_id=run_id, wait_seconds=0)
            group.cancel_scope.cancel()
        after = await answer(they.other, "check_run", run_id=run_id, wait_seconds=1)
        await answer(they.other, "cancel_run", run_id=run_id)

    assert after["status"] == "running"


@pytest.mark.slow
async def test_a_run_that_nobody_else_waits_for_stops_when_its_caller_gives_up(
    tmp_path: Path, era: str
) -> None:
    async with AsyncExitStack() as stack:
        they = await two(stack, tmp_path, era)
        async with anyio.create_task_group() as group:
            group.start_soon(they.one.call_tool, "execute_spec", they.asked)
            run_id = await they.run_id()
            group.cancel_scope.cancel()

        async def ended() -> bool:
            return runs.get(they.home, run_id).status != "running"

        await until(ended)
        checked = await answer(they.other, "check_run", run_id=run_id)

    assert checked["status"] == "cancelled"
    assert checked["next"] == "execute_spec starts it again."


@pytest.mark.slow
async def test_stopping_a_run_says_what_became_of_it(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        they = await two(stack, tmp_path, "auto")
        began = await answer(they.one, "execute_spec", **they.asked | {"wait_seconds": 0})
        first = await answer(they.other, "cancel_run", run_id=began["run_id"])
        checked = await answer(they.one, "check_run", run_id=began["run_id"], wait_seconds=40)
        second = await answer(they.other, "cancel_run", run_id=began["run_id"])
        few = await answer(they.one, "execute_spec", **they.few)
        late = await answer(they.other, "cancel_run", run_id=few["run_id"])

    if first["done"] == "stopping":
        assert f"check_run(run_id={began['run_id']!r})" in first["next"]
    else:
        assert (first["done"], first["next"]) == ("cancelled", "execute_spec starts it again.")
    assert checked["status"] == "cancelled"
    assert (second["done"], second["next"]) == ("cancelled", "execute_spec starts it again.")
    assert late["done"] == "done"
    assert f"It had ended before: save_scenario(run_id={few['run_id']!r}" in late["next"]


async def test_a_run_that_is_still_writing_is_said_to_be_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_STOPPING", 0.2)  # seconds that it gets to stop
    home = Home(tmp_path)
    record, _ = runs.claim(home, "ab" * 20, 10)  # under a lease that nobody gives up
    async with Client(build_server(tmp_path)) as client:
        stopped = await answer(client, "cancel_run", run_id=record.run_id)

    assert stopped["done"] == "stopping"
    assert f"check_run(run_id={record.run_id!r}) says when" in stopped["next"]


@pytest.mark.slow
async def test_a_finished_run_is_compared_with_what_was_asked_once(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        they = await two(stack, tmp_path, "auto")
        first = await answer(they.one, "execute_spec", **they.few)
        kept = they.home.runs / f"{first['run_id']}.compared"
        whole = kept.read_text()
        kept.write_text(
            whole.replace('"rows": [', '"rows": [["planted", 1, 1, null, null, false],')
        )
        again = await answer(they.other, "check_run", run_id=first["run_id"])
        kept.write_text("{")
        mended = await answer(they.other, "check_run", run_id=first["run_id"])
        only_read = kept.read_text()
        await answer(they.other, "execute_spec", **they.few)

    assert again["asked_against_got"]["rows"][0][0] == "planted"
    assert mended["asked_against_got"] == first["asked_against_got"]
    assert only_read == "{"
    assert kept.read_text() == whole
