"""Reads the requests of `tests/data/requests.yaml` with their keys, written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from building.scoring import Binding, Key, Span

FILE = Path(__file__).parents[1] / "data" / "requests.yaml"


def load(part: str) -> list[Key]:
    """Return the keys of one part of the file: nineteen, concepts or others."""
    entries = yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)[part]
    return [_key(entry) for entry in entries]


def _key(entry: Mapping[str, Any]) -> Key:
    request = str(entry["request"])
    bindings = (*_bindings(request, entry.get("may", {}), must=False),
                *_bindings(request, entry.get("must", {}), must=True))  # fmt: skip
    return Key(request, bindings, frozenset(entry.get("templates", ())),
               tuple(_span(request, words) for words in entry.get("unbuilt", ())))  # fmt: skip


def _bindings(request: str, said: Mapping[str, Any], *, must: bool) -> Iterator[Binding]:
    for words, facets in said.items():
        for facet, value in facets.items():
            wanted = tuple(value) if facet == "ages" and value != "any" else value
            yield Binding(_span(request, str(words)), facet, wanted, must)


def _span(request: str, words: str) -> Span:
    start = request.index(words)
    return (start, start + len(words))
