"""Accounts for a request: every token goes to the fact that it says, or to an open piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from healthsim import capabilities
from healthsim.building import lexicon
from healthsim.building.described import Fact
from healthsim.building.ledger import (
    FOR_JOURNEY,
    LONGEST,
    SAID_BEFORE,
    SAYS_NOTHING,
    Span,
    Token,
    Wish,
    one_line,
    quote,
    tokens,
)
from healthsim.building.vocabulary import PAYERS, QUALIFYING_WORDS

Settled = tuple[str, str]
"""A path of the draft, and what stands there."""

Reason = tuple[str, tuple[dict[str, Any], ...]]
"""Why a fact is not in the draft, and changes that would bring it there."""

_LONGEST_NOTE = 120

_SPLIT = re.compile(r"[,;:!?\n|…]|\s/\s|\.(?!\d)| [–—] ")


def account(
    number: int,
    request: str,
    facts: Iterable[Fact],
    fate_of: Callable[[Fact], Settled | None],
    why: Callable[[Fact], str],
    options: Callable[[Fact], tuple[dict[str, Any], ...]] = lambda _: (),
    said_before: Iterable[Span] = (),
) -> tuple[Wish, ...]:
    """Return the wishes of a request: those of facts that are in the draft, and all the rest.

    Args:
        number: the request's place in `Draft.requests`.
        request: the person's words.
        facts: what was read with certainty.
        fate_of: path and note of a fact that is in the draft, or None.
        why: why a fact is not in the draft.
        options: changes that would bring it there.
        said_before: tokens that an earlier request has too; they are accounted for there.
    """
    text = request[:LONGEST]
    taken: set[Span] = set()
    wishes = []
    reasons: dict[Span, Reason] = {}
    for fact in facts:
        fate = fate_of(fact)
        spans = tuple(span for span in fact.spans if span not in taken)
        if fate is None or not spans:
            reasons |= dict.fromkeys(spans, (why(fact), options(fact)))
            continue
        taken |= set(spans)
        wishes.append(Wish(number, quote(text, spans), spans, "bound", *fate))
    repeated = tuple(sorted(span for span in set(said_before) if span not in taken))
    if repeated:
        taken |= set(repeated)
        words = quote(text, repeated)
        wishes.append(Wish(number, words, repeated, "ignored", note=SAID_BEFORE))
    wishes += _rest(number, text, taken, reasons)
    return tuple(wishes)


def _rest(number: int, text: str, taken: set[Span], reasons: dict[Span, Reason]) -> Iterator[Wish]:
    """Yield the open pieces, what is not built, and the words that say nothing."""
    idle: list[Span] = []
    for piece in _pieces(text, taken, reasons):
        content = [at for at, token in enumerate(piece) if token.is_content]
        if not content or [piece[at].text.lower() for at in content] == ["or"]:
            idle += [(token.start, token.end) for token in piece]
            continue
        content = [at for at, token in enumerate(piece) if token.is_content or _qualifies(token)]
        inside = piece[content[0] : content[-1] + 1]
        idle += [(token.start, token.end) for token in piece if token not in inside]
        yield _open(number, text, inside, reasons)
    if idle:
        yield Wish(number, quote(text, idle), tuple(sorted(idle)), "ignored", note=SAYS_NOTHING)


def _qualifies(token: Token) -> bool:
    """Return whether a word changes what the words beside it mean, as "each" and "a year" do."""
    return token.text.lower() in QUALIFYING_WORDS


def _open(number: int, text: str, piece: Sequence[Token], reasons: dict[Span, Reason]) -> Wish:
    spans = tuple((token.start, token.end) for token in piece)
    words = one_line(text[piece[0].start : piece[-1].end])
    words += ")" * (words.count("(") > words.count(")"))
    note, changes = next((reasons[span] for span in spans if span in reasons), ("", ()))
    named = [item.capability for item in capabilities.mentioned(words)]
    absent = next((item for item in named if item.built == "no"), None)
    if absent is not None and not note:
        return Wish(number, words, spans, "not_built", note=f"{absent.name}: {absent.answer}")
    suggestions = tuple({**change, "for": words} for change in changes) or _suggestions(words)
    return Wish(
        number, words, spans, "open", note=note or _where(words, named), suggestions=suggestions
    )


def _where(words: str, named: Sequence[capabilities.Capability]) -> str:
    """Return where an open piece belongs: to a journey, a template, or a part of the language."""
    units = lexicon.units(words)
    if any(unit.letter in "jJ" for unit in units):
        return FOR_JOURNEY
    topics = [str(unit.value) for unit in units if unit.letter == "*"]
    if topics and not any(unit.letter == "n" for unit in units):
        return f"template {topics[0]} is about this; start again with template= if it is meant"
    partly = next((item for item in named if item.built == "partly"), None)
    if partly is not None:
        return f"{partly.name}: {partly.answer}"
    return f"{named[0].name}: {named[0].how}"[:_LONGEST_NOTE] if named else ""


def _pieces(text: str, taken: set[Span], reasons: Mapping[Span, Reason]) -> Iterator[list[Token]]:
    """Yield runs of tokens that no fact has, up to a mark; brackets stay with what is before."""
    run: list[Token] = []
    last = 0
    for token in tokens(text):
        between = text[last : token.start]
        in_brackets = text.count("(", 0, token.start) > text.count(")", 0, token.start)
        doubted = reasons.get((token.start, token.end))
        changes = run and doubted != reasons.get((run[-1].start, run[-1].end))
        if run and (changes or (_SPLIT.search(between) and not in_brackets)):
            yield run
            run = []
        if (token.start, token.end) in taken:
            if run:
                yield run
            run = []
        else:
            run.append(token)
        last = token.end
    if run:
        yield run


def _suggestions(words: str) -> tuple[dict[str, Any], ...]:
    """Return changes that would answer an open piece: of payers, or of a condition and its share.

    Nothing is suggested where the piece says something else besides, or denies it.
    """
    units = [unit for unit in lexicon.units(words) if unit.letter not in "f1"]
    letters = lexicon.letters(units)
    if re.fullmatch(r"[wil]*y(?:[|&,][wil]*y)*", letters):
        named = dict.fromkeys(unit.value for unit in units if unit.letter == "y")
        plans = [item.plans for name in named for item in PAYERS if item.name == name]
        return tuple(_set("coverage.plan", dict(item), words) for item in plans)
    if re.fullmatch(r"[wil]*(?:[ck][wil(:]*%|%[wil]*[ck])\)?", letters):
        code = next(unit.value for unit in units if unit.letter in "ck")
        share = next(unit.value for unit in units if unit.letter == "%")
        value = {"code": code, "share": share}
        return ({"op": "append", "path": "clinical.comorbidities", "value": value, "for": words},)
    return ()


def _set(path: str, value: Any, words: str) -> dict[str, Any]:
    return {"op": "set", "path": path, "value": value, "for": words}
