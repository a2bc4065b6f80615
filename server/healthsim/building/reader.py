"""Reads of a request what is certain; each rule is one pattern over units and one sentence.

Whatever no rule takes stays open: the model, which understands language, binds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from healthsim.building import diagnosing, lexicon, shares, templates, vocabulary
from healthsim.building.described import Described, Fact
from healthsim.building.ledger import LONGEST
from healthsim.building.lexicon import Unit
from healthsim.building.reading import MEDICAL, PEOPLE, Reading
from healthsim.building.reading_ages import ages, bell, born
from healthsim.building.reading_people import MODIFIERS, people
from healthsim.building.reading_where import other_places, payers, places, plans

_LISTED = r"[ck](?:,?&[ck]|,[ck](?=[,&]))*"


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
    if _AGE_LEFT.search(reading.letters):  # "Age 12 and under": what "kids" are is not said alone
        reading.facts = [fact for fact in reading.facts if fact.kind != "aged"]
    reading.facts += _topics(reading)
    return Described.of(text, reading.facts)


_LISTS = {"states": "S", "plans": "p4", "payer": "y", "sexes": "s3", "counties": "C",
          "metros": "m"}  # fmt: skip
_FIGURE_AFTER = re.compile(r":d|d(?:[,.;)(]|$)")


_SHARE_BEFORE, _SHARE_AFTER = re.compile(r"[%hv~][lwi]*$"), re.compile(r"[li:(]*[%hv~]")


def _keep_whole_lists(reading: Reading, letters: str) -> None:
    """Where one share of a list is not read, none is: a rest is not guessed."""
    _keep_counted_lists(reading, letters)
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
                reading.text[start:end] in MEDICAL for fact in shared for start, end in fact.spans
            )
        )
        if shared and (unread or beside or short):
            reading.facts = [fact for fact in reading.facts if fact.kind != kind]


def _keep_counted_lists(reading: Reading, letters: str) -> None:
    """Of a list with figures that are no shares ("A: 40, B: 60", "A and B; 40/60") none is read."""
    ratios = [unit.value.count("/") + 1 for unit in reading.units
              if unit.letter == "z" and re.fullmatch(r"\d+(?:/\d+)+", str(unit.value))]  # fmt: skip
    for kind, of_kind in _LISTS.items():
        facts = [fact for fact in reading.facts if fact.kind == kind and fact.share is None]
        counted = any(
            letters[at] in of_kind and _FIGURE_AFTER.match(letters, at + 1)
            for at in range(len(letters))
        )
        if facts and (counted or len({fact.key for fact in facts}) in ratios):
            reading.facts = [fact for fact in reading.facts if fact.kind != kind]


_WHOLE = 0.999


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


def _without(reading: Reading) -> None:
    """A condition directly after "without" or "no" is one that nobody has."""
    for match in list(reading.find(r"(?<!\|)n[ck](?![x%UI]|i[sbk])")):
        negation, condition = reading.unit(match)
        if negation.value == "without":
            reading.add("without", condition.value, [negation, condition])
        reading.hide(match.start(), match.end())
    for match in list(reading.find(r"n[ilhv]*[A-Za-z*](?:[&|,][ckySpsb])*")):
        reading.hide(match.start(), match.end())


_WHO = re.compile(r"\b(?:who|whose)(?=\s)", re.IGNORECASE)


def _clauses(reading: Reading) -> None:
    """What "who ..." says in words that nobody knows is of all before it, and read nowhere.

    It stays open whole, with what it names. Of several groups, before a figure after a colon, or
    with another name of a kind that is before it ("in Maine who moved to Vermont"), it may change
    what is around it, and that is not read either.
    """
    for match in _WHO.finditer(reading.text):
        at = next((n for n, unit in enumerate(reading.units) if unit.start >= match.end()), None)
        if at is None or not re.match("n?x", reading.letters[at:]):
            continue
        start = max(reading.letters.rfind(mark, 0, at) for mark in ".?") + 1
        groups = [letter for letter in reading.letters[start:at] if letter in PEOPLE]
        end = re.compile(r"[^,.?:()]*").match(reading.letters, at)
        if len(groups) != 1 or end is None or reading.letters[end.end() : end.end() + 1] == ":":
            continue
        if not _NAMES & set(reading.letters[start:at]) & set(end[0]):
            reading.hide(at, end.end())


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
    """After "1 in 4 of", "half of 200" or "of those" nothing is of all, up to the next mark."""
    for match in list(reading.find(r"(?:[d%z][il]+d|[h~v]l?d)[^,.?]*")):
        reading.hide(match.start(), match.end())
    for part in _PART.finditer(reading.text):
        at = next((n for n, unit in enumerate(reading.units) if unit.start >= part.start()), None)
        rest = re.compile(r"[^,.?)]*").match(reading.letters, at or 0)
        if at is not None and rest:
            reading.hide(at, rest.end())


_AGE_LEFT = re.compile(r"a[l:]*[dr]|[dr]Y")

_PART = re.compile(
    r"(?<![%\w])(?:(?<!%\s)(?:of|among) (?:those|these|whom|which)\b"
    r"|[\w-]+ per ?cent of\b)", re.IGNORECASE,
)  # fmt: skip


def _parts(reading: Reading) -> None:
    """What is said of a part of the people ("60 % of the women have ...") is not of all."""
    part = rf"(?:[%dhv~]l|[h~v]d?)[{MODIFIERS}]*[{PEOPLE}][^,.?]*"
    for match in list(reading.find(part)):
        reading.hide(match.start(), match.end())


def _conditions(reading: Reading) -> None:
    """Conditions directly after "with" and the people are everybody's."""
    pattern = (
        r"(?P<left>[_PGbskFySOQY,.)]|^)(?P<new>e?)w(?P<e>[eq]*)"
        rf"(?P<list>{_LISTED})(?![x|%hv~UjIGPbsF]|i[sbk]|(?:,?[ckx])*,?\|)"
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


RULES: tuple[Callable[[Reading], None], ...] = (
    _asides,
    _taken_back,
    _closed,
    _labels,
    bell,
    _relatives,
    born,
    _exact,
    _without,
    ages,
    _clauses,
    _prevalence,
    _fractions,
    _shares,
    _parts,
    people,
    _named_codes,
    _of_template,
    _conditions,
    payers,
    plans,
    places,
    other_places,
)
"""In this order: what is read is hidden from the rules that follow."""
