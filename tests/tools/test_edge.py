"""What a caller sees of an error: where, what was found, how to mend it; never the inside."""

from __future__ import annotations

import json
import logging

import pytest
from mcp.types import CallToolResult

from healthsim.app import build_server
from healthsim.errors import Problem, SpecError
from healthsim.tools.answers import Answer, GuideText, ScenarioShown, reply
from healthsim.tools.server import READ
from talking import Open, text_of

pytestmark = pytest.mark.anyio


async def test_a_misspelt_argument_is_named_with_its_near_match(
    open_client: Open, era: str
) -> None:
    async with open_client(era) as client:
        result = await client.call_tool("find_templates", {"qury": "diabetes"})

    assert result.is_error
    assert text_of(result) == (
        "qury: unknown key 'qury'; did you mean 'query'? the keys here are query, kind, limit"
    )


async def test_a_wrong_argument_is_explained_without_pydantic_links(open_client: Open) -> None:
    async with open_client() as client:
        result = await client.call_tool("find_templates", {"limit": 0, "kind": "people"})

    assert "kind: is 'people'; use 'any', 'profile' or 'journey'" in text_of(result)
    assert "limit: is 0" in text_of(result)
    assert "http" not in text_of(result)


async def test_a_misspelt_tool_is_named_with_its_near_match(open_client: Open) -> None:
    async with open_client() as client:
        result = await client.call_tool("querry_scenario", {})

    assert result.is_error
    assert "did you mean 'query_scenario'" in text_of(result)


async def test_text_and_structure_of_an_answer_hold_the_same(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        result = await client.call_tool("find_templates", {"query": "diabetes"})

    assert json.loads(text_of(result)) == result.structured_content


async def test_every_problem_of_a_specification_reaches_the_caller() -> None:
    server = build_server()

    def broken() -> None:
        """Break."""
        raise SpecError([Problem("a", "is 1", "make it 2"), Problem("b", "is 3", "make it 4")])

    server.add_tool(broken, annotations=READ, structured_output=False)
    from mcp import Client

    async with Client(server) as client:
        result = await client.call_tool("broken", {})

    assert text_of(result) == "a: is 1; make it 2\nb: is 3; make it 4"


async def test_an_unexpected_error_tells_nothing_of_the_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = build_server()

    def crashing() -> CallToolResult:
        """Crash."""
        raise RuntimeError("/home/somebody/secret")

    server.add_tool(crashing, annotations=READ, structured_output=False)
    from mcp import Client

    with caplog.at_level(logging.ERROR):
        async with Client(server) as client:
            result = await client.call_tool("crashing", {})

    assert result.is_error
    assert "secret" not in text_of(result)
    assert "secret" in caplog.text


def test_an_answer_leaves_out_what_is_empty() -> None:
    assert reply(GuideText(topic="a", text="b")).structured_content == {"topic": "a", "text": "b"}


@pytest.mark.parametrize("answer", Answer.__subclasses__(), ids=lambda one: one.__name__)
def test_what_an_answer_leaves_out_is_nothing_at_all(answer: type[Answer]) -> None:
    left_out = {name: one.get_default() for name, one in answer.model_fields.items()
                if not one.is_required()}  # fmt: skip

    assert [name for name, value in left_out.items() if value not in (None, 0, "", [], {})] == []


def test_one_person_and_seed_one_are_told() -> None:
    shown = reply(ScenarioShown(name="a", people=1, seed=1, next="b")).structured_content

    assert shown == {"name": "a", "people": 1, "seed": 1, "next": "b"}
