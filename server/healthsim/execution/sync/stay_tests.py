"""Usual tests of stays, which no journey states: results of the body, beside those stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS, ids
from healthsim.codes.loinc import panels
from healthsim.dates import existing_minutes, whole_months
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_like,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.gases import as_oximeter, before_oxygen
from healthsim.execution.sync.numbering import tests_address
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.stay_tests import (
    MOST_CODES,
    MOST_DAYS,
    StayTest,
    is_tested,
    stay_tests,
    tested_codes,
    tested_panels,
)
from healthsim.medicine.turnaround import setting_of, turnaround
from healthsim.products.patientsim import tables as chart
from healthsim.products.patientsim.generate import lab_columns
from healthsim.specification.journeys.events import Encounter
from healthsim.tables import Coded, Columns, stack, take

_SOON, _SPREAD = 25, 45  # minutes from arrival to the first specimen: assumption
_ROUND, _ROUND_LASTS = 5 * 60, 90  # specimens are taken from 5 to 6:30 on later days: assumption
_LEAST, _BEFORE_END = 6 * 60, 60  # minutes since arrival, and to the end of the stay: assumption
_HOSPITAL = "inpatient"
_GASES = "abg"
_UNGRADED = (_GASES,)  # panels whose results define no adverse event
_NUMBER = 2**BITS - 1
_DAYS = 2**20  # more than any day, in a key with a person


@dataclass(frozen=True, eq=False)
class _Stays:
    """Stays that may have usual tests; arrays of shape (n,), in the order of the table.

    Attributes:
        at: positions in `encounters`.
        rows: positions of people in the chunk.
        number: int64, the first of the numbers that are kept for results of each.
        start, end: minutes since 1970.
    """

    at: NDArray[np.intp]
    rows: NDArray[np.intp]
    encounter: Numbers
    number: Numbers
    start: Numbers
    end: Numbers
    kind: Coded


@dataclass(frozen=True, eq=False)
class _Draws:
    """Specimens of one panel; arrays of shape (n,), by person, then time.

    Attributes:
        stay: positions among the stays.
        turn: int64, day of the stay.
        at: minutes since 1970.
    """

    stay: NDArray[np.intp]
    turn: Numbers
    at: Numbers

    def take(self, kept: Mask | NDArray[np.intp]) -> _Draws:
        """Return some of them."""
        return _Draws(self.stay[kept], self.turn[kept], self.at[kept])


def with_stay_tests(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Return `lab_results` with the usual tests of stays, in order of their ids.

    A panel is left out on a day on which the person has one of its results already.

    Args:
        ctx: the chunk.
        tables: its encounters, diagnoses, procedures and stated results.
    """
    stated, stays = tables["lab_results"], _stays(ctx, tables["encounters"])
    if not len(stays.at):
        return stated
    parts = [stated]
    for name, codes in tested_panels().items():
        draws = _due(ctx, stays, name, tables)
        draws = draws.take(~_measured(stated, codes, stays, draws))
        if name not in _UNGRADED:
            draws = draws.take(~_graded(ctx, stays.rows[draws.stay]))
        if len(draws.at):
            parts.append(_results(ctx, stays, draws, name, tables))
    if len(parts) == 1:
        return stated
    columns = stack(parts)
    return take(columns, np.argsort(np.asarray(columns["lab_result_id"]), kind="stable"))


def _stays(ctx: SyncContext, encounters: Columns) -> _Stays:
    known, first = _numbers_kept(ctx)
    every = numbers(encounters, "encounter_id")
    at = np.flatnonzero(np.isin(every & _NUMBER, known))
    start, end = (numbers(encounters, name)[at] for name in ("start_at", "end_at"))
    return _Stays(
        at, rows_of(ctx, numbers(encounters, "person_id")[at]), every[at],
        first[np.searchsorted(known, every[at] & _NUMBER)], start, end,
        texts(encounters, "encounter_class").take(at),
    )  # fmt: skip


def _numbers_kept(ctx: SyncContext) -> tuple[Numbers, Numbers]:
    """Return the numbers of encounters that may have usual tests, ascending, and of the first."""
    pairs = sorted(
        (ctx.encounter_number(visit),
         ctx.numbering.number("lab_results", tests_address(visit.occurrence.address)))
        for visit in ctx.visits.values()
        if isinstance(visit.occurrence.step, Encounter)
        and is_tested(visit.details.encounter_class)
    )  # fmt: skip
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _due(ctx: SyncContext, stays: _Stays, name: str, tables: Mapping[str, Columns]) -> _Draws:
    """Return when a panel is due in stays: soon after arrival, then in the morning."""
    due = np.zeros((len(stays.at), MOST_DAYS), dtype=np.bool_)
    for test in stay_tests():
        if test.panel == name:
            fits = _fits(stays, test, tables)
            due[np.ix_(fits, np.array(test.days))] = True
    stay, turn = np.nonzero(due)
    draws, rows, start = ctx.record.draws, stays.rows[stay], stays.start[stay]
    u = draws.at("stay_tests/minute", rows, draws.pairs(rows, start + turn))
    soon = start + _SOON + np.floor(u * _SPREAD).astype(np.int64)
    morning = (start // DAY + turn) * DAY + _ROUND + np.floor(u * _ROUND_LASTS).astype(np.int64)
    if name == _GASES:
        soon = before_oxygen(ctx, rows, stays.encounter[stay], soon, tables)
    at = np.where(turn == 0, soon, morning)
    kept = (at <= stays.end[stay] - _BEFORE_END) & (at // DAY <= ctx.through)
    kept &= (turn == 0) | (at >= start + _LEAST)
    found = _Draws(stay[kept], turn[kept].astype(np.int64), existing_minutes(at[kept]))
    return found.take(np.lexsort((found.at, stays.rows[found.stay])))


def _fits(stays: _Stays, test: StayTest, tables: Mapping[str, Columns]) -> NDArray[np.intp]:
    """Return the positions of the stays in which a test is usual."""
    diagnoses, procedures = tables["encounter_diagnoses"], tables["procedures"]
    code, encounter = texts(diagnoses, "code"), numbers(diagnoses, "encounter_id")
    chosen = np.zeros(len(stays.at), dtype=np.bool_)
    first = numbers(diagnoses, "sequence") == 1
    for pattern, among in ((test.principal, first), (test.any, np.ones_like(first))):
        if pattern:
            chosen |= np.isin(stays.encounter, encounter[codes_like(code, pattern) & among])
    if test.procedures:
        done = codes_like(texts(procedures, "code"), test.procedures)
        chosen |= np.isin(stays.encounter, numbers(procedures, "encounter_id")[done])
    return np.flatnonzero(chosen & codes_where(stays.kind, test.classes.__contains__))


def _measured(stated: Columns, codes: tuple[str, ...], stays: _Stays, draws: _Draws) -> Mask:
    """Return on which draws the person has a result of one of some codes on that day."""
    own = np.flatnonzero(codes_where(texts(stated, "loinc"), codes.__contains__))
    person = numbers(stated, "person_id")[own]
    known = person * _DAYS + numbers(stated, "collected_at")[own] // DAY
    mine = (stays.encounter[draws.stay] >> BITS) * _DAYS + draws.at // DAY
    return np.isin(mine, known)


def _graded(ctx: SyncContext, rows: NDArray[np.intp]) -> Mask:
    """Return who has an adverse event that a result defines: a trial's results say how it goes."""
    ill = [spell.rows for spell in ctx.record.toxicities.spells]
    return np.isin(rows, np.concatenate([*ill, np.zeros(0, dtype=np.int64)]))


def _results(
    ctx: SyncContext, stays: _Stays, draws: _Draws, name: str, tables: Mapping[str, Columns]
) -> Columns:
    """Return the rows of a panel: what the body shows of each code on each draw."""
    codes, size = tested_panels()[name], len(draws.at)
    rows = stays.rows[draws.stay]
    shown = ctx.record.body.values(codes, rows, (draws.at // DAY).astype(np.int32))
    if name == _GASES:
        shown = as_oximeter(ctx, rows, draws.at, shown, tables)
    value = np.concatenate([shown[code] for code in codes])
    loinc = Coded(np.repeat(np.arange(len(codes), dtype=np.int32), size), codes)
    place = np.array([tested_codes().index(code) for code in codes])
    number = stays.number[draws.stay] + draws.turn * MOST_CODES
    at, person = np.tile(draws.at, len(codes)), ctx.person_id[rows]
    months = whole_months(ctx.people.birth[rows], (draws.at // DAY).astype(np.int32))
    hours = (draws.at - ctx.born_at[rows]) / 60
    treats = numbers(tables["encounters"], "attending_npi")[stays.at[draws.stay]]
    found = chart.LAB_RESULTS.complete({
        "lab_result_id": ids(np.tile(person, len(codes)), np.tile(number, len(codes)) +
                             np.repeat(place, size)),
        "person_id": np.tile(person, len(codes)),
        "loinc": loinc,
        **lab_columns(loinc, value, ctx.people.gender.take(np.tile(rows, len(codes))),
                      np.tile(months, len(codes)), np.tile(hours, len(codes))),
        "panel": _panel(name, len(value)),
        "collected_at": at,
        "resulted_at": at + _reported_after(ctx, stays, draws, codes),
        "value": value,
        "ordering_npi": np.tile(treats, len(codes)),
        "encounter_id": np.tile(stays.encounter[draws.stay], len(codes)),
    })  # fmt: skip
    return take(found, np.flatnonzero(~np.isnan(value)))


def _panel(name: str, size: int) -> Coded:
    """Return the panel of results: null for a test by itself."""
    return Coded(np.full(size, 0 if name in panels() else -1, dtype=np.int32), (name,))


def _reported_after(
    ctx: SyncContext, stays: _Stays, draws: _Draws, codes: tuple[str, ...]
) -> Numbers:
    """Return minutes from specimen to report of each result, by code; short ones are frequent."""
    rows = stays.rows[draws.stay]
    u = ctx.record.draws.at("stay_tests/resulted", rows, ctx.record.draws.pairs(rows, draws.at))
    times = [turnaround(code, setting_of(_HOSPITAL)) for code in codes]
    return np.concatenate([
        one.least + np.floor(u**2 * (one.most - one.least)).astype(np.int64) for one in times
    ])  # fmt: skip
