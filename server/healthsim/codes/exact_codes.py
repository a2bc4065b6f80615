"""Codes that say more of a condition than others: nobody has both at one time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import product

from healthsim.codes.books import read_lines

_UNSPECIFIED, _RIGHT, _LEFT, _BOTH = 0, 1, 2, 3


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    return tuple((vague, exact) for vague, exact, *_ in read_lines("exact_codes"))


@cache
def _lines() -> dict[str, tuple[tuple[str, ...], int]]:
    """Return of each code that names a side its line of the table, and its place in it."""
    return {
        code: (tuple(codes), place)
        for codes in read_lines("sides")
        for place, code in enumerate(codes)
        if code
    }


@cache
def _sides() -> dict[str, tuple[str, int]]:
    """Return of each code that names a side its family, and its place in a line of the table."""
    return {code: ("".join(line), place) for code, (line, place) in _lines().items()}


@lru_cache(maxsize=65_536)
def says_more(exact: str, vague: str) -> bool:
    """Tell whether a code says more of the condition that another code states.

    A side says more than no side, and both sides more than one of them.

    >>> says_more("I25.118", "I25.10"), says_more("M17.0", "M17.11"), says_more("M17.11", "M17.0")
    (True, True, False)
    >>> says_more("H40.1131", "H40.1131"), says_more("C50.911", "C50.912")
    (False, False)
    """
    if any(vague.startswith(one) and exact.startswith(more) for one, more in _pairs()):
        return True
    family, place = _sides().get(exact, ("", -1))
    other, less = _sides().get(vague, ("-", -1))
    return family == other and (less == _UNSPECIFIED < place or less < place == _BOTH)


@lru_cache(maxsize=65_536)
def other_side(code: str) -> tuple[str, str] | None:
    """Return the code of the other side of a condition, and the code of both sides at once.

    None of a code without a side, and where the classification has no code of both.

    >>> other_side("M17.12"), other_side("M17.0"), other_side("C50.911")
    (('M17.11', 'M17.0'), None, None)
    """
    line, place = _lines().get(code, ((), -1))
    if place not in (_RIGHT, _LEFT) or len(line) <= _BOTH or not line[_BOTH]:
        return None
    other = line[_LEFT if place == _RIGHT else _RIGHT]
    return (other, line[_BOTH]) if other else None


def with_both_sides(codes: Iterable[str]) -> tuple[str, ...]:
    """Return codes in which the two sides of one condition are the code of both (I.B.13).

    >>> with_both_sides(["M17.11", "I10", "M17.12"]), with_both_sides(["C50.911", "C50.912"])
    (('M17.0', 'I10'), ('C50.911', 'C50.912'))
    """
    stated = tuple(codes)
    pairs = ((code, other_side(code)) for code in stated)
    joined = {code: both[1] for code, both in pairs if both is not None and both[0] in stated}
    return tuple(dict.fromkeys(joined.get(code, code) for code in stated))


def exact_pairs(codes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of these codes of which one says more than the other, as (vague, exact).

    >>> list(exact_pairs(["M17.12", "M17.0", "I10", "M17.11"]))
    [('M17.11', 'M17.0'), ('M17.12', 'M17.0')]
    """
    ordered, families = sorted(set(codes)), dict[str, list[str]]()
    for code in ordered:
        families.setdefault(_sides().get(code, (code, 0))[0], []).append(code)
    for one, more in _pairs():
        yield from product(
            (code for code in ordered if code.startswith(one)),
            [code for code in ordered if code.startswith(more)],
        )
    for family in families.values():
        yield from (pair for pair in product(family, family) if says_more(pair[1], pair[0]))
