"""Prescriptions, from journeys and from profiles, and how they are filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.codes.drugs import Drug, drugs
from healthsim.dates import NO_DAY, Days, day_of
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import Course
from healthsim.execution.people.people import MedicationColumn
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import ongoing_fills
from healthsim.execution.sync.records import RecordTable
from healthsim.execution.timeline.facts import PrescriptionFacts
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.products.patientsim.generate import drug_columns
from healthsim.products.patientsim.tables import PRESCRIPTIONS
from healthsim.products.rxmembersim.fills import PrescribedCourse, fill_dates
from healthsim.products.rxmembersim.generate import DispensedFills, fills
from healthsim.products.rxmembersim.tables import FILLS
from healthsim.specification.journeys.events import Prescription
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import NO_NUMBER, Coded, Columns

YEAR = 365  # days that a prescription is valid
_LONG_SUPPLY = 84  # days of the shortest supply that is sent by mail: twelve weeks


@dataclass(frozen=True, eq=False)
class PrescriptionRows:
    """One prescription of many people; arrays of shape (n,).

    Attributes:
        address: address of the prescription; `number` is its number.
        rows: positions of the people in the chunk, ascending.
        drug: the drug; `drug_name` is its name in the specification.
        written: int32.
        stop: int32, first day on which it is no longer taken.
        cut: bool, it was stopped or replaced before it ran out.
        source: the occurrence that wrote it; None for a medication of the profile.
    """

    address: str
    number: int
    rows: Rows
    drug_name: str
    drug: Drug
    written: Days
    stop: Days
    cut: NDArray[np.bool_]
    days_supply: int
    refills: int
    quantity: float
    first_fill_share: NDArray[np.float64]
    adherence: NDArray[np.float64]
    source: OccurrenceRows | None

    def prescriber(self, ctx: SyncContext) -> NDArray[np.int32]:
        """Return the directory row of who wrote it, int32, shape (n,)."""
        if self.source is None:
            return ctx.network.primary_care[self.rows]
        return ctx.treating_provider(self.source)

    def event_ids(self, ctx: SyncContext) -> NDArray[np.int64]:
        """Return the events that wrote it, int64, shape (n,); `NO_NUMBER` where the profile did."""
        if self.source is None:
            return np.full(len(self.rows), NO_NUMBER)
        return ids(ctx.person_id[self.rows], ctx.event_number(self.source.occurrence))

    def encounter_ids(self, ctx: SyncContext) -> NDArray[np.int64]:
        """Return the encounters in which it was written, int64, (n,); `NO_NUMBER` for none."""
        if self.source is None:
            return np.full(len(self.rows), NO_NUMBER)
        return ctx.encounter_ids(self.source)


def prescription_rows(ctx: SyncContext) -> list[PrescriptionRows]:
    """Return every prescription of a chunk."""
    medications = zip(ctx.people.medications, ctx.record.courses, strict=False)
    ongoing = (
        prescription
        for medication, course in medications
        for prescription in _ongoing(ctx, medication, course)
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
        stop=facts.stop,
        cut=facts.cut,
        days_supply=details.days_supply,
        refills=details.refills,
        quantity=details.quantity or quantity(drug, details.days_supply),
        first_fill_share=facts.first_fill_share,
        adherence=facts.adherence,
        source=source,
    )


def quantity(drug: Drug, days_supply: int) -> float:
    """Return the units of one fill: the usual dose, in whole packages."""
    units = drug.units_per_day * days_supply
    return round(ceil(round(units / drug.package_size, 6)) * drug.package_size, 2)


def renewals(profile: ProfileSpec, through: int) -> int:
    """Return how often a standing prescription may have to be written to last through the data."""
    return (through - day_of(profile.as_of.isoformat())) // YEAR + 2


def _ongoing(
    ctx: SyncContext, medication: MedicationColumn, course: Course
) -> Iterator[PrescriptionRows]:
    """Yield a medication of the profile: written in the year before `as_of`, renewed each year."""
    record, through, rows = ctx.record, np.int32(ctx.through), course.rows
    drug = drugs().find(medication.drug, "clinical.medications")
    ago = np.floor(record.draws.uniform(f"~profile/{medication.drug}/written", rows) * YEAR)
    first = (ctx.as_of - ago).astype(np.int32)
    last = np.minimum(record.death[rows], through)
    for renewal in range(renewals(ctx.profile, ctx.through)):
        address = f"~profile/{medication.drug}/{renewal}"
        written = (first + np.int32(YEAR * renewal)).astype(np.int32)
        ends = (written + np.int32(YEAR)).astype(np.int32)
        taken = np.flatnonzero((written <= last) & (written < course.stop))
        yield PrescriptionRows(
            address=address,
            number=ctx.numbering.number("prescriptions", address),
            rows=rows[taken],
            drug_name=medication.drug,
            drug=drug,
            written=written[taken],
            stop=np.minimum(course.stop, ends)[taken],
            cut=(course.cut & (course.stop <= ends))[taken],
            days_supply=medication.days_supply,
            refills=ongoing_fills(medication.days_supply) - 1,
            quantity=quantity(drug, medication.days_supply),
            first_fill_share=np.ones(len(taken)),
            adherence=medication.adherence[rows[taken]],
            source=None,
        )


def _prescription_columns(ctx: SyncContext, layout: RowLayout[PrescriptionRows]) -> Columns:
    stop = layout.row_values(lambda prescription: prescription.stop)
    death = ctx.record.death[layout.rows]
    cut = layout.row_values(lambda prescription: prescription.cut) | (death < stop)
    stop = np.minimum(stop, death)
    cut &= stop <= ctx.through
    status = np.where(cut, 2, np.where(stop <= ctx.through, 1, 0)).astype(np.int32)
    prescriber = layout.row_values(lambda prescription: prescription.prescriber(ctx))
    return {
        **drug_columns(layout.segment_texts(lambda prescription: prescription.drug_name)),
        "written_date": layout.row_values(lambda prescription: prescription.written),
        "quantity": layout.segment_values(lambda prescription: prescription.quantity, np.float64),
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


def prescription_table(ctx: SyncContext, prescriptions: Sequence[PrescriptionRows]) -> Columns:
    """Fill `prescriptions`."""
    return RecordTable(PRESCRIPTIONS, lambda _: prescriptions, _prescription_columns)(ctx)


@dataclass(frozen=True, eq=False)
class FillRows:
    """One fill of a prescription, of those people who come for it.

    Attributes:
        number: number of the fill's address.
        at: intp, positions of `rows` in the prescription.
        days: int32, day of the fill.
        reversed: int32, day on which it was returned to stock; `NO_DAY` where it was taken.
    """

    prescription: PrescriptionRows
    number: int
    fill_number: int
    rows: Rows
    at: NDArray[np.intp]
    days: Days
    reversed: Days


def fill_table(ctx: SyncContext, prescriptions: Sequence[PrescriptionRows]) -> Columns:
    """Fill `fills`: what was dispensed to people who were covered on the day."""
    filled = (fill for prescription in prescriptions for fill in _fills(ctx, prescription))
    layout = lay_out_rows(filled, lambda fill: fill.number, ctx.person_id)
    return fills(_dispensed(ctx, layout), ctx.plans) if len(layout) else FILLS.empty()


def _dispensed(ctx: SyncContext, layout: RowLayout[FillRows]) -> DispensedFills:
    days = layout.row_values(lambda fill: fill.days)
    returned = layout.row_values(lambda fill: fill.reversed)
    plan = ctx.record.coverage.plan(layout.rows, days)
    days_supply = layout.segment_values(lambda fill: fill.prescription.days_supply, np.int32)
    pharmacy = ctx.network.fills_at(layout.rows, plan, days_supply >= _LONG_SUPPLY)
    prescriber = layout.row_values(lambda fill: fill.prescription.prescriber(ctx)[fill.at])
    return DispensedFills(
        person=layout.rows,
        person_id=layout.person_id,
        fill_id=layout.ids,
        prescription_id=layout.segment_ids(lambda fill: fill.prescription.number),
        event_id=layout.row_values(lambda fill: fill.prescription.event_ids(ctx)[fill.at]),
        plan=plan,
        fill_number=layout.segment_values(lambda fill: fill.fill_number, np.int32),
        status=Coded((returned != NO_DAY).astype(np.int32), ("paid", "reversed")),
        written_date=layout.row_values(lambda fill: fill.prescription.written[fill.at]),
        fill_date=days,
        reversed_date=returned,
        ndc=layout.segment_texts(lambda fill: fill.prescription.drug.ndc),
        quantity=layout.segment_values(lambda fill: fill.prescription.quantity, np.float64),
        days_supply=days_supply,
        generic=layout.segment_values(lambda fill: fill.prescription.drug.generic, np.bool_),
        tier=layout.segment_values(lambda fill: fill.prescription.drug.tier, np.int32),
        unit_cost_cents=layout.segment_values(
            lambda fill: fill.prescription.drug.unit_cost_usd * 100, np.float64
        ),
        mail_order=ctx.directory.pharmacies.mail_order[pharmacy],
        pharmacy_npi=ctx.directory.pharmacies.npi[pharmacy],
        prescriber_npi=ctx.npi(prescriber),
    )


def _fills(ctx: SyncContext, prescription: PrescriptionRows) -> Iterator[FillRows]:
    """Yield the first fill and each refill, from `as_of` on, while a plan covers it."""
    draws, rows, address = ctx.record.draws, prescription.rows, prescription.address
    ends = np.where(prescription.cut, prescription.stop - 1, prescription.written + np.int32(YEAR))
    last = np.minimum(np.minimum(ctx.record.death[rows] - 1, np.int32(ctx.through)), ends)
    course = PrescribedCourse(
        written=prescription.written,
        last=last.astype(np.int32),
        days_supply=prescription.days_supply,
        refills=prescription.refills,
        first_fill_share=prescription.first_fill_share,
        adherence=np.clip(prescription.adherence, 0.05, 1.0),
    )
    dated = fill_dates(
        course,
        draws.uniform(f"{address}/first_fill", rows),
        draws.uniform(f"{address}/lag", rows),
        lambda refill: draws.uniform(f"{address}/refill#{refill}", rows),
    )
    for fill, days in enumerate(dated.dates):
        covered = ctx.record.coverage.plan(rows, days) >= 0
        at = np.flatnonzero((days != NO_DAY) & (days >= ctx.as_of) & covered)
        returned = dated.reversed[at] if fill == 0 else np.full(len(at), NO_DAY, dtype=np.int32)
        number = ctx.numbering.number("fills", f"{address}/{fill}")
        yield FillRows(
            prescription, number, fill, rows[at], at, days[at].astype(np.int32), returned
        )
