"""Vital signs of those who die in a stay: they leave their usual values in the last hours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import observation
from healthsim.execution.sync.visits.visits import DAY
from healthsim.execution.sync.vitals.occasions import Occasions
from healthsim.execution.timeline.record import Record
from healthsim.medicine.dying import HOURS, dying

_HOUR, _HOURS_OF_DAY = 60, 24

Floats = NDArray[np.float64]


def as_dying(
    found: Mapping[str, Floats], record: Record, occasions: Occasions
) -> dict[str, Floats]:
    """Return what is measured, of those who die in the visit moved towards death.

    Args:
        found: code -> float64, shape (occasions,); NaN where it is not measured.
        record: of the chunk's people.
        occasions: when vital signs may be taken.
    """
    part = _part(record, occasions)
    at = np.flatnonzero(part > 0)
    moved = dict(found)
    for code, one in dying().items():
        if code in found and len(at):
            values, near = found[code].copy(), part[at]
            last = values[at] * (1 + (one.times - 1) * near) + one.plus * near
            decimals = observation(code).decimals
            values[at] = np.round(np.maximum(last, np.minimum(one.low, values[at])), decimals)
            moved[code] = values
    return moved


def _part(record: Record, occasions: Occasions) -> Floats:
    """Return how near death each occasion is, from 0, two days before, to 1; 0 of the living."""
    part = np.zeros(len(occasions))
    death = record.death[occasions.rows].astype(np.int64)
    day = occasions.at // DAY
    soon = np.flatnonzero((death >= day) & (death - day <= HOURS // _HOURS_OF_DAY + 1))
    for place in np.unique(occasions.visit[soon]).tolist():
        visit = occasions.visits[place]
        mine = soon[occasions.visit[soon] == place]
        within = visit.position_of(occasions.rows[mine])
        hours = np.maximum(visit.end_at[within] - occasions.at[mine], 0) / _HOUR
        near = np.clip(1 - hours / HOURS, 0, 1)
        part[mine] = np.where(death[mine] == visit.last[within], near, 0.0)
    return part
