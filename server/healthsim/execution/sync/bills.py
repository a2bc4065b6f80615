"""Visits become bills: which forms, which lines, in which order, and never a service twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.encounters import (
    SyncContext,
    admissions_of,
)
from healthsim.execution.sync.visits import VisitRows
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import Billed
from healthsim.specification.journeys.trial import TrialVisitDetails

POS = {
    "office": "11", "telehealth": "10", "urgent_care": "20", "emergency": "23",
    "observation": "22", "inpatient": "21", "outpatient_hospital": "22", "asc": "24", "snf": "31",
    "home_health": "12", "dialysis": "65",
}  # fmt: skip
BILL_TYPES = {
    "emergency": "131", "observation": "131", "inpatient": "111", "outpatient_hospital": "131",
    "asc": "831", "snf": "211", "home_health": "321", "dialysis": "721",
}  # fmt: skip
"""Type of bill of each encounter class that a facility bills."""


@dataclass(frozen=True)
class FacilityCharge:
    """A line of a facility's own: no procedure code, a price by revenue centre."""

    revenue: str
    cents: int
    nightly: bool = False
    surgical: bool = False


ROOMS: Mapping[str, tuple[FacilityCharge, ...]] = {
    "emergency": (FacilityCharge("0450", 52_000),),
    "observation": (FacilityCharge("0762", 240_000),),
    "inpatient": (FacilityCharge("0120", 260_000, nightly=True), FacilityCharge("0250", 90_000),
                  FacilityCharge("0270", 70_000), FacilityCharge("0360", 420_000, surgical=True)),
    "outpatient_hospital": (FacilityCharge("0510", 13_000),
                            FacilityCharge("0360", 240_000, surgical=True)),
    "asc": (FacilityCharge("0490", 140_000),),
    "snf": (FacilityCharge("0120", 56_000, nightly=True),),
    "home_health": (FacilityCharge("0551", 17_000),),
    "dialysis": (FacilityCharge("0821", 27_382),),
}  # fmt: skip
"""Medicare-level prices in cents: 0821 is the ESRD base rate (CMS, CY 2025); the others are
assumptions of the right size, to be shaped by price level, provider and year."""

IMAGING = (FacilityCharge("0403", 9_500), FacilityCharge("0320", 23_000))
"""An outpatient visit for images alone, a screening mammogram or another. Prices: assumptions,
near Medicare's technical part of the one and of a scan with contrast."""
_LAB_REVENUE, _VACCINE_REVENUE = "0300", "0771"


@dataclass(eq=False)
class Bill:
    """One claim of one visit, for those people who are covered and have something to bill.

    Attributes:
        provider: int32, directory row of who rendered or attends; one for each of the visit's
            people.
    """

    visit: VisitRows
    form: str
    address: str
    number: int
    provider: NDArray[np.int32]
    lines: list[BilledLine] = field(default_factory=list)
    rows: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    @property
    def institutional(self) -> bool:
        """Whether it is an 837I."""
        return self.form == "837I"

    def at(self) -> NDArray[np.intp]:
        """Return where the bill's people stand in the visit."""
        return self.visit.position_of(self.rows)


@dataclass(eq=False)
class BilledLine:
    """One service line of one bill; arrays have one entry for each of its people."""

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
    denied: NDArray[np.bool_] | None = None
    global_days: int = 0
    key: int = 0


def build_bills(made: SyncContext) -> list[Bill]:
    """Return every bill of a chunk, with the lines and people that it has."""
    visits = [one for one in made.visits.values() if not is_sponsor_paid(one.details)]
    bills = [bill for visit in visits for bill in _bills_of_visit(made, visit)]
    _merge_emergencies(made, bills)
    _refuse_in_global_periods(bills)
    kept = []
    for bill in bills:
        _keep_covered(made, bill)
        if len(bill.rows):
            kept.append(bill)
    return kept


def is_sponsor_paid(details: object) -> bool:
    """Tell whether a visit is a trial's own, for which nobody is sent a claim."""
    return isinstance(details, TrialVisitDetails) and not details.routine_care


def _bills_of_visit(made: SyncContext, visit: VisitRows) -> Iterator[Bill]:
    address, facility = visit.occurrence.address, visit.details.encounter_class in BILL_TYPES
    event = made.event_number(visit.occurrence)
    number = made.numbering.number
    professional = Bill(visit, "837P", f"{address}/837P", number("claims", f"{address}/837P"),
                        visit.provider)  # fmt: skip
    professional.lines = [
        BilledLine(
            visit.rows,
            visit.first,
            event,
            one.code,
            one.units,
            one.modifiers,
            is_visit_service=True,
            global_days=one.global_days,
        )
        for one in map(_billed, visit.details.procedures or ())
    ]
    inside = made.by_visit.get((visit.source_rows.journey, visit.occurrence.number), [])
    institutional = Bill(visit, "837I", f"{address}/837I", number("claims", f"{address}/837I"),
                         visit.provider)  # fmt: skip
    if facility:
        institutional.lines = list(_facility_lines(visit, event, inside))
    others: dict[str, Bill] = {}
    for one in inside:
        bill = institutional if facility else professional
        if isinstance(one.occurrence.step, events.Procedure):
            bill = _bill_of_performer(made, visit, one, professional, others)
        bill.lines += _lines_of(made, one, bill)
    yield from (professional, institutional, *others.values())


def _bill_of_performer(
    made: SyncContext, visit: VisitRows, one: OccurrenceRows, usual: Bill, others: dict[str, Bill]
) -> Bill:
    """Return the bill of whoever does a procedure: the visit's, or one of another specialty."""
    step = one.occurrence.step
    specialty = step.details.specialty if isinstance(step, events.Procedure) else None
    if specialty is None or specialty == visit.specialty:
        return usual
    if specialty not in others:
        address = f"{one.occurrence.address}/837P"
        sought = visit.provider_request(specialty, one.occurrence.address, visit.rows)
        provider = made.network.provider(sought)
        number = made.numbering.number("claims", address)
        others[specialty] = Bill(visit, "837P", address, number, provider)
    return others[specialty]


def _billed(code: str | Billed) -> Billed:
    return code if isinstance(code, Billed) else Billed(code=code)


def _facility_lines(
    visit: VisitRows, event: int, inside: list[OccurrenceRows]
) -> Iterator[BilledLine]:
    steps = [one.occurrence.step for one in inside]
    done = [step.details.code for step in steps if isinstance(step, events.Procedure)]
    cut = bool(getattr(visit.details, "icd10pcs", ())) or not all(map(_is_image, done))
    rooms = ROOMS[visit.details.encounter_class]
    if rooms == ROOMS["outpatient_hospital"] and done and not cut and not visit.details.procedures:
        rooms = (IMAGING[not any("Z12.31" in codes for codes in visit.stated.lists)],)
    for room in rooms:
        if room.surgical and not cut:
            continue
        nights = np.maximum(visit.nights, 1).astype(np.int32)
        units = nights if room.nightly else np.ones(len(nights), dtype=np.int32)
        yield BilledLine(visit.rows, visit.first, event, units=units, revenue=room.revenue,
                   cents=room.cents,
                   drg=room.nightly and visit.details.drg is not None)  # fmt: skip


def _is_image(code: str) -> bool:
    return len(code) == 5 and code.isdigit() and code[0] == "7"  # the section of radiology


def _lines_of(made: SyncContext, one: OccurrenceRows, bill: Bill) -> Iterator[BilledLine]:
    """Yield the lines that something done during a visit adds to a bill.

    A stay is paid as a whole, so what is done in it is listed once, by revenue centre alone.
    """
    step, event = one.occurrence.step, made.event_number(one.occurrence)
    revenue: str | None = None
    codes: tuple[Billed, ...] = ()
    if isinstance(step, events.Lab):
        revenue = _LAB_REVENUE
        codes = (Billed(code=step.details.procedure),) if step.details.procedure else ()
    elif isinstance(step, events.Immunization):
        revenue, codes = _VACCINE_REVENUE, tuple(map(_billed, step.details.procedures))
    elif isinstance(step, events.Procedure):
        codes = (step.details,)
    stay = bill.institutional and bill.visit.details.encounter_class == "inpatient"
    for code in codes[:1] if stay else codes:
        yield BilledLine(
            one.rows, one.days, event, None if stay else code.code, code.units, code.modifiers,
            revenue if bill.institutional else None, cents=2_500 if stay else 0,
            global_days=code.global_days,
        )  # fmt: skip


def _merge_emergencies(made: SyncContext, bills: list[Bill]) -> None:
    """Move an emergency visit's facility lines to the 837I of the stay that it led to."""
    facility = {id(bill.visit): bill for bill in bills if bill.institutional}
    for bill in [one for one in bills if one.institutional]:
        for stay, rows in admissions_of(made, bill.visit):
            moved = [np.isin(line.rows, rows) for line in bill.lines]
            both = list(zip(bill.lines, moved, strict=True))
            listed = set[int]()  # without their codes, the lines of one event would be alike
            for line, gone in both:
                if line.code is None or line.event not in listed:
                    facility[id(stay)].lines.append(_select_people(line, gone, detached=True))
                if line.code is not None:
                    listed.add(line.event)
            bill.lines = [_select_people(line, ~gone) for line, gone in both]


def _select_people(
    line: BilledLine, keep: NDArray[np.bool_], *, detached: bool = False
) -> BilledLine:
    """Return a line for some of its people; of a stay it has no code of its own any more."""
    units = line.units if isinstance(line.units, int) else line.units[keep]
    refused = None if line.denied is None else line.denied[keep]
    code = None if detached else line.code
    cents = line.cents or (2_500 if detached else 0)
    return replace(line, rows=line.rows[keep], days=line.days[keep], code=code, units=units,
                   cents=cents, denied=refused)  # fmt: skip


def _refuse_in_global_periods(bills: list[Bill]) -> None:
    """Refuse office visits to the surgeon while the operation's price includes them."""
    for bill, line, days in _operations(bills):
        for other in bills:
            if other.visit.details.encounter_class not in {"office", "telehealth"}:
                continue
            _, mine, theirs = np.intersect1d(line.rows, other.visit.rows, return_indices=True)
            gap = other.visit.first[theirs] - line.days[mine]
            surgeon = bill.provider[bill.visit.position_of(line.rows[mine])]
            inside = (gap > 0) & (gap <= days) & (other.provider[theirs] == surgeon)
            for visit_line in other.lines:
                if visit_line.is_visit_service:
                    refused = visit_line.denied
                    if refused is None:
                        refused = visit_line.denied = np.zeros(len(visit_line.rows), np.bool_)
                    refused[theirs[inside]] = True


def _operations(bills: list[Bill]) -> Iterator[tuple[Bill, BilledLine, int]]:
    """Yield every line that has a global period, with its days."""
    for bill in bills:
        for line in bill.lines:
            if line.global_days and not bill.institutional:
                yield bill, line, line.global_days


def _keep_covered(made: SyncContext, bill: Bill) -> None:
    """Leave only people who are covered on the first day, and lines in a fixed order."""
    coverage = made.timeline.record.coverage
    covered = np.zeros(len(made.person_id), dtype=np.bool_)
    rows = bill.visit.rows
    covered[rows[coverage.plan(rows, bill.visit.first) >= 0]] = True
    bill.lines = [_select_people(line, covered[line.rows]) for line in bill.lines]
    bill.lines = [line for line in bill.lines if len(line.rows)]
    billed = np.zeros(len(covered), dtype=np.bool_)
    for line in bill.lines:
        billed[line.rows] = True
    bill.rows = np.flatnonzero(billed)
