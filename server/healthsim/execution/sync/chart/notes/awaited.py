"""What is not known yet as a note is signed: tests and studies whose results come later."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes.admission import begins
from healthsim.execution.sync.chart.notes.findings import names
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.person import came_through
from healthsim.execution.sync.chart.notes.phrases import Strings, said
from healthsim.execution.sync.chart.notes.scene import Scene, alphabetical
from healthsim.execution.sync.chart.notes.texts import Places, listed, nothing, runs, taken
from healthsim.execution.sync.chart.notes.vocabulary import lowered, panel_name

_LABS, _STUDIES = "lab_results", "diagnostic_reports"


def pending(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of what was collected or performed and is not reported yet.

    It is of the encounter, and of the emergency visit that led to the stay which begins.
    """
    found = [_tests(scene, notes), _studies(scene, notes)]
    place = np.concatenate([one for one, _ in found])
    what = pa.concat_arrays([one for _, one in found])
    order = np.argsort(place, kind="stable")
    lines = listed(place[order], len(notes), taken(what, order), ", ")
    there = np.flatnonzero(lines.is_valid().to_numpy(zero_copy_only=False))
    return there, said("pending", tests=taken(lines, there))


def _tests(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, name) of the panels and tests that are awaited, each once."""
    place, row = _awaited(scene, notes, _LABS, "collected_at", "resulted_at")
    if not len(row):
        return place, nothing(0)
    panel = scene.coded(_LABS, "panel").take(row)
    alone = np.where(panel.codes < 0, row, -1)
    named = alphabetical(panel)
    order = np.lexsort((alone, named, place))
    _, firsts = runs([place[order], named[order], alone[order]])
    at = order[firsts]
    what = pc.coalesce(panel_name(panel.take(at), lowered), taken(scene.once(names), row[at]))
    return place[at], what


def _studies(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, name) of the studies that are done and whose reports are awaited."""
    place, row = _awaited(scene, notes, _STUDIES, "effective_at", "issued_at")
    if not len(row):
        return place, nothing(0)
    concluded = scene.text(_STUDIES, "conclusion").is_valid().to_numpy(zero_copy_only=False)[row]
    place, row = place[concluded], row[concluded]  # others are of tests, which have results
    order = np.lexsort((scene.order(_STUDIES, "display")[row], place))
    place, row = place[order], row[order]
    _, heads = runs([place, scene.coded(_STUDIES, "display").codes[row]])
    return place[heads], taken(scene.text(_STUDIES, "display"), row[heads])


def _awaited(
    scene: Scene, notes: Notes, table: str, done: str, there: str
) -> tuple[Places, Places]:
    """Return (note, row) of what is done by the time of a note and there only after it."""
    none: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    if not scene.has(table):
        return none, none
    led = np.where(begins(notes), scene.once(came_through)[notes.encounter], -1)
    of_both = [(np.arange(len(notes)), notes.encounter),
               (np.flatnonzero(led >= 0), led[led >= 0])]  # fmt: skip
    rows = [(note[at], row) for note, encounter in of_both
            for at, row in [scene.by_encounter(table, done).each(encounter)]]  # fmt: skip
    place, row = (np.concatenate(one) for one in zip(*rows, strict=True))
    signed = notes.authored[place]
    late = (scene.whole(table, done)[row] <= signed) & (scene.whole(table, there)[row] > signed)
    place, row = place[late], row[late]
    order = np.argsort(place, kind="stable")
    return place[order], row[order]
