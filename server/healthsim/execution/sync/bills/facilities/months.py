"""Care that is billed by the period: dialysis by the month, home health by thirty days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.facility.hipps import (
    LEAST_VISITS,
    PERIOD_DAYS,
    PERIOD_GAP_DAYS,
    REVENUE,
    period_cents,
)
from healthsim.dates import Days
from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.execution.sync.context import SyncContext
from healthsim.limits import packed
from healthsim.tables import among

_BY_MONTH, _BY_PERIOD = "dialysis", "home_health"
_MOST_PERIODS = 2**16  # of one person; more than two thousand years


def merge_periods(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with those of a period joined: one a person, period, facility and plan.

    The first visit of the period has the claim; the others' lines stand on it with their days. A
    period of home health with few visits is paid by the visit, one with more as a whole, on its
    line with the HIPPS code (42 CFR 484.215, 484.230).
    """
    merged = list(bills)
    for kind in (_BY_MONTH, _BY_PERIOD):
        places = [place for place, bill in enumerate(bills)
                  if bill.institutional and bill.visit.details.encounter_class == kind]  # fmt: skip
        if not places:
            continue
        visits = _Visits.of_bills(ctx, [bills[place] for place in places], kind)
        for place, lines in zip(places, visits.lines(), strict=True):
            merged[place] = replace(bills[place], lines=lines)
    return merged


@dataclass(frozen=True, eq=False)
class _Visits:
    """Visits of people, laid end to end; arrays of shape (n,).

    Attributes:
        of: int64, position of the visit's bill.
        rows: intp, the person.
        owner: int64, position of the bill that has the claim of the period.
        whole: bool, the visit's period is paid as a whole.
    """

    bills: Sequence[Bill]
    of: NDArray[np.int64]
    rows: NDArray[np.intp]
    owner: NDArray[np.int64]
    whole: NDArray[np.bool_]

    @classmethod
    def of_bills(cls, ctx: SyncContext, bills: Sequence[Bill], kind: str) -> _Visits:
        rows = np.concatenate([bill.rows for bill in bills])
        of = np.repeat(np.arange(len(bills)), [len(bill.rows) for bill in bills])
        day = np.concatenate([bill.visit.first[bill.at] for bill in bills])
        facility = np.concatenate([bill.visit.facility[bill.at] for bill in bills])
        plan = ctx.record.coverage.plan(rows, day)
        group = packed([rows, facility, plan])
        order = np.lexsort((of, day, group))
        period = _months(day) if kind == _BY_MONTH else _thirty_days(group, day, order)
        new = np.zeros(len(rows), dtype=np.bool_)
        for key in (group, period):
            new |= np.diff(key[order], prepend=key[order][:1] - 1) != 0
        first = np.flatnonzero(new)
        sizes = np.diff(first, append=len(rows))
        owner, whole = np.empty_like(of), np.zeros(len(of), dtype=np.bool_)
        owner[order] = np.repeat(of[order][first], sizes)
        if kind == _BY_PERIOD:
            whole[order] = np.repeat(sizes >= LEAST_VISITS, sizes)
        return cls(bills, of, rows, owner, whole)

    def lines(self) -> list[tuple[BilledLine, ...]]:
        """Return the lines of each bill: its own people's, and those of later visits."""
        first: list[list[BilledLine]] = [[] for _ in self.bills]
        found: list[list[BilledLine]] = [[] for _ in self.bills]
        order = np.lexsort((self.rows, self.owner, self.of))
        pair = self.of[order] * len(self.bills) + self.owner[order]
        starts = np.flatnonzero(np.diff(pair, prepend=pair[:1] - 1))
        for start, end in zip(starts, np.append(starts[1:], len(pair)), strict=True):
            chosen = order[start:end]
            of, owner = int(self.of[chosen[0]]), int(self.owner[chosen[0]])
            for line in self.bills[of].lines:
                if _is_of_period(line):
                    if of == owner:
                        self._add_period(line, chosen, first[owner], found[owner])
                    continue
                keep = among(line.rows, self.rows[chosen])
                if keep.any():
                    found[owner].append(line.take(keep))
        return [(*lead, *rest) for lead, rest in zip(first, found, strict=True)]

    def _add_period(
        self,
        line: BilledLine,
        chosen: NDArray[np.intp],
        first: list[BilledLine],
        rest: list[BilledLine],
    ) -> None:
        """Add the line of a period: first with its payment, else last without."""
        for whole, into in ((True, first), (False, rest)):
            own = self.rows[chosen[self.whole[chosen] == whole]]
            keep = np.isin(line.rows, own, assume_unique=True)
            if keep.any():
                into.append(replace(line.take(keep), cents=period_cents() if whole else 0))


def _is_of_period(line: BilledLine) -> bool:
    return line.revenue == REVENUE[_BY_PERIOD]


def _months(day: Days) -> NDArray[np.int64]:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _thirty_days(group: NDArray[np.int64], day: Days, order: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the period of each visit, int64: thirty days from the first, or after a gap."""
    days, groups = day[order].astype(np.int64), group[order]
    begins = np.ones(len(days), dtype=np.bool_)
    begins[1:] = (groups[1:] != groups[:-1]) | (days[1:] - days[:-1] > PERIOD_GAP_DAYS)
    start = np.maximum.accumulate(np.where(begins, np.arange(len(days)), 0))
    period = np.empty(len(days), dtype=np.int64)
    period[order] = start * _MOST_PERIODS + (days - days[start]) // PERIOD_DAYS
    return period
