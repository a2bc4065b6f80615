"""Mutants that survive for a reason: they change nothing that anybody can see, or nothing promised.

`explained.toml` holds one entry for each, by module, function and text, so that it stays with the
line while the module changes.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from mutation.places import Place
from mutation.source import Source

_FILE = Path(__file__).with_name("explained.toml")
Key = tuple[str, str, str, str]


def key_of(place: Place, source: Source) -> Key:
    """Return what a mutant is known by: module, function, line before, line after."""
    return (place.module, place.qualname, *place.shown(source.data))


def reasons() -> dict[Key, str]:
    """Return the reason of each explained mutant.

    Raises:
        ValueError: two entries are of one mutant.
    """
    found: dict[Key, str] = {}
    for one in tomllib.loads(_FILE.read_text(encoding="utf-8")).get("mutant", ()):
        key = (one["module"], one["function"], one["before"], one["after"])
        if key in found:
            raise ValueError(f"{_FILE.name}: explained twice: {' '.join(key)}")
        found[key] = one["reason"]
    return found
