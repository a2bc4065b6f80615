"""A report all of whose texts try to become markup, and how the elements of a page are read."""

from __future__ import annotations

from html.parser import HTMLParser

from healthsim.report.facts import Document, Drawn, Grid, Part, Report, Verdict

CANARIES = (
    "<script>window.canary=1</script>",
    '"><img src=x onerror=window.canary=1>',
    "' onmouseover='window.canary=1' x='",
    "javascript:window.canary=1",
    "</style><script>window.canary=1</script>",
    "</title></head><body onload=window.canary=1>",
    "</code></pre><svg onload=window.canary=1>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;window.canary=1&lt;/script&gt;",
    "<a href='javascript:window.canary=1'>here</a>",
    "‮gnirts\x00\x07",
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 40 20">'
    '<rect width="40" height="20" fill="white"/><g clip-path="url(#clip0)">'
    '<defs><clipPath id="clip0"><rect width="9" height="9"/></clipPath></defs>'
    '<path d="M0,0L9,9" stroke="#0072b2"/><text fill="#1a1a1a">TEXT</text></g></svg>'
)


def report(text: str = "harmless", drawing: str = SVG) -> Report:
    """Return a report in which every text that may be a stranger's is this one."""
    grid = Grid(text, (text, "b"), [[text, 1], [text, 2.5]])
    judged = Grid(text, ("a", "verdict"), [[text, text], [text, "off"]], verdict=1)
    return Report(
        name=text, description=text, people=2, rows=4, seed=7, digest=text, engine_version=text,
        period=("2025-01-01", "2025-12-31", 365), references={text: text}, requests=[text],
        fates=judged, verdicts=[Verdict(True, text), Verdict(None, text), Verdict(False, text)],
        pictures=[
            Drawn("pyramid", text, text, text, drawing, drawing, grid),
            Drawn("series", text, text, text, "", "", grid),
        ],
        asked=Part(text, [grid, judged]), checks=Part(text, [grid]), tables=grid,
        documents=[Document("profile.json", "profile", text, text, text)], command=text,
        notes=[text],
    )  # fmt: skip


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def elements(page: str) -> list[tuple[str, dict[str, str]]]:
    """Return the elements of a page with their attributes, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.elements


def texts(page: str) -> str:
    """Return what a page says."""
    reader = _Reader()
    reader.feed(page)
    return "".join(reader.texts)
