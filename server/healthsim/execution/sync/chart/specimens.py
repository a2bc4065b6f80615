"""What was taken for tests: one row for each tube or vessel, and for each tissue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import existing_minutes
from healthsim.execution.sync.chart.laboratory import lab_orders, tubes
from healthsim.execution.sync.chart.lookups import (
    by_vocabulary,
    numbers_at,
    places,
)
from healthsim.execution.sync.chart.procedures import ordered_procedures
from healthsim.execution.sync.chart.requests import done_at, not_after
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.specimens import tissue_kind
from healthsim.tables import Array, Columns, stack, take

_EARLIEST, _LATEST = 0.1, 0.6
"""Shares of the time from specimen to result after which the laboratory has it: assumption."""
_DIGITS = np.frombuffer(b"0123456789ABCDEFGHJKLMNPRSTUVWXY", dtype=np.uint8)
_OWN = 12  # digits of 5 bits that hold every id


def specimens(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `specimens`: one row for each kind of tube of an order, and for each tissue."""
    columns = stack([_of_tests(ctx, tables), _of_tissue(ctx, tables)])
    ids, collected = (
        np.asarray(columns[name], dtype=np.int64) for name in ("specimen_id", "collected_at")
    )
    resulted = np.asarray(columns.pop("resulted_at"), dtype=np.int64)
    draws = ctx.record.draws
    rows = np.searchsorted(ctx.person_id, np.asarray(columns["person_id"]))
    u = draws.at("chart/specimen/received", rows, draws.pairs(rows, collected))
    share = _EARLIEST + (_LATEST - _EARLIEST) * u
    received = collected + np.floor((resulted - collected) * share).astype(np.int64)
    columns["accession"] = _accessions(ids, collected // DAY)
    columns["received_at"] = np.maximum(
        not_after(received, resulted), existing_minutes(collected) + 1
    )
    return take(columns, np.argsort(ids))


def _of_tests(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    labs, orders = tables["lab_results"], lab_orders(ctx, tables)
    taken = tubes(orders, labs)
    own = take(labs, taken.first)
    resulted = np.asarray(labs["resulted_at"], dtype=np.int64)
    first_result, inside = resulted[taken.first], taken.of >= 0
    np.minimum.at(first_result, taken.of[inside], resulted[orders.results[inside]])
    return {
        "specimen_id": own["lab_result_id"],
        "person_id": own["person_id"],
        "type": taken.type,
        "additive": taken.additive,
        "collected_at": own["collected_at"],
        "resulted_at": first_result,
        "request_id": orders.ids[taken.order],
        "encounter_id": own["encounter_id"],
    }


def _of_tissue(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Return the tissue of each study of pathology; a specimen has the id of its order."""
    ordered, reports = ordered_procedures(ctx, tables), tables["diagnostic_reports"]
    group = ordered.words("group")
    kinds = [tissue_kind(word) for word in group.vocabulary]
    type_ = by_vocabulary(group, [kind.type or None for kind in kinds])
    rows = np.flatnonzero(type_.codes >= 0)
    own, ids = take(tables["procedures"], ordered.rows[rows]), ordered.ids[rows]
    order = np.argsort(np.asarray(reports["report_id"]))
    at = places(np.asarray(reports["report_id"])[order], ids)
    issued = np.asarray(reports["issued_at"])[order]
    return {
        "specimen_id": ids,
        "person_id": own["person_id"],
        "type": type_.take(rows),
        "additive": by_vocabulary(group, [kind.additive or None for kind in kinds]).take(rows),
        "collected_at": done_at(tables, own),
        "resulted_at": numbers_at(issued, at),
        "request_id": ids,
        "encounter_id": own["encounter_id"],
    }


def _accessions(ids: NDArray[np.int64], days: NDArray[np.int64]) -> Array:
    """Return numbers like 25-00ABC0DEF123: the year, then one of the specimen's own."""
    year = (days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970) % 100
    text = np.empty((len(ids), _OWN + 3), dtype=np.uint8)
    text[:, 0], text[:, 1], text[:, 2] = 48 + year // 10, 48 + year % 10, ord("-")
    for place in range(_OWN):
        text[:, 3 + place] = _DIGITS[(ids >> (5 * (_OWN - 1 - place))) & 31]
    return text.view(f"S{_OWN + 3}").ravel()
