"""The person is asked over stdin and stdout too, and a caller may give up meanwhile."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import ElicitResult

from kept import keep
from talking import text_of

pytestmark = pytest.mark.anyio

DELETE = ("delete_scenario", {"name": "old", "confirm": True})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _server(home: Path) -> StdioServerParameters:
    arguments = ["-m", "healthsim", "--home", str(home), "serve"]
    return StdioServerParameters(command=sys.executable, args=arguments, env={**os.environ})


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_who_says_no_keeps_it_and_who_says_yes_is_followed(tmp_path: Path, era: str) -> None:
    home = keep(tmp_path / "home", "old")
    answers = [
        ElicitResult(action="decline"),
        ElicitResult(action="accept", content={"agree": True}),
    ]

    async def person(_: Any, __: Any) -> ElicitResult:
        return answers.pop(0)

    async with Client(_server(home.folder), mode=era, elicitation_callback=person) as client:
        kept = await client.call_tool(*DELETE)
        there = (home.scenarios / "old.duckdb").exists()
        gone = await client.call_tool(*DELETE)

    assert "the person said no" in text_of(kept)
    assert there
    assert gone.structured_content["done"] == "deleted"


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_call_that_is_given_up_while_the_person_thinks_changes_nothing(
    tmp_path: Path, era: str
) -> None:
    home = keep(tmp_path / "home", "old")
    asked = anyio.Event()

    async def person(_: Any, __: Any) -> ElicitResult:
        asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with Client(_server(home.folder), mode=era, elicitation_callback=person) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, *DELETE)
            await asked.wait()
            group.cancel_scope.cancel()
        listed = await client.call_tool("list_scenarios", {})

    assert [row[0] for row in listed.structured_content["scenarios"]["rows"]] == ["old"]
