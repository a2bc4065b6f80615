"""Ids of orders and of what is taken and reported for them: those of the rows they led to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS
from healthsim.execution.sync.context import SyncContext

_NUMBER = 2**BITS - 1


def order_ids(ctx: SyncContext, table: str, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ids that rows have as orders, int64, shape of `ids`.

    They are the rows' own, except where two tables have rows of one number.

    Args:
        ctx: the chunk.
        table: lab_results, procedures or referrals.
        ids: of its rows.
    """
    for number, instead in ctx.numbering.orders[table].items():
        ids = np.where((ids & _NUMBER) == number, ids - number + instead, ids)
    return ids
