"""One person's story and one row's reasons, as a model receives them: small, and on any server."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthsim.operations import scenarios
from healthsim.operations.home import Home
from storing import first_year
from talking import Open, text_of

pytestmark = pytest.mark.anyio

TYPICAL, MOST = 3_000, 4_500
"""Characters of a typical answer, and of the longest here."""


@pytest.fixture
def told(tmp_path: Path) -> str:
    """Keep a scenario in the server's home."""
    home = Home(tmp_path / "home")
    scenarios.save_run(home, first_year(home.folder).stem, "told")
    return "told"


@pytest.mark.slow
async def test_a_story_and_its_reasons_are_small_and_need_no_right_to_write(
    open_client: Open, told: str
) -> None:
    async with open_client(read_only=True) as client:
        story = await client.call_tool("show_person", {"name": told, "person": "101"})
        assert not story.is_error, text_of(story)
        lines = story.structured_content["lines"]["rows"]
        first = {table: key for _, table, _, key, _ in reversed(lines)}
        sizes = [len(text_of(story))]
        for table, key in first.items():
            why = await client.call_tool("explain_row", {"name": told, "table": table, "key": key})
            assert not why.is_error, text_of(why)
            assert why.structured_content["made_by"]
            assert "note" not in why.structured_content
            sizes.append(len(text_of(why)))
    sizes.sort()

    assert {"encounters", "enrollments"} <= first.keys()
    assert story.structured_content["shown"].startswith("1 to 20 of ")
    assert sizes[len(sizes) // 2] <= TYPICAL
    assert sizes[-1] <= MOST
