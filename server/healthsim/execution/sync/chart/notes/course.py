"""What happened in a stay, day by day, and how results changed in it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes import drugs, findings
from healthsim.execution.sync.chart.notes.acts import procedure_names
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.phrases import Strings, glued, said
from healthsim.execution.sync.chart.notes.scene import Groups, Scene, alphabetical
from healthsim.execution.sync.chart.notes.surgery import said_again
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    capital,
    dates,
    either,
    joined,
    listed,
    nothing,
    numbers,
    only,
    runs,
    taken,
    unless,
)
from healthsim.execution.sync.chart.notes.vocabulary import (
    diagnosis,
    nameless,
    said_as,
    unit,
    usual_place,
)
from healthsim.execution.sync.visits.visits import DAY
from healthsim.tables import among


def course(scene: Scene, notes: Notes) -> Strings:
    """Say what happened on each day of the stay on which something did."""
    parts = [_procedures, _studies, _arose, _began, _died]
    found = [part(scene, notes) for part in parts]
    place, day = (np.concatenate([one[at] for one in found]) for at in range(2))
    texts = pa.concat_arrays([one[2] for one in found])
    there = texts.is_valid().to_numpy(zero_copy_only=False)
    there &= (day >= notes.first_day[place]) & (day <= notes.day[place])
    order = np.flatnonzero(there)
    order = order[np.lexsort((day[order], place[order]))]  # stable: the order of the parts stays
    line, heads = runs([place[order], day[order]])
    first = order[heads]
    lines = said(
        "course_day",
        day=numbers(day[first] - notes.first_day[place[first]] + 1),
        date=dates(day[first]),
        events=listed(line, len(heads), taken(texts, order), " "),
    )
    return listed(place[first], len(notes), lines)


_Happened = tuple[Places, NDArray[np.int64], Strings]
"""Note, day and sentence of what happened."""


def _procedures(scene: Scene, notes: Notes) -> _Happened:
    if not scene.has("procedures"):
        return _nothing()
    place, row = scene.by_encounter("procedures", "performed_date").each(notes.encounter)
    day = scene.whole("procedures", "performed_date")[row]
    return place, day, taken(scene.once(_procedure), row)


def _procedure(scene: Scene) -> Strings:
    """Return each procedure as a sentence; null where a report or another code says it."""
    text = unless(glued(scene.once(procedure_names), "."), scene.once(said_again))
    if not scene.has("diagnostic_reports"):
        return text
    reported = scene.text("diagnostic_reports", "conclusion").is_valid().to_numpy(False)
    studied = np.sort(scene.whole("diagnostic_reports", "procedure_id")[reported])
    return unless(text, among(scene.whole("procedures", "procedure_id"), studied))


def _studies(scene: Scene, notes: Notes) -> _Happened:
    table = "diagnostic_reports"
    if not scene.has(table):
        return _nothing()
    place, row = scene.by_encounter(table, "effective_at").each(notes.encounter)
    seen = scene.whole(table, "issued_at")[row] <= notes.authored[place]
    place, row = place[seen], row[seen]
    return place, scene.days(table, "effective_at")[row], taken(scene.once(_study), row)


def _study(scene: Scene) -> Strings:
    table = "diagnostic_reports"
    return glued(scene.text(table, "display"), ": ", scene.text(table, "conclusion"))


def _arose(scene: Scene, notes: Notes) -> _Happened:
    """Return the conditions that began in the stay, after its first day."""
    place, row = scene.by_encounter("conditions", "onset_date").each(notes.encounter)
    day = scene.whole("conditions", "onset_date")[row]
    later = day > notes.first_day[place]
    return place[later], day[later], taken(scene.once(_condition), row[later])


def _condition(scene: Scene) -> Strings:
    return said("arose", condition=diagnosis(scene.coded("conditions", "code")))


def _began(scene: Scene, notes: Notes) -> _Happened:
    """Return the drugs that were prescribed in the stay and not taken before."""
    if not scene.has("prescriptions"):
        return _nothing()
    place, row = scene.by_encounter("prescriptions", "written_date").each(notes.encounter)
    new = ~scene.once(drugs.Courses.of).renews[row]
    place, row = place[new], row[new]
    day = scene.whole("prescriptions", "written_date")[row]
    return place, day, taken(scene.once(_drug), row)


def _drug(scene: Scene) -> Strings:
    return said("began", drug=capital(scene.text("prescriptions", "drug")))


def _died(scene: Scene, notes: Notes) -> _Happened:
    place = np.flatnonzero(drugs.died(scene, notes))
    return place, notes.day[place], only("Died.", np.ones(len(place), dtype=np.bool_))


def _nothing() -> _Happened:
    none = np.zeros(0, dtype=np.int64)
    return none, none, nothing(0)


def stay_results(scene: Scene, notes: Notes) -> Strings:
    """Say the first and last of each result that was ever high or low or is in words.

    The others are named only.
    """
    table = "lab_results"
    if not scene.has(table):
        return nothing(len(notes))
    place, row = scene.once(_by_usual_place).each(notes.encounter)
    there = scene.whole(table, "resulted_at")[row] <= notes.authored[place]
    place, row = place[there], row[there]
    test, heads = runs([place, scene.coded(table, "loinc").codes[row]])
    flagged = np.zeros(len(heads), dtype=np.bool_)
    flag, worded = scene.coded(table, "flag"), scene.coded(table, "value_text").codes >= 0
    np.logical_or.at(flagged, test, (flag.equals("H") | flag.equals("L") | worded)[row])
    last = np.append(heads[1:], len(row)) - 1 if len(heads) else heads
    on = scene.once(_value_on)
    again = only(taken(on, row[last]), last > heads)
    values = joined("; ", taken(on, row[heads]), again)
    name = taken(scene.once(findings.names), row[heads])
    lines = only(said("trend", name=capital(name), values=values), flagged)
    told = listed(place[heads], len(notes), lines)
    within = listed(place[heads], len(notes), only(name, ~flagged), ", ")
    return joined("\n", told, said("within", names=within))


def _by_usual_place(scene: Scene) -> Groups:
    table = "lab_results"
    code = scene.coded(table, "loinc")
    usual, collected = usual_place(code), scene.whole(table, "collected_at")
    which = alphabetical(code)
    return Groups.of(scene.encounter(table), scene.visits, usual, which, collected)


def _value_on(scene: Scene) -> Strings:
    table = "lab_results"
    number = numbers(scene.column(table, "value"))
    return said(
        "value_on",
        value=either(number, scene.text(table, "value_text")),
        unit=either(only(unit(scene.coded(table, "unit")), number.is_valid().to_numpy(False)), ""),
        flag=said_as("flag", scene.coded(table, "flag"), nameless),
        date=dates(scene.whole(table, "collected_at") // DAY),
    )
