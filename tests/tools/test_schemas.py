"""The catalogue that a model sees: small, complete, strict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from talking import Open
from tokens import tokens

pytestmark = pytest.mark.anyio

BUDGET = 3_600
"""Tokens (o200k) of the result of tools/list as a client receives it."""


async def _catalogue(open_client: Open, era: str = "auto") -> list[dict[str, Any]]:
    async with open_client(era) as client:
        listed = (await client.list_tools()).tools
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from _nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _nodes(value)


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_the_catalogue_is_within_its_budget(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        received = await client.list_tools()

    total = tokens(received.model_dump_json(by_alias=True, exclude_none=True))
    each = {tool.name: tokens(tool.model_dump_json(by_alias=True, exclude_none=True))
            for tool in received.tools}  # fmt: skip
    assert total <= BUDGET, f"{total} tokens of {BUDGET}; by tool: {each}"


async def test_both_protocol_eras_see_the_same_tools(open_client: Open) -> None:
    assert await _catalogue(open_client, "auto") == await _catalogue(open_client, "legacy")


async def test_every_tool_is_described_for_a_model(open_client: Open) -> None:
    for tool in await _catalogue(open_client):
        first = re.split(r"(?<=[.:])\s", tool["description"])[0]
        assert re.fullmatch(r"[a-z_]{3,40}", tool["name"])
        assert len(first) <= 160, tool["name"]
        assert re.match(r"[A-Z][a-z]+ ", first), tool["name"]
        assert tool["title"]
        assert "readOnlyHint" in tool["annotations"]
        assert "outputSchema" not in tool
        assert json.dumps(tool).isascii()


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_an_answer_is_sent_twice_alike_though_no_shape_of_it_is_published(
    open_client: Open, era: str
) -> None:
    async with open_client(era) as client:
        answer = await client.call_tool("get_guide", {})

    assert json.loads(answer.content[0].text) == answer.structured_content
    assert answer.structured_content


async def test_every_parameter_is_described_and_no_other_is_taken(open_client: Open) -> None:
    for tool in await _catalogue(open_client):
        schema = tool["inputSchema"]
        assert schema["additionalProperties"] is False
        assert not {"oneOf", "anyOf", "allOf"} & schema.keys()
        for name, parameter in schema.get("properties", {}).items():
            assert parameter.get("description"), f"{tool['name']}.{name}"
        for node in _nodes(schema):
            assert node.get("type") != "array" or "items" in node
            assert len(node.get("enum", ())) <= 25


async def test_the_instructions_fit_and_name_only_tools_that_exist(open_client: Open) -> None:
    names = {tool["name"] for tool in await _catalogue(open_client)}
    async with open_client() as client:
        text = client.instructions or ""

    assert 0 < len(text) < 2048
    assert (
        set(re.findall(r"\b[a-z]+_(?:spec|builder|scenario|run|guide|generate)\b", text)) <= names
    )


async def test_a_read_only_server_offers_nothing_that_writes(open_client: Open) -> None:
    async with open_client(read_only=True) as client:
        listed = (await client.list_tools()).tools
        refused = await client.call_tool("delete_scenario", {"name": "x", "confirm": True})

    assert listed
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)
    assert refused.is_error
    assert "without --read-only" in refused.content[0].text
