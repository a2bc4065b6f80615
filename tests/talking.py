"""How tests talk to a server: a client on a fresh home, and the text of what comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

from mcp import Client

Open: TypeAlias = Callable[..., AbstractAsyncContextManager[Client]]
"""Opens a client: `open_client(era, read_only=...)`."""


def text_of(result: Any) -> str:
    """Return the text of a tool's result; links are not text."""
    return "\n".join(part.text for part in result.content if part.type == "text")
