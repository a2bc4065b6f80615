"""Vital signs on the day of a discharge home: they have come back within limits by then."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import observation
from healthsim.dates import whole_months
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.discharges import discharge_status
from healthsim.execution.sync.vitals.occasions import Occasions
from healthsim.medicine.leaving_signs import HOURS, SETTLED, LeavingSign, leaving_signs

Floats = NDArray[np.float64]
_HOUR = 60


def as_leaving(
    found: Mapping[str, Floats], ctx: SyncContext, occasions: Occasions
) -> dict[str, Floats]:
    """Return what is measured, in the last hours of stays drawn within the limits of discharge.

    Args:
        found: code -> float64, shape (occasions,); NaN where it is not measured.
        ctx: the chunk.
        occasions: when vital signs may be taken.
    """
    moved = dict(found)
    hours, status = _left(ctx, occasions)
    months = whole_months(ctx.people.birth[occasions.rows], occasions.days)
    draws = ctx.record.draws
    for one in leaving_signs():
        leaves = np.any([occasions.of_class(name) for name in one.classes], axis=0)
        leaves &= (
            np.isin(status.astype(str), one.statuses)
            & (hours < HOURS)
            & (months >= one.from_months)
        )
        values = moved.get(one.loinc, np.full(len(occasions), np.nan))
        at = np.flatnonzero(leaves & ((values < one.low) | (values > one.high)))
        if len(at):
            rows = occasions.rows[at]
            u = draws.at(f"vitals/leaving/{one.loinc}", rows, draws.pairs(rows, occasions.at[at]))
            moved[one.loinc] = values.copy()
            moved[one.loinc][at] = _drawn(one, values[at], hours[at], u)
    return moved


def _left(ctx: SyncContext, occasions: Occasions) -> tuple[Floats, NDArray[np.object_]]:
    """Return how many hours the encounter of each occasion goes on, and how it ends."""
    hours = np.zeros(len(occasions))
    status = np.full(len(occasions), "", dtype=object)
    for place, visit in enumerate(occasions.visits):
        if visit.details.encounter_class not in _classes():
            continue
        mine = np.flatnonzero(occasions.visit == place)
        within = visit.position_of(occasions.rows[mine])
        hours[mine] = np.maximum(visit.end_at[within] - occasions.at[mine], 0) / _HOUR
        ends = discharge_status(visit, ctx.admissions_of(visit), ctx.record.death)
        words = np.array([*ends.vocabulary, ""], dtype=object)
        status[mine] = words[ends.codes[within]]
    return hours, status


def _classes() -> frozenset[str]:
    return frozenset(name for one in leaving_signs() for name in one.classes)


def _drawn(one: LeavingSign, values: Floats, hours: Floats, u: Floats) -> Floats:
    """Return values drawn towards a limit, and inside of it in the last hours."""
    near = np.clip((HOURS - hours) / (HOURS - SETTLED), 0, 1)
    inside = np.where(values < one.low, one.low + u * one.spread, one.high - u * one.spread)
    decimals = observation(one.loinc).decimals
    return np.round(values + (inside - values) * near, decimals)
