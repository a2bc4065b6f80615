"""What people have: the most common conditions, and what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from healthsim.pictures.asked_conditions import asked_shares
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.source import Source
from healthsim.pictures.strips import strips
from healthsim.pictures.words import people, percent, short

KIND = "conditions"

MOST = 20
"""Conditions in one picture."""


def conditions(
    source: Source, what: str = "", *, compared: Callable[[], Sequence[Sequence[Any]]] = list
) -> Picture:
    """Draw the share of people who have each of the most common conditions at any time.

    People are those who are there on the first day: what was asked is of them.
    Codes as charted: type 2 diabetes with kidney disease is E11.22. What was
    asked is marked where the audit knows it, and the classification puts no other code in its
    place for some.

    Args:
        source: the scenario.
        what: the beginning of a code, such as I or E11, to see only these; empty for all.
        compared: gives the figures of the audit, of which those of conditions are marked.

    Raises:
        NothingToDraw: nobody has a condition, or there is no chart.
    """
    source.need("conditions", "code", "person_id")
    starters, total, later = source.starters
    found = source.select(
        f"WITH s AS ({starters}) SELECT left(code, 20) AS code, left(any_value(display), 200), "  # noqa: S608
        "count(DISTINCT person_id) AS n, count(*) OVER () FROM conditions "
        "SEMI JOIN s USING (person_id) WHERE starts_with(upper(code), upper(?)) "
        f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT {MOST}",
        what.strip(),
    )
    if not found or not total:
        of = f" that begins with {short(what, 20)!r}" if what.strip() else ""
        raise NothingToDraw(source.name, f"has nobody with a condition{of}",
                            "draw another kind, or leave `what` out")  # fmt: skip
    asked = asked_shares(source, total, compared())
    rows = [[code, short(display or code), number, round(number / total, 4), asked.get(code)]
            for code, display, number, _ in found]  # fmt: skip
    first = rows[0]
    title = f"{first[1]} is charted most: {percent(first[2], total)} of people"
    second = f"; then {rows[1][1]} ({percent(rows[1][2], total)})" if len(rows) > 1 else ""
    says = (f"Of {people(total)}, {first[2]:,} have {first[1]} ({first[0]}){second}. "
            f"{found[0][3]:,} codes are charted.")  # fmt: skip
    left, marked = found[0][3] - len(rows), any(row[4] is not None for row in rows)
    subtitle = "Share of people who have it at any time; codes as charted" + (
        f"; the {len(rows)} most common of {found[0][3]:,}" if left else "")  # fmt: skip
    subtitle += "; the tick is what was asked" if marked else ""
    subtitle += f"; {later:,} born in the run are not counted" if later else ""
    spec = whole_spec(title, subtitle, says, _view(rows, total))
    columns = ["code", "condition", "people", "share", "asked_share"]
    return Picture(KIND, title, says, spec, columns, rows)


def _view(rows: list[list[Any]], total: int) -> dict[str, Any]:
    values = [
        {"name": f"{code}  {name}", "share": number / total, "zero": 0, "asked": asked,
         "note": f"{percent(number, total)} · {number:,}"}
        for code, name, number, _, asked in rows
    ]  # fmt: skip
    x = {"field": "share", "type": "quantitative", "title": "share of people",
         "axis": {"format": "~%", "tickCount": 5}, "scale": {"zero": True}}  # fmt: skip
    bar = {"mark": {"type": "bar", "height": 12}, "encoding": {"x2": {"datum": 0}}}
    tick = {"mark": {"type": "tick", "thickness": 3, "size": 14},
            "transform": [{"filter": "isValid(datum.asked)"}],
            "encoding": {"x": {"field": "asked", "type": "quantitative"}}}  # fmt: skip
    return strips(values, x, [bar, tick] if any(row[4] is not None for row in rows) else [bar])
