"""Conditions and stages that a test shows are recorded on the day of its result."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.places import codes_where, numbers, texts
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.confirming import defining_tests
from healthsim.medicine.stages import stage_tests
from healthsim.tables import Columns

_LONGEST = 3  # days from a condition's first day to the result that showed it: assumption


def recorded_when_reported(tables: Mapping[str, Columns]) -> Columns:
    """Return `conditions` with `recorded_date` not before the result that shows each.

    A condition that has no such result within some days stays as it is.

    Args:
        tables: the finished tables of conditions and of laboratory results.
    """
    conditions, results = tables["conditions"], tables["lab_results"]
    code, loinc = texts(conditions, "code"), texts(results, "loinc")
    recorded = numbers(conditions, "recorded_date").copy()
    shown = [
        (codes_where(code, partial(_begins, prefixes)), codes_where(loinc, tests.__contains__))
        for prefixes, tests in defining_tests()
    ]
    value = np.asarray(results["value"], dtype=np.float64)
    shown += [
        (code.equals(one.code), loinc.equals(one.loinc) & one.shown_by(value))
        for one in stage_tests().values()
    ]
    for holds, shows in shown:
        at, done = np.flatnonzero(holds), np.flatnonzero(shows)
        if len(at) and len(done):
            recorded[at] = _reported(conditions, at, results, done)
    return {**conditions, "recorded_date": recorded.astype(np.int32)}


def _begins(prefixes: tuple[str, ...], code: str) -> bool:
    return code.startswith(prefixes)


def _reported(
    conditions: Columns, at: NDArray[np.intp], results: Columns, done: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Return the day on which each of some conditions is recorded, int64."""
    person, first, known, over = (
        numbers(conditions, name)[at]
        for name in ("person_id", "onset_date", "recorded_date", "abatement_date")
    )
    whose, taken, told = (
        numbers(results, name)[done] for name in ("person_id", "collected_at", "resulted_at")
    )
    order = np.lexsort((taken, whose))
    whose, taken, told = whose[order], taken[order] // DAY, told[order] // DAY
    keys = np.concatenate([whose, person]), np.concatenate([taken, first - 1])
    place = np.lexsort((np.arange(len(keys[0])) < len(whose), keys[1], keys[0]))
    rank = np.empty(len(place), dtype=np.int64)
    rank[place] = np.cumsum(place < len(whose))
    following = rank[len(whose) :]
    found = np.minimum(following, len(whose) - 1)
    shown = (following < len(whose)) & (whose[found] == person)
    shown &= (taken[found] <= first + _LONGEST) & (told[found] <= first + _LONGEST)
    day = np.maximum(known, told[found])
    return np.where(shown & ((over == NO_DAY) | (day <= over)), day, known)
