"""Clinical notes: each is composed of rows of finished tables, so it contradicts none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.addresses import BITS, ids
from healthsim.execution.sync.chart.notes import acts, drugs, findings, person
from healthsim.execution.sync.chart.notes.kinds import Notes, kinds, notes_of
from healthsim.execution.sync.chart.notes.phrases import Strings, note, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import clock, dates
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import NOTED_AT, note_address
from healthsim.products.patientsim.notes import CLINICAL_NOTES
from healthsim.tables import Coded, Columns, Texts

_BLOCK = 8_192  # notes composed at once: their pieces stay in the processor's cache

Section = Callable[[Scene, Notes], Strings]
"""Says one part of some notes; null for those in which there is nothing to say."""


def title(scene: Scene, notes: Notes) -> Strings:
    """Say what kind of note it is."""
    titles = pa.array([kind.title.upper() for kind in kinds()])
    return titles.take(pa.array(notes.kind))


def signature(scene: Scene, notes: Notes) -> Strings:
    """Say who signed it when, and that it is no real record."""
    return said(
        "signature",
        clinician=person.clinician(scene, notes),
        date=dates(notes.day),
        time=clock(notes.authored),
    )


SECTIONS: Mapping[str, Section] = {
    "title": title,
    "patient": person.patient,
    "visit_setting": person.visit_setting,
    "admission_setting": person.admission_setting,
    "stay_setting": person.stay_setting,
    "reason": person.reason,
    "interval": person.interval,
    "problems": person.problems,
    "medications": drugs.medications,
    "vital_signs": findings.vital_signs,
    "last_vital_signs": findings.last_vital_signs,
    "results": findings.results,
    "procedures": acts.procedures,
    "assessment": acts.assessment,
    "plan": acts.plan,
    "discharge_medications": drugs.discharge_medications,
    "disposition": acts.disposition,
    "signature": signature,
}
"""Slot of a template -> what says it. A new section is a function here and its slot there."""


def clinical_notes(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `clinical_notes`: one row for each note, by person and id."""
    scene = Scene(ctx, tables)
    if not scene.has("encounters"):
        return CLINICAL_NOTES.empty()
    notes = notes_of(scene)
    number = _ids(scene, notes)
    order = np.argsort(number)
    notes, number = notes.take(order), number[order]
    every = kinds()
    return {
        "note_id": number,
        "person_id": scene.whole("encounters", "person_id")[notes.encounter],
        "type": Coded(notes.kind.astype(np.int32), tuple(kind.loinc for kind in every)),
        "title": Coded(notes.kind.astype(np.int32), tuple(kind.title for kind in every)),
        "category": Coded(notes.kind.astype(np.int32), tuple(kind.category for kind in every)),
        "authored_at": notes.authored,
        "author_npi": scene.whole("encounters", "attending_npi")[notes.encounter],
        "encounter_id": scene.whole("encounters", "encounter_id")[notes.encounter],
        "text": Texts.of([_composed(notes.take(slice(at, at + _BLOCK)))
                          for at in range(0, len(notes), _BLOCK)]),
    }  # fmt: skip


def _ids(scene: Scene, notes: Notes) -> NDArray[np.int64]:
    """Return the ids of notes: the address of the encounter, and which note of it."""
    ctx = scene.ctx
    settled = {
        ctx.encounter_number(visit): [
            ctx.numbering.number(CLINICAL_NOTES.name, note_address(visit.occurrence.address, at))
            for at in NOTED_AT
        ]
        for visit in ctx.visits.values() if visit.is_encounter
    }  # fmt: skip
    known = np.array(sorted(settled), dtype=np.int64)
    numbers = np.array([settled[number] for number in known.tolist()], dtype=np.int64)
    moment = np.array([NOTED_AT.index(kind.at) for kind in kinds()])[notes.kind]
    encounter = scene.whole("encounters", "encounter_id")[notes.encounter]
    place = np.searchsorted(known, encounter & (2**BITS - 1))
    return ids(encounter >> BITS, numbers[place, moment])


def _composed(notes: Notes) -> Strings:
    """Return the texts of a block of notes."""
    texts, places = [], []
    for place, kind in enumerate(kinds()):
        rows = np.flatnonzero(notes.kind == place)
        if len(rows):
            phrase, some = note(kind.template), notes.take(rows)
            slots = {name: SECTIONS[name](notes.scene, some) for name in phrase.slots()}
            texts.append(phrase.of(slots))
            places.append(rows)
    back = np.argsort(np.concatenate(places))
    return pa.concat_arrays(texts).take(pa.array(back))
