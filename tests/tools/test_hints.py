"""What tools say of themselves is what they do: the home is compared before and after each call."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import ResourceLink

from healthsim.app import build_server
from healthsim.operations import specs
from healthsim.operations.home import Home
from kept import PEOPLE, keep, run_id
from stand_ins import ask_few_rules, query_here
from talking import text_of
from template_runs import load

pytestmark = pytest.mark.slow

Files = dict[str, str]


def _files(home: Home) -> Files:
    """Return the digest of every file of a home, without the server's own notes on long work."""
    return {
        path.relative_to(home.folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.folder.rglob("*"))
        if path.is_file() and home.tasks not in path.parents
    }


def _calls(home: Home) -> dict[str, list[dict[str, Any]]]:
    """Return calls of every tool that succeed one after the other; what may be lost is there."""
    profile = load("commercial-healthy") | {"count": PEOPLE, "expectations": [], "detail": "core"}
    spec_id = specs.create(home, "one", {"profile": profile, "journeys": []}).spec_id
    change = {"op": "set", "path": "count", "value": 2}
    return {
        "find_templates": [{"query": "diabetes"}],
        "start_profile_builder": [{"request": "3 healthy adults"}],
        "start_journey_builder": [{"request": "a yearly check", "spec_id": spec_id}],
        "refine_spec": [{"spec_id": spec_id, "changes": [change]}],
        "get_spec": [{"spec_id": spec_id}],
        "preview_spec": [{"spec_id": spec_id}],
        "copy_spec": [{"of": "old"}, {"of": spec_id}],
        "execute_spec": [{"spec_id": spec_id, "accept_open": True, "save_as": "old"}],
        "check_run": [{"run_id": run_id()}],
        "cancel_run": [{"run_id": run_id()}],
        "quick_generate": [{"traits": "a man of 50"}],
        "save_scenario": [
            {"run_id": run_id(), "name": "new"},
            {"run_id": run_id(), "name": "old", "replace": True},
        ],
        "list_scenarios": [{}],
        "describe_scenario": [{"name": "old"}, {"name": "old", "table": "patients"}],
        "query_scenario": [{"name": "old", "sql": "SELECT count(*) FROM patients"}],
        "compare_scenarios": [{"a": "old", "b": "two"}],
        "show_person": [{"name": "old", "person": "101"}],
        "explain_row": [{"name": "old", "table": "patients", "key": "101"}],
        "audit_scenario": [{"name": "old"}],
        "draw": [{"name": "old", "kind": "population_pyramid"}],
        "export_scenario": [{"name": "two"}, {"name": "two", "tables": ["patients"]}],
        "look_up": [{"query": "heart attack"}],
        "get_guide": [{}],
        "delete_scenario": [{"name": "two", "confirm": True}],
    }


async def _agree(_: Any, __: Any) -> Any:
    from mcp.types import ElicitResult

    return ElicitResult(action="accept", content={"agree": True})


@dataclass
class Walk:
    """What came of calls of every tool, made once and then, where it is idempotent, once more."""

    home: Home
    hints: dict[str, Any] = field(default_factory=dict)
    made: dict[str, bool] = field(default_factory=dict)
    lost: dict[str, bool] = field(default_factory=dict)
    repeated: dict[str, bool] = field(default_factory=dict)
    """Of idempotent tools, whether each second call left the files that there were."""
    links: dict[str, list[str]] = field(default_factory=dict)
    read: dict[str, Any] = field(default_factory=dict)
    """What the link to the saved scenario leads to."""

    async def take(self, era: str) -> None:
        """Make the calls in one era."""
        server = build_server(self.home.folder)
        async with Client(server, mode=era, elicitation_callback=_agree) as client:
            self.hints = {one.name: one.annotations for one in (await client.list_tools()).tools}
            for name, arguments in _calls(self.home).items():
                for one in arguments:
                    await self._call(client, name, one)

    async def _call(self, client: Client, name: str, arguments: dict[str, Any]) -> None:
        before = _files(self.home)
        result = await client.call_tool(name, arguments)
        after = _files(self.home)
        assert not result.is_error, f"{name}: {text_of(result)}"
        gone = any(after.get(path) != digest for path, digest in before.items())
        self.made[name] = self.made.get(name, False) or after != before
        self.lost[name] = self.lost.get(name, False) or gone
        links = [one.uri for one in result.content if isinstance(one, ResourceLink)]
        self.links.setdefault(name, links)
        if name == "save_scenario" and not self.read:
            contents = (await client.read_resource(links[0])).contents
            self.read = json.loads(contents[0].text)
        if self.hints[name].idempotent_hint:
            await client.call_tool(name, arguments)
            self.repeated[name] = self.repeated.get(name, True) and (
                _files(self.home).keys() == after.keys()
            )


@pytest.fixture(scope="module", params=["auto", pytest.param("legacy", marks=pytest.mark.proof)])
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Return what came of the calls; of the older era, `test_read_only.py` and others see some."""
    walk = Walk(keep(tmp_path_factory.mktemp("walk") / "home", "old", "two"))
    with pytest.MonkeyPatch.context() as patch:
        query_here(patch)
        ask_few_rules(patch)
        anyio.run(walk.take, request.param)
    return walk


def test_hints_are_what_the_calls_do_to_the_home(walk: Walk) -> None:
    assert walk.made.keys() == walk.hints.keys()
    reading = {name for name, hints in walk.hints.items() if hints.read_only_hint}
    losing = {name for name, hints in walk.hints.items() if hints.destructive_hint}
    assert reading
    assert {name for name in reading if walk.made[name]} == set()
    assert {name for name in walk.lost if walk.lost[name]} <= losing
    assert {name for name in losing if not walk.lost[name]} <= {"cancel_run"}  # unfinished work


def test_a_repeated_call_of_an_idempotent_tool_adds_and_removes_nothing(walk: Walk) -> None:
    assert {"execute_spec", "save_scenario", "cancel_run", "delete_scenario"} <= set(walk.repeated)
    assert {name for name, same in walk.repeated.items() if not same} == set()


def test_answers_link_to_what_they_made(walk: Walk) -> None:
    linking = ("save_scenario", "execute_spec", "export_scenario", "describe_scenario")

    assert {name: walk.links[name] for name in linking} == {
        "save_scenario": ["healthsim://scenario/new"],
        "execute_spec": ["healthsim://scenario/old"],
        "export_scenario": [(walk.home.exports / "two-csv").absolute().as_uri()],
        "describe_scenario": [],
    }
    assert walk.read["name"] == "new"
