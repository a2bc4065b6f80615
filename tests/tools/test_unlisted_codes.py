"""Unlisted codes over MCP: what no book knows is named by the audit."""

from __future__ import annotations

import pytest

from talking import Open, text_of

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_an_audit_says_which_codes_no_book_knows(open_client: Open) -> None:
    async with open_client() as client:
        begun = await client.call_tool(
            "start_profile_builder", {"request": "20 Medicare patients with diabetes in Texas"}
        )
        spec_id = begun.structured_content["spec_id"]
        changes = [
            {"op": "set", "path": "allow_unlisted_codes", "value": True},
            {"op": "set", "path": "clinical.comorbidities",
             "value": [{"code": "Q11.99", "share": 1.0}]},
            {"op": "set", "path": "expectations", "value": []},
            {"op": "set", "path": "detail", "value": "core"},
            {"op": "set", "path": "count", "value": 3},
        ]  # fmt: skip
        changed = await client.call_tool("refine_spec", {"spec_id": spec_id, "changes": changes})
        assert not changed.is_error, text_of(changed)
        await client.call_tool("execute_spec", {"spec_id": spec_id, "save_as": "unlisted"})
        audited = await client.call_tool("audit_scenario", {"name": "unlisted"})

    told = audited.structured_content
    assert told["ok"]
    assert told["note"].startswith("1 unlisted code stands in the rows")
    assert "Q11.99" in told["note"]
    assert "Say what differs" not in told["next"]
