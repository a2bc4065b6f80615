"""How people's names are formed: names of groups, two surnames, hyphens, and marks on letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.products.populationsim.datafiles import rows
from healthsim.products.populationsim.names import (
    GROUPS,
    SEXES,
    NameList,
    all_given_names,
    all_surnames,
)

GIVEN, FAMILY = "given name of the group", "surname of the group"
HYPHENATED, TWO, MARKED = "hyphenated surname", "two surnames", "marks are written"
_BOTH = len(SEXES)  # row of those who are neither: the mean, or the names of both


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Names as codes, and after them those names that are written with marks, each text once.

    Attributes:
        texts: of each code.
        mail: of each code, ASCII letters in lower case, bytes.
        with_marks: int32, shape (names,), code of each name as it is written with marks; its own
            where it has none.
    """

    texts: tuple[str, ...]
    mail: NDArray[np.bytes_]
    with_marks: NDArray[np.int32]

    @classmethod
    def of(cls, names: tuple[str, ...]) -> Vocabulary:
        """Return names, each given once, and how they are written with marks."""
        written = [marked(name) for name in names]
        texts = tuple(dict.fromkeys((*names, *written)))
        code = {text: number for number, text in enumerate(texts)}
        with_marks = np.array([code[text] for text in written], dtype=np.int32)
        return cls(texts, np.array([*map(mailbox, texts), ""], dtype="S"), with_marks)


def marked(name: str) -> str:
    """Return a name with the marks of its parts.

    >>> marked("Maria Jose"), marked("Smith")
    ('María José', 'Smith')
    """
    return "".join(_marks().get(part, part) for part in re.split(r"([ '-])", name))


def mailbox(name: str) -> str:
    """Return a name as it stands in an address: its ASCII letters.

    >>> mailbox("De La Peña")
    'delapena'
    """
    plain = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


@cache
def _marks() -> Mapping[str, str]:
    return {row["plain"]: row["marked"] for row in rows("name_marks.csv")}


@cache
def share_of(what: str) -> NDArray[np.float64]:
    """Return a share of people by group and sex, float64, shape (groups, 3); 0 where not listed.

    >>> bool(share_of("two surnames")[GROUPS.index("hispanic"), 0] > 0.1)
    True
    """
    shares = np.zeros((len(GROUPS), 3))
    for row in rows("name_shares.csv"):
        if row["what"] == what:
            shares[GROUPS.index(row["group"]), SEXES.index(row["sex"])] = float(row["share"])
    shares[:, _BOTH] = np.round(shares[:, :_BOTH].mean(axis=1), 9)
    shares.setflags(write=False)
    return shares


@cache
def given_vocabulary() -> Vocabulary:
    """Return all given names: those of the nation, then those of groups."""
    return Vocabulary.of(tuple(dict.fromkeys((*all_given_names(), *_given_of_groups().vocabulary))))


@cache
def family_vocabulary() -> Vocabulary:
    """Return all surnames: those of the nation, then those of groups."""
    return Vocabulary.of(tuple(dict.fromkeys((*all_surnames(), *_family_of_groups().vocabulary))))


def given_of_group(
    group: NDArray[np.int32], sex: NDArray[np.int32], u: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return codes in `given_vocabulary` of names that are frequent in groups, int32, shape (n,).

    Args:
        group: positions in `GROUPS`; only those for whom `share_of` gives a share.
        sex: 0 for M, 1 for F, 2 for any other.
        u: float64, in (0, 1).
    """
    found = _given_of_groups().choose((group * 3 + sex).astype(np.int32), u)
    return _translated(found.vocabulary, given_vocabulary())[found.codes]


def family_of_group(group: NDArray[np.int32], u: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return codes in `family_vocabulary` of surnames of groups, int32, shape (n,)."""
    found = _family_of_groups().choose(group.astype(np.int32), u)
    return _translated(found.vocabulary, family_vocabulary())[found.codes]


def _translated(names: tuple[str, ...], into: Vocabulary) -> NDArray[np.int32]:
    position = {text: code for code, text in enumerate(into.texts)}
    return np.array([position[name] for name in names], dtype=np.int32)


@cache
def _given_of_groups() -> NameList:
    """Groups: each of `GROUPS` by sex, the third for both."""
    weights = [
        (GROUPS.index(row["group"]) * 3 + sex, row["name"], int(row["weight"]))
        for row in rows("given_names_of_groups.csv")
        for sex in (SEXES.index(row["sex"]), _BOTH)
    ]
    return NameList.of([*weights, *_placeholders(weights, 3 * len(GROUPS))], 3 * len(GROUPS))


@cache
def _family_of_groups() -> NameList:
    weights = [(GROUPS.index(row["group"]), row["name"], int(row["weight"]))
               for row in rows("surnames_of_groups.csv")]  # fmt: skip
    return NameList.of([*weights, *_placeholders(weights, len(GROUPS))], len(GROUPS))


def _placeholders(weights: list[tuple[int, str, int]], groups: int) -> list[tuple[int, str, int]]:
    """Return a name for each group that lists none, so that every group has one; never chosen."""
    listed = {group for group, _, _ in weights}
    return [(group, weights[0][1], 1) for group in range(groups) if group not in listed]
