"""The tools that are pinned: parameters, limits and hints of each, without their descriptions.

Hosts and prompts count on them. `catalogue.json` holds them; `make golden` writes it anew where a
tool is to change.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, TypeAlias

from mcp import Client

from healthsim.app import build_server

FILE = Path(__file__).parent / "catalogue.json"

Catalogue: TypeAlias = dict[str, dict[str, Any]]
"""Tool -> the schema of what it takes, and its hints."""


async def catalogue() -> Catalogue:
    """Return what a client is told of the tools now."""
    with tempfile.TemporaryDirectory() as folder:
        async with Client(build_server(Path(folder) / "home")) as client:
            listed = (await client.list_tools()).tools
    found = {one.name: one.model_dump(mode="json", by_alias=True) for one in listed}
    return {
        name: {part: _plain(tool[part]) for part in ("inputSchema", "annotations")}
        for name, tool in sorted(found.items())
    }


def pinned() -> Catalogue:
    """Return what the file holds."""
    found: Catalogue = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def _plain(schema: Any) -> Any:
    """Return a schema without the texts that explain it."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _plain(value)
        for key, value in schema.items()
        if not (key in ("description", "title") and isinstance(value, str))
    }
