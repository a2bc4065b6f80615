"""What was measured: vital signs, and results that were there when a note was written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from healthsim.dates import whole_months
from healthsim.execution.sync.chart.notes.admission import begins, stays
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.measured import measured
from healthsim.execution.sync.chart.notes.person import came_through, recoded_flag
from healthsim.execution.sync.chart.notes.phrases import Strings, constant, glued, said
from healthsim.execution.sync.chart.notes.scene import Groups, Scene, alphabetical
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    capital,
    clock,
    dates,
    flags,
    joined,
    listed,
    nothing,
    numbers,
    only,
    runs,
    taken,
)
from healthsim.execution.sync.chart.notes.vocabulary import (
    nameless,
    panel_name,
    result_name,
    said_as,
    unit,
    usual_place,
)
from healthsim.execution.sync.visits.visits import DAY
from healthsim.tables import Coded

_SIGNS = (
    ("8867-4", "heart rate"), ("9279-1", "respiratory rate"), ("8310-5", "temperature"),
    ("59408-5", "oxygen saturation"), ("29463-7", "weight"), ("8302-2", "height"),
    ("9843-4", "head circumference"), ("39156-5", "BMI"), ("72514-3", "pain"),
)  # fmt: skip
_CHANGING = tuple(sign for sign in _SIGNS if sign[1] not in ("height", "BMI"))
_STANDS = 24  # months from which people are measured standing: CDC growth charts
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"


def vital_signs(scene: Scene, notes: Notes) -> Strings:
    """Say the first of each vital sign of the encounter."""
    return taken(scene.once(_first_signs), notes.encounter)


def last_vital_signs(scene: Scene, notes: Notes) -> Strings:
    """Say the last of each vital sign of the encounter."""
    return taken(scene.once(_last_signs), notes.encounter)


def _first_signs(scene: Scene) -> Strings:
    return _signs(scene, np.arange(scene.visits), latest=False)


def _last_signs(scene: Scene) -> Strings:
    """Return the last vital signs of each stay, also of one of a day; null of visits."""
    inside = np.flatnonzero(scene.once(stays))
    place = np.full(scene.visits, -1, dtype=np.int64)
    place[inside] = np.arange(len(inside))
    return taken(_signs(scene, inside, latest=True), place)


def _values(scene: Scene) -> Strings:
    return numbers(scene.column("vital_signs", "value"))


def _units(scene: Scene) -> Strings:
    return unit(scene.coded("vital_signs", "unit"))


def _signs(scene: Scene, encounters: Places, *, latest: bool) -> Strings:
    """Return the vital signs of encounters in one sentence; null where there are none."""
    values, units = scene.once(_values), scene.once(_units)
    pressure = said(
        "pressure",
        systolic=taken(values, measured(scene, _SYSTOLIC, latest=latest)[encounters]),
        diastolic=taken(values, measured(scene, _DIASTOLIC, latest=latest)[encounters]),
    )
    parts, lying = [pressure], _measured_lying(scene)[encounters]
    for code, name in _SIGNS if not latest else _CHANGING:
        rows = measured(scene, code, latest=latest)[encounters]
        value, its = taken(values, rows), taken(units, rows)
        of = " of 10" if name == "pain" else ""
        called = recoded_flag(lying, "length", name) if name == "height" else constant(name)
        parts.append(said("measure", name=called, value=value,
                          unit=glued(its, of)))  # fmt: skip
    return _sentence(joined(", ", *parts))


def _measured_lying(scene: Scene) -> NDArray[np.bool_]:
    """Return in which encounters the person is too young to be measured standing."""
    born = scene.whole("patients", "birth_date")[scene.person("encounters")]
    today = scene.days("encounters", "start_at")
    young: NDArray[np.bool_] = whole_months(born.astype(np.int32), today.astype(np.int32)) < _STANDS
    return young


def _sentence(text: Strings) -> Strings:
    """Return a text with a capital and a full stop."""
    return glued(capital(text), ".")


@dataclass(frozen=True, eq=False)
class Collections:
    """Results by specimen: what was collected at one time and reported at one time.

    Attributes:
        person: int64, shape (n,), ascending.
        encounter: int64, shape (n,); -1 where in none.
        resulted: int64, minutes, when they were there.
        texts: a heading with the day, and a line for each panel.
    """

    person: Places
    encounter: Places
    resulted: NDArray[np.int64]
    texts: Strings

    @classmethod
    def of(cls, scene: Scene) -> Collections:
        """Return the collections of a chunk, by person, time of the report and of the specimen."""
        table = "lab_results"
        person, encounter = scene.person(table), scene.encounter(table)
        resulted, collected = scene.whole(table, "resulted_at"), scene.whole(table, "collected_at")
        panel = scene.coded(table, "panel")
        alone = np.where(panel.codes < 0, np.arange(len(panel)), -1)
        named = alphabetical(panel)
        usual = usual_place(scene.coded(table, "loinc"))
        order = np.lexsort((alone, usual, named, encounter, collected, resulted, person))
        keys = (person, resulted, collected, encounter)
        block, firsts = runs([key[order] for key in keys])
        line, heads = runs([block, named[order], alone[order]])
        lines = _panels(scene, panel.take(order[heads]),
                        listed(line, len(heads), taken(scene.once(result_lines), order), ", "),
                        alone[order][heads] >= 0)  # fmt: skip
        at = order[firsts]
        texts = said(
            "collected",
            date=dates(collected[at] // DAY),
            time=clock(collected[at]),
            lines=listed(block[heads], len(firsts), lines),
        )
        return cls(person[at], encounter[at], resulted[at], texts)


def _panels(scene: Scene, panel: Coded, results: Strings, alone: NDArray[np.bool_]) -> Strings:
    """Return the lines of a collection: a panel with its results, or one test."""
    name = panel_name(panel)
    single = glued("- ", capital(results))
    return pc.if_else(flags(alone), single, said("panel", panel=name, results=results))


def result_lines(scene: Scene) -> Strings:
    """Return each result with its flag and, where either is flagged, the value before it."""
    table = "lab_results"
    number = numbers(scene.column(table, "value"))
    value = pc.coalesce(number, scene.text(table, "value_text"))
    units = pc.if_else(number.is_valid(), unit(scene.coded(table, "unit")), constant(""))
    before = scene.once(previous)
    flag = scene.coded(table, "flag")
    flagged = flag.equals("H") | flag.equals("L")
    ever = flagged | ((before >= 0) & flagged[before])
    when = dates(scene.days(table, "collected_at"))
    was = said("was", value=taken(number, before), date=taken(when, before))
    remark = joined(", ", said_as("flag", flag, nameless), only(was, ever))
    return said(
        "result",
        name=scene.once(names),
        value=value,
        unit=units,
        remark=glued("(", remark, ")"),
    )


def _long_names(scene: Scene) -> dict[str, str]:
    codes, displays = (scene.coded("lab_results", name) for name in ("loinc", "display"))
    named = np.full(len(codes.vocabulary) + 1, -1, dtype=np.int32)
    named[codes.codes] = displays.codes
    return {code: displays.vocabulary[display]
            for code, display in zip(codes.vocabulary, named.tolist()[:-1], strict=True)
            if display >= 0}  # fmt: skip


def previous(scene: Scene) -> Places:
    """Return the row of the person's last result of the same test before each; -1 for none."""
    table = "lab_results"
    person, code = scene.person(table), scene.coded(table, "loinc").codes
    collected = scene.whole(table, "collected_at")
    order = np.lexsort((collected, code, person))
    before = np.full(len(order), -1, dtype=np.int64)
    same = (person[order][1:] == person[order][:-1]) & (code[order][1:] == code[order][:-1])
    same &= collected[order][1:] > collected[order][:-1]
    before[order[1:][same]] = order[:-1][same]
    return before


def results(scene: Scene, notes: Notes) -> Strings:
    """List the results that came since the person's note before, with those of what led here."""
    if not scene.has("lab_results"):
        return nothing(len(notes))
    found = scene.once(Collections.of)
    place, row = scene.once(_by_person).each(notes.person)
    place, row = _since(scene, notes, place, row, found.resulted, found.encounter)
    return listed(place, len(notes), taken(found.texts, row))


def studies(scene: Scene, notes: Notes) -> Strings:
    """List the reports of studies that came since the note before, with those of what led here."""
    table = "diagnostic_reports"
    if not scene.has(table):
        return nothing(len(notes))
    place, row = scene.by_person(table, "effective_at").each(notes.person)
    issued = scene.whole(table, "issued_at")
    place, row = _since(scene, notes, place, row, issued, scene.encounter(table))
    return listed(place, len(notes), taken(scene.once(reports), row))


def reports(scene: Scene) -> Strings:
    """Return the line of each report of a study; null where it has no conclusion."""
    table = "diagnostic_reports"
    return said(
        "study",
        what=scene.text(table, "display"),
        date=dates(scene.days(table, "effective_at")),
        conclusion=scene.text(table, "conclusion"),
    )


def _since(
    scene: Scene,
    notes: Notes,
    place: Places,
    row: Places,
    when: NDArray[np.int64],
    encounter: Places,
) -> tuple[Places, Places]:
    """Return (note, row) of what came since the note before, or is of what led to the stay."""
    came = when[row]
    new = came > notes.since[place]
    led = scene.once(came_through)[notes.encounter]
    emergency = begins(notes)[place] & (encounter[row] >= 0) & (encounter[row] == led[place])
    own = encounter[row] == notes.encounter[place]  # another note may have been written in it
    kept = (new | emergency | own) & (came <= notes.authored[place])
    return place[kept], row[kept]


def _by_person(scene: Scene) -> Groups:
    return Groups.of(scene.once(Collections.of).person, scene.people)


def names(scene: Scene) -> Strings:
    """Return the short name of each result's test."""
    return result_name(scene.coded("lab_results", "loinc"), _long_names(scene))
