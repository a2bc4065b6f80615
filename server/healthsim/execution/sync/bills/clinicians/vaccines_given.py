"""Giving vaccines: the service beside the product, by age, number and payer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.vaccine_services import (
    COUNSELLED_BELOW,
    VaccineService,
    giving,
    is_giving,
    is_vaccine,
    vaccine_services,
)
from healthsim.dates import whole_years
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.bills.lines import BilledLine, services_of_step
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events

_UNLISTED = VaccineService(1, "", False)


def has_medicare(ctx: SyncContext, rows: Rows, days: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return whom a plan of Medicare covers on a day, bool, shape (n,)."""
    kinds = [design.kind.startswith("medicare") for design in ctx.plans.designs]
    return np.array([*kinds, False])[ctx.record.coverage.plan(rows, days)]


def not_under_part_d(ctx: SyncContext, line: BilledLine) -> BilledLine:
    """Return the line without people for whom it is a vaccine of Medicare's Part D."""
    service = vaccine_services().get(line.code or "")
    if service is None or not service.part_d:
        return line
    return line.take(~has_medicare(ctx, line.rows, line.days))


def giving_lines(
    ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
) -> Iterator[BilledLine]:
    """Yield the services of giving the vaccines of a visit, one line for each code.

    A dose whose giving is stated has no other. Under 19 years it is by component, with
    counselling; Medicare has codes of its own for influenza, pneumococcal and hepatitis B vaccines.
    """
    counts = _Counts.of(ctx, visit, during)
    if counts is None:
        return
    event = ctx.event_number(visit.occurrence)
    for code, units in counts.services():
        at = np.flatnonzero(units)
        if len(at):
            yield BilledLine(
                visit.rows[at], visit.first[at], event, code, units[at].astype(np.int32)
            )


@dataclass(frozen=True, eq=False)
class _Counts:
    """How many vaccines and components everybody of a visit is given; int32, shape (n,) each."""

    vaccines: NDArray[np.int32]
    components: NDArray[np.int32]
    own_codes: dict[str, NDArray[np.int32]]
    child: NDArray[np.bool_]

    @classmethod
    def of(
        cls, ctx: SyncContext, visit: VisitRows, during: Sequence[OccurrenceRows]
    ) -> _Counts | None:
        doses = [(source, service) for source in during for service in _given(source)]
        if not doses:
            return None
        size = len(visit.rows)
        zeros = np.zeros(size, dtype=np.int32)
        medicare = has_medicare(ctx, visit.rows, visit.first)
        ages = whole_years(ctx.people.birth[visit.rows], visit.first)
        counts = cls(zeros.copy(), zeros.copy(), {}, ages < COUNSELLED_BELOW)
        for source, service in doses:
            given = np.zeros(size, dtype=np.bool_)
            given[visit.position_of(source.rows)] = True
            given &= ~(medicare & service.part_d)
            own = given & medicare if service.group else np.zeros_like(given)
            if service.group:
                code = giving()[service.group].first
                counts.own_codes.setdefault(code, zeros.copy())[own] = 1
            counts.vaccines[given & ~own] += 1
            counts.components[given & ~own] += service.components
        return counts

    def services(self) -> Iterator[tuple[str, NDArray[np.int32]]]:
        """Yield the codes of giving, and everybody's units."""
        yield from self.own_codes.items()
        counselled, other = giving()["counselled"], giving()["other"]
        yield counselled.first, np.where(self.child, self.vaccines, 0)
        yield counselled.further, np.where(self.child, self.components - self.vaccines, 0)
        yield other.first, np.where(self.child, 0, np.minimum(self.vaccines, 1))
        yield other.further, np.where(self.child, 0, np.maximum(self.vaccines - 1, 0))


def _given(source: OccurrenceRows) -> list[VaccineService]:
    """Return the vaccines of a step whose giving it does not state."""
    if not isinstance(source.occurrence.step, events.Immunization):
        return []
    codes = [service.code for service in services_of_step(source)]
    if any(map(is_giving, codes)):
        return []
    return [vaccine_services().get(code, _UNLISTED) for code in codes if is_vaccine(code)]
