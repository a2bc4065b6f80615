"""One picture: a Vega-Lite specification, the sentence that says it, and the table behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from healthsim.errors import Refused

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart of a scenario.

    Attributes:
        kind: which of the kinds of pictures it is.
        title: what the picture shows, with the finding.
        says: one or two sentences that say the main figures; the text in place of the picture.
        spec: a Vega-Lite specification with its data inside, without colours and sizes of text.
        columns: names of the table's columns; `rows` are the values, as JSON carries them.
    """

    kind: str
    title: str
    says: str
    spec: Mapping[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


class NothingToDraw(Refused):
    """The scenario has no row that the picture would show."""


def whole_spec(title: str, subtitle: str, says: str, view: Mapping[str, Any]) -> dict[str, Any]:
    """Return a view as a whole specification, whose size is given when it is drawn.

    Args:
        title: what it shows, with the finding.
        subtitle: units, who is counted, what is left out; may be empty.
        says: the text in place of the picture.
        view: marks, encodings and data.
    """
    heading = {"text": title} | ({"subtitle": subtitle} if subtitle else {})
    return {"$schema": SCHEMA, "title": heading, "description": says, **view}
