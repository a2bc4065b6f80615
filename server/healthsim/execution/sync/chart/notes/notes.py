"""Clinical notes: each is composed of rows of finished tables, so it contradicts none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.addresses import BITS, ids
from healthsim.execution.sync.chart.notes import (
    acts,
    changes,
    course,
    drugs,
    examination,
    findings,
    given,
    history,
    illness,
    operations,
    person,
    problems,
    surgery,
)
from healthsim.execution.sync.chart.notes.kinds import Notes, ends_a_stay, kinds, notes_of
from healthsim.execution.sync.chart.notes.phrases import Strings, note, said
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import clock, dates, recoded, taken
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import listed_procedures, note_address
from healthsim.products.patientsim.notes import CLINICAL_NOTES
from healthsim.specification.journeys.events import Encounter, Procedure
from healthsim.tables import Coded, Columns, Texts

_OF_THE_DEAD = "Death summary"
_BLOCK = 16_384  # notes composed at once: their pieces stay in the processor's cache

Section = Callable[[Scene, Notes], Strings]
"""Says one part of some notes; null for those in which there is nothing to say."""


def title(scene: Scene, notes: Notes) -> Strings:
    """Say what kind of note it is."""
    titles = _titles(scene, notes)
    return recoded(titles, [one.upper() for one in titles.vocabulary])


def _titles(scene: Scene, notes: Notes) -> Coded:
    """Return the title of each note: of its kind, of a stay that ended in death its own."""
    every = kinds()
    which = np.where(ends_a_stay(notes) & drugs.died(scene, notes), len(every), notes.kind)
    return Coded(which.astype(np.int32), (*(kind.title for kind in every), _OF_THE_DEAD))


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
    "summary": problems.summary,
    "interval": person.interval,
    "problems": problems.problems,
    "past_history": problems.past_history,
    "comes": illness.comes,
    "changes": illness.changes,
    "news_of_drugs": illness.news_of_drugs,
    "allergies": history.allergies,
    "social_history": history.social_history,
    "social_news": history.social_news,
    "family_history": history.family_history,
    "family_news": history.family_news,
    "implants": history.implants,
    "medications": drugs.medications,
    "vital_signs": findings.vital_signs,
    "last_vital_signs": findings.last_vital_signs,
    "examination": examination.examination,
    "screenings": history.screenings,
    "results": findings.results,
    "studies": findings.studies,
    "procedures": acts.procedures,
    "medications_given": given.medications_given,
    "medications_held": given.medications_held,
    "course": course.course,
    "stay_results": course.stay_results,
    "assessment": acts.assessment,
    "plan": acts.plan,
    "admission_plan": acts.admission_plan,
    "discharge_medications": changes.discharge_medications,
    "death": acts.death,
    "disposition": acts.disposition,
    "operation_setting": operations.operation_setting,
    "operation": operations.operation,
    "main_diagnosis": operations.main_diagnosis,
    "anesthesia": operations.anesthesia,
    "implanted": operations.implanted,
    "also_done": operations.also_done,
    "complications": operations.complications,
    "signature": signature,
}
"""Slot of a template -> what says it. A new section is a function here and its slot there."""


def clinical_notes(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `clinical_notes`: one row for each note, by person and id."""
    scene = Scene(ctx, tables)
    if not scene.has("encounters"):
        return CLINICAL_NOTES.empty()
    operated = surgery.operations(scene) if scene.has("procedures") else np.zeros(0, np.bool_)
    notes = notes_of(scene, operated)
    number = _ids(scene, notes)
    order = np.argsort(number)
    notes, number = notes.take(order), number[order]
    every = kinds()
    return {
        "note_id": number,
        "person_id": scene.whole("encounters", "person_id")[notes.encounter],
        "type": Coded(notes.kind.astype(np.int32), tuple(kind.loinc for kind in every)),
        "title": _titles(scene, notes),
        "category": Coded(notes.kind.astype(np.int32), tuple(kind.category for kind in every)),
        "authored_at": notes.authored,
        "author_npi": _authors(scene, notes),
        "encounter_id": scene.whole("encounters", "encounter_id")[notes.encounter],
        "text": Texts.of([_composed(notes.take(slice(at, at + _BLOCK)))
                          for at in range(0, len(notes), _BLOCK)]),
    }  # fmt: skip


def _authors(scene: Scene, notes: Notes) -> NDArray[np.int64]:
    """Return who wrote each note: who treated, of an operation who operated."""
    npi = scene.whole("encounters", "attending_npi")[notes.encounter]
    operated = notes.procedure >= 0
    if operated.any():
        npi[operated] = scene.whole("procedures", "performer_npi")[notes.procedure[operated]]
    return npi


def _ids(scene: Scene, notes: Notes) -> NDArray[np.int64]:
    """Return the ids of notes: the address of the encounter or operation, and which note of it."""
    ctx, every = scene.ctx, kinds()
    visits = [visit.occurrence.address for visit in ctx.visits.values() if visit.is_encounter]
    steps = [source.occurrence.address for source in ctx.of_type(Procedure)]
    steps += [one for source in ctx.of_type(Encounter)
              for one in listed_procedures(source.occurrence.address,
                                           source.step_as(Encounter).details)]  # fmt: skip
    encounter = scene.whole("encounters", "encounter_id")
    number = np.zeros(len(notes), dtype=np.int64)
    for place, kind in enumerate(every):
        rows = notes.kind == place
        if not rows.any():
            continue
        table, own = "encounters", encounter[notes.encounter[rows]]
        if not kind.classes:
            own = scene.whole("procedures", "procedure_id")[notes.procedure[rows]]
            table = "procedures"
        addresses = dict.fromkeys(visits if table == "encounters" else steps)
        number[rows] = _numbers(ctx, table, addresses, kind.at, own & (2**BITS - 1))
    return ids(encounter[notes.encounter] >> BITS, number)


def _numbers(
    ctx: SyncContext, table: str, addresses: Iterable[str], at: str, own: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the numbers of notes by those of the encounters or procedures that they are of."""
    settled = {
        ctx.numbering.number(table, address):
        ctx.numbering.number(CLINICAL_NOTES.name, note_address(address, at))
        for address in addresses
    }  # fmt: skip
    known = np.array(sorted(settled), dtype=np.int64)
    numbers = np.array([settled[number] for number in known.tolist()], dtype=np.int64)
    return numbers[np.searchsorted(known, own)] if len(own) else own


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
    return taken(pa.concat_arrays(texts), back)
