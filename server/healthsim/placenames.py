"""Suggestions for states, counties and metropolitan areas that do not exist."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from healthsim.errors import near

_FEW = 8
_NEAREST = 3


def unmarked(name: str) -> str:
    """Return a name in small letters without marks, as it is looked up.

    >>> unmarked("Mayagüez Municipio, PR")
    'mayaguez municipio, pr'
    """
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def near_state(text: str, codes: Sequence[str], names: Sequence[str]) -> str:
    """Return the end of an error message: the states most like one that does not exist.

    >>> near_state("texas", ["TX", "VT"], ["Texas", "Vermont"])
    "write 'TX'"
    >>> near_state("Vermnt", ["TX", "VT"], ["Texas", "Vermont"])
    "did you mean 'VT' (Vermont)?"
    """
    plain = text.strip().casefold()
    for code, name in zip(codes, names, strict=True):
        if plain in (code.casefold(), name.casefold()):
            return f"write {code!r}"
    close_names = get_close_matches(
        plain, [name.casefold() for name in names], n=_NEAREST, cutoff=0.7
    )
    matches = [at for at, name in enumerate(names) if name.casefold() in close_names]
    shown = " or ".join(f"{codes[at]!r} ({names[at]})" for at in matches)
    return f"did you mean {shown}?" if shown else near(text.upper(), codes)


def near_county(label: str, codes: Sequence[str], titles: Sequence[str]) -> str:
    """Return the end of an error message: the counties most like one that does not exist.

    >>> near_county("Haris County, TX", ["48201"], ["Harris County, TX"])
    "did you mean 'Harris County, TX' (48201)?"
    """
    if re.fullmatch(r"[0-9]{5}", label):
        of_state = (code for code in codes if code[:2] == label[:2])
        nearest = sorted(of_state, key=lambda code: (abs(int(code) - int(label)), code))[:3]
        shown = [f"{code!r} ({titles[codes.index(code)]})" for code in nearest]
        return f"did you mean {' or '.join(shown)}?" if shown else near(label, codes)
    name, _, state = label.rpartition(",")
    inside = [title for title in titles if title.endswith(f", {state.strip().upper()}")]
    stem = unmarked(name or label).strip()
    matches = [title for title in inside or titles if unmarked(title).startswith(f"{stem} ")]
    if matches and len(matches) <= _FEW:
        return f"did you mean {' or '.join(_shown(title, codes, titles) for title in matches)}?"
    if name and inside:
        suggestion = near(f"{name.strip()}, {state.strip().upper()}", inside)
        return re.sub(
            r"'[^']+, [A-Z]{2}'", lambda match: _shown(match[0][1:-1], codes, titles), suggestion
        )
    return "write its FIPS code, such as '48201', or its name and state, 'Harris County, TX'"


def near_metro(label: str, codes: Sequence[str], titles: Sequence[str]) -> str:
    """Return the end of an error message: the areas most like one that does not exist.

    >>> near_metro("Houston", ["26420"], ["Houston-The Woodlands-Sugar Land, TX"])
    "did you mean 'Houston-The Woodlands-Sugar Land, TX' (26420)?"
    """
    if re.fullmatch(r"[0-9]+", label):
        return near(label, codes)
    stem = label.casefold().split(",")[0].strip()
    matches = [title for title in titles if title.casefold().startswith(stem)]
    matches = matches or [title for title in titles if stem and stem in title.casefold()]
    if matches and len(matches) <= _FEW:
        return f"did you mean {' or '.join(_shown(title, codes, titles) for title in matches)}?"
    return near(label, titles)


def _shown(title: str, codes: Sequence[str], titles: Sequence[str]) -> str:
    return f"{title!r} ({codes[titles.index(title)]})"
