"""Who owes no nominal copays to Medicaid: minors and pregnant women."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, add_months
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.context import SyncContext

_ADULT = 18  # years: children are exempt (42 CFR 447.56(a)(1)(i) to (v))
_PREGNANT = ("O", "Z33", "Z34")  # until the pregnancy and the puerperium end, 447.56(a)(1)(vii)


def exempt_from_copays(
    ctx: SyncContext, rows: Rows, plan: NDArray[np.int32], days: Days
) -> NDArray[np.bool_] | None:
    """Return who is exempt on days; None where no plan of the run has nominal copays.

    Args:
        ctx: of the chunk.
        rows: positions of people in the chunk; may repeat, shape (n,).
        plan: int32, plan number, shape (n,).
        days: int32, shape (n,).
    """
    nominal = ctx.plans.nominal_copays
    if not nominal.any():
        return None
    exempt = np.zeros(len(rows), dtype=np.bool_)
    at = np.flatnonzero(nominal[plan])
    born = ctx.people.birth[rows[at]]
    held = ctx.record.conditions.held_on(rows[at], days[at])
    exempt[at] = days[at] < add_months(born, 12 * _ADULT)
    for prefix in _PREGNANT:
        exempt[at] |= held.has(prefix)
    return exempt
