"""Golden conversations: scripted sessions against the real server, mistakes and mends included.

Each turn calls a tool. `expect` names places of the answer (`open[0].path`) and what stands there;
`error` lists texts that the refusal must hold word for word; `keep` gives a place of the answer a
name that later turns use as `$name`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp import Client, StdioServerParameters

from healthsim.app import build_server
from healthsim.building import paths
from talking import text_of

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent / "conversations"
CONVERSATIONS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
LONGEST = "main-job"
"""The one conversation that is held in both eras of the protocol, and over stdio."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _filled(value: Any, kept: dict[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        return kept[value[1:]]
    if isinstance(value, dict):
        return {key: _filled(inner, kept) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, kept) for inner in value]
    return value


@asynccontextmanager
async def _client(leg: str, home: Path) -> AsyncIterator[Client]:
    if leg == "stdio":
        import sys

        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "healthsim", "--home", str(home), "serve"],
        )
        async with Client(server) as client:
            yield client
        return
    async with Client(build_server(home), mode=leg) as client:
        yield client


async def _hold(client: Client, turns: list[dict[str, Any]]) -> None:
    kept: dict[str, Any] = {}
    for number, turn in enumerate(turns):
        result = await client.call_tool(turn["call"], _filled(turn.get("with", {}), kept))
        here = f"turn {number}, {turn['call']}: {text_of(result)[:800]}"
        if "error" in turn:
            assert result.is_error, here
            for piece in turn["error"]:
                assert str(_filled(piece, kept)) in text_of(result), here
            continue
        assert not result.is_error, here
        answer = result.structured_content
        for place, wanted in turn.get("expect", {}).items():
            found = paths.find(answer, paths.parse(place))
            assert found == _filled(wanted, kept), f"{place} is {found!r}; {here}"
        for name, place in turn.get("keep", {}).items():
            kept[name] = paths.find(answer, paths.parse(place))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "leg"), [*((name, "auto") for name in CONVERSATIONS), (LONGEST, "legacy")]
)
async def test_a_conversation_goes_as_written(name: str, leg: str, tmp_path: Path) -> None:
    script = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    async with _client(leg, tmp_path / "home") as client:
        await _hold(client, script["turns"])


@pytest.mark.slow
async def test_the_first_conversation_goes_as_written_over_stdio(tmp_path: Path) -> None:
    script = yaml.safe_load((FOLDER / f"{LONGEST}.yaml").read_text(encoding="utf-8"))
    async with _client("stdio", tmp_path / "home") as client:
        await _hold(client, script["turns"])


def test_a_third_of_the_conversations_turns_are_mistakes_and_mends() -> None:
    turns = [
        turn
        for name in CONVERSATIONS
        for turn in yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))["turns"]
    ]
    mistakes = sum("error" in turn for turn in turns)

    assert 3 * mistakes >= len(turns)
