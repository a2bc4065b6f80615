"""Which usual vital signs are taken on which occasion: by class, age and habit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import whole_months
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.people import People
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.execution.sync.vitals.occasions import (
    ARRIVING,
    LEAVING,
    Occasions,
)
from healthsim.medicine.vitals import (
    EVERY,
    MEASURES,
    ROUND,
    WEIGHED,
    YEARLY,
    VitalRule,
    vital_rules,
)
from healthsim.medicine.vitals import LEAVING as ON_LEAVING

_A_DAY = 24  # hours
_MONTHS = 12
_YEARS = 2**10  # more than any year of age, in a key with a person
_DAYS, _VISITS = 2**18, 2**20  # more than any day or visit of a chunk, in a key with a person


@dataclass(frozen=True, eq=False)
class StatedSigns:
    """Vital signs that journeys state, by LOINC code; arrays of one code are aligned.

    Attributes:
        rows: positions of people in the chunk.
        at: minutes since 1970.
        value: as measured.
        visit: position among the chunk's encounters of the one it was taken in; -1 outside.
    """

    rows: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    at: Mapping[str, Minutes] = field(default_factory=dict)
    value: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    visit: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    def keys(self, code: str) -> NDArray[np.int64]:
        """Return `stated_keys` of all that is stated of a code, int64, (n,)."""
        if code not in self.rows:
            return np.zeros(0, dtype=np.int64)
        return stated_keys(self.rows[code], self.at[code], self.visit[code])


def choose(
    occasions: Occasions, people: People, draws: Draws, stated: StatedSigns
) -> dict[str, NDArray[np.bool_]]:
    """Return on which occasions each LOINC code is measured: code -> bool, shape (occasions,).

    What a journey states in a visit is not taken a second time on that day of the visit; nor is
    the other code of its measure, which `panels` completes.
    """
    months = whole_months(people.birth[occasions.rows], occasions.days)
    pairs = draws.pairs(occasions.rows, occasions.at)
    taken: dict[str, NDArray[np.bool_]] = {}
    habit: dict[str, NDArray[np.float64]] = {}
    classes = sorted({visit.details.encounter_class for visit in occasions.visits})
    for encounter_class in classes:
        own = occasions.of_class(encounter_class)
        for rule in vital_rules(encounter_class):
            if rule.at == WEIGHED:
                continue
            if rule.measure not in habit:
                habit[rule.measure] = draws.at(f"vitals/{rule.measure}", occasions.rows, pairs)
                taken[rule.measure] = np.zeros(len(occasions), dtype=np.bool_)
            aged = (months >= rule.from_months) & (months < rule.below_months)
            now = own & aged & _due(rule, occasions, months, stated)
            taken[rule.measure] |= now & (habit[rule.measure] < rule.share)
    return {
        code: chosen & ~_any_already(occasions, stated, measure)
        for measure, chosen in taken.items()
        for code in MEASURES[measure]
    }


def _any_already(occasions: Occasions, stated: StatedSigns, measure: str) -> NDArray[np.bool_]:
    """Return where a journey states a code of a measure; bool, shape (occasions,)."""
    found: NDArray[np.bool_] = np.logical_or.reduce(
        [already(occasions, stated, code) for code in MEASURES[measure]]
    )
    return found


def _due(
    rule: VitalRule, occasions: Occasions, months: NDArray[np.int32], stated: StatedSigns
) -> NDArray[np.bool_]:
    arriving: NDArray[np.bool_] = occasions.number == ARRIVING
    due: NDArray[np.bool_] = arriving
    if rule.at == ON_LEAVING:
        due = occasions.number == LEAVING
    elif rule.at == ROUND:
        due = occasions.is_round() | occasions.watched_for(rule.measure)
    elif rule.at == EVERY:
        days = max(rule.hours // _A_DAY, 1)
        due = occasions.first_of_day() & (occasions.day_of_stay() % days == 0)
    elif rule.at == YEARLY:
        due = arriving & _first_of_year(rule, occasions, months, stated)
    return due


def _first_of_year(
    rule: VitalRule, occasions: Occasions, months: NDArray[np.int32], stated: StatedSigns
) -> NDArray[np.bool_]:
    """Return which occasions are the first in their person's year of age that may have a rule."""
    may = np.zeros(len(occasions), dtype=np.bool_)
    for encounter_class in {visit.details.encounter_class for visit in occasions.visits}:
        if any(other.at == YEARLY and other.measure == rule.measure
               for other in vital_rules(encounter_class)):  # fmt: skip
            may |= occasions.of_class(encounter_class)
    may &= (occasions.number == ARRIVING) & ~already(occasions, stated, MEASURES[rule.measure][0])
    some = np.flatnonzero(may)
    year = occasions.rows[some].astype(np.int64) * _YEARS + months[some] // _MONTHS
    _, first = np.unique(year, return_index=True)
    chosen = np.zeros(len(occasions), dtype=np.bool_)
    chosen[some[first]] = True
    return chosen


def already(occasions: Occasions, stated: StatedSigns, code: str) -> NDArray[np.bool_]:
    """Return where a journey states a code; bool, shape (occasions,).

    It does so on that day of the visit, or at that minute in another visit.
    """
    keys = stated.keys(code)
    if not len(keys):
        return np.zeros(len(occasions), dtype=np.bool_)
    mine = np.isin(stated_keys(occasions.rows, occasions.at, occasions.visit), keys)
    same_minute = np.isin(
        _minute_keys(occasions.rows, occasions.at), _minute_keys(stated.rows[code], stated.at[code])
    )
    return mine | same_minute


def _minute_keys(rows: NDArray[Any], at: Minutes) -> NDArray[np.int64]:
    """Return one key of a person and a minute, int64, shape (n,)."""
    key: NDArray[np.int64] = rows.astype(np.int64) * (_DAYS * DAY) + at + _DAYS // 2 * DAY
    return key


def stated_keys(rows: NDArray[Any], at: Minutes, visit: NDArray[Any]) -> NDArray[np.int64]:
    """Return one key of a person, a day and a visit, int64, shape (n,).

    Args:
        rows: positions of people in the chunk.
        at: minutes since 1970.
        visit: position among the chunk's encounters; -1 outside.
    """
    day = at // DAY + _DAYS // 2
    key: NDArray[np.int64] = (rows.astype(np.int64) * _DAYS + day) * _VISITS + visit + 1
    return key
