"""Codes that were likely meant by a mistyped one: those at one edit, the likeliest first.

All codes at one replaced character are about equally likely, with two exceptions. A character is
mostly replaced by one of its kind, a digit by a digit and a letter by a letter, and there are fewer
digits. And some characters look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from string import ascii_uppercase, digits

MOST = 5
_SIGNS = digits + ascii_uppercase
_ALIKE = frozenset(
    frozenset(pair) for pair in ("O0", "I1", "L1", "S5", "B8", "Z2", "G6", "Q0", "D0", "IL", "UV")
)
_MOST_BELOW = 2_000  # codes considered below a beginning
_LONGEST = 40  # longer than any code
_SHORTEST = 3  # characters of a meaningful beginning
_LOST_ZEROS = 3
_FILLERS = "0X9"


@dataclass(frozen=True, slots=True)
class CodeIndex:
    """A code book, as the search for near codes uses it.

    Attributes:
        bare: the bare form of a written code, in which codes are compared: without case, dots and
            dashes.
        whole: the code of a bare form, if the book has it and it can be used now; or None.
        below: the codes whose bare form begins with a text.
        weight: how common a code is; of two equally near codes the more common comes first.
    """

    bare: Callable[[str], str]
    whole: Callable[[str], str | None]
    below: Callable[[str], Iterable[str]]
    weight: Callable[[str], int] = lambda _: 0


def nearest(index: CodeIndex, text: str, most: int = MOST) -> tuple[str, ...]:
    """Return the codes nearest to a written one, the likeliest first.

    In this order: the code with dot or case corrected; with leading zeros that were lost; without
    filling characters at its end; codes that begin with it; codes with one character replaced,
    then left out, added, or two exchanged; codes that share the longest beginning.
    """
    bare = index.bare(text)
    if not bare or len(bare) > _LONGEST:
        return ()
    codes: dict[str, None] = {}
    for tier in (_itself, _padded, _begun, _children, _replaced, _others, _shortened):
        for code in tier(index, bare):
            codes.setdefault(code)
            if len(codes) == most:
                return tuple(codes)
    return tuple(codes)


def related(index: CodeIndex, text: str, most: int = MOST) -> tuple[str, ...]:
    """Return the codes that share the longest beginning: parents of a code, and codes below them.

    For a code that is certainly meant, mistyped neighbours make no sense; only related codes do.
    """
    codes = dict.fromkeys(_shortened(index, index.bare(text)))
    return tuple(islice(codes, most))


def _itself(index: CodeIndex, bare: str) -> Iterator[str]:
    code = index.whole(bare)
    if code is not None:
        yield code


def _padded(index: CodeIndex, bare: str) -> Iterator[str]:
    """Yield the code with leading zeros, which spreadsheets remove."""
    padded = (bare.zfill(len(bare) + more) for more in range(1, _LOST_ZEROS + 1) if bare.isdigit())
    yield from (code for zeros_added in padded if (code := index.whole(zeros_added)) is not None)


def _begun(index: CodeIndex, bare: str) -> Iterator[str]:
    """Yield the code without filling characters at its end: I10.0, E11.90.

    Other characters are not removed: a replaced character elsewhere is then as likely.
    """
    for size in range(len(bare) - 1, _SHORTEST - 1, -1):
        if bare[size] not in _FILLERS:
            return
        code = index.whole(bare[:size])
        if code is not None:
            yield code


def _children(index: CodeIndex, bare: str) -> Iterator[str]:
    below = [code for code in islice(index.below(bare), _MOST_BELOW) if index.bare(code) != bare]
    size = len(bare) + 1
    yield from sorted(
        below, key=lambda code: (len(index.bare(code)) != size, -index.weight(code), code)
    )


def _replaced(index: CodeIndex, bare: str) -> Iterator[str]:
    ranked: list[tuple[int, int, int, str]] = []
    for place, wrong in enumerate(bare):
        for right in _SIGNS:
            code = index.whole(bare[:place] + right + bare[place + 1 :]) if right != wrong else None
            if code is not None:
                ranked.append((_unlike(wrong, right), -index.weight(code), -place, code))
    yield from (code for *_, code in sorted(ranked))


def _unlike(wrong: str, right: str) -> int:
    """Rank a replacement: characters that look alike, digits, letters, others."""
    if frozenset((wrong, right)) in _ALIKE:
        return 0
    if wrong.isdigit() and right.isdigit():
        return 1
    return 2 if wrong.isalpha() and right.isalpha() else 3


def _others(index: CodeIndex, bare: str) -> Iterator[str]:
    places = range(len(bare))
    edits = [
        bare[:place] + sign + bare[place:] for place in range(len(bare) + 1) for sign in _SIGNS
    ]
    edits += [bare[:place] + bare[place + 1 :] for place in places]
    edits += [
        bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :] for place in places[:-1]
    ]
    codes = {code for edit in edits if (code := index.whole(edit)) is not None}
    ranked = [(-index.weight(code), -_shared(index, code, bare), code) for code in codes]
    yield from (code for *_, code in sorted(ranked))


def _shared(index: CodeIndex, code: str, bare: str) -> int:
    """Return the length of the common beginning of two codes."""
    other = index.bare(code)
    return next(
        (
            place
            for place, (first, second) in enumerate(zip(other, bare, strict=False))
            if first != second
        ),
        min(len(other), len(bare)),
    )


def _shortened(index: CodeIndex, bare: str) -> Iterator[str]:
    """Yield the codes that share the longest beginning of at least three characters."""
    for size in range(len(bare) - 1, _SHORTEST - 1, -1):
        code = index.whole(bare[:size])
        if code is not None:
            yield code
        yield from _children(index, bare[:size])
