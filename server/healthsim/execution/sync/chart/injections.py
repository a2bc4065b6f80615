"""Doses of injections and infusions that are procedures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from healthsim.execution.sync.chart.places import codes_where, numbers, rows_of, texts
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.ward_drugs import procedure_drugs
from healthsim.tables import NO_NUMBER, Coded, Columns

_SOON = 60  # minutes from the beginning of a visit to the dose, at most: assumption
_MORNING = 9 * 60


def doses_of_procedures(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Return the doses of injections and infusions that are procedures."""
    procedures, encounters = tables["procedures"], tables["encounters"]
    code = texts(procedures, "code")
    inside = numbers(procedures, "encounter_id") != NO_NUMBER
    at = np.flatnonzero(codes_where(code, procedure_drugs().__contains__) & inside)
    known = list(procedure_drugs().values())
    places = {one.code: place for place, one in enumerate(known)}
    which = np.array([places.get(text, -1) for text in code.vocabulary] + [-1])[code.codes[at]]
    stated = np.asarray(procedures["dose_mg"], dtype=np.float64)[at]
    dose = np.where(np.isnan(stated), np.array([one.dose for one in known])[which], stated)
    encounter = numbers(procedures, "encounter_id")[at]
    order = np.argsort(numbers(encounters, "encounter_id"))
    visit = order[np.searchsorted(numbers(encounters, "encounter_id")[order], encounter)]
    start, end = (numbers(encounters, name)[visit] for name in ("start_at", "end_at"))
    person, day = (numbers(procedures, name)[at] for name in ("person_id", "performed_date"))
    rows = rows_of(ctx, person)
    draws = ctx.record.draws
    u = draws.at(
        "chart/given/soon", rows, draws.pairs(rows, numbers(procedures, "procedure_id")[at])
    )
    soon = start + np.floor(u * np.minimum(end - start, _SOON)).astype(np.int64)
    later = np.clip(day * DAY + _MORNING, start, end)
    size = len(at)
    names = tuple(one.ingredient for one in known)
    place = which.astype(np.int32)
    return {
        "person_id": person,
        "rxnorm": Coded(place, tuple(one.rxnorm for one in known)),
        "drug": Coded(place, names),
        "ingredient": Coded(place, names),
        "status": Coded.constant("completed", size),
        "status_reason_code": Coded.constant(None, size),
        "status_reason": Coded.constant(None, size),
        "given_at": np.where((start // DAY == day) & (soon // DAY == day), soon, later),
        "dose": dose,
        "dose_unit": Coded(place, tuple(one.unit for one in known)),
        "route": Coded(place, tuple(one.route for one in known)),
        "prescription_id": np.full(size, NO_NUMBER),
        "procedure_id": numbers(procedures, "procedure_id")[at],
        "performer_npi": numbers(procedures, "performer_npi")[at],
        "encounter_id": encounter,
    }
