"""Names and streets: frequent names, and streets that do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import NotFound, near
from healthsim.products.populationsim.choice import WeightedChoice, group_starts
from healthsim.products.populationsim.datafiles import rows
from healthsim.tables import Coded

SEXES = ("M", "F")
GROUPS = ("white", "black", "asian", "native", "hispanic", "other")
DECADES = tuple(range(1930, 2030, 10))  # of birth; earlier and later years use the nearest

Codes: TypeAlias = Coded | NDArray[np.int32]
"""Labels, or their positions in `SEXES` or `GROUPS`; -1 or an unknown sex means any."""


@dataclass(frozen=True, eq=False)
class NameList:
    """Names in groups, each with a weight."""

    vocabulary: tuple[str, ...]
    name: NDArray[np.int32]  # of each item, shape (items,)
    choice: WeightedChoice

    @classmethod
    def of(cls, weights: list[tuple[int, str, int]], groups: int) -> NameList:
        """Build from (group, name, weight), in the order in which they are listed."""
        listed = sorted(weights, key=lambda item: item[0])
        names = Coded.of([name for _, name, _ in listed])
        group = np.array([number for number, _, _ in listed], dtype=np.int32)
        weight = np.array([weight for _, _, weight in listed], dtype=np.int64)
        choice = WeightedChoice.of(weight, group_starts(group, groups))
        return cls(names.vocabulary, names.codes, choice)

    def choose(self, group: NDArray[np.int32], u: NDArray[np.float64]) -> Coded:
        """Return a name for each row."""
        return Coded(self.name[self.choice.choose(group, u)], self.vocabulary)


def given_name(sex: Codes, birth_year: NDArray[np.int32], u: NDArray[np.float64]) -> Coded:
    """Return a given name for each person, by how frequent it was at birth.

    Args:
        sex: labels M and F, or int32 positions in `SEXES`, shape (n,); others mean any.
        birth_year: int32, shape (n,).
        u: float64, shape (n,), in the open interval (0, 1).
    """
    decade = np.clip((birth_year - DECADES[0]) // 10, 0, len(DECADES) - 1)
    return _given_names().choose((_sex(sex) * len(DECADES) + decade).astype(np.int32), u)


def all_given_names() -> tuple[str, ...]:
    """Return the given names of `given_name`, in the order of its codes."""
    return _given_names().vocabulary


def all_surnames() -> tuple[str, ...]:
    """Return the surnames of `surname`, in the order of its codes."""
    return _surnames().vocabulary


def middle_name(sex: Codes, u: NDArray[np.float64]) -> Coded:
    """Return a middle name for each person; the caller chooses who has none."""
    return _middle_names().choose(_sex(sex), u)


def surname(group: Codes, u: NDArray[np.float64]) -> Coded:
    """Return a surname for each person, by how frequent it is in a group of race or ethnicity.

    Args:
        group: labels of `GROUPS`, or int32 positions in it, shape (n,); -1 means any.
        u: float64, shape (n,), in the open interval (0, 1).
    """
    if isinstance(group, Coded):
        group = _positions(group, "surname group")
    return _surnames().choose(np.where(group < 0, len(GROUPS), group).astype(np.int32), u)


def street(u_number: NDArray[np.float64], u_name: NDArray[np.float64]) -> NDArray[np.bytes_]:
    """Return street addresses that do not exist, as fixed-width bytes, shape (n,).

    >>> street(np.array([0.1]), np.array([0.98])).tolist()
    [b'1090 Synthetic Sycamore St']
    """
    numbers, streets = _house_numbers(), _streets()
    number = numbers[(u_number * len(numbers)).astype(np.intp)]
    name = streets[(u_name * len(streets)).astype(np.intp)]
    return np.strings.add(number, name)


def _sex(sex: Codes) -> NDArray[np.int32]:
    """Return 0 for M, 1 for F, 2 for any other, int32, shape (n,)."""
    if isinstance(sex, Coded):
        positions = [SEXES.index(label) if label in SEXES else 2 for label in sex.vocabulary]
        return np.array([*positions, 2], dtype=np.int32)[sex.codes]
    return np.where((sex == 0) | (sex == 1), sex, 2).astype(np.int32)


def _positions(group: Coded, where: str) -> NDArray[np.int32]:
    """Return each row's position in `GROUPS`, int32, shape (n,); -1 where there is none."""
    for label in group.vocabulary:
        if label not in GROUPS:
            raise NotFound(where, f"no group {label!r}", near(label, GROUPS))
    return np.array([*map(GROUPS.index, group.vocabulary), -1], dtype=np.int32)[group.codes]


@cache
def _given_names() -> NameList:
    """Groups: men by decade, women by decade, everyone by decade."""
    weights = [
        (sex * len(DECADES) + DECADES.index(int(row["decade"])), row["name"], int(row["weight"]))
        for row in rows("given_names.csv")
        for sex in (SEXES.index(row["sex"]), len(SEXES))
    ]
    return NameList.of(weights, 3 * len(DECADES))


@cache
def _middle_names() -> NameList:
    weights = [
        (sex, row["name"], int(row["weight"]))
        for row in rows("middle_names.csv")
        for sex in (SEXES.index(row["sex"]), len(SEXES))
    ]
    return NameList.of(weights, 3)


@cache
def _surnames() -> NameList:
    """Groups: those of `GROUPS`, then everyone; weights are people in hundredths of a percent."""
    weights = []
    for row in rows("surnames.csv"):
        people = int(row["weight"])
        shares = [round(float(row[group]) * 100) for group in GROUPS]
        weights += [(number, row["surname"], people * share) for number, share in enumerate(shares)]
        weights.append((len(GROUPS), row["surname"], people))
    return NameList.of(weights, len(GROUPS) + 1)


@cache
def _streets() -> NDArray[np.bytes_]:
    return np.array([row["street"].encode() for row in rows("streets.csv")])


@cache
def _house_numbers() -> NDArray[np.bytes_]:
    return np.array([b"%d " % number for number in range(100, 10_000)])
