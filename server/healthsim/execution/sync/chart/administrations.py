"""Drugs that are given: in stays for what people have and take at home, and by procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS, hash_of, ids
from healthsim.execution.sync.chart.home_orders import home_orders
from healthsim.execution.sync.chart.infusions import ends_of_stays
from healthsim.execution.sync.chart.injections import doses_of_procedures
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    apart,
    codes_where,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.rounds import SOON, Doses, doses_of
from healthsim.execution.sync.chart.ward_orders import Orders, Stays, ordered, without_held
from healthsim.execution.sync.chart.weaning import weaned
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.ward_drugs import NOT_GIVEN, OXYGEN, SLEEPING_ROUTES, time_critical
from healthsim.products.patientsim.wards import MEDICATION_ADMINISTRATIONS
from healthsim.tables import NO_NUMBER, Coded, Columns, join, take

_HOUR = 60
_MISSED = 0.03  # share of rounds that a person misses: assumption
_VOMITING = 1 / 3  # of them, those of people who vomit: assumption
_MORNING, _EVENING = 7 * _HOUR, 20 * _HOUR  # between them nobody sleeps: assumption
_LATEST = 2**26  # more than the minutes since 1970 of any day here
_ALL = 2**BITS - 1


def medication_administrations(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `medication_administrations`: doses of procedures and of stays, in or not given."""
    stays = Stays.of(tables["encounters"])
    parts = [doses_of_procedures(ctx, tables)]
    if len(stays.person):
        own = ordered(ctx, stays, tables)
        home = home_orders(stays, tables["prescriptions"])
        orders = without_held(stays, Orders.joined([own, _resumed(home, own)]), tables)
        doses = weaned(stays, doses_of(ctx, stays, orders, tables), tables)
        parts.append(_columns(ctx, stays, doses))
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


def _resumed(home: Orders, own: Orders) -> Orders:
    """Return what is taken at home, from the day after the stay's own order of the same drug."""
    place = {text: code for code, text in enumerate(own.ingredient.vocabulary)}
    code = np.array([place.get(text, -1) for text in home.ingredient.vocabulary] + [-1])
    key = home.stay * (len(place) + 1) + code[home.ingredient.codes] + 1
    known = own.stay * (len(place) + 1) + own.ingredient.codes + 1
    over = ((own.begins + SOON) // DAY + own.days) * DAY
    order = np.lexsort((over, known))
    found = np.searchsorted(known[order], key, side="right") - 1
    same = (found >= 0) & (np.append(known[order], -1)[found] == key)
    later = np.append(over[order], 0)[found]
    return replace(home, begins=np.where(same, np.maximum(home.begins, later), home.begins))


def _reasons(ctx: SyncContext, stays: Stays, given: Doses) -> NDArray[np.int32]:
    """Return why doses are not given, positions in `NOT_GIVEN`; -1 where they are.

    A person misses a round: who is away misses all of it, who sleeps all that is not given by
    vein, who vomits all that is swallowed. Nobody misses a first dose, or oxygen, which goes on
    without rounds, or sleeps through a round with what people are woken for.
    """
    orders, at = given.orders, given.at
    rows = rows_of(ctx, stays.person[orders.stay])
    draws = ctx.record.draws
    u = draws.at("chart/given/missed", rows, draws.pairs(rows, at))
    key = orders.stay * _LATEST + at
    missed = (u < _MISSED) & ~np.isin(key, key[given.first])
    away, asleep, vomiting = range(len(NOT_GIVEN))
    night = (at % DAY < _MORNING) | (at % DAY >= _EVENING)
    reason = np.where(u < _MISSED * _VOMITING, vomiting, np.where(night, asleep, away))
    oxygen, vein = orders.ingredient.equals(OXYGEN), orders.route.equals("intravenous")
    missed &= (reason != asleep) | ~(vein | np.isin(key, key[~vein & ~oxygen & _wakes(orders)]))
    missed &= ((reason != away) | ~np.isin(key, key[oxygen])) & ~oxygen
    missed &= (reason != vomiting) | orders.route.equals("oral")
    return np.where(missed, reason, -1).astype(np.int32)


def _wakes(orders: Orders) -> Mask:
    """Return what people are woken for: what is injected, and what has its time."""
    asleep = codes_where(orders.route, SLEEPING_ROUTES.__contains__)
    return ~asleep | codes_where(orders.ingredient, time_critical().__contains__)


def _columns(ctx: SyncContext, stays: Stays, given: Doses) -> Columns:
    """Return the columns of doses of stays; a few are not given."""
    doses, at = given.orders, given.at
    reason = _reasons(ctx, stays, given)
    missed = reason >= 0
    until = ends_of_stays(at, doses.ingredient, doses.route, stays.end[doses.stay])
    return {
        "person_id": stays.person[doses.stay],
        "rxnorm": doses.rxnorm,
        "drug": doses.drug,
        "ingredient": doses.ingredient,
        "status": Coded(missed.astype(np.int32), ("completed", "not-done")),
        "status_reason_code": Coded(reason, tuple(NOT_GIVEN)),
        "status_reason": Coded(reason, tuple(NOT_GIVEN.values())),
        "given_at": at,
        "ended_at": np.where(missed, NO_NUMBER, until),
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
