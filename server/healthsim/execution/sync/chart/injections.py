"""Doses of injections and infusions that are procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.infusions import ends_of_procedures, in_parts
from healthsim.execution.sync.chart.places import Numbers, codes_where, numbers, rows_of, texts
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.ward_drugs import procedure_drugs
from healthsim.tables import NO_NUMBER, Coded, Columns

_SOON = 60  # minutes from the beginning of a visit to the dose, at most: assumption
_MORNING = 9 * 60
_READ = 5  # minutes from a result to the first drug, at least: assumption
_APART = 15  # minutes between drugs of a regimen, where there is time: assumption
_PARTS = 10  # more than a dose has
_TURNS = 100


@dataclass(frozen=True, eq=False)
class _Visit:
    """The visit of each dose, and the day of the dose; int64, shape (n,)."""

    encounter: Numbers
    day: Numbers
    start: Numbers
    end: Numbers


def _in_turn(
    given: Numbers, turn: Numbers, lasts: Numbers, labs: Columns, visit: _Visit
) -> tuple[Numbers, NDArray[np.float64]]:
    """Return when doses are given, those of a regimen one after another and after the day's tests.

    Each drug begins when the one before has run. Where the visit is too short for that, all run
    faster: the second array has the share of their time that they take.

    Args:
        given: when they would be given each by itself.
        turn: places in a regimen, `_PARTS` for each drug; 0 of one that is given by itself.
        lasts: minutes that each takes of the visit.
        labs: `lab_results`.
        visit: of each dose.
    """
    regimen = np.flatnonzero(turn > 0)
    key = np.stack([visit.encounter[regimen], visit.day[regimen]])
    _, group = np.unique(key, axis=1, return_inverse=True)
    group = group.ravel()
    later = turn[regimen] >= 2 * _PARTS
    infused = np.bincount(group, later, minlength=int(group.max(initial=-1)) + 1) > 0
    regimen, group = regimen[infused[group]], group[infused[group]]
    share = np.ones(len(given))
    if not len(regimen):
        return given, share
    first = np.full(len(infused), np.iinfo(np.int64).max)
    np.minimum.at(first, group, given[regimen])
    begin = np.maximum(first[group], _resulted(labs, visit, regimen) + _READ)
    last = np.minimum(visit.end[regimen], (visit.day[regimen] + 1) * DAY - 1)
    room = np.maximum(last - begin, 0)
    rank, count, before, whole = _steps(group, turn[regimen], lasts[regimen])
    apart = np.clip((room - whole) // count, 0, _APART)
    share[regimen] = np.minimum(room / np.maximum(whole, 1), 1.0)
    start = begin + np.floor(before * share[regimen]).astype(np.int64) + rank * apart
    in_turn = given.copy()
    in_turn[regimen] = np.minimum(start, last)
    return in_turn, share


def _steps(
    group: Numbers, turn: Numbers, lasts: Numbers
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return of each dose the rank of its step, the steps, and minutes before it and of all.

    Those of a regimen that have one turn are one step, which takes as long as the longest.
    """
    steps, step = np.unique(group * _TURNS + turn, return_inverse=True)
    step = step.ravel()
    length = np.zeros(len(steps), dtype=np.int64)
    np.maximum.at(length, step, lasts)
    begin = np.searchsorted(steps, group * _TURNS)
    end = np.searchsorted(steps, (group + 1) * _TURNS)
    total = np.append(0, np.cumsum(length))
    return step - begin, end - begin, total[step] - total[begin], total[end] - total[begin]


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
    """Return the doses of injections and infusions that are procedures, part by part."""
    procedures = tables["procedures"]
    code = texts(procedures, "code")
    inside = numbers(procedures, "encounter_id") != NO_NUMBER
    at = np.flatnonzero(codes_where(code, procedure_drugs().__contains__) & inside)
    known = list(procedure_drugs().values())
    places = {one.code: place for place, one in enumerate(known)}
    which = np.array([places.get(text, -1) for text in code.vocabulary] + [-1])[code.codes[at]]
    parts = in_parts(procedures, at, which, [(one.ingredient, one.route) for one in known])
    at, which = at[parts.dose], which[parts.dose]
    stated = np.asarray(procedures["dose_mg"], dtype=np.float64)[at]
    dose = np.where(np.isnan(stated), np.array([one.dose for one in known])[which], stated)
    visit = _visits(tables["encounters"], procedures, at)
    order = np.array([one.order for one in known])[which]
    given, faster = _in_turn(
        _by_itself(ctx, procedures, at, visit),
        np.where(order > 0, order * _PARTS + parts.place, 0),
        parts.inside, tables["lab_results"], visit,
    )  # fmt: skip
    person = numbers(procedures, "person_id")[at]
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
        "given_at": given,
        "ended_at": ends_of_procedures(ctx, tables, person, given, parts.faster(faster), visit.end),
        "dose": np.where(parts.share < 1, np.rint(dose * parts.share), dose),
        "dose_unit": Coded(place, tuple(one.unit for one in known)),
        "route": Coded(place, tuple(one.route for one in known)),
        "prescription_id": np.full(size, NO_NUMBER),
        "procedure_id": numbers(procedures, "procedure_id")[at],
        "performer_npi": numbers(procedures, "performer_npi")[at],
        "encounter_id": visit.encounter,
    }


def _visits(encounters: Columns, procedures: Columns, at: Numbers) -> _Visit:
    """Return the visits of procedures."""
    encounter = numbers(procedures, "encounter_id")[at]
    order = np.argsort(numbers(encounters, "encounter_id"))
    visit = order[np.searchsorted(numbers(encounters, "encounter_id")[order], encounter)]
    start, end = (numbers(encounters, name)[visit] for name in ("start_at", "end_at"))
    return _Visit(encounter, numbers(procedures, "performed_date")[at], start, end)


def _by_itself(ctx: SyncContext, procedures: Columns, at: Numbers, visit: _Visit) -> Numbers:
    """Return when each dose would be given by itself: soon in the visit, or on a later morning."""
    rows = rows_of(ctx, numbers(procedures, "person_id")[at])
    draws = ctx.record.draws
    u = draws.at(
        "chart/given/soon", rows, draws.pairs(rows, numbers(procedures, "procedure_id")[at])
    )
    start, end, day = visit.start, visit.end, visit.day
    soon = start + np.floor(u * np.minimum(end - start, _SOON)).astype(np.int64)
    later = np.clip(day * DAY + _MORNING, start, end)
    return np.where((start // DAY == day) & (soon // DAY == day), soon, later)
