"""What was taken for tests: one row for each tube or vessel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.laboratory import lab_orders, tubes
from healthsim.execution.sync.chart.requests import not_after
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.tables import Array, Columns, take

_EARLIEST, _LATEST = 0.1, 0.6
"""Shares of the time from specimen to result after which the laboratory has it: assumption."""
_DIGITS = np.frombuffer(b"0123456789ABCDEFGHJKLMNPRSTUVWXY", dtype=np.uint8)
_OWN = 12  # digits of 5 bits that hold every id


def specimens(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `specimens`: one row for each kind of tube of an order."""
    labs, orders = tables["lab_results"], lab_orders(ctx, tables)
    taken = tubes(orders, labs)
    own = take(labs, taken.first)
    ids, collected, resulted = (
        np.asarray(own[name], dtype=np.int64)
        for name in ("lab_result_id", "collected_at", "resulted_at")
    )
    draws = ctx.record.draws
    rows = np.searchsorted(ctx.person_id, np.asarray(own["person_id"]))
    u = draws.at("chart/specimen/received", rows, draws.pairs(rows, collected))
    share = _EARLIEST + (_LATEST - _EARLIEST) * u
    received = collected + np.floor((resulted - collected) * share).astype(np.int64)
    columns: Columns = {
        "specimen_id": ids,
        "person_id": own["person_id"],
        "accession": _accessions(ids, collected // DAY),
        "type": taken.type,
        "additive": taken.additive,
        "collected_at": collected,
        "received_at": not_after(received, resulted),
        "request_id": orders.ids[taken.order],
        "encounter_id": own["encounter_id"],
    }
    return take(columns, np.argsort(ids))


def _accessions(ids: NDArray[np.int64], days: NDArray[np.int64]) -> Array:
    """Return numbers like 25-00ABC0DEF123: the year, then one of the specimen's own."""
    year = (days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970) % 100
    text = np.empty((len(ids), _OWN + 3), dtype=np.uint8)
    text[:, 0], text[:, 1], text[:, 2] = 48 + year // 10, 48 + year % 10, ord("-")
    for place in range(_OWN):
        text[:, 3 + place] = _DIGITS[(ids >> (5 * (_OWN - 1 - place))) & 31]
    return text.view(f"S{_OWN + 3}").ravel()
