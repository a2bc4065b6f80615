"""Holds scripted conversations with a server, and counts what they cost.

A conversation is a file of `tests/conversations`. Each turn calls a tool. `expect` names places of
the answer (`open[0].path`) and what stands there; `says` and `lacks` are texts that the answer has,
or has not; `error` lists texts that the refusal must hold word for word; `keep` gives a place of
the answer a name that later turns use as `$name`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from mcp import Client, StdioServerParameters

from healthsim.app import build_server
from healthsim.building import paths
from talking import text_of
from tokens import tokens

FOLDER = Path(__file__).parent / "conversations"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
BOTH = "concept-one-event"
"""The conversation that `make test` holds in the older era; the proofs hold it over stdio too."""
REFERENCE = "clinical-1-first-year"
"""The conversation whose cost in tokens is limited."""
ALIKE = frozenset({
    "a-drug-changed-and-a-day-spread", "asked-and-not-got", "changed-after-it-was-said",
    "clinical-2-glp1-instead", "clinical-3-sepsis", "clinical-4-oncology-trial",
    "clinical-5-children-in-harris", "clinical-6-maternity",
    "clinical-7-kidneys", "clinical-8-messages", "concept-cycles-and-lifecycle",
    "concept-first-year-by-hand", "concept-healthy-onboarding", "concept-page-one",
    "concept-template-for-100",
    "errors-that-mend", "families-with-a-birth", "payer-1-adjudication", "payer-2-oregon",
    "payer-3-glp1-pharmacy", "payer-7-pictures", "questions-in-sql-that-mend",
    "ten-years-of-kidneys", "words-that-nobody-said",
})  # fmt: skip
"""Conversations whose tools and kinds of mistakes others have too: only the proofs hold them."""
Turn = dict[str, Any]


@dataclass
class Cost:
    """Tokens of a conversation: what the model sends, and what it receives."""

    sent: int = 0
    received: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.sent + self.received


@cache
def turns_of(name: str) -> list[Turn]:
    """Return the turns of a conversation."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    turns: list[Turn] = yaml.load(text, Loader=yaml.CSafeLoader)["turns"]
    return turns


@asynccontextmanager
async def client_of(leg: str, home: Path) -> AsyncIterator[Client]:
    """Open a client of an era ("auto", "legacy") in this process, or over stdio."""
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


async def hold(client: Client, turns: list[Turn]) -> Cost:
    """Hold a conversation, and return what it cost beyond the catalogue."""
    kept: dict[str, Any] = {}
    cost = Cost()
    for number, turn in enumerate(turns):
        arguments = _filled(turn.get("with", {}), kept)
        result = await client.call_tool(turn["call"], arguments)
        while turn["call"] == "execute_spec" and _is_late(turn, result):
            result = await client.call_tool(turn["call"], arguments)  # joins the run
        said = text_of(result)
        cost.sent += tokens(json.dumps({"name": turn["call"], "arguments": arguments}))
        cost.received += tokens(said)
        _judge(turn, kept, result, said, f"turn {number}, {turn['call']}: {said[:1500]}")
    return cost


def _is_late(turn: Turn, result: Any) -> bool:
    """Return whether a busy machine has not finished a run that the conversation waits for."""
    answer = result.structured_content or {}
    return turn.get("expect", {}).get("status") == "done" and answer.get("status") == "running"


def _judge(turn: Turn, kept: dict[str, Any], result: Any, said: str, here: str) -> None:
    if "error" in turn:
        assert result.is_error, here
        for piece in turn["error"]:
            assert str(_filled(piece, kept)) in said, f"{piece!r} is not said; {here}"
        return
    assert not result.is_error, here
    answer = result.structured_content
    for piece in turn.get("says", ()):
        assert str(_filled(piece, kept)) in said, f"{piece!r} is not said; {here}"
    for piece in turn.get("lacks", ()):
        assert str(piece) not in said, f"{piece!r} is said; {here}"
    for place, wanted in turn.get("expect", {}).items():
        found = paths.find(answer, paths.parse(place))
        assert found == _filled(wanted, kept), f"{place} is {found!r}; {here}"
    for name, place in turn.get("keep", {}).items():
        kept[name] = paths.find(answer, paths.parse(place))


def _filled(value: Any, kept: dict[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("$") and value[1:] in kept:
        return kept[value[1:]]
    if isinstance(value, dict):
        return {key: _filled(inner, kept) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, kept) for inner in value]
    return value
