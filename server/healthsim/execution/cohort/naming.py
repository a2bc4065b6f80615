"""Names of people: as their group has them, distinct within a household."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, years
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.people import FIRST_BORN, People
from healthsim.products.populationsim.name_forms import (
    FAMILY,
    GIVEN,
    HYPHENATED,
    MARKED,
    TWO,
    Vocabulary,
    family_of_group,
    family_vocabulary,
    given_of_group,
    given_vocabulary,
    share_of,
)
from healthsim.products.populationsim.names import GROUPS, SEXES, given_name, surname
from healthsim.tables import Coded

_SPOUSE, _FIRST_CHILD = 2, 3  # places in a household
_SPOUSE_OF_OTHER_NAME = 0.2  # Pew 2023: 79 % of women in marriages took the husband's name
_SPOUSE_OF_BOTH_NAMES = 0.05  # of these, Pew 2023: 5 % hyphenated their name
_CHILD_OF_OTHER_NAME = 0.05  # assumption: children of an earlier union
_TRIES = 64  # of a name that nobody of the household has; each fails for one in ten at most
_GROUP_OF = {"white": "white", "black": "black", "asian": "asian", "american_indian": "native",
             "pacific_islander": "asian", "other": "other", "multiple": "other"}  # fmt: skip

Codes = NDArray[np.int32]
Chooser = Callable[[str, NDArray[np.intp]], Codes]
"""Given what is added to a decision, and rows of people: their codes."""


@dataclass(frozen=True)
class Names:
    """The names of everyone of a chunk.

    Attributes:
        given: with its marks, where they are written.
        family: one surname, or two with a hyphen or a space between.
        mailbox: both as they stand in an address, bytes, ``given.family``.
    """

    given: Coded
    family: Coded
    mailbox: NDArray[np.bytes_]


@dataclass(frozen=True)
class _Surnames:
    """Surnames in parts, int32, shape (n,).

    Attributes:
        first: code in the vocabulary of surnames.
        second: likewise; -1 for those with one surname.
        joint: 0 for a hyphen, 1 for a space.
    """

    first: Codes
    second: Codes
    joint: Codes

    def take(self, rows: NDArray[np.int64]) -> _Surnames:
        """Return the surnames of some rows."""
        return _Surnames(self.first[rows], self.second[rows], self.joint[rows])


def draw_names(people: People, draws: Draws) -> Names:
    """Give everyone a given name and a surname that agree with sex, year of birth and group."""
    group, sex = _groups(people), _positions(people.gender)
    marks = draws.uniform("identity.marks") < share_of(MARKED)[group, sex]
    given = _distinct(people, _given(draws, "identity.given_name", (group, sex), people.birth))
    words = given_vocabulary()
    given = np.where(marks, words.with_marks[given], given).astype(np.int32)
    surnames = _surnames(people, draws, (group, sex), marks)
    mail = np.strings.add(np.strings.add(words.mail[given], b"."),
                          family_vocabulary().mail[surnames.first])  # fmt: skip
    return Names(Coded(given, words.texts), _joined(surnames, family_vocabulary()), mail)


def draw_given_names(
    people: People,
    draws: Draws,
    decision: str,
    gender: Coded,
    birth: Days,
    rows: NDArray[np.integer[Any]],
) -> Coded:
    """Return given names of relatives who are not in the data, of the group of some people.

    Args:
        people: whose relatives they are.
        draws: numbers for these people.
        decision: address of the draw.
        gender: of each relative.
        birth: days of birth of the relatives.
        rows: for each relative the row of a person whose draws and group it has.
    """
    group, sex, words = _groups(people)[rows], _positions(gender), given_vocabulary()
    codes = _given(draws, decision, (group, sex), birth, rows)("", np.arange(len(rows)))
    marks = draws.uniform("identity.marks")[rows] < share_of(MARKED)[group, sex]
    return Coded(np.where(marks, words.with_marks[codes], codes).astype(np.int32), words.texts)


def draw_family_names(
    people: People, draws: Draws, decision: str, rows: NDArray[np.integer[Any]]
) -> Coded:
    """Return surnames of others, of the group of some people; arguments as of given names."""
    return surname(_groups(people)[rows], draws.uniform(decision)[rows])


def _given(
    draws: Draws,
    decision: str,
    stratum: tuple[Codes, Codes],
    birth: Days,
    of: NDArray[np.integer[Any]] | None = None,
) -> Chooser:
    """Return how given names are chosen: of the year of birth, or of the group.

    Args:
        draws: numbers for people.
        decision: address of the draw.
        stratum: group and sex of those who get a name.
        birth: their days of birth.
        of: for each of them the row of the person whose draws they have; by default themselves.
    """
    (group, sex), born = stratum, years(birth)

    def number(suffix: str, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        uniforms = draws.uniform(f"{decision}{suffix}")
        return uniforms[rows if of is None else of[rows]]

    def choose(again: str, rows: NDArray[np.intp]) -> Codes:
        nation = given_name(sex[rows], born[rows], number(again, rows))
        own = given_of_group(group[rows], sex[rows], number(f"/of_group{again}", rows))
        of_group = number("/form", rows) < share_of(GIVEN)[group[rows], sex[rows]]
        return np.where(of_group, own, nation.codes).astype(np.int32)

    return choose


def _distinct(people: People, choose: Chooser) -> Codes:
    """Choose names so that nobody has that of another of the household, by place.

    Those who come later in a household give way. Children who are never born have no name.
    """
    names = choose("", np.arange(len(people)))
    if people.households is None:
        return names
    roster = people.households.roster
    unit = roster.unit - (roster.unit[0] if len(roster.unit) else 0)
    taken = np.full((int(unit[-1]) + 1 if len(unit) else 0, 0), -1, dtype=np.int32)
    for place in sorted(roster.rows_of):
        rows = roster.rows_of[place]
        rows = rows[people.birth[rows] != NO_DAY]
        for again in range(1, _TRIES):
            clash = rows[(taken[unit[rows]] == names[rows, None]).any(axis=1)]
            if not len(clash):
                break
            names[clash] = choose(f"/again#{again}", clash)
        column = np.full(len(taken), -1, dtype=np.int32)
        column[unit[rows]] = names[rows]
        taken = np.column_stack([taken, column])
    return names


def _surnames(
    people: People, draws: Draws, stratum: tuple[Codes, Codes], marks: NDArray[np.bool_]
) -> _Surnames:
    """Return everyone's surnames; most dependants have their anchor's."""
    own = _own_surnames(draws, stratum, marks)
    if people.households is None:
        return own
    number, anchor = people.number, people.households.anchor
    share = np.where(number == _SPOUSE, _SPOUSE_OF_OTHER_NAME, _CHILD_OF_OTHER_NAME)
    share[number >= FIRST_BORN] = 0
    u = draws.uniform("identity.own_surname")
    both = (number == _SPOUSE) & (u >= share) & (u < share + _SPOUSE_OF_BOTH_NAMES)
    both &= own.first != own.first[anchor]
    rows = np.where(u < share, np.arange(len(anchor)), anchor)
    theirs = own.take(rows)
    return replace(
        theirs,
        first=np.where(both, own.first, theirs.first),
        second=np.where(both, own.first[anchor], theirs.second),
        joint=np.where(both, np.int32(0), theirs.joint),
    )


def _own_surnames(
    draws: Draws, stratum: tuple[Codes, Codes], marks: NDArray[np.bool_]
) -> _Surnames:
    group, words = stratum[0], family_vocabulary()
    form, hyphenated = draws.uniform("identity.family_name/form"), share_of(HYPHENATED)[stratum]
    own_list = draws.uniform("identity.family_name/list") < share_of(FAMILY)[stratum]
    nation = surname(group, draws.uniform("identity.family_name")).codes
    of_group = family_of_group(group, draws.uniform("identity.family_name/of_group"))
    first = np.where(own_list, of_group, nation)
    second = surname(group, draws.uniform("identity.family_name/second")).codes
    two = (form < hyphenated + share_of(TWO)[stratum]) & (second != first)
    joint = np.where(form < hyphenated, np.int32(0), np.int32(1))
    first, second = (
        np.where(marks, words.with_marks[codes], codes).astype(np.int32)
        for codes in (first, second)
    )
    return _Surnames(first, np.where(two, second, -1).astype(np.int32), joint)


def _joined(surnames: _Surnames, words: Vocabulary) -> Coded:
    """Return surnames as text, each text once in the vocabulary, with those of two parts in it."""
    two, size = np.flatnonzero(surnames.second >= 0), len(words.texts)
    key = (surnames.first[two].astype(np.int64) * size + surnames.second[two]) * 2
    pairs, codes = np.unique(key + surnames.joint[two], return_inverse=True)
    texts, joints = np.array(words.texts), np.array(["-", " "])
    first, second = texts[pairs // 2 // size], texts[pairs // 2 % size]
    joined = np.strings.add(np.strings.add(first, joints[pairs % 2]), second)
    found = surnames.first.copy()
    found[two] = size + codes
    vocabulary, code = np.unique(np.concatenate([texts, joined]), return_inverse=True)
    return Coded(code[found].astype(np.int32), tuple(vocabulary.tolist()))


def _groups(people: People) -> Codes:
    """Return everyone's position in `GROUPS`: Hispanics of any race, others by race."""
    of_race = [GROUPS.index(_GROUP_OF.get(race, "other")) for race in people.race.vocabulary]
    codes = np.array([*of_race, GROUPS.index("other")], dtype=np.int32)[people.race.codes]
    hispanic = people.ethnicity.equals("hispanic")
    return np.where(hispanic, np.int32(GROUPS.index("hispanic")), codes)


def _positions(gender: Coded) -> Codes:
    """Return 0 for M, 1 for F, 2 for any other."""
    sex = np.full(len(gender), len(SEXES), dtype=np.int32)
    for number, label in enumerate(SEXES):
        sex[gender.equals(label)] = number
    return sex
