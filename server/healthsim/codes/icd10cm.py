"""Rules on pairs of ICD-10-CM codes: combinations and exclusions; `diagnoses` has the codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from healthsim.codes.diagnoses import DiagnosisCode, Icd10cm, contradicts_sex, icd10cm
from healthsim.codes.exact_codes import says_more
from healthsim.codes.excludes1 import has_excludes1

__all__ = [
    "COMBINATIONS",
    "EXCLUDES",
    "Combination",
    "DiagnosisCode",
    "Icd10cm",
    "combined",
    "conflicts",
    "contradicts_sex",
    "icd10cm",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Combination:
    """One rule of the classification: conditions that are stated by a combination code.

    Attributes:
        code: prefix of the stated code that the rule applies to.
        with_: prefixes, each of which another code of the person must have.
        becomes: the code that replaces it.
        keep: whether the stated code stays and `becomes` is added.
        unless: the rule does not apply if a code with one of these prefixes is stated.
    """

    code: str
    with_: tuple[str, ...]
    becomes: str
    keep: bool = False
    unless: tuple[str, ...] = ()


_EARLY = ("N18.1", "N18.2", "N18.3", "N18.4", "N18.9")
_LATE = ("N18.5", "N18.6")

COMBINATIONS: tuple[Combination, ...] = (
    # Hypertension, heart failure and kidney disease (FY 2026 guidelines, I.C.9.a.1-3).
    *(Combination(c, ("I50", n), "I13.2") for c in ("I10", "I11", "I12", "I13") for n in _LATE),
    *(Combination(c, ("I50", n), "I13.0") for c in ("I10", "I11", "I12", "I13.1") for n in _EARLY),
    *(Combination("I11.0", (n,), "I13.2") for n in _LATE),
    *(Combination("I11.0", (n,), "I13.0") for n in _EARLY),
    *(Combination("I11.9", (n,), "I13.11") for n in _LATE),
    *(Combination("I11.9", (n,), "I13.10") for n in _EARLY),
    *(Combination(c, (n,), "I12.0") for c in ("I10", "I12") for n in _LATE),
    *(Combination(c, (n,), "I12.9") for c in ("I10", "I12") for n in _EARLY),
    *(Combination(c, ("I50",), "I11.0") for c in ("I10", "I11.9")),
    # Diabetes "with" chronic kidney disease (I.A.15): a link is assumed.
    Combination("E11.9", ("N18",), "E11.22"),
    Combination("E10.9", ("N18",), "E10.22"),
    Combination("E11", ("N18",), "E11.22", keep=True, unless=("E11.2",)),
    Combination("E10", ("N18",), "E10.22", keep=True, unless=("E10.2",)),
)
"""Applied in this order, the specific before the general; prefixes of N18 and I50 stay."""

EXCLUDES: tuple[tuple[str, str], ...] = (
    # Excludes1 notes of the classification (April 2026).
    *(("E10", "E11"), ("E10", "O24.4"), ("E11", "O24.4"), ("E10", "R73"), ("E11", "R73")),
    *(("I10", other) for other in ("O10", "O11", "O13", "O14", "O16")),
    *(("F31", "F32"), ("F31", "F33"), ("F32", "F33"), ("I12", "I15"), ("J06", "J02.0")),
    *(("Z34", "O09"), ("Z00.0", "Z00.12")),
    *(("P05", "P07.0"), ("P05", "P07.1")),  # low weight that is not due to slow growth
    # Codes whose own titles contradict each other on one day.
    *((f"{kind}.9", f"{kind}.{digit}") for kind in ("E10", "E11") for digit in "023456"),
    *(("I10", other) for other in ("I11", "I12", "I13")),
    *(("I11", "I12"), ("I11", "I13"), ("I12", "I13")),
    *((same, same) for same in ("N18", "N40", "E66.81", "Z68", "Z3A", "I50.2", "I50.3")),
    *(("E66.3", f"E66.{digit}") for digit in "01289"),
    *(("O80", "O82"), ("Z00.00", "Z00.01"), ("Z00.121", "Z00.129")),
)
"""Pairs of prefixes: no person may have two different codes, one of each, at one time."""


def combined(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the codes that a person has at one time, combined as the classification requires.

    >>> combined(["E11.9", "I10", "N18.30", "I50.22"])
    ('E11.22', 'I13.0', 'N18.30', 'I50.22')
    """
    return _combined(tuple(dict.fromkeys(codes)))


@lru_cache(maxsize=65_536)
def _combined(codes: tuple[str, ...]) -> tuple[str, ...]:
    stated = list(codes)
    for rule in COMBINATIONS:
        if _holds(rule, stated):
            stated = _stated(rule, stated)
    return tuple(stated)


def conflicts(codes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of codes that no person can have at one time.

    >>> conflicts(["E10.9", "E11.9", "I10"])
    (('E10.9', 'E11.9'),)
    """
    distinct = tuple(dict.fromkeys(codes))
    return tuple(
        (first, second)
        for place, first in enumerate(distinct)
        for second in distinct[place + 1 :]
        if mutually_exclusive(first, second)
    )


def mutually_exclusive(first: str, second: str) -> bool:
    """Tell whether two codes exclude each other, by a note, by their titles or as one says more.

    >>> mutually_exclusive("J30.9", "J45.909"), mutually_exclusive("J30.9", "J45.20")
    (True, False)
    """
    if first == second:
        return False
    if says_more(first, second) or says_more(second, first):
        return True
    return contradict(first, second) or has_excludes1(first, second)


@lru_cache(maxsize=65_536)
def contradict(first: str, second: str) -> bool:
    """Tell whether two codes match one of the pairs of `EXCLUDES`.

    >>> contradict("E11.9", "E11.22"), contradict("J30.9", "J45.909")
    (True, False)
    """
    return first != second and any(
        _pair(first, second, pair) or _pair(second, first, pair) for pair in EXCLUDES
    )


def _pair(first: str, second: str, pair: tuple[str, str]) -> bool:
    return first.startswith(pair[0]) and second.startswith(pair[1])


def _holds(rule: Combination, stated: list[str]) -> bool:
    return (
        any(code.startswith(rule.code) for code in stated)
        and all(any(code.startswith(prefix) for code in stated) for prefix in rule.with_)
        and not any(code.startswith(rule.unless) for code in stated)
    )


def _stated(rule: Combination, codes: list[str]) -> list[str]:
    stated: list[str] = []
    for code in codes:
        if not code.startswith(rule.code):
            stated.append(code)
        elif rule.keep:
            stated += [code, rule.becomes]
        else:
            stated.append(rule.becomes)
    return list(dict.fromkeys(stated))
