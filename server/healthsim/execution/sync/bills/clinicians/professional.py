"""What clinicians bill on an 837P: their visits and what they did, as their payers ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.billing.facility.services import is_facility_only
from healthsim.billing.professional.components import clinician_part
from healthsim.billing.professional.fee_schedule import is_anesthesia
from healthsim.billing.professional.places import place_of_service, split_places
from healthsim.execution.sync.bills.clinicians.global_periods import keep_packages
from healthsim.execution.sync.bills.clinicians.laboratories import send_out
from healthsim.execution.sync.bills.clinicians.modifier_lines import (
    add_modifiers,
    add_sides,
    set_apart,
)
from healthsim.execution.sync.bills.clinicians.new_patients import recode_visits
from healthsim.execution.sync.bills.clinicians.operation_staff import (
    anesthesia_modifiers,
    anesthesia_units,
    staff_bills,
)
from healthsim.execution.sync.bills.clinicians.stay_days import day_lines, later_bills
from healthsim.execution.sync.bills.clinicians.vaccines_given import giving_lines, not_under_part_d
from healthsim.execution.sync.bills.lines import Bill, BilledLine, service_of, services_of_step
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.drugs.dosage import injected
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import Billed


def visit_lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows] = ()
) -> Iterator[BilledLine]:
    """Yield the lines of the visit itself, of later days of a stay, and of giving vaccines."""
    event = ctx.event_number(visit.occurrence)
    services = [service_of(one) for one in visit.details.procedures or ()]
    usual = ctx.captures_charges
    for service in services:
        part = _part(ctx, visit, service)
        if part is not None:
            yield BilledLine(
                visit.rows, visit.first, event, part[0], service.billed_units, part[1],
                is_visit_service=True, global_days=service.global_days,
            )  # fmt: skip
    if usual:
        yield from day_lines(ctx, visit, during)
        if not _in_facility(visit):
            yield from giving_lines(ctx, visit, during)


def lines_done(ctx: SyncContext, source: OccurrenceRows, visit: VisitRows) -> Iterator[BilledLine]:
    """Yield the lines that something done during a visit adds to an 837P."""
    step, event = source.occurrence.step, ctx.event_number(source.occurrence)
    dose = injected(ctx, source) if isinstance(step, events.Procedure) else None
    usual = ctx.captures_charges
    for service in services_of_step(source):
        part = _part(ctx, visit, service)
        if part is None or (part[0] != service.code and _states(ctx, visit, part[0])):
            continue
        units = service.billed_units if dose is None else dose.units
        code, modifiers = part
        if usual and is_anesthesia(code):
            units = anesthesia_units(ctx, service, source.occurrence.address, source.rows)
            modifiers = anesthesia_modifiers(service)
        line = BilledLine(
            source.rows, source.days, event, code, units, modifiers,
            global_days=service.global_days,
        )  # fmt: skip
        yield not_under_part_d(ctx, line) if usual else line


def other_bills(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[Bill]:
    """Yield the bills of a visit that no journey states: anaesthesia, assistants, long stays."""
    if ctx.captures_charges:
        yield from staff_bills(ctx, visit, during)
        yield from later_bills(ctx, visit, during)


def complete(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills as payers ask for them: codes of known patients, packages, modifiers."""
    if not ctx.captures_charges:
        return list(bills)
    sided = [add_sides(ctx, bill) for bill in recode_visits(ctx, bills)]
    kept = send_out(ctx, set_apart(keep_packages(ctx, sided)))
    return [add_modifiers(ctx, bill) for bill in kept]


def _in_facility(visit: VisitRows) -> bool:
    return place_of_service()[visit.details.encounter_class] in split_places()


def _part(
    ctx: SyncContext, visit: VisitRows, service: Billed
) -> tuple[str, tuple[str, ...]] | None:
    """Return code and modifiers of a clinician's part of a service; None where there is none."""
    if is_facility_only(service.code):
        return None
    if not (ctx.captures_charges and _in_facility(visit)):
        return service.code, service.modifiers
    return clinician_part(service.code, service.modifiers)


def _states(ctx: SyncContext, visit: VisitRows, code: str) -> bool:
    """Tell whether something else in the visit states a code."""
    during = ctx.by_visit.get(visit.key, [])
    return any(one.code == code for source in during for one in services_of_step(source))
