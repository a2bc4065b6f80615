"""Blood gases of stays: they show the saturation that an oximeter shows near them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import existing_minutes
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.chart.places import Numbers, numbers, rows_of, texts
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.execution.sync.vitals.oxygen import SATURATION
from healthsim.medicine.analytes import key_of
from healthsim.medicine.derivation import derive, derived, solve
from healthsim.medicine.growth import figure
from healthsim.tables import Columns

Floats = NDArray[np.float64]
_BEHIND = "desaturation"
_LATEST = 2**26  # more than the minutes since 1970 of any day here
_NEAR = 4 * 60  # minutes up to which a reading says what a gas shows: usual rounds, assumption


def readings_of(
    ctx: SyncContext, signs: Columns, *, low: bool = False
) -> tuple[Numbers, Numbers, Floats]:
    """Return encounter, place and value of pulse oximetry, by person, then time.

    Args:
        ctx: the chunk.
        signs: rows of `vital_signs`.
        low: only those from which oxygen is given.

    Returns:
        Ids of encounters, int64; person and minute in one number, int64, ascending; %, float64.
    """
    value = np.asarray(signs["value"], dtype=np.float64)
    some = texts(signs, "loinc").equals(SATURATION) & ~np.isnan(value)
    some &= (value < figure("oxygen_given")) | (not low)
    at = np.flatnonzero(some)
    rows = rows_of(ctx, numbers(signs, "person_id")[at])
    key = rows.astype(np.int64) * _LATEST + numbers(signs, "measured_at")[at]
    order = np.argsort(key, kind="stable")
    return numbers(signs, "encounter_id")[at][order], key[order], value[at][order]


def before_oxygen(
    ctx: SyncContext, rows: Rows, encounter: Numbers, at: Numbers, tables: Mapping[str, Columns]
) -> Numbers:
    """Return when gases on arrival are taken: with the first low reading of the encounter.

    Args:
        ctx: the chunk.
        rows: positions of people, of each gas.
        encounter: ids of their stays.
        at: minutes at which they would be taken, int64; so it stays without a low reading.
        tables: with `vital_signs`.
    """
    inside, key, _ = readings_of(ctx, tables["vital_signs"], low=True)
    known, first = np.unique(inside, return_index=True)
    if not len(known):
        return at
    place = np.minimum(np.searchsorted(known, encounter), len(known) - 1)
    u = ctx.record.draws.at("stay_tests/gas", rows, ctx.record.draws.pairs(rows, at))
    soon = key[first[place]] % _LATEST + np.floor(u * figure("oxygen_within_least"))
    return np.where(known[place] == encounter, existing_minutes(soon.astype(np.int64)), at)


def as_oximeter(
    ctx: SyncContext,
    rows: Rows,
    at: Numbers,
    shown: Mapping[str, Floats],
    tables: Mapping[str, Columns],
) -> dict[str, Floats]:
    """Return gases whose saturation is the oximeter's nearest reading, but for its error.

    Args:
        ctx: the chunk.
        rows: positions of people, of each gas.
        at: minutes at which they are taken.
        shown: LOINC code -> what the body shows, float64; so it stays without a reading near.
        tables: with `vital_signs`.
    """
    _, key, value = readings_of(ctx, tables["vital_signs"])
    wanted = {code: key_of(code) for code in shown}
    follow = [code for code, name in wanted.items()
              if name in derived() and _BEHIND in derived()[name].inputs]  # fmt: skip
    if not len(key) or not follow:
        return dict(shown)
    mine = rows.astype(np.int64) * _LATEST + at
    nearest = _nearest(key, mine)
    near = np.abs(key[nearest] - mine) <= _NEAR
    u = ctx.record.draws.at("stay_tests/oximeter", rows, ctx.record.draws.pairs(rows, at))
    read = np.clip(value[nearest] + figure("oximeter_error") * (2 * u - 1), 0.0, 100.0)
    subjects = ctx.record.body.collect(rows, (at // DAY).astype(np.int32)).subjects
    behind = solve(key_of(SATURATION), read, {}, subjects)
    found = derive(tuple(wanted[code] for code in follow), behind, subjects)
    return {**shown, **{code: np.where(near, found[wanted[code]], shown[code]) for code in follow}}


def _nearest(key: Numbers, mine: Numbers) -> Numbers:
    """Return the place of the reading nearest to each time, of which there is one.

    A reading so short before that no oxygen was given since goes before a nearer one after.
    """
    after = np.searchsorted(key, mine, side="right")
    before, after = np.maximum(after - 1, 0), np.minimum(after, len(key) - 1)
    since, until = np.abs(key[before] - mine), np.abs(key[after] - mine)
    return np.where((since <= until) | (since < figure("oxygen_within_most")), before, after)
