"""Conditions of a birth or a pregnancy are no history for ever: how long they are."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places

_DAYS = 2**32  # more than there are between any two days
_MIDDLE = _DAYS // 2  # days before 1970 are below 0
_OUTCOME = "Z37"  # of a delivery: diagnosis of the mother's stay


class _Ending(NamedTuple):
    """When a code is no history any more: so many days after the person's birth or delivery."""

    code: str
    after: str
    days: int


def is_over(scene: Scene, notes: Notes, place: Places, row: Places) -> NDArray[np.bool_]:
    """Tell which conditions are no history of a note any more, bool, shape (n,).

    Those of the newborn are none once the time after birth is over, those of a pregnancy once it
    is, or the weeks after the delivery.

    Args:
        scene: the tables.
        notes: the notes.
        place: positions in `notes`, shape (n,).
        row: positions in `conditions`, shape (n,).
    """
    code = scene.coded("conditions", "code")
    which = np.array([*map(_ending, code.vocabulary), -1])[code.codes[row]]
    endings = _endings()
    days = np.array([*(one.days for one in endings), 0])[which]
    mothers = np.array([*(one.after == "delivery" for one in endings), False])[which]
    today, person = notes.first_day[place], notes.person[place]
    born = scene.whole("patients", "birth_date")[person]
    onset = scene.whole("conditions", "onset_date")[row]
    delivered = _last_delivery(scene, person, today - days)
    over: NDArray[np.bool_] = np.where(
        mothers, delivered >= onset, (which >= 0) & (today - born > days)
    )
    return over


def _last_delivery(scene: Scene, person: Places, before: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the day of each person's last delivery before a day; long ago where there is none."""
    known = scene.once(_deliveries)
    at = np.searchsorted(known, person * _DAYS + before + _MIDDLE) - 1
    if not len(known):
        return np.full(len(person), -_DAYS)
    found = known[np.maximum(at, 0)]
    own = (at >= 0) & (found // _DAYS == person)
    return np.where(own, found % _DAYS - _MIDDLE, -_DAYS)


def _deliveries(scene: Scene) -> NDArray[np.int64]:
    """Return person and day of each delivery as one number, ascending."""
    table = "encounter_diagnoses"
    code, inside = scene.coded(table, "code"), scene.encounter(table)
    outcome = np.array([*(word.startswith(_OUTCOME) for word in code.vocabulary), False])
    inside = inside[outcome[code.codes] & (inside >= 0)]
    day = scene.days("encounters", "start_at")[inside]
    return np.unique(scene.person("encounters")[inside] * _DAYS + day + _MIDDLE)


@cache
def _endings() -> tuple[_Ending, ...]:
    path = Path(__file__).parent / "data" / "ends_of_history.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_Ending(row["code"], row["after"], int(row["days"]))
                     for row in csv.DictReader(file))  # fmt: skip


@cache
def _ending(code: str) -> int:
    """Return the position of the longest row that a code begins with; -1 for none."""
    fits = [at for at, one in enumerate(_endings()) if code.startswith(one.code)]
    return max(fits, key=lambda at: len(_endings()[at].code), default=-1)
