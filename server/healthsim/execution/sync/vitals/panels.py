"""Measures of two codes, as blood pressure: both are read at one time, stated or usual."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import observation
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.execution.sync.vitals.choice import StatedSigns, stated_keys
from healthsim.execution.sync.vitals.occasions import Occasions
from healthsim.execution.timeline.record import Record
from healthsim.medicine.vitals import PAIRS
from healthsim.tables import Coded

Floats = NDArray[np.float64]


def read_together(
    code: Coded, person: NDArray[np.int64], encounter: NDArray[np.int64], at: Minutes
) -> Minutes:
    """Return when stated signs are measured, minutes: the second code of a pair with the first.

    The first, second, ... value of each code in an encounter on one day belong together.

    Args:
        code: LOINC codes, shape (n,).
        person: int64, of each.
        encounter: int64, of each; `NO_NUMBER` outside of encounters.
        at: int64, minutes since 1970 at which each would be measured alone.
    """
    moved = at.copy()
    for first, second in PAIRS:
        leads, follows = (np.flatnonzero(code.equals(one)) for one in (first, second))
        if not (len(leads) and len(follows)):
            continue
        some = np.concatenate([leads, follows])
        where = np.stack([person[some], encounter[some], at[some] // DAY])
        group = np.unique(where, axis=1, return_inverse=True)[1].reshape(-1) * len(some)
        lead = group[: len(leads)] + _turns(group[: len(leads)], at[leads])
        follow = group[len(leads) :] + _turns(group[len(leads) :], at[follows])
        _, mine, theirs = np.intersect1d(lead, follow, assume_unique=True, return_indices=True)
        moved[follows[theirs]] = at[leads[mine]]
    return moved


def _turns(group: NDArray[np.int64], at: Minutes) -> NDArray[np.int64]:
    """Return how many of its group come before each, by time, int64, shape (n,)."""
    order = np.lexsort((at, group))
    ranked = group[order]
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order)) - np.searchsorted(ranked, ranked)
    return turn


def complete(
    found: Mapping[str, Floats], record: Record, occasions: Occasions, stated: StatedSigns
) -> tuple[dict[str, Floats], dict[str, Minutes]]:
    """Measure the other code of a pair where a journey states one of them on a day of a visit.

    It is what the person's usual values make of the stated one: 120 over 76 where 120 is stated
    of one whose pressure is 132 over 84 that day.

    Args:
        found: code -> float64, shape (occasions,); NaN where it is not measured.
        record: of the chunk's people.
        occasions: when vital signs may be taken; the first of a day takes the place.
        stated: what journeys state.

    Returns:
        `found` with them, and code -> minutes at which they are measured, int64, (occasions,).
    """
    values, times = dict(found), {}
    mine = stated_keys(occasions.rows, occasions.at, occasions.visit)
    first_of_day = np.zeros(len(occasions), dtype=np.bool_)
    first_of_day[np.unique(mine, return_index=True)[1]] = True
    for pair in PAIRS:
        for code, other in (pair, pair[::-1]):
            alone = first_of_day & np.isin(mine, stated.keys(other))
            on = np.flatnonzero(alone & ~np.isin(mine, stated.keys(code)))
            if not len(on):
                continue
            source = _earliest(stated, other, mine[on])
            usual = record.body.values(pair, occasions.rows[on], occasions.days[on])
            value = stated.value[other][source] * usual[code] / usual[other]
            column = values.get(code, np.full(len(occasions), np.nan)).copy()
            column[on] = np.round(value, observation(code).decimals)
            values[code], times[code] = column, occasions.at.copy()
            times[code][on] = stated.at[other][source]
    return values, times


def _earliest(stated: StatedSigns, code: str, keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return positions of the earliest stated value of a code of each key; each has one."""
    own = stated.keys(code)
    order = np.lexsort((stated.at[code], own))
    return order[np.searchsorted(own[order], keys)]
