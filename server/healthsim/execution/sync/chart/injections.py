"""Doses of injections and infusions that are procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from healthsim.execution.sync.chart.places import Numbers, codes_where, numbers, rows_of, texts
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.ward_drugs import procedure_drugs
from healthsim.tables import NO_NUMBER, Coded, Columns

_SOON = 60  # minutes from the beginning of a visit to the dose, at most: assumption
_MORNING = 9 * 60
_READ = 5  # minutes from a result to the first drug, at least: assumption
_APART = 30  # minutes from one drug of a regimen to the next, where there is time: assumption
_TURNS = 100


@dataclass(frozen=True, eq=False)
class _Visit:
    """The visit of each dose, and the day of the dose; int64, shape (n,)."""

    encounter: Numbers
    day: Numbers
    start: Numbers
    end: Numbers


def _in_turn(given: Numbers, turn: Numbers, labs: Columns, visit: _Visit) -> Numbers:
    """Return when doses are given, those of a regimen one after another and after the day's tests.

    Args:
        given: when they would be given each by itself.
        turn: places in a regimen, from 1; 0 of a drug that is given by itself.
        labs: `lab_results`.
        visit: of each dose.
    """
    regimen = np.flatnonzero(turn > 0)
    key = np.stack([visit.encounter[regimen], visit.day[regimen]])
    _, group = np.unique(key, axis=1, return_inverse=True)
    group = group.ravel()
    infused = np.bincount(group, turn[regimen] > 1, minlength=int(group.max(initial=-1)) + 1) > 0
    regimen, group = regimen[infused[group]], group[infused[group]]
    if not len(regimen):
        return given
    size = len(infused)
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, group, given[regimen])
    begin = np.maximum(first[group], _resulted(labs, visit, regimen) + _READ)
    steps = np.unique(np.stack([group, turn[regimen]]), axis=1)
    before = np.searchsorted(steps[0], group)
    rank = np.searchsorted(steps[0] * _TURNS + steps[1], group * _TURNS + turn[regimen]) - before
    count = np.searchsorted(steps[0], group, side="right") - before
    last = np.minimum(visit.end[regimen], (visit.day[regimen] + 1) * DAY - 1)
    apart = np.minimum(np.maximum(last - begin, 0) // (count + 1), _APART)
    in_turn = given.copy()
    in_turn[regimen] = np.minimum(begin + rank * apart, last)
    return in_turn


def _resulted(labs: Columns, visit: _Visit, at: Numbers) -> Numbers:
    """Return when the last test of the visit and day was reported that was so in time; or 0."""
    encounter, collected, resulted = (
        numbers(labs, name) for name in ("encounter_id", "collected_at", "resulted_at")
    )
    asked = np.unique(visit.encounter[at])
    mine = np.flatnonzero(np.isin(encounter, asked))
    order = mine[np.argsort(encounter[mine], kind="stable")]
    low = np.searchsorted(encounter[order], visit.encounter[at])
    count = np.searchsorted(encounter[order], visit.encounter[at], side="right") - low
    dose = np.repeat(np.arange(len(at)), count)
    turn = np.arange(len(dose)) - np.repeat(np.cumsum(count) - count - low, count)
    lab, of = order[turn], at[dose]
    in_time = (collected[lab] // DAY == visit.day[of]) & (resulted[lab] + _READ < visit.end[of])
    latest = np.zeros(len(at), dtype=np.int64)
    np.maximum.at(latest, dose[in_time], resulted[lab[in_time]])
    return latest


def doses_of_procedures(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Return the doses of injections and infusions that are procedures."""
    procedures, encounters = tables["procedures"], tables["encounters"]
    code = texts(procedures, "code")
    inside = numbers(procedures, "encounter_id") != NO_NUMBER
    at = np.flatnonzero(codes_where(code, procedure_drugs().__contains__) & inside)
    known = list(procedure_drugs().values())
    places = {one.code: place for place, one in enumerate(known)}
    which = np.array([places.get(text, -1) for text in code.vocabulary] + [-1])[code.codes[at]]
    stated = np.asarray(procedures["dose_mg"], dtype=np.float64)[at]
    dose = np.where(np.isnan(stated), np.array([one.dose for one in known])[which], stated)
    encounter = numbers(procedures, "encounter_id")[at]
    order = np.argsort(numbers(encounters, "encounter_id"))
    visit = order[np.searchsorted(numbers(encounters, "encounter_id")[order], encounter)]
    start, end = (numbers(encounters, name)[visit] for name in ("start_at", "end_at"))
    person, day = (numbers(procedures, name)[at] for name in ("person_id", "performed_date"))
    rows = rows_of(ctx, person)
    draws = ctx.record.draws
    u = draws.at(
        "chart/given/soon", rows, draws.pairs(rows, numbers(procedures, "procedure_id")[at])
    )
    soon = start + np.floor(u * np.minimum(end - start, _SOON)).astype(np.int64)
    later = np.clip(day * DAY + _MORNING, start, end)
    given = np.where((start // DAY == day) & (soon // DAY == day), soon, later)
    turn = np.array([one.order for one in known])[which]
    size = len(at)
    names = tuple(one.ingredient for one in known)
    place = which.astype(np.int32)
    return {
        "person_id": person,
        "rxnorm": Coded(place, tuple(one.rxnorm for one in known)),
        "drug": Coded(place, names),
        "ingredient": Coded(place, names),
        "status": Coded.constant("completed", size),
        "status_reason_code": Coded.constant(None, size),
        "status_reason": Coded.constant(None, size),
        "given_at": _in_turn(
            given, turn, tables["lab_results"], _Visit(encounter, day, start, end)
        ),
        "dose": dose,
        "dose_unit": Coded(place, tuple(one.unit for one in known)),
        "route": Coded(place, tuple(one.route for one in known)),
        "prescription_id": np.full(size, NO_NUMBER),
        "procedure_id": numbers(procedures, "procedure_id")[at],
        "performer_npi": numbers(procedures, "performer_npi")[at],
        "encounter_id": encounter,
    }
