"""Renders a report as one HTML file: no script, no request, the same bytes each time."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from healthsim.report import palette, wording
from healthsim.report.facts import MANY_ROWS, MOST_ROWS, Drawn, Grid, Report
from healthsim.report.inline_svg import inlined

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent
_TONES = {"as asked": "good", "met": "good", "yes": "good", "in the data": "good",
          "off": "bad", "not met": "bad", "no": "bad",
          "left out": "bad", "not built": "bad"}  # fmt: skip


def render(report: Report, colours: dict[str, tuple[str, str]]) -> str:
    """Return the page.

    Args:
        report: what it says.
        colours: those of the pictures, light and dark, by name.
    """
    style = stylesheet(colours)
    text: str = (
        _pages()
        .get_template("page.html.jinja")
        .render(
            report=report,
            style=Markup(style),
            style_digest=digest(style),
            uses={light: use for use, (light, _) in colours.items()},
            most_rows=MOST_ROWS,
            many_rows=MANY_ROWS,
        )
    )
    return text


def stylesheet(colours: dict[str, tuple[str, str]]) -> str:
    """Return the style sheet of the page with its colours; no text of a scenario is in it."""
    return f"{palette.declared({**palette.PAGE, **colours})}\n{_text('page.css')}"


def view(colours: dict[str, tuple[str, str]]) -> str:
    """Return the page that shows a picture in a chat; no text of a scenario is in it.

    Args:
        colours: those of the pictures, light and dark, by name.
    """
    style = f"{palette.declared({**palette.PAGE, **colours}, palette.HOST)}\n{_text('view.css')}"
    script = _text("view.js")
    text: str = (
        _pages()
        .get_template("view.html.jinja")
        .render(
            style=Markup(style),
            style_digest=digest(style),
            script=Markup(script),
            script_digest=digest(script),
        )
    )
    return text


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8").strip()


def digest(text: str) -> str:
    """Return the source expression of a Content-Security-Policy that allows one inline text."""
    hashed = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(hashed).decode()}'"


def _drawn(picture: Drawn, width: str, uses: dict[str, str]) -> Markup:
    """Return one of a picture's two drawings, labelled by the sentence below it."""
    svg = picture.wide if width == "wide" else picture.narrow
    return inlined(svg, f"{picture.kind}-{width}", uses, f"{picture.kind}-says")


def _tone(grid: Grid, text: str, position: int) -> str:
    """Return the look of a verdict; one that is met by a wide tolerance has none."""
    if position != grid.verdict:
        return ""
    narrow = text.startswith("met within ") and not text.endswith(" of it would be")
    return _TONES.get("met" if narrow else text, "")


def _as_link(text: str) -> str:
    """Return a file as a link that a browser saves; base64, so that nothing of it is markup."""
    return f"data:application/json;base64,{base64.b64encode(text.encode()).decode()}"


@cache
def _pages() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  tools/list

    pages = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    pages.filters |= {
        "cell": wording.cell,
        "plain": wording.plain,
        "counted": wording.counted,
        "drawn": _drawn,
        "as_link": _as_link,
    }
    pages.globals |= {"numeric": wording.numeric, "tone": _tone}
    return pages
