"""Pairs shares with the names that they are of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from healthsim.building.lexicon import Unit

_KINDS = {
    "s": "sexes",
    "3": "sexes",
    "c": "conditions",
    "k": "conditions",
    "p": "plans",
    "4": "plans",
    "S": "states",
    "y": "payer",
    "C": "counties",
    "m": "metros",
}
_NAME = "[scpSyCm34]"
_BEFORE = re.compile(
    rf"(?<![xck_])(?<![xck_][il:(])(?P<share>[%hv~])(?P<link>(?:lP)?[lwi]*)(?P<name>{_NAME})(?![x|UjRI])"
)
_OF_A_PART = re.compile(rf"[%hv~]l(?:{_NAME})+[wPGbk]|[%hv~]l?{_NAME}w[ckx]")
_OF_A_THING = re.compile(r"[li][ck]")
_AFTER = re.compile(
    rf"(?<![x%hv~|n])(?P<name>{_NAME})(?P<link>[li:()]*)(?P<share>%)(?![xU|]|[il]+[sbkxoudaM])"
)
_UNCLEAR = re.compile(r"^~l?w*[ck]")
"""\"Some diabetes\" is no share: conditions do not add up to a whole."""
_RUN = re.compile(rf"(?<![x|n])(?:{_NAME}%)+|(?:%{_NAME})+(?![x|])")

Pair = tuple[str, Unit, Unit, re.Match[str]]


def pairs(letters: str, units: Sequence[Unit]) -> Iterator[Pair]:
    """Yield (field, name, share, place) of each share that touches one name.

    In a run such as "M 48% F 52%" each share touches two names: there the order of the run's
    first pair holds for all. Elsewhere a share between two names is of neither.
    """
    taken: set[int] = set()
    for run in _RUN.finditer(letters):
        if _is_run(letters, run):
            for at in range(run.start(), run.end(), 2):
                first = letters[at] == "%"
                name, share = (at + 1, at) if first else (at, at + 1)
                taken |= {name, share}
                start = re.compile(".").match(letters, at)
                if start:
                    yield _KINDS[letters[name]], units[name], units[share], start
    found = [match for pattern in (_BEFORE, _AFTER) for match in pattern.finditer(letters)
             if not _UNCLEAR.search(match[0])]  # fmt: skip
    claims = [{match.start("share"), match.start("name")} for match in found]
    for number, match in enumerate(found):
        mine = claims[number]
        rivals = [other for at, other in enumerate(claims) if at != number and other & mine]
        if _is_subgroup(letters, match) or mine & taken or rivals or _is_part(letters, match):
            continue
        name, share = match.start("name"), match.start("share")
        yield _KINDS[letters[name]], units[name], units[share], match


def _is_subgroup(letters: str, match: re.Match[str]) -> bool:
    """Return whether a share is of something else in one sex: "30 % in women"."""
    return letters[match.start("name")] in "s3" and "i" in match["link"]


def _is_run(letters: str, run: re.Match[str]) -> bool:
    """Return whether a run is of two pairs or more, and touches no further name or share."""
    before, after = letters[: run.start()][-1:], letters[run.end() :][:1]
    open_before = before in set("scpSyCm34k%") if run[0][0] == "%" else before == "%"
    open_after = after == "%" if run[0][0] == "%" else after in set("scpSyCm34k")
    return len(run[0]) >= 4 and not open_before and not open_after


def _is_part(letters: str, match: re.Match[str]) -> bool:
    """Return whether a share is of a part ("60 % of the women have") or of something else."""
    if match.start("name") < match.start("share"):
        return _OF_A_THING.match(letters, max(match.start("name") - 1, 0)) is not None
    return _OF_A_PART.match(letters, match.start()) is not None
