"""What was known as a stay began: its first note holds no more."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.notes.kinds import Notes, first_written, kinds
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.confirming import defining_tests
from healthsim.medicine.organisms import unnamed
from healthsim.tables import Coded

_DAYS, _MIDDLE = 2**20, 2**19  # more than any day, in a key with a person and a code


def stays(scene: Scene) -> NDArray[np.bool_]:
    """Return which encounters have a note as they begin, and a last entry of False."""
    classes = {one for kind in kinds() if kind.at == "begin" for one in kind.classes}
    kind = scene.coded("encounters", "encounter_class")
    wanted = [code for code, word in enumerate(kind.vocabulary) if word in classes]
    return np.append(np.isin(kind.codes, wanted), False)


def begins(notes: Notes) -> NDArray[np.bool_]:
    """Return which notes are written as a stay begins."""
    return np.array([kind.at == "begin" for kind in kinds()])[notes.kind]


def known_at_admission(scene: Scene) -> NDArray[np.bool_]:
    """Return which diagnoses of encounters were known as the encounter began.

    Those are not that arose in the stay, that say how it went, or that are a state, a complication
    or a finding of a test which a condition of the person holds since the stay; a finding is known
    where the result that defines it is reported before the first note.
    """
    table = "encounter_diagnoses"
    code = scene.coded(table, "code")
    told = {when: [word.startswith(codes) for word in code.vocabulary]
            for when, codes in _known_later().items()}  # fmt: skip
    always, begun = (np.array([*told[when], False])[code.codes] for when in ("always", "begun"))
    late = always | scene.coded(table, "poa").equals("N")
    if begun.any() and scene.has("conditions"):
        late |= begun & _began_inside(scene) & ~_told_by_then(scene, code)
    return ~late


def _told_by_then(scene: Scene, code: Coded) -> NDArray[np.bool_]:
    """Return which diagnoses have a result that defines them before the encounter's first note."""
    told = np.zeros(len(code), dtype=np.bool_)
    if not scene.has("lab_results"):
        return told
    written = scene.once(first_written)
    result, inside = scene.coded("lab_results", "loinc"), scene.encounter("lab_results")
    early = (inside >= 0) & (scene.whole("lab_results", "resulted_at") <= written[inside])
    for prefixes, tests in defining_tests():
        about = np.array([*(word.startswith(prefixes) for word in code.vocabulary), False])
        shows = np.array([*(word in tests for word in result.vocabulary), False])[result.codes]
        seen = np.zeros(scene.visits + 1, dtype=np.bool_)
        seen[inside[early & shows]] = True
        told |= about[code.codes] & seen[scene.encounter("encounter_diagnoses")]
    return told


def codes_at_admission(scene: Scene) -> Coded:
    """Return the codes of diagnoses of encounters as they were as the encounter began.

    What names an organism is the code of before where the person has that on the first day.
    """
    code = scene.coded("encounter_diagnoses", "code")
    of_before = [unnamed().get(word, word) for word in code.vocabulary]
    if of_before == list(code.vocabulary) or not scene.has("conditions"):
        return code
    before = Coded.of([*of_before, None])
    inside = scene.encounter("encounter_diagnoses")
    start = np.append(scene.whole("encounters", "start_at"), 0)[inside] // DAY
    held = _held_on(scene, before.take(code.codes), start)
    named = np.array([*(old != new for old, new in zip(of_before, code.vocabulary, strict=True)),
                      False])[code.codes]  # fmt: skip
    texts = np.where(named & held, before.codes[code.codes] + len(code.vocabulary), code.codes)
    return Coded(texts.astype(np.int32), (*code.vocabulary, *before.vocabulary))


def _held_on(scene: Scene, code: Coded, day: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which diagnoses of encounters, by some codes, their persons have on a day; bool."""
    place = {word: number for number, word in enumerate(code.vocabulary)}
    condition = scene.coded("conditions", "code")
    shared = np.array([*(place.get(word, -1) for word in condition.vocabulary), -1])
    size, which = len(code.vocabulary) + 1, shared[condition.codes]
    onset, over = (scene.whole("conditions", name) for name in ("onset_date", "abatement_date"))
    owner = scene.person("conditions") * size + which
    order = np.lexsort((onset, owner))
    order = order[which[order] >= 0]
    known = owner[order] * _DAYS + onset[order] + _MIDDLE
    wanted = scene.person("encounter_diagnoses") * size + code.codes
    at = np.searchsorted(known, wanted * _DAYS + day + _MIDDLE, side="right") - 1
    if not len(known):
        return np.zeros(len(code), dtype=np.bool_)
    found = order[np.maximum(at, 0)]
    has: NDArray[np.bool_] = (at >= 0) & (owner[found] == wanted)
    has &= (over[found] == NO_DAY) | (over[found] >= day)
    return has


def found_later(code: Coded) -> NDArray[np.bool_]:
    """Return which conditions are not known yet as the stay begins in which they begin."""
    later = [word.startswith(_known_later()["begun"]) for word in code.vocabulary]
    return np.array([*later, False])[code.codes]


def _began_inside(scene: Scene) -> NDArray[np.bool_]:
    """Return which diagnoses are of a condition that began within their encounter."""
    code = scene.coded("encounter_diagnoses", "code")
    place = {word: number for number, word in enumerate(code.vocabulary)}
    condition = scene.coded("conditions", "code")
    shared = np.array([*(place.get(word, -1) for word in condition.vocabulary), -1])
    person = scene.person("encounter_diagnoses")
    size = len(code.vocabulary) + 1
    keys = person * size + code.codes
    owner, which = scene.person("conditions"), shared[condition.codes]
    onset = scene.whole("conditions", "onset_date")
    order = np.lexsort((onset, owner * size + which))
    known = (owner * size + which)[order]
    last = np.searchsorted(known, keys, side="right") - 1
    has = (last >= 0) & (known[last] == keys)
    inside = scene.encounter("encounter_diagnoses")
    start = scene.whole("encounters", "start_at")[inside] // DAY
    began: NDArray[np.bool_] = has & (onset[order][last] >= start)
    return began


@cache
def _known_later() -> dict[str, tuple[str, ...]]:
    path = Path(__file__).parent / "data" / "known_later.csv"
    found: dict[str, tuple[str, ...]] = {"always": (), "begun": ()}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["when"]] += (row["code"],)
    return found
