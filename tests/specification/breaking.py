"""Documents that are changed at random: what may stand in the place of a value."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from specification.faults import Document

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.5, 1e300, -1e300, 1e15, 10**18, float("nan"),
    float("inf"), "", "x", "age", "age > 1", "a1c", "2025-01-01", "9999-12-31", "0001-01-01",
    "\x00", "é", "a" * 600, "E11.9", "C61", "visit", "quarter#2", "quarter/visit#2", "attribute",
    [], {}, [1], {"a": 1}, {"type": "normal"}, {"type": "normal", "mean": 1e14, "sd": 1e14},
    {"type": "uniform", "low": -5, "high": 5}, {"type": "formula", "value": "age / 0"},
    {"type": "population", "measure": "diabetes"}, {"type": "gamma", "mean": 1e9, "sd": 1e9},
    {"exactly": {"a": 60}}, {"day": -400}, {"after": "quarter"}, {"date": "2025-05-05"},
    {"from": "a1c"}, {"share": 2}, [[]], {"": 1}, {"a": {"a": {"a": 1}}},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in inside:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def mutated(draw: st.DrawFn, document: Document) -> Document:
    found = copy.deepcopy(document)
    path = draw(st.sampled_from(list(places(found))))
    inner: Any = found
    for part in path[:-1]:
        inner = inner[part]
    act = draw(st.sampled_from(("change", "change", "take out", "rename", "double", "borrow")))
    if act == "take out":
        del inner[path[-1]]
    elif act == "rename" and isinstance(inner, dict):
        inner[draw(st.sampled_from(("type", "x", "when", "at", "share", "low")))] = inner.pop(
            path[-1]
        )
    elif act == "double" and isinstance(inner, list):
        inner.append(copy.deepcopy(inner[path[-1]]))
    elif act == "borrow":
        other: Any = document
        for part in draw(st.sampled_from(list(places(document)))):
            other = other[part]
        inner[path[-1]] = copy.deepcopy(other)
    else:
        inner[path[-1]] = draw(st.sampled_from(VALUES))
    return found
