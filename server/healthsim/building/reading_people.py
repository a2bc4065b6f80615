"""The rule that reads how many people there are, and how they are described."""

from __future__ import annotations

import re
from dataclasses import dataclass

from healthsim.building.lexicon import Unit
from healthsim.building.reading import MEDICAL, PEOPLE, Reading, is_single

MODIFIERS = "yLeqAcpSsb*"


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A noun phrase for people: the figure, the words before the noun, the noun."""

    match: re.Match[str]
    figure: Unit | None
    modifiers: list[Unit]
    head: Unit


_COUNTED = re.compile(
    rf"(?<![Uzounr%+d/h~v|])(?<!n,)(?<![d%h~v]l)(?<!d[&t])d(?P<modifiers>[{MODIFIERS}&]*x{{0,2}}[{MODIFIERS}]*)"
    rf"(?P<head>[PbskF])(?!/|U|ls|o[z#U])"
)


_NAMED = re.compile(
    rf"(?<![xn%dzU|h~v/i])(?<![d%h~vsPbk]l)(?<!c[,&])(?P<modifiers>[{MODIFIERS}]*)(?P<head>[{PEOPLE}])(?![x|/]|:d)"
)


def people(reading: Reading) -> None:
    """A number before a noun for people counts them; the words between the two describe them."""
    phrases = [
        _Phrase(
            match,
            reading.units[match.start()],
            reading.unit(match, "modifiers"),
            reading.unit(match, "head")[0],
        )
        for match in _COUNTED.finditer(reading.letters)
        if _counts(reading, match)
    ]
    sized = [
        (unit.value, reading.unit(match))
        for match in reading.find(r"Gld(?![xUzPbskF%tl])(?![^.?]*[,&]d[il])")
        for unit in [reading.unit(match)[-1]]
    ]
    for value, units in [
        *((phrase.figure.value, [phrase.figure]) for phrase in phrases if phrase.figure),
        *sized,
    ]:
        reading.add("count", value, units)
    if len(phrases) > 1:
        reading.add("count", None, [])  # several groups: none is all people
        start = phrases[0].match.start()
        end = re.compile(r"[^.?]*").match(reading.letters, start)
        reading.hide(start, end.end() if end else start)
        return
    if not phrases:
        named = [
            _Phrase(match, None, reading.unit(match, "modifiers"), reading.unit(match, "head")[0])
            for match in _NAMED.finditer(reading.letters)
            if match.start() == 0 or reading.units[match.start() - 1].letter not in "dzrg"
        ]
        if not named or sum(_article(reading, phrase) is not None for phrase in named) > 1:
            return  # "a boy of 5, a woman of 40" are not all alike
        phrases = named[:1]
    _describe(reading, phrases[0])


def _counts(reading: Reading, match: re.Match[str]) -> bool:
    """Return whether the noun is a plural, and no unknown word inside a sentence is before it."""
    head, figure = reading.unit(match, "head")[0], reading.units[match.start()]
    if head.letter != "F" and is_single(head, reading.text) and figure.value != 1:
        return False
    if re.match(r"-\w", reading.text[figure.end : figure.end + 2]):
        return False  # "30-day-old infants"
    if _NOT_ALL.search(reading.text[: figure.start]) or _EACH.match(reading.text, head.end):
        return False
    before = reading.letters[max(match.start() - 2, 0) : match.start()]
    return before[-1:] != "x" or before in ("x", ".x", "?x")


_NOT_ALL = re.compile(
    r"(?:\b(?:groups|cohorts|samples|sets|arms) of\s+|\b(?:more|less|fewer|other) than\s+"
    r"|(?<![^\s(])[-−])$", re.IGNORECASE,
)  # fmt: skip
"""A number after "groups of" counts one group, one after "no more than" is a limit, and one after
a minus is none."""


_MORE_AGES = re.compile(r"(?:(?:,?&|,)b)+(?![x|/d])")

_EACH = re.compile(r"\s*(?:each|apiece|every)\b", re.I)


def _describe(reading: Reading, phrase: _Phrase) -> None:
    if phrase.figure is None and (article := _article(reading, phrase)):
        reading.add("count", 1, [article])
    kinds = {
        "y": "payer",
        "c": "conditions",
        "k": "conditions",
        "p": "plans",
        "S": "states",
        "s": "sexes",
        "b": "aged",
        "L": "healthy",
        "e": "newly",
        "q": "control",
        "*": "topics",
        "F": "topics",
    }
    found = [*phrase.modifiers, phrase.head]
    if "|" in reading.letters[max(phrase.match.start() - 1, 0) : phrase.match.end() + 1]:
        return
    either = "c&" in reading.letters[phrase.match.start() : phrase.match.end()]
    for unit in found:
        # "Asthma and COPD patients" may have both or one of them
        if unit.letter == "S" and reading.text[unit.start : unit.end] in MEDICAL:
            continue  # "VA patients"
        if unit.letter in kinds and not (either and unit.letter in "ck"):
            reading.add(kinds[unit.letter], unit.value, [unit])
    for match in reading.find("b(?=G)"):
        (unit,) = reading.unit(match)
        if unit.value in [other.value for other in found if other.letter == "b"]:
            reading.add("aged", unit.value, [unit])
    _more_ages(reading, phrase)
    start = phrase.match.start("modifiers")
    reading.hide(start, phrase.match.end())
    if phrase.head.letter in "PGF":
        # What follows may be said of these people
        reading.letters = (
            reading.letters[: phrase.match.end() - 1] + "P" + reading.letters[phrase.match.end() :]
        )


def _more_ages(reading: Reading, phrase: _Phrase) -> None:
    """Read the other words for ages of a list: "kids and teenagers"."""
    more = _MORE_AGES.match(reading.letters, phrase.match.end())
    if phrase.head.letter != "b" or more is None:
        return
    for at in range(more.start(), more.end()):
        if reading.letters[at] == "b":
            reading.add("aged", reading.units[at].value, [reading.units[at]])
            reading.hide(at, at + 1)


def _article(reading: Reading, phrase: _Phrase) -> Unit | None:
    """Return the "a" or "one" of one person."""
    first = reading.units[phrase.match.start("modifiers")]
    single = re.search(
        r"\b(an?|one|single)\s+(?:[\w-]+\s+){0,5}$", reading.text[: first.start], re.IGNORECASE
    )
    if single is None or phrase.head.letter not in "Psbk":
        return None
    return Unit("1", 1, *single.span(1)) if is_single(phrase.head, reading.text) else None
