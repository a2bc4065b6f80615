"""Composes requests of pieces, each request with the key that its pieces have together.

Request `number` is the same wherever and however many are composed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from building.pieces import (
    AGES,
    ASIDES,
    CONDITIONS,
    COUNTS,
    PAYERS,
    PLACES,
    SEXES,
    TRAPS,
    UNBUILT,
    Piece,
)
from building.scoring import Binding, Key
from healthsim.streams import Streams

_SEED = 2026
_DRAWS = 200  # more than one request takes
_ANY_FIGURE = ("2", "3", "5", "8", "12", "18", "21", "45", "65", "85", "95", "120", "400", "1,000",
               "2015", "2025", "7.5", "0.25", "48201", "99214", "1.5k")  # fmt: skip
"""What stands for the @ of a piece: figures that could be a count, an age, a year, a code."""
_OPENINGS = ("", "", "I need ", "Please make ", "Give me ", "We'd like ", "Hi, can you build ",
             "I want to test with ", "Create a cohort: ", "Build ")  # fmt: skip
_BETWEEN = (", ", ", ", ", ", "; ", ". ", "\n- ", " – ", " / ", ",  ", " | ", "! ", " (…) ")
_ENDINGS = ("", "", "", ".", "!", " please", ", thanks.", "?", "\n")
_FLOWING = ("with ", "in ", "on ", "aged ", "who ", "having ", "from ", "living ", "covered ")
"""Beginnings of pieces that may follow another piece without a mark between them."""
_SLOTS = (
    # pieces to choose from, and the chances of 0, 1, 2, 3 of them
    (COUNTS, (0.1, 0.9)), (PAYERS, (0.4, 0.6)), (CONDITIONS, (0.2, 0.45, 0.25, 0.1)),
    (PLACES, (0.5, 0.5)), (AGES, (0.5, 0.5)), (SEXES, (0.7, 0.3)), (ASIDES, (0.8, 0.2)),
    (UNBUILT, (0.85, 0.15)), (TRAPS, (0.15, 0.35, 0.3, 0.2)),
)  # fmt: skip
_NEEDS = {
    # template: what the request must be about for it to be chosen
    "medicare-diabetic": {"medicare", "E11"}, "commercial-diabetic": {"commercial", "E11"},
    "medicaid-diabetic": {"medicaid", "E11"}, "medicare-ckd": {"medicare", "N18"},
    "medicare-copd": {"medicare", "J44"}, "medicare-heart-failure": {"medicare", "I50"},
    "medicare-general": {"medicare"}, "medicare-advantage-complex": {"ma"},
    "medicaid-adult": {"medicaid"}, "medicaid-pediatric": {"medicaid", "child"},
    "chip-children": {"chip"}, "commercial-pediatric": {"commercial", "child"},
    "commercial-healthy": {"commercial"}, "commercial-family": {"family"},
}  # fmt: skip


@dataclass
class _Sheet:
    """A request while it is written."""

    text: str = ""
    bindings: list[Binding] = field(default_factory=list)
    unbuilt: list[tuple[int, int]] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)

    def add(self, piece: Piece, draws: Iterator[float]) -> None:
        text = re.sub("@", lambda _: str(_pick(_ANY_FIGURE, draws)), piece.text)
        span = (len(self.text), len(self.text) + len(text))
        self.text += text
        self.bindings += [Binding(span, facet, value) for facet, value in piece.may]
        self.unbuilt += [span] if piece.unbuilt else []
        self.topics |= piece.topics


def compose(start: int, count: int) -> Iterator[Key]:
    """Yield the keys of the requests `start` to `start + count`."""
    for number in range(start, start + count):
        yield _composed(iter(Streams(_SEED).uniform(f"request {number}", 0, _DRAWS).tolist()))


def _composed(draws: Iterator[float]) -> Key:
    pieces = list(_chosen(draws))
    sheet = _Sheet(_pick(_OPENINGS, draws))
    between = _pick(_BETWEEN, draws)
    shuffled = _shuffled(pieces, draws)
    for place, piece in enumerate(shuffled):
        said = _pick(_BETWEEN, draws) if next(draws) < 0.3 else between
        flows = (
            shuffled is pieces and place and pieces[place - 1].may
            and piece.text.startswith(_FLOWING) and next(draws) < 0.5
        )  # fmt: skip
        sheet.text += (" " if flows else said) if place else ""
        sheet.add(piece, draws)
    sheet.text += _pick(_ENDINGS, draws)
    return Key(_styled(sheet.text, next(draws)), tuple(sheet.bindings),
               frozenset(name for name, needs in _NEEDS.items() if needs <= sheet.topics),
               tuple(sheet.unbuilt))  # fmt: skip


def _chosen(draws: Iterator[float]) -> Iterator[Piece]:
    """Yield pieces of every slot, no two about the same condition or facet."""
    for slot, chances in _SLOTS:
        about: set[str] = set()
        for _ in range(_number(chances, next(draws))):
            piece = _pick(slot, draws)
            if not about & (names := _about(piece)):
                about |= names
                yield piece


def _about(piece: Piece) -> set[str]:
    """Return the codes, or facets, that a piece binds."""
    return {code.lstrip("-")[:2] if facet == "conditions" else facet
            for facet, value in piece.may
            for code in (value if facet == "conditions" else ("",))}  # fmt: skip


def _number(chances: Sequence[float], draw: float) -> int:
    passed = [sum(chances[: place + 1]) <= draw for place in range(len(chances))]
    return min(sum(passed), len(chances) - 1)


def _pick(items: Sequence[Any], draws: Iterator[float]) -> Any:
    return items[int(next(draws) * len(items))]


def _shuffled(pieces: list[Piece], draws: Iterator[float]) -> list[Piece]:
    """Return the pieces in another order; three in ten begin with how many, as people do."""
    ranked = sorted((next(draws), place) for place in range(len(pieces)))
    return [pieces[place] for _, place in ranked] if next(draws) < 0.7 else pieces


def _styled(text: str, draw: float) -> str:
    """Return a text as it is, or in capitals, or in small letters, each of the same length."""
    if draw < 0.08:
        changed = text.upper()
    elif draw < 0.16:
        changed = text.lower()
    else:
        return text
    return changed if len(changed) == len(text) else text
