"""What was ordered: tests, studies, operations and referrals, and when."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, existing_minutes
from healthsim.execution.sync.chart.answering import known_at
from healthsim.execution.sync.chart.laboratory import lab_orders, names_of
from healthsim.execution.sync.chart.lookups import (
    by_vocabulary,
    numbers_at,
    places,
    text_column,
    texts_at,
)
from healthsim.execution.sync.chart.order_ids import order_ids
from healthsim.execution.sync.chart.procedures import ordered_procedures
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.medicine.studies import study_kind
from healthsim.tables import NO_NUMBER, Array, Coded, Columns, stack, take

_MORNING = 9 * 60  # of orders outside of visits, and of studies in a stay: assumption
_BEFORE = 14  # days before a test outside of a visit, at most, on which it is ordered: assumption
_LEAD = {"emergency": 45, "inpatient": 240, "observation": 240, "snf": 720}
_SHORT_LEAD, _ANSWER = 10, 30
"""Minutes from the order to the specimen or study, at most, by class of visit, and from a result to
what it asks for: assumption."""
_PRIORITY = {"emergency": "stat", "urgent_care": "urgent"}
_EMERGENCY = "1"  # priority of an admission (UB-04 FL14), in which orders are urgent: assumption
_ACTIVE_DAYS = 180
"""Days for which a referral that led to no visit stays open: assumption, of authorisations."""


def service_requests(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `service_requests`: one row for each order."""
    parts = [_of_tests(ctx, tables), _of_procedures(ctx, tables), _of_referrals(ctx, tables)]
    rows = stack(parts)
    ids, person = (np.asarray(rows[name], dtype=np.int64) for name in ("request_id", "person_id"))
    return take(rows, np.lexsort((ids, person)))


def _of_tests(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    labs, orders = tables["lab_results"], lab_orders(ctx, tables).owned()
    done = np.asarray(labs["collected_at"], dtype=np.int64)[orders.first]
    code, display = names_of(orders, labs)
    words = [study_kind(study) for study in orders.study.vocabulary]
    own = take(labs, orders.first)
    return {
        "request_id": orders.ids,
        "kind": by_vocabulary(orders.study, words),
        "code": code,
        "code_system": Coded(np.where(code.codes < 0, -1, 0).astype(np.int32), ("LOINC",)),
        "display": display,
        "requester_npi": own["ordering_npi"],
        "performer_npi": np.full(len(done), NO_NUMBER),
        "procedure_id": np.full(len(done), NO_NUMBER),
        **_completed(ctx, tables, own, done),
    }


def _of_procedures(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    ordered = ordered_procedures(ctx, tables)
    own = take(tables["procedures"], ordered.rows)
    done = done_at(tables, own)
    shared = _completed(ctx, tables, own, done)
    ordered_at = np.maximum(np.asarray(shared["ordered_at"]), known_at(tables, own) + _SHORT_LEAD)
    return {
        "request_id": ordered.ids,
        "kind": ordered.words("kind"),
        "code": own["code"],
        "code_system": own["system"],
        "display": ordered.displays(text_column(own, "display")),
        "requester_npi": _requesters(ctx, tables, own),
        "performer_npi": own["performer_npi"],
        "procedure_id": own["procedure_id"],
        **shared,
        "ordered_at": not_after(ordered_at, done),
    }


def done_at(tables: Mapping[str, Columns], procedures: Columns) -> Minutes:
    """Return when procedures were done, minutes: soon after their visit began, or in the morning.

    A procedure has a day only; it is a quarter of an hour into its visit, or at nine; half an hour
    after the report of the result that asked for it, if that is later.
    """
    encounters = tables["encounters"]
    at = places(encounters["encounter_id"], procedures["encounter_id"])
    start, end = (numbers_at(encounters[name], at) for name in ("start_at", "end_at"))
    day = np.asarray(procedures["performed_date"], dtype=np.int64)
    same = (at >= 0) & (start // DAY == day)
    soon = np.minimum(np.minimum(start + 15, end), (day + 1) * DAY - 1)
    morning = np.where(at >= 0, np.minimum(day * DAY + _MORNING, end), day * DAY + _MORNING)
    usual = np.where(same, soon, np.maximum(morning, day * DAY))
    answer = np.minimum(known_at(tables, procedures) + _ANSWER, (day + 1) * DAY - 1)
    return np.maximum(usual, np.where(at >= 0, np.minimum(answer, end), answer))


def _requesters(ctx: SyncContext, tables: Mapping[str, Columns], own: Columns) -> Array:
    """Return who ordered procedures: who treats in the visit, else primary care."""
    encounters, patients = tables["encounters"], tables["patients"]
    at = places(encounters["encounter_id"], own["encounter_id"])
    treating = numbers_at(encounters["attending_npi"], at)
    primary = numbers_at(patients["pcp_npi"], places(patients["person_id"], own["person_id"]))
    performer = np.asarray(own["performer_npi"], dtype=np.int64)
    known = np.where(treating == NO_NUMBER, primary, treating)
    return np.where(known == NO_NUMBER, performer, known)


def _completed(
    ctx: SyncContext, tables: Mapping[str, Columns], own: Columns, done: Minutes
) -> Columns:
    """Return what orders have in common that were done at some minute."""
    encounters = tables["encounters"]
    at = places(encounters["encounter_id"], own["encounter_id"])
    size = len(done)
    return {
        "person_id": own["person_id"],
        "status": Coded.constant("completed", size),
        "priority": _priority(encounters, at),
        "ordered_at": _ordered_at(ctx, tables, own, done),
        "occurrence_date": (done // DAY).astype(np.int32),
        "facility_id": numbers_at(encounters["facility_id"], at),
        "reason_code": texts_at(encounters["reason_code"], at),
        "referral_id": np.full(size, NO_NUMBER),
        "encounter_id": own["encounter_id"],
        "event_id": own["event_id"],
    }


def _priority(encounters: Columns, at: NDArray[np.intp]) -> Coded:
    """Return how urgent orders are: by class of their visit, else by the priority of admission."""
    words = ("routine", "urgent", "stat")
    seen = text_column(encounters, "encounter_class")
    by_class = [words.index(_PRIORITY.get(word, "routine")) for word in seen.vocabulary]
    admitted = texts_at(text_column(encounters, "admit_type"), at).equals(_EMERGENCY)
    codes = np.array([*by_class, 0], dtype=np.int32)[texts_at(seen, at).codes]
    return Coded(np.where(admitted, np.maximum(codes, 1), codes).astype(np.int32), words)


def _ordered_at(
    ctx: SyncContext, tables: Mapping[str, Columns], own: Columns, done: Minutes
) -> Minutes:
    """Return when orders were given, minutes: in the visit, or on a day before the test."""
    encounters = tables["encounters"]
    at = places(encounters["encounter_id"], own["encounter_id"])
    seen = text_column(encounters, "encounter_class")
    lead = np.array([*(_LEAD.get(word, _SHORT_LEAD) for word in seen.vocabulary), 0])
    u = _chances(ctx, own, done)
    within = done - np.floor(u * lead[texts_at(seen, at).codes]).astype(np.int64)
    within = np.maximum(within, numbers_at(encounters["start_at"], at))
    days_before = 1 + np.floor(u * _BEFORE).astype(np.int64)
    outside = (done // DAY - days_before) * DAY + _MORNING + np.floor(u * 60).astype(np.int64)
    birth = numbers_at(
        tables["patients"]["birth_date"],
        places(tables["patients"]["person_id"], own["person_id"]),
    )
    earliest = np.maximum(birth, ctx.as_of) * DAY
    ordered = np.where(at >= 0, within, np.where(outside < earliest, done, outside))
    return not_after(ordered, done)


def not_after(minutes: Minutes, latest: Minutes) -> Minutes:
    """Return times that exist on clocks, at the latest times that will be put on clocks, too."""
    return np.minimum(existing_minutes(minutes), existing_minutes(latest))


def _chances(ctx: SyncContext, own: Columns, index: NDArray[np.int64]) -> NDArray[np.float64]:
    draws = ctx.record.draws
    rows = np.searchsorted(ctx.person_id, np.asarray(own["person_id"]))
    return draws.at("chart/order/lead", rows, draws.pairs(rows, index))


def _of_referrals(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    own, encounters = tables["referrals"], tables["encounters"]
    ids = np.asarray(own["referral_id"], dtype=np.int64)
    day = np.asarray(own["referred_date"], dtype=np.int64)
    first = _first_visits(tables)
    kept = first != NO_NUMBER
    ended = np.minimum(ctx.through, _deaths(tables, own))
    status = np.where(kept, 0, np.where(ended - day <= _ACTIVE_DAYS, 1, 2)).astype(np.int32)
    specialty = text_column(own, "specialty")
    words = [f"Referral to {word.replace('_', ' ')}" for word in specialty.vocabulary]
    at = places(encounters["encounter_id"], own["encounter_id"])
    start = numbers_at(encounters["start_at"], at)
    in_visit = (at >= 0) & (start // DAY == day)
    shared = _completed(ctx, tables, own, np.where(in_visit, start, day * DAY + _MORNING))
    return {
        **shared,
        "request_id": order_ids(ctx, "referrals", ids),
        "kind": Coded.constant("referral", len(ids)),
        "code": Coded.constant(None, len(ids)),
        "code_system": Coded.constant(None, len(ids)),
        "display": by_vocabulary(specialty, words),
        "status": Coded(status, ("completed", "active", "revoked")),
        "priority": Coded.constant("routine", len(ids)),
        "ordered_at": np.where(in_visit, start, day * DAY + _MORNING),
        "occurrence_date": np.where(kept, first, NO_DAY).astype(np.int32),
        "requester_npi": own["referring_npi"],
        "performer_npi": own["referred_to_npi"],
        "facility_id": np.full(len(ids), NO_NUMBER),
        "procedure_id": np.full(len(ids), NO_NUMBER),
        "referral_id": ids,
    }


def _deaths(tables: Mapping[str, Columns], own: Columns) -> NDArray[np.int64]:
    patients = tables["patients"]
    died = numbers_at(patients["death_date"], places(patients["person_id"], own["person_id"]))
    return np.where(died == NO_NUMBER, np.iinfo(np.int64).max, died)


def _first_visits(tables: Mapping[str, Columns]) -> NDArray[np.int64]:
    """Return the day of the first visit to whom each referral names, from its day on, int64."""
    own, encounters = tables["referrals"], tables["encounters"]
    size = len(np.asarray(own["referral_id"]))
    person, npi = (
        np.concatenate([np.asarray(own[mine]), np.asarray(encounters[other])]).astype(np.int64)
        for mine, other in (("person_id", "person_id"), ("referred_to_npi", "attending_npi"))
    )
    _, pair = np.unique(np.stack([person, npi]), axis=1, return_inverse=True)
    day = np.asarray(encounters["start_at"], dtype=np.int64) // DAY
    if not size or not len(day):
        return np.full(size, NO_NUMBER)
    order = np.lexsort((day, pair[size:]))
    days, pairs = day[order], pair[size:][order]
    low = min(int(days.min()), int(np.asarray(own["referred_date"]).min()))
    width = int(max(int(days.max()), int(np.asarray(own["referred_date"]).max()))) - low + 1
    keys = pairs.astype(np.int64) * width + days - low
    wanted = pair[:size].astype(np.int64) * width + np.asarray(own["referred_date"]) - low
    place = np.searchsorted(keys, wanted)
    found = np.minimum(place, len(keys) - 1)
    same = (place < len(keys)) & (pairs[found] == pair[:size])
    return np.where(same, days[found], NO_NUMBER)
