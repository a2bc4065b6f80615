"""The content of a code book, as its reader returns it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Row: TypeAlias = tuple[str, str, str]
"""Code, display and facts: ``key=value`` or a key alone, separated by semicolons."""


@dataclass(frozen=True, slots=True)
class BookContent:
    """The content of a code book.

    Attributes:
        version: its release, in the publisher's words.
        rows: its codes, in any order.
        checks: counts made while reading.
    """

    version: str
    rows: list[Row]
    checks: Mapping[str, object]


def release_of(name: str, as_of: str) -> str:
    """Return the release by the caller, else by the file's name; empty if neither has one.

    >>> release_of("HCPC2026_OCT_ANWEB_v2.txt", "")
    'HCPC2026_OCT_ANWEB_v2'
    """
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return as_of or (stem if re.search(r"\d", stem) else "")
