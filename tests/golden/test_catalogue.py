"""Tools take and answer what is pinned."""

from __future__ import annotations

import pytest

from golden.catalogue import catalogue, pinned

pytestmark = pytest.mark.anyio

MEND = "make golden writes the file anew: do so only if this tool was to change, and say why"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_every_tool_takes_and_answers_what_is_pinned() -> None:
    found, kept = await catalogue(), pinned()

    assert list(found) == list(kept), MEND
    for name, tool in found.items():
        assert tool == kept[name], f"{name}: {MEND}"
