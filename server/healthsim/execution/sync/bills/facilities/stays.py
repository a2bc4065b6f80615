"""What a facility bills on the 837I of a stay: room and board, and what was done by its centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.facility.services import (
    UNITS,
    days_in_units,
    facility_service,
    room_of_stay,
    rooms,
    stay_charge_cents,
    stay_revenues,
)
from healthsim.execution.sync.bills.lines import Bill, BilledLine, service_of, services_of_step
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows

_WARD = "room"


def stay_lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[BilledLine]:
    """Yield the lines of a stay's 837I.

    A stay is paid as a whole, so what is done in it is listed once, by revenue centre alone. Which
    rooms were used follows from its ICD-10-PCS codes. Where a profile leaves bills as stated, they
    have its nights and what was done.
    """
    event = ctx.event_number(visit.occurrence)
    yield from _room_lines(ctx, visit, event)
    if ctx.captures_charges:
        nights = np.maximum(visit.nights, 1)
        for own in rooms("inpatient"):
            if own.when == "always":
                yield BilledLine(visit.rows, visit.first, event, units=nights,
                                 revenue=own.revenue, cents=own.cents)  # fmt: skip
    operated = _operations(visit) if ctx.captures_charges else ()
    for revenue in stay_revenues(operated):
        cents = stay_charge_cents(revenue)
        yield BilledLine(visit.rows, visit.first, event, revenue=revenue, cents=cents)
    for source in during:
        yield from _line_done(ctx, source)


def _operations(visit: VisitRows) -> tuple[str, ...]:
    return tuple(getattr(visit.details, "icd10pcs", ()))


def _room_lines(ctx: SyncContext, visit: VisitRows, event: int) -> Iterator[BilledLine]:
    """Yield the nights by kind of room: units for the very ill first, then the ward.

    The first of a person's lines has the payment of the stay.
    """
    stated = tuple(service_of(code).code for code in visit.details.procedures or ())
    ward = room_of_stay(visit.specialty, stated)
    left = np.maximum(visit.nights, 1)
    begins = np.zeros(len(left), dtype=np.int32)
    by_name = {one.when: one for one in rooms("inpatient")}
    in_units = _days_in_units(visit) if ctx.captures_charges and ward == _WARD else {}
    for name, wanted in {**in_units, ward: left}.items():
        nights = np.minimum(wanted, left - begins)
        for paid in (True, False):
            at = np.flatnonzero((nights > 0) & ((begins == 0) == paid))
            if len(at):
                yield BilledLine(
                    visit.rows[at], visit.first[at] + begins[at], event, units=nights[at],
                    revenue=by_name[name].revenue, cents=by_name[name].cents, drg=paid,
                )  # fmt: skip
        begins = begins + nights


def _days_in_units(visit: VisitRows) -> dict[str, NDArray[np.int32]]:
    """Return the days that people of a stay need in each unit, int32, shape (n,)."""
    operated = _operations(visit)
    found = [days_in_units(operated, codes) for codes in visit.diagnoses.lists]
    by_list = np.array(found, dtype=np.int32).reshape(-1, len(UNITS))
    return {name: by_list[visit.diagnoses.chosen, place] for place, name in enumerate(UNITS)}


def once_a_day(bill: Bill) -> Bill:
    """Return a stay's bill with one line for each revenue centre and day of a person.

    What is done again on a day adds its units to the first line.
    """
    lines = list(bill.lines)
    first: dict[tuple[str | None, int], list[int]] = {}
    for place, line in enumerate(lines):
        if line.code is not None or line.drg:
            continue
        earlier = first.setdefault((line.revenue, line.cents), [])
        for other in earlier:
            lines[other], lines[place] = _added(lines[other], lines[place])
        earlier.append(place)
    return replace(bill, lines=tuple(line for line in lines if len(line.rows)))


def _added(first: BilledLine, again: BilledLine) -> tuple[BilledLine, BilledLine]:
    """Return a line with the units of another where both are of one day, and the rest of that."""
    _, at, of = np.intersect1d(first.rows, again.rows, assume_unique=True, return_indices=True)
    same = first.days[at] == again.days[of]
    if not same.any():
        return first, again
    units = np.array(np.broadcast_to(first.units, first.rows.shape), dtype=np.int32)
    units[at[same]] += np.broadcast_to(again.units, again.rows.shape)[of[same]]
    keep = np.ones(len(again.rows), dtype=np.bool_)
    keep[of[same]] = False
    return replace(first, units=units), again.take(keep)


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
