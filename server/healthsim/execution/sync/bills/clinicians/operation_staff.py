"""Who else bills an operation: anaesthesia by the minute, and the assistant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.fee_schedule import anesthesia, is_anesthesia
from healthsim.billing.professional.operations import anesthesia_of, assisted_shares
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.bills.lines import (
    PROFESSIONAL,
    Bill,
    BilledLine,
    service_of,
    services_of_step,
)
from healthsim.execution.sync.claim_addresses import ANESTHESIA, ASSISTANT, STAFFED, staff_address
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys.details import Billed
from healthsim.specification.journeys.events import Procedure

_SPECIALTIES = {ANESTHESIA: "anesthesiology", ASSISTANT: "physician assistant"}
_IN_PERSON, _NO_PHYSICIAN = "AA", "AS"
_LEAST, _SPAN = 0.75, 0.5  # assumption: times of an operation's anaesthesia, of the usual one


@dataclass(frozen=True, eq=False)
class _Operation:
    """An operation of a visit, for some of its people; arrays of shape (n,)."""

    code: str
    rows: Rows
    days: Days
    event: int


def staff_bills(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[Bill]:
    """Yield the 837P of the anaesthetist and of the assistant of a visit's operations.

    Anaesthesia that is stated is not added, nor are assistants where one is stated.
    """
    if visit.details.encounter_class not in STAFFED or not len(visit.rows):
        return
    services = [service_of(one) for one in visit.details.procedures or ()]
    stated = [*services, *(one for source in during for one in services_of_step(source))]
    operations = list(_operations(ctx, visit, services, during))
    if not any(is_anesthesia(one.code) for one in stated):
        lines = [_anesthesia_line(ctx, visit, one) for one in operations
                 if one.code in anesthesia_of()]  # fmt: skip
        yield from _bill(ctx, visit, ANESTHESIA, lines[:1])
    if not any({"80", "81", "82", "AS"} & set(one.modifiers) for one in stated):
        lines = [_assistant_line(ctx, visit, one) for one in operations
                 if one.code in assisted_shares()]  # fmt: skip
        yield from _bill(ctx, visit, ASSISTANT, [line for line in lines if len(line.rows)])


def anesthesia_units(
    ctx: SyncContext, service: Billed, address: str, rows: Rows
) -> NDArray[np.int32] | int:
    """Return the minutes of anaesthesia: what is stated as units, else near the usual time."""
    if service.units is not None:
        return service.units
    u = ctx.record.draws.uniform(f"{address}/minutes", rows)
    return np.floor(anesthesia(service.code).minutes * (_LEAST + _SPAN * u)).astype(np.int32)


def anesthesia_modifiers(service: Billed) -> tuple[str, ...]:
    """Return who gave anaesthesia: as stated, else an anaesthetist in person."""
    return service.modifiers or (_IN_PERSON,)


def _operations(
    ctx: SyncContext,
    visit: VisitRows,
    services: Sequence[Billed],
    during: Sequence[OccurrenceRows],
) -> Iterator[_Operation]:
    own = ctx.event_number(visit.occurrence)
    for service in services:
        yield _Operation(service.code, visit.rows, visit.first, own)
    for source in during:
        if isinstance(source.occurrence.step, Procedure) and len(source.rows):
            event = ctx.event_number(source.occurrence)
            code = source.step_as(Procedure).details.code
            yield _Operation(code, source.rows, source.days, event)


def _anesthesia_line(ctx: SyncContext, visit: VisitRows, operation: _Operation) -> BilledLine:
    service = Billed(code=anesthesia_of()[operation.code])
    address = f"{visit.occurrence.address}/{ANESTHESIA}"
    units = anesthesia_units(ctx, service, address, operation.rows)
    return BilledLine(operation.rows, operation.days, operation.event, service.code, units,
                      anesthesia_modifiers(service))  # fmt: skip


def _assistant_line(ctx: SyncContext, visit: VisitRows, operation: _Operation) -> BilledLine:
    address = f"{visit.occurrence.address}/{ASSISTANT}"
    u = ctx.record.draws.uniform(f"{address}/{operation.code}", operation.rows)
    line = BilledLine(operation.rows, operation.days, operation.event, operation.code,
                      modifiers=(_NO_PHYSICIAN,))  # fmt: skip
    return line.take(u < assisted_shares()[operation.code])


def _bill(
    ctx: SyncContext, visit: VisitRows, role: str, lines: Sequence[BilledLine]
) -> Iterator[Bill]:
    if lines:
        own = visit.occurrence.address
        request = visit.provider_request(_SPECIALTIES[role], f"{own}/{role}", visit.rows)
        provider, address = ctx.network.provider(request), staff_address(own, role)
        number = ctx.numbering.number("claims", address)
        yield Bill(visit, PROFESSIONAL, address, number, provider, tuple(lines))
