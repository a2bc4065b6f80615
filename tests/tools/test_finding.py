"""What is found in the library and in the directory, and what is said where nothing is."""

from __future__ import annotations

import pytest

from talking import Open, text_of

pytestmark = pytest.mark.anyio


async def test_found_templates_say_how_to_start_one_and_a_search_in_vain_says_so(
    open_client: Open,
) -> None:
    async with open_client() as client:
        found = (await client.call_tool("find_templates", {"query": "diabetes"})).structured_content
        none = (await client.call_tool("find_templates", {"query": "zebra"})).structured_content

    assert found["templates"]["rows"]
    assert found["next"].startswith("Start one with ")
    assert none["next"].startswith("No template fits 'zebra': none meets half of its words. ")
    assert "find_templates() lists them all" in none["next"]


async def test_a_specialty_near_a_place_is_asked_for_in_one_text_or_in_two(
    open_client: Open,
) -> None:
    async with open_client() as client:
        one = await client.call_tool(
            "look_up", {"about": "network", "query": "cardiology near Houston, TX", "limit": 3}
        )
        two = await client.call_tool(
            "look_up",
            {"about": "network", "query": "Houston, TX", "kind": "cardiology", "limit": 3},
        )
        none = await client.call_tool("look_up", {"about": "network", "query": "Houston, TX"})

    assert len(one.structured_content["found"]["rows"]) == 3
    assert one.structured_content == two.structured_content
    assert "query: names no specialty" in text_of(none)
