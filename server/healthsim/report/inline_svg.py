"""A picture inside a page: only shapes and text, ids of its own, colours by name.

Whatever a renderer wrote, and whatever a scenario's text became in it: elements and attributes that
are not on these lists are dropped, so that nothing of it can run, load, link or style.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from markupsafe import Markup, escape

from healthsim.errors import Refused

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_SHAPES = frozenset({
    "svg", "g", "path", "rect", "line", "circle", "ellipse", "polygon", "polyline", "text", "tspan",
    "defs", "clipPath", "linearGradient", "radialGradient", "stop",
})  # fmt: skip
_KEPT = frozenset({
    "viewBox", "transform", "d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r",
    "rx", "ry", "width", "height", "points", "offset", "gradientUnits", "gradientTransform", "id",
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity",
    "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin",
    "stroke-miterlimit", "opacity", "clip-path", "text-anchor", "font-size", "font-weight",
    "font-style", "stop-color", "stop-opacity",
})  # fmt: skip
_COLOURED = frozenset({"fill", "stroke", "stop-color"})
_REFERENCE = re.compile(r"url\(\s*['\"]?#([\w.-]+)['\"]?\s*\)")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+|rgba?\([\d\s.,%]+\)|hsla?\([\d\s.,%deg]+\)")
_FINE = re.compile(r"(\d\.\d\d)\d+")  # a hundredth of a pixel is enough
_DEFAULTS = {("fill-opacity", "1"), ("stroke-opacity", "1"), ("opacity", "1")}
_MOST_BYTES = 2_000_000


def inlined(svg: str, prefix: str, colours: Mapping[str, str], label: str = "") -> Markup:
    """Return SVG text as markup that can stand in a page.

    Args:
        svg: what a renderer wrote.
        prefix: goes before every id, so that pictures of one page do not share any.
        colours: name of a custom property by the colour that it stands for, in lower case.
        label: id of the element that says what the picture shows; without one it is decoration.

    Raises:
        Refused: it is no SVG, or too large for a page.
    """
    if len(svg) > _MOST_BYTES or "<!DOCTYPE" in svg.upper():
        raise Refused("picture", "is no SVG that a page can hold", "draw fewer marks")
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise Refused("picture", f"is no SVG ({error})", "report it, with the scenario") from error
    if root.tag != f"{_NAMESPACE}svg":
        raise Refused("picture", "is no SVG", "report it, with the scenario")
    if "viewBox" not in root.attrib:
        size = [re.sub(r"[^\d.]", "", root.get(side, "")) or "0" for side in ("width", "height")]
        root.set("viewBox", f"0 0 {size[0]} {size[1]}")
    said = f' role="img" aria-labelledby="{escape(label)}"' if label else ' aria-hidden="true"'
    return Markup("").join(_pieces(root, prefix, colours, said))


def _pieces(
    node: ElementTree.Element, prefix: str, colours: Mapping[str, str], more: str = ""
) -> list[Markup]:
    """Return one element and what is in it, piece by piece."""
    tag = node.tag.removeprefix(_NAMESPACE)
    if tag not in _SHAPES:
        return []
    given = [
        Markup(' {}="{}"').format(name, value)
        for name, value in (
            (name, _value(name, value, prefix, colours))
            for name, value in node.attrib.items()
            if name in _KEPT and (name, value) not in _DEFAULTS
        )
        if value is not None
    ]
    opened = Markup("<{}{}{}>").format(Markup(tag), Markup("").join(given), Markup(more))
    text = escape(node.text) if node.text and tag in ("text", "tspan") else Markup("")
    inner = [piece for child in node for piece in _pieces(child, prefix, colours)]
    if tag == "g" and not inner:
        return []  # groups of axes and marks that are not there
    return [opened, text, *inner, Markup(f"</{tag}>")]


def _value(name: str, value: str, prefix: str, colours: Mapping[str, str]) -> str | None:
    """Return an attribute's value as the page has it; None where it may not be there."""
    if name == "id":
        return f"{prefix}-{value}"
    if match := _REFERENCE.fullmatch(value.strip()):
        return f"url(#{prefix}-{match[1]})"
    if "url" in value.lower():
        return None
    if name in _COLOURED:
        if not _COLOUR.fullmatch(value):
            return None
        use = colours.get(_long(value.lower()))
        return f"var(--{use})" if use else value
    return _FINE.sub(r"\1", value)


def _long(colour: str) -> str:
    """Return a colour of three digits, or black and white by name, with six digits.

    >>> _long("#abc"), _long("white")
    ('#aabbcc', '#ffffff')
    """
    if re.fullmatch(r"#[0-9a-f]{3}", colour):
        return "#" + "".join(letter * 2 for letter in colour[1:])
    return {"white": "#ffffff", "black": "#000000"}.get(colour, colour)
