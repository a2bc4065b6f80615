"""A bill and its service lines, as columns over the people who have them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.facility.services import stay_charge_cents
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import Billed

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
        cents: base price of one unit; 0 where its code has one.
        drg: whether it has the payment of a stay that is paid by DRG.
        is_visit_service: whether it is the visit itself, not something done during it.
        global_days: days after it in which the surgeon's visits are part of its price.
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

    def take(self, keep: NDArray[np.bool_]) -> BilledLine:
        """Return the line for some of its people."""
        return replace(
            self,
            rows=self.rows[keep],
            days=self.days[keep],
            units=self.units if isinstance(self.units, int) else self.units[keep],
        )

    def without_code(self) -> BilledLine:
        """Return the line as a stay lists it: by revenue centre alone."""
        cents = stay_charge_cents(self.revenue or "")
        return replace(self, code=None, units=1, modifiers=(), cents=self.cents or cents)


@dataclass(frozen=True, eq=False)
class Bill:
    """One claim of one visit, for those of its people who have a line.

    Attributes:
        form: 837P or 837I.
        address: address of the claim; `number` is its number.
        provider: int32, directory row of who rendered or attends; one entry for each person of the
            visit.
        laboratory: int32, directory row of the laboratory that bills, one entry for each person of
            the visit; None where no laboratory does.
    """

    visit: VisitRows
    form: str
    address: str
    number: int
    provider: NDArray[np.int32]
    lines: tuple[BilledLine, ...]
    laboratory: NDArray[np.int32] | None = None

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


def service_of(code: str | Billed) -> Billed:
    """Return a service as it is billed: one unit without modifiers where only its code is given."""
    return code if isinstance(code, Billed) else Billed(code=code)


def services_of_step(source: OccurrenceRows) -> tuple[Billed, ...]:
    """Return the services that something done during a visit is billed as."""
    step = source.occurrence.step
    if isinstance(step, events.Lab):
        return (Billed(code=step.details.procedure),) if step.details.procedure else ()
    if isinstance(step, events.Immunization):
        return tuple(map(service_of, step.details.procedures))
    return (step.details,) if isinstance(step, events.Procedure) else ()
