"""Chronic causes of death are of people who have the disease; others die of something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import combined
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.mentions import HeldCodes
from healthsim.execution.timeline.record import Record
from healthsim.medicine.charted_causes import charted_causes
from healthsim.medicine.spread import is_primary_tumor, is_spread

_CANCER = "C80"  # its row of the table is about every cancer
_UNKNOWN = "R99"  # ICD-10: ill-defined and unknown, where nothing else is left


def as_charted(
    record: Record, rows: Rows, days: Days, cause: NDArray[np.int64], words: Sequence[str],
    shares: NDArray[np.float64],
) -> tuple[NDArray[np.int64], tuple[str, ...]]:  # fmt: skip
    """Return causes of death that fit what the dead had.

    Args:
        record: of the chunk.
        rows: ascending positions of the dead.
        days: int32, their last days.
        cause: int64, shape (n,): positions in `words`.
        words: categories of ICD-10.
        shares: float64, shape (n, words): what else each of them may have died of.

    Returns:
        Positions, and the words, to which the categories of own codes are added.
    """
    held = record.conditions.held(record.moment(rows, days))
    own, named = np.full((len(words), len(rows)), -1), list(words)
    possible = np.ones((len(words), len(rows)), dtype=np.bool_)
    for place, word in enumerate(words):
        if word in charted_causes():
            own[place] = _own(held, word, named)
            possible[place] = own[place] >= 0
            if charted_causes()[word].new:
                sudden = _place(named, charted_causes()[word].new)
                own[place] = np.where(possible[place], own[place], sudden)
                possible[place] = True
    allowed = shares * possible.T
    total = allowed.sum(axis=1)
    edges = np.cumsum(allowed, axis=1) / np.where(total > 0, total, 1)[:, None]
    u = record.draws.uniform("mortality/other_cause", rows)
    other = (u[:, None] >= edges).sum(axis=1)
    unknown = _place(named, _UNKNOWN)
    other = np.where(total > 0, np.minimum(other, len(words) - 1), unknown)
    everyone = np.arange(len(rows))
    found = np.where(possible[cause, everyone], cause, other)
    inside = found < len(words)
    theirs = own[np.where(inside, found, 0), everyone]
    return np.where(inside & (theirs >= 0), theirs, found), tuple(named)


def as_known(
    record: Record, rows: Rows, days: Days, cause: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return what people die of whose death of a cancer is stated: of their own, by its own code.

    Args:
        record: of the chunk.
        rows: ascending positions of the dead.
        days: int32, their last days.
        cause: the code that is stated; another than a cancer's is kept.

    Returns:
        Positions, and the words, the first of which is the code that is stated.
    """
    named = [cause]
    if not is_primary_tumor(cause):
        return np.zeros(len(rows), dtype=np.int64), (cause,)
    held = record.conditions.held(record.moment(rows, days))
    stated = np.zeros(len(held.sets), dtype=np.int64)
    for place, codes in enumerate(held.sets):
        mine = [one for one in charted_causes()[_CANCER].of(codes) if is_primary_tumor(one)]
        if mine and not any(one.startswith(cause[:3]) for one in mine):
            stated[place] = _place(named, mine[0])
    return stated[held.chosen], tuple(named)


def _own(held: HeldCodes, word: str, named: list[str]) -> NDArray[np.int64]:
    """Return the category that is stated for each of the dead who has a disease, -1 for others."""
    charted = charted_causes()[word]
    stated = np.full(len(held.sets), -1, dtype=np.int64)
    for place, codes in enumerate(held.sets):
        mine = charted.of((*codes, *combined(codes)))
        if mine:
            own = charted.own and not is_spread(mine[0])
            stated[place] = _place(named, mine[0][:3] if own else word)
    return stated[held.chosen]


def _place(named: list[str], word: str) -> int:
    """Return the position of a word among others; a new one comes last."""
    if word not in named:
        named.append(word)
    return named.index(word)
