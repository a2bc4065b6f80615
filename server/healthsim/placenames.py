"""What somebody meant who named a county or a metropolitan area that does not exist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from healthsim.errors import near

_FEW = 8
_NEAREST = 3


def near_state(said: str, codes: Sequence[str], names: Sequence[str]) -> str:
    """Return the states most like one that does not exist, as the tail of an error message.

    >>> near_state("texas", ["TX", "VT"], ["Texas", "Vermont"])
    "write 'TX'"
    >>> near_state("Vermnt", ["TX", "VT"], ["Texas", "Vermont"])
    "did you mean 'VT' (Vermont)?"
    """
    plain = said.strip().casefold()
    for code, name in zip(codes, names, strict=True):
        if plain in (code.casefold(), name.casefold()):
            return f"write {code!r}"
    found = get_close_matches(plain, [name.casefold() for name in names], n=_NEAREST, cutoff=0.7)
    meant = [at for at, name in enumerate(names) if name.casefold() in found]
    shown = " or ".join(f"{codes[at]!r} ({names[at]})" for at in meant)
    return f"did you mean {shown}?" if shown else near(said.upper(), codes)


def near_county(said: str, codes: Sequence[str], titles: Sequence[str]) -> str:
    """Return the counties most like one that does not exist, as the tail of an error message.

    >>> near_county("Haris County, TX", ["48201"], ["Harris County, TX"])
    "did you mean 'Harris County, TX' (48201)?"
    """
    if re.fullmatch(r"[0-9]{5}", said):
        of_state = (code for code in codes if code[:2] == said[:2])
        nearest = sorted(of_state, key=lambda code: (abs(int(code) - int(said)), code))[:3]
        meant = [f"{code!r} ({titles[codes.index(code)]})" for code in nearest]
        return f"did you mean {' or '.join(meant)}?" if meant else near(said, codes)
    name, _, state = said.rpartition(",")
    inside = [title for title in titles if title.endswith(f", {state.strip().upper()}")]
    stem = (name or said).casefold().strip()
    begun = [title for title in inside or titles if title.casefold().startswith(f"{stem} ")]
    if begun and len(begun) <= _FEW:
        return f"did you mean {' or '.join(_shown(one, codes, titles) for one in begun)}?"
    if name and inside:
        told = near(f"{name.strip()}, {state.strip().upper()}", inside)
        return re.sub(r"'[^']+, [A-Z]{2}'", lambda one: _shown(one[0][1:-1], codes, titles), told)
    return "write its FIPS code, such as '48201', or its name and state, 'Harris County, TX'"


def near_metro(said: str, codes: Sequence[str], titles: Sequence[str]) -> str:
    """Return the metropolitan areas most like one that does not exist.

    >>> near_metro("Houston", ["26420"], ["Houston-The Woodlands-Sugar Land, TX"])
    "did you mean 'Houston-The Woodlands-Sugar Land, TX' (26420)?"
    """
    if re.fullmatch(r"[0-9]+", said):
        return near(said, codes)
    stem = said.casefold().split(",")[0].strip()
    begun = [title for title in titles if title.casefold().startswith(stem)]
    begun = begun or [title for title in titles if stem and stem in title.casefold()]
    if begun and len(begun) <= _FEW:
        return f"did you mean {' or '.join(_shown(one, codes, titles) for one in begun)}?"
    return near(said, titles)


def _shown(title: str, codes: Sequence[str], titles: Sequence[str]) -> str:
    return f"{title!r} ({codes[titles.index(title)]})"
