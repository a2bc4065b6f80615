"""The page `docs/scorecard.md`: published figures against what templates make of them.

`python tests/scorecards.py` writes its tables anew, the words between them stay; a test checks that
nothing would change. A section is headed ``## `profile` with `journey`, 5,000 people``; the last is
of `risk_scores`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import risk_scores
from healthsim.building import templates
from healthsim.operations import auditing
from healthsim.persistence.state import describe_file
from storing import stored

PAGE = Path(__file__).parents[1] / "docs" / "scorecard.md"
_SECTION = re.compile(r"^## `([a-z0-9-]+)` with `([a-z0-9-]+)`, ([\d,]+) people$", re.MULTILINE)
_TABLE = re.compile(r"^\| figure .*?(?=^$)", re.MULTILINE | re.DOTALL)


@cache
def scored(profile: str, journey: str, count: str) -> tuple[dict[str, Any], ...]:
    """Return the scorecard of two templates, a row a figure."""
    who, what = templates.load(profile, "profile"), templates.load(journey, "journey")
    people = who.fresh() | {"count": int(count.replace(",", "")), "expectations": []}
    with tempfile.TemporaryDirectory() as folder:
        path = stored(Path(folder), people, what.fresh() | {"expectations": []})
        manifest = describe_file(path).manifest
        rows = auditing.scored(path, manifest.profile, manifest.journeys)
    return tuple(dict(zip(auditing.SCORED, row, strict=True)) for row in rows)


def table(profile: str, journey: str, count: str, seen: set[str]) -> str:
    """Return the scorecard of two templates as a markdown table, without figures seen before."""
    lines = [
        "| figure | published | observed | off by | allowed | of | | source, year | conf. |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in scored(profile, journey, count):
        if one["id"] in seen:
            continue
        told = [_said(one[key], one) for key in ("published", "observed", "difference", "allowed")]
        lines.append(
            f"| {one['figure']} | {' | '.join(told)} | {one['n']:,} | {one['status']} | "
            f"{one['source']}, {one['year']} | {one['confidence']} |"
        )
    return "\n".join(lines) + "\n"


def _said(value: float | None, row: dict[str, Any]) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if 0 < row["published"] < 1 else f"{value:.2f}"


def pages() -> Iterator[tuple[str, str, str]]:
    """Yield profile, journey and number of people of each section of the page."""
    for found in _SECTION.finditer(PAGE.read_text(encoding="utf-8")):
        yield found[1], found[2], found[3]


def written() -> str:
    """Return the page with every table as it is now."""
    head, *rest = re.split(r"(?=^## )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    parts, seen = [head], set[str]()
    for section in rest:
        found = _SECTION.match(section)
        now = table(found[1], found[2], found[3], seen) if found else ""
        seen |= {one["id"] for one in scored(*found.groups())} if found else set()
        parts.append(_TABLE.sub(lambda _, now=now: now, section) if now else section)
    return "".join(parts).partition(f"\n{risk_scores.TITLE}")[0].rstrip("\n") + (
        f"\n\n{risk_scores.section()}"
    )


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
