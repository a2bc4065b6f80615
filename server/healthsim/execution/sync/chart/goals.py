"""Goals of care: set at a visit, reached or not by the person's own later results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import hash_of, ids
from healthsim.dates import NO_DAY, whole_years
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    apart,
    codes_like,
    codes_where,
    first_of_each,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.goals import CareGoal, care_goals
from healthsim.products.patientsim.wards import GOALS
from healthsim.tables import Coded, Columns, stack, take

_VISITS = ("office", "telehealth", "outpatient_hospital")
_STATUS = ("active", "completed", "cancelled")
_ACTIVE, _COMPLETED, _CANCELLED = range(3)
_ACHIEVEMENTS = ("in-progress", "improving", "worsening", "no-change", "achieved", "sustaining",
                 "not-achieved")  # fmt: skip
_WAITING, _BETTER, _WORSE, _SAME, _ACHIEVED, _SUSTAINED, _MISSED = range(7)
_UNTOLD = -1
_FOLLOWED = "followed"  # no column of the table: whether a goal's results are there
_BITS = 27  # of minutes since 1970, in a key for sorting
_DAY_BITS = 20
Values = NDArray[np.float64]


def goal_rows(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `goals`: one row for each person and kind of goal that suits and is followed."""
    visits, results = _Visits.of(tables["encounters"]), _Results(tables)
    names = list(dict.fromkeys(goal.name for goal in care_goals()))
    parts = [(goal.name, part) for goal in care_goals()
             if (part := _set_goals(ctx, goal, visits, results, tables["conditions"]))]  # fmt: skip
    if not parts:
        return GOALS.empty()
    rows = stack([part for _, part in parts])
    name = np.concatenate(
        [np.full(len(numbers(part, "person_id")), names.index(one)) for one, part in parts]
    )
    first = first_of_each(numbers(rows, "person_id"), name)
    first = first[np.asarray(rows.pop(_FOLLOWED), dtype=np.bool_)[first]]
    rows = take(rows, first)
    addresses = np.array([hash_of(f"chart/goal/{one}") for one in names], dtype=np.int64)
    goal_id = apart(ids(numbers(rows, "person_id"), addresses[name[first]]))
    return take(GOALS.complete({"goal_id": goal_id, **rows}), np.argsort(goal_id))


@dataclass(frozen=True, eq=False)
class _Visits:
    """Visits at which goals are set, by (person, day); int64, shape (n,)."""

    key: Numbers
    encounter: Numbers

    @classmethod
    def of(cls, encounters: Columns) -> _Visits:
        chosen = codes_where(texts(encounters, "encounter_class"), _VISITS.__contains__)
        person = numbers(encounters, "person_id")[chosen]
        key = (person << _DAY_BITS) + numbers(encounters, "start_at")[chosen] // DAY
        order = np.argsort(key, kind="stable")
        return cls(key[order], numbers(encounters, "encounter_id")[chosen][order])

    def after(self, person: Numbers, day: Numbers) -> tuple[Numbers, Numbers]:
        """Return the day and the encounter of people's first visits from a day on.

        The day is `NO_DAY` where there is none.
        """
        place = np.searchsorted(self.key, (person << _DAY_BITS) + day)
        key, encounter = np.append(self.key, -1), np.append(self.encounter, -1)
        found = key[place] >> _DAY_BITS == person
        return np.where(found, key[place] & (2**_DAY_BITS - 1), NO_DAY), encounter[place]


class _Results:
    """Results of tests and vital signs, by the codes that a goal is measured by."""

    def __init__(self, tables: Mapping[str, Columns]) -> None:
        self._tables = [(tables["lab_results"], "collected_at"),
                        (tables["vital_signs"], "measured_at")]  # fmt: skip
        self._known: dict[tuple[str, ...], tuple[Numbers, Values]] = {}

    def of(self, loinc: tuple[str, ...]) -> tuple[Numbers, Values]:
        """Return (person, minute) of results as sorted numbers, and their values."""
        if loinc not in self._known:
            parts = [self._chosen(table, at, loinc) for table, at in self._tables]
            key, value = (np.concatenate(pair) for pair in zip(*parts, strict=True))
            order = np.argsort(key, kind="stable")
            self._known[loinc] = key[order], value[order]
        return self._known[loinc]

    @staticmethod
    def _chosen(table: Columns, at: str, loinc: Sequence[str]) -> tuple[Numbers, Values]:
        rows = np.flatnonzero(codes_where(texts(table, "loinc"), loinc.__contains__))
        value = np.asarray(table["value"], dtype=np.float64)[rows]
        told = ~np.isnan(value)
        key = (numbers(table, "person_id")[rows] << _BITS) + numbers(table, at)[rows]
        return key[told], value[told]


def _latest(
    results: tuple[Numbers, Values], person: Numbers, after: Numbers, until: Numbers
) -> Values:
    """Return people's latest results after one day and until another; NaN where there is none."""
    key, value = results
    place = np.searchsorted(key, (person << _BITS) + (until + 1) * DAY) - 1
    found = place >= 0
    place = np.maximum(place, 0)
    if not len(key):
        return np.full(len(person), np.nan)
    found &= (key[place] >> _BITS == person) & (
        key[place] & (2**_BITS - 1) >= np.maximum((after + 1) * DAY, 0)
    )
    return np.where(found, value[place], np.nan)


def _set_goals(
    ctx: SyncContext, goal: CareGoal, visits: _Visits, results: _Results, conditions: Columns
) -> Columns:
    """Return the rows of one goal, without ids; nothing where it is nobody's."""
    code = texts(conditions, "code")
    chosen = np.flatnonzero(codes_like(code, goal.codes))
    if not len(chosen):
        return {}
    person = numbers(conditions, "person_id")[chosen]
    recorded = numbers(conditions, "recorded_date")[chosen]
    start, encounter = visits.after(person, np.maximum(recorded, ctx.as_of))
    ended = numbers(conditions, "abatement_date")[chosen]
    suits = (start != NO_DAY) & ((ended == NO_DAY) | (ended > start))
    suits &= _suits(ctx, goal, person, start)
    if goal.with_codes:
        suits &= _has(conditions, goal.with_codes, person, start)
    if goal.without_codes:
        suits &= ~_has(conditions, goal.without_codes, person, start)
    rows = np.flatnonzero(suits)
    if not len(rows):
        return {}
    rows = rows[np.lexsort((start[rows], person[rows]))]
    rows = rows[first_of_each(person[rows])]
    person, start, encounter = person[rows], start[rows], encounter[rows]
    return {
        "person_id": person,
        **_target(ctx, goal, results, person, start),
        "condition_id": numbers(conditions, "condition_id")[chosen][rows],
        "encounter_id": encounter,
    }


def _has(conditions: Columns, codes: str, person: Numbers, day: Numbers) -> Mask:
    """Return who has had a condition of some codes by a day, bool, shape (n,)."""
    chosen = codes_like(texts(conditions, "code"), codes)
    key = np.sort((numbers(conditions, "person_id")[chosen] << _DAY_BITS)
                  + np.maximum(numbers(conditions, "onset_date")[chosen], 0))  # fmt: skip
    place = np.searchsorted(key, person << _DAY_BITS)
    has: Mask = np.append(key, np.iinfo(np.int64).max)[place] <= (person << _DAY_BITS) + day
    return has


def _suits(ctx: SyncContext, goal: CareGoal, person: Numbers, start: Numbers) -> Mask:
    """Return whom a goal suits by age, sex and a draw."""
    rows = rows_of(ctx, person)
    age = whole_years(ctx.people.birth[rows], start.astype(np.int32))
    suits: Mask = (age >= goal.least_age) & (age < goal.below_age)
    if goal.sex:
        suits &= ctx.people.gender.take(rows).equals(goal.sex)
    return suits & (ctx.record.draws.uniform(f"chart/goal/{goal.name}", rows) < goal.share)


def _target(
    ctx: SyncContext, goal: CareGoal, results: _Results, person: Numbers, start: Numbers
) -> Columns:
    """Return the columns of what is to be reached, by when, and whether it is.

    A goal that is measured is followed where its result is there in its time, or until the day on
    which it is set while its time is not over.
    """
    size = len(person)
    known = results.of(goal.loinc) if goal.is_measured else (person[:0], np.zeros(0))
    before = _latest(known, person, np.full(size, -1), start)
    low = np.full(size, np.nan if goal.low is None else goal.low)
    below = np.full(size, np.nan if goal.below is None else goal.below)
    if goal.of_latest is not None:
        below = np.round(before * goal.of_latest, 1)
    due = start + goal.due_days
    death = ctx.record.death[rows_of(ctx, person)].astype(np.int64)
    status = np.where(death <= np.minimum(due, ctx.through), _CANCELLED,
                      np.where(due <= ctx.through, _COMPLETED, _ACTIVE))  # fmt: skip
    latest = _latest(known, person, start, due)
    measured = ~(np.isnan(low) & np.isnan(below))
    shown = ~np.isnan(latest) | (~np.isnan(before) & (status != _COMPLETED))
    achievement = _achievement(before, latest, low, below, status == _ACTIVE)
    return {
        _FOLLOWED: shown | (not goal.is_measured),
        "description": Coded.constant(goal.description, size),
        "category": Coded.constant(goal.category, size),
        "loinc": _where(measured, goal.loinc[0] if goal.loinc else None),
        "target_low": low,
        "target_high": below,
        "target_unit": _where(measured, goal.unit),
        "start_date": start.astype(np.int32),
        "due_date": due.astype(np.int32),
        "status": Coded(status.astype(np.int32), _STATUS),
        "achievement": Coded(achievement.astype(np.int32), _ACHIEVEMENTS),
    }


def _where(mask: Mask, text: str | None) -> Coded:
    """Return a text where a mask holds."""
    if text is None:
        return Coded.constant(None, len(mask))
    return Coded(np.where(mask, 0, -1).astype(np.int32), (text,))


def _achievement(
    before: Values, latest: Values, low: Values, below: Values, active: Mask
) -> Numbers:
    """Return how far each goal is, int64; -1 where its day is past and nothing shows it.

    Args:
        before: latest result until the start; NaN where there is none.
        latest: latest result after it, until it is due; NaN where there is none.
        low: lower end of the target; NaN where there is none.
        below: upper end of the target; NaN where there is none.
        active: it is not yet due.
    """

    def off(value: Values) -> Values:
        """Return how far a value lies outside of the target."""
        return np.maximum(np.nan_to_num(low - value, nan=0), np.nan_to_num(value - below, nan=0))

    def meets(value: Values) -> Mask:
        inside = ~np.isnan(value) & ~(value < low) & ~(value >= below)
        return inside & ~(np.isnan(low) & np.isnan(below))

    told = ~np.isnan(latest) & ~(np.isnan(low) & np.isnan(below))
    nearer = np.where(off(latest) < off(before), _BETTER,
                      np.where(off(latest) > off(before), _WORSE, _SAME))  # fmt: skip
    going = np.where(np.isnan(before), _WAITING, nearer)
    missed = np.where(active, going, _MISSED)
    reached = np.where(active & meets(before), _SUSTAINED, _ACHIEVED)
    without = np.where(active, _WAITING, _UNTOLD)
    return np.where(told, np.where(meets(latest), reached, missed), without)
