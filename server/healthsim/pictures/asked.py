"""What was asked for against what was got: the figures of an audit, worst first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from healthsim.pictures.figure_names import in_words, said
from healthsim.pictures.picture import NothingToDraw, Picture, whole_spec
from healthsim.pictures.strips import strips
from healthsim.pictures.words import counted, short

KIND = "asked_against_got"

MOST = 20
"""Figures in the picture; the table has more."""

_INSIDE, _OUTSIDE = "within what chance allows", "outside"
_STEP = re.compile(r"[^\s/]+/")  # a figure of a step begins with the name of its journey
_MOST_ROWS = 60
_FARTHEST = 3.0  # allowances from what was asked, at which a figure is drawn at the edge


def asked_against_got(name: str, compared: Sequence[Sequence[Any]]) -> Picture:
    """Draw how far each figure is from what was asked, in parts of what chance allows.

    Args:
        name: of the scenario.
        compared: what, asked, got, low, high and ok of each figure, as the audit gives them.

    Raises:
        NothingToDraw: no figure could be judged.
    """
    judged = [list(row) for row in compared if row[5] is not None and _is_number(row[2])]
    if not judged:
        raise NothingToDraw(name, "has no figure that could be judged",
                            "audit_scenario says why for each")  # fmt: skip
    judged.sort(key=lambda row: (row[5], -abs(_distance(row)), str(row[0])))
    journeys = {str(row[0]).partition("/")[0] for row in judged if _STEP.match(str(row[0]))}

    def name_of(what: Any) -> str:
        return in_words(str(what), len(journeys))

    off = [row for row in judged if not row[5]]
    inside = len(judged) - len(off)
    title = (f"{inside} of {counted(len(judged), 'figure', 'figures')} came out as asked, "
             "within what chance allows")  # fmt: skip
    worst = judged[0]
    says = (f"{title}; {'off is' if off else 'the farthest is'} {short(name_of(worst[0]))}: asked "
            f"{said(worst[0], worst[1])}, got {said(worst[0], worst[2])}.")  # fmt: skip
    rows = [[short(row[0], 160), *row[1:5], "yes" if row[5] else "no"]
            for row in judged[:_MOST_ROWS]]  # fmt: skip
    subtitle = ("Distance from what was asked; the band between the limits is what chance "
                "allows (three standard errors); at the right: asked → got")  # fmt: skip
    if len(judged) > MOST:
        subtitle += f"; the {MOST} farthest"
    spec = whole_spec(title, subtitle, says, _view(judged[:MOST], name_of))
    return Picture(KIND, title, says, spec, ["what", "asked", "got", "low", "high", "ok"], rows)


def _view(judged: Sequence[Sequence[Any]], name_of: Callable[[Any], str]) -> dict[str, Any]:
    values = [
        {"name": short(name_of(row[0]), 110), "off": _distance(row), "low": -1, "high": 1,
         "asked": 0, "is": _INSIDE if row[5] else _OUTSIDE,
         "note": f"{said(row[0], row[1])} → {said(row[0], row[2])}"}
        for row in judged
    ]  # fmt: skip
    far = _FARTHEST
    labels = (
        f"datum.value == 0 ? 'asked' : datum.value == 1 ? 'limit' : datum.value == -1 ? "
        f"'limit' : datum.value == {far} ? 'far above' : datum.value == -{far} ? 'far below' : ''"
    )
    x = {"field": "off", "type": "quantitative", "title": None,
         "scale": {"domain": [-far, far], "nice": False, "clamp": True},
         "axis": {"values": [-far, -1, 0, 1, far], "labelExpr": labels,
                  "labelOverlap": False}}  # fmt: skip
    band = {
        "mark": {"type": "bar", "height": 8, "opacity": 0.25},
        "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
    }
    dot = {"mark": {"type": "point", "size": 90, "opacity": 1},
           "encoding": {"color": {"field": "is", "type": "nominal",
                                  "sort": [_INSIDE, _OUTSIDE],
                                  "scale": {"domain": [_INSIDE, _OUTSIDE]}},
                        "shape": {"field": "is", "type": "nominal",
                                  "sort": [_INSIDE, _OUTSIDE],
                                  "scale": {"domain": [_INSIDE, _OUTSIDE]}}}}  # fmt: skip
    return strips(values, x, [band, dot])


def _distance(row: Sequence[Any]) -> float:
    """Return how far a figure is from what was asked: 1 is the most that chance allows."""
    asked, got, low, high = row[1:5]
    if not _is_number(asked):
        asked = got if row[5] else low if _is_number(low) else got
    if got == asked:
        return 0.0
    edge = high if got > asked else low
    room = abs(edge - asked) if _is_number(edge) else 0.0
    if room == 0:
        return 0.0 if row[5] else _FARTHEST * (1 if got > asked else -1)
    return float(max(-_FARTHEST, min(_FARTHEST, (got - asked) / room)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
