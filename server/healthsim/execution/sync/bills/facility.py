"""What a facility bills on an 837I: its rooms, and what was done in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from healthsim.execution.sync.bills.lines import Bill, BilledLine, services_of_step
from healthsim.execution.sync.charges import (
    FACILITY_CHARGES,
    IMAGING,
    LAB_REVENUE,
    VACCINE_REVENUE,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.dosage import injected
from healthsim.execution.sync.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events


def facility_lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[BilledLine]:
    """Yield the lines of the facility itself: rooms, supplies, the operating room."""
    steps = [source.occurrence.step for source in during]
    codes = [step.details.code for step in steps if isinstance(step, events.Procedure)]
    operated = bool(getattr(visit.details, "icd10pcs", ())) or not all(map(_is_image, codes))
    charges = FACILITY_CHARGES[visit.details.encounter_class]
    if (
        visit.details.encounter_class == "outpatient_hospital"
        and codes
        and not operated
        and not visit.details.procedures
    ):
        screening = any("Z12.31" in codes for codes in visit.diagnoses.lists)
        charges = (IMAGING[0 if screening else 1],)
    event, nights = ctx.event_number(visit.occurrence), np.maximum(visit.nights, 1)
    for charge in charges:
        if operated or not charge.surgical:
            yield BilledLine(
                visit.rows, visit.first, event, units=nights if charge.nightly else 1,
                revenue=charge.revenue, cents=charge.cents,
                drg=charge.nightly and visit.details.drg is not None,
            )  # fmt: skip


def _is_image(code: str) -> bool:
    return len(code) == 5 and code.isdigit() and code[0] == "7"  # the section of radiology


def lines_done(ctx: SyncContext, source: OccurrenceRows, visit: VisitRows) -> Iterator[BilledLine]:
    """Yield the lines that something done during a visit adds to its 837I.

    A stay is paid as a whole, so what is done in it is listed once, by revenue centre alone.
    """
    step, event = source.occurrence.step, ctx.event_number(source.occurrence)
    stay = visit.details.encounter_class == "inpatient"
    services = services_of_step(source)
    dose = injected(ctx, source) if isinstance(step, events.Procedure) else None
    for service in services[:1] if stay else services:
        units = service.units if dose is None else dose.units
        line = BilledLine(
            source.rows, source.days, event, service.code, units, service.modifiers,
            _revenue(step), global_days=service.global_days,
        )  # fmt: skip
        yield line.without_code() if stay else line


def _revenue(step: object) -> str | None:
    if isinstance(step, events.Lab):
        return LAB_REVENUE
    return VACCINE_REVENUE if isinstance(step, events.Immunization) else None


def merge_emergencies(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with an emergency visit's facility lines on the 837I of its stay."""
    lines = {bill.visit.key: bill.lines for bill in bills if bill.institutional}
    for admission in ctx.admissions:
        own = [(line, np.isin(line.rows, admission.rows)) for line in lines[admission.emergency]]
        moved = _listed_once([line.take(admitted) for line, admitted in own])
        lines[admission.emergency] = tuple(line.take(~admitted) for line, admitted in own)
        lines[admission.stay] += moved
    return [replace(bill, lines=lines[bill.visit.key]) if bill.institutional else bill
            for bill in bills]  # fmt: skip


def _listed_once(lines: Sequence[BilledLine]) -> tuple[BilledLine, ...]:
    """Return lines as a stay lists them; without their codes, those of one event are alike."""
    listed: list[BilledLine] = []
    events_listed = set[int]()
    for line in lines:
        if line.code is None:
            listed.append(line.without_code())
        elif line.event not in events_listed:
            listed.append(line.without_code())
            events_listed.add(line.event)
    return tuple(listed)
