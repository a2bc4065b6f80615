"""Metropolitan areas, as people name them: "around Houston", "the Houston metro area"."""

from __future__ import annotations

import re
from functools import cache

from healthsim.building.vocabulary import STATES

_HINT = re.compile(r"\b(?:around|near|greater|metro\w*|area)\b", re.IGNORECASE)
_KIND = r"(?:metro(?:politan)?(?: statistical)?(?: area| region)?|area)"
_STATE = {name: code for code, (name, _) in STATES.items()} | {code: code for code in STATES}


def metros(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the pieces of a text that name a metropolitan area by its first city.

    Returns:
        Each piece as written, and the titles of the areas with that name: one, or several if
        the text is ambiguous, or none if the named state has none.
    """
    if not _HINT.search(text):
        return []
    pattern, titles = _called()
    places = []
    for match in pattern.finditer(text):
        name, state = (match[1], match[2]) if match[1] else (match[3], match[4])
        if match[1] in _STATE and "metro" not in match[0]:
            continue  # "around New York" may mean the state
        candidates = tuple(
            title for title in titles[name] if not state or _STATE[state] in states_of(title)
        )
        places.append((match[0], candidates))
    return places


def states_of(title: str) -> list[str]:
    """Return the codes of the states that an area lies in.

    >>> states_of("Kansas City, MO-KS")
    ['MO', 'KS']
    """
    return title.rpartition(", ")[2].split("-")


@cache
def _called() -> tuple[re.Pattern[str], dict[str, list[str]]]:
    """Return the pattern of areas' names, and the titles that begin with each city."""
    from healthsim.products.reference_names import built_in_names  # noqa: PLC0415  numpy is heavy

    titles: dict[str, list[str]] = {}
    for title in built_in_names().metro_titles:
        titles.setdefault(re.split(r"[,/-]", title)[0], []).append(title)
    cities = "|".join(map(re.escape, sorted(titles, key=len, reverse=True)))
    states = "|".join(sorted(_STATE, key=len, reverse=True))
    place = rf"({cities})\b(?![-'])(?:,? (?:in )?({states})\b)?"
    return re.compile(
        rf"\b(?i:(?:in and )?around|near|greater) (?:the )?{place}(?: {_KIND}\b)?"
        rf"|\b{place} {_KIND}\b"
    ), titles
