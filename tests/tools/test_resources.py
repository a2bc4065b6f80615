"""Scenarios, drafts, templates and guides as resources, in both eras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from healthsim.operations import specs
from healthsim.operations.home import Home
from healthsim.tools.resources import LONGEST, PAGE, TEMPLATES
from kept import PEOPLE, keep
from talking import Open

pytestmark = pytest.mark.anyio


async def _read(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    return str(content.text)


async def _all(client: Client) -> list[str]:
    uris, cursor = [], None
    while True:
        page = await client.list_resources(cursor=cursor)
        assert len(page.resources) <= PAGE
        uris += [resource.uri for resource in page.resources]
        cursor = page.next_cursor
        if cursor is None:
            return uris


@pytest.mark.slow
async def test_a_scenario_says_what_it_holds_and_where_it_came_from(
    open_client: Open, era: str, tmp_path: Path
) -> None:
    keep(tmp_path / "home", "three")
    async with open_client(era) as client:
        read: dict[str, Any] = {
            part: json.loads(await _read(client, f"healthsim://scenario/three{part}"))
            for part in ("", "/manifest", "/tables", "/table/patients")
        }

    assert read[""]["people"] == PEOPLE
    assert ["patients", PEOPLE, "one row per person"] in read[""]["tables"]["rows"]
    assert read["/manifest"]["profile"]["count"] == PEOPLE
    assert read["/manifest"]["digest"] == read[""]["digest"]
    assert read["/tables"]["tables"] == read[""]["tables"]
    assert len(read["/table/patients"]["sample"]["rows"]) == PEOPLE
    assert "person_id" in [row[0] for row in read["/table/patients"]["columns"]["rows"]]


async def test_a_draft_is_read_as_its_card_and_as_data(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        asked = {"request": "12 people with diabetes"}
        started = (await client.call_tool("start_profile_builder", asked)).structured_content
        uri = f"healthsim://spec/{started['spec_id']}"
        shown = await client.call_tool("get_spec", {"spec_id": started["spec_id"]})
        card, document = (
            await _read(client, uri),
            json.loads(await _read(client, f"{uri}/document")),
        )
        listed = await _all(client)

    assert card == shown.structured_content["card"]
    assert document["profile"]["count"] == 12
    assert uri in listed


async def test_templates_and_guides_are_read_by_name(open_client: Open, era: str) -> None:
    async with open_client(era) as client:
        template = json.loads(await _read(client, "healthsim://template/medicare-diabetic"))
        guide = await _read(client, "healthsim://guide/build-journey/steps")
        part = await _read(client, "healthsim://guide/schema:%20lab")

    assert template["name"] == "medicare-diabetic"
    assert guide.startswith("# ")
    assert part.startswith("# lab")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("healthsim://scenario/thre", "no such scenario; did you mean 'three'?"),
        ("healthsim://scenario/Three%20People", "not a scenario name"),
        ("healthsim://scenario/..%2Fthree", "no such resource"),
        ("healthsim://spec/none", "no such draft"),
        ("healthsim://template/medicare-diabetics", "did you mean 'medicare-diabetic'"),
        ("healthsim://guide/build-journeys", "did you mean 'build-journey'"),
        ("healthsim://scenari/three", "resources/templates/list"),
    ],
)
async def test_what_is_not_there_is_refused_with_a_mend(
    open_client: Open, era: str, tmp_path: Path, uri: str, said: str
) -> None:
    (tmp_path / "home" / "scenarios").mkdir(parents=True)
    (tmp_path / "home" / "scenarios" / "three.duckdb").touch()
    async with open_client(era) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)

    assert said in str(caught.value)
    assert caught.value.error.code == -32602


async def test_a_damaged_scenario_says_so_as_a_resource(
    open_client: Open, era: str, tmp_path: Path
) -> None:
    (tmp_path / "home" / "scenarios").mkdir(parents=True)
    (tmp_path / "home" / "scenarios" / "bad.duckdb").write_text("no database")
    async with open_client(era) as client:
        with pytest.raises(MCPError, match="not a DuckDB file"):
            await client.read_resource("healthsim://scenario/bad")


async def test_a_long_list_comes_in_pages_that_survive_a_change_between_them(
    open_client: Open, era: str, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    home.scenarios.mkdir(parents=True)
    for number in range(PAGE):
        (home.scenarios / f"s{number:03}.duckdb").touch()
    draft = specs.create(home, "waiting", {"profile": None})
    async with open_client(era) as client:
        first = await client.list_resources()
        (home.scenarios / "s000.duckdb").unlink()  # of the first page
        (home.scenarios / "s098a.duckdb").touch()  # of the second
        second = await client.list_resources(cursor=first.next_cursor)
    uris = [resource.uri for page in (first, second) for resource in page.resources]

    assert len(first.resources) == PAGE
    assert second.next_cursor is None
    assert len(uris) == len(set(uris))
    assert [uri for uri in uris if "/s098a" in uri]
    assert uris[-1] == f"healthsim://spec/{draft.spec_id}"


@pytest.mark.parametrize("cursor", ["x", "W10=", "bnVsbA==", "ÿ", "WzEsIDJd"])
async def test_a_cursor_of_nobody_is_refused(open_client: Open, era: str, cursor: str) -> None:
    async with open_client(era) as client:
        with pytest.raises(MCPError, match="leave it out to begin again") as caught:
            await client.list_resources(cursor=cursor)

    assert caught.value.error.code == -32602


async def test_a_long_document_leaves_out_its_longest_part(
    open_client: Open, tmp_path: Path
) -> None:
    profile = {"name": "long", "description": "x" * LONGEST}
    draft = specs.create(Home(tmp_path / "home"), "long", {"profile": profile})
    async with open_client() as client:
        text = await _read(client, f"healthsim://spec/{draft.spec_id}/document")

    assert len(text) < LONGEST
    assert json.loads(text)["too_long"] == ["profile"]


async def test_a_document_of_many_small_parts_stays_below_the_limit(
    open_client: Open, tmp_path: Path
) -> None:
    profile = {"name": "wide", "deep": [[[number]] for number in range(LONGEST // 12)]}
    draft = specs.create(Home(tmp_path / "home"), "wide", {"profile": profile})
    async with open_client() as client:
        text = await _read(client, f"healthsim://spec/{draft.spec_id}/document")

    assert len(text) < LONGEST


async def test_server_prompts_and_resources_have_icons_that_no_host_must_fetch(
    open_client: Open, era: str
) -> None:
    async with open_client(era) as client:
        server = client.server_info
        having = [
            server,
            *(await client.list_prompts()).prompts,
            *(await client.list_resources()).resources,
            *(await client.list_resource_templates()).resource_templates,
        ]
        listed = await client.list_tools()

    assert "icons" not in json.dumps(listed.meta or {})  # each result names the server
    assert all(one.icons for one in having)
    sources = {icon.src for one in having for icon in one.icons}
    assert all(
        src.startswith(("data:image/svg+xml,%3Csvg", "data:image/png;base64,")) for src in sources
    )
    assert {icon.mime_type for icon in server.icons} == {"image/svg+xml", "image/png"}
    assert not any(set(src) & set(' <>"`{}|\\^') for src in sources), "such a URI is not valid"
    assert max(map(len, sources)) < 3_000
    assert not any(tool.icons for tool in listed.tools)  # a model would read them all


def test_every_kind_of_resource_is_described() -> None:
    assert all(kind.read.__doc__ for kind in TEMPLATES)
