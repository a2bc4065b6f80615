"""The person is asked before something kept is lost, in both eras, and where a host cannot ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import (
    INTERNAL_ERROR,
    METHOD_NOT_FOUND,
    ClientCapabilities,
    ElicitationCapability,
    ElicitResult,
    ErrorData,
    FormElicitationCapability,
    UrlElicitationCapability,
)

from healthsim.app import build_server
from healthsim.operations import specs
from healthsim.operations.home import Home
from healthsim.tools.asking import can_show
from kept import PEOPLE, keep, run_id
from storing import stored
from talking import text_of
from template_runs import load

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Person = Callable[[Any, Any], Awaitable[Any]]


class Answering:
    """A person at a host that shows forms: answers each question alike, and remembers it."""

    def __init__(self, answer: ElicitResult | ErrorData) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def __call__(self, _: Any, params: Any) -> ElicitResult | ErrorData:
        self.asked.append(params)
        return self.answer


def _yes() -> Answering:
    return Answering(ElicitResult(action="accept", content={"agree": True}))


OTHER = load("commercial-healthy") | {
    "count": PEOPLE, "seed": 99, "expectations": [], "detail": "core",
}  # fmt: skip
"""Whom a run makes that may be saved over the scenario `old`."""

REFUSING = {
    "says no": (ElicitResult(action="decline"), "the person said no"),
    "unticks it": (ElicitResult(action="accept", content={"agree": False}), "the person said no"),
    "closes it": (ElicitResult(action="cancel"), "gave no answer"),
    "sends an empty form": (ElicitResult(action="accept", content={}), "answer"),
    "sends no form": (ElicitResult(action="accept"), "answer"),
    "writes a word": (ElicitResult(action="accept", content={"agree": "yes"}), "answer"),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return keep(tmp_path / "home", "old")


@asynccontextmanager
async def _client(home: Home, era: str, person: Person | None) -> AsyncIterator[Client]:
    server = build_server(home.folder)
    async with Client(server, mode=era, elicitation_callback=person) as client:
        yield client


def _calls(home: Home) -> dict[str, dict[str, Any]]:
    """Return the calls by which the scenario `old` can be lost."""
    draft = specs.create(home, "other", {"profile": OTHER, "journeys": []})
    return {
        "delete_scenario": {"name": "old", "confirm": True},
        "save_scenario": {"run_id": run_id(), "name": "old", "replace": True},
        "execute_spec": {"spec_id": draft.spec_id, "save_as": "old"},
    }


def _bytes(home: Home) -> str:
    return sha256((home.scenarios / "old.duckdb").read_bytes()).hexdigest()


@pytest.mark.parametrize("how", REFUSING)
async def test_a_person_who_does_not_agree_loses_nothing_whatever_the_model_says(
    home: Home, era: str, how: str
) -> None:
    answer, said = REFUSING[how]
    before = _bytes(home)
    for tool, arguments in _calls(home).items():
        person = Answering(answer)
        async with _client(home, era, person) as client:
            result = await client.call_tool(tool, arguments)

        assert result.is_error, tool
        assert said in text_of(result), tool
        assert "old" in person.asked[0].message
        assert f"{PEOPLE} people" in person.asked[0].message
        assert "Resolver" not in text_of(result)
    assert _bytes(home) == before
    assert sorted(path.name for path in home.scenarios.glob("*")) == ["old.duckdb"]
    assert len(list(home.runs.glob("*.duckdb"))) == 1, "nothing was run"


async def test_a_refused_replacement_names_a_free_name(home: Home, era: str) -> None:
    calls = _calls(home)
    async with _client(home, era, Answering(ElicitResult(action="decline"))) as client:
        for tool in ("save_scenario", "execute_spec"):
            assert "'old-2'" in text_of(await client.call_tool(tool, calls[tool]))


async def test_a_person_who_agrees_is_asked_once_and_followed(home: Home, era: str) -> None:
    before, calls = _bytes(home), _calls(home)
    stored(home.folder, OTHER)
    for tool, arguments in (
        ("execute_spec", calls["execute_spec"]),
        ("save_scenario", calls["save_scenario"] | {"replace": False}),
        ("delete_scenario", {"name": "old"}),
    ):
        person = _yes()
        async with _client(home, era, person) as client:
            result = await client.call_tool(tool, arguments)
        assert not result.is_error, text_of(result)
        assert len(person.asked) == 1, tool
        if tool != "delete_scenario":
            assert _bytes(home) != before, tool
            before = _bytes(home)
    assert not list(home.scenarios.glob("*.duckdb"))


async def test_nobody_is_asked_where_nothing_is_lost(home: Home, era: str) -> None:
    person = _yes()
    calls = _calls(home)
    stored(home.folder, OTHER)
    async with _client(home, era, person) as client:
        saved = await client.call_tool("save_scenario", {"run_id": run_id(), "name": "new"})
        first = calls["execute_spec"] | {"save_as": "run"}
        ran = await client.call_tool("execute_spec", first)
        again = await client.call_tool("execute_spec", first)
        missing = await client.call_tool("delete_scenario", {"name": "olds", "confirm": True})
        unknown = await client.call_tool("save_scenario", {"run_id": "run-none", "name": "old"})

    assert person.asked == []
    assert not any(one.is_error for one in (saved, ran, again))
    assert "did you mean 'old'" in text_of(missing)
    assert "no such run" in text_of(unknown)


async def test_a_host_that_cannot_ask_is_told_the_argument_to_use(home: Home, era: str) -> None:
    before, calls = _bytes(home), _calls(home)
    async with _client(home, era, None) as client:
        unsure = await client.call_tool("delete_scenario", {"name": "old"})
        taken = await client.call_tool("save_scenario", calls["save_scenario"] | {"replace": False})
        run = await client.call_tool("execute_spec", calls["execute_spec"])
        same = _bytes(home)
        replaced = await client.call_tool("save_scenario", calls["save_scenario"])
        gone = await client.call_tool("delete_scenario", calls["delete_scenario"])

    assert "confirm=true" in text_of(unsure)
    assert all("replace=true" in text_of(one) and one.is_error for one in (taken, run))
    assert same == before
    assert not replaced.is_error
    assert gone.structured_content["done"] == "deleted"


async def test_a_host_that_declares_forms_and_has_none_is_as_one_that_cannot_ask(
    home: Home,
) -> None:
    """Only before 2026-07-28: there the question is a request, which a host can refuse."""
    person = Answering(ErrorData(code=METHOD_NOT_FOUND, message="no forms"))
    async with _client(home, "legacy", person) as client:
        unsure = await client.call_tool("delete_scenario", {"name": "old"})
        gone = await client.call_tool("delete_scenario", {"name": "old", "confirm": True})

    assert "confirm=true" in text_of(unsure)
    assert not gone.is_error


async def test_a_host_that_fails_while_it_asks_loses_nothing(home: Home) -> None:
    person = Answering(ErrorData(code=INTERNAL_ERROR, message="the window broke"))
    async with _client(home, "legacy", person) as client:
        result = await client.call_tool("delete_scenario", {"name": "old", "confirm": True})

    assert "gave no answer; nothing was deleted" in text_of(result)
    assert (home.scenarios / "old.duckdb").is_file()


@pytest.mark.parametrize(
    ("capability", "asked"),
    [
        (ElicitationCapability(), True),  # from before there were modes
        (ElicitationCapability(form=FormElicitationCapability()), True),
        (ElicitationCapability(url=UrlElicitationCapability()), False),
        (None, False),
    ],
)
def test_hosts_that_show_addresses_only_are_shown_no_form(capability: Any, asked: bool) -> None:
    assert can_show(ClientCapabilities(elicitation=capability)) is asked
    assert not can_show(None)


async def test_a_damaged_scenario_is_asked_for_and_deleted_too(home: Home, era: str) -> None:
    (home.scenarios / "bad.duckdb").write_text("no database")
    person = _yes()
    async with _client(home, era, person) as client:
        result = await client.call_tool("delete_scenario", {"name": "bad"})

    assert not result.is_error
    assert "its file is damaged" in person.asked[0].message
