"""Codes that say more of a condition than others: nobody has both at one time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from healthsim.codes.books import read_lines


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    return tuple((vague, exact) for vague, exact, *_ in read_lines("exact_codes"))


@lru_cache(maxsize=65_536)
def says_more(exact: str, vague: str) -> bool:
    """Tell whether a code says more of the condition that another code states.

    >>> says_more("I25.118", "I25.10"), says_more("M17.0", "M17.11"), says_more("M17.11", "M17.0")
    (True, True, False)
    """
    return any(vague.startswith(one) and exact.startswith(more) for one, more in _pairs())


def exact_pairs() -> Iterator[tuple[str, str]]:
    """Yield pairs of beginnings of codes: what says less, and what says more."""
    yield from _pairs()
