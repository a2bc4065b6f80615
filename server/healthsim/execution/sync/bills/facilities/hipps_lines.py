"""The line with the HIPPS code of a nursing facility's or home health's 837I."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.facility.hipps import DAYS_AFTER_A_STAY, REVENUE, hipps
from healthsim.execution.sync.bills.lines import BilledLine
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import VisitRows


def hipps_lines(ctx: SyncContext, visit: VisitRows) -> Iterator[BilledLine]:
    """Yield a line for each code that people of a visit have; it costs nothing by itself.

    Payment stands on the lines of days and visits.
    """
    kind = visit.details.encounter_class
    if kind not in REVENUE:
        return
    after, chosen = _after_a_stay(ctx, visit), visit.diagnoses.chosen
    by_code: dict[str, NDArray[np.bool_]] = {}
    for place, codes in enumerate(visit.diagnoses.lists):
        for stayed in (False, True):
            code = hipps(kind, codes[0] if codes else "", stayed)
            mine = (chosen == place) & (after == stayed)
            by_code[code] = by_code.get(code, np.zeros(len(mine), dtype=np.bool_)) | mine
    event, nights = ctx.event_number(visit.occurrence), np.maximum(visit.nights, 1)
    for code, mask in by_code.items():
        at = np.flatnonzero(mask)
        if len(at):
            yield BilledLine(
                visit.rows[at], visit.first[at], event, code,
                units=nights[at] if kind == "snf" else 1, revenue=REVENUE[kind],
            )  # fmt: skip


def _after_a_stay(ctx: SyncContext, visit: VisitRows) -> NDArray[np.bool_]:
    """Return who left a hospital shortly before, bool, shape of the visit's people."""
    after = np.zeros(len(visit.rows), dtype=np.bool_)
    for stay in ctx.visits.values():
        if stay.details.encounter_class == "inpatient":
            _, at, of = np.intersect1d(visit.rows, stay.rows, return_indices=True)
            gap = visit.first[at] - stay.last[of]
            after[at[(gap >= 0) & (gap <= DAYS_AFTER_A_STAY)]] = True
    return after
