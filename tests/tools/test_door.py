"""What comes in: one and the same call in all the ways that hosts and models write it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import BaseModel

from healthsim.app import build_server
from healthsim.tools.door import admitted
from talking import text_of

pytestmark = pytest.mark.anyio

ASKED = {"request": "20 Medicare patients with diabetes in Texas"}
CHANGE = {"op": "set", "path": "count", "value": 21}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def client(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Client]:
    async with Client(build_server(tmp_path_factory.mktemp("home"))) as opened:
        yield opened


@pytest.fixture(scope="module")
async def spec_id(client: Client) -> str:
    return str((await _done(client, "start_profile_builder", **ASKED))["spec_id"])


async def _done(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    found: dict[str, Any] = result.structured_content
    return found


async def _refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, f"{tool} took {arguments}"
    return text_of(result)


def _models() -> dict[str, type[BaseModel]]:
    tools = build_server()._tool_manager.list_tools()
    return {tool.name: tool.fn_metadata.arg_model for tool in tools}


MODELS = _models()
OPTIONAL = [
    (tool, field.alias or name)
    for tool, model in MODELS.items()
    for name, field in model.model_fields.items()
    if not field.is_required()
]


@pytest.mark.parametrize(("tool", "argument"), OPTIONAL)
def test_null_is_what_every_optional_argument_is_when_it_is_left_out(
    tool: str, argument: str
) -> None:
    assert admitted({argument: None}, MODELS[tool]) == {}


async def test_a_call_with_null_for_all_that_is_optional_is_the_call_without(
    client: Client,
) -> None:
    nulls = {argument: None for tool, argument in OPTIONAL if tool == "find_templates"}

    assert await _done(client, "find_templates", **nulls) == await _done(client, "find_templates")


async def test_null_for_what_is_needed_is_refused_with_what_to_give(client: Client) -> None:
    text = await _refused(client, "look_up", query=None)

    assert text == "query: is null; give text"


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        [CHANGE],
        CHANGE,
        json.dumps(CHANGE),
        json.dumps([CHANGE]),
        f"\n {json.dumps([CHANGE], indent=1)} ",
        [json.dumps(CHANGE)],
        [CHANGE | {"for": None}],
        [CHANGE | {"value": "21"}],
        [CHANGE | {"value": 21.0}],
    ],
)
async def test_one_change_is_taken_however_it_is_wrapped(
    client: Client, spec_id: str, changes: Any
) -> None:
    back = {"op": "set", "path": "count", "value": 20}
    await _done(client, "refine_spec", spec_id=spec_id, changes=[back])
    done = await _done(client, "refine_spec", spec_id=spec_id, changes=changes)

    later = "said '20' -> count: 20 people; changed later: 20 -> 21"
    assert done["changed"] == ["count: 20 -> 21", later]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ("set count to 5", "changes: is 'set count to 5'; give a list of objects with op, path"),
        ([5], "changes[0]: is 5; give an object with op, path, value, for"),
        (["count"], "changes[0]: is 'count'; give an object with op, path, value, for"),
        ([CHANGE, "{]"], "changes[1]: is '{]'; give an object with op, path, value, for"),
        ([[CHANGE]], "changes[0]: is a list; give an object with op, path, value, for"),
        ([{"op": "set", "value": 1}], "changes[0].path: is missing; add it"),
        ([{"path": "count"}], "changes[0].op: is missing; add 'set', 'remove' or 'append'"),
        (
            [CHANGE | {"op": "replace"}],
            "changes[0].op: is 'replace'; use 'set' with path and value",
        ),
    ],
)
async def test_a_change_that_is_none_is_answered_with_what_a_change_has(
    client: Client, spec_id: str, changes: Any, said: str
) -> None:
    assert (await _refused(client, "refine_spec", spec_id=spec_id, changes=changes)).startswith(
        said
    )


@pytest.mark.parametrize(
    ("tool", "given", "taken"),
    [
        ("start_profile_builder", {"ages": "[18, 64]"}, {"ages": [18, 64]}),
        ("start_profile_builder", {"ages": ["18", 64.0]}, {"ages": [18, 64]}),
        ("start_profile_builder", {"count": "200"}, {"count": 200}),
        ("start_profile_builder", {"count": 200.0}, {"count": 200}),
        ("start_profile_builder", {"count": ""}, {}),
        ("start_profile_builder", {"payer": ""}, {"payer": ""}),
        ("start_profile_builder", {"sexes": '{"F": "0.5"}'}, {"sexes": {"F": 0.5}}),
        ("start_profile_builder", {"as_of": 2025}, {"as_of": "2025"}),
        ("query_scenario", {"limit": "5.0"}, {"limit": 5}),
        ("export_scenario", {"tables": "patients"}, {"tables": ["patients"]}),
        ("export_scenario", {"tables": '["patients", 5]'}, {"tables": ["patients", "5"]}),
        ("export_scenario", {"tables": ""}, {}),
        ("quick_generate", {"members": {"role": "self"}}, {"members": [{"role": "self"}]}),
        ("quick_generate", {"members": '{"role": "self"}'}, {"members": [{"role": "self"}]}),
        ("quick_generate", {"members": ['{"role": "self"}']}, {"members": [{"role": "self"}]}),
        ("show_person", {"person": 101}, {"person": "101"}),
        ("show_person", {"person": 101.0}, {"person": "101"}),
        ("save_scenario", {"replace": "true"}, {"replace": True}),
        ("delete_scenario", {"confirm": "False"}, {"confirm": False}),
    ],
)
def test_what_can_be_read_in_one_way_only_is_read_so(
    tool: str, given: dict[str, Any], taken: dict[str, Any]
) -> None:
    found = admitted(given, MODELS[tool])

    assert found == taken
    assert [type(value) for value in found.values()] == [type(one) for one in taken.values()]


@pytest.mark.parametrize(
    ("tool", "argument", "value", "mend"),
    [
        ("delete_scenario", "confirm", "yes", "give true or false"),
        ("delete_scenario", "confirm", 1, "give true or false"),
        ("delete_scenario", "confirm", "on", "give true or false"),
        ("save_scenario", "replace", "y", "give true or false"),
        ("execute_spec", "accept_open", "t", "give true or false"),
        ("start_profile_builder", "count", True, "give a whole number"),
        ("start_profile_builder", "count", "2,000", "give a whole number"),
        ("start_profile_builder", "count", 2.5, "give a whole number"),
        ("start_profile_builder", "ages", "18-64", "give a list of whole numbers"),
        ("start_profile_builder", "ages", 65, "give a list of whole numbers"),
        ("start_profile_builder", "conditions", ["E11.9"], "give an object of numbers"),
        ("start_profile_builder", "sexes", "women", "give an object of numbers"),
        ("quick_generate", "members", "a mother and a child", "give a list of objects"),
        ("export_scenario", "tables", {"a": 1}, "give a list of texts"),
        ("get_spec", "spec_id", ["a"], "give text"),
        ("get_spec", "spec_id", True, "give text"),
    ],
)
async def test_what_may_mean_several_things_is_refused_with_what_to_give(
    client: Client, tool: str, argument: str, value: Any, mend: str
) -> None:
    text = await _refused(client, tool, **{argument: value})

    (line,) = [line for line in text.splitlines() if line.startswith(f"{argument}: ")]
    assert mend in line
    assert "True" not in line


@pytest.mark.parametrize("inside", [{"spec_id": "a", "section": "count"}, '{"spec_id": "a"}'])
@pytest.mark.parametrize("name", ["arguments", "input", "params"])
async def test_arguments_inside_one_more_object_are_answered_with_how_to_send_them(
    client: Client, name: str, inside: Any
) -> None:
    text = await _refused(client, "get_spec", **{name: inside})

    assert text.startswith(f"{name}: holds the arguments themselves; send spec_id")
    assert text.endswith(f"without '{name}' around them")


async def test_arguments_inside_one_more_object_are_seen_beside_others_too(client: Client) -> None:
    text = await _refused(client, "query_scenario", name="demo", arguments={"sql": "SELECT 1"})

    assert text == (
        "arguments: holds the arguments themselves; send sql without 'arguments' around them"
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("build_populaton", {"wish": "x"}, "did you mean 'build_population'?"),
        ("check_scenario", {}, "scenario: is missing, and check_scenario needs it; give: Name"),
        ("check_scenario", None, "scenario: is missing"),
        ("check_scenario", {"scenarios": "demo"}, "did you mean 'scenario'?"),
        ("check_scenario", {"scenario": "a", "other": "b"}, "'other': is no argument of"),
        ("build_population", {"wish": "x" * 50_000}, "wish: has 50,000 characters; use at most"),
        ("a" * 50_000, {}, "(50,000 characters): there is none of this name; known: "),
    ],
)
async def test_a_prompt_that_cannot_be_asked_so_is_answered_with_a_mend(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    mode: Any,
    name: str,
    arguments: Any,
    said: str,
) -> None:
    async with Client(build_server(tmp_path), mode=mode) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(name, arguments)

    assert caught.value.error.code == INVALID_PARAMS
    assert said in caught.value.error.message
    assert len(caught.value.error.message) < 1_000
    assert not caplog.records


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900])
async def test_text_that_is_nested_without_end_is_refused_in_words(
    client: Client, deep: str
) -> None:
    text = await _refused(client, "refine_spec", spec_id="x", changes=deep)

    assert "changes" in text
    assert "failed inside" not in text
    assert len(text) < 1_000
