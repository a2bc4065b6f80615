"""What was given in an emergency visit or a stay, by the rows of administrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.execution.sync.chart.held import stays_holding, still_held
from healthsim.execution.sync.chart.notes.admission import known_at_admission
from healthsim.execution.sync.chart.notes.drugs import Courses
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.person import recoded_flag
from healthsim.execution.sync.chart.notes.phrases import Strings, glued, said
from healthsim.execution.sync.chart.notes.scene import Groups, Scene, alphabetical
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    dates,
    listed,
    nothing,
    numbers,
    only,
    runs,
    taken,
)
from healthsim.execution.sync.chart.places import codes_where, first_of_each
from healthsim.execution.sync.chart.ward_orders import HOME_CLASSES
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.held_drugs import held_drugs
from healthsim.tables import Coded, Columns, take

_TABLE = "medication_administrations"
_FIRST_DAY = 24 * 60  # minutes of a stay whose drugs its first note plans: assumption


def medications_given(scene: Scene, notes: Notes) -> Strings:
    """List each drug that was given, by which route, how often, and from when to when."""
    if not scene.has(_TABLE):
        return nothing(len(notes))
    groups = scene.once(_by_drug)
    place, row = groups.each(notes.encounter)
    given = scene.whole(_TABLE, "given_at")[row]
    there = (given <= notes.authored[place]) & scene.coded(_TABLE, "status").equals("completed")[
        row
    ]
    place, row, given = place[there], row[there], given[there]
    drug, route = (scene.coded(_TABLE, name).codes[row] for name in ("drug", "route"))
    _, heads = runs([place, drug, route])
    last = np.append(heads[1:], len(row)) - 1 if len(heads) else heads
    count = last - heads + 1
    first_day, last_day = given[heads] // DAY, given[last] // DAY
    lines = said(
        "given",
        drug=taken(scene.text(_TABLE, "drug"), row[heads]),
        route=taken(scene.text(_TABLE, "route"), row[heads]),
        times=only(glued(numbers(count), " times"), count > 1),
        date=dates(first_day),
        until=only(dates(last_day), last_day > first_day),
    )
    return listed(place[heads], len(notes), lines)


def _by_drug(scene: Scene) -> Groups:
    drug, route = (alphabetical(scene.coded(_TABLE, name)) for name in ("drug", "route"))
    return Groups.of(
        scene.encounter(_TABLE), scene.visits, drug, route, scene.whole(_TABLE, "given_at")
    )


def ordered(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of the drugs of a stay's first day: given anew, or taken at home too."""
    if not scene.has(_TABLE):
        return np.zeros(0, dtype=np.int64), nothing(0)
    place, row = scene.once(_by_drug).each(notes.encounter)
    early = scene.whole(_TABLE, "given_at")[row] < notes.start[place] + _FIRST_DAY
    place, row = place[early], row[early]
    drug, route = (scene.coded(_TABLE, name).codes[row] for name in ("drug", "route"))
    _, heads = runs([place, drug, route])
    place, row = place[heads], row[heads]
    lines = said(
        "ordered",
        act=recoded_flag(
            _goes_on(scene, scene.once(_prescribed)[row], notes.first_day[place]),
            "Continue",
            "Give",
        ),
        drug=taken(scene.text(_TABLE, "drug"), row),
        route=taken(scene.text(_TABLE, "route"), row),
    )
    return place, lines


def _goes_on(scene: Scene, prescription: Places, first_day: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which prescriptions, -1 for none, were taken before a stay's first day."""
    if not scene.has("prescriptions"):
        return np.zeros(len(prescription), dtype=np.bool_)
    courses = scene.once(Courses.of)
    before = (courses.written[prescription] < first_day) | courses.renews[prescription]
    goes_on: NDArray[np.bool_] = (prescription >= 0) & before
    return goes_on


def _prescribed(scene: Scene) -> Places:
    """Return the position of each administration's prescription; -1 without one."""
    wanted = scene.whole(_TABLE, "prescription_id")
    if not scene.has("prescriptions"):
        return np.full(len(wanted), -1, dtype=np.int64)
    every = scene.whole("prescriptions", "prescription_id")
    order = np.argsort(every, kind="stable")
    at = order[np.minimum(np.searchsorted(every[order], wanted), len(every) - 1)]
    return np.where(every[at] == wanted, at, -1)


def withheld(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of what is not given of what the person takes, as known at first."""
    if not scene.has("prescriptions"):
        return np.zeros(0, dtype=np.int64), nothing(0)
    held = scene.once(_held_at_first)
    place, at = held.of_stays.each(notes.encounter)
    drug = taken(scene.text("prescriptions", "drug"), held.row[at])
    return place, said("withheld", drug=drug, why=taken(held.why, at))


def medications_held(scene: Scene, notes: Notes) -> Strings:
    """List what the person takes at home and is not given in the stay, and why."""
    if not scene.has("prescriptions"):
        return nothing(len(notes))
    held = scene.once(_held)
    place, at = held.of_stays.each(notes.encounter)
    drug = taken(scene.text("prescriptions", "drug"), held.row[at])
    return listed(place, len(notes), said("held", drug=drug, why=taken(held.why, at)))


def is_held(scene: Scene, encounter: Places, row: Places) -> NDArray[np.bool_]:
    """Tell which prescriptions are of a drug that an encounter holds; bool, shape (n,).

    Args:
        scene: of the chunk.
        encounter: positions in `encounters`, shape (n,).
        row: positions in `prescriptions`, shape (n,).
    """
    held, drug = scene.once(_held), scene.coded("prescriptions", "drug")
    pairs = held.encounter * len(drug.vocabulary) + drug.codes[held.row]
    asked: NDArray[np.int64] = encounter * len(drug.vocabulary) + drug.codes[row]
    return np.isin(asked, pairs)


def is_held_on(scene: Scene, encounter: Places, row: Places) -> NDArray[np.bool_]:
    """Tell which prescriptions an encounter held for a result that was no better as it ended.

    Arguments and result as of `is_held`.
    """
    held, drug = scene.once(_held), scene.coded("prescriptions", "drug")
    pairs = held.encounter * len(drug.vocabulary) + drug.codes[held.row]
    asked: NDArray[np.int64] = encounter * len(drug.vocabulary) + drug.codes[row]
    return np.isin(asked, pairs[held.lasts])


def gives(scene: Scene, encounter: Places, row: Places) -> NDArray[np.bool_]:
    """Tell which prescriptions are of a drug that an encounter gave; bool, shape (n,).

    Args:
        scene: of the chunk.
        encounter: positions in `encounters`, shape (n,).
        row: positions in `prescriptions`, shape (n,).
    """
    if not scene.has(_TABLE):
        return np.zeros(len(row), dtype=np.bool_)
    drug, theirs = scene.coded("prescriptions", "drug"), scene.coded(_TABLE, "drug")
    place = {text: code for code, text in enumerate(drug.vocabulary)}
    shared = np.array([*(place.get(text, -1) for text in theirs.vocabulary), -1])[theirs.codes]
    done = (shared >= 0) & scene.coded(_TABLE, "status").equals("completed")
    pairs = scene.encounter(_TABLE)[done] * len(drug.vocabulary) + shared[done]
    asked: NDArray[np.int64] = encounter * len(drug.vocabulary) + drug.codes[row]
    return np.isin(asked, pairs)


@dataclass(frozen=True, eq=False)
class _Held:
    """What stays hold of what was taken as they began: a drug once in each.

    Attributes:
        of_stays: the rest by encounter, drugs in the order of the alphabet.
        encounter: positions in `encounters`.
        row: positions in `prescriptions`.
        why: in words.
        lasts: bool, whether the last result of the stay holds it still.
    """

    of_stays: Groups
    encounter: Places
    row: Places
    why: Strings
    lasts: NDArray[np.bool_]


def _held(scene: Scene) -> _Held:
    return _held_by(scene, scene.tables)


def _held_at_first(scene: Scene) -> _Held:
    """Return what stays hold for what was known as they began: no result of theirs was."""
    known = {name: columns for name, columns in scene.tables.items() if name != "lab_results"}
    diagnoses = known["encounter_diagnoses"]
    known["encounter_diagnoses"] = take(diagnoses, scene.once(known_at_admission))
    return _held_by(scene, known)


def _held_by(scene: Scene, tables: Mapping[str, Columns]) -> _Held:
    inside = codes_where(scene.coded("encounters", "encounter_class"), HOME_CLASSES.__contains__)
    stays = np.flatnonzero(inside)
    rows = Groups.of(scene.person("prescriptions"), scene.people)
    place, row = rows.each(scene.person("encounters")[stays])
    courses, today = scene.once(Courses.of), scene.days("encounters", "start_at")[stays]
    takes = (courses.written[row] < today[place]) & (courses.ends[row] > today[place])
    place, row = place[takes], row[takes]
    names = ("person_id", "encounter_id", "start_at", "end_at")
    columns: Columns = {name: np.asarray(scene.column("encounters", name))[stays] for name in names}
    ingredient = scene.coded("prescriptions", "ingredient").take(row)
    reason = np.full(len(row), -1, dtype=np.int64)
    lasts = np.zeros(len(row), dtype=np.bool_)
    for number, rule in enumerate(held_drugs()):
        about = codes_where(ingredient, rule.ingredients.__contains__)
        holds = about & stays_holding(rule, columns, tables)[place]
        reason[holds & (reason < 0)] = number
        lasts |= holds & still_held(rule, columns, tables)[place]
    by_vein = np.isin(stays[place] * 2**16 + ingredient.codes, _by_vein(scene, ingredient))
    reason[by_vein & (reason < 0)] = len(held_drugs())
    lasts = lasts[reason >= 0]
    place, row, reason = (one[reason >= 0] for one in (place, row, reason))
    drug = scene.order("prescriptions", "drug")[row]
    first = first_of_each(place, drug)
    place, row, reason, lasts = place[first], row[first], reason[first], lasts[first]
    groups = Groups.of(stays[place], scene.visits, drug[first])
    words = pa.array([*(rule.words for rule in held_drugs()), "the same drug by vein"], pa.string())
    return _Held(groups, stays[place], row, taken(words, reason), lasts)


def _by_vein(scene: Scene, ingredient: Coded) -> NDArray[np.int64]:
    """Return a number of each stay and ingredient that it gives by vein, by a vocabulary."""
    if not scene.has(_TABLE):
        return np.zeros(0, dtype=np.int64)
    given = scene.coded(_TABLE, "ingredient")
    place = {text: code for code, text in enumerate(ingredient.vocabulary)}
    code = np.array([*(place.get(text, -1) for text in given.vocabulary), -1])[given.codes]
    row = np.flatnonzero((code >= 0) & scene.coded(_TABLE, "route").equals("intravenous"))
    numbered: NDArray[np.int64] = scene.encounter(_TABLE)[row] * 2**16 + code[row]
    return numbered
