"""The history of the present illness: why the person comes, and what is new since the last time."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes import drugs, findings
from healthsim.execution.sync.chart.notes.kinds import Notes, kinds
from healthsim.execution.sync.chart.notes.measured import measured, measured_before
from healthsim.execution.sync.chart.notes.person import ended
from healthsim.execution.sync.chart.notes.phrases import Strings, constant, glued, said
from healthsim.execution.sync.chart.notes.scene import Groups, Scene, alphabetical
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    capital,
    dates,
    either,
    joined,
    listed,
    nothing,
    numbers,
    runs,
    taken,
)
from healthsim.execution.sync.chart.notes.vocabulary import diagnosis, lowered, unit, usual_place
from healthsim.execution.sync.visits.visits import DAY

_SYSTOLIC, _DIASTOLIC, _WEIGHT = "8480-6", "8462-4", "29463-7"
_PRESSURE = 10.0  # mmHg from which a pressure is told to have changed: assumption
_WEIGHED = 0.015  # part of the weight from which it is told to have changed: assumption
_COMES = {"visit": "Seen", "emergency": "Comes to the emergency department",
          "admission": "Admitted"}  # fmt: skip


def comes(scene: Scene, notes: Notes) -> Strings:
    """Say that the person comes, and why."""
    how = [_COMES.get(kind.kind) for kind in kinds()]
    text = taken(pa.array(how, pa.string()), notes.kind)
    return said("comes", comes=text, reason=taken(scene.once(_reasons), notes.encounter))


def _reasons(scene: Scene) -> Strings:
    stated = ended(scene.coded("encounters", "reason"), lowered)
    return either(stated, diagnosis(scene.coded("encounters", "reason_code"), lowered))


def changes(scene: Scene, notes: Notes) -> Strings:
    """Say what of weight, blood pressure and results that matter differs from the time before."""
    body = taken(scene.once(_of_bodies), notes.encounter)
    return capital(joined("; ", body, _of_results(scene, notes)))


def _of_bodies(scene: Scene) -> Strings:
    if not scene.has("vital_signs"):
        return nothing(scene.visits)
    return joined("; ", _weight(scene), _pressure(scene))


def _of_signs(scene: Scene, code: str) -> tuple[NDArray[np.float64], NDArray[np.float64], Places]:
    """Return a sign now and before, NaN where it was not taken, and the row of the one before."""
    value = np.append(np.asarray(scene.column("vital_signs", "value"), dtype=np.float64), np.nan)
    before = measured_before(scene, code)
    return value[measured(scene, code, latest=False)], value[before], before


def _weight(scene: Scene) -> Strings:
    now, then, row = _of_signs(scene, _WEIGHT)
    at = np.flatnonzero(np.abs(now - then) >= _WEIGHED * then)
    text = said(
        "changed",
        name=_constant("weight", len(at)),
        way=_way(now[at], then[at]),
        before=numbers(then[at]),
        now=numbers(now[at]),
        unit=unit(scene.coded("vital_signs", "unit").take(row[at])),
        date=dates(scene.days("vital_signs", "measured_at")[row[at]]),
    )
    return _spread(text, at, len(now))


def _pressure(scene: Scene) -> Strings:
    now, then, row = _of_signs(scene, _SYSTOLIC)
    low, low_then, low_row = _of_signs(scene, _DIASTOLIC)
    at = np.flatnonzero((np.abs(now - then) >= _PRESSURE) & ~np.isnan(low) & (low_row >= 0))
    minute = scene.whole("vital_signs", "measured_at")
    at = at[minute[row[at]] == minute[low_row[at]]]
    text = said(
        "changed",
        name=_constant("blood pressure", len(at)),
        way=_way(now[at], then[at]),
        before=glued(numbers(then[at]), "/", numbers(low_then[at])),
        now=glued(numbers(now[at]), "/", numbers(low[at])),
        unit=_constant(" mmHg", len(at)),
        date=dates(minute[row[at]] // DAY),
    )
    return _spread(text, at, len(now))


def _spread(text: Strings, at: Places, size: int) -> Strings:
    """Return texts at their places; null everywhere else."""
    place = np.full(size, -1, dtype=np.int64)
    place[at] = np.arange(len(at))
    return taken(text, place)


def _constant(text: str, size: int) -> Strings:
    return pa.repeat(constant(text), size)


def _way(now: NDArray[np.float64], then: NDArray[np.float64]) -> Strings:
    return taken(pa.array(["down", "up"]), (now > then).astype(np.int64))


def _of_results(scene: Scene, notes: Notes) -> Strings:
    """Say the results that matter and changed, of what was taken since the note before."""
    table = "lab_results"
    if not scene.has(table):
        return nothing(len(notes))
    place, row = scene.once(_telling).each(notes.person)
    at = scene.whole(table, "resulted_at")[row]
    new = (at > notes.since[place]) & (at <= notes.authored[place])
    new &= scene.whole(table, "collected_at")[row] < notes.start[place]
    place, row = place[new], row[new]
    if not len(row):
        return nothing(len(notes))
    _, heads = runs([place, scene.coded(table, "loinc").codes[row]])
    last = np.append(heads[1:], len(row)) - 1
    return listed(place[last], len(notes), _changed_results(scene, row[last]), "; ")


def _telling(scene: Scene) -> Groups:
    """Return the results that changed enough to be told, of each person by test and time."""
    table = "lab_results"
    before = scene.once(findings.previous)
    value = np.append(np.asarray(scene.column(table, "value"), dtype=np.float64), np.nan)
    code = scene.coded(table, "loinc")
    least = np.array([*(_trends().get(word, np.inf) for word in code.vocabulary), np.inf])
    with np.errstate(invalid="ignore"):
        told = np.abs(value[:-1] - value[before]) >= least[code.codes] * np.abs(value[before])
    owner = np.where(told & (before >= 0), scene.person(table), -1)
    return Groups.of(
        owner,
        scene.people,
        usual_place(code),
        alphabetical(code),
        scene.whole(table, "collected_at"),
    )


def _changed_results(scene: Scene, row: Places) -> Strings:
    """Say how some results differ from the ones before."""
    table = "lab_results"
    before = scene.once(findings.previous)[row]
    value = np.asarray(scene.column(table, "value"), dtype=np.float64)
    return said(
        "changed",
        name=taken(scene.once(findings.names), row),
        way=_way(value[row], value[before]),
        before=numbers(value[before]),
        now=numbers(value[row]),
        unit=unit(scene.coded(table, "unit").take(row)),
        date=dates(scene.days(table, "collected_at")[before]),
    )


@cache
def _trends() -> dict[str, float]:
    """Return the tests whose change is told, and from which part of the value before."""
    path = Path(__file__).parent / "data" / "trends.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["loinc"]: float(row["least"]) for row in csv.DictReader(file)}


def news_of_drugs(scene: Scene, notes: Notes) -> Strings:
    """Say which drugs began or ended since the day of the note before."""
    if not scene.has("prescriptions"):
        return nothing(len(notes))
    began, ended_ = (_since(scene, notes, *one) for one in drugs.news(scene, notes))
    new = joined("; ", glued("started ", began), glued("stopped ", ended_))
    return glued("Medicines since then: ", new, ".")


def _since(scene: Scene, notes: Notes, place: Places, row: Places) -> Strings:
    return listed(place, len(notes), taken(scene.text("prescriptions", "ingredient"), row), ", ")
