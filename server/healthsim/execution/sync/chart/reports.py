"""What was reported of orders, and which results each report holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.laboratory import (
    GENERIC,
    lab_orders,
    names_of,
    tubes,
)
from healthsim.execution.sync.chart.lookups import by_vocabulary, numbers_at, places
from healthsim.execution.sync.context import SyncContext
from healthsim.tables import NO_NUMBER, Coded, Columns, take

_CATEGORIES = {"laboratory": "LAB", "ekg": "EC", "echo": "CUS", "spirometry": "PF", "dxa": "RAD"}
"""HL7 table 0074, by what results are of."""
_GENERIC_WORDS = "Laboratory report"


def diagnostic_reports(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `diagnostic_reports`: one row for each order of tests."""
    labs, orders = tables["lab_results"], lab_orders(ctx, tables)
    own, encounters = take(labs, orders.first), tables["encounters"]
    code, display = names_of(orders, labs)
    at = places(encounters["encounter_id"], own["encounter_id"])
    size = len(orders.first)
    studies = [_CATEGORIES[word] for word in orders.study.vocabulary]
    columns: Columns = {
        "report_id": orders.ids,
        "person_id": own["person_id"],
        "category": by_vocabulary(orders.study, studies),
        "loinc": _where_none(code, code.codes < 0, GENERIC),
        "display": _where_none(display, code.codes < 0, _GENERIC_WORDS),
        "status": Coded.constant("final", size),
        "effective_at": own["collected_at"],
        "issued_at": _latest(orders.order, np.asarray(labs["resulted_at"])[orders.results], size),
        "performer_npi": np.full(size, NO_NUMBER),
        "facility_id": numbers_at(encounters["facility_id"], at),
        "request_id": orders.ids,
        "procedure_id": np.full(size, NO_NUMBER),
        "encounter_id": own["encounter_id"],
        "event_id": own["event_id"],
    }
    return take(columns, np.argsort(orders.ids))


def _where_none(texts: Coded, none: NDArray[np.bool_], instead: str) -> Coded:
    """Return texts with another one at some rows."""
    return Coded(
        np.where(none, len(texts.vocabulary), texts.codes).astype(np.int32),
        (*texts.vocabulary, instead),
    )


def _latest(group: NDArray[np.int64], at: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the latest time of each group, int64, shape (size,)."""
    latest = np.full(size, NO_NUMBER)
    np.maximum.at(latest, group, at)
    return latest


def diagnostic_report_results(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `diagnostic_report_results`: one row for each result that is reported."""
    labs, orders = tables["lab_results"], lab_orders(ctx, tables)
    taken = tubes(orders, labs)
    ids = np.asarray(labs["lab_result_id"], dtype=np.int64)
    specimen = np.append(ids[taken.first], NO_NUMBER)
    columns: Columns = {
        "person_id": np.asarray(labs["person_id"])[orders.results],
        "report_id": orders.ids[orders.order],
        "lab_result_id": ids[orders.results],
        "specimen_id": specimen[taken.of],
    }
    return take(columns, np.lexsort((ids[orders.results], orders.ids[orders.order])))
