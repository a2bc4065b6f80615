"""The ledger of wishes: every content word and figure of a request, and what became of it.

A wish is a piece of a request with its fate. Conservation holds at every step: each token of
each request is in exactly one wish.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from healthsim.building.vocabulary import FUNCTION_WORDS
from healthsim.errors import Refused

Fate = Literal["bound", "changed", "open", "not_built", "ignored"]
Span = tuple[int, int]

SAYS_NOTHING = "says nothing"
"""The note of fillers."""

LEFT_OUT = "left out on purpose"
"""The note of words that the person goes on without."""

SAID_BEFORE = "said before"
"""The note of words that an earlier request has too: they are accounted for there."""

FOR_JOURNEY = "pass these words to start_journey_builder"
"""The note of words that ask for a journey."""

LONGEST = 2000
"""Characters of a request that are read."""

_CODE = r"(?:[A-TV-Za-tv-z]\d[0-9A-Za-z]\.[0-9A-Za-z]{1,4})(?![\w.]*\w)"
_FIGURE = (
    r"(?:[$€£±≤≥<>~+]\s?)*\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?![\d])(?:\s?%)?"
    r"|(?:(?:[$€£±≤≥<>~]|\+-|-\+|\+/-)\s?)*\d(?:\d|[.,:/'’×–-](?=\d))*"
    r"(?:\s?%|\+(?!\w)|[^\W\d_]\w*)?"
)
_WORD = r"[^\W\d](?:[\w'’]|[-](?=\w))*"
_TOKEN = re.compile(rf"(?P<code>(?<!\w){_CODE})|(?P<figure>{_FIGURE})|(?P<word>{_WORD})")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, figure or code of a request, with its place in it."""

    start: int
    end: int
    text: str
    kind: Literal["word", "figure", "code"]

    @property
    def is_content(self) -> bool:
        """Whether it says something: all but articles, prepositions, politeness and the like."""
        return self.kind != "word" or self.text.lower().strip("'’-") not in FUNCTION_WORDS


def tokens(text: str) -> list[Token]:
    """Split a text into tokens; a figure stays whole, with its sign, unit and separators.

    >>> [token.text for token in tokens("A41.9, $3,000-deductible, 80/20 and 35 % in 2:1")]
    ['A41.9', '$3,000', 'deductible', '80/20', 'and', '35 %', 'in', '2:1']
    """
    return list(_tokens(text))


@lru_cache(maxsize=64)  # a ledger is rebuilt wish by wish, over the same requests
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(
        Token(match.start(), match.end(), match[0], match.lastgroup)  # type: ignore[arg-type]
        for match in _TOKEN.finditer(text)
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """A piece of a request, and what became of it.

    Attributes:
        request: its number in `Draft.requests`.
        words: the piece as it was written; of fillers, all of them.
        spans: its tokens, as characters of the request, (start, end).
        fate: `bound` to `path`; `changed` there by a later change; `open`, a question;
            `not_built`, with the nearest thing that is; or `ignored`, because it says nothing or
            because the person goes on without it.
        path: of the draft; `save_as` and `template` are of the conversation.
        note: what it was bound to, or why it was not.
        suggestions: changes that would answer it.
        took: of one that is changed, what stood at its path first, as JSON.
    """

    request: int
    words: str
    spans: tuple[Span, ...]
    fate: Fate
    path: str = ""
    note: str = ""
    suggestions: tuple[dict[str, Any], ...] = ()
    took: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Wish:
        """Read back a wish that was stored as JSON."""
        fields = dict(document)
        fields["spans"] = tuple((start, end) for start, end in fields["spans"])
        fields["suggestions"] = tuple(fields.get("suggestions", ()))
        return cls(**fields)

    def line(self) -> str:
        """Return it as a line for the person and the model."""
        if self.fate in ("bound", "changed"):
            return f"{self.words!r} -> {self.path}{f': {self.note}' if self.note else ''}"
        return f"{self.words} ({self.note})" if self.note else self.words


def unsettled(wishes: Iterable[Wish]) -> list[Wish]:
    """Return the wishes that are not in the draft: those that are open and those not built."""
    return [wish for wish in wishes if wish.fate in ("open", "not_built")]


def lost(requests: Sequence[str], wishes: Sequence[Wish]) -> list[str]:
    """Return the tokens that are in no wish or in several, or are cut: conservation says none."""
    faults = []
    for number, request in enumerate(requests):
        spans = [span for wish in wishes if wish.request == number for span in wish.spans]
        for token in tokens(request[:LONGEST]):
            holders = [1 for start, end in spans if start < token.end and token.start < end]
            whole = any(start <= token.start and token.end <= end for start, end in spans)
            if len(holders) != 1 or not whole:
                faults.append(token.text)
    return faults


def bind(
    wishes: Sequence[Wish],
    requests: Sequence[str],
    words: str,
    path: str,
    note: str = "",
    where: str = "for",
) -> tuple[Wish, ...]:
    """Bind words of a request to a path, whatever became of them before.

    Raises:
        Refused: no request has these words; the error lists the open ones.
    """
    return _move(wishes, requests, _place(wishes, requests, words, where), "bound", path, note)


def take(
    wishes: Sequence[Wish],
    requests: Sequence[str],
    source: Wish,
    spans: Iterable[Span],
    bound: Wish,
) -> tuple[Wish, ...]:
    """Bind some words of an open wish as another wish is bound; the rest of it stays open."""
    moved = tuple(span for span in spans if span in source.spans)
    if source not in wishes or not moved:
        return tuple(wishes)
    kept = [wish for wish in wishes if wish is not source]
    kept += _without(source, moved, requests)
    words = quote(requests[source.request], moved)
    return (*kept, Wish(source.request, words, moved, "bound", bound.path, bound.note))


def drop(
    wishes: Sequence[Wish], requests: Sequence[str], words: str, where: str = "for"
) -> tuple[Wish, ...]:
    """Ignore words on purpose, because the person goes on without them."""
    place = _place(wishes, requests, words, where)
    return _move(wishes, requests, place, "ignored", "", LEFT_OUT)


def drop_all(wishes: Sequence[Wish]) -> tuple[Wish, ...]:
    """Ignore everything that is open or not built, because the person goes on without it."""
    waiting = unsettled(wishes)
    return tuple(
        replace(wish, fate="ignored", note=_left_out(wish), suggestions=())
        if wish in waiting else wish
        for wish in wishes
    )  # fmt: skip


def _left_out(wish: Wish) -> str:
    return f"{LEFT_OUT} ({wish.note})" if wish.fate == "not_built" else LEFT_OUT


def _move(
    wishes: Sequence[Wish],
    requests: Sequence[str],
    place: tuple[int, Span],
    fate: Fate,
    path: str,
    note: str,
) -> tuple[Wish, ...]:
    number, (start, end) = place
    moved = [
        (token.start, token.end)
        for token in tokens(requests[number][:LONGEST])
        if start <= token.start and token.end <= end
    ]
    rest = [
        part
        for wish in wishes
        for part in (_without(wish, moved, requests) if wish.request == number else [wish])
    ]
    text = one_line(requests[number][start:end])
    return (*rest, Wish(number, text, tuple(moved), fate, path, note))


def _place(
    wishes: Sequence[Wish], requests: Sequence[str], words: str, where: str
) -> tuple[int, Span]:
    """Return the request and the characters where words stand; where they are open, if anywhere."""
    wanted = [token.text.lower() for token in tokens(words)]
    places = [
        (number, (said[at].start, said[at + len(wanted) - 1].end))
        for number, request in enumerate(requests)
        for said in [tokens(request[:LONGEST])]
        for lower in [[token.text.lower() for token in said]]
        for at in range(len(said) - len(wanted) + 1)
        if wanted and lower[at : at + len(wanted)] == wanted
    ]
    waiting = unsettled(wishes)
    still_open = [
        place
        for place in places
        if any(wish.request == place[0] and _meet(wish.spans, place[1]) for wish in waiting)
    ]
    if not places:
        listed = "; ".join(repr(wish.words) for wish in waiting)[:500]
        raise Refused(
            where,
            f"{words[:80]!r} is in none of the requests",
            f"write words of a request as they stand there; open are: {listed or 'none'}",
        )
    return (still_open or places)[0]


def _meet(spans: Iterable[Span], other: Span) -> bool:
    return any(start < other[1] and other[0] < end for start, end in spans)


def _without(wish: Wish, moved: Sequence[Span], requests: Sequence[str]) -> list[Wish]:
    """Return a wish without some of its tokens: itself, one or two pieces, or nothing."""
    left = [span for span in wish.spans if span not in moved]
    if len(left) == len(wish.spans):
        return [wish]
    text = requests[wish.request]
    words = quote(text, left)
    if wish.fate in ("open", "not_built") and not any(
        token.is_content for start, end in left for token in tokens(text[start:end])
    ):
        return (
            [replace(wish, spans=tuple(left), words=words, fate="ignored", note="", suggestions=())]
            if left
            else []
        )
    return [replace(wish, spans=tuple(left), words=words, suggestions=())] if left else []


def quote(text: str, spans: Sequence[Span]) -> str:
    """Return the words of some spans; what stands between neighbours is kept."""
    pieces: list[str] = []
    last = -1
    for start, end in sorted(spans):
        between = text[last:start] if last >= 0 else ""
        if pieces and not re.search(r"\w", between):
            pieces[-1] += between + text[start:end]
        else:
            pieces.append(text[start:end])
        last = end
    return one_line(" … ".join(pieces))


def one_line(text: str) -> str:
    """Return words with one space for each run of spaces, line ends and control characters."""
    return " ".join(re.sub(r"[\s\x00-\x1f\x7f\u2028\u2029]+", " ", text).split())
