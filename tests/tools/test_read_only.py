"""A read-only server speaks only of what it offers: in lists, answers, errors and guides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from healthsim.app import TOOLS
from healthsim.operations import specs
from healthsim.operations.home import Home
from healthsim.tools.guide import topics
from healthsim.tools.offers import Offer
from kept import keep, run_id
from talking import Open, text_of
from template_runs import load

pytestmark = pytest.mark.anyio

MISSING = Offer(frozenset(tool.__name__ for tool, hints in TOOLS if not hints.read_only_hint))
DRAFT = {"profile": load("commercial-healthy") | {"count": 3, "detail": "core"}, "journeys": []}


def _calls(spec_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return calls of each tool that a read-only server has: some answer, some are refused."""
    return {
        "find_templates": [{}, {"limit": 0}, {"query": "xyzzy", "kind": "journey"}],
        "get_spec": [{"spec_id": spec_id}, {"spec_id": "empty"}, {"spec_id": "no"},
                     {"spec_id": spec_id, "section": "nowhere"}],
        "preview_spec": [{"spec_id": spec_id}, {"spec_id": "none"}],
        "check_run": [{"run_id": run_id()}, {"run_id": "run-none"}],
        "quick_generate": [{"traits": "a diabetic woman of 70 who has surgery in FHIR"},
                           {"traits": "a man", "journey": "no-such"}],
        "list_scenarios": [{}, {"limit": 0}, {"query": "xyzzy"}],
        "describe_scenario": [{"name": "one"}, {"name": "one", "table": "x"}, {"name": "x"}],
        "query_scenario": [{"name": "one", "sql": "SELECT 1"}, {"name": "one", "sql": "DROP"},
                           {"name": "bad", "sql": "SELECT 1"}],
        "compare_scenarios": [{"a": "one", "b": "two"}, {"a": "one", "b": "x"}],
        "show_person": [{"name": "one", "person": "101"}, {"name": run_id(), "person": "99"}],
        "explain_row": [{"name": "one", "table": "patients", "key": "101"},
                        {"name": "one", "table": "patients", "key": "zz"}],
        "audit_scenario": [{"name": "one"}, {"name": "bad"}],
        "draw": [{"name": "one", "kind": "population_pyramid"}, {"name": "one", "kind": "x"}],
        "look_up": [{"query": "can I get FHIR?"}, {"query": "heart attack"},
                    {"query": "what if"}, {"query": "export to Excel"}, {"query": "xyzzy"}],
        "get_guide": [{"topic": topic} for topic in (*topics(), "xyzzy", "save_scenario")],
    }  # fmt: skip


def _stamps(home: Home) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in home.folder.rglob("*")}


async def _said(client: Client, spec_id: str) -> dict[str, list[Any]]:
    said: dict[str, list[Any]] = {}
    for tool, calls in _calls(spec_id).items():
        said[tool] = [await client.call_tool(tool, arguments) for arguments in calls]
    return said


@pytest.mark.slow
async def test_every_answer_names_only_tools_that_are_offered_and_leaves_the_home_as_it_is(
    open_client: Open, era: str, tmp_path: Path
) -> None:
    home = keep(tmp_path / "home", "one", "two")
    (home.scenarios / "bad.duckdb").write_text("no database")
    spec_id = specs.create(home, "draft", DRAFT).spec_id
    before = _stamps(home)
    async with open_client(era, read_only=True) as client:
        offered = {tool.name for tool in (await client.list_tools()).tools}
        said = await _said(client, spec_id)
    text = {(tool, number): text_of(one) for tool, answers in said.items()
            for number, one in enumerate(answers)}  # fmt: skip
    structured = [one.structured_content for answers in said.values() for one in answers]

    assert _stamps(home) == before
    assert said.keys() == offered
    assert {where: said for where, said in text.items() if MISSING.names_missing(said)} == {}
    assert not MISSING.names_missing(json.dumps(structured))
    assert {any(one.is_error for one in answers) for answers in said.values()} == {True}
    assert all(said for said in text.values())


async def test_its_instructions_descriptions_and_prompts_name_only_what_it_offers(
    open_client: Open, era: str
) -> None:
    async with open_client(era, read_only=True) as client:
        instructions = client.instructions or ""
        tools = (await client.list_tools()).model_dump_json()
        prompts = (await client.list_prompts()).prompts
        texts = [
            (await client.get_prompt(one.name, {ask.name: "x" for ask in one.arguments or ()}))
            .model_dump_json()
            for one in prompts
        ]  # fmt: skip

    assert "read-only" in instructions
    assert "query_scenario" in tools
    assert {"ask_scenario", "check_scenario"} <= {one.name for one in prompts}
    assert not any(MISSING.names_missing(text) for text in (instructions, tools, *texts))


@pytest.mark.slow
async def test_its_guides_as_resources_and_as_skills_are_those_that_it_can_follow(
    open_client: Open, era: str
) -> None:
    async with open_client(era, read_only=True) as client:
        listed = (await client.list_resources()).resources
        texts = {
            one.uri: (await client.read_resource(one.uri)).contents[0].text
            for one in listed
            if one.uri.startswith("skill://")
        }
        for topic in topics():
            uri = f"healthsim://guide/{topic}"
            texts[uri] = (await client.read_resource(uri)).contents[0].text

    assert {uri for uri, text in texts.items() if MISSING.names_missing(text)} == set()
    assert not any(MISSING.names_missing(one.description or "") for one in listed)


async def test_a_server_that_offers_all_says_all(open_client: Open) -> None:
    async with open_client() as client:
        answer = await client.call_tool("list_scenarios", {})

    assert "start_profile_builder" in answer.structured_content["next"]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("run 'x': it failed; execute_spec again", "run 'x': it failed"),
        ("Call check_run, then save_scenario; cancel_run stops it.", "Call check_run."),
        ("What if: copy_spec, refine_spec, compare_scenarios.", ""),
        ("Keep it (save_scenario). Or not.", "Or not."),
        ("| a | `copy_spec` |\n| b | `look_up` |", "| b | `look_up` |"),
        ("- copy_spec it\n- look_up it", "- look_up it"),
        ("resave_scenarios stay", "resave_scenarios stay"),
        ("1. See it.\n2. `refine_spec` it.\n3. Ask.", "1. See it.\n3. Ask."),
    ],
)  # fmt: skip
def test_clauses_rows_and_items_that_name_a_missing_tool_are_left_out(said: str, left: str) -> None:
    assert MISSING.text(said).rstrip(";") == left
