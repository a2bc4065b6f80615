"""The people and encounters of the chart, as tables of PatientSim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.dates import NO_DAY
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.people import FIRST_BORN, People
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.deaths import Deaths
from healthsim.execution.sync.records import RecordTable
from healthsim.execution.sync.visits.diagnosis_lists import (
    DiagnosisLists,
    present_on_admission,
    unclear_draw,
)
from healthsim.execution.sync.visits.discharges import discharge_status
from healthsim.execution.sync.visits.drgs import StayDrgs
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.products.patientsim import tables as chart
from healthsim.specification.journeys.details import EncounterDetails
from healthsim.tables import NO_NUMBER, Coded, Columns, take


def patients(ctx: SyncContext) -> Columns:
    """Fill `patients`."""
    people, identity, death = ctx.people, ctx.identity, ctx.record.death
    deaths = Deaths.of(ctx)
    everyone = chart.PATIENTS.complete({
        "person_id": people.person_id,
        "mrn": identity.mrn,
        "ssn": identity.ssn,
        "given_name": identity.given_name,
        "middle_name": identity.middle_name,
        "family_name": identity.family_name,
        "birth_date": people.birth,
        "death_date": np.where(death <= ctx.through, death, NO_DAY).astype(np.int32),
        "death_cause": deaths.of_chunk(deaths.causes()),
        "death_place": deaths.of_chunk(deaths.places()),
        "gender": people.gender,
        "race": people.race,
        "ethnicity": people.ethnicity,
        "language": people.language,
        "marital_status": people.marital_status,
        "street": identity.street,
        "city": identity.city,
        "county_fips": identity.county_fips,
        "state": identity.state,
        "zip": identity.zip,
        "phone": identity.phone,
        "email": identity.email,
        "household_id": people.person_id // 100,
        "mother_person_id": _mothers(people),
        "pcp_npi": ctx.npi(ctx.network.primary_care),
    })  # fmt: skip
    return take(everyone, people.present_rows)


def _mothers(people: People) -> NDArray[np.int64]:
    """Return the mother of those born in the run, int64, (people,); `NO_NUMBER` for others."""
    if people.households is None:
        return np.full(len(people), NO_NUMBER)
    mother = people.households.mother
    return np.where(mother >= 0, people.person_id[mother], NO_NUMBER)


@dataclass(frozen=True, eq=False)
class EncounterRows:
    """A visit that is an encounter, and the number of its address among the encounters."""

    visit: VisitRows
    number: int

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.visit.rows

    @property
    def encounter_class(self) -> str:
        """The class of the encounter."""
        return self.visit.details.encounter_class


def _encounters(ctx: SyncContext) -> list[EncounterRows]:
    return [
        EncounterRows(visit, ctx.encounter_number(visit))
        for visit in ctx.visits.values()
        if visit.is_encounter
    ]


def _encounter_columns(ctx: SyncContext, layout: RowLayout[EncounterRows]) -> Columns:
    facility = layout.row_values(lambda encounter: encounter.visit.facility)
    return {
        "encounter_class": layout.segment_texts(lambda encounter: encounter.encounter_class),
        "reason": layout.segment_texts(_reason),
        "reason_code": layout.row_texts(lambda encounter: _first_diagnosis(encounter.visit)),
        "start_at": layout.row_values(lambda encounter: encounter.visit.start_at),
        "end_at": layout.row_values(lambda encounter: encounter.visit.end_at),
        "los_days": layout.row_values(lambda encounter: encounter.visit.nights),
        "admit_type": layout.row_texts(lambda encounter: admit_type(ctx, encounter.visit)),
        "admit_source": layout.row_texts(lambda encounter: admit_source(ctx, encounter.visit)),
        "disposition": layout.row_texts(lambda encounter: disposition(ctx, encounter.visit)),
        "drg": layout.row_texts(lambda encounter: _drg(ctx, encounter, lambda drgs: drgs.paid)),
        "drg_source": layout.row_texts(
            lambda encounter: _drg(ctx, encounter, lambda drgs: drgs.source)
        ),
        "drg_derived": layout.row_texts(
            lambda encounter: _drg(ctx, encounter, lambda drgs: drgs.derived)
        ),
        "facility_id": np.where(facility >= 0, facility.astype(np.int64), NO_NUMBER),
        "attending_npi": ctx.npi(layout.row_values(lambda encounter: encounter.visit.provider)),
        "parent_encounter_id": layout.row_values(lambda encounter: _parent(ctx, encounter.visit)),
        "event_id": layout.segment_ids(
            lambda encounter: ctx.event_number(encounter.visit.occurrence)
        ),
    }


encounters = RecordTable(chart.ENCOUNTERS, _encounters, _encounter_columns)
"""Fills `encounters`."""


_EMERGENCY, _URGENT = "1", "2"
_NEWBORN = ("4", "5")  # type of admission, and point of origin: born inside this hospital
_NOT_ADMITTED = (None, None)
_ADMITTED = {"inpatient": ("3", "1"), "emergency": ("1", "1"), "observation": ("1", "1"),
             "snf": ("3", "4")}  # fmt: skip
# UB-04 FL14: 1 emergency, 2 urgent, 3 elective; FL15: 1 from home, 4 from a hospital


def _drg(ctx: SyncContext, encounter: EncounterRows, of: Callable[[StayDrgs], Coded]) -> Coded:
    """Return a column of the DRGs of a stay; null for other encounters."""
    drgs = ctx.drgs.get(encounter.visit.key)
    return Coded.constant(None, len(encounter.rows)) if drgs is None else of(drgs)


def _reason(encounter: EncounterRows) -> str | None:
    details = encounter.visit.details
    return details.reason or None if isinstance(details, EncounterDetails) else None


def _first_diagnosis(visit: VisitRows) -> Coded:
    first = Coded.of([codes[0] if codes else None for codes in visit.diagnoses.lists])
    return first.take(visit.diagnoses.chosen)


def disposition(ctx: SyncContext, visit: VisitRows) -> Coded:
    """Return the discharge status of a visit: stated, home, to a hospital, or dead."""
    return discharge_status(visit, ctx.admissions_of(visit), ctx.record.death)


def admit_type(ctx: SyncContext, visit: VisitRows) -> Coded:
    """Return the priority of admission: emergency after an emergency visit; newborn.

    A hospital stay of neither is elective where it was planned, and urgent where not.
    """
    priority, _ = _ADMITTED.get(visit.details.encounter_class, _NOT_ADMITTED)
    usual = Coded.constant(priority, len(visit.rows))
    codes, known = usual.codes.copy(), len(usual.vocabulary)
    if visit.details.encounter_class == "inpatient":
        codes[~visit.planned] = known + 2
    for admission in ctx.admissions:
        if admission.stay == visit.key:
            codes[visit.position_of(admission.rows)] = known
    codes[born_in(ctx, visit)] = known + 1
    return Coded(codes, (*usual.vocabulary, _EMERGENCY, _NEWBORN[0], _URGENT))


def admit_source(ctx: SyncContext, visit: VisitRows) -> Coded:
    """Return the point of origin: the usual one of the class, or birth in this hospital."""
    _, origin = _ADMITTED.get(visit.details.encounter_class, _NOT_ADMITTED)
    usual = Coded.constant(origin, len(visit.rows))
    codes = usual.codes.copy()
    codes[born_in(ctx, visit)] = len(usual.vocabulary)
    return Coded(codes, (*usual.vocabulary, _NEWBORN[1]))


def born_in(ctx: SyncContext, visit: VisitRows) -> NDArray[np.bool_]:
    """Return whose stay is that of their birth, bool, shape (n,)."""
    born = ctx.people.number[visit.rows] >= FIRST_BORN
    born &= ctx.people.birth[visit.rows] == visit.first
    return born & (visit.details.encounter_class == "inpatient")


def _parent(ctx: SyncContext, visit: VisitRows) -> NDArray[np.int64]:
    """Return the stay that an emergency visit led to, int64; `NO_NUMBER` where to none."""
    parent = np.full(len(visit.rows), NO_NUMBER)
    for admission in ctx.admissions_of(visit):
        number = ctx.encounter_number(ctx.visits[admission.stay])
        parent[visit.position_of(admission.rows)] = ids(ctx.person_id[admission.rows], number)
    return parent


def encounter_diagnoses(ctx: SyncContext) -> Columns:
    """Fill `encounter_diagnoses`."""
    layout = lay_out_rows(_encounters(ctx), lambda encounter: encounter.number, ctx.person_id)
    if not len(layout):
        return chart.ENCOUNTER_DIAGNOSES.empty()
    lists = DiagnosisLists.of(layout, lambda encounter: encounter.visit, lambda _: slice(None))
    diagnoses = lists.flatten()
    stay = layout.segment_values(
        lambda encounter: encounter.encounter_class == "inpatient", np.bool_
    )
    draws = ctx.record.draws
    unclear = layout.row_values(lambda encounter: unclear_draw(draws, encounter.visit))
    return chart.ENCOUNTER_DIAGNOSES.complete({
        "encounter_id": layout.ids[diagnoses.of],
        "sequence": diagnoses.sequence,
        "person_id": layout.person_id[diagnoses.of],
        "code": diagnoses.code,
        "poa": present_on_admission(diagnoses, stay[diagnoses.of], unclear[diagnoses.of]),
    })  # fmt: skip
