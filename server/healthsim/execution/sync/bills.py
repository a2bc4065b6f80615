"""Visits become bills: which forms, which lines, in which order, and no service twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.charges import (
    BILL_TYPES,
    FACILITY_CHARGES,
    IMAGING,
    LAB_REVENUE,
    STAY_SERVICE_CENTS,
    VACCINE_REVENUE,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.dosage import injected
from healthsim.execution.sync.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import Billed
from healthsim.specification.journeys.trial import TrialVisitDetails

PROFESSIONAL, INSTITUTIONAL = "837P", "837I"


@dataclass(frozen=True, eq=False)
class BilledLine:
    """One service line of one bill; arrays have one entry for each of its people.

    Attributes:
        rows: positions of the people in the chunk, ascending.
        days: int32, day of the service.
        event: number of the event that it bills.
        code: procedure code; None where it is billed by revenue centre alone.
        units: int32, or one number for all.
        cents: base price of one unit where there is no code.
        drg: whether it has the payment of a stay that is paid by DRG.
        is_visit_service: whether it is the visit itself, not something done during it.
        global_days: days after it in which the surgeon's visits are part of its price.
        denied: bool, denied as part of an operation's global period; None where for nobody.
    """

    rows: Rows
    days: Days
    event: int
    code: str | None = None
    units: NDArray[np.int32] | int = 1
    modifiers: tuple[str, ...] = ()
    revenue: str | None = None
    cents: int = 0
    drg: bool = False
    is_visit_service: bool = False
    global_days: int = 0
    denied: NDArray[np.bool_] | None = None

    def take(self, keep: NDArray[np.bool_]) -> BilledLine:
        """Return the line for some of its people."""
        return replace(
            self,
            rows=self.rows[keep],
            days=self.days[keep],
            units=self.units if isinstance(self.units, int) else self.units[keep],
            denied=None if self.denied is None else self.denied[keep],
        )

    def without_code(self) -> BilledLine:
        """Return the line as a stay lists it: by revenue centre alone."""
        return replace(self, code=None, cents=self.cents or STAY_SERVICE_CENTS)


@dataclass(frozen=True, eq=False)
class Bill:
    """One claim of one visit, for those of its people who have a line.

    Attributes:
        form: 837P or 837I.
        address: address of the claim; `number` is its number.
        provider: int32, directory row of who rendered or attends; one entry for each person of the
            visit.
    """

    visit: VisitRows
    form: str
    address: str
    number: int
    provider: NDArray[np.int32]
    lines: tuple[BilledLine, ...]

    @property
    def institutional(self) -> bool:
        """Whether it is an 837I."""
        return self.form == INSTITUTIONAL

    @property
    def is_stay(self) -> bool:
        """Whether it is the facility's bill of an inpatient stay."""
        return self.institutional and self.visit.details.encounter_class == "inpatient"

    @cached_property
    def rows(self) -> Rows:
        """Positions in the chunk of the people who have a line, ascending."""
        pieces = [line.rows for line in self.lines if len(line.rows)]
        billed = np.zeros(max((int(rows[-1]) + 1 for rows in pieces), default=0), dtype=np.bool_)
        for rows in pieces:
            billed[rows] = True
        return np.flatnonzero(billed)

    @cached_property
    def at(self) -> NDArray[np.intp]:
        """Positions of the bill's people in the visit."""
        return self.visit.position_of(self.rows)


def build_bills(ctx: SyncContext) -> list[Bill]:
    """Return every bill of a chunk that has people, with its lines."""
    visits = [visit for visit in ctx.visits.values() if not _is_sponsor_paid(visit.details)]
    bills = [bill for visit in visits for bill in _bills_of_visit(ctx, visit)]
    bills = _deny_in_global_periods(_merge_emergencies(ctx, bills))
    covered = [_covered_part(ctx, bill) for bill in bills]
    return [bill for bill in covered if bill.lines]


def _is_sponsor_paid(details: object) -> bool:
    """Return whether a visit is a trial's own, for which nobody is sent a claim."""
    return isinstance(details, TrialVisitDetails) and not details.routine_care


def _bills_of_visit(ctx: SyncContext, visit: VisitRows) -> Iterator[Bill]:
    """Yield the visit's 837P and 837I, and an 837P of each other specialty that did a procedure."""
    during = ctx.by_visit.get(visit.key, [])
    at_facility = visit.details.encounter_class in BILL_TYPES
    billed: dict[str, list[OccurrenceRows]] = {PROFESSIONAL: [], INSTITUTIONAL: []}
    for source in during:
        billed.setdefault(_biller(visit, source, at_facility), []).append(source)
    own = {
        PROFESSIONAL: _visit_lines(ctx, visit),
        INSTITUTIONAL: _facility_lines(ctx, visit, during) if at_facility else (),
    }
    for biller, sources in billed.items():
        address, provider, form = visit.occurrence.address, visit.provider, biller
        if biller not in own:  # a specialty
            address, form = sources[0].occurrence.address, PROFESSIONAL
            provider = ctx.network.provider(visit.provider_request(biller, address, visit.rows))
        done = (line for source in sources for line in _lines_of(ctx, source, visit, form))
        number = ctx.numbering.number("claims", f"{address}/{form}")
        lines = (*own.get(biller, ()), *done)
        yield Bill(visit, form, f"{address}/{form}", number, provider, lines)


def _biller(visit: VisitRows, source: OccurrenceRows, at_facility: bool) -> str:
    """Return on which form something done in a visit is billed, or for which other specialty."""
    step = source.occurrence.step
    if isinstance(step, events.Procedure):
        specialty = step.details.specialty or visit.specialty
        return PROFESSIONAL if specialty == visit.specialty else specialty
    return INSTITUTIONAL if at_facility else PROFESSIONAL


def _visit_lines(ctx: SyncContext, visit: VisitRows) -> Iterator[BilledLine]:
    event = ctx.event_number(visit.occurrence)
    for service in map(_billed, visit.details.procedures or ()):
        yield BilledLine(
            visit.rows, visit.first, event, service.code, service.units, service.modifiers,
            is_visit_service=True, global_days=service.global_days,
        )  # fmt: skip


def _billed(code: str | Billed) -> Billed:
    return code if isinstance(code, Billed) else Billed(code=code)


def _facility_lines(
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


def _lines_of(
    ctx: SyncContext, source: OccurrenceRows, visit: VisitRows, form: str
) -> Iterator[BilledLine]:
    """Yield the lines that something done during a visit adds to a bill.

    A stay is paid as a whole, so what is done in it is listed once, by revenue centre alone.
    """
    step, event = source.occurrence.step, ctx.event_number(source.occurrence)
    revenue: str | None = None
    services: tuple[Billed, ...] = ()
    if isinstance(step, events.Lab):
        revenue = LAB_REVENUE
        services = (Billed(code=step.details.procedure),) if step.details.procedure else ()
    elif isinstance(step, events.Immunization):
        revenue, services = VACCINE_REVENUE, tuple(map(_billed, step.details.procedures))
    elif isinstance(step, events.Procedure):
        services = (step.details,)
    institutional = form == INSTITUTIONAL
    stay = institutional and visit.details.encounter_class == "inpatient"
    dose = injected(ctx, source) if isinstance(step, events.Procedure) else None
    for service in services[:1] if stay else services:
        units = service.units if dose is None else dose.units
        line = BilledLine(
            source.rows, source.days, event, service.code, units, service.modifiers,
            revenue if institutional else None, global_days=service.global_days,
        )  # fmt: skip
        yield line.without_code() if stay else line


def _merge_emergencies(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
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


def _deny_in_global_periods(bills: Sequence[Bill]) -> list[Bill]:
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


def _covered_part(ctx: SyncContext, bill: Bill) -> Bill:
    """Return the bill for the people whom a plan covers on the visit's first day."""
    covered = np.zeros(len(ctx.person_id), dtype=np.bool_)
    rows = bill.visit.rows
    covered[rows] = ctx.record.coverage.plan(rows, bill.visit.first) >= 0
    lines = (line.take(covered[line.rows]) for line in bill.lines)
    return replace(bill, lines=tuple(line for line in lines if len(line.rows)))
