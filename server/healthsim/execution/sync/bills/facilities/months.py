"""Dialysis is billed by the month: one 837I with a line for each treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.execution.sync.context import SyncContext

_BY_MONTH = "dialysis"


def merge_months(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with those of dialysis joined: one a person, month, facility and plan.

    The first treatment of the month has the claim; the others' lines stand on it with their days.
    """
    by_month = [place for place, bill in enumerate(bills) if _is_by_month(bill)]
    if not by_month:
        return list(bills)
    sessions = _Sessions.of_bills(ctx, [bills[place] for place in by_month])
    merged = list(bills)
    for place, lines in zip(by_month, sessions.lines(), strict=True):
        merged[place] = replace(bills[place], lines=lines)
    return merged


def _is_by_month(bill: Bill) -> bool:
    return bill.institutional and bill.visit.details.encounter_class == _BY_MONTH


@dataclass(frozen=True, eq=False)
class _Sessions:
    """Treatments of people, laid end to end; arrays of shape (n,).

    Attributes:
        of: int64, position of the treatment's bill.
        rows: intp, the person.
        owner: int64, position of the bill that has the claim of the month.
    """

    bills: Sequence[Bill]
    of: NDArray[np.int64]
    rows: NDArray[np.intp]
    owner: NDArray[np.int64]

    @classmethod
    def of_bills(cls, ctx: SyncContext, bills: Sequence[Bill]) -> _Sessions:
        rows = np.concatenate([bill.rows for bill in bills])
        of = np.repeat(np.arange(len(bills)), [len(bill.rows) for bill in bills])
        day = np.concatenate([bill.visit.first[bill.at] for bill in bills])
        facility = np.concatenate([bill.visit.facility[bill.at] for bill in bills])
        plan = ctx.record.coverage.plan(rows, day)
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        keys = (of, day, plan, facility, month, rows)
        order = np.lexsort(keys)
        new = np.zeros(len(rows), dtype=np.bool_)
        for key in keys[2:]:
            new |= np.diff(key[order], prepend=key[order][:1] - 1) != 0
        first = np.flatnonzero(new)
        owner = np.empty_like(of)
        owner[order] = np.repeat(of[order][first], np.diff(first, append=len(rows)))
        return cls(bills, of, rows, owner)

    def lines(self) -> list[tuple[BilledLine, ...]]:
        """Return the lines of each bill: its own people's, and those of later treatments."""
        found: list[list[BilledLine]] = [[] for _ in self.bills]
        order = np.lexsort((self.rows, self.owner, self.of))
        pair = self.of[order] * len(self.bills) + self.owner[order]
        starts = np.flatnonzero(np.diff(pair, prepend=pair[:1] - 1))
        for start, end in zip(starts, np.append(starts[1:], len(pair)), strict=True):
            chosen = order[start:end]
            of, owner = int(self.of[chosen[0]]), int(self.owner[chosen[0]])
            for line in self.bills[of].lines:
                keep = np.isin(line.rows, self.rows[chosen], assume_unique=True)
                if keep.any():
                    found[owner].append(line.take(keep))
        return [tuple(lines) for lines in found]
