"""Rows with their name above a bar or dot: long names stay whole on a narrow page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ROW = 38
"""Pixels of one row."""

_LETTER = 6.5  # pixels of a letter
_NAME, _MARK = 12, 25  # pixels from the top of a row


def placed(values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return values with the pixels of their row: `y` of the name, `at` of the mark."""
    return [{**value, "y": ROW * place + _NAME, "at": ROW * place + _MARK}
            for place, value in enumerate(values)]  # fmt: skip


def pixels(field: str, height: int) -> dict[str, Any]:
    """Return an encoding of a field that holds pixels from the top."""
    return {"field": field, "type": "quantitative", "axis": None, "title": None,
            "scale": {"domain": [0, height], "range": [0, height], "nice": False}}  # fmt: skip


def strips(
    values: Sequence[Mapping[str, Any]], x: Mapping[str, Any], marks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a view of rows, each with `name` on the left and `note` on the right above its mark.

    Args:
        values: one for each row, from the top.
        x: the axis that all marks share.
        marks: layers that encode x; y is the row.
    """
    height = ROW * len(values) + 6
    room = 14 + _LETTER * max((len(str(value["note"])) for value in values), default=0)
    name = {"type": "text", "align": "left", "limit": {"expr": f"max(60, width - {room:.0f})"}}
    note = {"type": "text", "align": "right"}
    at = pixels("at", height)
    return {
        "data": {"values": placed(values)},
        "height": height,
        "layer": [
            *({**mark, "encoding": {"y": at, **mark["encoding"]}} for mark in marks),
            {"mark": name, "encoding": {"x": {"value": 0}, "y": pixels("y", height),
                                        "text": {"field": "name"}}},
            {"mark": note, "encoding": {"x": {"value": "width"}, "y": pixels("y", height),
                                        "text": {"field": "note"}}},
        ],
        "encoding": {"x": dict(x)},
    }  # fmt: skip
