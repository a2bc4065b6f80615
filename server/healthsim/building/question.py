"""An open question about a draft, and what may answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is still open, with changes that would answer it.

    Attributes:
        assumed: the draft has a figure there, assumed for a vague word or by default.
    """

    path: str
    ask: str
    suggestions: tuple[dict[str, Any], ...] = ()
    assumed: bool = False


class Drafted(Protocol):
    """What questions are asked about: the documents of a draft, and what was decided."""

    @property
    def profile(self) -> dict[str, Any] | None:
        """Who."""

    @property
    def journeys(self) -> Sequence[Mapping[str, Any]]:
        """What happens."""

    @property
    def templates(self) -> Sequence[str]:
        """The templates that the documents were copied from."""

    def is_settled(self, path: str) -> bool:
        """Whether a person has decided a path."""


def set_change(path: str, value: Any) -> dict[str, Any]:
    """Return the change that would set a value."""
    return {"op": "set", "path": path, "value": value}
