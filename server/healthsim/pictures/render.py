"""Renders pictures as SVG and PNG by vl-convert, a renderer of Vega-Lite without a browser.

It is loaded when the first picture is rendered. Where it cannot be installed, everything else of a
picture is there: its sentence, its table and its Vega-Lite specification.
"""

from __future__ import annotations

import importlib
import struct
import textwrap
import zlib
from typing import Any

from healthsim.errors import HealthSimError, Refused
from healthsim.pictures.picture import Picture
from healthsim.pictures.theme import Theme, config

WIDTH = 760
"""Pixels of a picture whose width nobody gives."""
MOST_BYTES = 700_000
"""Of a PNG: as text in an answer it is a third longer, and stays below 1 MB."""

_NARROWEST, _WIDEST = 280, 2_000
_MARGIN = 24  # left and right padding together
_LEGEND = 150  # pixels of one name in the legend
_SCALES = (2.0, 1.5, 1.0, 0.75, 0.5)
_TALLEST = 2_400  # pixels of a PNG; models see larger ones smaller
_HEIGHT = 20  # bytes from the start of a PNG to its height


class NoRenderer(HealthSimError):  # noqa: N818
    """vl-convert is not installed, or does not work on this machine."""


def svg(
    picture: Picture, theme: Theme = "light", width: int = WIDTH, *, heading: bool = True
) -> str:
    """Return a picture as SVG text.

    Args:
        picture: what is drawn.
        theme: light or dark.
        width: pixels; long titles are broken and labels thinned out to fit.
        heading: whether title and subtitle are in it; a page has them as text of its own.

    Raises:
        NoRenderer: there is no vl-convert; the picture's table is the answer instead.
        Refused: the width is out of range.
    """
    spec = sized(picture, theme, width)
    if not heading:
        del spec["title"]
    rendered: str = _renderer().vegalite_to_svg(spec, allowed_base_urls=[])
    return rendered


def png(picture: Picture, theme: Theme = "light", width: int = WIDTH) -> bytes:
    """Return a picture as a PNG of at most `MOST_BYTES`, sharp where that fits; raises as `svg`."""
    renderer, spec = _renderer(), sized(picture, theme, width)
    rendered = b""
    for scale in _SCALES:
        drawn = renderer.vegalite_to_png(spec, scale=scale, allowed_base_urls=[])
        rendered = _smaller(drawn)
        (tall,) = struct.unpack_from(">I", rendered, _HEIGHT)
        if len(rendered) <= MOST_BYTES and tall <= _TALLEST:
            break
    return rendered


def sized(picture: Picture, theme: Theme = "light", width: int = WIDTH) -> dict[str, Any]:
    """Return a picture's specification with its look and its width."""
    if not _NARROWEST <= width <= _WIDEST:
        raise Refused("width", f"is {width}", f"give {_NARROWEST} to {_WIDEST} pixels")
    look = config(theme)
    look["legend"]["columns"] = max(1, (width - _MARGIN) // _LEGEND)
    look["axisY"] = {"labelLimit": 0.4 * width}
    spec = {**picture.spec, "config": look, "title": _heading(picture, width)}
    if "layer" in spec or "mark" in spec:
        spec |= {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    return spec


def _heading(picture: Picture, width: int) -> dict[str, Any]:
    """Return title and subtitle in lines that fit the width."""
    heading = dict(picture.spec.get("title", {"text": picture.title}))
    for part, letter in (("text", 8.6), ("subtitle", 6.3)):
        if heading.get(part):
            heading[part] = textwrap.wrap(heading[part], int((width - _MARGIN) / letter))
    return heading


def _smaller(image: bytes) -> bytes:
    """Return the same PNG packed better: vl-convert packs for speed, a quarter is enough."""
    packed, kept, at = b"", [image[:8]], 8
    while at < len(image):
        (length,) = struct.unpack_from(">I", image, at)
        kind, chunk = image[at + 4 : at + 8], image[at : at + 12 + length]
        at += 12 + length
        if kind == b"IDAT":
            packed += chunk[8:-4]
            continue
        if kind == b"IEND":
            body = b"IDAT" + zlib.compress(zlib.decompress(packed), 6)
            kept.append(struct.pack(">I", len(body) - 4) + body
                        + struct.pack(">I", zlib.crc32(body)))  # fmt: skip
        kept.append(chunk)
    return b"".join(kept)


def _renderer() -> Any:
    try:
        return importlib.import_module("vl_convert")
    except (ImportError, OSError) as error:
        raise NoRenderer(
            "picture", f"vl-convert, which renders it, is not on this machine ({error})",
            "use the table and the Vega-Lite specification that the picture has, or install "
            "vl-convert-python",
        ) from error  # fmt: skip
