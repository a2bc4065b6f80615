"""A server on a fresh home, and a real client of either protocol era."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from healthsim.app import build_server
from stand_ins import ask_few_rules
from talking import Open


@pytest.fixture(autouse=True)
def _audits_ask_few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools give out what an audit finds; its rules are tested in tests/audit."""
    ask_few_rules(monkeypatch)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_client(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def opened(mode: str = "auto", **options: Any) -> AsyncIterator[Client]:
        async with Client(build_server(tmp_path / "home", **options), mode=mode) as client:
            yield client

    return opened
