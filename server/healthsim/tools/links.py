"""Links from an answer to what it made: a saved scenario, or a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp.types import CallToolResult, ResourceLink
from mcp.types.version import is_version_at_least

from healthsim.tools.icons import icons
from healthsim.tools.server import Ctx

_SINCE = "2025-06-18"  # hosts of older revisions cannot read an answer that holds a link
JSON = "application/json"


def uri_of(name: str) -> str:
    """Return the address of a saved scenario.

    >>> uri_of("demo")
    'healthsim://scenario/demo'
    """
    return f"healthsim://scenario/{name}"


def about(name: str) -> dict[str, Any]:
    """Return what a list or a link says of a saved scenario; its file is not opened."""
    return {
        "uri": uri_of(name),
        "name": name,
        "title": f"Scenario {name}",
        "mime_type": JSON,
        "description": "A saved scenario: what it holds, and where it came from.",
        "icons": list(icons("scenario")),
    }


def with_scenario(ctx: Ctx, result: CallToolResult, name: str) -> CallToolResult:
    """Return an answer with a link to a saved scenario."""
    return _with(ctx, result, ResourceLink(**about(name) | {"icons": None}))


def with_exported(ctx: Ctx, result: CallToolResult) -> CallToolResult:
    """Return an answer with a link to the folder that it names, if the host is on this machine.

    A host that speaks over HTTP may be elsewhere, and a file's address is of no use there.
    """
    named = (result.structured_content or {}).get("folder")
    if ctx.headers is not None or not isinstance(named, str) or not named:
        return result
    folder = Path(named)
    link = ResourceLink(
        uri=folder.absolute().as_uri(), name=folder.name, title="Folder of the exported files",
        mime_type="inode/directory",
    )  # fmt: skip
    return _with(ctx, result, link)


def _with(ctx: Ctx, result: CallToolResult, link: ResourceLink) -> CallToolResult:
    if not is_version_at_least(ctx.protocol_version or "", _SINCE):
        return result
    return result.model_copy(update={"content": [*result.content, link]})
