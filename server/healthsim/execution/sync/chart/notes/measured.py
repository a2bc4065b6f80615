"""Which row of the vital signs is an encounter's first, or last, of a kind; and the one before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from healthsim.execution.sync.chart.notes.person import came_through
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places


def measured(scene: Scene, code: str, *, latest: bool) -> Places:
    """Return the row of each encounter's first, or last, measurement of a code; -1 for none."""
    return scene.once(_finder(code, latest=latest))


@cache
def _finder(code: str, *, latest: bool) -> Callable[[Scene], Places]:
    def find(scene: Scene) -> Places:
        rows = scene.by_encounter("vital_signs", "measured_at").rows
        loinc = scene.coded("vital_signs", "loinc")
        rows = rows[loinc.equals(code)[rows]]
        found = np.full(scene.visits, -1, dtype=np.int64)
        chosen = rows if latest else rows[::-1]  # of rows of one encounter the last one stays
        found[scene.encounter("vital_signs")[chosen]] = chosen
        return found

    return find


def _in_time(scene: Scene) -> Places:
    """Return the encounters of each person in the order of their beginning."""
    start, end = scene.whole("encounters", "start_at"), scene.whole("encounters", "end_at")
    return np.lexsort((end, start, scene.person("encounters")))


def measured_before(scene: Scene, code: str) -> Places:
    """Return the person's last measurement before each encounter, and what led to it; -1 if none.

    It is the last of an encounter that ended before this one begins.
    """
    return scene.once(_earlier(code))


@cache
def _earlier(code: str) -> Callable[[Scene], Places]:
    def find(scene: Scene) -> Places:
        last = measured(scene, code, latest=True)
        person = scene.person("encounters")
        start, end = scene.whole("encounters", "start_at"), scene.whole("encounters", "end_at")
        order = scene.once(_in_time)
        has = np.where(last[order] >= 0, np.arange(len(order)), -1)
        until = np.maximum.accumulate(has) if len(has) else has
        before = np.full(len(order), -1, dtype=np.int64)
        before[order[1:]] = np.where(until[:-1] >= 0, order[until[:-1]], -1)
        led = scene.once(came_through)
        through = (led >= 0) & (led == before)
        before[through] = before[led[through]]
        fits = (before >= 0) & (person[before] == person) & (end[before] <= start)
        return np.where(fits, last[before], -1)

    return find
