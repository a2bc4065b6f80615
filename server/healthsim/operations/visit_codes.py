"""The CPT numbers of visits: not from a list, which is licensed, but from what templates bill."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from healthsim.building import paths, templates

_MOST = 4  # numbers that are named

_SAID: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(words, re.IGNORECASE)
    for kind, words in {
        "emergency": r"\b(emergency|er|ed)\b.*\b(visit|department|room|care)s?\b",
        "telehealth": r"\b(telehealth|telemedicine|video|virtual)\b.*\b(visit|care)?s?\b",
        "inpatient": r"\b(inpatient|hospital)\b.*\b(visit|stay|admission|care)s?\b|\badmission\b",
        "snf": r"\b(nursing)\b.*\b(facility|home|visit)\b",
        "office": r"\b(office|clinic|outpatient|follow.?up|new patient)\b.*\bvisits?\b",
    }.items()
}
"""Class of an encounter -> how people ask for its code."""


def note(query: str) -> str:
    """Say which numbers templates bill for the kind of visit that a query asks for.

    >>> note("a1c")
    ''
    """
    kind = next((kind for kind, words in _SAID.items() if words.search(query)), "")
    numbers = _billed().get(kind, ())
    if not numbers:
        return ""
    return (
        f"a visit of class {kind} is billed with a CPT number, whose list and texts are licensed "
        f"and not built in; the templates bill {', '.join(numbers)}"
    )


@cache
def _billed() -> Mapping[str, tuple[str, ...]]:
    """Return class of encounter -> the visit numbers that most templates bill for it."""
    counts: dict[str, Counter[str]] = {}
    for template in templates.load_library():
        if template.kind == "journey":
            for kind, code in set(_visits(template.fresh())):
                counts.setdefault(kind, Counter())[code] += 1
    return {
        kind: tuple(sorted(code for code, _ in counter.most_common(_MOST)))
        for kind, counter in counts.items()
    }


def _visits(journey: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (class, number) of the evaluation numbers that the encounters of a journey bill."""
    for _, step in paths.steps(journey, []):
        details = step.get("details")
        if step.get("type") != "encounter" or not isinstance(details, Mapping):
            continue
        kind = str(details.get("encounter_class", "office"))
        for code in details.get("procedures") or ():
            if isinstance(code, str) and re.fullmatch(r"99[2-4]\d\d", code):
                yield kind, code
