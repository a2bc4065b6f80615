"""Every conversation in the older era of the protocol too: `make test` holds one of them in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversing import BOTH, NAMES, client_of, hold, turns_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("name", [name for name in NAMES if name != BOTH])
async def test_a_conversation_goes_as_written_in_the_older_era(name: str, tmp_path: Path) -> None:
    async with client_of("legacy", tmp_path / "home") as client:
        await hold(client, turns_of(name))
