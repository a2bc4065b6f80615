"""Adds a journey to a draft from a request in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from healthsim.building import accounting, ledger, lexicon, templates
from healthsim.building.described import Fact
from healthsim.building.draft import Draft
from healthsim.building.ledger import LONGEST, Token, tokens
from healthsim.building.templates import Template
from healthsim.errors import Refused
from healthsim.specification.format import FORMAT

_MOST_SUGGESTED = 3
_GENERIC = frozenset(
    [
        "add",
        "include",
        "run",
        "follow",
        "journey",
        "journeys",
        "first",
        "year",
        "month",
        "week",
        "day",
        "visit",
        "care",
        "of",
        "the",
        "a",
        "an",
        "in",
        "and",
        "for",
        "with",
        "their",
        "after",
        "before",
        "from",
        "until",
        "over",
        "during",
    ]
)
"""Words that many journeys have: they are met by every template, and choose none."""


@dataclass(frozen=True)
class JourneyStarted:
    """A draft with a further journey, and what the model should do besides."""

    draft: Draft
    hints: tuple[str, ...]
    is_known: bool


def start_journey(draft: Draft | None, request: str, template: str = "") -> JourneyStarted:
    """Add a journey to a draft, or start a draft with a journey alone.

    A template is taken if it is named, or if it alone has every word of the request.

    Raises:
        NotFound: no such template; with near names.
        Refused: the draft has a journey of this name already.
    """
    base, number = draft or Draft(), len(draft.requests) if draft else 0
    text = request[:LONGEST]
    fitting = _fitting(text) if not template else []
    if not template and len(fitting) != 1:
        fitting = _of_condition(text, base) or fitting
    chosen = templates.load(template, "journey") if template else None
    if chosen is None and len(fitting) == 1:
        chosen = fitting[0]
    journey = chosen.fresh() if chosen else _empty(request)
    if chosen is not None:
        base = _without_empty(base, text)
    hints = _refuse_second(base, str(journey["name"]))
    if chosen is None:
        names = [item.name for item in fitting] or [
            item.name for _, item in templates.find(request, "journey")[:_MOST_SUGGESTED]
        ]
        hints.append(
            "No journey template fits the words alone"
            + (f"; near: {', '.join(names)}. Ask, then template=<name>;" if names else ";")
            + " or append steps with refine_spec."
        )
    elif not template:
        hints.append(f"Template {chosen.name} was chosen ({chosen.title}): say so.")
    new = replace(
        base,
        journeys=(*base.journeys, journey),
        requests=(*base.requests, text),
        wishes=(*base.wishes, *_wishes(number, text, chosen, base.requests)),
        templates=(*base.templates, chosen.name) if chosen else base.templates,
    )
    return JourneyStarted(
        _passed_on(_settle_earlier(new, number)), tuple(hints), chosen is not None
    )


def _without_empty(base: Draft, request: str) -> Draft:
    """Return a draft without the journey that an earlier call made empty for the same words.

    Once a template is named for these words, its journey takes the place of the empty one.
    """
    said = _content(request)
    same = [text for text in base.requests if said and _content(text) in (said, said - _JOURNEY)]
    kept = tuple(item for item in base.journeys if item not in [_empty(text) for text in same])
    return replace(base, journeys=kept)


_JOURNEY = frozenset(("add", "journey", "journeys"))


def _content(text: str) -> set[str]:
    return {token.text.lower() for token in tokens(text) if token.is_content}


def add_template(draft: Draft, name: str) -> Draft:
    """Add a journey that a request names by its template."""
    _refuse_second(draft, name)
    document = templates.load(name, "journey").fresh()
    return replace(draft, journeys=(*draft.journeys, document), templates=(*draft.templates, name))


def _refuse_second(base: Draft, name: str) -> list[str]:
    if any(item.get("name") == name for item in base.journeys):
        raise Refused(
            "journey",
            f"the draft already has {name!r}",
            f"change it with refine_spec, or remove it first: op remove, path journeys[{name}]",
        )
    if not base.journeys:
        return []
    names = ", ".join(repr(str(item.get("name"))) for item in base.journeys)
    return [
        f"The draft now has {len(base.journeys) + 1} journeys: {name!r} happens to "
        f"the same people beside {names}. Remove one with refine_spec, op remove."
    ]


def _wishes(
    number: int, text: str, chosen: Template | None, earlier: Sequence[str]
) -> tuple[ledger.Wish, ...]:
    words = _words(chosen) if chosen is not None else set()
    met = tuple(
        (token.start, token.end)
        for token in tokens(text)
        if token.is_content and chosen is not None and _meets(token, text, words)
    )
    path, title = (f"journeys[{chosen.name}]", chosen.title) if chosen is not None else ("", "")
    return accounting.account(
        number,
        text,
        [Fact("journeys", path, None, met)] if met else [],
        lambda _: (path, title),
        lambda _: "",
        said_before=[span for request in earlier for span in _said_before(text, request)],
    )


_FEWEST_REPEATED = 3  # tokens in a row that two requests share before they are a repetition


def _said_before(text: str, earlier: str) -> list[ledger.Span]:
    """Return the tokens of a text that stand in a row in an earlier request too."""
    new, old = tokens(text), tokens(earlier)
    matcher = SequenceMatcher(
        None, [token.text.lower() for token in new], [token.text.lower() for token in old], False
    )
    return [
        (token.start, token.end)
        for block in matcher.get_matching_blocks()
        if block.size >= min(_FEWEST_REPEATED, len(new))
        for token in new[block.a : block.a + block.size]
    ]


def _passed_on(draft: Draft) -> Draft:
    """Drop the advice to call the journey's builder, which has been called now."""
    wishes = [
        replace(wish, note="") if wish.note == ledger.FOR_JOURNEY else wish for wish in draft.wishes
    ]
    return replace(draft, wishes=tuple(wishes))


def _settle_earlier(draft: Draft, number: int) -> Draft:
    """Give the words of an earlier request that this one repeats to the same path."""
    mine = [wish for wish in draft.wishes if wish.request == number and wish.fate == "bound"]
    wishes = draft.wishes
    for wish in mine:
        said = {
            token.text.lower()
            for start, end in wish.spans
            for token in tokens(draft.requests[number][start:end])
        }
        for earlier in draft.wishes:
            if earlier.request == number or earlier.fate != "open":
                continue
            content = {token.text.lower() for token in tokens(earlier.words) if token.is_content}
            if content and content - {"journey"} <= said:
                wishes = ledger.bind(wishes, draft.requests, earlier.words, wish.path, wish.note)
            elif not any(unit.letter == "n" for unit in lexicon.units(earlier.words)):
                text = draft.requests[earlier.request]
                repeated = [
                    (start, end) for start, end in _said_before(text, draft.requests[number])
                    if text[start:end].lower() in said
                ]  # fmt: skip
                wishes = ledger.take(wishes, draft.requests, earlier, repeated, wish)
    return replace(draft, wishes=wishes)


def _fitting(request: str) -> list[Template]:
    """Return the journeys whose name, title or description has every word of a request.

    One whose name or title alone has them comes before those that need the description.
    """
    if any(unit.letter == "n" for unit in lexicon.units(request)):
        return []  # "no ..." and "not the ..." say what is not meant
    content = [token for token in tokens(request) if token.is_content]
    particular = [token for token in content if token.text.lower() not in _GENERIC]
    exact = [
        item
        for item in templates.load_library()
        if item.kind == "journey" and item.name in {token.text.lower() for token in content}
    ]
    if exact or not particular:
        return exact
    library = [item for item in templates.load_library() if item.kind == "journey"]
    for words_of in (_title_words, _words):
        fits = [
            item
            for item in library
            if all(_meets(token, request, words_of(item)) for token in content)
            and any(_meets(token, request, _title_words(item)) for token in particular)
        ]
        met = [sum(_has(token, _title_words(item)) for token in content) for item in fits]
        if fits:
            return [item for item, number in zip(fits, met, strict=True) if number == max(met)]
    return []


def _of_condition(request: str, base: Draft) -> list[Template]:
    """Return the journeys for the condition of the draft's people that have every word.

    "A first-year journey" of diabetics is that of diabetes.
    """
    primary = ((base.profile or {}).get("clinical") or {}).get("primary") or {}
    said = [token for token in tokens(request) if token.is_content]
    said = [token for token in said if token.text.lower() not in ("add", "journey", "journeys")]
    if not said or not primary or any(unit.letter == "n" for unit in lexicon.units(request)):
        return []
    return [
        item
        for item in templates.load_library()
        if item.kind == "journey"
        and str(primary.get("code"))[:3] in _title_words(item)
        and all(_has(token, _title_words(item)) for token in said)
    ]


def _title_words(item: Template) -> set[str]:
    return _stems(f"{item.name} {item.title}")


def _words(item: Template) -> set[str]:
    return _stems(f"{item.name} {item.title} {item.description}")


def _stems(text: str) -> set[str]:
    """Return the words of a text in their first five letters, and the codes of its conditions."""
    codes = {unit.value[:3] for unit in lexicon.units(text) if unit.letter in "ck"}
    return {word[:5] for word in re.findall(r"[a-z0-9]+", text.lower())} | codes


def _meets(token: Token, text: str, words: set[str]) -> bool:
    pieces = re.findall(r"[a-z0-9]+", token.text.lower())
    if all(piece[:5] in words or piece in _GENERIC for piece in pieces):
        return True
    units = [unit for unit in lexicon.units(text) if unit.start <= token.start < unit.end]
    return any(unit.letter in "ck" and unit.value[:3] in words for unit in units)


def _has(token: Token, words: set[str]) -> bool:
    """Return whether a text has each part of a word itself, general words included."""
    return {piece[:5] for piece in re.findall(r"[a-z0-9]+", token.text.lower())} <= words


def _empty(request: str) -> dict[str, Any]:
    name = "-".join(re.findall(r"[a-z0-9]+", request.lower())[:5])[:64].strip("-") or "journey"
    return {
        "kind": "journey",
        "format": FORMAT,
        "name": name,
        "title": request.strip()[:200],
        "version": 1,
        "duration_days": 365,
        "phases": [{"name": "journey", "steps": []}],
    }
