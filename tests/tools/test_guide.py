"""Skills, schemas and prompts: as a tool, as resources, and by the Skills extension."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from mcp.types import PaginatedRequestParams

from healthsim.building import templates
from healthsim.capabilities import mentioned
from healthsim.products.catalogue import TABLES
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tools.guide import LONGEST, topics
from healthsim.tools.skills import GetSkill, ReadDirectory, Skills, skills
from talking import Open, text_of
from tokens import tokens

pytestmark = pytest.mark.anyio


async def test_every_topic_can_be_read_and_is_short(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        for topic in topics():
            found = await client.call_tool("get_guide", {"topic": topic})
            assert not found.is_error
            assert 0 < len(found.structured_content["text"]) <= LONGEST, topic


async def test_the_front_door_is_short_and_names_every_guide(open_client: Open) -> None:
    async with open_client() as client:
        front = (await client.call_tool("get_guide", {})).structured_content["text"]
        same = (await client.call_tool("get_guide", {"topic": "healthsim"})).structured_content

    assert len(front) <= 1_500
    assert same["text"] == front
    assert [skill.name for skill in skills() if skill.name not in front] == []
    assert "schema" in front
    assert "capabilities" in front


async def test_what_the_front_door_says_is_not_built_is_in_the_table(open_client: Open) -> None:
    async with open_client() as client:
        front = (await client.call_tool("get_guide", {})).structured_content["text"]
    said = front.partition("**Not built**:")[2].partition(". Say so")[0].replace("\n", " ")
    things = [thing.strip() for thing in re.split("[,;]", said)]

    for thing in things:
        assert {one.built for _, one in mentioned(thing)} & {"no", "partly"}, thing


def test_each_guide_lists_its_parts() -> None:
    for skill in skills():
        body = skill.body
        parts = [path for path in skill.files if path != "SKILL.md"]
        named = [path.removeprefix("references/").removesuffix(".md") for path in parts]
        assert [name for name in named if f"{skill.name}/{name}" not in body] == []


async def test_one_part_of_the_language_is_read_in_any_spelling(open_client: Open) -> None:
    async with open_client() as client:
        read = [
            (await client.call_tool("get_guide", {"topic": topic})).structured_content["text"]
            for topic in ("schema: lab", "schema:lab", "Schema lab", "schema-lab", "schema/lab")
        ]
        old = await client.call_tool("get_guide", {"topic": "build-journey/references/steps.md"})

    assert read == [read[0]] * 5
    assert read[0].startswith("# lab")
    assert not old.is_error


async def test_what_is_not_built_is_found_out_for_less_than_a_thousand_tokens(
    open_client: Open,
) -> None:
    async with open_client() as client:
        for question in ("how do I say a denial?", "can I get FHIR bundles", "is there a picture"):
            arguments = {"query": question}
            found = await client.call_tool("look_up", arguments)
            assert re.search("not built|partly built", text_of(found)), question
            assert tokens(json.dumps(arguments)) + tokens(text_of(found)) < 200
        front = text_of(await client.call_tool("get_guide", {}))

    assert tokens(front) < 450


OF_THE_REFERENCE_CONVERSATION = ("healthsim", "ask-a-scenario")
"""The guides that a model reads for the first conversation: the front door, and how to query."""


async def test_guides_cost_few_tokens(open_client: Open) -> None:
    async with open_client() as client:
        cost = {
            topic: tokens(text_of(await client.call_tool("get_guide", {"topic": topic})))
            for topic in topics()
        }

    assert sum(cost[topic] for topic in OF_THE_REFERENCE_CONVERSATION) <= 1_500, cost
    assert max(cost.values()) <= 2_100, cost


async def test_how_something_is_said_is_looked_up_as_codes_are(open_client: Open) -> None:
    async with open_client() as client:
        asked = {"query": "how do I say a repeat every 3 months"}
        found = (await client.call_tool("look_up", asked)).structured_content
        code = (await client.call_tool("look_up", {"query": "heart attack"})).structured_content
        both = (await client.call_tool("look_up", {"query": "hospice"})).structured_content
        nothing = await client.call_tool("look_up", {"query": "how do I say xyzzy"})

    assert found["found"]["rows"][0][0] == "schema: repeat"
    assert "schema: repeat" in found["next"]
    assert code["found"]["columns"][1] == "code"
    assert "not built; nearest" in both["note"]
    assert both["found"]["rows"]
    assert nothing.is_error
    assert "capabilities" in text_of(nothing)


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

    assert {"build_population", "ask_scenario", "check_scenario"} <= listed
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


@pytest.mark.slow
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
    named |= {name for name in tools if "_" not in name and f"`{name}`" in text}

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
