"""Codes related to a condition: tests, drugs, procedures, specialties, other diagnoses."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from healthsim.codes.books import read_rows


class ConditionLinks(NamedTuple):
    """The codes related to every ICD-10-CM code with a prefix.

    Attributes:
        prefix: beginning of the codes, with its dot.
        display: the group of codes, in our words.
        labs: LOINC codes that are measured.
        drugs: names of our drug book.
        procedures: HCPCS Level II or ICD-10-PCS codes.
        specialties: those that treat it, the usual one first.
        comorbid: ICD-10-CM codes that people with it often have too.
        source: the guideline that was considered, or ``assumption``; nothing is copied from it.
    """

    prefix: str
    display: str
    labs: tuple[str, ...]
    drugs: tuple[str, ...]
    procedures: tuple[str, ...]
    specialties: tuple[str, ...]
    comorbid: tuple[str, ...]
    source: str


class Links(NamedTuple):
    """The codes related to one code, from all its prefixes, the longest first.

    Attributes:
        code: the code that was asked for.
        conditions: the rows of its prefixes; empty where there is none.
    """

    code: str
    conditions: tuple[ConditionLinks, ...]
    labs: tuple[str, ...]
    drugs: tuple[str, ...]
    procedures: tuple[str, ...]
    specialties: tuple[str, ...]
    comorbid: tuple[str, ...]
    sources: tuple[str, ...]


def _condition(line: list[str]) -> ConditionLinks:
    labs, drugs, procedures, specialties, comorbid = (
        tuple(text.split(";")) if text else () for text in line[2:7]
    )
    return ConditionLinks(line[0], line[1], labs, drugs, procedures, specialties, comorbid, line[7])


@cache
def conditions() -> dict[str, ConditionLinks]:
    """Return the related codes of every prefix."""
    return read_rows("links", _condition)


def goes_with(code: str) -> Links:
    """Return the codes related to a diagnosis; empty where none are listed.

    Args:
        code: an ICD-10-CM code or a beginning of one, with or without its dot.

    >>> goes_with("E11.22").drugs[:2]
    ('empagliflozin 10 mg tablet', 'dapagliflozin 10 mg tablet')
    >>> goes_with("E11").specialties[0], goes_with("Z99").labs
    ('family medicine', ())
    """
    bare = code.upper().replace(".", "")
    rows = tuple(
        sorted(
            (row for prefix, row in conditions().items() if bare.startswith(_bare(prefix))),
            key=lambda row: len(row.prefix),
            reverse=True,
        )
    )
    return Links(
        code,
        rows,
        _all(row.labs for row in rows),
        _all(row.drugs for row in rows),
        _all(row.procedures for row in rows),
        _all(row.specialties for row in rows),
        tuple(other for other in _all(row.comorbid for row in rows) if _bare(other) != bare),
        _all((row.source,) for row in rows),
    )


def _bare(code: str) -> str:
    return code.replace(".", "")


def _all(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in lists for code in codes))
