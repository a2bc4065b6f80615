"""Prescriptions, from journeys and from profiles: who wrote what, when, and how it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.codes.drugs import Drug, drugs
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import Course
from healthsim.execution.people.people import MedicationColumn
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.dosage import Dosage, dosage
from healthsim.execution.sync.indications import Indications
from healthsim.execution.sync.numbering import ongoing_fills
from healthsim.execution.sync.records import RecordTable
from healthsim.execution.sync.renewals import YEAR, OfficeVisits, Writing, renewals, renewed
from healthsim.execution.timeline.facts import PrescriptionFacts
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.dosing import doses, indications
from healthsim.products.patientsim.generate import drug_columns
from healthsim.products.patientsim.tables import PRESCRIPTIONS
from healthsim.specification.journeys.events import Prescription
from healthsim.tables import NO_NUMBER, Coded, Columns


@dataclass(frozen=True, eq=False)
class PrescriptionRows:
    """One prescription of many people; arrays of shape (n,).

    Attributes:
        address: address of the prescription; `number` is its number.
        rows: positions of the people in the chunk, ascending.
        drug: the drug; `drug_name` is its name in the specification.
        written: int32.
        fill_from: int32, first day on which it may be filled.
        stop: int32, first day on which it is no longer taken.
        cut: bool, it was stopped or replaced before it ran out.
        dosage: how it is taken, and how much of it is dispensed.
        source: the occurrence that wrote it; None for a medication of the profile.
        renewal: the visits in which a medication of the profile was written; None for the others.
    """

    address: str
    number: int
    rows: Rows
    drug_name: str
    drug: Drug
    written: Days
    fill_from: Days
    stop: Days
    cut: NDArray[np.bool_]
    days_supply: int
    refills: int
    dosage: Dosage
    first_fill_share: NDArray[np.float64]
    adherence: NDArray[np.float64]
    source: OccurrenceRows | None
    renewal: Writing | None = None

    def prescriber(self, ctx: SyncContext) -> NDArray[np.int32]:
        """Return the directory row of who wrote it, int32, shape (n,)."""
        if self.source is None:
            usual = ctx.network.primary_care[self.rows]
            if self.renewal is None:
                return usual
            return np.where(self.renewal.provider >= 0, self.renewal.provider, usual)
        return ctx.treating_provider(self.source)

    def event_ids(self, ctx: SyncContext) -> NDArray[np.int64]:
        """Return the events that wrote it, int64, shape (n,); `NO_NUMBER` where the profile did."""
        if self.source is None:
            return np.full(len(self.rows), NO_NUMBER)
        return ids(ctx.person_id[self.rows], ctx.event_number(self.source.occurrence))

    def encounter_ids(self, ctx: SyncContext) -> NDArray[np.int64]:
        """Return the encounters in which it was written, int64, (n,); `NO_NUMBER` for none."""
        if self.source is None:
            none = np.full(len(self.rows), NO_NUMBER)
            return none if self.renewal is None else self.renewal.encounter
        return ctx.encounter_ids(self.source)

    def indications(self, ctx: SyncContext, found: Indications) -> Coded:
        """Return the code of the condition that it is for; no value where the person has none."""
        uses = indications(self.drug.ingredient, self.drug.drug_class)
        if self.source is None:
            return found.find(uses, self.rows, self.written, known=ctx.as_of)
        return found.find(uses, self.rows, self.written, ctx.visit_of(self.source))


def prescription_rows(ctx: SyncContext) -> list[PrescriptionRows]:
    """Return every prescription of a chunk."""
    medications = zip(ctx.people.medications, ctx.record.courses, strict=False)
    visits = OfficeVisits.of(ctx)
    ongoing = (
        prescription
        for medication, course in medications
        for prescription in _ongoing(ctx, medication, course, visits)
    )
    return [*ongoing, *(_written(ctx, source) for source in ctx.of_type(Prescription))]


def _written(ctx: SyncContext, source: OccurrenceRows) -> PrescriptionRows:
    address, facts = source.occurrence.address, source.facts_as(PrescriptionFacts)
    details = source.step_as(Prescription).details
    drug = drugs().find(details.drug, "details.drug")
    return PrescriptionRows(
        address=address,
        number=ctx.numbering.number("prescriptions", address),
        rows=source.rows,
        drug_name=details.drug,
        drug=drug,
        written=source.days,
        fill_from=source.days,
        stop=facts.stop,
        cut=facts.cut,
        days_supply=details.days_supply,
        refills=details.refills,
        dosage=dosage(
            ctx, drug, source.rows, source.days, details.days_supply, details.quantity, details.dose
        ),
        first_fill_share=facts.first_fill_share,
        adherence=facts.adherence,
        source=source,
    )


def _ongoing(
    ctx: SyncContext, medication: MedicationColumn, course: Course, visits: OfficeVisits
) -> Iterator[PrescriptionRows]:
    """Yield a medication of the profile: written in the year before `as_of`, renewed each year."""
    record, through, rows = ctx.record, np.int32(ctx.through), course.rows
    drug = drugs().find(medication.drug, "clinical.medications")
    ago = np.floor(record.draws.uniform(f"~profile/{medication.drug}/written", rows) * YEAR)
    first = (ctx.as_of - ago).astype(np.int32)
    last = np.minimum(record.death[rows], through)
    times = renewals(ctx.profile, ctx.through)
    for renewal, writing in enumerate(renewed(first, rows, ctx.as_of, times, visits)):
        address = f"~profile/{medication.drug}/{renewal}"
        taken = np.flatnonzero((writing.written <= last) & (writing.written < course.stop))
        kept = writing.take(taken)
        yield PrescriptionRows(
            address=address,
            number=ctx.numbering.number("prescriptions", address),
            rows=rows[taken],
            drug_name=medication.drug,
            drug=drug,
            written=kept.written,
            fill_from=kept.fill_from,
            stop=np.minimum(course.stop[taken], kept.expires),
            cut=course.cut[taken] & (course.stop[taken] <= kept.expires),
            days_supply=medication.days_supply,
            refills=ongoing_fills(medication.days_supply) - 1,
            dosage=dosage(ctx, drug, rows[taken], kept.written, medication.days_supply),
            first_fill_share=np.ones(len(taken)),
            adherence=medication.adherence[rows[taken]],
            source=None,
            renewal=kept,
        )


def _prescription_columns(ctx: SyncContext, layout: RowLayout[PrescriptionRows]) -> Columns:
    stop = layout.row_values(lambda prescription: prescription.stop)
    death = ctx.record.death[layout.rows]
    cut = layout.row_values(lambda prescription: prescription.cut) | (death < stop)
    stop = np.minimum(stop, death)
    cut &= stop <= ctx.through
    status = np.where(cut, 2, np.where(stop <= ctx.through, 1, 0)).astype(np.int32)
    prescriber = layout.row_values(lambda prescription: prescription.prescriber(ctx))
    found = Indications(ctx)
    return {
        **drug_columns(layout.segment_texts(lambda prescription: prescription.drug_name)),
        "written_date": layout.row_values(lambda prescription: prescription.written),
        "dose": layout.row_values(lambda prescription: prescription.dosage.amounts),
        "frequency": layout.row_texts(lambda prescription: prescription.dosage.frequencies),
        **_how_taken(layout.segment_texts(lambda prescription: prescription.drug_name)),
        "sig": layout.row_texts(lambda prescription: prescription.dosage.instructions),
        "indication": layout.row_texts(lambda prescription: prescription.indications(ctx, found)),
        "quantity": layout.row_values(lambda prescription: prescription.dosage.quantity),
        "days_supply": layout.segment_values(
            lambda prescription: prescription.days_supply, np.int32
        ),
        "refills": layout.segment_values(lambda prescription: prescription.refills, np.int32),
        "prescriber_npi": ctx.npi(prescriber),
        "status": Coded(status, ("active", "completed", "stopped")),
        "end_date": np.where(cut, stop, NO_DAY).astype(np.int32),
        "encounter_id": layout.row_values(lambda prescription: prescription.encounter_ids(ctx)),
        "event_id": layout.row_values(lambda prescription: prescription.event_ids(ctx)),
    }


def _how_taken(names: Coded) -> Columns:
    """Return unit, route and whether as needed, by the names of the drugs."""
    usual = [doses()[name] for name in names.vocabulary]
    needed = np.array([dose.as_needed for dose in usual], dtype=np.bool_)
    return {
        "dose_unit": Coded.of([dose.unit for dose in usual]).take(names.codes),
        "route": Coded.of([dose.route for dose in usual]).take(names.codes),
        "as_needed": needed[names.codes],
    }


def prescription_table(ctx: SyncContext, prescriptions: Sequence[PrescriptionRows]) -> Columns:
    """Fill `prescriptions`."""
    return RecordTable(PRESCRIPTIONS, lambda _: prescriptions, _prescription_columns)(ctx)
