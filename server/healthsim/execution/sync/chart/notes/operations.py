"""What a note of an operation says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.notes import acts
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.person import facility, surgeon
from healthsim.execution.sync.chart.notes.phrases import Strings, said
from healthsim.execution.sync.chart.notes.scene import Groups, Scene
from healthsim.execution.sync.chart.notes.surgery import (
    by_anesthetist,
    by_hospital,
    days_of_encounters,
    of_one_note,
    owners,
)
from healthsim.execution.sync.chart.notes.texts import (
    Places,
    capital,
    dates,
    either,
    listed,
    nothing,
    only,
    taken,
    words,
)
from healthsim.execution.sync.chart.notes.vocabulary import as_it_is, diagnosis, said_as
from healthsim.tables import among


def operation_setting(scene: Scene, notes: Notes) -> Strings:
    """Say when and where the operation was, and who operated."""
    return said(
        "operated",
        date=dates(_day(scene, notes)),
        facility=facility(scene, notes),
        surgeon=surgeon(scene, notes),
    )


def _day(scene: Scene, notes: Notes) -> NDArray[np.int64]:
    return scene.whole("procedures", "performed_date")[notes.procedure]


def operation(scene: Scene, notes: Notes) -> Strings:
    """List what was done in the operation, as it is listed: one line for each procedure."""
    own = scene.once(owners)[notes.procedure]
    place, row = scene.once(of_one_note).each(own)
    return listed(place, len(notes), taken(scene.once(acts.procedure_texts), row))


def main_diagnosis(scene: Scene, notes: Notes) -> Strings:
    """Say the first diagnosis of the encounter."""
    code = scene.coded("encounters", "reason_code")
    return taken(said("coded", text=diagnosis(code), code=words(code)), notes.encounter)


def anesthesia(scene: Scene, notes: Notes) -> Strings:
    """List the anesthesia of the day."""
    place, row = _on_the_day(scene, notes)
    kept = scene.once(by_anesthetist)[row]
    return listed(place[kept], len(notes), taken(scene.once(acts.procedure_lines), row[kept]))


def also_done(scene: Scene, notes: Notes) -> Strings:
    """List what else was done on the day; not the facility's codes of the same operation."""
    place, row = _on_the_day(scene, notes)
    kept = ~scene.once(by_anesthetist)[row] & scene.once(_has_words)[row]
    own = scene.once(owners)
    kept &= ~scene.once(by_hospital)[row] & (own[row] != own[notes.procedure[place]])
    return listed(place[kept], len(notes), taken(scene.once(acts.procedure_lines), row[kept]))


def _has_words(scene: Scene) -> NDArray[np.bool_]:
    text = words(scene.column("procedures", "display"))
    found: NDArray[np.bool_] = text.is_valid().to_numpy(zero_copy_only=False)
    return found


def _on_the_day(scene: Scene, notes: Notes) -> tuple[Places, Places]:
    """Return (note, row) of the other procedures of the encounter on the day of the operation."""
    place, row = scene.by_encounter("procedures", "performed_date").each(notes.encounter)
    day = scene.whole("procedures", "performed_date")[row]
    same = (day == _day(scene, notes)[place]) & (row != notes.procedure[place])
    return place[same], row[same]


def implanted(scene: Scene, notes: Notes) -> Strings:
    """List the devices that were put in on the day of the operation, with their identifiers."""
    table = "devices"
    if not scene.has(table):
        return nothing(len(notes))
    place, procedure = scene.by_encounter("procedures", "performed_date").each(notes.encounter)
    own = scene.once(days_of_encounters)
    same = own[procedure] == own[notes.procedure[place]]
    place, procedure = place[same], procedure[same]
    at, row = scene.once(_put_in).each(procedure)
    return listed(place[at], len(notes), taken(scene.once(_devices), row))


def _put_in(scene: Scene) -> Groups:
    """Return the devices of each procedure."""
    every = scene.whole("procedures", "procedure_id")
    by = scene.whole("devices", "procedure_id")
    order = np.argsort(every, kind="stable")
    known = among(by, every[order])
    at = np.minimum(np.searchsorted(every[order], by), len(every) - 1)
    owner = np.where(known, order[at], -1)
    return Groups.of(owner, len(every), scene.whole("devices", "start_date"))


def _devices(scene: Scene) -> Strings:
    table = "devices"
    return said(
        "implanted",
        what=capital(said_as("device", scene.coded(table, "type"), as_it_is)),
        site=scene.text(table, "body_site"),
        maker=scene.text(table, "manufacturer"),
        lot=scene.text(table, "lot"),
        serial=scene.text(table, "serial"),
    )


def complications(scene: Scene, notes: Notes) -> Strings:
    """List what began on the day of the operation and was not there before; none otherwise."""
    place, row = scene.by_encounter("conditions", "onset_date").each(notes.encounter)
    began = scene.whole("conditions", "onset_date")[row]
    arose = (began == _day(scene, notes)[place]) & (began > notes.first_day[place])
    text = taken(diagnosis(scene.coded("conditions", "code")), row[arose])
    none = only("None.", np.ones(len(notes), dtype=np.bool_))
    return either(listed(place[arose], len(notes), text), none)
