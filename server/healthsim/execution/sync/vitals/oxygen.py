"""Little oxygen does not stay: a hospital gives some, and elsewhere nobody has so little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.visits.visits import Minutes, VisitRows
from healthsim.execution.sync.vitals.choice import StatedSigns
from healthsim.execution.sync.vitals.occasions import Occasions
from healthsim.execution.timeline.record import Record
from healthsim.medicine.growth import figure

Floats = NDArray[np.float64]
SATURATION = "59408-5"
GIVING = ("emergency", "inpatient", "observation")
"""Classes of encounter in which oxygen is given."""
_NEVER = 2**40  # later than any minute of the data
_APART = 6 * 60  # minutes between two encounters in which oxygen goes on: assumption


def answered(
    found: Mapping[str, Floats], record: Record, occasions: Occasions, stated: StatedSigns
) -> dict[str, Floats]:
    """Return what is measured, of those who were found short of oxygen as it is on oxygen.

    In hospital it is some minutes after the first such measurement. Elsewhere nobody has so
    little, or would be sent to a hospital.

    Args:
        found: code -> float64, shape (occasions,); NaN where it is not measured.
        record: of the chunk's people.
        occasions: when vital signs may be taken, by person, then time.
        stated: what journeys state, which stays as it is.
    """
    if SATURATION not in found:
        return dict(found)
    values, least = found[SATURATION].copy(), figure("oxygen_given")
    giving = _giving(occasions)
    low = values < least
    since = _first_low(low & giving, occasions, stated) + round(figure("oxygen_within_most"))
    given = occasions.at >= since
    at = np.flatnonzero(np.where(giving, given, low) & (values < figure("on_oxygen")))
    values[at] = on_oxygen(record, occasions.rows[at], occasions.at[at])
    return {**found, SATURATION: values}


def on_oxygen(record: Record, rows: Rows, at: Minutes) -> Floats:
    """Return the saturation of people on oxygen at minutes since 1970, %."""
    u = record.draws.at("vitals/oxygen", rows, record.draws.pairs(rows, at))
    measured: Floats = figure("on_oxygen") + np.floor(u * figure("on_oxygen_spread"))
    return measured


def is_low(stated: StatedSigns, visits: Sequence[VisitRows]) -> NDArray[np.intp]:
    """Return which stated saturations are so low in encounters in which oxygen is given."""
    giving = [visit.details.encounter_class in GIVING for visit in visits]
    some = np.array([*giving, False])[stated.visit[SATURATION]]
    return np.flatnonzero(some & (stated.value[SATURATION] < figure("oxygen_given")))


def _giving(occasions: Occasions) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.any([occasions.of_class(one) for one in GIVING], axis=0)
    return found


def _first_low(low: NDArray[np.bool_], occasions: Occasions, stated: StatedSigns) -> Minutes:
    """Return when the person of each occasion was first short of oxygen in this care, minutes.

    Care goes on from an emergency visit to the stay after it.
    """
    rows, at, visit = occasions.rows, occasions.at, occasions.visit
    new = np.ones(len(occasions), dtype=np.bool_)
    goes_on = (visit[1:] == visit[:-1]) | (at[1:] - at[:-1] <= _APART)
    new[1:] = (rows[1:] != rows[:-1]) | ~goes_on
    care = np.cumsum(new) - 1
    first = np.full(int(new.sum()), _NEVER)
    np.minimum.at(first, care[low], at[low])
    if SATURATION in stated.rows:
        which = is_low(stated, occasions.visits)
        theirs, taken_in, since = (
            of[SATURATION][which] for of in (stated.rows, stated.visit, stated.at)
        )
        size = len(occasions.visits)
        known, place = np.unique(rows.astype(np.int64) * size + visit, return_index=True)
        mine = theirs * size + taken_in
        there = np.isin(mine, known)
        np.minimum.at(first, care[place[np.searchsorted(known, mine[there])]], since[there])
    found: Minutes = first[care]
    return found
