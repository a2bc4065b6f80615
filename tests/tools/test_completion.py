"""Completion: names for what a person has begun to type, in both eras."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from healthsim.building import templates
from healthsim.tools.completion import MOST, NAMED
from healthsim.tools.guide import topics
from kept import keep
from processes import PATIENCE
from talking import Open

pytestmark = pytest.mark.anyio

ASK = PromptReference(name="ask_scenario")
TABLE = ResourceTemplateReference(uri="healthsim://scenario/{name}/table/{table}")


def _touch(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.duckdb").touch()


async def test_scenarios_that_begin_so_come_before_those_that_hold_it(
    open_client: Open, era: str, tmp_path: Path
) -> None:
    _touch(tmp_path / "home" / "scenarios", "asthma", "copd-two", "copd", "ms-copd")
    async with open_client(era) as client:
        found = await client.complete(ASK, {"name": "scenario", "value": "COPD"})

    assert found.completion.values == ["copd", "copd-two", "ms-copd"]
    assert (found.completion.total, found.completion.has_more) == (3, False)


async def test_a_hundred_names_are_shown_and_the_rest_is_counted(
    open_client: Open, era: str, tmp_path: Path
) -> None:
    _touch(tmp_path / "home" / "scenarios", *(f"s{number:03}" for number in range(MOST + 1)))
    async with open_client(era) as client:
        many = (await client.complete(ASK, {"name": "scenario", "value": ""})).completion
        (tmp_path / "home" / "scenarios" / "s000.duckdb").unlink()
        all_of_them = (await client.complete(ASK, {"name": "scenario", "value": ""})).completion

    assert (len(many.values), many.total, many.has_more) == (MOST, MOST + 1, True)
    assert (len(all_of_them.values), all_of_them.total, all_of_them.has_more) == (MOST, MOST, False)


async def test_templates_topics_and_drafts_are_completed(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        asked = {"request": "twelve diabetics"}
        draft = (await client.call_tool("start_profile_builder", asked)).structured_content
        values = {}
        for prompt, argument in (
            ("build_population", "template"),
            ("explain_topic", "topic"),
            ("continue_draft", "spec_id"),
        ):
            found = await client.complete(
                PromptReference(name=prompt), {"name": argument, "value": ""}
            )
            values[argument] = found.completion.values

    assert values["template"] == [one.name for one in templates.load_library()][:MOST]
    assert values["topic"] == list(topics())
    assert values["spec_id"] == [draft["spec_id"]]


@pytest.mark.slow
async def test_tables_are_those_of_the_scenario_where_one_is_named_already(
    open_client: Open, era: str, tmp_path: Path
) -> None:
    keep(tmp_path / "home", "three")
    (tmp_path / "home" / "scenarios" / "damaged.duckdb").write_text("no database")
    async with open_client(era) as client:
        begun = {"name": "table", "value": ""}
        every = (await client.complete(TABLE, begun)).completion.values
        own = (await client.complete(TABLE, begun, {"name": "three"})).completion.values
        none = (await client.complete(TABLE, begun, {"name": "damaged"})).completion.values

    assert "patients" in own
    assert "subjects" in every
    assert "subjects" not in own
    assert none == []


async def test_free_text_has_no_completion_and_unknown_names_are_refused(
    open_client: Open, era: str
) -> None:
    async with open_client(era) as client:
        free = await client.complete(ASK, {"name": "question", "value": "how many"})
        with pytest.raises(MCPError, match=r"'scenari': there is none; did you mean 'scenario'"):
            await client.complete(ASK, {"name": "scenari", "value": ""})
        with pytest.raises(MCPError, match="did you mean 'ask_scenario'"):
            await client.complete(
                PromptReference(name="ask_scenarios"), {"name": "scenario", "value": ""}
            )

    assert free.completion.values == []


async def test_every_argument_that_names_something_is_completed(open_client: Open) -> None:
    """What prompts and templates ask for is free text, or has names to offer."""
    async with open_client() as client:
        prompts = (await client.list_prompts()).prompts
        uris = [
            one.uri_template for one in (await client.list_resource_templates()).resource_templates
        ]
    arguments = {one.name for prompt in prompts for one in prompt.arguments or ()}
    variables = {part.strip("{+}") for uri in uris for part in uri.split("/") if part[0:1] == "{"}

    assert arguments - {"wish", "question"} <= NAMED.keys()
    assert variables <= NAMED.keys()


@pytest.mark.slow
def test_completing_names_and_listing_tools_and_resources_imports_nothing_heavy(
    tmp_path: Path,
) -> None:
    _touch(tmp_path / "scenarios", "copd")
    program = """
import sys, anyio
from pathlib import Path
from mcp import Client
from mcp.types import PromptReference
from healthsim.app import build_server
async def main():
    async with Client(build_server(Path(sys.argv[1]))) as client:
        await client.list_tools()
        for prompt, argument in (("ask_scenario", "scenario"), ("continue_draft", "spec_id"),
                                 ("build_population", "template"), ("explain_topic", "topic")):
            await client.complete(PromptReference(name=prompt), {"name": argument, "value": "c"})
        assert any("copd" in one.uri for one in (await client.list_resources()).resources)
anyio.run(main)
heavy = {"numpy", "duckdb", "scipy", "pyarrow", "jinja2", "vl_convert", "healthsim.execution"}
print(*heavy & set(sys.modules))
"""
    found = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )

    assert found.stdout.strip() == ""
