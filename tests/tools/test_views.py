"""The page that shows pictures in hosts with apps: what it is, and that it asks for nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.extension import advertise
from mcp.types import CallToolResult, Tool

from healthsim.app import build_server
from healthsim.operations.home import Home
from healthsim.report.page import digest
from healthsim.tools.views import DRAWN, PICTURE
from kept import keep
from report.hostile import elements
from talking import Open

pytestmark = pytest.mark.anyio

_SHOWS_APPS = advertise("io.modelcontextprotocol/ui", {"mimeTypes": ["text/html;profile=mcp-app"]})


async def test_the_page_of_pictures_is_a_resource_of_the_kind_that_hosts_show(
    open_client: Open, era: str
) -> None:
    async with open_client(era) as client:
        listed = {one.uri: one for one in (await client.list_resources()).resources}
        (page,) = (await client.read_resource(PICTURE)).contents

    assert listed[PICTURE].mime_type == page.mime_type == "text/html;profile=mcp-app"
    assert page.text.startswith("<!DOCTYPE html>")
    assert len(page.text) < 20_000


async def test_the_page_of_pictures_runs_its_own_script_and_asks_the_network_for_nothing(
    open_client: Open,
) -> None:
    async with open_client() as client:
        page = (await client.read_resource(PICTURE)).contents[0].text
    policy = next(attributes["content"] for _, attributes in elements(page)
                  if attributes.get("http-equiv") == "Content-Security-Policy")  # fmt: skip
    (script,) = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)

    assert policy == (
        f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(|eval\(|innerHTML", script)
    assert not re.search(r"url\(|@import|https?:", style)
    assert not any(name.startswith("on") or name in ("src", "style", "href")
                   for _, attributes in elements(page) for name in attributes)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return keep(tmp_path, "few")


async def _drawn(home: Home, era: str, **options: Any) -> tuple[Tool, CallToolResult]:
    async with Client(build_server(home.folder), mode=era, **options) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        asked = {"name": "few", "kind": "population_pyramid"}
        return tools["draw"], await client.call_tool("draw", asked)


def _is_shapes_and_text_in_colours_by_name(drawn: dict[str, Any]) -> None:
    for width in ("wide", "narrow"):
        found = elements(drawn[width])
        assert {"svg", "path", "text"} <= {tag for tag, _ in found}
        assert not {"script", "style", "a", "image", "use"} & {tag for tag, _ in found}
        fills = {attributes["fill"] for _, attributes in found if "fill" in attributes}
        assert {"var(--mark-1)", "var(--mark-2)", "var(--ink)"} <= fills
        assert not any(fill.startswith("#") for fill in fills)


@pytest.mark.slow
async def test_a_client_with_apps_gets_shapes_and_text_to_draw_and_others_lose_nothing(
    home: Home, era: str
) -> None:
    tool, seen = await _drawn(home, era, extensions=[_SHOWS_APPS])
    _, plain = await _drawn(home, era)
    drawn = (seen.meta or {})[DRAWN]

    assert (tool.meta or {})["ui"] == {"resourceUri": PICTURE}
    assert (drawn["name"], drawn["kind"]) == ("few", "population_pyramid")
    assert "population_pyramid" in drawn["kinds"]
    assert set(drawn["kinds"]) > set((seen.structured_content or {})["kinds"])
    assert DRAWN not in (plain.meta or {})
    assert plain.content == seen.content
    assert plain.structured_content == seen.structured_content
    _is_shapes_and_text_in_colours_by_name(drawn)


@pytest.mark.slow
async def test_without_a_renderer_a_client_with_apps_gets_the_table(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    _, seen = await _drawn(home, "auto", extensions=[_SHOWS_APPS])

    assert DRAWN not in (seen.meta or {})
    assert (seen.structured_content or {})["table"]["rows"]
