"""Rules that read ages and births."""

from __future__ import annotations

import re

from healthsim.building.born_words import births
from healthsim.building.lexicon import Unit
from healthsim.building.reading import PEOPLE, Reading, is_single

OLDEST = 95
"""The last year of life where only the first is said."""


_OLDEST_SAID = 110


_BELL = re.compile(
    r"\bages?\b[\s:,(]*(?:normal|bell|mean|average)?[\s:,(]*(?:μ|mean|of|=|:|\s)+(\d{1,2})[\s,;(]*"
    r"(?:σ|sd|standard deviation)\s*[=:]?\s*(\d{1,2})\b(?!\.?\d)",
    re.IGNORECASE,
)


def bell(reading: Reading) -> None:
    """Ages with a mean and a standard deviation are a bell: "age: Normal μ=72, σ=8"."""
    for match in _BELL.finditer(reading.text):
        inside = [at for at, unit in enumerate(reading.units)
                  if match.start() <= unit.start and unit.end <= match.end()]  # fmt: skip
        if "_" not in reading.letters[inside[0] : inside[-1] + 1]:
            reading.add("bell", (int(match[1]), int(match[2])),
                        [Unit("a", None, *match.span())])  # fmt: skip
            reading.hide(inside[0], inside[-1] + 1)


_AGES: tuple[tuple[str, str], ...] = (
    # pattern, how its figures are read
    (r"(?<![x%])a[l:]*(?:r|dtd|Bd[&t]d)Y?(?![:(]*%)", "both"),
    (r"(?:r|dtd|Bd[&t]d)Y(?![:(]*%)", "both"),
    (rf"(?<=[{PEOPLE}])(?:r|dtd|Bd[&t]d)(?![xUz%])", "both"),
    (r"(?<![x%])a[l:]*[oM]dY?(?![xUz%])|MdY?(?![xUz%])|odY(?!&)", "low"),
    (rf"(?<=[{PEOPLE}])odY?(?![xUz%P])", "low"),
    (rf"(?<=[{PEOPLE}y])a?g(?![xUz%])|(?<![x%])a[l:]*g|(?<![x%])a[l:]*dY?[OQ]|dY?O", "low"),
    (rf"(?<=[{PEOPLE}])dY?[OQ]", "low"),
    (r"(?<![x%])a[l:]*[uW]dY?(?![xUz%])|WdY?(?![xUz%])|udY(?!&)", "high"),
    (rf"(?<=[{PEOPLE}])udY?(?![xUz%P])", "high"),
    (r"(?<![x%])a[l:]*dY?(?!l*[xUztr&%]|[PG])|(?<![xnou])dY(?=[PbskyLeqc*])", "one"),
)


def _is_inclusive(found: list[Unit], text: str) -> bool:
    """Return whether the limit itself is within it: "up to 40"."""
    return any(text[unit.start : unit.end].lower().startswith(("up to", "at most"))
               for unit in found)  # fmt: skip


_HEAD = re.compile(r":[d%zrg]|,d(?:[,&.]|$)")


def ages(reading: Reading) -> None:
    """A figure is an age beside a word for ages, or directly after the people that it limits."""
    for pattern, how in _AGES:
        for match in list(reading.find(pattern)):
            found = reading.unit(match)
            figures = [unit.value for unit in found if unit.letter in "dg"]
            figures = next((list(unit.value) for unit in found if unit.letter == "r"), figures)
            low, high = min(figures), max(figures)
            if how == "low":
                low, high = low, max(OLDEST, low)
            elif how == "high":
                low, high = 0, high if _is_inclusive(found, reading.text) else max(high - 1, 0)
            heads = _HEAD.match(reading.letters, match.end())  # "under 5: 50 of them, 5-17: 200"
            if high <= _OLDEST_SAID and not heads:
                reading.add("ages", (low, high), found)
            reading.hide(match.start(), match.end())
    if re.search(r"[MW]d|d[OQ]", reading.letters):
        # Of "older than 40 but younger than 70" one half alone is not what was said
        reading.facts = [fact for fact in reading.facts if fact.kind != "ages"]
    for match in list(reading.find(r"(?<=[sPb])ld(?![xUz%,&tPbskc])")):
        before, figure = reading.units[match.start() - 1], reading.units[match.end() - 1]
        if is_single(before, reading.text) and figure.value <= _OLDEST_SAID:
            reading.add("ages", (figure.value, figure.value), [figure])
            reading.hide(match.start(), match.end())


def born(reading: Reading) -> None:
    """A year or day of birth is of the people whom it follows, with their conditions between."""
    for one in births(reading.text):
        inside = [place for place, unit in enumerate(reading.units)
                  if one.start < unit.end and unit.start < one.end]  # fmt: skip
        if inside and _OF_PEOPLE.search(reading.letters[: inside[0]]):
            found = reading.units[inside[0] : inside[-1] + 1]
            reading.add("born", (one.first, one.last), found)
            reading.hide(inside[0], inside[-1] + 1)


_OF_PEOPLE = re.compile(r"(?:^|[^w])[PskbG](?:w[ck](?:&[ck])*)?[,w]?$")
