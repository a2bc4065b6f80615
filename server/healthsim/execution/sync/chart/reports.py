"""What was reported of orders, and which results each report holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS
from healthsim.dates import existing_minutes
from healthsim.execution.sync.chart.coronaries import vessels_seen
from healthsim.execution.sync.chart.findings import Measured, Studied, conclusions
from healthsim.execution.sync.chart.laboratory import (
    GENERIC,
    lab_orders,
    names_of,
    tubes,
)
from healthsim.execution.sync.chart.lookups import (
    by_vocabulary,
    numbers_at,
    places,
    text_column,
    texts_at,
)
from healthsim.execution.sync.chart.procedures import ordered_procedures
from healthsim.execution.sync.chart.requests import done_at
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.medicine.studies import hours_of
from healthsim.tables import NO_NUMBER, Coded, Columns, stack, take

_CATEGORIES = {"laboratory": "LAB", "ekg": "EC", "echo": "CUS", "spirometry": "PF", "dxa": "RAD"}
"""HL7 table 0074, by what results are of."""
_GROUPS = {"ekg": "ekg", "echo": "ejection", "spirometry": "spirometry", "dxa": "dxa"}
"""Whose sentences results have that come without a procedure."""
_GENERIC_WORDS = "Laboratory report"
_READ_AT_ONCE = ("emergency", "urgent_care")
_SOON, _LONGEST = 15, 120
"""Minutes after which a study of an emergency visit is read, at least and at most: assumption."""
_LAST_NUMBER = 2**BITS - 1


def diagnostic_reports(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `diagnostic_reports`: one row for each order of tests and each study that is read."""
    columns = stack([_of_tests(ctx, tables), _of_procedures(ctx, tables)])
    group = columns.pop("group")
    one_side = columns.pop("one_side")
    assert isinstance(group, Coded)
    columns = take(columns, np.arange(len(group)))
    ids = np.asarray(columns["report_id"], dtype=np.int64)
    told = np.flatnonzero(group.codes >= 0)
    studied = Studied(
        person=np.asarray(columns["person_id"], dtype=np.int64)[told],
        encounter=np.asarray(columns["encounter_id"], dtype=np.int64)[told],
        day=np.asarray(columns["effective_at"], dtype=np.int64)[told] // DAY,
        group=group.take(told),
        one_side=np.asarray(one_side, dtype=np.bool_)[told],
    )
    measured = _measured(ctx, tables, ids[told]).joined(vessels_seen(ctx, studied, tables))
    for name, texts in zip(
        ("conclusion", "conclusion_code"), conclusions(studied, measured, tables), strict=True
    ):
        whole = np.full(len(ids), -1, dtype=np.int32)
        whole[told] = texts.codes
        columns[name] = Coded(whole, texts.vocabulary)
    person = np.asarray(columns["person_id"], dtype=np.int64)
    return take(columns, np.lexsort((ids, person)))


def _of_tests(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    labs, orders = tables["lab_results"], lab_orders(ctx, tables).owned()
    own, encounters = take(labs, orders.first), tables["encounters"]
    code, display = names_of(orders, labs)
    at = places(encounters["encounter_id"], own["encounter_id"])
    size = len(orders.first)
    words = orders.study.vocabulary
    return {
        "report_id": orders.ids,
        "person_id": own["person_id"],
        "category": by_vocabulary(orders.study, [_CATEGORIES[word] for word in words]),
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
        "group": by_vocabulary(orders.study, [_GROUPS.get(word) for word in words]),
        "one_side": np.zeros(size, dtype=np.bool_),
    }


def _of_procedures(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    ordered = ordered_procedures(ctx, tables).reported()
    own, encounters = take(tables["procedures"], ordered.rows), tables["encounters"]
    at = places(encounters["encounter_id"], own["encounter_id"])
    done = done_at(tables, own)
    hours = np.array([*map(hours_of, ordered.studies), (0, 0)], dtype=np.int64)[ordered.study]
    return {
        "report_id": ordered.ids,
        "person_id": own["person_id"],
        "category": ordered.words("category"),
        "loinc": ordered.words("loinc"),
        "display": ordered.words("display"),
        "status": Coded.constant("final", len(done)),
        "effective_at": done,
        "issued_at": _read_at(ctx, tables, own, done, hours),
        "performer_npi": own["performer_npi"],
        "facility_id": numbers_at(encounters["facility_id"], at),
        "request_id": ordered.ids,
        "procedure_id": own["procedure_id"],
        "encounter_id": own["encounter_id"],
        "event_id": own["event_id"],
        "group": ordered.words("group"),
        "one_side": ordered.words("side").codes >= 0,
    }


def _read_at(
    ctx: SyncContext,
    tables: Mapping[str, Columns],
    own: Columns,
    done: Minutes,
    hours: NDArray[np.int64],
) -> Minutes:
    """Return when studies were read, minutes: within their hours, in an emergency before it ends.

    Args:
        ctx: the chunk.
        tables: its finished tables.
        own: the procedures.
        done: when they were done.
        hours: fewest and most hours to the report, shape (n, 2).
    """
    encounters = tables["encounters"]
    at = places(encounters["encounter_id"], own["encounter_id"])
    kind = texts_at(text_column(encounters, "encounter_class"), at)
    at_once = np.isin(
        kind.codes,
        [code for code, word in enumerate(kind.vocabulary) if word in _READ_AT_ONCE],
    )
    end = numbers_at(encounters["end_at"], at)
    rows = np.searchsorted(ctx.person_id, np.asarray(own["person_id"]))
    index = np.asarray(own["procedure_id"], dtype=np.int64) & _LAST_NUMBER
    draws = ctx.record.draws
    u = draws.at("chart/report/read", rows, draws.pairs(rows, index))
    later = (hours[:, 0] + (hours[:, 1] - hours[:, 0]) * u) * 60
    most = np.clip(end - done, _SOON, _LONGEST)
    soon = _SOON + (most - _SOON) * u
    read = done + 1 + np.floor(np.where(at_once, soon, later)).astype(np.int64)
    return np.maximum(existing_minutes(read), existing_minutes(done) + 1)


def _measured(
    ctx: SyncContext, tables: Mapping[str, Columns], reports: NDArray[np.int64]
) -> Measured:
    """Return the numbers that reports with a conclusion hold."""
    labs, orders = tables["lab_results"], lab_orders(ctx, tables)
    order = np.argsort(reports)
    at = places(reports[order], orders.ids[orders.order])
    kept = np.flatnonzero(at >= 0)
    rows = orders.results[kept]
    return Measured(
        study=order[at[kept]] if len(order) else at[kept],
        loinc=text_column(labs, "loinc").take(rows),
        value=np.asarray(labs["value"], dtype=np.float64)[rows],
    )


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
