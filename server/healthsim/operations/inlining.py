"""Pictures for pages: one drawing for wide and one for narrow screens, each light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from healthsim.pictures.picture import Picture

WIDE, NARROW = 720, 340
"""Pixels of a picture on a screen or paper, and on a telephone."""


@dataclass(frozen=True, slots=True)
class Inlined:
    """A picture as a page needs it.

    Attributes:
        below: units, who is counted, what is left out; may be empty.
        wide: SVG as the renderer wrote it, without a title: a page has it as text of its own.
        narrow: the same for a telephone.
    """

    below: str
    wide: str
    narrow: str


def inline(picture: Picture) -> Inlined:
    """Render a picture for a page.

    Raises:
        NoRenderer: there is no vl-convert; the picture's table is shown instead.
    """
    from healthsim.pictures import render  # noqa: PLC0415  pictures are heavy

    wide, narrow = (render.svg(picture, "light", width, heading=False) for width in (WIDE, NARROW))
    return Inlined(below(picture), wide, narrow)


def below(picture: Picture) -> str:
    """Return what stands under a picture's title."""
    title = picture.spec.get("title")
    text = title.get("subtitle", "") if isinstance(title, Mapping) else ""
    return text if isinstance(text, str) else " ".join(map(str, text))


def colours() -> dict[str, tuple[str, str]]:
    """Return the colours of pictures by the names that a page gives them, light and dark."""
    from healthsim.pictures import theme  # noqa: PLC0415  as above

    return theme.by_use()
