"""A saturation so low that oxygen is given is measured again soon after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import existing_minutes
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.execution.sync.vitals.choice import StatedSigns
from healthsim.execution.sync.vitals.occasions import Occasions
from healthsim.execution.sync.vitals.oxygen import GIVING, SATURATION, is_low, on_oxygen
from healthsim.execution.timeline.record import Record
from healthsim.medicine.growth import figure

Floats = NDArray[np.float64]
_BITS, _LATEST = 34, 2**33  # of minutes in a key; later than any
_DYING = 2  # days before a death in which it is not measured again: assumption


@dataclass(frozen=True, eq=False)
class Again:
    """Saturations that are measured again; arrays of shape (n,).

    Attributes:
        visit: int32, position among the chunk's encounters.
        rows: positions of people in the chunk.
        at: int64, minutes since 1970.
        value: float64, %.
    """

    visit: NDArray[np.int32]
    rows: Rows
    at: Minutes
    value: Floats


def measured_again(
    saturation: Floats | None, record: Record, occasions: Occasions, stated: StatedSigns
) -> Again:
    """Return the second measurement of the first low saturation of each encounter.

    Args:
        saturation: as measured on each occasion, NaN where it is not; None where on none.
        record: of the chunk's people.
        occasions: when vital signs may be taken.
        stated: what journeys state.
    """
    parts: list[tuple[NDArray[Any], ...]] = []
    if saturation is not None:
        giving = np.any([occasions.of_class(one) for one in GIVING], axis=0)
        low = np.flatnonzero(giving & (saturation < figure("oxygen_given")))
        parts.append((occasions.visit[low], occasions.rows[low], occasions.at[low]))
    if SATURATION in stated.rows:
        low = is_low(stated, occasions.visits)
        parts.append(tuple(of[SATURATION][low] for of in (stated.visit, stated.rows, stated.at)))
    nothing = np.zeros(0, dtype=np.int64)
    visit, rows, at = (np.concatenate([nothing, *each]) for each in zip(*parts, strict=True)
                       ) if parts else (nothing, nothing, nothing)  # fmt: skip
    order = np.lexsort((at, visit, rows))
    visit, rows, at = visit[order], rows[order], at[order]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = (rows[1:] != rows[:-1]) | (visit[1:] != visit[:-1])
    return _soon(record, occasions, visit[first], rows[first], at[first])


def _soon(
    record: Record, occasions: Occasions, visit: NDArray[np.int64], rows: Rows, low: Minutes
) -> Again:
    """Return measurements soon after others, where the encounter lasts and the person lives."""
    u = record.draws.at("vitals/again", rows, record.draws.pairs(rows, low))
    least, most = figure("measured_again_least"), figure("measured_again_most")
    at = low + np.floor(least + u * (most - least)).astype(np.int64)
    at += _taken(occasions, rows, at)
    ends = np.zeros(len(rows), dtype=np.int64)
    for place in np.unique(visit).tolist():
        some, of = visit == place, occasions.visits[place]
        ends[some] = of.end_at[of.position_of(rows[some])]
    dies = record.death[rows].astype(np.int64) - low // DAY <= _DYING
    kept = (at < ends) & ~dies & ~_taken(occasions, rows, at)
    value = on_oxygen(record, rows[kept], at[kept])
    return Again(visit[kept].astype(np.int32), rows[kept], at[kept], value)


def _taken(occasions: Occasions, rows: Rows, at: Minutes) -> NDArray[np.bool_]:
    """Return at which minutes of the clock people are measured anyway; nobody is so twice."""
    first = min(occasions.at.min(initial=_LATEST), at.min(initial=_LATEST)) - DAY
    theirs, mine = (existing_minutes(one) - first for one in (occasions.at, at))
    theirs += occasions.rows.astype(np.int64) << _BITS
    return np.isin(mine + (rows.astype(np.int64) << _BITS), theirs)
