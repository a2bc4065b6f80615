"""Codes that somebody may have meant who wrote another one: at one edit, the likeliest first.

If one sign of a code drawn from the whole book is replaced by another, all codes at one replaced
sign are equally likely, but for two things: a sign is mostly replaced by one of its kind, digit by
digit and letter by letter, of which there are fewer digits; and some signs look alike.
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
_MOST_BELOW = 2_000  # codes below a beginning that are looked at
_LONGEST = 40  # longer than any code
_SHORTEST = 3  # signs of a beginning that says what was meant
_LOST_ZEROS = 3
_FILLING = "0X9"


@dataclass(frozen=True, slots=True)
class CodeIndex:
    """A code book as something to look for near codes in.

    Attributes:
        bare: a written code as it is compared: case, dots and dashes forgiven.
        whole: the code of a bare one, where the book holds it and it may be used now.
        below: the codes whose bare form begins so.
        weight: how common a code is; the more common of two equally near ones comes first.
    """

    bare: Callable[[str], str]
    whole: Callable[[str], str | None]
    below: Callable[[str], Iterable[str]]
    weight: Callable[[str], int] = lambda _: 0


def nearest(space: CodeIndex, text: str, most: int = MOST) -> tuple[str, ...]:
    """Return the codes nearest to what was written, the likeliest first.

    Itself with its dot or case mended; then it with leading zeros that were lost, and without last
    signs that fill it up; then what is below it, if it is a beginning; then one sign replaced;
    then one left out, one too many, two exchanged; then what shares the longest beginning.
    """
    said = space.bare(text)
    if not said or len(said) > _LONGEST:
        return ()
    found: dict[str, None] = {}
    for tier in (_itself, _padded, _begun, _children, _replaced, _others, _shortened):
        for code in tier(space, said):
            found.setdefault(code)
            if len(found) == most:
                return tuple(found)
    return tuple(found)


def kin(space: CodeIndex, text: str, most: int = MOST) -> tuple[str, ...]:
    """Return what shares the longest beginning with a code: its parents, and what is below them.

    Of a code that is sure there are no look-alikes: only what stands beside it says about the same.
    """
    found = dict.fromkeys(_shortened(space, space.bare(text)))
    return tuple(islice(found, most))


def _itself(space: CodeIndex, said: str) -> Iterator[str]:
    code = space.whole(said)
    if code is not None:
        yield code


def _padded(space: CodeIndex, said: str) -> Iterator[str]:
    """Yield the code of which a spreadsheet took the leading zeros away."""
    padded = (said.zfill(len(said) + more) for more in range(1, _LOST_ZEROS + 1) if said.isdigit())
    yield from (code for one in padded if (code := space.whole(one)) is not None)


def _begun(space: CodeIndex, said: str) -> Iterator[str]:
    """Yield the code that is whole before signs that it was filled up with: I10.0, E11.90.

    Only such signs: after any other one a replaced sign elsewhere is as likely.
    """
    for size in range(len(said) - 1, _SHORTEST - 1, -1):
        if said[size] not in _FILLING:
            return
        code = space.whole(said[:size])
        if code is not None:
            yield code


def _children(space: CodeIndex, said: str) -> Iterator[str]:
    found = [code for code in islice(space.below(said), _MOST_BELOW) if space.bare(code) != said]
    size = len(said) + 1
    yield from sorted(
        found, key=lambda code: (len(space.bare(code)) != size, -space.weight(code), code)
    )


def _replaced(space: CodeIndex, said: str) -> Iterator[str]:
    ranked: list[tuple[int, int, int, str]] = []
    for place, wrong in enumerate(said):
        for right in _SIGNS:
            code = space.whole(said[:place] + right + said[place + 1 :]) if right != wrong else None
            if code is not None:
                ranked.append((_unlike(wrong, right), -space.weight(code), -place, code))
    yield from (code for *_, code in sorted(ranked))


def _unlike(wrong: str, right: str) -> int:
    """Rank a replacement: signs that look alike, digits, letters, others."""
    if frozenset((wrong, right)) in _ALIKE:
        return 0
    if wrong.isdigit() and right.isdigit():
        return 1
    return 2 if wrong.isalpha() and right.isalpha() else 3


def _others(space: CodeIndex, said: str) -> Iterator[str]:
    places = range(len(said))
    edits = [
        said[:place] + sign + said[place:] for place in range(len(said) + 1) for sign in _SIGNS
    ]
    edits += [said[:place] + said[place + 1 :] for place in places]
    edits += [
        said[:place] + said[place + 1] + said[place] + said[place + 2 :] for place in places[:-1]
    ]
    codes = {code for edit in edits if (code := space.whole(edit)) is not None}
    ranked = [(-space.weight(code), -_shared(space, code, said), code) for code in codes]
    yield from (code for *_, code in sorted(ranked))


def _shared(space: CodeIndex, code: str, said: str) -> int:
    """Return how many signs two codes have in common from the beginning."""
    other = space.bare(code)
    return next(
        (place for place, (one, two) in enumerate(zip(other, said, strict=False)) if one != two),
        min(len(other), len(said)),
    )


def _shortened(space: CodeIndex, said: str) -> Iterator[str]:
    """Yield what shares the longest beginning of at least three signs."""
    for size in range(len(said) - 1, _SHORTEST - 1, -1):
        code = space.whole(said[:size])
        if code is not None:
            yield code
        yield from _children(space, said[:size])
