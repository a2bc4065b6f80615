"""Icons of the server, its prompts and its resources, as data URIs: no host needs to fetch one.

The images are in `images/`, drawn in one colour that can be seen on light and on dark. Tools have
none: a model would read them all in the catalogue.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from urllib.parse import quote

from mcp.types import Icon

_IMAGES = Path(__file__).parent / "images"
_PLAIN = " !'()*,-./:;=@_~"  # characters that may stand in a data URI as they are


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
