"""One look for all pictures, light and dark: colours that colour-blind people can tell apart."""

from __future__ import annotations

from typing import Any, Literal

Theme = Literal["light", "dark"]

LIGHT = ("#0072b2", "#d55e00", "#009e73", "#b8528f", "#8a6d00", "#3b8fc4", "#555555")
"""Okabe and Ito's colours, the pale ones darker: 3 to 1 or more against white."""
DARK = ("#56b4e9", "#ff8f4a", "#3fcf9f", "#e79ac4", "#f0d642", "#9ec5e8", "#bbbbbb")
"""The same hues, lighter, against a dark ground."""

_FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
"""Fonts of one width: a renderer measures with one of them, and a browser draws with another."""

_INKS = {"light": ("#1a1a1a", "#4d4d4d", "#e3e3e3", "#ffffff"),
         "dark": ("#f2f2f2", "#c4c4c4", "#3a3f47", "#16181d")}  # fmt: skip


def by_use() -> dict[str, tuple[str, str]]:
    """Return every colour of a picture by its use, light and dark.

    A page that holds a light picture follows the ground with these.
    """
    inks = zip(("ink", "soft", "hairline", "ground"), *_INKS.values(), strict=True)
    marks = enumerate(zip(LIGHT, DARK, strict=True), start=1)
    return {
        **{use: (light, dark) for use, light, dark in inks},
        **{f"mark-{number}": pair for number, pair in marks},
    }


def config(theme: Theme) -> dict[str, Any]:
    """Return the part of a Vega-Lite specification that says how everything looks."""
    ink, soft, grid, ground = _INKS[theme]
    colours = list(LIGHT if theme == "light" else DARK)
    return {
        "font": _FONT,
        "background": ground,
        "padding": 12,
        "view": {"stroke": None},
        "range": {"category": colours, "ordinal": colours},
        "title": {"anchor": "start", "color": ink, "subtitleColor": soft, "fontSize": 16,
                  "subtitleFontSize": 12, "fontWeight": 600, "frame": "bounds", "offset": 12,
                  "subtitlePadding": 5},
        "axis": {"labelColor": soft, "titleColor": ink, "gridColor": grid, "domainColor": soft,
                 "tickColor": soft, "labelFontSize": 12, "titleFontSize": 12,
                 "titleFontWeight": 500, "labelLimit": 230, "labelOverlap": "greedy",
                 "labelSeparation": 8},
        "header": {"labelColor": ink, "titleColor": ink, "labelFontSize": 12,
                   "labelFontWeight": 600},
        "legend": {"labelColor": ink, "titleColor": ink, "labelFontSize": 12,
                   "titleFontSize": 12, "orient": "top", "title": None, "labelLimit": 260,
                   "symbolOpacity": 1},
        "text": {"color": ink, "fontSize": 12},
        "rule": {"color": soft},
        "tick": {"color": ink, "opacity": 1},
        "bar": {"color": colours[0]},
        "line": {"color": colours[0], "strokeWidth": 2.5},
        "area": {"color": colours[0]},
        "point": {"color": colours[0], "filled": True, "size": 50, "opacity": 1},
    }  # fmt: skip
