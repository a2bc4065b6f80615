"""The page that shows pictures in hosts with apps: what it is, and that it asks for nothing."""

from __future__ import annotations

import re

import pytest

from healthsim.report.page import digest
from healthsim.tools.views import PICTURE
from report.hostile import elements
from talking import Open

pytestmark = pytest.mark.anyio


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
