"""In which stays which drugs are held, by their diagnoses, results and people's conditions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from healthsim.execution.sync.chart.places import (
    Mask,
    codes_like,
    codes_where,
    numbers,
    texts,
)
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.held_drugs import HeldDrugs
from healthsim.tables import Columns

_LATEST = 2**26  # more than the minutes since 1970 of any day here


def stays_holding(rule: HeldDrugs, stays: Columns, tables: Mapping[str, Columns]) -> Mask:
    """Return in which stays a rule holds its drugs; bool, shape (n,).

    A result holds them for the whole stay: the last one before it, or any one in it.

    Args:
        rule: which drugs, and why.
        stays: `person_id`, `encounter_id`, `start_at` and `end_at` of some encounters.
        tables: the finished tables of the chunk.
    """
    always = not rule.diagnoses and not rule.labs
    holds = np.full(len(numbers(stays, "person_id")), always)
    if rule.diagnoses:
        table = tables["encounter_diagnoses"]
        coded = codes_like(texts(table, "code"), rule.diagnoses)
        if rule.principal:
            coded &= numbers(table, "sequence") <= 1
        there = numbers(table, "encounter_id")[coded]
        holds |= np.isin(numbers(stays, "encounter_id"), there)
    if rule.labs and "lab_results" in tables:
        holds |= _by_results(rule, stays, tables["lab_results"])
    if rule.unless and holds.any():
        held = tables["conditions"]
        known = codes_like(texts(held, "code"), rule.unless)
        holds &= ~np.isin(numbers(stays, "person_id"), numbers(held, "person_id")[known])
    return holds


def still_held(rule: HeldDrugs, stays: Columns, tables: Mapping[str, Columns]) -> Mask:
    """Return which stays end with a last result that still holds a rule's drugs; bool, (n,).

    Arguments as of `stays_holding`.
    """
    if not rule.labs or "lab_results" not in tables:
        return np.zeros(len(numbers(stays, "person_id")), dtype=np.bool_)
    ends = numbers(stays, "end_at")
    return _by_results(rule, {**stays, "start_at": ends + 1, "end_at": ends}, tables["lab_results"])


def _by_results(rule: HeldDrugs, stays: Columns, results: Columns) -> Mask:
    """Return in which stays a result is below the bound of a rule, or was before; bool."""
    tests = np.flatnonzero(codes_where(texts(results, "loinc"), rule.labs.__contains__))
    person, at = (numbers(results, name)[tests] for name in ("person_id", "collected_at"))
    when = person * _LATEST + at
    order = np.argsort(when, kind="stable")
    value = np.asarray(results["value"], dtype=np.float64)[tests][order]
    low = np.concatenate([[0], np.cumsum(value < rule.below)])
    owner, start, end = (numbers(stays, name) for name in ("person_id", "start_at", "end_at"))
    first = np.searchsorted(when[order], owner * _LATEST + start)
    last = np.searchsorted(when[order], owner * _LATEST + end, side="right")
    holds = low[last] > low[first]
    before = np.flatnonzero(first > 0)
    latest = when[order][first[before] - 1]
    counts = latest >= owner[before] * _LATEST + start[before] - rule.days * DAY
    holds[before] |= counts & (value[first[before] - 1] < rule.below)
    return holds
