"""What a note says of somebody without conditions: none before, or which was the last one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places, either, only, taken
from healthsim.execution.sync.chart.notes.vocabulary import diagnosis, in_a_sentence

_NO_ILLNESS = "Z"
"""Beginning of codes of reasons for care and states, such as to be born or pregnant (ICD-10-CM
chapter 21)."""


def without_conditions(scene: Scene, notes: Notes, born: NDArray[np.int64]) -> Strings:
    """Say that there are no conditions before an encounter: none at all, or none that goes on.

    Args:
        scene: the tables.
        notes: of people without a condition that goes on.
        born: days of birth, shape (n,).

    Returns:
        What stands behind "with"; null on the day of birth for who has had none.
    """
    last = last_condition(scene, notes)
    never = only("no earlier conditions on record", notes.first_day > born)
    if (last < 0).all():
        return never
    had = said("resolved", last=taken(scene.once(_names), np.maximum(last, 0)))
    return either(only(had, last >= 0), never)


def last_condition(scene: Scene, notes: Notes) -> Places:
    """Return the condition that began last before each encounter, of those known; -1 for none."""
    last = np.full(len(notes), -1, dtype=np.int64)
    if not scene.has("conditions"):
        return last
    place, row = scene.by_person("conditions", "onset_date").each(notes.person)
    today = notes.first_day[place]
    known = scene.whole("conditions", "onset_date")[row] < today
    known &= scene.whole("conditions", "recorded_date")[row] <= today
    code = scene.coded("conditions", "code")
    ill = np.array([*(not word.startswith(_NO_ILLNESS) for word in code.vocabulary), False])
    known &= ill[code.codes[row]]
    last[place[known]] = row[known]  # by onset: the last one stays
    return last


def _names(scene: Scene) -> Strings:
    return diagnosis(scene.coded("conditions", "code"), in_a_sentence)
