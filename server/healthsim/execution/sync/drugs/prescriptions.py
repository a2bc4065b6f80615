"""Prescriptions, from journeys and from profiles: who wrote what, when, and how it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.billing.pharmacy.dispensing import (
    YEAR,
    course_of,
    lasting,
    most_writings,
    prescribing,
    series,
    valid_days,
)
from healthsim.codes.drugs import Drug, drugs
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.courses import Course
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.people.people import MedicationColumn
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.drugs.dosage import Dosage, dosage
from healthsim.execution.sync.drugs.indications import Indications
from healthsim.execution.sync.drugs.renewals import (
    PrescribingVisits,
    Within,
    Writing,
    renewed,
)
from healthsim.execution.sync.records import RecordTable
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
        cut: bool, it was stopped or replaced before it ran out; not where it was renewed.
        dosage: how it is taken, and how much of it is dispensed.
        source: the occurrence that wrote it; None for a medication of the profile.
        stay: the stay that ends on the day on which it is written.
        renewal: the visits in which a medication of the profile was written; None for the others.
        valid_days: days after writing in which it may be filled.
        prompt: it is filled on the day or the next, or not at all.
        quit: int32, day from which people do not fill it any more; None where nobody stops so.
        part: 0, or its number among the prescriptions into which the law divides a step's fills.
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
    stay: Within
    renewal: Writing | None = None
    valid_days: int = YEAR
    prompt: bool = False
    quit: Days | None = None
    part: int = 0

    @property
    def continues(self) -> bool:
        """Whether people take it already, so that it is filled when that runs out."""
        return self.source is None or self.part > 0

    @property
    def renewed(self) -> Days:
        """The day on which a renewal took its place, int32, shape (n,); `FOREVER` without one."""
        never = np.full(len(self.rows), FOREVER, dtype=np.int32)
        return never if self.renewal is None else self.renewal.renewed

    @property
    def decided_at(self) -> str:
        """Address of the draw that decides whether it is ever filled."""
        return self.address.removesuffix(f"~{self.part}")

    def prescriber(self, ctx: SyncContext) -> NDArray[np.int32]:
        """Return the directory row of who wrote it, int32, shape (n,).

        It is the attending of the stay that ends on its day, if no other visit wrote it.
        """
        if self.source is None:
            usual = ctx.network.primary_care[self.rows]
            if self.renewal is not None:
                usual = np.where(self.renewal.provider >= 0, self.renewal.provider, usual)
        else:
            usual = ctx.treating_provider(self.source)
        outside = (self._visits(ctx) == NO_NUMBER) & (self.stay.provider >= 0)
        return np.where(outside, self.stay.provider, usual).astype(np.int32)

    def event_ids(self, ctx: SyncContext) -> NDArray[np.int64]:
        """Return the events that wrote it, int64, shape (n,); `NO_NUMBER` where the profile did."""
        if self.source is None:
            return np.full(len(self.rows), NO_NUMBER)
        return ids(ctx.person_id[self.rows], ctx.event_number(self.source.occurrence))

    def encounter_ids(self, ctx: SyncContext) -> NDArray[np.int64]:
        """Return the encounters in which it was written, int64, (n,); `NO_NUMBER` for none."""
        own = self._visits(ctx)
        return np.where(own == NO_NUMBER, self.stay.encounter, own)

    def _visits(self, ctx: SyncContext) -> NDArray[np.int64]:
        """Return the encounters around its step or its renewal, int64, (n,)."""
        if self.source is None:
            none = np.full(len(self.rows), NO_NUMBER)
            return none if self.renewal is None else self.renewal.encounter
        within = self.written == self.source.days
        return np.where(within, ctx.encounter_ids(self.source), NO_NUMBER)

    def indications(self, ctx: SyncContext, found: Indications) -> Coded:
        """Return the code of the condition that it is for; no value where the person has none."""
        uses = indications(self.drug.ingredient, self.drug.drug_class)
        if self.source is None:
            return found.find(uses, self.rows, self.written)
        return found.find(uses, self.rows, self.written, ctx.visit_of(self.source))


def prescription_rows(ctx: SyncContext) -> list[PrescriptionRows]:
    """Return every prescription of a chunk."""
    medications = zip(ctx.people.medications, ctx.record.courses, strict=False)
    visits, stays = PrescribingVisits.renewing(ctx), PrescribingVisits.ends_of_stays(ctx)
    ongoing = (
        prescription
        for medication, course in medications
        for prescription in _ongoing(ctx, medication, course, visits, stays)
    )
    events = (_written(ctx, source, stays) for source in ctx.of_type(Prescription))
    return [*ongoing, *(one for written in events for one in written)]


def _written(
    ctx: SyncContext, source: OccurrenceRows, stays: PrescribingVisits
) -> Iterator[PrescriptionRows]:
    """Yield the prescriptions of a step: one, or as many as the law asks for.

    Those of schedule II are written together for up to 90 days, each with a first day of its own
    (21 CFR 1306.12(b)); others anew when the refills of the one before are used up.
    """
    details = source.step_as(Prescription).details
    drug, kept = drugs().find(details.drug, "details.drug"), ctx.profile.pharmacy_rules
    parts = series(drug, details.days_supply, details.refills, keeps=kept)
    begun, valid = 0, valid_days(drug, keeps=kept)
    for part, refills in enumerate(parts):
        after = begun * details.days_supply
        early = after % valid if not any(parts) else 0
        begun += refills + 1
        last = part + 1 == len(parts)
        yield _part(ctx, source, _Part(part, refills, after, early, valid, last), stays)


class _Part(NamedTuple):
    """One of the prescriptions of a step.

    Attributes:
        number: from 0.
        after: days after the step on which it may be filled first.
        early: days that it is written before that.
        valid: days in which it may be filled.
        last: no other follows it.
    """

    number: int
    refills: int
    after: int
    early: int
    valid: int
    last: bool


def _part(
    ctx: SyncContext, source: OccurrenceRows, part: _Part, stays: PrescribingVisits
) -> PrescriptionRows:
    """Return one of the prescriptions of a step, of those who take the drug when it is written."""
    details, facts = source.step_as(Prescription).details, source.facts_as(PrescriptionFacts)
    drug, stop = drugs().find(details.drug, "details.drug"), facts.stop
    fill_from = (source.days + np.int32(part.after)).astype(np.int32)
    written = (fill_from - np.int32(part.early)).astype(np.int32)
    if not part.last:
        ends = fill_from + np.int32(details.days_supply * (part.refills + 1))
        stop = np.minimum(stop, ends).astype(np.int32)
    if part.number:
        alive = np.minimum(ctx.record.death[source.rows], np.int32(ctx.through))
        taken = np.flatnonzero((facts.stop > written) & (written <= alive))
        source, facts = source.take(taken), facts.take(taken)
        fill_from, written, stop = fill_from[taken], written[taken], stop[taken]
    address = source.occurrence.address + (f"~{part.number}" if part.number else "")
    return PrescriptionRows(
        address=address,
        number=ctx.numbering.number("prescriptions", address),
        rows=source.rows,
        drug_name=details.drug,
        drug=drug,
        written=written,
        fill_from=fill_from,
        stop=stop,
        cut=facts.cut & (facts.stop <= stop),
        days_supply=details.days_supply,
        refills=part.refills,
        dosage=dosage(
            ctx, drug, source.rows, written, details.days_supply, details.quantity, details.dose
        ),
        first_fill_share=facts.first_fill_share,
        adherence=facts.adherence,
        source=source,
        stay=stays.within(source.rows, written),
        valid_days=part.valid,
        prompt=course_of(drug).prompt,
        quit=facts.quit,
        part=part.number,
    )


def _ongoing(
    ctx: SyncContext,
    medication: MedicationColumn,
    course: Course,
    visits: PrescribingVisits,
    stays: PrescribingVisits,
) -> Iterator[PrescriptionRows]:
    """Yield a medication of the profile: written in the year before `as_of`, renewed each year."""
    record, through, rows = ctx.record, np.int32(ctx.through), course.rows
    drug, kept_rules = (
        drugs().find(medication.drug, "clinical.medications"),
        ctx.profile.pharmacy_rules,
    )
    way = prescribing(drug, medication.days_supply, keeps=kept_rules)
    ago = record.draws.uniform(f"~profile/{medication.drug}/written", rows)
    first = (ctx.as_of - np.floor(ago * lasting(way))).astype(np.int32)
    first = _after_onset(ctx, drug, rows, first)
    last = np.minimum(record.death[rows], through)
    times = most_writings(way, ctx.through - ctx.as_of)
    adherence = medication.adherence[rows]
    gap = way.days_supply * (1.0 / np.clip(adherence, 0.05, 1.0) - 1.0) if way.each_fill else None

    def lasts(number: int) -> NDArray[np.int32]:
        if gap is None:
            return np.full(len(rows), way.valid_days, dtype=np.int32)
        u = record.draws.uniform(f"~profile/{medication.drug}/{number}/gap", rows)
        return (way.days_supply + np.rint(gap * (3.0 * u * u))).astype(np.int32)

    for renewal, writing in enumerate(renewed(first, rows, ctx.as_of, way, times, visits, lasts)):
        address = f"~profile/{medication.drug}/{renewal}"
        taken = np.flatnonzero((writing.written <= last) & (writing.written < course.stop))
        kept = writing.take(taken)
        ends = np.minimum(kept.expires, kept.renewed)
        yield PrescriptionRows(
            address=address,
            number=ctx.numbering.number("prescriptions", address),
            rows=rows[taken],
            drug_name=medication.drug,
            drug=drug,
            written=kept.written,
            fill_from=kept.written,
            stop=np.minimum(course.stop[taken], ends),
            cut=course.cut[taken] & (course.stop[taken] <= ends),
            days_supply=way.days_supply,
            refills=way.refills,
            dosage=dosage(ctx, drug, rows[taken], kept.written, way.days_supply),
            first_fill_share=np.ones(len(taken)),
            adherence=np.ones(len(taken)) if way.each_fill else adherence[taken],
            source=None,
            stay=stays.within(rows[taken], kept.written),
            renewal=kept,
            valid_days=way.valid_days,
            prompt=way.once,
            quit=None if course.quit is None else course.quit[taken],
        )


def _after_onset(ctx: SyncContext, drug: Drug, rows: Rows, first: Days) -> Days:
    """Return first days that are not before the condition that a drug of the profile is for."""
    began = np.full(len(ctx.people), FOREVER, dtype=np.int32)
    uses = tuple(indications(drug.ingredient, drug.drug_class))
    for episode in ctx.record.conditions.all_in_order():
        if uses and episode.code.startswith(uses):
            held = episode.holds & (episode.begins <= ctx.as_of) & (episode.until > ctx.as_of)
            at = episode.rows[held]
            began[at] = np.minimum(began[at], episode.begins[held])
    onset = began[rows]
    return np.where(onset == FOREVER, first, np.maximum(first, onset)).astype(np.int32)


def _prescription_columns(ctx: SyncContext, layout: RowLayout[PrescriptionRows]) -> Columns:
    stop = layout.row_values(lambda prescription: prescription.stop)
    death = ctx.record.death[layout.rows]
    cut = layout.row_values(lambda prescription: prescription.cut) | (death < stop)
    stop = np.minimum(stop, death)
    cut &= stop <= ctx.through
    status = np.where(cut, 2, np.where(stop <= ctx.through, 1, 0)).astype(np.int32)
    renewed = layout.row_values(lambda prescription: prescription.renewed)
    ended = cut | ((stop == renewed) & (stop <= ctx.through))
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
        "end_date": np.where(ended, stop, NO_DAY).astype(np.int32),
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
