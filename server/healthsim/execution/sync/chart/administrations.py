"""Drugs that are given: in stays for what people have and take at home, and by procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from healthsim.addresses import BITS, hash_of, ids
from healthsim.execution.sync.chart.home_orders import home_orders
from healthsim.execution.sync.chart.injections import doses_of_procedures
from healthsim.execution.sync.chart.places import Numbers, apart, numbers, rows_of, texts
from healthsim.execution.sync.chart.ward_orders import Orders, Stays, ordered, without_held
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.ward_drugs import HOURS, NOT_GIVEN
from healthsim.products.patientsim.wards import MEDICATION_ADMINISTRATIONS
from healthsim.tables import NO_NUMBER, Coded, Columns, join, take

_HOUR = 60
_SOON = 60  # minutes within which a first dose is given: assumption
_APART = 4 * _HOUR  # from the first dose to the next round, at least: assumption
_MISSED = 0.03  # share of doses at rounds that are not given: assumption
_ALL = 2**BITS - 1


def medication_administrations(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `medication_administrations`: doses of procedures and of stays, in or not given."""
    stays = Stays.of(tables["encounters"])
    parts = [doses_of_procedures(ctx, tables)]
    if len(stays.person):
        own = ordered(ctx, stays, tables)
        home = home_orders(stays, tables["prescriptions"])
        same = np.isin(_keys(home, own), _keys(own, own))
        orders = without_held(stays, Orders.joined([own, home.take(~same)]), tables)
        parts.append(_given(ctx, stays, orders))
    rows = {name: join([part[name] for part in parts]) for name in parts[0]}
    if not len(numbers(rows, "person_id")):
        return MEDICATION_ADMINISTRATIONS.empty()
    row_id = apart(_ids(rows))
    columns = MEDICATION_ADMINISTRATIONS.complete({"administration_id": row_id, **rows})
    return take(columns, np.argsort(row_id))


def _ids(rows: Columns) -> Numbers:
    """Return an id for each dose, by drug and minute."""
    ingredient = texts(rows, "ingredient")
    drug = np.array([hash_of(f"chart/given/{one}") for one in ingredient.vocabulary] + [0])
    number = (drug[ingredient.codes] + numbers(rows, "given_at")) & _ALL
    return ids(numbers(rows, "person_id"), number)


def _keys(orders: Orders, known: Orders) -> Numbers:
    """Return one number for each stay and ingredient, by the vocabulary of `known`."""
    place = {text: code for code, text in enumerate(known.ingredient.vocabulary)}
    code = np.array([place.get(text, -1) for text in orders.ingredient.vocabulary] + [-1])
    return np.where(code[orders.ingredient.codes] < 0, -1 - orders.stay,
                    orders.stay * len(place) + code[orders.ingredient.codes])  # fmt: skip


def _given(ctx: SyncContext, stays: Stays, orders: Orders) -> Columns:
    """Return the doses of orders: the first soon after arrival, then at the rounds of the ward."""
    size = len(orders.stay)
    start, end = stays.start[orders.stay], stays.end[orders.stay]
    rows = rows_of(ctx, stays.person[orders.stay])
    draws = ctx.record.draws
    u = draws.at("chart/given/soon", rows, draws.pairs(rows, start))
    first = orders.begins + np.floor(u * _SOON).astype(np.int64)
    own = orders.prescription == NO_NUMBER
    emergency = stays.kind.equals("emergency")[orders.stay]
    first = np.where(emergency, np.minimum(first, end), first)
    own_first = np.flatnonzero(own & (first <= end))
    which = [own_first]
    at = [first[own_first]]
    after = np.where(own, first + _APART, orders.begins)
    since = np.where(own, first, orders.begins) // DAY
    days = np.clip(orders.ends // DAY - since + 1, 0, orders.days)
    begin = np.cumsum(days) - days
    order = np.repeat(np.arange(size), days)
    day = since[order] + np.arange(len(order)) - begin[order]
    for frequency, hours in HOURS.items():
        theirs = np.flatnonzero(orders.frequency.equals(frequency)[order])
        for hour in hours:
            minute = day[theirs] * DAY + hour * _HOUR
            among = order[theirs]
            kept = (minute >= after[among]) & (minute < orders.ends[among])
            which.append(among[kept])
            at.append(minute[kept])
    return _columns(ctx, stays, orders.take(np.concatenate(which)), np.concatenate(at))


def _columns(ctx: SyncContext, stays: Stays, doses: Orders, at: Numbers) -> Columns:
    """Return the columns of doses of stays; a few are not given."""
    rows = rows_of(ctx, stays.person[doses.stay])
    draws = ctx.record.draws
    names = {text: hash_of(f"chart/given/{text}") % 1000 for text in doses.ingredient.vocabulary}
    drug = np.array([*names.values(), 0])[doses.ingredient.codes]
    u = draws.at("chart/given/missed", rows, draws.pairs(rows, at * 1000 + drug))
    missed = (u < _MISSED) & (doses.prescription != NO_NUMBER)
    which = np.floor(u / _MISSED * len(NOT_GIVEN)).astype(np.int64)
    reason = np.where(missed, which, -1).astype(np.int32)
    return {
        "person_id": stays.person[doses.stay],
        "rxnorm": doses.rxnorm,
        "drug": doses.drug,
        "ingredient": doses.ingredient,
        "status": Coded(missed.astype(np.int32), ("completed", "not-done")),
        "status_reason_code": Coded(reason, tuple(NOT_GIVEN)),
        "status_reason": Coded(reason, tuple(NOT_GIVEN.values())),
        "given_at": at,
        "dose": np.where(missed, np.nan, doses.dose),
        "dose_unit": replace(
            doses.unit, codes=np.where(missed, -1, doses.unit.codes).astype(np.int32)
        ),
        "route": doses.route,
        "prescription_id": doses.prescription,
        "procedure_id": np.full(len(at), NO_NUMBER),
        "performer_npi": stays.npi[doses.stay],
        "encounter_id": stays.encounter[doses.stay],
    }
