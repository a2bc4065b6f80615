"""Excludes1 notes of the classification: pairs of codes that are never stated together.

Only notes without a condition of their own are held: those that name codes and nothing like
"unless", "without" or "NOS".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from healthsim.codes.books import read_lines


@cache
def _notes() -> dict[str, tuple[str, ...]]:
    return {code: tuple(excluded.split()) for code, excluded in read_lines("excludes1")}


def noted(first: str, second: str) -> bool:
    """Tell whether a note of the classification keeps two codes apart.

    >>> noted("E10.9", "E11.9"), noted("E11.9", "I10")
    (True, False)
    """
    return first != second and (_excludes(first, second) or _excludes(second, first))


def _excludes(first: str, second: str) -> bool:
    return any(second.startswith(other) for one in _beginnings(first) for other in one)


def _beginnings(code: str) -> Iterator[tuple[str, ...]]:
    notes = _notes()
    return (notes.get(code[:size], ()) for size in range(3, len(code) + 1))
