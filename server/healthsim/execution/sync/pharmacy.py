"""Prescriptions and how they are filled: those of journeys, and those people came with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.codes.drugs import Drug, drugs
from healthsim.dates import NO_DAY, Days, day_of
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.encounters import SyncContext
from healthsim.execution.sync.numbering import ongoing_fills
from healthsim.execution.timeline.facts import PrescriptionFacts
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.products.patientsim.generate import drug_columns
from healthsim.products.patientsim.tables import PRESCRIPTIONS
from healthsim.products.rxmembersim.fills import PrescribedCourse, fill_dates
from healthsim.products.rxmembersim.generate import DispensedFills, fills
from healthsim.products.rxmembersim.sharing import DrugPlans
from healthsim.products.rxmembersim.tables import FILLS
from healthsim.specification.journeys.events import Prescription
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import NO_NUMBER, Coded, Columns

YEAR = 365  # days that a prescription is good for
_LONG = 84  # days of the shortest supply that is sent by mail: twelve weeks


@dataclass(frozen=True)
class PrescriptionRows:
    """One prescription of many people; arrays of shape (n,).

    Attributes:
        written: int32.
        stop: int32, first day on which it is no longer taken.
        cut: bool, it was stopped or replaced before it ran out.
        happening: the event that wrote it; None where people came with it.
    """

    address: str
    number: int
    name: str
    drug: Drug
    rows: Rows
    written: Days
    stop: Days
    cut: NDArray[np.bool_]
    days_supply: int
    refills: int
    quantity: float
    first_fill_share: NDArray[np.float64]
    adherence: NDArray[np.float64]
    happening: OccurrenceRows | None


def prescription_rows(made: SyncContext, profile: ProfileSpec) -> list[PrescriptionRows]:
    """Return every prescription of a chunk."""
    return [*_ongoing_prescriptions(made, profile), *_written(made)]


def _written(made: SyncContext) -> Iterator[PrescriptionRows]:
    for one in made.of_type(Prescription):
        address, facts = one.occurrence.address, one.facts_as(PrescriptionFacts)
        details = one.step_as(Prescription).details
        drug = drugs().find(details.drug, "details.drug")
        yield PrescriptionRows(
            address=address,
            number=made.numbering.number("prescriptions", address),
            name=details.drug,
            drug=drug,
            rows=one.rows,
            written=one.days,
            stop=facts.stop,
            cut=facts.cut,
            days_supply=details.days_supply,
            refills=details.refills,
            quantity=details.quantity or quantity(drug, details.days_supply),
            first_fill_share=facts.first_fill_share,
            adherence=facts.adherence,
            happening=one,
        )


def quantity(drug: Drug, days_supply: int) -> float:
    """Return the units of one fill: the usual dose, in whole packages."""
    units = drug.units_per_day * days_supply
    return round(ceil(round(units / drug.package_size, 6)) * drug.package_size, 2)


def renewals(profile: ProfileSpec, through: int) -> int:
    """Return how often a standing prescription may have to be written to last through the data."""
    return (through - day_of(profile.as_of.isoformat())) // YEAR + 2


def _ongoing_prescriptions(made: SyncContext, profile: ProfileSpec) -> Iterator[PrescriptionRows]:
    """Yield what people came with: written in the year before `as_of`, and renewed each year."""
    record = made.timeline.record
    as_of = day_of(profile.as_of.isoformat())
    for one, course in zip(record.people.medications, record.courses, strict=False):
        base = f"~profile/{one.drug}"
        ago = np.floor(record.draws.uniform(f"{base}/written", course.rows) * YEAR)
        first = (as_of - ago).astype(np.int32)
        drug = drugs().find(one.drug, "clinical.medications")
        for renewal in range(renewals(profile, made.through)):
            written = (first + np.int32(YEAR * renewal)).astype(np.int32)
            last = np.minimum(record.death[course.rows], np.int32(made.through))
            goes_on = np.flatnonzero((written <= last) & (written < course.stop))
            ends = (written + np.int32(YEAR)).astype(np.int32)
            stop = np.minimum(course.stop, ends)[goes_on]
            yield PrescriptionRows(
                address=f"{base}/{renewal}",
                number=made.numbering.number("prescriptions", f"{base}/{renewal}"),
                name=one.drug,
                drug=drug,
                rows=course.rows[goes_on],
                written=written[goes_on],
                stop=stop,
                cut=(course.cut & (course.stop <= ends))[goes_on],
                days_supply=one.days_supply,
                refills=ongoing_fills(one.days_supply) - 1,
                quantity=quantity(drug, one.days_supply),
                first_fill_share=np.ones(len(goes_on)),
                adherence=one.adherence[course.rows[goes_on]],
                happening=None,
            )


def prescriptions(made: SyncContext, written: list[PrescriptionRows]) -> Columns:
    """Fill `prescriptions`."""
    found = lay_out_rows(written, lambda one: one.rows, lambda one: one.number)
    if not len(found):
        return PRESCRIPTIONS.empty()
    person = made.person_id[found.rows]
    stop = found.row_values(lambda one: one.stop)
    death = made.timeline.record.death[found.rows]
    cut = found.row_values(lambda one: one.cut).astype(np.bool_) | (death < stop)
    stop = np.minimum(stop, death)
    cut &= stop <= made.through
    over = np.where(cut, 2, np.where(stop <= made.through, 1, 0)).astype(np.int32)
    return PRESCRIPTIONS.complete({
        "prescription_id": ids(person, found.segment_values(lambda one: one.number, np.int64)),
        "person_id": person,
        **drug_columns(found.segment_texts(lambda one: one.name)),
        "written_date": found.row_values(lambda one: one.written),
        "quantity": found.segment_values(lambda one: one.quantity, np.float64),
        "days_supply": found.segment_values(lambda one: one.days_supply, np.int32),
        "refills": found.segment_values(lambda one: one.refills, np.int32),
        "prescriber_npi": made.use_provider(found.row_values(lambda one: prescriber(made, one))),
        "status": Coded(over, ("active", "completed", "stopped")),
        "end_date": np.where(cut, stop, NO_DAY).astype(np.int32),
        "encounter_id": found.row_values(lambda one: _encounter(made, one)),
        "event_id": _events(made, found, person),
    })  # fmt: skip


def prescriber(made: SyncContext, one: PrescriptionRows) -> NDArray[np.int32]:
    """Return the directory row of who wrote a prescription."""
    if one.happening is None:
        return made.network.primary_care[one.rows]
    return made.treating_provider(one.happening)


def _encounter(made: SyncContext, one: PrescriptionRows) -> NDArray[np.int64]:
    if one.happening is None:
        return np.full(len(one.rows), NO_NUMBER)
    return made.encounter_ids(one.happening)


def _events(
    made: SyncContext, found: RowLayout[PrescriptionRows], person: NDArray[np.int64]
) -> NDArray[np.int64]:
    caused = found.segment_values(lambda one: one.happening is not None, np.bool_)
    number = found.segment_values(
        lambda one: made.event_number(one.happening.occurrence) if one.happening else 0, np.int64
    )
    return np.where(caused, ids(person, number), NO_NUMBER)


@dataclass(frozen=True)
class FillRows:
    """One fill of a prescription, of those people who come for it.

    Attributes:
        at: positions of `rows` in the script.
        back: int32, day on which it was put back to stock; `NO_DAY` where it was taken.
    """

    script: PrescriptionRows
    number: int
    fill_number: int
    rows: Rows
    at: NDArray[np.intp]
    days: Days
    back: Days


def fill_table(
    made: SyncContext, written: list[PrescriptionRows], plans: DrugPlans, as_of: int
) -> Columns:
    """Fill `fills`: what was dispensed to people who were covered on the day."""
    dispensed = [fill for one in written for fill in _fills(made, one, as_of)]
    found = lay_out_rows(dispensed, lambda one: one.rows, lambda one: one.number)
    if not len(found):
        return FILLS.empty()
    person = made.person_id[found.rows]
    days = found.row_values(lambda one: one.days).astype(np.int32)
    back = found.row_values(lambda one: one.back).astype(np.int32)
    plan = made.timeline.record.coverage.plan(found.rows, days)
    days_supply = found.segment_values(lambda one: one.script.days_supply, np.int32)
    pharmacy = made.network.fills_at(found.rows, plan, days_supply >= _LONG)
    made.directory_use.pharmacies[pharmacy] = True
    prescription = found.segment_values(lambda one: one.script.number, np.int64)
    event = found.row_values(lambda one: _event_of(made, one))
    return fills(
        DispensedFills(
            person=found.rows,
            person_id=person,
            fill_id=ids(person, found.segment_values(lambda one: one.number, np.int64)),
            prescription_id=ids(person, prescription),
            event_id=event,
            plan=plan,
            fill_number=found.segment_values(lambda one: one.fill_number, np.int32),
            status=Coded((back != NO_DAY).astype(np.int32), ("paid", "reversed")),
            written_date=found.row_values(lambda one: one.script.written[one.at]).astype(np.int32),
            fill_date=days,
            reversed_date=back,
            ndc=found.segment_texts(lambda one: one.script.drug.ndc),
            quantity=found.segment_values(lambda one: one.script.quantity, np.float64),
            days_supply=days_supply,
            generic=found.segment_values(lambda one: one.script.drug.generic, np.bool_),
            tier=found.segment_values(lambda one: one.script.drug.tier, np.int32),
            unit_cost_cents=found.segment_values(
                lambda one: one.script.drug.unit_cost_usd * 100, np.float64
            ),
            mail_order=made.network.directory.pharmacies.mail_order[pharmacy],
            pharmacy_npi=made.network.directory.pharmacies.npi[pharmacy],
            prescriber_npi=made.use_provider(
                found.row_values(lambda one: prescriber(made, one.script)[one.at])
            ),
        ),
        plans,
    )


def _event_of(made: SyncContext, one: FillRows) -> NDArray[np.int64]:
    if one.script.happening is None:
        return np.full(len(one.rows), NO_NUMBER)
    number = made.event_number(one.script.happening.occurrence)
    return ids(made.person_id[one.rows], number)


def _fills(made: SyncContext, one: PrescriptionRows, as_of: int) -> Iterator[FillRows]:
    draws, record = made.timeline.record.draws, made.timeline.record
    last = np.minimum(record.death[one.rows] - 1, np.int32(made.through))
    last = np.minimum(last, np.where(one.cut, one.stop - 1, one.written + np.int32(YEAR)))
    course = PrescribedCourse(
        written=one.written,
        last=last.astype(np.int32),
        days_supply=one.days_supply,
        refills=one.refills,
        first_fill_share=one.first_fill_share,
        adherence=np.clip(one.adherence, 0.05, 1.0),
    )
    dated = fill_dates(
        course,
        draws.uniform(f"{one.address}/first_fill", one.rows),
        draws.uniform(f"{one.address}/lag", one.rows),
        lambda refill: draws.uniform(f"{one.address}/refill#{refill}", one.rows),
    )
    for fill, days in enumerate(dated.dates):
        covered = record.coverage.plan(one.rows, days) >= 0
        at = np.flatnonzero((days != NO_DAY) & (days >= as_of) & covered)
        back = dated.reversed[at] if fill == 0 else np.full(len(at), NO_DAY, dtype=np.int32)
        number = made.numbering.number("fills", f"{one.address}/{fill}")
        yield FillRows(one, number, fill, one.rows[at], at, days[at].astype(np.int32), back)
