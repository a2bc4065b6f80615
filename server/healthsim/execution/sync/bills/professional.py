"""What clinicians bill on an 837P: their visits, what they did, what an operation's price has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from healthsim.billing.facility_services import is_facility_only
from healthsim.execution.sync.bills.lines import Bill, BilledLine, service_of, services_of_step
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.dosage import injected
from healthsim.execution.sync.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events


def visit_lines(ctx: SyncContext, visit: VisitRows) -> Iterator[BilledLine]:
    """Yield the lines of the visit itself."""
    event = ctx.event_number(visit.occurrence)
    for service in map(service_of, visit.details.procedures or ()):
        if is_facility_only(service.code):
            continue
        yield BilledLine(
            visit.rows, visit.first, event, service.code, service.units, service.modifiers,
            is_visit_service=True, global_days=service.global_days,
        )  # fmt: skip


def lines_done(ctx: SyncContext, source: OccurrenceRows) -> Iterator[BilledLine]:
    """Yield the lines that something done during a visit adds to an 837P."""
    step, event = source.occurrence.step, ctx.event_number(source.occurrence)
    dose = injected(ctx, source) if isinstance(step, events.Procedure) else None
    for service in services_of_step(source):
        if is_facility_only(service.code):
            continue
        units = service.units if dose is None else dose.units
        yield BilledLine(
            source.rows, source.days, event, service.code, units, service.modifiers,
            global_days=service.global_days,
        )  # fmt: skip


def deny_in_global_periods(bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with visits to the surgeon denied while an operation's price has them."""
    operations = [
        (bill, line)
        for bill in bills
        for line in bill.lines
        if line.global_days and not bill.institutional
    ]
    return [_deny(bill, operations) if operations else bill for bill in bills]


def _deny(bill: Bill, operations: Sequence[tuple[Bill, BilledLine]]) -> Bill:
    in_office = bill.visit.details.encounter_class in {"office", "telehealth"}
    if not in_office or not any(line.is_visit_service for line in bill.lines):
        return bill
    denied = np.zeros(len(bill.visit.rows), dtype=np.bool_)
    for operation, line in operations:
        _, at, in_visit = np.intersect1d(line.rows, bill.visit.rows, return_indices=True)
        gap = bill.visit.first[in_visit] - line.days[at]
        surgeon = operation.provider[operation.visit.position_of(line.rows[at])]
        inside = (gap > 0) & (gap <= line.global_days) & (bill.provider[in_visit] == surgeon)
        denied[in_visit[inside]] = True
    lines = (replace(line, denied=denied) if line.is_visit_service else line
             for line in bill.lines)  # fmt: skip
    return replace(bill, lines=tuple(lines))
