"""What is done with a drug: it starts, continues, is resumed, or is taken otherwise than before."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes.drugs import Courses, died
from healthsim.execution.sync.chart.notes.given import gives, is_held, is_held_on
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, glued, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places, either, listed, numbers, only, taken
from healthsim.execution.sync.chart.notes.vocabulary import diagnosis, in_a_sentence
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.dosing import counted, frequencies

_ACTS = ("Start", "Continue", "Resume", "Keep holding", "Increase", "Reduce", "Change")
_START, _CONTINUE, _RESUME, _HOLD, _INCREASE, _REDUCE, _CHANGE = range(len(_ACTS))


def prescribed(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of what is prescribed in the encounter; nothing for the dead."""
    place, row = scene.by_encounter("prescriptions", "written_date").each(notes.encounter)
    lives = ~died(scene, notes)[place]
    place, row = place[lives], row[lives]
    why = taken(scene.once(_reasons), row)
    return place, _lines(scene, _acts(scene, notes, place, row), row, why)


def discharge_medications(scene: Scene, notes: Notes) -> Strings:
    """List what the person takes on leaving, and what is done with it; null for the dead."""
    place, row = scene.by_person("prescriptions", "written_date").each(notes.person)
    last, courses = notes.end[place] // DAY, scene.once(Courses.of)
    takes = (courses.written[row] <= last) & (courses.ends[row] > last)
    takes &= ~died(scene, notes)[place]
    place, row = place[takes], row[takes]
    none = only("", np.zeros(len(row), dtype=np.bool_))
    return listed(place, len(notes), _lines(scene, _acts(scene, notes, place, row), row, none))


def _acts(scene: Scene, notes: Notes, place: Places, row: Places) -> NDArray[np.int64]:
    """Return what notes do with drugs, positions in `_ACTS`.

    A stay resumes what it held, unless its last result holds it still; what it gave after all
    goes on.
    """
    courses = scene.once(Courses.of)
    earlier = courses.written[row] < notes.first_day[place]
    act = np.where(courses.renews[row], scene.once(_doses)[row],
                   np.where(courses.changes[row], _CHANGE, _START))  # fmt: skip
    act = np.where(earlier, _CONTINUE, act)
    encounter = notes.encounter[place]
    paused = is_held(scene, encounter, row) & ~gives(scene, encounter, row)
    left = np.where(is_held_on(scene, encounter, row), _HOLD, _RESUME)
    return np.where((act == _CONTINUE) & paused, left, act)


def _doses(scene: Scene) -> NDArray[np.int64]:
    """Return of each prescription of a drug that is taken already what becomes of its dose."""
    table, before = "prescriptions", scene.once(Courses.of).before
    dose = np.asarray(scene.column(table, "dose"), dtype=np.float64)
    often = scene.coded(table, "frequency")
    per_day = np.array([*(frequencies()[one].per_day for one in often.vocabulary), 0.0])
    daily = dose * per_day[often.codes]
    same = (dose == dose[before]) & (often.codes == often.codes[before])
    near = np.isclose(daily, daily[before])
    more = np.where(near, _CHANGE, np.where(daily > daily[before], _INCREASE, _REDUCE))
    return np.where((before < 0) | same, _CONTINUE, more)


def _lines(scene: Scene, act: NDArray[np.int64], row: Places, why: Strings) -> Strings:
    """Return the line of each prescription, from what to what where it is taken otherwise."""
    courses, drug = scene.once(Courses.of), scene.text("prescriptions", "drug")
    way, before = scene.once(_ways), courses.before[row]
    dosed = only(glued(" from ", taken(way, before), " to ", taken(way, row)), act >= _INCREASE)
    dosed = only(dosed, before >= 0)
    other = only(glued(" from ", taken(drug, courses.other[row]), " to ", taken(drug, row)),
                 (act == _CHANGE) & courses.changes[row])  # fmt: skip
    same = either(glued(taken(drug, row), dosed), taken(drug, row))
    ingredient = taken(scene.text("prescriptions", "ingredient"), row)
    until = only("Not before a later test allows it.", act == _HOLD)
    return said(
        "plan_drug",
        act=taken(pa.array(_ACTS), act),
        drug=either(glued(ingredient, other), same),
        sig=either(until, taken(scene.text("prescriptions", "sig"), row)),
        indication=only(why, act != _HOLD),
    )


def _ways(scene: Scene) -> Strings:
    """Return how much of each prescription is taken how often, such as 1 tablet twice a day."""
    dose = np.asarray(scene.column("prescriptions", "dose"), dtype=np.float64)
    unit, often = (scene.coded("prescriptions", name) for name in ("dose_unit", "frequency"))
    one, more = (taken(pa.array([counted(word, many) for word in unit.vocabulary], pa.string()),
                       unit.codes) for many in (1, 2))  # fmt: skip
    words = [frequencies()[word].words for word in often.vocabulary]
    counts = either(only(more, dose > 1), one)
    return glued(numbers(dose), " ", counts, " ",
                 taken(pa.array(words, pa.string()), often.codes))  # fmt: skip


def _reasons(scene: Scene) -> Strings:
    return diagnosis(scene.coded("prescriptions", "indication"), in_a_sentence)
