"""The formats of profiles and journeys, and the steps from each to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from healthsim.errors import SpecError
from healthsim.formats import FIRST, Formats


def _numbered(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """1 to 2 (November 2026): the format got a number; nothing else changed."""
    return document


SPECIFICATIONS = Formats("specifications", {1: _numbered})
FORMAT = SPECIFICATIONS.current
"""The format of the specifications that this version writes."""


def migrated(document: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return a profile or a journey in today's format, with its number.

    Args:
        document: as it was found; without `format` it is of the first one.
        where: path of the document, for errors.

    Raises:
        SpecError: the format is no number, is newer than this version, or has no way to today's.
    """
    number = document.get("format", FIRST)
    problem = SPECIFICATIONS.problem(number, f"{where}.format")
    if problem is not None:
        raise SpecError([problem])
    return {**SPECIFICATIONS.migrate(document, number), "format": FORMAT}
