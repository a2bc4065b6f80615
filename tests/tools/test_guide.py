"""Skills, schemas and prompts: as a tool, as resources, and by the Skills extension."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from mcp.types import PaginatedRequestParams

from healthsim.building import templates
from healthsim.products.catalogue import TABLES
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tools.guide import LONGEST, topics
from healthsim.tools.skills import GetSkill, ReadDirectory, Skills, skills
from talking import Open, text_of

pytestmark = pytest.mark.anyio


async def test_the_guide_lists_its_topics_and_reads_each(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        listed = await client.call_tool("get_guide", {})
        for topic in topics():
            assert topic in text_of(listed)
            found = await client.call_tool("get_guide", {"topic": topic})
            assert not found.is_error
            assert 0 < len(found.structured_content["text"]) <= LONGEST + 100


async def test_a_long_guide_is_read_in_parts_that_make_the_whole(open_client: Open) -> None:
    async with open_client() as client:
        whole, part = "", 1
        while True:
            found = await client.call_tool("get_guide", {"topic": f"schema-journey#{part}"})
            piece, _, more = found.structured_content["text"].partition("\n\n(continues:")
            whole, part = whole + piece, part + 1
            if not more:
                break
        past = await client.call_tool("get_guide", {"topic": f"schema-journey#{part}"})

    assert json.loads(whole)["properties"]["kind"]["const"] == "journey"
    assert past.is_error


@pytest.mark.slow
async def test_schemas_are_resources_and_describe_the_templates(open_client: Open) -> None:
    async with open_client() as client:
        for kind in ("profile", "journey"):
            found = await client.read_resource(f"healthsim://schema/{kind}")
            known = json.loads(found.contents[0].text)["properties"].keys()
            mine = [one for one in templates.load_library() if one.kind == kind]
            assert mine
            assert [one.name for one in mine if not one.fresh().keys() <= known] == []


async def test_prompts_carry_what_the_person_said(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        listed = {prompt.name for prompt in (await client.list_prompts()).prompts}
        found = await client.get_prompt("build_population", {"wish": "20 kids with asthma"})

    assert listed == {"build_population", "ask_scenario", "check_scenario"}
    assert "20 kids with asthma" in found.messages[0].content.text


async def test_every_file_of_a_skill_is_served_as_the_bytes_that_are_hashed(
    open_client: Open,
) -> None:
    listed = await Skills()._list(None, PaginatedRequestParams())
    async with open_client() as client:
        for skill in listed["skills"]:
            assert skill["frontmatter"]["name"]
            for file in skill["resources"]:
                found = await client.read_resource(file["uri"])
                data = found.contents[0].text.encode()
                assert len(data) == file["size"]
                assert f"sha256:{hashlib.sha256(data).hexdigest()}" == file["digest"]


async def test_a_skill_is_found_by_its_address_and_its_folder_is_listed() -> None:
    for skill in skills():
        uri = f"skill://{skill.name}/SKILL.md"
        found = await Skills()._get(None, GetSkill(uri=uri))
        folder = await Skills()._directory(None, ReadDirectory(uri=f"skill://{skill.name}"))

        assert found["skill"]["uri"] == uri
        assert uri in [entry["uri"] for entry in folder["resources"]]


def test_every_skill_has_the_shape_of_agent_skills() -> None:
    for skill in skills():
        assert 0 < len(skill.description) <= 1024
        assert skill.body.strip()
        assert len(skill.files["SKILL.md"].splitlines()) < 500
        assert b"\r" not in skill.files["SKILL.md"]


async def test_skills_and_tools_name_each_other(open_client: Open) -> None:
    text = "\n".join(data.decode() for skill in skills() for data in skill.files.values())
    async with open_client() as client:
        listed = (await client.list_tools()).tools
        tools = {tool.name for tool in listed}
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
    parameters = {name for tool in listed for name in tool.input_schema.get("properties", {})}
    verbs = "|".join(sorted({name.split("_")[0] for name in tools}))
    pattern = rf"\b(?:{verbs})_[a-z_]+\b"
    examples = re.compile(r"```json (?:step|journey|changes|profile).*?```", re.DOTALL)
    named = set(re.findall(pattern, examples.sub("", text))) - prompts - parameters
    named -= _words_of_the_language()

    assert tools <= named
    assert named <= tools


def _words_of_the_language() -> set[str]:
    """Return the keys of specifications and the columns of tables, which are no tools."""
    keys = {
        key
        for model in (ProfileSpec, JourneySpec)
        for part in model.model_json_schema(by_alias=True)["$defs"].values()
        for key in part.get("properties", {})
    }
    return keys | {column.name for table in TABLES for column in table.columns}
