"""Pages in `docs/` that show what came out: their blocks are run, their answers written in.

`python tests/pages.py` writes every page anew; the tests check that nothing would change.

A page has sections (``## ``). A section runs the file ``requests/<name>.json`` that it links to, or
its own blocks: ``json run`` (a profile's template or document, and changes) and ``json journey``.
Every ``sql`` block asks what came out, and the ``text`` block behind it is the answer.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from healthsim.building import refining, templates
from healthsim.building.draft import Draft
from healthsim.operations import generate, query, scenarios
from healthsim.operations.home import Home
from processes import PATIENCE

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("patterns.md", "requests.md")
_BLOCK = re.compile(r"^```([a-z -]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANSWER = re.compile(r"^```sql\n(.*?)^```\n\n?```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"\]\(requests/([a-z0-9-]+)\.json\)")
Document = dict[str, Any]


def sections(page: str) -> list[str]:
    """Return a page's text cut at its headings; put together again, it is the page."""
    return re.split(r"^(?=## )", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)


def fenced(section: str) -> list[tuple[str, str]]:
    """Return (kind, text) of every fenced block."""
    return [(kind.strip(), text) for kind, text in _BLOCK.findall(section)]


def blocks(section: str, kind: str) -> list[str]:
    """Return the fenced blocks of one kind."""
    return [text for found, text in fenced(section) if found == kind]


def file_of(section: str) -> re.Match[str] | None:
    """Return where a section names the file that it runs; group 1 is the file's stem."""
    return _FILE.search(section)


def asked(section: str) -> Document | None:
    """Return what a section runs: profile, journeys, changes; None where it runs nothing."""
    if found := file_of(section):
        path = DOCS / f"requests/{found[1]}.json"
        document: Document = json.loads(path.read_text(encoding="utf-8"))
        return document
    runs = blocks(section, "json run")
    if not runs:
        return None
    journeys = [json.loads(text) for text in blocks(section, "json journey")]
    return {"journeys": journeys, **json.loads(runs[0])}


def documents(request: Document) -> tuple[Document, tuple[Document, ...]]:
    """Return the profile and the journeys of a request, templates loaded and changes made."""
    profile, *journeys = (
        templates.load(one).fresh() if isinstance(one, str) else one
        for one in (request["profile"], *request["journeys"])
    )
    draft = Draft(profile=profile, journeys=tuple(journeys))
    if request.get("changes"):
        draft, _ = refining.refine(draft, request["changes"])
    return dict(draft.profile or {}), tuple(dict(one) for one in draft.journeys)


def save(
    home: Home, name: str, request: Document, leaves_out: Sequence[str] = ()
) -> scenarios.ScenarioSummary:
    """Run a request and save it as a scenario.

    Pages ask no table that only a full chart has: these are left out, which changes no other row.
    So are the tables of products in `leaves_out`.
    """
    profile, journeys = documents(request)
    profile["products"] = [one for one in profile["products"] if one not in leaves_out]
    run = generate.start(home, {"detail": "core"} | profile, journeys)
    record = generate.join(home, run.run_id, PATIENCE)
    if record.status != "done":
        raise RuntimeError(f"{name}: {record.error}")
    return scenarios.save_run(home, record.run_id, name)


def answer(home: Home, name: str, sql: str) -> str:
    """Return the rows of a query as aligned text, headed by the names of its columns."""
    found = query.query(home, name, sql)
    rows = [[column for column, _ in found.columns], *([_said(cell) for cell in row]
            for row in found.rows)]  # fmt: skip
    wide = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(size) for cell, size in zip(row, wide, strict=True)).rstrip() + "\n"
        for row in rows
    )


def _said(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value)
    return f"{value:,}"


def written(section: str, told: Callable[[str], str]) -> str:
    """Return a section with every answer as `told` tells it now."""

    def anew(found: re.Match[str]) -> str:
        return f"```sql\n{found[1]}```\n\n```text\n{told(found[1])}```"

    return _ANSWER.sub(anew, section)


def _pages(home: Home, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for page in names:
        parts = []
        for number, section in enumerate(sections(page)):
            request, name = asked(section), f"{page.removesuffix('.md')}-{number}"
            if request is not None:
                save(home, name, request)
            parts.append(written(section, lambda sql, name=name: answer(home, name, sql)))  # type: ignore[misc]
        yield page, "".join(parts)


def main() -> None:
    """Write every page anew."""
    with tempfile.TemporaryDirectory() as folder:
        for page, text in _pages(Home(Path(folder)), PAGES):
            (DOCS / page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
