"""What a facility bills on an 837I of an outpatient visit, and for itself.

Where a profile leaves bills as stated, only stated services and nights have a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.facility import opps
from healthsim.billing.facility.services import (
    Room,
    companions,
    emergency_points,
    facility_service,
    rooms,
)
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.bills.facilities.hipps_lines import hipps_lines
from healthsim.execution.sync.bills.facilities.stays import once_a_day, stay_lines
from healthsim.execution.sync.bills.lines import Bill, BilledLine, service_of, services_of_step
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.drugs.dosage import injected
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events

_EMERGENCY_LEVELS = tuple(f"9928{level}" for level in range(1, 6))
_EMERGENCY_VISITS = (*_EMERGENCY_LEVELS, "99291", "G0380", "G0381", "G0382", "G0383", "G0384")
_EMERGENCY_REVENUE = "0450"
_LAST = 99  # order of lines that are never the one that is paid


def facility_lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> tuple[BilledLine, ...]:
    """Return the lines of a visit's 837I: what was done, and the facility's own services.

    Args:
        ctx: the chunk.
        visit: the encounter.
        during: what was done in it.
    """
    if visit.details.encounter_class == "inpatient":
        return tuple(stay_lines(ctx, visit, during))
    lines = _Lines(ctx, visit)
    for service in map(service_of, visit.details.procedures or ()):
        units: NDArray[np.int32] | int = service.billed_units
        lines.add_service(
            BilledLine(visit.rows, visit.first, lines.event, service.code, units, service.modifiers)
        )
    for source in during:
        lines.add_done(source)
    lines.add_rooms()
    own = hipps_lines(ctx, visit) if ctx.captures_charges else ()
    return (*sorted(lines.lines, key=_order), *own)


def _order(line: BilledLine) -> tuple[int, int]:
    """Put the line first that is paid if any is, as a visit's copay stands on the first line."""
    if line.code is None:
        return _LAST, 0
    groups = ("J1", "J2", "V", "T", "S", "Q3", "K", "G", "R", "A")
    status = opps.status(line.code)
    place = groups.index(status) if status in groups else _LAST - 1
    return place, -(opps.rate_cents(line.code) or 0)


@dataclass
class _Lines:
    """The lines of one 837I while they are collected.

    Attributes:
        event: number of the visit's own event.
        points: int32, of the visit's people: resources used that an emergency level counts.
        tested: bool, of the visit's people: who had a test, which counts once.
    """

    ctx: SyncContext
    visit: VisitRows
    lines: list[BilledLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.event = self.ctx.event_number(self.visit.occurrence)
        self.kind = self.visit.details.encounter_class
        self.points = np.zeros(len(self.visit.rows), dtype=np.int32)
        self.tested = np.zeros(len(self.visit.rows), dtype=np.bool_)

    def add_service(self, line: BilledLine) -> None:
        """Add a stated service as the facility bills it, with what comes with it."""
        code, usual = line.code or "", self.ctx.captures_charges
        service = facility_service(code, self.kind, as_stated=not usual)
        if service is None or (line.event == self.event and self._has(service.code)):
            return
        units = 1 if service.code != code else self._units(line)
        self.lines.append(replace(line, code=service.code, revenue=service.revenue, units=units))
        if usual:
            self._add_companions(line, service.code)

    def _add_companions(self, line: BilledLine, code: str) -> None:
        """Add what comes with a service: implants, anaesthesia supplies, recovery."""
        for one in companions(code, self.kind):
            rows = np.setdiff1d(line.rows, self._with(one.revenue, one.code), assume_unique=True)
            days = self.visit.first[self.visit.position_of(rows)]
            self.lines.append(BilledLine(
                rows, days, self.event, one.code, one.units, revenue=one.revenue, cents=one.cents,
            ))  # fmt: skip

    def add_done(self, source: OccurrenceRows) -> None:
        """Add what was done in a visit."""
        step = source.occurrence.step
        event = self.ctx.event_number(source.occurrence)
        dose = injected(self.ctx, source) if isinstance(step, events.Procedure) else None
        for service in services_of_step(source):
            units = service.billed_units if dose is None else dose.units
            self._count(source, service.code)
            self.add_service(
                BilledLine(source.rows, source.days, event, service.code, units, service.modifiers)
            )

    def add_rooms(self) -> None:
        """Add what the facility bills for itself; nights are what a journey states."""
        usual = self.ctx.captures_charges
        if usual and self.kind == "emergency" and not any(map(self._has, _EMERGENCY_VISITS)):
            self._add_emergency_level()
        for room in rooms(self.kind):
            if not usual and room.counts != "night":
                continue
            if room.code == "G0379" and any(map(self._has, (*_EMERGENCY_VISITS, "G0463"))):
                continue
            self._add_room(room)

    def _add_room(self, room: Room) -> None:
        rows, at = self.visit.rows, np.arange(len(self.visit.rows))
        if room.when == "none done":
            at = np.flatnonzero(~np.isin(rows, self._anything()))
            rows = rows[at]
        if len(rows):
            self.lines.append(BilledLine(
                rows, self.visit.first[at], self.event, room.code, _counted(self.visit, room, at),
                revenue=room.revenue, cents=room.cents,
            ))  # fmt: skip

    def _add_emergency_level(self) -> None:
        """Add the visit by how much was done in it (`billing/data/emergency_levels.csv`)."""
        level = np.minimum(self.points + self.tested, len(_EMERGENCY_LEVELS) - 1)
        for number, code in enumerate(_EMERGENCY_LEVELS):
            at = np.flatnonzero(level == number)
            if len(at):
                self.lines.append(BilledLine(
                    self.visit.rows[at], self.visit.first[at], self.event, code,
                    revenue=_EMERGENCY_REVENUE,
                ))  # fmt: skip

    def _count(self, source: OccurrenceRows, code: str) -> None:
        """Count a resource of an emergency visit; tests count once."""
        at = self.visit.position_of(source.rows)
        if facility_service(code, self.kind) and code[0] == "8":
            self.tested[at] |= emergency_points(code) > 0
        else:
            self.points[at] += emergency_points(code)

    def _units(self, line: BilledLine) -> NDArray[np.int32] | int:
        """Return a line's units; of a visit at home those of fifteen minutes."""
        if not self.ctx.captures_charges:
            return line.units
        if self.kind != "home_health" or line.event != self.event or line.units != 1:
            return line.units
        return _quarters(self.visit)

    def _has(self, code: str) -> bool:
        return any(line.code == code for line in self.lines)

    def _with(self, revenue: str, code: str | None) -> Rows:
        own = [line.rows for line in self.lines if (line.revenue, line.code) == (revenue, code)]
        return np.concatenate([np.zeros(0, dtype=np.intp), *own])

    def _anything(self) -> Rows:
        return np.concatenate([np.zeros(0, dtype=np.intp), *(line.rows for line in self.lines)])


def _quarters(visit: VisitRows) -> NDArray[np.int32]:
    """Return how many quarters of an hour each visit lasted, at least one."""
    return np.maximum(np.rint((visit.end_at - visit.start_at) / 15), 1).astype(np.int32)


def _counted(visit: VisitRows, room: Room, at: NDArray[np.intp]) -> NDArray[np.int32] | int:
    if room.counts in ("night", "day"):
        return np.maximum(visit.nights[at], 1)
    if room.counts == "quarter":
        return _quarters(visit)[at]
    if room.counts == "hour":
        hours = np.ceil((visit.end_at[at] - visit.start_at[at]) / 60)
        return np.maximum(hours, 1).astype(np.int32)
    return 1


def merge_emergencies(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with an emergency visit's facility lines on the 837I of its stay."""
    lines = {bill.visit.key: bill.lines for bill in bills if bill.institutional}
    for admission in ctx.admissions:
        own = [(line, np.isin(line.rows, admission.rows)) for line in lines[admission.emergency]]
        event = ctx.event_number(ctx.visits[admission.emergency].occurrence)
        moved = _listed_once([line.take(admitted) for line, admitted in own], event)
        lines[admission.emergency] = tuple(line.take(~admitted) for line, admitted in own)
        lines[admission.stay] += moved
    merged = [replace(bill, lines=lines[bill.visit.key]) if bill.institutional else bill
              for bill in bills]  # fmt: skip
    return [once_a_day(bill) if bill.is_stay else bill for bill in merged]


def _listed_once(lines: Sequence[BilledLine], visit: int) -> tuple[BilledLine, ...]:
    """Return lines as a stay lists them: one for each event, and centre of the visit itself.

    Args:
        lines: of the emergency visit, for those who were admitted.
        visit: number of the emergency visit's own event.
    """
    listed: dict[tuple[int, str | None], BilledLine] = {}
    for line in lines:
        key = (line.event, line.revenue if line.event == visit else None)
        found = listed.get(key)
        if found is None:
            listed[key] = line.without_code()
        elif line.event == visit:
            listed[key] = _joined(found, line.without_code())
    return tuple(listed.values())


def _joined(first: BilledLine, second: BilledLine) -> BilledLine:
    """Return one line for the people of two, each once."""
    rows, at = np.unique(np.concatenate([first.rows, second.rows]), return_index=True)
    return replace(first, rows=rows, days=np.concatenate([first.days, second.days])[at])
