"""A request as units: known words and figures, each with a letter for its kind.

The rules of the reader are patterns over these letters. A unit is the longest known phrase that
begins at a token; a token that nobody knows has the letter x.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from healthsim.building import nearby, templates, vocabulary
from healthsim.building.ledger import Span, Token, tokens
from healthsim.building.vocabulary import (
    CONDITIONS,
    PAYERS,
    PLANS,
    SEXES,
    SHARES,
    STATES,
    TERRITORIES,
    TOPICS,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A known phrase, a figure, a mark, or an unknown word.

    Attributes:
        letter: its kind, as listed in `KINDS`.
        value: what it means, such as the code of a condition.
        start, end: characters of the text.
    """

    letter: str
    value: Any
    start: int
    end: int


KINDS = {
    "d": "whole number", "%": "percentage", "r": "range of whole numbers", "g": "number with +",
    "z": "figure of another form", "D": "ISO date", "#": "five digits", "K": "ICD-10-CM code",
    "3": "letter of a sex", "4": "plan whose name is a usual word", "P": "word for people",
    "G": "word for a group of people", "F": "family", "b": "word for people of an age",
    "s": "sex", "k": "people with a condition", "R": "relative", "y": "payer", "p": "plan",
    "c": "condition", "S": "state", "C": "county", "m": "metro area", "a": "label of an age",
    "Y": "years old", "O": "and older", "Q": "and over", "M": "older than", "W": "younger than",
    "o": "over", "u": "under", "B": "between", "t": "to", "&": "and", "|": "or", "n": "negation",
    "w": "with", "l": "of, are, on", "i": "in, from", "v": "mostly", "h": "half, all",
    "~": "the rest", "H": "label of a sex", "J": "journey template", "T": "profile template",
    "j": "journey", "e": "newly diagnosed", "q": "controlled", "L": "healthy",
    "A": "urban or rural", "*": "topic of a template", "!": "correction", "U": "unit of a figure",
    "E": "exactly", "X": "label of counties", "V": "as of", "N": "seed", "Z": "save as",
    "5": "label with a colon", "I": "at the population's rate", "+": "more, fewer",
    "/": "per", "f": "says nothing",
    "1": "a, one", ",": "comma", ".": "end of a sentence", "?": "question", "(": "bracket",
    ")": "bracket", ":": "colon", "x": "unknown word",
}  # fmt: skip

_PHRASES: tuple[tuple[str, Any, str], ...] = (
    (
        "P",
        "many",
        r"patients|people|persons|members|beneficiaries|enrollees|individuals|lives|"
        r"inpatients|outpatients|policy ?holders|employees",
    ),
    ("P", "one", r"patient|person|member|beneficiary|enrollee|individual|inpatient"),
    ("G", None, r"(?:test |synthetic )?(?:population|cohort|group|sample|panel)s?"),
    (
        "R",
        None,
        r"fathers?|mothers?|dads?|moms?|mums?|sons?|daughters?|wi(?:fe|ves)|husbands?|"
        r"spouses?|brothers?|sisters?|grand(?:mother|father|parent|ma|pa)s?|parents?|twins?|"
        r"aunts?|uncles?|nephews?|nieces?|cousins?",
    ),
    ("a", None, r"aged|ages?(?: of)?"),
    ("Y", None, r"years?[- ]?olds?|y/?o|yrs?[- ]?olds?|years? of age"),
    ("O", None, r"(?:years )?(?:and|or) older"),
    ("Q", None, r"(?:years )?(?:and|or) (?:over|above|up)"),
    ("M", None, r"older than|(?:over|above|from|at least) (?:the )?age(?: of)?"),
    ("W", None, r"younger than|(?:under|below|up to) (?:the )?age(?: of)?"),
    ("o", None, r"over|above|at least|more than|greater than"),
    ("u", None, r"under|below|less than|at most|up to|fewer than"),
    ("B", None, r"between"),
    ("t", None, r"to|through"),
    ("&", None, r"and|plus|as well as"),
    ("|", None, r"or"),
    ("n", "without", r"without(?: any)?|no|excluding|except(?: for)?"),
    ("n", "not", r"not|never|non|neither|nor|none|isn't|aren't|don't|doesn't|nobody|rather than"),
    (
        "w",
        None,
        r"(?:who |that )?(?:have|has|having|had)|with|living with|suffering from|"
        r"diagnosed with",
    ),
    ("l", None, r"of|are|is|being|on|for|at|by|who are|that are|covered by|insured by"),
    ("i", None, r"in|from|across|throughout|within|living in|based in|residing in|who live in"),
    ("~", None, vocabulary.SOME),
    ("H", None, r"gender|sex(?:es)?"),
    ("j", None, r"journeys?"),
    ("e", None, r"(?:newly|just|recently)[- ]diagnosed|new[- ]onset"),
    ("q", "uncontrolled", r"uncontrolled|poorly[- ]controlled"),
    ("q", "controlled", r"(?:well[- ])?controlled"),
    ("L", None, r"healthy"),
    ("A", "rural", r"rural(?: (?:areas?|counties|county|parts?)(?: of)?)?"),
    ("A", "urban", r"urban(?: (?:areas?|counties|county|parts?)(?: of)?)?"),
    (
        "!",
        None,
        r"actually|instead|sorry|make that|make it|i mean|scratch that|correction|oops|"
        r"wait|rather|correct(?:ed|ion)?|change",
    ),
    (
        "U",
        None,
        r"mg|mcg|g|kg|lbs?|ml|mmol|units?|iu|days?|weeks?|months?|quarters?|hours?|hrs?|"
        r"minutes?|min|visits?|cycles?|times|doses?|dollars?|usd|cents?|points?|phases?|"
        r"stages?|grades?|types?|parts?|levels?|class|versions?|scenarios?|arms?|tiers?|"
        r"claims?|fills?|refills?|labs?|tests?|encounters?|admissions?|providers?|"
        r"clinicians?|hospitals?|pages?|rows?|files?|miles?|percent|years?|yrs?|step|"
        r"number|group \w|week|mm ?hg|bmi|top|first|last|next|best|room|floor|site",
    ),
    ("3", "F", r"(?-i:F)"),
    ("3", "M", r"(?-i:M)"),
    ("4", "Original", r"orig(?:inal)?"),
    ("5", "count", r"count(?=\s*[:=])"),
    ("5", "primary", r"primary(?: (?:condition|diagnosis))?(?=\s*:)"),
    (
        "5",
        "shares",
        r"(?:comorbid(?:ity|ities)?|conditions?|plan[ _]types?|plans?|payers?|states?)(?=\s*:)",
    ),
    ("E", None, r"exactly"),
    ("X", None, r"counties|county(?: fips)?|fips(?: codes?)?"),
    ("V", None, r"as of"),
    ("N", None, r"seed"),
    ("Z", None, r"save (?:(?:it|them|this|that|these|everything) )?(?:as|under)"),
    ("+", None, r"more|additional|extra|fewer|less|other|another"),
    ("/", None, r"per|out of|among|amongst"),
    (
        "I",
        None,
        r"(?:the |an? )?(?:local|county|state|regional|population|national|actual)"
        r"(?:'s)?[- ](?:prevalences?|rates?|levels?)(?: (?:of|for))?",
    ),
    (
        "I",
        None,
        r"(?:just )?as (?:common|frequent|prevalent|often)(?: as (?:it is|they are)?)? ?"
        r"(?:there|here|locally|in (?:the|that|its|their) (?:county|area|state|region|"
        r"place|population|country))|as in the (?:general |local )?(?:county|area|"
        r"place|population|country)",
    ),
    ("1", None, r"an?|one|a single|single"),
)


def _template(name: str) -> str:
    """Return the pattern of a template's name; a usual word needs its kind beside it."""
    return re.escape(name) + (
        "" if "-" in name else r"(?= (?:profile |journey )?template| journey)"
    )


_NO_FIGURE = r"(?<!\(SD)(?!\s?[=:]?\s?\d[\d.]*(?![\d.]*\s?(?:%|per ?cent)))"
"""A state's two letters before a figure that is no share are something else: SD 9."""


@cache
def _lexicon() -> tuple[tuple[str, Any, re.Pattern[str]], ...]:
    """Return (letter, value, pattern); of equally long phrases the first one counts."""
    known: list[tuple[str, Any, str]] = []
    known += [
        ("T" if item.kind == "profile" else "J", item.name, _template(item.name))
        for item in templates.load_library()
    ]
    known += [("p", plan, pattern) for plan, pattern in PLANS.items()]
    known += [("y", payer.name, payer.words) for payer in PAYERS]
    known += [("c", code, pattern) for code, (pattern, _) in CONDITIONS.items()]
    known += [
        ("S", code, rf"{name}|(?-i:{code}){_NO_FIGURE}") for code, (name, _) in STATES.items()
    ]
    known += [("S", code, name) for code, (name, _) in TERRITORIES.items()]
    known.append(("S", "DC", r"Washington,? d\.? ?c"))
    known += [("s", sex, pattern) for sex, pattern in SEXES.items()]
    known += [("b", (low, high), pattern) for pattern, low, high in vocabulary.AGES]
    known += [
        ("v" if share == vocabulary.VAGUE else "h", share, pattern)
        for pattern, share in SHARES.items()
    ]
    known.append(("F", "commercial-family", r"famil(?:y|ies)|households?"))
    known += [("*", topic.template, topic.words) for topic in TOPICS]
    known += [("d", number, word) for word, number in vocabulary.NUMBERS.items()]
    known += _PHRASES
    return tuple(
        (letter, value, re.compile(_whole(pattern), re.IGNORECASE))
        for letter, value, pattern in known
    )


def _whole(pattern: str) -> str:
    return rf"(?:{pattern})(?![\w'’])"


@cache
def _any_phrase() -> re.Pattern[str]:
    """Return a pattern of all phrases: most words begin none, and are known by it at once."""
    patterns = dict.fromkeys(pattern.pattern for _, _, pattern in _lexicon())
    return re.compile("|".join(patterns), re.IGNORECASE)


_PEOPLE_WITH = re.compile(r".*(?:ics|ives)$", re.IGNORECASE)
_MARKS = {
    ",": ",",
    ";": ".",
    ".": ".",
    "!": ".",
    "?": "?",
    "\n": ".",
    "(": "(",
    ")": ")",
    "[": "(",
    "]": ")",
    ":": ":",
    "—": ".",
    "–": ",",
    "|": ".",
    "…": ".",
}


def units(text: str) -> list[Unit]:
    """Split a text into units, in order; they cover every token."""
    return list(_units(text))


@lru_cache(maxsize=64)
def _units(text: str) -> tuple[Unit, ...]:
    said = tokens(text)
    flat = re.sub(r"\s", " ", text)
    ends = {token.end: number for number, token in enumerate(said)}
    named = _named_places(flat, said)
    found: list[Unit] = []
    number, last = 0, 0
    while number < len(said):
        token = said[number]
        found += _marks(text, last, token.start)
        unit = named.get(token.start) or _whole_number(flat, _unit(flat, token, ends), ends)
        found.append(unit)
        number, last = ends[unit.end] + 1, unit.end
    found += _marks(text, last, len(text))
    return tuple(_merged_codes(_numbers(found)))


def _numbers(found: list[Unit]) -> list[Unit]:
    """Take five digits for a FIPS code only where a label for counties begins their list."""
    listed = False
    plain = []
    for unit in found:
        listed = unit.letter == "X" or (listed and unit.letter in "#,&:fl")
        plain.append(
            replace(unit, letter="d", value=int(unit.value))
            if unit.letter == "#" and not listed
            else unit
        )
    return plain


def _merged_codes(found: list[Unit]) -> list[Unit]:
    """Make one unit of a code and the name of the same condition beside it."""
    merged: list[Unit] = []
    for unit in found:
        tail = [item for item in merged[-2:] if item.letter != "("]
        last = tail[-1] if tail else None
        if unit.letter == "K":
            unit = replace(unit, letter="c")
            if _is_same(unit, last) and last is not None:
                merged = merged[: merged.index(last)]
                unit = replace(unit, start=last.start)
        elif _is_same(unit, last) and merged[-1] is last and last is not None:
            merged.pop()
            unit = replace(last, end=unit.end)
        elif unit.letter == "c" and tail and _is_category(merged[-1], unit):
            unit = replace(unit, start=merged.pop().start)
        merged.append(unit)
    return merged


def _is_category(unit: Unit, condition: Unit) -> bool:
    """Return whether a unit is the category of the condition that is named behind it: E78 HLD."""
    return unit.letter == "x" and str(unit.value).upper() == condition.value[:3]


def _is_same(unit: Unit, last: Unit | None) -> bool:
    """Return whether two units are conditions of one category."""
    conditions = last is not None and unit.letter == "c" and last.letter == "c"
    return conditions and last is not None and unit.value[:3] == last.value[:3]


def _marks(text: str, start: int, end: int) -> list[Unit]:
    marks = [
        Unit(_MARKS[text[at]], None, at, at + 1) for at in range(start, end) if text[at] in _MARKS
    ]
    # A slash between spaces is a mark too: "men / women" are two wishes, "mg/day" is one
    slashes = (start + match.start(1) for match in re.finditer(r"\s(/)\s", text[start:end]))
    marks += [Unit(".", None, at, at + 1) for at in slashes]
    return sorted(marks, key=lambda unit: unit.start)


def _named_places(flat: str, said: Sequence[Token]) -> dict[int, Unit]:
    """Return counties and metropolitan areas by the character at which they begin."""
    starts, ends = {token.start for token in said}, {token.end for token in said}
    found: dict[int, Unit] = {}
    for name, state, (start, end) in nearby.counties(flat):
        if start in starts and end in ends:
            found[start] = Unit("C", (name, state), start, end)
    for titles, (start, end) in nearby.metros(flat):
        if start in starts and end in ends:
            found[start] = Unit("m", titles, start, end)
    return found


def _unit(flat: str, token: Token, ends: dict[int, int]) -> Unit:
    if token.kind != "word" and (unit := _figure(flat, token)).letter != "z":
        return unit
    if _CATEGORY.fullmatch(token.text) and is_condition(token.text):
        return Unit("K", token.text, token.start, token.end)
    best: Unit | None = None
    shouted = flat.upper() == flat
    known = _lexicon() if _any_phrase().match(flat, token.start) else ()
    for letter, value, pattern in known:
        match = pattern.match(flat, token.start)
        if match is None or match.end() not in ends or (best and match.end() <= best.end):
            continue
        if letter == "S" and len(match[0]) == 2 and shouted:
            continue
        kind = "k" if letter == "c" and _PEOPLE_WITH.match(match[0]) else letter
        best = Unit(kind, value, token.start, match.end())
    if best is not None:
        return best
    letter = (
        "x" if token.kind == "word" and token.is_content else "f" if token.kind == "word" else "z"
    )
    return Unit(letter, token.text, token.start, token.end)


_TIMES = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "k": 1_000}
_TIMES_WORD = re.compile(rf"[\s-]+({'|'.join(_TIMES)})s?(?![\w'’])", re.IGNORECASE)
_MORE_OF_IT = re.compile(
    r"[\s-]+(?:and[\s-]+)?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"\w{3,5}teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|"
    r"score|dozen|gross|odd|something)s?(?![\w'’])",
    re.IGNORECASE,
)
"""What goes on with a number: what both make together is no number that is read here."""


def _whole_number(flat: str, unit: Unit, ends: dict[int, int]) -> Unit:
    """Return a number with the words behind it that multiply it, or go on with it.

    "Twenty dozen" is 240; "twenty five" and "three score" are figures that no rule reads.
    """
    while unit.letter == "d" and (after := _TIMES_WORD.match(flat, unit.end)):
        if after.end() not in ends:
            break
        unit = replace(unit, value=unit.value * _TIMES[after[1].lower()], end=after.end())
    more = _MORE_OF_IT.match(flat, unit.end) if unit.letter == "d" else None
    return replace(unit, letter="z", end=more.end()) if more and more.end() in ends else unit


_CATEGORY = re.compile(r"[A-TV-Z]\d[0-9A-Z]")


def is_condition(code: str) -> bool:
    """Return whether the book of ICD-10-CM has a code, and it may stand on a bill."""
    from healthsim.codes.diagnoses import icd10cm  # noqa: PLC0415  the book is large

    entry = icd10cm().entry(code.upper())
    return entry is not None and entry.billable


_PERCENT_WORD = re.compile(r"\s?(?:percent|per cent|pct)\b", re.IGNORECASE)
_SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}


def _figure(flat: str, token: Token) -> Unit:
    text, start, end = token.text, token.start, token.end
    if token.kind == "code":
        return Unit("K" if is_condition(text) else "z", text.upper(), start, end)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return Unit("D", text, start, end)
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s?%", text):
        return Unit("%", round(float(match[1]) / 100, 6), start, end)
    if re.fullmatch(r"\d+(?:\.\d+)?", text) and (word := _PERCENT_WORD.match(flat, end)):
        return Unit("%", round(float(text) / 100, 6), start, word.end())
    if match := re.fullmatch(r"(\d{1,3})[-–](\d{1,3})", text):
        return Unit("r", (int(match[1]), int(match[2])), start, end)
    if match := re.fullmatch(r"(\d{1,3})\+", text):
        return Unit("g", int(match[1]), start, end)
    if re.fullmatch(r"\d{5}", text):
        return Unit("z" if flat[:start].endswith("#") else "#", text, start, end)
    plain = r"(\d+|\d{1,3}(?:,\d{3})+)"
    if match := re.fullmatch(rf"{plain}([kKmM])?", text):
        scale = _SCALES.get((match[2] or "").lower(), 1)
        after = re.compile(r"\s(thousand|million)\b", re.IGNORECASE).match(flat, end)
        if after and not match[2]:
            scale, end = _SCALES[after[1].lower()], after.end()
        return Unit("d", int(match[1].replace(",", "")) * scale, start, end)
    return Unit("z", text, start, end)


def letters(found: Sequence[Unit]) -> str:
    """Return the letters of units, one for each."""
    return "".join(unit.letter for unit in found)


def spans_of(found: Sequence[Unit], text: str) -> tuple[Span, ...]:
    """Return the tokens of units."""
    ranges = [(unit.start, unit.end) for unit in found]
    return tuple(
        (token.start, token.end)
        for token in tokens(text)
        if any(start <= token.start and token.end <= end for start, end in ranges)
    )
