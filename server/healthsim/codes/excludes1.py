"""Excludes1 notes of the classification: pairs of codes that are never stated together.

Only notes without a condition are included: those that name codes and have no words such as
"unless", "without" or "NOS".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache

from healthsim.codes.books import read_lines


@cache
def _notes() -> dict[str, tuple[str, ...]]:
    return {code: tuple(excluded.split()) for code, excluded in read_lines("excludes1")}


def has_excludes1(first: str, second: str) -> bool:
    """Tell whether a note of the classification excludes one of two codes from the other.

    >>> has_excludes1("E10.9", "E11.9"), has_excludes1("E11.9", "I10")
    (True, False)
    """
    return first != second and (_excludes(first, second) or _excludes(second, first))


def excludes1_pairs(codes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of codes that a note excludes, each as (lesser, greater).

    >>> list(excludes1_pairs(["E11.9", "I10", "E10.9"]))
    [('E10.9', 'E11.9')]
    """
    ordered = sorted(set(codes))
    pairs = set()
    for code in ordered:
        for prefix in (prefix for prefixes in _notes_of(code) for prefix in prefixes):
            for other in ordered[bisect_left(ordered, prefix) :]:
                if not other.startswith(prefix):
                    break
                if other != code:
                    pairs.add((min(code, other), max(code, other)))
    yield from sorted(pairs)


def _excludes(first: str, second: str) -> bool:
    return any(second.startswith(prefix) for prefixes in _notes_of(first) for prefix in prefixes)


def _notes_of(code: str) -> Iterator[tuple[str, ...]]:
    notes = _notes()
    return (notes.get(code[:size], ()) for size in range(3, len(code) + 1))
