"""How much an answer holds: rows of lists, characters of errors and results, and what is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.building.draft import Draft
from healthsim.errors import Refused
from healthsim.persistence.state import StateManager
from healthsim.tools import building
from persistence.saving import kept_run, manifest_of
from talking import text_of

pytestmark = pytest.mark.anyio

KEPT = {
    "winter": "Diabetes in Texas",
    "spring": "Diabetes in Oklahoma",
    "summer": "Asthma in Texas, " + "a" * 300,
}
"""Three scenarios, oldest first."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def client(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Client]:
    home = tmp_path_factory.mktemp("home")
    run = kept_run(home / "run.duckdb", count=5)
    (home / "scenarios").mkdir()
    states = StateManager(home / "scenarios")
    for day, (name, description) in enumerate(KEPT.items(), 1):
        states.save(run, manifest_of(run).named(name, description, (), f"2025-01-0{day}"))
    async with Client(build_server(home)) as opened:
        yield opened


async def _listed(client: Client, **asked: Any) -> tuple[list[str], int, str]:
    result = await client.call_tool("list_scenarios", asked)
    found = result.structured_content
    names = [row[0] for row in found["scenarios"]["rows"]]
    return names, found["total"], found["next"]


async def _refused(client: Client, tool: str, **asked: Any) -> str:
    result = await client.call_tool(tool, asked)
    assert result.is_error, f"{tool} took it"
    return text_of(result)


@pytest.mark.slow
async def test_a_list_holds_as_many_as_are_asked_for_and_says_where_the_rest_begins(
    client: Client,
) -> None:
    assert (await _listed(client, limit=1))[0] == ["summer"]
    names, total, then = await _listed(client, limit=2)
    assert (names, total) == (["summer", "spring"], 3)
    assert "offset=2 shows more" in then
    names, total, then = await _listed(client, limit=3)
    assert (names, total) == (["summer", "spring", "winter"], 3)
    assert "offset" not in then


async def test_the_rest_of_a_list_is_what_was_not_shown(client: Client) -> None:
    names, total, then = await _listed(client, limit=2, offset=2)

    assert (names, total) == (["winter"], 3)
    assert "offset" not in then
    assert (await _listed(client, offset=3))[0] == []


@pytest.mark.slow
async def test_every_word_of_a_search_must_stand_in_the_name_or_description(
    client: Client,
) -> None:
    assert (await _listed(client, query="diabetes TEXAS"))[0] == ["winter"]
    assert (await _listed(client, query="texas"))[0] == ["summer", "winter"]
    assert (await _listed(client, query="spring diabetes"))[0] == ["spring"]
    assert (await _listed(client, query="asthma oklahoma"))[0] == []


async def test_a_long_description_is_listed_by_its_first_two_hundred_characters(
    client: Client,
) -> None:
    found = (await client.call_tool("list_scenarios", {})).structured_content

    (summer,) = [row for row in found["scenarios"]["rows"] if row[0] == "summer"]
    assert summer[1] == KEPT["summer"][:200]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "arguments", "mend"),
    [
        ("get_spec", {"spec_id": "LONG"}, "there are none yet"),
        ("find_templates", {"kind": "LONG"}, "use 'any', 'profile' or 'journey'"),
        ("look_up", {"query": "x", "LONG": 1}, "the keys here are query, about, kind, limit"),
        ("query_scenario", {"name": "winter", "sql": "SELECT 'LONG"}, "(DuckDB's dialect)"),
        ("query_scenario", {"name": "winter", "sql": 'FROM "LONG"'}, "tables here: "),
        ("query_scenario", {"name": "winter", "sql": 'SELECT "LONG" FROM patients'}, "patients"),
        ("describe_scenario", {"name": "winter", "table": "LONG"}, "known: "),
        ("show_person", {"name": "winter", "person": "LONG"}, "such as 101"),
        ("start_profile_builder", {"request": "", "template": "LONG"}, "known: "),
        ("LONG", {}, "known: "),
    ],
)
@pytest.mark.parametrize("letters", ["a", "two words "])
async def test_an_error_quotes_little_of_what_was_sent_and_its_mend_stands_at_the_end(
    client: Client, tool: str, arguments: dict[str, Any], mend: str, letters: str
) -> None:
    long = letters * (15_000 // len(letters))
    sent = {
        key.replace("LONG", long): value.replace("LONG", long) if isinstance(value, str) else value
        for key, value in arguments.items()
    }
    text = await _refused(client, tool.replace("LONG", long), **sent)

    assert long[:301] not in text
    assert len(text) < 3_000
    assert mend in text


@pytest.mark.slow
async def test_rows_of_a_query_are_shown_as_long_as_they_fit(client: Client) -> None:
    async def shown(size: int, rows: int) -> tuple[int, bool]:
        sql = f"SELECT repeat('a', {size - 4}) AS a FROM range({rows})"
        asked = {"name": "winter", "sql": sql}
        found = (await client.call_tool("query_scenario", asked)).structured_content
        return found["row_count"], found.get("truncated", False)

    assert await shown(4_000, 4) == (4, False)
    assert await shown(4_000, 5) == (4, True)


@pytest.mark.parametrize(
    ("tool", "argument", "others", "least", "most"),
    [
        ("list_scenarios", "limit", {}, 1, 100),
        ("find_templates", "limit", {}, 1, 50),
        ("look_up", "limit", {"about": "codes", "query": "I10"}, 1, 50),
        ("query_scenario", "limit", {"name": "none", "sql": "SELECT 1"}, 1, 500),
        ("preview_spec", "sample", {"spec_id": "none"}, 1, 10),
        ("quick_generate", "count", {"request": "adults"}, 1, 10),
        ("check_run", "wait_seconds", {"run_id": "none"}, 0, 40),
        ("execute_spec", "wait_seconds", {"profile_id": "none"}, 0, 40),
    ],
)
async def test_what_may_be_asked_for_ends_where_the_tool_says(
    client: Client, tool: str, argument: str, others: dict[str, Any], least: int, most: int
) -> None:
    tools = {one.name: one for one in (await client.list_tools()).tools}
    said = tools[tool].input_schema["properties"][argument]

    assert said["maximum"] == most
    assert "minimum" not in said  # 0 and 1 are not said: that a count is not negative is plain
    for value in (least - 1, most + 1):
        assert f"{argument}: is {value}" in await _refused(
            client, tool, **others, **{argument: value}
        )


async def test_a_search_of_codes_may_have_four_hundred_characters(client: Client) -> None:
    async def asked(size: int) -> Any:
        return await client.call_tool(
            "look_up", {"about": "codes", "query": "i10 " + "x" * (size - 4)}
        )

    assert "characters" not in text_of(await asked(400))
    assert "has 401 characters" in text_of(await asked(401))


def test_a_part_of_a_draft_is_shown_up_to_fifteen_thousand_characters() -> None:
    def shown(size: int) -> object:
        described = Draft({"kind": "profile", "description": "a" * (size - 2)}, [])
        return building._section(described, "profile.description")

    assert len(str(shown(15_000))) == 14_998
    with pytest.raises(Refused, match="is 15,001 characters long; ask for a part of it"):
        shown(15_001)
