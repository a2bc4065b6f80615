"""Reads of a request what is certain; each rule is one pattern over units and one sentence.

Whatever no rule takes stays open: the model, which understands language, binds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from healthsim.building import diagnosing, lexicon, shares, templates, vocabulary
from healthsim.building.born_words import births
from healthsim.building.described import Described, Fact
from healthsim.building.ledger import LONGEST
from healthsim.building.lexicon import Unit

OLDEST = 95
"""The last year of life where only the first is said."""

_OLDEST_SAID = 110
_PEOPLE = "PbskFG"
_MODIFIERS = "yLeqAcpSsb*"
_LISTED = r"[ck](?:,?&[ck]|,[ck](?=[,&]))*"


@dataclass
class Reading:
    """A request while it is read.

    Attributes:
        units: all but articles and other words that say nothing.
        letters: one for each unit; those that no rule may read any more are "_".
    """

    text: str
    units: list[Unit]
    letters: str
    facts: list[Fact] = field(default_factory=list)

    def find(self, pattern: str) -> Iterator[re.Match[str]]:
        """Yield each place where a pattern of letters stands."""
        yield from re.finditer(pattern, self.letters)

    def unit(self, match: re.Match[str], group: str | int = 0) -> list[Unit]:
        """Return the units of a group of a match."""
        return self.units[match.start(group) : match.end(group)]

    def hide(self, start: int, end: int) -> None:
        """Keep other rules from units that are read, or that must not be read."""
        self.letters = self.letters[:start] + "_" * (end - start) + self.letters[end:]

    def add(
        self, kind: str, key: Any, found: list[Unit], share: float | None = None, vague: str = ""
    ) -> None:
        """Add a fact that stands in these units."""
        spans = lexicon.spans_of(found, self.text)
        self.facts.append(Fact(kind, key, share, spans, vague))


def read(request: str) -> Described:
    """Read a request in plain words.

    >>> parsed = read("200 Medicare patients with diabetes, mostly in Texas")
    >>> parsed.count, parsed.payer, parsed.conditions, parsed.states
    (200, 'medicare', {'E11.9': None}, {'TX': 0.8})
    """
    text = request[:LONGEST].replace("\x00", " ")
    said = [unit for unit in lexicon.units(text) if unit.letter not in "f1"]
    reading = Reading(text, said, lexicon.letters(said))
    for rule in RULES:
        rule(reading)
    _keep_whole_lists(reading, lexicon.letters(said))
    reading.facts += _topics(reading)
    return Described.of(text, reading.facts)


_LISTS = {"states": "S", "plans": "p4", "payer": "y", "sexes": "s3"}
_SHARE_BEFORE, _SHARE_AFTER = re.compile(r"[%hv~][lwi]*$"), re.compile(r"[li:(]*[%hv~]")


def _keep_whole_lists(reading: Reading, letters: str) -> None:
    """Where one share of a list is not read, none is: a rest is not guessed."""
    read_at = {start for fact in reading.facts for start, _ in fact.spans}
    for kind, of_kind in _LISTS.items():
        shared = [fact for fact in reading.facts if fact.kind == kind and fact.share is not None]
        left = [at for at, unit in enumerate(reading.units)
                if letters[at] in of_kind and unit.start not in read_at]  # fmt: skip
        total = sum(fact.share or 0 for fact in shared)
        unread = left and total < _WHOLE
        beside = any(_SHARE_BEFORE.search(letters[:at]) or _SHARE_AFTER.match(letters, at + 1)
                     for at in left)  # fmt: skip
        short = (
            kind == "states"
            and total < _WHOLE
            and any(
                reading.text[start:end] in _MEDICAL for fact in shared for start, end in fact.spans
            )
        )
        if shared and (unread or beside or short):
            reading.facts = [fact for fact in reading.facts if fact.kind != kind]


_WHOLE = 0.999
_MEDICAL = frozenset(
    ("AL", "CO", "CT", "DE", "GA", "HI", "ID", "IN", "LA", "MA", "MD", "ME", "MI", "MS", "OK",
     "OR", "PA", "SD", "VA", "MT", "NE")
)  # fmt: skip
"""States' letters that are also words or medicine (MI, MS, VA): states only beside "in"."""


def _topics(reading: Reading) -> list[Fact]:
    """A condition or an age that is read may be the topic of a template besides."""
    said = [reading.text[start:end] for fact in reading.facts
            if fact.kind in ("conditions", "aged") for start, end in fact.spans]  # fmt: skip
    phrases = [" ".join(said[at:until]) for at in range(len(said))
               for until in range(at + 1, min(at + 4, len(said)) + 1)]  # fmt: skip
    return [Fact("topics", topic.template, None, ()) for topic in vocabulary.TOPICS
            if any(re.fullmatch(topic.words, item, re.IGNORECASE) for item in phrases)]  # fmt: skip


def _asides(reading: Reading) -> None:
    """A name after "save as", a number after "seed", a date after "as of", a template's name."""
    for match in reading.find("ND?d"):
        reading.add("seed", reading.unit(match)[-1].value, reading.unit(match))
    for match in reading.find("VD"):
        reading.add("as_of", reading.unit(match)[-1].value, reading.unit(match))
    for match in reading.find("Z"):
        (unit,) = reading.unit(match)
        name = re.compile(r"\s*[\"'`]?([\w-]+)[\"'`]?").match(reading.text, unit.end)
        if name:
            whole = Unit("Z", name[1], unit.start, name.end())
            reading.add("save_as", name[1].rstrip("-_").lower(), [whole])
            inside = [
                n
                for n, item in enumerate(reading.units)
                if item.start < name.end() and unit.start <= item.start
            ]
            reading.hide(inside[0], inside[-1] + 1)
    for match in list(
        re.finditer(
            r"\bsave (?:it|them|this|everything|the run)\b(?! (?:as|under))",
            reading.text,
            re.IGNORECASE,
        )
    ):
        reading.add("save", None, [Unit("Z", None, *match.span())])
    for letter, kind in (("T", "template"), ("J", "journeys")):
        for match in reading.find(letter):
            after = reading.letters[match.end() : match.end() + 1] == "j" and letter == "J"
            found = reading.units[match.start() : match.end() + after]
            reading.add(kind, found[0].value, found)
            reading.hide(match.start(), match.end() + after)


def _closed(reading: Reading) -> None:
    """Nothing is read in a sentence that corrects itself, or that asks about results."""
    start = begin = 0
    for match in list(re.finditer(r"[.?]|$", reading.letters)):
        mark = reading.units[match.start()] if match[0] else None
        sentence = reading.text[begin : mark.start if mark else len(reading.text)]
        asks = match[0] == "?" and _QUESTION.search(sentence)
        if "!" in reading.letters[start : match.start()] or asks:
            reading.hide(start, match.start())
        start, begin = match.end(), mark.end if mark else 0


_QUESTION = re.compile(r"\b(?:how|what|which|who|whom|whose|when|why)\b", re.IGNORECASE)


def _labels(reading: Reading) -> None:
    """A number after "count:" is how many, a condition after "primary:" is everybody's."""
    for match in list(reading.find(r"5:?(?P<of>[dc])(?![xU%/(])")):
        label, (said,) = reading.units[match.start()], reading.unit(match, "of")
        kind = {("count", "d"): "count", ("primary", "c"): "conditions"}.get(
            (label.value, said.letter)
        )
        if kind:
            reading.add(kind, said.value, [label, said])
            reading.hide(match.start(), match.end())


_BELL = re.compile(
    r"\bages?\b[\s:,(]*(?:normal|bell|mean|average)?[\s:,(]*(?:μ|mean|of|=|:|\s)+(\d{1,2})[\s,;(]*"
    r"(?:σ|sd|standard deviation)\s*[=:]?\s*(\d{1,2})\b(?!\.?\d)",
    re.IGNORECASE,
)


def _bell(reading: Reading) -> None:
    """Ages with a mean and a standard deviation are a bell: "age: Normal μ=72, σ=8"."""
    for match in _BELL.finditer(reading.text):
        inside = [at for at, unit in enumerate(reading.units)
                  if match.start() <= unit.start and unit.end <= match.end()]  # fmt: skip
        if "_" not in reading.letters[inside[0] : inside[-1] + 1]:
            reading.add("bell", (int(match[1]), int(match[2])),
                        [Unit("a", None, *match.span())])  # fmt: skip
            reading.hide(inside[0], inside[-1] + 1)


def _taken_back(reading: Reading) -> None:
    """What a correction or a "not" names is read nowhere else: it was taken back."""
    for match in list(reading.find(r"n[ilhv]*(?P<what>[SCmscpy])|![^.?]*")):
        named = reading.unit(match, "what") if match["what"] else reading.unit(match)
        back = {(unit.letter, unit.value if match["what"] else None) for unit in named}
        for at, unit in enumerate(reading.units[: match.start()]):
            if unit.letter in _NAMES and back & {(unit.letter, unit.value), (unit.letter, None)}:
                reading.hide(at, at + 1)


_NAMES = frozenset("SCmscpybdrg")


def _relatives(reading: Reading) -> None:
    """What stands beside a relative is said of that relative alone, up to the next mark."""
    for match in list(reading.find(r"R[^,.?;]*")):
        reading.hide(match.start(), match.end())


def _exact(reading: Reading) -> None:
    """The counts of "exactly 25 men and 30 women" are by sex, and their sum is of all people."""
    for match in reading.find(r"Eds&E?ds"):
        found = [unit for unit in reading.unit(match) if unit.letter in "ds"]
        counts = {found[1].value: found[0].value, found[3].value: found[2].value}
        if len(counts) == 2:
            for sex, units in ((found[1].value, found[:2]), (found[3].value, found[2:])):
                reading.add("exact", sex, [*units], counts[sex])
            reading.facts[-2].spans += lexicon.spans_of(reading.unit(match)[:1], reading.text)
            reading.hide(match.start(), match.end())


_AGES: tuple[tuple[str, str], ...] = (
    # pattern, how its figures are read
    (r"(?<![x%])a[l:]*(?:r|dtd|Bd[&t]d)Y?", "both"),
    (r"(?:r|dtd|Bd[&t]d)Y", "both"),
    (rf"(?<=[{_PEOPLE}])(?:r|dtd|Bd[&t]d)(?![xUz%])", "both"),
    (r"(?<![x%])a[l:]*[oM]dY?(?![xUz%])|MdY?(?![xUz%])|odY(?!&)", "low"),
    (rf"(?<=[{_PEOPLE}])odY?(?![xUz%P])", "low"),
    (rf"(?<=[{_PEOPLE}y])a?g(?![xUz%])|(?<![x%])a[l:]*g|(?<![x%])a[l:]*dY?[OQ]|dY?O", "low"),
    (rf"(?<=[{_PEOPLE}])dY?[OQ]", "low"),
    (r"(?<![x%])a[l:]*[uW]dY?(?![xUz%])|WdY?(?![xUz%])|udY(?!&)", "high"),
    (rf"(?<=[{_PEOPLE}])udY?(?![xUz%P])", "high"),
    (r"(?<![x%])a[l:]*dY?(?!l*[xUztr&%]|[PG])|(?<![xnou])dY(?=[PbskyLeqc*])", "one"),
)


def _is_inclusive(found: list[Unit], text: str) -> bool:
    """Return whether the limit itself is within it: "up to 40"."""
    return any(text[unit.start : unit.end].lower().startswith(("up to", "at most"))
               for unit in found)  # fmt: skip


_HEAD = re.compile(r":[d%zrg]|,d(?:[,&.]|$)")


def _ages(reading: Reading) -> None:
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
        if _is_single(before, reading.text) and figure.value <= _OLDEST_SAID:
            reading.add("ages", (figure.value, figure.value), [figure])
            reading.hide(match.start(), match.end())


def _born(reading: Reading) -> None:
    """A year or day of birth is of the people whom it follows, with their conditions between."""
    for one in births(reading.text):
        inside = [place for place, unit in enumerate(reading.units)
                  if one.start < unit.end and unit.start < one.end]  # fmt: skip
        if inside and _OF_PEOPLE.search(reading.letters[: inside[0]]):
            found = reading.units[inside[0] : inside[-1] + 1]
            reading.add("born", (one.first, one.last), found)
            reading.hide(inside[0], inside[-1] + 1)


_OF_PEOPLE = re.compile(r"(?:^|[^w])[PskbG](?:w[ck](?:,?&?[ck])*)?[,w]?$")


def _without(reading: Reading) -> None:
    """A condition directly after "without" or "no" is one that nobody has."""
    for match in list(reading.find(r"(?<!\|)n[ck](?![x%UI])")):
        negation, condition = reading.unit(match)
        if negation.value == "without":
            reading.add("without", condition.value, [negation, condition])
        reading.hide(match.start(), match.end())
    for match in list(reading.find(r"n[ilhv]*[A-Za-z*](?:[&|,][ckySpsb])*")):
        reading.hide(match.start(), match.end())


def _prevalence(reading: Reading) -> None:
    """A condition beside words for the population's rate has that rate."""
    listed = rf"(?P<list>{_LISTED})"
    for pattern in (rf"I[l]*{listed}(?![l:(]*%)", rf"{listed}(?:[wl,]*)[IC~]*I(?![l:(]*[%d])"):
        for match in list(reading.find(pattern)):
            words = [unit for unit in reading.unit(match) if unit.letter == "I"]
            for number, unit in enumerate(reading.unit(match, "list")):
                if unit.letter in "ck":
                    extra = words if number == 0 else []
                    reading.add("prevalent", unit.value, [*extra, unit])
            reading.hide(match.start(), match.end())


def _shares(reading: Reading) -> None:
    """A share belongs to the name that it touches; between two names, to that of its order."""
    for kind, unit, figure, match in shares.pairs(reading.letters, reading.units):
        words = [figure, unit]
        if header := re.search("[HX5]:?$", reading.letters[: match.start()]):
            words.append(reading.units[header.start()])
        text = reading.text[figure.start : unit.end]
        vague = text if figure.letter in "v~" and figure.value != 1.0 else ""
        share = figure.value if isinstance(figure.value, float) else None
        reading.add(kind, unit.value, words, share, vague)
        for part in words:
            at = reading.units.index(part)
            reading.hide(at, at + 1)


def _fractions(reading: Reading) -> None:
    """After "1 in 4 of" or "half of 200" nothing is of all people, up to the next mark."""
    for match in list(reading.find(r"(?:[d%z][il]+d|[h~v]l?d)[^,.?]*")):
        reading.hide(match.start(), match.end())


def _parts(reading: Reading) -> None:
    """What is said of a part of the people ("60 % of the women have ...") is not of all."""
    part = rf"(?:[%dhv~]l|[h~v]d?)[{_MODIFIERS}]*[{_PEOPLE}][^,.?]*"
    for match in list(reading.find(part)):
        reading.hide(match.start(), match.end())


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A noun phrase for people: the figure, the words before the noun, the noun."""

    match: re.Match[str]
    figure: Unit | None
    modifiers: list[Unit]
    head: Unit


_COUNTED = re.compile(
    rf"(?<![Uzounr%+d/h~v|])(?<!n,)(?<![d%h~v]l)(?<!d[&t])d(?P<modifiers>[{_MODIFIERS}&]*x{{0,2}}[{_MODIFIERS}]*)"
    rf"(?P<head>[PbskF])(?!/|U|ls|o[z#U])"
)
_NAMED = re.compile(
    rf"(?<![xn%dzU|h~v/])(?<![d%h~vsPbk]l)(?<!c[,&])(?P<modifiers>[{_MODIFIERS}]*)(?P<head>[{_PEOPLE}])(?![x|/]|:d)"
)


def _people(reading: Reading) -> None:
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
        for match in reading.find(r"Gld(?![xUzPbskF%tl])")
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
    if head.letter != "F" and _is_single(head, reading.text) and figure.value != 1:
        return False
    if _NOT_ALL.search(reading.text[: figure.start]) or _EACH.match(reading.text, head.end):
        return False
    before = reading.letters[max(match.start() - 2, 0) : match.start()]
    return before[-1:] != "x" or before in ("x", ".x", "?x")


_NOT_ALL = re.compile(r"(?:\b(?:groups|cohorts|samples|sets|arms) of\s+|(?<![^\s(])[-−])$", re.I)
"""A number after "groups of" counts one group; one after a minus is none."""


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
        if unit.letter == "S" and reading.text[unit.start : unit.end] in _MEDICAL:
            continue  # "VA patients"
        if unit.letter in kinds and not (either and unit.letter in "ck"):
            reading.add(kinds[unit.letter], unit.value, [unit])
    for match in reading.find("b(?=G)"):
        (unit,) = reading.unit(match)
        if unit.value in [other.value for other in found if other.letter == "b"]:
            reading.add("aged", unit.value, [unit])
    start = phrase.match.start("modifiers")
    reading.hide(start, phrase.match.end())
    if phrase.head.letter in "PGF":
        # What follows may be said of these people
        reading.letters = (
            reading.letters[: phrase.match.end() - 1] + "P" + reading.letters[phrase.match.end() :]
        )


def _article(reading: Reading, phrase: _Phrase) -> Unit | None:
    """Return the "a" or "one" of one person."""
    first = reading.units[phrase.match.start("modifiers")]
    single = re.search(
        r"\b(an?|one|single)\s+(?:[\w-]+\s+){0,5}$", reading.text[: first.start], re.IGNORECASE
    )
    if single is None or phrase.head.letter not in "Psbk":
        return None
    return Unit("1", 1, *single.span(1)) if _is_single(phrase.head, reading.text) else None


def _is_single(unit: Unit, text: str) -> bool:
    word = text[unit.start : unit.end].lower()
    return not (
        word.endswith("s")
        or word in {"people", "children", "women", "men", "elderly", "policyholders", "patients"}
    )


def _conditions(reading: Reading) -> None:
    """Conditions directly after "with" and the people are everybody's."""
    pattern = (
        r"(?P<left>[_PGbskFySOQY,.)]|^)(?P<new>e?)w(?P<e>[eq]*)"
        rf"(?P<list>{_LISTED})(?![x|%hv~UjIGPbsF]|(?:,?[ckx])*,?\|)"
    )
    for match in list(reading.find(pattern)):
        if match["left"] == "_" and not _reads_on(reading, match.start()):
            continue
        for unit in reading.unit(match, "list"):
            if unit.letter in "ck":
                reading.add("conditions", unit.value, [unit])
        for unit in [*reading.unit(match, "new"), *reading.unit(match, "e")]:
            reading.add("newly" if unit.letter == "e" else "control", unit.value, [unit])
        reading.hide(match.start("new"), match.end())


def _of_template(reading: Reading) -> None:
    """A condition alone between marks is everybody's where a named template says so too."""
    named = [fact.key for fact in reading.facts if fact.kind == "template"]
    for match in list(reading.find(r"(?<=[,.:])c(?=[,.]|$)")) if named else ():
        (unit,) = reading.unit(match)
        clinical = templates.load(named[0]).fresh().get("clinical", {})
        if unit.value[:3] == (clinical.get("primary") or {}).get("code", "")[:3]:
            reading.add("conditions", unit.value, [unit])
            reading.hide(match.start(), match.end())


def _named_codes(reading: Reading) -> None:
    """A code in brackets after "with" and its name, or after "with" alone, is everybody's."""
    for match in list(reading.find(r"(?<=[PGbkFs_])w(?P<name>x{1,4})\((?P<code>c)\)")):
        code = reading.unit(match, "code")[0]
        display = diagnosing.name_of(code.value).lower()
        words = [
            unit
            for unit in reading.unit(match, "name")
            if reading.text[unit.start : unit.end].lower() in display
        ]
        if words and _reads_on(reading, match.start() - 1, bare="PGbkFs"):
            reading.add("conditions", code.value, [*words, code])
            reading.hide(match.start(), match.end())


def _reads_on(reading: Reading, at: int, bare: str = "") -> bool:
    """Return whether the hidden unit before was read, and not put aside."""
    unit = reading.units[at]
    if reading.letters[at] in bare:
        return True
    return any(start <= unit.start < end for fact in reading.facts for start, end in fact.spans)


def _payers(reading: Reading) -> None:
    """A payer is read where no unknown word, "or", negation or relative may own it."""
    related = any(unit.letter == "R" for unit in reading.units)
    for match in list(reading.find(r"(?<![x|n/])y(?![x|/RckU]|d(?:[,.)]|$))")):
        value = None if related else reading.unit(match)[0].value
        reading.add("payer", value, reading.unit(match))
        reading.hide(match.start(), match.end())
    for match in list(reading.find("y")):
        reading.add("payer", None, reading.unit(match))  # it keeps the others from being certain


def _plans(reading: Reading) -> None:
    """A plan's name is read where no unknown word, "or" or negation touches it."""
    for match in list(reading.find(r"(?<![x|nzd%/])p(?![x|/U]|d(?:[,.)]|$))")):
        reading.add("plans", reading.unit(match)[0].value, reading.unit(match))
        reading.hide(match.start(), match.end())


def _extent(units: list[Unit]) -> tuple[int, int]:
    return units[0].start, units[-1].end


def _places(reading: Reading) -> None:
    """A place is read after "in" or "from", or alone between marks."""
    listed = r"(?P<list>[SCm](?:(?:,?&|,|,?&?i)[SCm])*)"
    kinds = {"S": "states", "C": "counties", "m": "metros"}
    around = r"(?:(?<![xUnjdz%il])[il]+|(?<=[,.&:_(])(?<!X,)(?<![SCm][&,])|^)"
    after = r"(?![x|%/UXdzrgSCm]|:[d%zrg]|\([^)]*[xdz]|[&,]+[SCm])"
    for match in list(reading.find(rf"{around}(?P<area>A?)[il]*{listed}{after}")):
        alone = match[0][0] not in "il" and len(match["list"]) == 1
        if alone and reading.text[slice(*_extent(reading.unit(match, "list")))] in _MEDICAL:
            continue
        for unit in [*reading.unit(match, "area"), *reading.unit(match, "list")]:
            if unit.letter in kinds:
                reading.add(kinds[unit.letter], unit.value, [unit])
            elif unit.letter == "A":
                reading.add("area", unit.value, [unit])
        reading.hide(match.start(), match.end())


def _other_places(reading: Reading) -> None:
    """A metropolitan area, the codes after "counties", and "rural" are read where they stand."""
    for match in list(reading.find(r"(?<![xn|])m(?![x|%/])")):
        reading.add("metros", reading.unit(match)[0].value, reading.unit(match))
        reading.hide(match.start(), match.end())
    for match in list(reading.find(r"X[:l]*(?P<list>#(?:,?&?#)*)")):
        for number, unit in enumerate(reading.unit(match, "list")):
            if unit.letter == "#":
                label = reading.unit(match)[:1] if number == 0 else []
                reading.add("counties", (unit.value, ""), [*label, unit])
        reading.hide(match.start(), match.end())
    for match in list(reading.find(r"iA(?![x|/])")):
        reading.add("area", reading.unit(match)[-1].value, reading.unit(match)[-1:])


RULES: tuple[Callable[[Reading], None], ...] = (
    _asides,
    _taken_back,
    _closed,
    _labels,
    _bell,
    _relatives,
    _born,
    _exact,
    _without,
    _ages,
    _prevalence,
    _fractions,
    _shares,
    _parts,
    _people,
    _named_codes,
    _of_template,
    _conditions,
    _payers,
    _plans,
    _places,
    _other_places,
)
"""In this order: what is read is hidden from the rules that follow."""
