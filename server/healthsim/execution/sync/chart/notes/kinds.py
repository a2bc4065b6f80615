"""Which notes there are: of each visit one, of each stay one as it begins and one as it ends."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import existing_minutes
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places
from healthsim.execution.sync.visits.visits import DAY

_ADMITTED = 180  # minutes from the beginning of a stay to its first note: assumption
_BEFORE_OPERATION = 30  # minutes before the operating room by which that note is signed: assumption
_WRITTEN_DOWN = 30  # minutes from the end of an operation to its note: assumption
_AFTERNOON = 17 * 60  # when an operation is written down of which no place is known: assumption
LONG_AGO = np.int64(-(2**62))
"""Before everything, in minutes."""
_NEVER = np.int64(2**62)


class Kind(NamedTuple):
    """A kind of note.

    Attributes:
        loinc: code of the document's type.
        category: of US Core clinical notes.
        template: file of its template.
        classes: of the encounters that it is written of.
        at: "begin" or "end" of the encounter, or "operation".
    """

    kind: str
    loinc: str
    title: str
    category: str
    template: str
    classes: tuple[str, ...]
    at: str


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds of notes, in the order in which they are written of one encounter."""
    path = Path(__file__).parent / "data" / "kinds.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Kind(row["kind"], row["loinc"], row["title"], row["category"], row["template"],
                 tuple(row["classes"].split()), row["at"])
            for row in csv.DictReader(file)
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Notes:
    """Some notes; arrays of shape (n,).

    Attributes:
        scene: what they are composed from.
        kind: int64, position in `kinds()`.
        encounter: int64, position in `encounters`.
        authored: int64, minutes since 1970.
        since: int64, when the person's note before was authored; `LONG_AGO` where there is none.
        procedure: int64, position in `procedures` of the operation; -1 of other notes.
    """

    scene: Scene
    kind: Places
    encounter: Places
    authored: NDArray[np.int64]
    since: NDArray[np.int64]
    procedure: Places

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: Places | slice) -> Notes:
        """Return some of the notes."""
        return Notes(self.scene, self.kind[rows], self.encounter[rows], self.authored[rows],
                     self.since[rows], self.procedure[rows])  # fmt: skip

    @cached_property
    def person(self) -> Places:
        """Position in `patients`, int64."""
        return self.scene.person("encounters")[self.encounter]

    @cached_property
    def start(self) -> NDArray[np.int64]:
        """When the encounter begins, minutes."""
        return self.scene.whole("encounters", "start_at")[self.encounter]

    @cached_property
    def end(self) -> NDArray[np.int64]:
        """When the encounter ends, minutes."""
        return self.scene.whole("encounters", "end_at")[self.encounter]

    @cached_property
    def first_day(self) -> NDArray[np.int64]:
        """Day on which the encounter begins."""
        return self.start // DAY

    @cached_property
    def day(self) -> NDArray[np.int64]:
        """Day on which the note is authored."""
        return self.authored // DAY


def ends_a_stay(notes: Notes) -> NDArray[np.bool_]:
    """Tell which notes are summaries of a stay, bool, shape (n,)."""
    ends: NDArray[np.bool_] = np.array([one.kind == "discharge" for one in kinds()])[notes.kind]
    return ends


def notes_of(scene: Scene, operations: NDArray[np.bool_]) -> Notes:
    """Return the notes of a chunk, by person and time.

    Args:
        scene: its tables.
        operations: which procedures have a note.
    """
    rows = [_of_encounters(scene, place) if kind.classes else _of_operations(scene, operations)
            for place, kind in enumerate(kinds())]  # fmt: skip
    kind = np.repeat(np.arange(len(rows)), [len(row[0]) for row in rows])
    encounter, authored, procedure = (np.concatenate(one) for one in zip(*rows, strict=True))
    authored = existing_minutes(authored)
    person = scene.person("encounters")[encounter]
    order = np.lexsort((procedure, kind, encounter, authored, person))
    kind, encounter, authored, person, procedure = (
        one[order] for one in (kind, encounter, authored, person, procedure)
    )
    since = np.full(len(kind), LONG_AGO)
    tells = np.flatnonzero(procedure < 0)  # a note of an operation tells of no results
    same = person[tells[1:]] == person[tells[:-1]]
    since[tells[1:][same]] = authored[tells[:-1][same]]
    return Notes(scene, kind, encounter, authored, since, procedure)


def first_written(scene: Scene) -> NDArray[np.int64]:
    """Return when each encounter's note of its beginning is authored, minutes; else `LONG_AGO`."""
    found = np.full(scene.visits, LONG_AGO)
    for place, kind in enumerate(kinds()):
        if kind.at == "begin":
            encounter, authored, _ = _of_encounters(scene, place)
            found[encounter] = existing_minutes(authored)
    return found


_Rows = tuple[Places, NDArray[np.int64], Places]
"""Encounter, time and procedure of each note of a kind."""


def _of_encounters(scene: Scene, place: int) -> _Rows:
    kind, classes = kinds()[place], scene.coded("encounters", "encounter_class")
    wanted = [code for code, word in enumerate(classes.vocabulary) if word in kind.classes]
    rows = np.flatnonzero(np.isin(classes.codes, wanted) & ~scene.once(_no_care))
    start, end = (scene.whole("encounters", name)[rows] for name in ("start_at", "end_at"))
    begun = np.minimum(start + _ADMITTED, (start + end) // 2)
    operated = _operating_room(scene, "start_at", np.minimum, _NEVER)[rows]
    signed = np.maximum(operated - _BEFORE_OPERATION, (start + operated) // 2)
    begun = np.minimum(begun, np.where(operated >= start, signed, begun))
    return rows, begun if kind.at == "begin" else end, np.full(len(rows), -1)


_DONE = ("lab_results", "procedures", "prescriptions", "immunizations", "referrals",
         "medication_administrations")  # fmt: skip


def _no_care(scene: Scene) -> NDArray[np.bool_]:
    """Return the encounters that are talks of a plan with its member: nothing is written of them.

    Their first diagnosis says so, and nothing is done or ordered in them.
    """
    code = scene.coded("encounter_diagnoses", "code")
    talks = np.array([*(word.startswith(_talks()) for word in code.vocabulary), False])
    first = scene.whole("encounter_diagnoses", "sequence") == 1
    inside = scene.encounter("encounter_diagnoses")[first & talks[code.codes]]
    found = np.zeros(scene.visits, dtype=np.bool_)
    found[inside[inside >= 0]] = True
    for table in _DONE:
        if scene.has(table):
            busy = scene.encounter(table)
            found[busy[busy >= 0]] = False
    return found


@cache
def _talks() -> tuple[str, ...]:
    path = Path(__file__).parent / "data" / "without_notes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(row["code"] for row in csv.DictReader(file))


def _of_operations(scene: Scene, operations: NDArray[np.bool_]) -> _Rows:
    """Return the notes of operations, written after the operating room, within the encounter."""
    procedure = np.flatnonzero(operations)
    if not len(procedure):
        return procedure, procedure, procedure
    encounter = scene.encounter("procedures")[procedure]
    start, end = (scene.whole("encounters", name)[encounter] for name in ("start_at", "end_at"))
    day = scene.whole("procedures", "performed_date")[procedure]
    over = _operating_room(scene, "end_at", np.maximum, LONG_AGO)[encounter]
    known = over >= day * DAY  # of an operation of a later day the place is not known
    authored = np.where(known, over + _WRITTEN_DOWN, day * DAY + _AFTERNOON)
    return encounter, np.clip(authored, start, end), procedure


def _operating_room(
    scene: Scene, column: str, which: np.ufunc, without: np.int64
) -> NDArray[np.int64]:
    """Return a time of the operating room of each encounter, minutes.

    Args:
        scene: its tables.
        column: "start_at" or "end_at".
        which: of several, ``np.minimum`` or ``np.maximum``.
        without: what stands for encounters without one.
    """
    at = np.full(scene.visits, without)
    table = "encounter_locations"
    if scene.has(table):
        rows = np.flatnonzero(scene.coded(table, "unit").equals("operating room"))
        which.at(at, scene.encounter(table)[rows], scene.whole(table, column)[rows])
    return at
