"""Icons of the server, its prompts and its resources, as data URIs: no host needs to fetch one.

The images are in `images/`, drawn in one colour that can be seen on light and on dark. Tools have
none: a model would read them all in the catalogue.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import SERVER_INFO_META_KEY, Icon

_IMAGES = Path(__file__).parent / "images"
_PLAIN = "!'()*,-./:;=@_~"  # characters that may stand in a URI as they are; a blank may not


@cache
def icons(name: str) -> tuple[Icon, ...]:
    """Return an image of `images/` as SVG, and as PNG where there is one: some hosts show no SVG.

    Args:
        name: of the image's file, without its ending.
    """
    drawing = (_IMAGES / f"{name}.svg").read_text(encoding="utf-8").strip()
    source = f"data:image/svg+xml,{quote(drawing, safe=_PLAIN)}"
    found = [Icon(src=source, mime_type="image/svg+xml", sizes=["any"])]
    bitmap = _IMAGES / f"{name}.png"
    if bitmap.is_file():
        data = base64.b64encode(bitmap.read_bytes()).decode()
        found.append(
            Icon(src=f"data:image/png;base64,{data}", mime_type="image/png", sizes=["48x48"])
        )
    return tuple(found)


async def sent_once(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Send the server's own icons with its identity, and not again with every result.

    Middleware: since 2026-07-28 each result carries the identity of its server.
    """
    result = await call_next(ctx)
    if ctx.method != "server/discover" and isinstance(result, dict):
        identity = (result.get("_meta") or {}).get(SERVER_INFO_META_KEY)
        if isinstance(identity, dict):
            identity.pop("icons", None)
    return result
