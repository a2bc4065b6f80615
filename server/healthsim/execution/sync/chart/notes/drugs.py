"""What a person takes on a day, by the prescriptions, and what a visit changes of it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.notes.kinds import LONG_AGO, Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places, listed, only, taken
from healthsim.execution.sync.chart.notes.vocabulary import diagnosis, in_a_sentence
from healthsim.execution.sync.visits.visits import DAY
from healthsim.tables import among

_DAYS = 2**20  # more than there are between 1970 and any day


@dataclass(frozen=True, eq=False)
class Courses:
    """Prescriptions as spans of taking a drug; arrays of shape (prescriptions,).

    Attributes:
        written: first day.
        ends: first day on which it is not taken any more: stopped, run out, or written anew. What
            is taken for long and written anew soon after it ran out goes on between.
        renews: bool, the same drug was taken on the day on which it was written.
        changes: bool, the same ingredient was taken then, as another product.
        before: position of the same drug's prescription before; -1 for none.
        other: position of the same ingredient's prescription before; -1 for none.
        replaced: bool, the drug or ingredient was written again on the day on which it ended.
    """

    written: NDArray[np.int64]
    ends: NDArray[np.int64]
    renews: NDArray[np.bool_]
    changes: NDArray[np.bool_]
    before: Places
    other: Places
    replaced: NDArray[np.bool_]

    @classmethod
    def of(cls, scene: Scene) -> Courses:
        """Return the spans of a chunk's prescriptions."""
        written = scene.whole("prescriptions", "written_date")
        supply = scene.whole("prescriptions", "days_supply")
        stopped = scene.whole("prescriptions", "end_date")
        out = written + supply * (1 + scene.whole("prescriptions", "refills"))
        drug = _neighbours(scene, "drug", written)
        gap = np.append(written, LONG_AGO)[drug.after] - out
        goes_on = (drug.after >= 0) & (supply >= _same_course()["least_supply"])
        goes_on &= (gap > 0) & (gap <= _same_course()["gap"] * supply)
        out = np.where(goes_on, out + gap, out)
        ends = np.where(stopped == NO_DAY, out, np.minimum(stopped, out))
        ingredient = _neighbours(scene, "ingredient", written)
        renews = _reaches(drug.before, written, ends)
        return cls(
            written=written,
            ends=np.where(drug.after >= 0, np.minimum(ends, written[drug.after]), ends),
            renews=renews,
            changes=_reaches(ingredient.before, written, ends) & ~renews,
            before=drug.before,
            other=ingredient.before,
            replaced=(ingredient.after >= 0) & (written[ingredient.after] <= ends),
        )


@cache
def _same_course() -> dict[str, float]:
    """Return the figures of ``data/same_course.csv`` by key."""
    path = Path(__file__).parent / "data" / "same_course.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["key"]: float(row["value"]) for row in csv.DictReader(file)}


@dataclass(frozen=True, eq=False)
class _Neighbours:
    """The prescription before and after each one, of the same drug of a person; -1 for none."""

    before: Places
    after: Places


def _neighbours(scene: Scene, column: str, written: NDArray[np.int64]) -> _Neighbours:
    person, what = scene.person("prescriptions"), scene.coded("prescriptions", column).codes
    order = np.lexsort((written, what, person))
    same = (person[order][1:] == person[order][:-1]) & (what[order][1:] == what[order][:-1])
    before, after = (np.full(len(order), -1, dtype=np.int64) for _ in range(2))
    before[order[1:][same]] = order[:-1][same]
    after[order[:-1][same]] = order[1:][same]
    return _Neighbours(before, after)


def _reaches(
    before: Places, written: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which prescriptions were written before the one before them ended."""
    return (before >= 0) & (ends[before] >= written)


def medications(scene: Scene, notes: Notes) -> Strings:
    """List what the person took as the encounter began, with how it is taken."""
    place, row = scene.by_person("prescriptions", "written_date").each(notes.person)
    courses, today = scene.once(Courses.of), notes.first_day[place]
    takes = (courses.written[row] < today) & (courses.ends[row] >= today)
    place, row = place[takes], row[takes]
    return listed(place, len(notes), taken(scene.once(_taken), row))


def _taken(scene: Scene) -> Strings:
    """Return the line of each prescription as a drug that somebody takes."""
    drug, sig = (scene.text("prescriptions", column) for column in ("drug", "sig"))
    return said("drug", drug=drug, sig=sig)


def stopped(scene: Scene, notes: Notes) -> tuple[Places, Strings]:
    """Return (note, line) of what is stopped on the days of the encounter; not by a death."""
    place, row = scene.by_person("prescriptions", "written_date").each(notes.person)
    ended = scene.whole("prescriptions", "end_date")[row]
    ends = (ended >= notes.first_day[place]) & (ended <= notes.end[place] // DAY)
    ends &= ~scene.once(Courses.of).replaced[row] & (ended != NO_DAY)
    ends &= ~died(scene, notes)[place]
    ends &= ended != scene.whole("patients", "death_date")[notes.person[place]]
    place, row = place[ends], row[ends]
    drug = taken(scene.text("prescriptions", "drug"), row)
    return place, said("stop_drug", drug=drug, reason=taken(scene.once(_over), row))


def _over(scene: Scene) -> Strings:
    """Return what each prescription is for that is over as it ends; null where nothing is."""
    table, none = "conditions", np.zeros(0, dtype=np.int64)
    code = scene.coded("prescriptions", "indication")
    known = {word: at for at, word in enumerate(code.vocabulary)}
    size, ended = len(known) + 1, none
    if scene.has(table):
        theirs = scene.coded(table, "code")
        of_word = np.array([*(known.get(word, -1) for word in theirs.vocabulary), -1])[theirs.codes]
        ended = _keys(scene.person(table) * size + of_word, scene.whole(table, "abatement_date"))
        ended = np.sort(ended[of_word >= 0])
    whose, end = scene.person("prescriptions") * size + code.codes, scene.whole(
        "prescriptions", "end_date")  # fmt: skip
    over = among(_keys(whose, end), ended) | among(_keys(whose, end - 1), ended)
    return only(diagnosis(code, in_a_sentence), over & (code.codes >= 0) & (end != NO_DAY))


def _keys(whose: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for each person's code and day."""
    return whose * _DAYS + np.maximum(day, 0)


def news(scene: Scene, notes: Notes) -> tuple[tuple[Places, Places], tuple[Places, Places]]:
    """Return (note, row) of drugs that began, and that ended, from the note before to this one.

    The day of the note before belongs to it: what that note plans is news in the next one. A drug
    that began more than once since then is told once.
    """
    place, row = scene.by_person("prescriptions", "written_date").each(notes.person)
    courses, today = scene.once(Courses.of), notes.first_day[place]
    since = notes.since[place] // DAY
    written, ends = courses.written[row], scene.whole("prescriptions", "end_date")[row]
    told = notes.since[place] > LONG_AGO
    began = told & (written >= since) & (written < today) & ~courses.renews[row]
    stopped_ = told & (ends != NO_DAY) & (ends >= since) & (ends < today) & ~courses.replaced[row]
    began &= ~((ends != NO_DAY) & (ends < today))
    stopped_ &= written < since
    return _once(scene, place[began], row[began]), _once(scene, place[stopped_], row[stopped_])


def _once(scene: Scene, place: Places, row: Places) -> tuple[Places, Places]:
    """Keep the first of a note's prescriptions of each ingredient."""
    ingredient = scene.coded("prescriptions", "ingredient")
    keys = place.astype(np.int64) * (len(ingredient.vocabulary) + 1) + ingredient.codes[row] + 1
    first = np.sort(np.unique(keys, return_index=True)[1])
    return place[first], row[first]


def died(scene: Scene, notes: Notes) -> NDArray[np.bool_]:
    """Tell which encounters end in death."""
    ways = scene.coded("encounters", "disposition").take(notes.encounter)
    return np.isin(ways.codes, [code for code, way in enumerate(ways.vocabulary)
                                if way in ("20", "40", "41", "42")])  # fmt: skip
