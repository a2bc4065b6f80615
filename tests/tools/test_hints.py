"""What tools say of themselves is what they do: the home is compared before and after each call."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import ResourceLink

from healthsim.app import build_server
from healthsim.operations import specs
from healthsim.operations.home import Home
from kept import PEOPLE, keep, run_id
from talking import text_of
from template_runs import load

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Files = dict[str, str]


def _files(home: Home) -> Files:
    """Return the digest of every file of a home, without the server's own notes on long work."""
    return {
        path.relative_to(home.folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.folder.rglob("*"))
        if path.is_file() and home.tasks not in path.parents
    }


def _calls(home: Home) -> dict[str, list[dict[str, Any]]]:
    """Return calls of every tool that succeed one after the other; what may be lost is there."""
    profile = load("commercial-healthy") | {"count": PEOPLE, "expectations": [], "detail": "core"}
    spec_id = specs.create(home, "one", {"profile": profile, "journeys": []}).spec_id
    change = {"op": "set", "path": "count", "value": 2}
    return {
        "find_templates": [{"query": "diabetes"}],
        "start_profile_builder": [{"request": "3 healthy adults"}],
        "start_journey_builder": [{"request": "a yearly check", "spec_id": spec_id}],
        "refine_spec": [{"spec_id": spec_id, "changes": [change]}],
        "get_spec": [{"spec_id": spec_id}],
        "preview_spec": [{"spec_id": spec_id}],
        "copy_spec": [{"of": "old"}, {"of": spec_id}],
        "execute_spec": [{"spec_id": spec_id, "accept_open": True, "save_as": "old"}],
        "check_run": [{"run_id": run_id()}],
        "cancel_run": [{"run_id": run_id()}],
        "quick_generate": [{"traits": "a man of 50"}],
        "save_scenario": [{"run_id": run_id(), "name": "old", "replace": True}],
        "list_scenarios": [{}],
        "describe_scenario": [{"name": "old"}, {"name": "old", "table": "patients"}],
        "query_scenario": [{"name": "old", "sql": "SELECT count(*) FROM patients"}],
        "compare_scenarios": [{"a": "old", "b": "two"}],
        "show_person": [{"name": "old", "person": "101"}],
        "explain_row": [{"name": "old", "table": "patients", "key": "101"}],
        "audit_scenario": [{"name": "old"}],
        "draw": [{"name": "old", "kind": "population_pyramid"}],
        "export_scenario": [{"name": "two"}, {"name": "two", "tables": ["patients"]}],
        "look_up": [{"query": "heart attack"}],
        "get_guide": [{}],
        "delete_scenario": [{"name": "two", "confirm": True}],
    }


async def _agree(_: Any, __: Any) -> Any:
    from mcp.types import ElicitResult

    return ElicitResult(action="accept", content={"agree": True})


async def test_hints_are_what_the_calls_do_to_the_home(tmp_path: Path, era: str) -> None:
    home = keep(tmp_path / "home", "old", "two")
    calls = _calls(home)
    made: dict[str, bool] = {}
    lost: dict[str, bool] = {}
    before = _files(home)
    async with Client(build_server(home.folder), mode=era, elicitation_callback=_agree) as client:
        tools = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
        for name, arguments in calls.items():
            for one in arguments:
                result = await client.call_tool(name, one)
                after = _files(home)
                assert not result.is_error, f"{name}: {text_of(result)}"
                gone = any(after.get(path) != digest for path, digest in before.items())
                made[name] = made.get(name, False) or after != before
                lost[name] = lost.get(name, False) or gone
                before = after

    assert calls.keys() == tools.keys()
    reading = {name for name, hints in tools.items() if hints.read_only_hint}
    losing = {name for name, hints in tools.items() if hints.destructive_hint}
    assert {name for name in reading if made[name]} == set()
    assert {name for name in lost if lost[name]} <= losing
    assert {name for name in losing if not lost[name]} <= {"cancel_run"}  # it loses unfinished work


async def test_a_repeated_call_of_an_idempotent_tool_adds_and_removes_nothing(
    tmp_path: Path,
) -> None:
    home = keep(tmp_path / "home", "old", "two")
    calls = _calls(home)
    async with Client(build_server(home.folder), elicitation_callback=_agree) as client:
        tools = (await client.list_tools()).tools
        for tool in tools:
            if not tool.annotations.idempotent_hint:
                continue
            for one in calls[tool.name]:
                await client.call_tool(tool.name, one)
                once = _files(home).keys()
                await client.call_tool(tool.name, one)
                assert _files(home).keys() == once, tool.name


async def test_answers_link_to_what_they_made(tmp_path: Path, era: str) -> None:
    home = keep(tmp_path / "home", "old")
    calls = _calls(home)
    links: dict[str, list[str]] = {}
    async with Client(build_server(home.folder), mode=era) as client:
        for tool, changed in (
            ("save_scenario", {"name": "new"}),
            ("execute_spec", {"save_as": "ran"}),
            ("export_scenario", {"name": "old"}),
            ("describe_scenario", {}),
        ):
            result = await client.call_tool(tool, calls[tool][0] | changed)
            assert not result.is_error, text_of(result)
            links[tool] = [one.uri for one in result.content if isinstance(one, ResourceLink)]
        read = await client.read_resource(links["save_scenario"][0])

    assert links == {
        "save_scenario": ["healthsim://scenario/new"],
        "execute_spec": ["healthsim://scenario/ran"],
        "export_scenario": [(home.exports / "old-csv").absolute().as_uri()],
        "describe_scenario": [],
    }
    assert json.loads(read.contents[0].text)["name"] == "new"
