"""How tests visit a page: with what size and colours, what it complained of, what axe says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".browser" / "node_modules"
SHOTS = ROOT / ".browser" / "screenshots"
"""Where screenshots are left for people to look at."""


class Visit:
    """Pages in one browser, each in a context of its own.

    Attributes:
        complaints: errors and warnings of pages, and what they asked the network for.
    """

    def __init__(self, browser: Any) -> None:
        self._browser, self._contexts = browser, []
        self.complaints: list[str] = []

    def open(self, file: Path, theme: str = "light", width: int = 1280, **options: Any) -> Any:
        """Return a page that shows a file."""
        context = self._browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._asked)
        page.goto(file.as_uri())
        return page

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "about:")):
            self.complaints.append(f"request: {request.url}")

    def close(self) -> None:
        """Close every page, and fail where one complained."""
        for context in self._contexts:
            context.close()
        assert self.complaints == [], "\n".join(self.complaints)


def shot(page: Any, name: str) -> None:
    """Leave a screenshot of the whole page."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def violations(frame: Any) -> list[str]:
    """Return what axe finds wrong in a page or a frame: rule, impact, and where."""
    # Through the debugger, as the page's own policy would not let a script in; what the text leaves
    # behind is not to be sent back, which would take for ever.
    axe = (TOOLS / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    frame.evaluate(f"() => {{ {axe} }}")
    found = frame.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']} ({one['impact']}): {[node['html'][:120] for node in one['nodes'][:3]]}"
            for one in found["violations"]]  # fmt: skip


def sideways(page: Any) -> int:
    """Return by how many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def bundled() -> str:
    """Return where the host's side of MCP Apps is, as `make browser` bundled it."""
    return os.fspath(TOOLS.parent / "bridge.bundle.js")
