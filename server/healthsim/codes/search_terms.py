"""The words of a query as terms: phrases, plurals, lay words and abbreviations."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_LAY_WORDS = Path(__file__).parent / "data" / "lay_words.csv"
_STOP_WORDS = frozenset((
    "a", "an", "and", "by", "code", "codes", "for", "from", "in", "is", "of", "on", "or",
    "patient", "patients", "the", "to", "what", "with",
))  # fmt: skip
_LONGEST_PHRASE = 4
_MOST_WORDS = 12


class QueryTerm(NamedTuple):
    """One word or phrase of a query.

    Attributes:
        written: the words as they were written.
        wordings: the same in other words; each is stems that a text must all have.
        meant: the codes meant, as (system, code or its beginning), the likeliest first.
    """

    written: str
    wordings: tuple[tuple[str, ...], ...]
    meant: tuple[tuple[str, str], ...] = ()


class LayWord(NamedTuple):
    """The codes that a lay word means, and the words of the books for it."""

    meant: tuple[tuple[str, str], ...]
    wordings: tuple[tuple[str, ...], ...]


@cache
def lay_words() -> dict[str, LayWord]:
    """Return the lay words, abbreviations and phrases that the books lack, by their stems."""
    with _LAY_WORDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {
        " ".join(map(_stem, words.split())): LayWord(
            tuple((code.split(":")[0], code.split(":")[1]) for code in _items(codes)),
            tuple(tuple(map(_stem, wording.split())) for wording in _items(wordings)),
        )
        for words, codes, wordings in rows
    }


def _items(cell: str) -> list[str]:
    return [item for item in cell.split("; ") if item]


def _stem(word: str) -> str:
    """Cut off the ending of a plural, so that both forms begin with the rest.

    >>> [_stem(word) for word in ("seizures", "biopsies", "arthritis", "mi", "diabetes")]
    ['seizure', 'biops', 'arthritis', 'mi', 'diabete']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3]
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui":
        return word[:-1]
    return word


def query_words(query: str) -> list[str]:
    """Return the words of a query in lower case, without stop words if there are others."""
    words = re.findall(r"[a-z0-9]+(?:[-.'/+][a-z0-9]+)*", query.lower().replace("'s", ""))
    telling = [word for word in words if word not in _STOP_WORDS]
    return (telling or words)[:_MOST_WORDS]


def query_terms(words: list[str]) -> list[QueryTerm]:
    """Return the terms of a query, from left to right, the longest known phrase first."""
    terms: list[QueryTerm] = []
    place = 0
    while place < len(words):
        size, lay = _phrase(words[place : place + _LONGEST_PHRASE])
        own = tuple(map(_stem, words[place : place + size]))
        wordings = (own, *(wording for wording in lay.wordings if wording != own))
        terms.append(QueryTerm(" ".join(words[place : place + size]), wordings, lay.meant))
        place += size
    return terms


def _phrase(words: list[str]) -> tuple[int, LayWord]:
    for size in range(len(words), 0, -1):
        lay = lay_words().get(" ".join(map(_stem, words[:size])))
        if lay:
            return size, lay
    return 1, LayWord((), ())
