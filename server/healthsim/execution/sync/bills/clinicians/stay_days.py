"""The attending clinician's days of a stay: one visit each day, and the discharge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.operations import global_days
from healthsim.billing.professional.visit_codes import StayDays, stay_days
from healthsim.execution.sync.bills.lines import PROFESSIONAL, Bill, BilledLine, service_of
from healthsim.execution.sync.claim_addresses import LATER_CLAIMS, later_address
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.facts import VisitFacts
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import Billed

_CLASSES = ("inpatient", "observation")
_DAYS = 30  # of a stay on one claim: an 837P has 50 lines at most (X12 loop 2400)


def day_lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[BilledLine]:
    """Yield the visits of the later days of a stay, and of its discharge, in its first month.

    They follow from the code of the first day. An operation's price has them, and what is stated
    for later days or the discharge is not added.

    Args:
        ctx: the chunk.
        visit: the stay.
        during: what happened in it.
    """
    yield from _of_month(visit, _lines(ctx, visit, during), 0)


def later_bills(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[Bill]:
    """Yield the 837P of the clinician of a long stay for each month after the first."""
    if visit.details.encounter_class != "inpatient" or visit.nights.max(initial=0) < _DAYS:
        return
    lines = list(_lines(ctx, visit, during))
    for month in range(1, LATER_CLAIMS + 1):
        own = tuple(_of_month(visit, lines, month))
        if own:
            address = later_address(visit.occurrence.address, month)
            number = ctx.numbering.number("claims", address)
            yield Bill(visit, PROFESSIONAL, address, number, visit.provider, own)


def _of_month(visit: VisitRows, lines: Iterable[BilledLine], month: int) -> Iterator[BilledLine]:
    """Yield what lines have in one month of a stay; the last claim has the rest."""
    for line in lines:
        since = line.days - visit.first[visit.position_of(line.rows)]
        at = np.minimum(since // _DAYS, LATER_CLAIMS) == month
        if at.any():
            yield line.take(at)


def _lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[BilledLine]:
    services = [service_of(one) for one in visit.details.procedures or ()]
    if visit.details.encounter_class not in _CLASSES:
        return
    follows = next((stay_days()[one.code] for one in services if one.code in stay_days()), None)
    operated = any(_days_of(one) for one in services)
    if follows is None or operated:
        return
    stated = {one.code for one in services} | {
        source.step_as(events.Procedure).details.code
        for source in during
        if isinstance(source.occurrence.step, events.Procedure)
    }
    yield from _later(ctx, visit, follows, stated)


def _days_of(service: Billed) -> int:
    return service.global_days or global_days(service.code)


def _later(
    ctx: SyncContext, visit: VisitRows, follows: StayDays, stated: set[str]
) -> Iterator[BilledLine]:
    event = ctx.event_number(visit.occurrence)
    left = _left(ctx, visit)
    whole = visit.nights + np.where(left, 0, 1)  # days with a visit of their own, after the first
    if follows.later not in stated:
        for day in range(1, int(whole.max(initial=0))):
            at = whole > day
            yield _line(visit, at, visit.first[at] + np.int32(day), event, follows.later)
    if follows.last not in stated:
        at = left & (visit.nights > 0)
        if at.any():
            yield _line(visit, at, visit.last[at], event, follows.last)


def _left(ctx: SyncContext, visit: VisitRows) -> NDArray[np.bool_]:
    """Return whose stay ended within the data, bool, shape (n,)."""
    planned = visit.first + visit.source.facts_as(VisitFacts).nights
    died = ctx.record.death[visit.rows] <= visit.last
    left: NDArray[np.bool_] = (visit.last >= planned) | died
    return left


def _line(
    visit: VisitRows, at: NDArray[np.bool_], days: NDArray[np.int32], event: int, code: str
) -> BilledLine:
    return BilledLine(visit.rows[at], days.astype(np.int32), event, code, is_visit_service=True)
