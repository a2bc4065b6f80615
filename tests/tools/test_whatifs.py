"""What-ifs in a few small calls: copy, refine, execute, compare; and revisions to go back to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from healthsim.operations import scenarios
from healthsim.operations.home import Home
from storing import first_year
from talking import Open, text_of

pytestmark = pytest.mark.anyio

COPD = {"code": "J44.9", "share": 0.2}
MOST_CHARACTERS = 6_000
"""Of the four calls of a what-if, arguments and answers."""


class Conversation:
    """Calls tools, and counts the characters that go in and come out."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls = self.characters = 0

    async def say(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await self._client.call_tool(tool, arguments)
        assert not result.is_error, text_of(result)
        self.calls += 1
        self.characters += len(json.dumps(arguments)) + len(text_of(result))
        return dict(result.structured_content or {})

    async def refused(self, tool: str, **arguments: Any) -> str:
        result = await self._client.call_tool(tool, arguments)
        assert result.is_error, text_of(result)
        return text_of(result)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"op": "set", "path": "demographics.location.states", "value": {"OH": 1}},
        pytest.param(
            {"op": "set", "path": "coverage.plan", "value": {"MA-HMO": 0.2, "Original": 0.8}},
            marks=pytest.mark.proof,
        ),
        pytest.param(
            {"op": "append", "path": "clinical.comorbidities", "value": COPD},
            marks=pytest.mark.proof,
        ),
        pytest.param(
            {"op": "set", "path": "journey.steps[quarter].times", "value": 2},
            marks=pytest.mark.proof,
        ),
        pytest.param({"op": "set", "path": "count", "value": 60}, marks=pytest.mark.proof),
    ],
)  # fmt: skip
async def test_a_what_if_takes_four_small_calls(
    open_client: Open, era: str, change: dict[str, Any], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    scenarios.save_run(home, first_year(home.folder).stem, "base")
    async with open_client(era) as client:
        talk = Conversation(client)

        copied = await talk.say("copy_spec", of="base")
        await talk.say("refine_spec", spec_id=copied["spec_id"], changes=[change])
        ran = await talk.say("execute_spec", spec_id=copied["spec_id"], save_as="what-if")
        compared = await talk.say("compare_scenarios", a="base", b="what-if")

        paid = "SELECT (SELECT sum(plan_paid_usd) FROM {0}claims), count(*) FROM {0}patients"
        sql = f"SELECT * FROM ({paid.format('')}), ({paid.format('other.')})"
        counted = await talk.say("query_scenario", name="base", other="what-if", sql=sql)

    shown = len(ran["asked_against_got"]["rows"])
    assert re.search(rf"{shown} of [0-9]+ asked figures are shown", "; ".join(ran["notes"]))
    assert None not in ran["sample"]["rows"][0]
    assert talk.calls == 5
    assert talk.characters - len(sql) - len(json.dumps(counted)) <= MOST_CHARACTERS
    assert compared["common"].startswith("Common random numbers")
    assert len(compared["specification"]) >= 1
    before, people, after, more_people = counted["rows"][0]
    money = {row[0]: row[1:3] for row in compared.get("money", {}).get("rows", [])}
    assert money.get("plan paid", [before, before]) == [before, after]
    assert compared["people"]["in both"] == people
    assert compared["people"].get("only in what-if", 0) == more_people - people


async def test_a_draft_goes_back_to_an_older_revision_and_loses_none(open_client: Open) -> None:
    async with open_client() as client:
        talk = Conversation(client)
        started = await talk.say("start_profile_builder", request="Medicare patients in Texas")
        spec = {"spec_id": started["spec_id"]}
        for count in (30, 50):
            change = {"op": "set", "path": "count", "value": count}
            await talk.say("refine_spec", **spec, changes=[change])

        differs = await talk.say("get_spec", **spec, against=2)
        older = await talk.say("get_spec", **spec, revision=2, section="count")
        back = await talk.say(
            "refine_spec", **spec,
            changes=[{"op": "set", "path": "revision", "value": 2},
                     {"op": "set", "path": "seed", "value": 9}],
        )  # fmt: skip
        now = await talk.say("get_spec", **spec, against=2)
        kept = await talk.say("get_spec", **spec, revision=3, against=2)

    assert differs["differs"] == ["count: 30 -> 50"]
    assert (older["section"], older["revision"], older["latest"]) == (30, 2, 3)
    assert back["revision"] == 4
    assert back["changed"][:2] == ["revision: back to 2, from 3", "count: 50 -> 30"]
    assert back["changed"][2].startswith("seed: ")
    assert [line.split(":")[0] for line in now["differs"]] == ["seed"]
    assert kept["differs"] == ["count: 30 -> 50"]


async def test_going_back_alone_is_a_revision_too(open_client: Open) -> None:
    async with open_client() as client:
        talk = Conversation(client)
        started = await talk.say("start_profile_builder", request="Medicare patients in Texas")
        spec = {"spec_id": started["spec_id"]}
        await talk.say("refine_spec", **spec, changes=[{"op": "set", "path": "count", "value": 3}])
        back = [{"op": "set", "path": "revision", "value": 1}]
        again = await talk.say("refine_spec", **spec, changes=back)
        same = await talk.say("get_spec", **spec, against=1)

    assert again["revision"] == 3
    assert same["differs"] == ["nothing differs from revision 1"]


async def test_what_cannot_be_gone_back_to_is_said_and_changes_nothing(open_client: Open) -> None:
    async with open_client() as client:
        talk = Conversation(client)
        started = await talk.say("start_profile_builder", request="Medicare patients in Texas")
        spec = {"spec_id": started["spec_id"]}

        async def refused(*changes: dict[str, Any]) -> str:
            return await talk.refused("refine_spec", **spec, changes=list(changes))

        assert "its revisions are 1 to 1" in await refused(
            {"op": "set", "path": "revision", "value": 7}
        )
        assert "go back with" in await refused({"op": "remove", "path": "revision"})
        assert "go back with" in await refused({"op": "set", "path": "revision", "value": "first"})
        shown = await talk.say("get_spec", **spec)

    assert shown["revision"] == 1


async def test_of_two_clients_the_later_learns_what_the_other_changed(open_client: Open) -> None:
    async with open_client() as one, open_client() as other:
        mine, theirs = Conversation(one), Conversation(other)
        started = await mine.say("start_profile_builder", request="Medicare patients in Texas")
        spec = {"spec_id": started["spec_id"]}
        first = [{"op": "set", "path": "count", "value": 30}]
        second = [{"op": "set", "path": "seed", "value": 5}]

        await theirs.say("refine_spec", **spec, revision=1, changes=first)
        text = await mine.refused("refine_spec", **spec, revision=1, changes=second)
        assert "revision 1 is not the latest, 2 is" in text
        assert f"get_spec(spec_id='{spec['spec_id']}', against=1)" in text
        assert (await mine.say("get_spec", **spec, against=1))["differs"][0].endswith("-> 30")
        await mine.say("refine_spec", **spec, revision=2, changes=second)
        last = await theirs.say("get_spec", **spec, against=1)

    assert [line.split(":")[0] for line in last["differs"]] == ["count", "seed"]


async def test_a_copy_of_what_is_not_there_suggests_what_is(open_client: Open) -> None:
    async with open_client() as client:
        talk = Conversation(client)
        started = await talk.say("start_profile_builder", request="Medicare patients in Texas")

        text = await talk.refused("copy_spec", of=started["spec_id"][:-1])

    assert f"did you mean '{started['spec_id']}'" in text
