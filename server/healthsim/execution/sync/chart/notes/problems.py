"""The conditions that a person has since before an encounter: the list, and the sentence."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS
from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.notes.endings import is_over
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.person import age_and_sex, counted, recoded_flag
from healthsim.execution.sync.chart.notes.phrases import Strings, glued, said
from healthsim.execution.sync.chart.notes.resolved import without_conditions
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    capital,
    either,
    joined,
    listed,
    numbered,
    only,
    taken,
    words,
)
from healthsim.execution.sync.chart.notes.vocabulary import diagnosis, in_a_sentence
from healthsim.medicine.preexisting import preexisting
from healthsim.tables import among

_CATEGORY = 3  # characters of the category of a code
_DAY_BITS, _MIDDLE = 21, 2**20  # of a day in a key, which may be before 1970
_NAMED = 3  # conditions that a summary names, where there are more than one other


def past_history(scene: Scene, notes: Notes) -> Strings:
    """List the conditions that the person has since before the encounter, and for how long.

    Of a code that others were combined to, the list also says as which code it began.
    """
    place, row = _before(scene, notes)
    return listed(place, len(notes), _problem_lines(scene, notes, place, row))


def problems(scene: Scene, notes: Notes) -> Strings:
    """List what is active and known as a visit ends: also what it found, or states otherwise."""
    place, row = _now(scene, notes)
    return listed(place, len(notes), _problem_lines(scene, notes, place, row))


def _problem_lines(scene: Scene, notes: Notes, place: Places, row: Places) -> Strings:
    onset, first = scene.whole("conditions", "onset_date"), scene.once(_began)[row]
    today, since = notes.first_day[place], scene.once(_since)[row]
    earlier = scene.once(_replaced)
    first = np.where((first == row) & (earlier.before[row] >= 0) & (onset[row] == today),
                     earlier.before[row], first)  # fmt: skip
    told = scene.once(_replaces)[row] | (onset[first] < onset[row]) & (since == today)
    new = recoded_flag(onset[first] < today, "since today", "new")
    return said(
        "problem",
        condition=taken(scene.once(_conditions), row),
        since=only(
            either(only(new, since == today), for_how_long(today - since)),
            scene.once(_has_length)[row],
        ),
        first=only(taken(scene.once(_codes), first), told),
        in_all=only(for_how_long(today - onset[first]), told),
    )


def _before(scene: Scene, notes: Notes) -> tuple[Places, Places]:
    """Return (note, row) of the conditions with which the person comes to the encounter.

    One that stands under another code from the day of the encounter on is under its code before.
    """
    onset, abated = (scene.whole("conditions", name) for name in ("onset_date", "abatement_date"))
    place, row = scene.by_person("conditions", "onset_date").each(notes.person)
    today = notes.first_day[place]
    until_today = scene.once(_replaced).after[row] & (abated[row] == today - 1)
    has = (onset[row] < today) & ((abated[row] == NO_DAY) | (abated[row] >= today) | until_today)
    return _known(scene, notes, place[has], row[has])


def _now(scene: Scene, notes: Notes) -> tuple[Places, Places]:
    """Return (note, row) of the conditions that the person has as a visit ends.

    Of those that begin on its day they are what it found, and what there was under another code.
    """
    onset, abated = (scene.whole("conditions", name) for name in ("onset_date", "abatement_date"))
    place, row = scene.by_person("conditions", "onset_date").each(notes.person)
    today = notes.first_day[place]
    has = (onset[row] <= today) & ((abated[row] == NO_DAY) | (abated[row] >= today))
    place, row, today = place[has], row[has], today[has]
    found = (onset[row] < today) | _coded_too(scene, notes.encounter[place], row)
    found |= (scene.once(_replaced).before[row] >= 0) | (onset[scene.once(_began)[row]] < today)
    return _known(scene, notes, place[found], row[found])


def _known(scene: Scene, notes: Notes, place: Places, row: Places) -> tuple[Places, Places]:
    """Return those of some conditions that are written down by then, and are history still."""
    written = scene.whole("conditions", "recorded_date")[row] <= notes.first_day[place]
    place, row = place[written], row[written]
    lasts = ~is_over(scene, notes, place, row)
    return place[lasts], row[lasts]


@dataclass(frozen=True, eq=False)
class _Replaced:
    """Conditions that go on under another code of the same disease from one day to the next.

    Attributes:
        before: position of the condition that each one takes the place of; -1 for none.
        after: bool, whether another takes its place.
    """

    before: Places
    after: NDArray[np.bool_]


def _replaced(scene: Scene) -> _Replaced:
    onset, abated = (scene.whole("conditions", name) for name in ("onset_date", "abatement_date"))
    code, person = scene.coded("conditions", "code"), scene.person("conditions")
    names = [f"{_family(one)}" if _family(one) >= 0 else one[:_CATEGORY]
             for one in code.vocabulary]  # fmt: skip
    _, disease = np.unique([*names, ""], return_inverse=True)
    whose = (person * len(disease) + disease[code.codes]) << _DAY_BITS
    ended = np.where(abated == NO_DAY, -1, whose + (abated + 1 + _MIDDLE))
    begun = whose + onset + _MIDDLE
    order = np.argsort(ended, kind="stable")
    at = np.minimum(np.searchsorted(ended[order], begun), max(len(order) - 1, 0))
    found = order[at]
    before = np.where(ended[found] == begun, found, -1)
    return _Replaced(before, among(ended, np.unique(begun)))


def _began(scene: Scene) -> Places:
    """Return the condition as which each one began: its first code, where it was combined later.

    Type 2 diabetes that becomes E11.22 as kidney disease begins was E11.9 at first.
    """
    onset, abated = (scene.whole("conditions", name) for name in ("onset_date", "abatement_date"))
    code, person = scene.coded("conditions", "code"), scene.person("conditions")
    family = np.array([*map(_family, code.vocabulary), -1])[code.codes]
    order = np.lexsort((abated, onset, family, person))
    goes_on = (person[order][1:] == person[order][:-1]) & (family[order][1:] >= 0)
    goes_on &= family[order][1:] == family[order][:-1]
    goes_on &= (abated[order][:-1] == NO_DAY) | (abated[order][:-1] >= onset[order][1:] - 1)
    first = np.arange(len(order))
    first[1:][goes_on] = 0
    began = np.zeros(len(order), dtype=np.int64)
    began[order] = order[np.maximum.accumulate(first)]
    return began


def _replaces(scene: Scene) -> NDArray[np.bool_]:
    """Return which conditions began as one of another code that has ended since."""
    onset, abated = (scene.whole("conditions", name) for name in ("onset_date", "abatement_date"))
    first, code = scene.once(_began), scene.coded("conditions", "code").codes
    ended = (abated[first] != NO_DAY) & (abated[first] <= onset + 1)
    replaces: NDArray[np.bool_] = ended & (code[first] != code)
    return replaces


@cache
def _family(code: str) -> int:
    """Return the number of the disease that a code is of, if such codes are combined; else -1.

    A code of a pregnancy is of the disease that was there before.
    """
    before = preexisting(code)
    code = code if before is None else before.code
    families: list[set[str]] = []
    for rule in COMBINATIONS:
        both = {rule.code[:_CATEGORY], rule.becomes[:_CATEGORY]}
        families = [*(one for one in families if not one & both),
                    both.union(*(one for one in families if one & both))]  # fmt: skip
    return next((at for at, one in enumerate(families) if code[:_CATEGORY] in one), -1)


def _since(scene: Scene) -> Places:
    """Return the onset of each condition: the first one where it goes on after a pregnancy."""
    onset, code = scene.whole("conditions", "onset_date"), scene.coded("conditions", "code").codes
    first = scene.once(_began)
    since: Places = np.where(code[first] == code, onset[first], onset)
    return since


def _has_length(scene: Scene) -> NDArray[np.bool_]:
    """Return of which conditions it is said for how long they last: not of a birth's facts."""
    code = scene.coded("conditions", "code")
    lasts = [not word.startswith(_without_length()) for word in code.vocabulary]
    return np.array([*lasts, False], dtype=np.bool_)[code.codes]


@cache
def _without_length() -> tuple[str, ...]:
    path = Path(__file__).parent / "data" / "without_length.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(row["code"] for row in csv.DictReader(file))


def _codes(scene: Scene) -> Strings:
    return words(scene.coded("conditions", "code"))


def _conditions(scene: Scene) -> Strings:
    code = scene.coded("conditions", "code")
    return said("coded", text=diagnosis(code), code=words(code))


def summary(scene: Scene, notes: Notes) -> Strings:
    """Say in one sentence of which age and sex the person is, and with which conditions.

    Those that the encounter is about are named first.
    """
    born = scene.whole("patients", "birth_date")[notes.person]
    place, row = _before(scene, notes)
    order = np.lexsort((~_coded_too(scene, notes.encounter[place], row), place))
    place, row = place[order], row[order]
    which = numbered(place, len(notes))
    count = np.bincount(place, minlength=len(notes))
    named = which <= np.where(count <= _NAMED + 1, _NAMED + 1, _NAMED)[place]
    place, row, which = place[named], row[named], which[named]
    length = for_how_long(notes.first_day[place] - scene.once(_since)[row])
    name = taken(scene.once(_lower), row)
    names = either(only(glued(name, " ", length), scene.once(_has_length)[row]), name)
    final = (which == count[place]) & (which > 1)
    first = listed(place[~final], len(notes), taken(names, np.flatnonzero(~final)), ", ")
    last = listed(place[final], len(notes), taken(names, np.flatnonzero(final)))
    more = only(glued(counted(count - _NAMED, "other condition")), count > _NAMED + 1)
    other = either(last, more)
    all_ = either(joined(" and ", first, other), without_conditions(scene, notes, born))
    return said("summary", age=capital(age_and_sex(scene, notes, born)), conditions=all_)


def _coded_too(scene: Scene, encounter: Places, row: Places) -> NDArray[np.bool_]:
    """Return which conditions, of some encounters, are diagnoses of the encounter too."""
    code = scene.coded("conditions", "code")
    keys: NDArray[np.int64] = encounter * len(code.vocabulary) + code.codes[row]
    return among(keys, scene.once(_coded_keys))


def _coded_keys(scene: Scene) -> NDArray[np.int64]:
    """Return one key of each encounter and code of a condition that is a diagnosis there."""
    table = "encounter_diagnoses"
    known = {word: at for at, word in enumerate(scene.coded("conditions", "code").vocabulary)}
    code, inside = scene.coded(table, "code"), scene.encounter(table)
    of_word = np.array([*(known.get(word, -1) for word in code.vocabulary), -1])[code.codes]
    keys = inside * len(known) + of_word
    return np.unique(keys[(of_word >= 0) & (inside >= 0)])


def _lower(scene: Scene) -> Strings:
    return diagnosis(scene.coded("conditions", "code"), in_a_sentence)


def for_how_long(days: NDArray[np.int64]) -> Strings:
    """Say a time in the unit that a clinician would use.

    >>> for_how_long(np.array([1, 20, 100, 4000])).to_pylist()
    ['for 1 day', 'for 2 weeks', 'for 3 months', 'for 10 years']
    """
    size = np.array([1, 7, 30.4375, 365.25])
    unit = np.searchsorted([14, 60, 731], days, side="right")
    number = np.clip((days / size[unit]).astype(np.int64), 1, 129)
    return taken(_lengths(), unit * 130 + number)


@cache
def _lengths() -> Strings:
    return pa.array([f"for {number} {unit}{'' if number == 1 else 's'}"
                     for unit in ("day", "week", "month", "year")
                     for number in range(130)])  # fmt: skip
