"""Expectations over MCP: judged after a run, shown with the scenario, counted by the audit."""

from __future__ import annotations

import pytest

from healthsim.products.catalogue import TABLES
from healthsim.products.reference_names import built_in_names
from talking import Open, text_of

pytestmark = pytest.mark.anyio

ASKED = ["count(patients) == 5", "share(has('E11')) < 0.5"]


@pytest.mark.slow
async def test_each_expectation_is_told_and_stays_with_the_scenario(open_client: Open) -> None:
    async with open_client() as client:
        begun = await client.call_tool(
            "start_profile_builder", {"request": "20 Medicare patients with diabetes in Texas"}
        )
        spec_id = begun.structured_content["spec_id"]
        changes = [
            {"op": "set", "path": "expectations", "value": ASKED},
            {"op": "set", "path": "detail", "value": "core"},
            {"op": "set", "path": "count", "value": 5},
        ]
        changed = await client.call_tool("refine_spec", {"spec_id": spec_id, "changes": changes})
        assert not changed.is_error, text_of(changed)
        card = await client.call_tool("get_spec", {"spec_id": spec_id})
        ran = await client.call_tool("execute_spec", {"spec_id": spec_id, "save_as": "expecting"})
        told = await client.call_tool("describe_scenario", {"name": "expecting"})
        audited = await client.call_tool("audit_scenario", {"name": "expecting"})

    rows = [
        ["profile.expectations[0]", ASKED[0], "== 5", 5.0, True],
        ["profile.expectations[1]", ASKED[1], "< 0.5", 1.0, False],
    ]
    assert "expects count(patients) == 5" in text_of(card)
    assert "not met" in ran.structured_content["next"]
    assert not audited.structured_content["ok"]
    assert audited.structured_content["next"].startswith("Say what differs; ")
    assert "findings" not in audited.structured_content
    for answer in (ran, told, audited):
        assert answer.structured_content["expectations"]["rows"] == rows


async def test_a_wrong_expectation_is_refused_where_it_is_set(open_client: Open) -> None:
    async with open_client() as client:
        begun = await client.call_tool(
            "start_profile_builder", {"request": "20 Medicare patients with diabetes in Texas"}
        )
        spec_id = begun.structured_content["spec_id"]
        change = {"op": "set", "path": "expectations", "value": ["count(claim) > 0"]}
        refused = await client.call_tool("refine_spec", {"spec_id": spec_id, "changes": [change]})

    assert refused.is_error
    assert "expectations[0]: unknown table 'claim'; did you mean 'claims'?" in text_of(refused)


def test_expectations_may_ask_of_every_table_that_there_is() -> None:
    assert {table.name for table in built_in_names().tables} == {table.name for table in TABLES}
