"""What a facility bills on the 837I of a stay: room and board, and what was done by its centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from healthsim.billing.facility.services import (
    facility_service,
    room_of_stay,
    rooms,
    stay_charge_cents,
    stay_revenues,
)
from healthsim.execution.sync.bills.lines import BilledLine, service_of, services_of_step
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows


def stay_lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[BilledLine]:
    """Yield the lines of a stay's 837I.

    A stay is paid as a whole, so what is done in it is listed once, by revenue centre alone. Which
    rooms were used follows from its ICD-10-PCS codes. Where a profile leaves bills as stated, they
    have its nights and what was done.
    """
    details = visit.details
    stated = tuple(service_of(code).code for code in details.procedures or ())
    room = room_of_stay(visit.specialty, stated)
    event, nights = ctx.event_number(visit.occurrence), np.maximum(visit.nights, 1)
    for own in rooms("inpatient"):
        by_night = own.counts == "night"
        if own.when in ("always", room) and (by_night or ctx.captures_charges):
            yield BilledLine(
                visit.rows, visit.first, event, units=nights if by_night else 1,
                revenue=own.revenue, cents=own.cents, drg=by_night,
            )  # fmt: skip
    operated = tuple(getattr(details, "icd10pcs", ())) if ctx.captures_charges else ()
    for revenue in stay_revenues(operated):
        cents = stay_charge_cents(revenue)
        yield BilledLine(visit.rows, visit.first, event, revenue=revenue, cents=cents)
    for source in during:
        yield from _line_done(ctx, source)


def _line_done(ctx: SyncContext, source: OccurrenceRows) -> Iterator[BilledLine]:
    """Yield the line of something done in a stay: its first service that a facility bills."""
    for service in services_of_step(source):
        billed = facility_service(service.code, "inpatient")
        if billed is not None:
            yield BilledLine(
                source.rows, source.days, ctx.event_number(source.occurrence),
                revenue=billed.revenue, cents=stay_charge_cents(billed.revenue),
            )  # fmt: skip
            return
