"""Colours of the page by their use, each for a light and a dark ground.

Those of pictures are the pictures' own; a picture on the page refers to them by name, so that one
drawing serves both.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PAGE: Mapping[str, tuple[str, str]] = MappingProxyType({
    "ground": ("#ffffff", "#16181d"),
    "raised": ("#f5f7f9", "#1e2128"),
    "ink": ("#1a1a1a", "#f2f2f2"),
    "soft": ("#4d4d4d", "#c4c4c4"),
    "hairline": ("#e3e3e3", "#3a3f47"),
    "border": ("#8a8f98", "#737a86"),
    "accent": ("#0067a0", "#6cc0ef"),
    "tint": ("#e8f2f9", "#1b2c38"),
    "good": ("#00664b", "#4fd6a8"),
    "bad": ("#a63c00", "#ffa066"),
})  # fmt: skip


def declared(colours: Mapping[str, tuple[str, str]]) -> str:
    """Return colours as custom properties of a style sheet that follow the ground.

    >>> declared({"ink": ("#000000", "#ffffff")})
    '--ink:light-dark(#000000,#ffffff);'
    """
    return "".join(f"--{use}:light-dark({light},{dark});" for use, (light, dark) in colours.items())
