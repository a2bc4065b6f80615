"""Colours of the page by their use, each for a light and a dark ground.

Ground, ink and the colours of marks are the pictures' own (`pictures/theme.py`); a picture on the
page refers to them by name, so that one drawing serves both.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PAGE: Mapping[str, tuple[str, str]] = MappingProxyType({
    "raised": ("#f5f7f9", "#1e2128"),
    "border": ("#8a8f98", "#737a86"),
    "accent": ("#0067a0", "#6cc0ef"),
    "tint": ("#e8f2f9", "#1b2c38"),
    "good": ("#00664b", "#4fd6a8"),
    "bad": ("#a63c00", "#ffa066"),
})  # fmt: skip


HOST: Mapping[str, str] = MappingProxyType({
    "ground": "color-background-primary",
    "raised": "color-background-secondary",
    "ink": "color-text-primary",
    "soft": "color-text-secondary",
})  # fmt: skip
"""Colours that a chat may give, by what they are used for here."""


def declared(
    colours: Mapping[str, tuple[str, str]], host: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return colours as custom properties of a style sheet that follow the ground.

    >>> declared({"ink": ("#000000", "#ffffff")})
    ':root{--ink:light-dark(#000000,#ffffff);}'
    >>> declared({"ink": ("#000000", "#ffffff")}, {"ink": "text"})
    ':root{--ink:var(--text,light-dark(#000000,#ffffff));}'
    """
    pairs = {use: f"light-dark({light},{dark})" for use, (light, dark) in colours.items()}
    given = {use: f"var(--{host[use]},{pair})" for use, pair in pairs.items() if use in host}
    return f":root{{{''.join(f'--{use}:{value};' for use, value in (pairs | given).items())}}}"
