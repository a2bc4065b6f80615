"""Which notes there are: of each visit one, of each stay one as it begins and one as it ends."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places
from healthsim.execution.sync.visits.visits import DAY

_ADMITTED = 180  # minutes from the beginning of a stay to its first note: assumption
LONG_AGO = np.int64(-(2**62))
"""Before everything, in minutes."""


class Kind(NamedTuple):
    """A kind of note.

    Attributes:
        loinc: code of the document's type.
        category: of US Core clinical notes.
        template: file of its template.
        classes: of the encounters that it is written of.
        at: "begin" or "end" of the encounter.
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
    """

    scene: Scene
    kind: Places
    encounter: Places
    authored: NDArray[np.int64]
    since: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: Places | slice) -> Notes:
        """Return some of the notes."""
        return Notes(self.scene, self.kind[rows], self.encounter[rows], self.authored[rows],
                     self.since[rows])  # fmt: skip

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


def notes_of(scene: Scene) -> Notes:
    """Return the notes of a chunk, by person and time."""
    classes = scene.coded("encounters", "encounter_class")
    start, end = scene.whole("encounters", "start_at"), scene.whole("encounters", "end_at")
    begun = np.minimum(start + _ADMITTED, (start + end) // 2)
    kind, encounter, authored = _rows(classes.codes, classes.vocabulary, begun, end)
    person = scene.person("encounters")[encounter]
    order = np.lexsort((kind, encounter, authored, person))
    kind, encounter, authored, person = (one[order] for one in (kind, encounter, authored, person))
    since = np.full(len(kind), LONG_AGO)
    same = person[1:] == person[:-1]
    since[1:][same] = authored[:-1][same]
    return Notes(scene, kind, encounter, authored, since)


def _rows(
    codes: NDArray[np.int32],
    vocabulary: Sequence[str],
    begun: NDArray[np.int64],
    end: NDArray[np.int64],
) -> tuple[Places, Places, NDArray[np.int64]]:
    """Return kind, encounter and time of each note."""
    of, at, when = [], [], []
    for place, kind in enumerate(kinds()):
        wanted = [code for code, word in enumerate(vocabulary) if word in kind.classes]
        rows = np.flatnonzero(np.isin(codes, wanted))
        of.append(np.full(len(rows), place))
        at.append(rows)
        when.append((begun if kind.at == "begin" else end)[rows])
    return np.concatenate(of), np.concatenate(at), np.concatenate(when)
