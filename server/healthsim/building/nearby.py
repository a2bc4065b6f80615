"""Counties and metropolitan areas as people name them: "Harris County, Texas", "around Houston"."""

from __future__ import annotations

import re
from functools import cache

from healthsim.building.vocabulary import STATES

Span = tuple[int, int]

_HINT = re.compile(r"\b(?:around|near|greater|metro\w*|area)\b", re.IGNORECASE)
_KIND = r"(?:metro(?:politan)?(?: statistical)?(?: area| region)?|area)"
_STATE = {name: code for code, (name, _) in STATES.items()} | {code: code for code in STATES}
_STATE_NAMES = "|".join(sorted(_STATE, key=len, reverse=True))
_COUNTY = re.compile(
    r"\b((?:[A-Z][\w.'-]+ ){1,3}(?:County|Parish|Borough|Census Area))\b"
    rf"(?:,? (?:in )?({_STATE_NAMES})\b)?"
)


def counties(text: str) -> list[tuple[str, str, Span]]:
    """Return (name, code of the state or nothing, characters) of each county that is named."""
    return [
        (match[1], _STATE.get(match[2] or "", ""), match.span()) for match in _COUNTY.finditer(text)
    ]


def metros(text: str) -> list[tuple[tuple[str, ...], Span]]:
    """Return the titles of the areas that each metropolitan name in a text may mean.

    Returns:
        The titles of the areas with that name, one, or several if the text is ambiguous, or none
        if the named state has none; and its characters.
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
        places.append((candidates, match.span()))
    return places


def county_title(name: str, state: str) -> list[str]:
    """Return the titles of the counties of a name, in a state if one is named."""
    of_name = _counties().get(name.casefold(), [])
    return [title for title in of_name if title.endswith(f", {state}")] if state else of_name


@cache
def _counties() -> dict[str, list[str]]:
    """Return the titles of the counties of each name, in small letters."""
    from healthsim.products.reference_names import built_in_names  # noqa: PLC0415  numpy is heavy

    titles: dict[str, list[str]] = {}
    for title in built_in_names().county_titles:
        titles.setdefault(title.rpartition(", ")[0].casefold(), []).append(title)
    return titles


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
    place = rf"({cities})\b(?![-'])(?:,? (?:in )?({_STATE_NAMES})\b)?"
    return re.compile(
        rf"\b(?i:(?:in and )?around|near|greater) (?:the )?{place}(?: {_KIND}\b)?"
        rf"|\b{place} {_KIND}\b"
    ), titles
