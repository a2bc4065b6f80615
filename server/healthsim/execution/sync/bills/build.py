"""Visits become bills: which forms, which lines, in which order, and no service twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from healthsim.execution.sync.bills.charges import BILL_TYPES
from healthsim.execution.sync.bills.clinicians import drugs, professional
from healthsim.execution.sync.bills.facilities import facility, months
from healthsim.execution.sync.bills.lines import INSTITUTIONAL, PROFESSIONAL, Bill
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.specification.journeys.trial import TrialVisitDetails


def build_bills(ctx: SyncContext) -> list[Bill]:
    """Return every bill of a chunk that has people, with its lines."""
    visits = [visit for visit in ctx.visits.values() if not _is_sponsor_paid(visit.details)]
    bills = [bill for visit in visits for bill in _bills_of_visit(ctx, visit)]
    bills = professional.complete(ctx, facility.merge_emergencies(ctx, bills))
    covered = [_covered_part(ctx, bill) for bill in bills]
    if ctx.captures_charges:
        covered = [drugs.with_waste(bill) for bill in covered]
    merged = months.merge_periods(ctx, [bill for bill in covered if bill.lines])
    return [bill for bill in merged if bill.lines]


def _is_sponsor_paid(details: object) -> bool:
    """Return whether a visit is a trial's own, for which nobody is sent a claim."""
    return isinstance(details, TrialVisitDetails) and not details.routine_care


def _bills_of_visit(ctx: SyncContext, visit: VisitRows) -> Iterator[Bill]:
    """Yield the visit's 837P and 837I, and an 837P of each other specialty that did a procedure."""
    during = ctx.by_visit.get(visit.key, [])
    at_facility = visit.details.encounter_class in BILL_TYPES
    billed: dict[str, list[OccurrenceRows]] = {PROFESSIONAL: [], INSTITUTIONAL: []}
    for source in during:
        biller = _biller(visit, source, at_facility)
        if biller != INSTITUTIONAL:
            billed.setdefault(biller, []).append(source)
    own = {
        PROFESSIONAL: professional.visit_lines(ctx, visit, during),
        INSTITUTIONAL: facility.facility_lines(ctx, visit, during) if at_facility else (),
    }
    for biller, sources in billed.items():
        address, provider, form = visit.occurrence.address, visit.provider, biller
        if biller not in own:  # a specialty
            address, form = sources[0].occurrence.address, PROFESSIONAL
            provider = ctx.network.provider(visit.provider_request(biller, address, visit.rows))
        done = (line for source in sources for line in professional.lines_done(ctx, source, visit))
        number = ctx.numbering.number("claims", f"{address}/{form}")
        lines = (*own.get(biller, ()), *done)
        yield Bill(visit, form, f"{address}/{form}", number, provider, lines)
    yield from professional.other_bills(ctx, visit, during)


def _biller(visit: VisitRows, source: OccurrenceRows, at_facility: bool) -> str:
    """Return on which form something done in a visit is billed, or for which other specialty."""
    step = source.occurrence.step
    if isinstance(step, events.Procedure):
        specialty = step.details.specialty or visit.specialty
        return PROFESSIONAL if specialty == visit.specialty else specialty
    return INSTITUTIONAL if at_facility else PROFESSIONAL


def _covered_part(ctx: SyncContext, bill: Bill) -> Bill:
    """Return the bill for the people whom a plan covers on the visit's first day."""
    covered = np.zeros(len(ctx.person_id), dtype=np.bool_)
    rows = bill.visit.rows
    covered[rows] = ctx.record.coverage.plan(rows, bill.visit.first) >= 0
    lines = (line.take(covered[line.rows]) for line in bill.lines)
    return replace(bill, lines=tuple(line for line in lines if len(line.rows)))
