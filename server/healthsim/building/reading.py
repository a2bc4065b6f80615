"""A request while it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from healthsim.building import lexicon
from healthsim.building.described import Fact
from healthsim.building.lexicon import Unit

PEOPLE = "PbskFG"


@dataclass
class Reading:
    """A request while it is read.

    Attributes:
        units: all but articles and other words that say nothing.
        letters: one for each unit; those that no rule may read any more are "_".
    """

    text: str
    units: list[Unit]
    letters: str
    facts: list[Fact] = field(default_factory=list)

    def find(self, pattern: str) -> Iterator[re.Match[str]]:
        """Yield each place where a pattern of letters stands."""
        yield from re.finditer(pattern, self.letters)

    def unit(self, match: re.Match[str], group: str | int = 0) -> list[Unit]:
        """Return the units of a group of a match."""
        return self.units[match.start(group) : match.end(group)]

    def hide(self, start: int, end: int) -> None:
        """Keep other rules from units that are read, or that must not be read."""
        self.letters = self.letters[:start] + "_" * (end - start) + self.letters[end:]

    def add(
        self, kind: str, key: Any, found: list[Unit], share: float | None = None, vague: str = ""
    ) -> None:
        """Add a fact that stands in these units."""
        spans = lexicon.spans_of(found, self.text)
        self.facts.append(Fact(kind, key, share, spans, vague))


def is_single(unit: Unit, text: str) -> bool:
    """Return whether a word for people is of one person."""
    word = text[unit.start : unit.end].lower()
    return not (
        word.endswith("s")
        or word in {"people", "children", "women", "men", "elderly", "policyholders", "patients"}
    )


MEDICAL = frozenset(
    ("AL", "CO", "CT", "DE", "GA", "HI", "ID", "IN", "LA", "MA", "MD", "ME", "MI", "MS", "OK",
     "OR", "PA", "SD", "VA", "MT", "NE")
)  # fmt: skip
"""States' letters that are also words or medicine (MI, MS, VA): states only beside "in"."""
