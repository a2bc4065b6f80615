"""Parses a plain request: what is understood, where it goes in a profile, and what is not.

It applies a table of patterns to the text: every piece that matches is blanked out, and what
remains, except filler words, is reported as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from healthsim.building import nearby, prevalence, stories, vocabulary
from healthsim.building.vocabulary import (
    AGES,
    CONDITIONS,
    NUMBERS,
    PAYERS,
    PLANS,
    SEXES,
    SHARES,
    STATES,
    TOPICS,
)

LONGEST = 2000
OLDEST = 95
_OLDEST_SAID = 110
_PERCENT = r"(?:\d+(?:\.\d+)?)\s*(?:%|per ?cent)"
_LINK = r"(?:\s+(?:of|are|have|has|with|in|from|live|living|on|being|the|them|people|patients))*\s+"
_PEOPLE = (
    r"(?:patients?|people|persons?|members?|beneficiar\w+|enrollees?|individuals?|lives|adults?|"
    r"children|kids|seniors?|women|men|subjects?)"
)
_ONE = re.compile(
    r"\b(?:an?|one|single)\s+(?:[\w-]+\s+){0,5}?"
    r"(?:woman|man|girl|boy|child|patient|person|member|adult|senior|beneficiary|enrollee)\b"
    r"(?![- ]+(?:population|cohort|group|set|data|sample|panel|list|journey|files?|base|mix))",
    re.IGNORECASE,
)
"""One person: the count where no other figure gives it."""
_AGE = (
    r"\baged?\s+(?:of\s+)?(\d{1,3})\b(?!\s*%)(?:\s*years?)?"
    r"|\b(\d{1,3})[- ]*(?:years?[- ]?olds?|y/?o|yrs?[- ]?olds?|years? of age)\b"
    r"|(?<=[a-z])(?:(?<=man)|(?<=men)|(?<=girl)|(?<=boy)|(?<=male)|(?<=patient)|(?<=person)|"
    r"(?<=patients)|(?<=people)|(?<=adult)|(?<=adults)|(?<=member)|(?<=members))"
    r"\s+of\s+(\d{1,3})\b(?!\s*%)"
)
"""One age in figures."""


@dataclass
class ParsedRequest:
    """What a request says, in the order of the tables.

    Attributes:
        states, sexes, conditions, plans: the share of each; None where no figure was said.
        topics: templates whose topic is named, in the order of the table.
        aged: the word, such as "adults", where `ages` are not of figures.
        prevalent: codes of conditions that are asked for as often as the population has them.
        metros: pieces as written, and the titles of the metropolitan areas that they may mean.
        counties: names as written, and the state's code, empty if no state was named.
        vague: paths whose figure was a word ("mostly"), with the words.
        left: pieces of text that nothing here understands.
    """

    text: str
    count: int | None = None
    payer: str | None = None
    ages: tuple[int, int] | None = None
    aged: str = ""
    states: dict[str, float | None] = field(default_factory=dict)
    sexes: dict[str, float | None] = field(default_factory=dict)
    conditions: dict[str, float | None] = field(default_factory=dict)
    prevalent: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    plans: dict[str, float | None] = field(default_factory=dict)
    control: str | None = None
    topics: list[str] = field(default_factory=list)
    healthy: bool = False
    newly: bool = False
    as_of: str | None = None
    seed: int | None = None
    journey: str | None = None
    save_as: str | None = None
    vague: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    exact: dict[str, int] = field(default_factory=dict)
    counties: list[tuple[str, str]] = field(default_factory=list)
    metros: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    area: str | None = None
    hints: list[str] = field(default_factory=list)

    @property
    def says_who(self) -> bool:
        """Whether the request describes any people."""
        return any(
            (self.payer, self.conditions, self.plans, self.healthy, self.ages, self.topics,
             self.prevalent)
        )  # fmt: skip


class _Text:
    """The request, of which every understood piece is blanked out."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, pattern: str, flags: int = re.IGNORECASE) -> Iterator[re.Match[str]]:
        """Yield every match, left to right, and blank it out."""
        while match := re.search(pattern, self.rest, flags):
            if match.end() == match.start():
                return
            self.rest = (
                self.rest[: match.start()]
                + "\x00" * (match.end() - match.start())
                + self.rest[match.end() :]
            )
            yield match

    def first(self, pattern: str) -> re.Match[str] | None:
        """Return and blank out every match; the first one counts."""
        matches = list(self.take(pattern))
        return matches[0] if matches else None


def read(request: str) -> ParsedRequest:
    """Read a request in plain words.

    >>> parsed = read("200 Medicare patients with diabetes, mostly in Texas")
    >>> parsed.count, parsed.payer, parsed.conditions, parsed.states, parsed.left
    (200, 'medicare', {'E11.9': None}, {'TX': 0.8}, [])
    """
    parsed = ParsedRequest(request)
    text = _Text(re.sub(r"\s+", " ", request[:LONGEST].replace("\x00", " ")))
    single = _ONE.search(text.rest) is not None
    parsed.topics = [topic.template for topic in TOPICS
                     if re.search(rf"\b(?:{topic.words})\b", text.rest, re.IGNORECASE)]  # fmt: skip
    _read_odd(text, parsed)
    _read_asides(text, parsed)
    _read_stories(text, parsed)
    _read_ages(text, parsed)
    _read_without(text, parsed)
    _read_prevalent(text, parsed)
    _read_places(text, parsed)
    _read_targets(text, parsed)
    _read_count(text, parsed)
    _read_words(text, parsed)
    if single and parsed.count is None:
        parsed.count = 1
    parsed.left += _left(text.rest, request)
    return parsed


def _read_odd(text: _Text, parsed: ParsedRequest) -> None:
    """Take what would be misread further on, and report it: parts of a whole, averages."""
    part = r"\b\d[\d,]*\s+(?:[\w-]+\s+){1,4}?(?:among|amongst|out of)\s+(?=(?:the |all )?\d)"
    average = (
        r"\b(?:average|mean|median)\s+age\s*(?:of|is|about|around|:)?\s*\d+"
        r"|\baged?\s+\d+\s+on average"
    )
    for pattern in (part, average):
        parsed.left += [match[0].strip() for match in text.take(pattern)]
    newly = r"\b(?:newly|just|recently)[- ]diagnosed\b|\bnew[- ]onset\b|\bnew diagnos[ie]s\b"
    parsed.newly = text.first(newly) is not None


def _read_asides(text: _Text, parsed: ParsedRequest) -> None:
    """Take what is not about the people: a name to save as, a seed, a day, a journey."""
    name = r"\bsave (?:it|them|this|that|these|everything)?\s*(?:as|under)\s+[\"'`]?([\w-]+)[\"'`]?"
    if match := text.first(name):
        parsed.save_as = match[1].rstrip("-_").lower()
    if match := text.first(r"\bseed\s*[:=]?\s*(\d{1,15})\b"):
        parsed.seed = int(match[1])
    if match := text.first(r"\b(?:as of|on)\s+(\d{4}-\d{2}-\d{2})\b"):
        parsed.as_of = match[1]
    journey = (
        r"(?:\b(?:with|plus|and|on|through|going through|add)\s+)?\b(?:an?|the|their|one)\s+"
        r"((?:[\w-]+\s+){0,6}?)journey\b"
    )
    if match := text.first(journey):
        parsed.journey = match[1].strip() or "journey"


def _read_stories(text: _Text, parsed: ParsedRequest) -> None:
    """Take exact counts by sex, and report what belongs to a journey."""
    if match := text.first(stories.EXACT):
        by_sex = stories.counts(match)
        if by_sex is None:
            parsed.left.append(match[0])
        else:
            parsed.exact, parsed.count = by_sex, sum(by_sex.values())
    for pattern, hint in stories.STORIES:
        pieces = [match[0].strip() for match in text.take(pattern)]
        parsed.left += pieces
        if pieces and hint not in parsed.hints:
            parsed.hints.append(hint)


def _read_ages(text: _Text, parsed: ParsedRequest) -> None:
    """Take ages given in figures."""
    tail = r"(?:\s*(?:-?\s*years?(?:[- ]old)?s?|y/?o|yrs?))?"
    figures = rf"(\d{{1,3}})\s*(?:-|–|to|through|and)\s*(\d{{1,3}})\b{tail}"
    labelled = rf"\b(?:aged?|ages|between)\b[^\d]{{0,12}}?{figures}"
    bare = rf"\b{figures.replace('|through|and', '')}"
    low, high = None, None
    if match := text.first(labelled) or text.first(bare):
        low, high = sorted((int(match[1]), int(match[2])))
    over = (
        rf"\b(?:over|above|older than|at least|from age)\s+(?:age\s+)?(\d{{1,3}})\b(?!\s*%){tail}"
        rf"|\b(?:aged?\s+)?(\d{{1,3}})\s*(?:\+|(?:years?\s+)?(?:and|or)\s+(?:older|over|above|up))"
    )
    if match := text.first(over):
        low = int(match[1] or match[2])
    under = rf"\b(?:under|below|younger than|up to age)\s+(?:age\s+)?(\d{{1,3}})\b(?!\s*%){tail}"
    if match := text.first(under):
        high = max(int(match[1]) - 1, 0)
    if low is None and high is None and (match := text.first(_AGE)):
        low = high = int(next(filter(None, match.groups())))
    if low is not None and low > _OLDEST_SAID:
        parsed.left.append(f"age {low}")
    elif low is not None or high is not None:
        oldest = OLDEST if high is None else min(high, _OLDEST_SAID)
        parsed.ages = (0 if low is None else low, oldest)


def _targets() -> dict[str, tuple[str, str]]:
    """Return group name -> (field of `ParsedRequest`, key), and build the pattern for it."""
    named: dict[str, tuple[str, str, str]] = {}
    for code, (pattern, _) in CONDITIONS.items():
        named[f"c{len(named)}"] = ("conditions", code, pattern)
    for code, (name, _) in sorted(STATES.items(), key=lambda item: -len(item[1][0])):
        named[f"s{len(named)}"] = ("states", code, rf"{name}|(?-i:{code})")
    for plan, pattern in PLANS.items():
        named[f"p{len(named)}"] = ("plans", plan, pattern)
    for sex, pattern in SEXES.items():
        named[f"x{len(named)}"] = ("sexes", sex, pattern)
    return {group: (kind, key) for group, (kind, key, _) in named.items()} | {
        "": ("", "|".join(f"(?P<{group}>{pattern})" for group, (_, _, pattern) in named.items()))
    }


_CODE_OF = {name: code for code, (name, _) in STATES.items()} | {code: code for code in STATES}
_COUNTY = (
    r"\b((?:[A-Z][\w.'-]+ ){1,3}(?:County|Parish|Borough|Census Area))\b"
    rf"(?:,? (?:in )?({'|'.join(sorted(_CODE_OF, key=len, reverse=True))})\b)?"
)
_GROUPS = _targets()
_TARGET = rf"\b(?:{_GROUPS.pop('')[1]})\b"
_QUANTITY = rf"(?P<figure>{_PERCENT})|(?P<word>{'|'.join(SHARES)})|(?P<some>{vocabulary.SOME})"
_WITH_SHARE = rf"(?:\b|(?<=\s)|^)(?:{_QUANTITY}){_LINK}{_TARGET}"
_SHARE_AFTER = rf"{_TARGET}\s*(?:[:(]|in|for|at)?\s*(?P<figure>{_PERCENT})\)?"


def _target(match: re.Match[str]) -> tuple[str, str]:
    return next(_GROUPS[name] for name, text in match.groupdict().items()
                if text is not None and name in _GROUPS)  # fmt: skip


def _read_without(text: _Text, parsed: ParsedRequest) -> None:
    for match in text.take(rf"\b(?:without|no|not|excluding|except)\s+(?:any\s+)?{_TARGET}"):
        _, key = _target(match)
        parsed.without.append(key)


def _read_prevalent(text: _Text, parsed: ParsedRequest) -> None:
    for pattern in prevalence.PATTERNS:
        for match in text.take(pattern):
            named = prevalence.codes(match["list"])
            parsed.prevalent += [code for code in named if code not in parsed.prevalent]


def _read_places(text: _Text, parsed: ParsedRequest) -> None:
    """Take counties and metropolitan areas, and whether the place is urban or rural."""
    for match in text.take(_COUNTY, re.NOFLAG):
        parsed.counties.append((match[1], _CODE_OF.get(match[2] or "", "")))
    parsed.metros = nearby.metros(text.rest)
    for name, _ in parsed.metros:
        text.first(re.escape(name))
    for word in ("rural", "urban"):
        if text.first(rf"\b{word}(?:\s+(?:areas?|counties|county|parts?)(?:\s+of)?)?\b"):
            parsed.area = word


def _read_targets(text: _Text, parsed: ParsedRequest) -> None:
    """Take states, sexes, conditions and plans, with the share that stands beside them."""
    for pattern in (_WITH_SHARE, _SHARE_AFTER, _TARGET):
        for match in text.take(pattern):
            kind, key = _target(match)
            share = _share(match)
            getattr(parsed, kind).setdefault(key, share)
            word = match.groupdict().get("word")
            if word and share != 1.0:
                parsed.vague[kind] = match[0].strip()


def _share(match: re.Match[str]) -> float | None:
    groups = match.groupdict()
    if groups.get("figure"):
        return round(float(re.sub(r"[^\d.]", "", groups["figure"])) / 100, 6)
    if groups.get("word"):
        word = groups["word"].lower()
        return next(share for pattern, share in SHARES.items() if re.fullmatch(pattern, word))
    return None


def _read_count(text: _Text, parsed: ParsedRequest) -> None:
    """Take the number of people: the figure before a word for people, or the first figure left."""
    if parsed.exact:
        return
    figure = r"(?<![\w.-])(\d[\d,]*(?:\.\d+)?)\s*(k|thousand|m|million)?\b(?!\s*%)"
    near = text.first(rf"{figure}(?=(?:[\s\x00]+[\w-]*){{0,4}}[\s\x00]{_PEOPLE}\b)")
    match = near or text.first(figure)
    if match:
        scale = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
        parsed.count = round(
            float(match[1].replace(",", "")) * scale.get((match[2] or "").lower(), 1)
        )
        return
    for word, number in sorted(NUMBERS.items(), key=lambda item: -len(item[0])):
        if text.first(rf"\b{word}\b"):
            parsed.count = number
            return


def _read_words(text: _Text, parsed: ParsedRequest) -> None:
    """Take payers, age words, control and health."""
    for payer in sorted(PAYERS, key=lambda item: -len(item.name)):
        if text.first(rf"\b(?:{payer.words})"):
            parsed.payer = parsed.payer or payer.name
    for pattern, low, high in AGES:
        if (match := text.first(rf"\b(?:{pattern})\b")) and parsed.ages is None:
            parsed.ages, parsed.aged = (low, high), match[0]
    if match := text.first(r"\b(un|poorly[- ]|well[- ])?controlled\b"):
        parsed.control = "uncontrolled" if match[1] and match[1][0] in "uUpP" else "controlled"
    parsed.healthy = text.first(r"\bhealthy\b") is not None
    for topic in TOPICS:
        text.first(rf"\b(?:{topic.words})\b")


def _left(rest: str, request: str) -> list[str]:
    """Return the pieces that say something and were not understood."""
    pieces = re.split(r"[\x00.,;:!?()\"]+", rest)
    unread = []
    for piece in pieces:
        words = [word for word in re.findall(r"[\w%+/'-]+", piece)
                 if word.lower().strip("'-") not in vocabulary.EMPTY
                 and word.strip("-'")]  # fmt: skip
        if words:
            unread.append(" ".join(words))
    if len(request) > LONGEST:
        unread.append(f"everything after the first {LONGEST} characters")
    return unread
