"""What lets one find signs: an illness shows from its first day, not for ever.

An emergency visit that led to a stay sees what the stay is coded for, if it was there by then. A
later visit may still state an illness whose signs have gone (`data/signs_last.csv`).
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes.admission import known_at_admission, stays
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places

_ACUTE = ("emergency", "inpatient", "observation", "urgent_care")
"""Classes of encounter for whose sake an illness is bad enough to show, however old it is."""
_EXAMINED = 3 * 60
"""Minutes of a stay until its first note; other notes are of the end of their encounter."""
_DAYS = 2**32  # more than there are between any two days
_MIDDLE = _DAYS // 2  # days before 1970 are below 0
_FOR_EVER = 2**31


def diagnosed(scene: Scene) -> Places:
    """Return the encounter in which each diagnosis is seen; -1 where its signs are not there.

    They are not where a stay's first note did not know it, or where they have gone.
    """
    inside = scene.encounter("encounter_diagnoses")
    unknown = scene.once(stays)[inside] & ~scene.once(known_at_admission)
    return np.where(unknown | _gone(scene, inside), -1, inside)


def seen_before(scene: Scene) -> Places:
    """Return the emergency visit that saw each diagnosis before its stay began; -1 for none."""
    inside = scene.encounter("encounter_diagnoses")
    known = scene.once(stays)[inside] & scene.once(known_at_admission)
    came = np.full(scene.visits + 1, -1, dtype=np.int64)
    emergencies, stay = _led(scene)
    came[stay] = emergencies
    return np.where(known & (inside >= 0), came[inside], -1)


def given_by(scene: Scene, ingredient: str) -> NDArray[np.float64]:
    """Return 1 where a drug is given in an encounter by the time of the examination, else NaN.

    What an emergency visit gave goes on in the stay after it.
    """
    found = np.full(scene.visits, np.nan)
    table = "medication_administrations"
    if scene.has(table):
        inside = scene.encounter(table)
        since = scene.whole(table, "given_at") - scene.whole("encounters", "start_at")[inside]
        in_time = (since <= _EXAMINED) | ~scene.once(stays)[inside]
        given = scene.coded(table, "ingredient").equals(ingredient) & in_time & (inside >= 0)
        found[inside[given]] = 1.0
        emergencies, stay = _led(scene)
        found[stay[found[emergencies] == 1]] = 1.0
    return found


def _led(scene: Scene) -> tuple[Places, Places]:
    """Return the emergency visits that led to a stay, and the stay of each."""
    kind = scene.coded("encounters", "encounter_class")
    led_to = scene.visit_at(scene.whole("encounters", "parent_encounter_id"))
    emergencies = np.flatnonzero(kind.equals("emergency") & (led_to >= 0))
    return emergencies, led_to[emergencies]


def _gone(scene: Scene, inside: Places) -> NDArray[np.bool_]:
    """Return which diagnoses are of an illness whose signs have gone by their encounter."""
    kind = scene.coded("encounters", "encounter_class")
    acute = np.append(np.isin(kind.codes, [kind.vocabulary.index(one) for one in _ACUTE
                                           if one in kind.vocabulary]), True)  # fmt: skip
    code = scene.coded("encounter_diagnoses", "code")
    lasts = np.array([*map(signs_last, code.vocabulary), _FOR_EVER])[code.codes]
    at = np.flatnonzero((lasts < _FOR_EVER) & (inside >= 0) & ~acute[inside])
    gone = np.zeros(len(inside), dtype=np.bool_)
    if len(at) and scene.has("conditions"):
        day = scene.days("encounters", "start_at")[inside[at]]
        gone[at] = day - _began(scene, at, day) > lasts[at]
    return gone


def _began(scene: Scene, at: Places, day: Places) -> Places:
    """Return the day on which the person's latest such illness began; that day where none did."""
    code, condition = scene.coded("encounter_diagnoses", "code"), scene.coded("conditions", "code")
    place = {word: number for number, word in enumerate(code.vocabulary)}
    shared = np.array([*(place.get(word, -1) for word in condition.vocabulary), -1])
    which, size = shared[condition.codes], len(code.vocabulary)
    owner = scene.person("conditions") * size + which
    known = owner * _DAYS + scene.whole("conditions", "onset_date") + _MIDDLE
    known = np.sort(known[which >= 0])
    if not len(known):
        return day
    mine = scene.person("encounter_diagnoses")[at] * size + code.codes[at]
    last = np.searchsorted(known, mine * _DAYS + day + _MIDDLE, side="right") - 1
    found = known[np.maximum(last, 0)]
    own = (last >= 0) & (found // _DAYS == mine)
    return np.where(own, found % _DAYS - _MIDDLE, day)


@cache
def signs_last(code: str) -> int:
    """Return for how many days after its first one an illness may be found on examining.

    >>> signs_last("N39.0"), signs_last("J18.9"), signs_last("I10") > 36525
    (3, 10, True)
    """
    fits = [(len(prefix), days) for prefix, days in _table() if code.startswith(prefix)]
    return max(fits, default=(0, _FOR_EVER))[1]


@cache
def _table() -> tuple[tuple[str, int], ...]:
    path = Path(__file__).parent / "data" / "signs_last.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple((row["code"], int(row["days"])) for row in csv.DictReader(file))
