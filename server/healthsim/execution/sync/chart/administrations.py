"""Drugs that are given: in stays for what people have and take at home, and by procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import BITS, hash_of, ids
from healthsim.dates import NO_DAY, whole_years
from healthsim.execution.sync.chart.held import stays_holding
from healthsim.execution.sync.chart.injections import doses_of_procedures
from healthsim.execution.sync.chart.locations import GETTING_READY, operation_begins
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    apart,
    codes_like,
    codes_where,
    first_of_each,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.held_drugs import held_drugs
from healthsim.medicine.ward_drugs import (
    HOME_ROUTES,
    HOURS,
    NOT_GIVEN,
    WardDrug,
    ward_drugs,
)
from healthsim.products.patientsim.wards import MEDICATION_ADMINISTRATIONS
from healthsim.tables import NO_NUMBER, Coded, Columns, join, take

HOME_CLASSES = ("inpatient", "observation")
_CLASSES = ("emergency", *HOME_CLASSES)
_HOUR = 60
_SOON, _SOONEST = 60, 30  # minutes from arrival to a first dose: assumption
_APART = 4 * _HOUR  # from the first dose to the next round, at least: assumption
_MISSED = 0.03  # share of doses at rounds that are not given: assumption
_LONG = 30  # days of a stay for which drugs are written down
_ALL = 2**BITS - 1


@dataclass(frozen=True, eq=False)
class _Stays:
    """Encounters in which drugs are given; arrays of shape (n,)."""

    person: Numbers
    encounter: Numbers
    npi: Numbers
    start: Numbers
    end: Numbers
    kind: Coded

    @classmethod
    def of(cls, encounters: Columns) -> _Stays:
        kind = texts(encounters, "encounter_class")
        at = np.flatnonzero(codes_where(kind, _CLASSES.__contains__))
        names = ("person_id", "encounter_id", "attending_npi", "start_at", "end_at")
        person, encounter, npi, start, end = (numbers(encounters, name)[at] for name in names)
        return cls(person, encounter, npi, start, end, kind.take(at))


@dataclass(frozen=True, eq=False)
class _Orders:
    """Drugs of stays before they are given; arrays of shape (n,).

    Attributes:
        stay: positions among the stays.
        drug, ingredient, rxnorm, unit, route, frequency: texts.
        dose: float64.
        days: how many days it is given at most.
        first: minutes from arrival to the first dose, at least.
        prescription: its id, or `NO_NUMBER`: an order of the stay, whose first dose comes soon.
    """

    stay: Numbers
    drug: Coded
    ingredient: Coded
    rxnorm: Coded
    dose: NDArray[np.float64]
    unit: Coded
    route: Coded
    frequency: Coded
    days: Numbers
    first: Numbers
    prescription: Numbers

    def take(self, rows: Numbers | Mask) -> _Orders:
        parts: list[Any] = [getattr(self, one.name) for one in fields(self)]
        taken: list[Any] = [
            one.take(rows) if isinstance(one, Coded) else one[rows] for one in parts
        ]
        return _Orders(*taken)

    @classmethod
    def joined(cls, parts: list[_Orders]) -> _Orders:
        columns: list[Any] = [
            join([getattr(part, one.name) for part in parts]) for one in fields(cls)
        ]
        return cls(*columns)


def medication_administrations(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `medication_administrations`: doses of procedures and of stays, in or not given."""
    stays = _Stays.of(tables["encounters"])
    parts = [doses_of_procedures(ctx, tables)]
    if len(stays.person):
        ordered = _Orders.joined([_ordered(ctx, stays, one, tables) for one in ward_drugs()])
        ordered = _first_of_group(ordered)
        home = _home(stays, tables["prescriptions"])
        same = np.isin(_keys(home, ordered), _keys(ordered, ordered))
        orders = _without_held(stays, _Orders.joined([ordered, home.take(~same)]), tables)
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


def _keys(orders: _Orders, known: _Orders) -> Numbers:
    """Return one number for each stay and ingredient, by the vocabulary of `known`."""
    place = {text: code for code, text in enumerate(known.ingredient.vocabulary)}
    code = np.array([place.get(text, -1) for text in orders.ingredient.vocabulary] + [-1])
    return np.where(code[orders.ingredient.codes] < 0, -1 - orders.stay,
                    orders.stay * len(place) + code[orders.ingredient.codes])  # fmt: skip


def _first_of_group(orders: _Orders) -> _Orders:
    """Return the orders of which there is none for the same purpose before them."""
    groups = [one.group for one in ward_drugs()]
    group = np.array([groups.index(groups[place]) for place in range(len(groups))])
    drugs = [one.drug for one in ward_drugs()]
    which = np.array([group[drugs.index(text)] for text in orders.drug.vocabulary] + [-1])
    return orders.take(first_of_each(orders.stay, which[orders.drug.codes]))


def _ordered(
    ctx: SyncContext, stays: _Stays, one: WardDrug, tables: Mapping[str, Columns]
) -> _Orders:
    """Return the stays that get a drug for what brings people there."""
    fits = codes_where(stays.kind, one.classes.__contains__)
    diagnoses, procedures = tables["encounter_diagnoses"], tables["procedures"]
    for table, pattern, most in (
        (diagnoses, one.diagnoses, None), (diagnoses, one.principal, 1),
        (procedures, one.procedures, None),
    ):  # fmt: skip
        if pattern:
            fits &= np.isin(stays.encounter, _with(table, pattern, most))
    at = np.flatnonzero(fits)
    rows = rows_of(ctx, stays.person[at])
    age = whole_years(ctx.people.birth[rows], (stays.start[at] // DAY).astype(np.int32))
    draws = ctx.record.draws
    u = draws.at(f"chart/given/{one.group}", rows, draws.pairs(rows, stays.start[at]))
    suits = (u < one.share) & (age >= one.least_age) & (age < one.below_age)
    suits &= ~_has(stays.person[at], tables["allergies"], "substance", one.not_allergic)
    if one.allergic:
        suits &= _has(stays.person[at], tables["allergies"], "substance", one.allergic)
    suits &= ~_has(stays.person[at], tables["prescriptions"], "ingredient", one.not_with)
    at = at[suits]
    size = len(at)
    first = np.full(size, int(one.first_hours * _HOUR))
    if one.procedures:
        first += _waits(ctx, stays, at, procedures, one.procedures)
    return _Orders(
        at, Coded.constant(one.drug, size), Coded.constant(one.ingredient, size),
        Coded.constant(one.rxnorm, size), np.full(size, one.dose),
        Coded.constant(one.unit, size), Coded.constant(one.route, size),
        Coded.constant(one.frequency, size), np.full(size, one.days),
        first, np.full(size, NO_NUMBER),
    )  # fmt: skip


def _with(table: Columns, pattern: str, most: int | None = None) -> Numbers:
    """Return the encounters with a code that begins so, of a sequence of `most` at most."""
    coded = codes_like(texts(table, "code"), pattern)
    if most is not None:
        coded &= numbers(table, "sequence") <= most
    return numbers(table, "encounter_id")[coded]


def _waits(
    ctx: SyncContext, stays: _Stays, at: NDArray[np.intp], procedures: Columns, pattern: str
) -> Numbers:
    """Return how many minutes stays wait for their operation, longer than one on arrival."""
    done = codes_like(texts(procedures, "code"), pattern)
    encounter, day = (numbers(procedures, name)[done]
                      for name in ("encounter_id", "performed_date"))  # fmt: skip
    order = np.lexsort((day, encounter))
    place = np.searchsorted(encounter[order], stays.encounter[at])
    start = stays.start[at]
    begins = operation_begins(ctx, rows_of(ctx, stays.person[at]), start, day[order][place])
    return begins - start - GETTING_READY


def _without_held(stays: _Stays, orders: _Orders, tables: Mapping[str, Columns]) -> _Orders:
    """Return the orders without what stays hold for a diagnosis or a result."""
    encounters: Columns = {
        "person_id": stays.person, "encounter_id": stays.encounter,
        "start_at": stays.start, "end_at": stays.end,
    }  # fmt: skip
    held = np.zeros(len(orders.stay), dtype=np.bool_)
    for rule in held_drugs():
        about = codes_where(orders.ingredient, rule.ingredients.__contains__)
        if about.any():
            held |= about & stays_holding(rule, encounters, tables)[orders.stay]
    return orders.take(~held)


def _has(person: Numbers, table: Columns, column: str, words: tuple[str, ...]) -> Mask:
    """Return who has a row with one of some words, whenever it is from."""
    theirs = codes_where(texts(table, column), words.__contains__)
    return np.isin(person, numbers(table, "person_id")[theirs])


def _home(stays: _Stays, written: Columns) -> _Orders:
    """Return what people take at home and are given in their stays."""
    asked = codes_where(texts(written, "frequency"), HOURS.__contains__)
    asked &= codes_where(texts(written, "route"), HOME_ROUTES.__contains__)
    asked &= ~np.asarray(written["as_needed"], dtype=np.bool_)
    rows = np.flatnonzero(asked)
    inside = np.flatnonzero(codes_where(stays.kind, HOME_CLASSES.__contains__))
    inside = inside[np.argsort(stays.person[inside], kind="stable")]
    person = numbers(written, "person_id")[rows]
    low = np.searchsorted(stays.person[inside], person)
    count = np.searchsorted(stays.person[inside], person, side="right") - low
    rows, turn = np.repeat(rows, count), np.arange(count.sum())
    stay = inside[turn - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)]
    day = stays.start[stay] // DAY
    since, ended = (numbers(written, name)[rows] for name in ("written_date", "end_date"))
    lasts = numbers(written, "days_supply")[rows] * (numbers(written, "refills")[rows] + 1)
    active = (since < day) & ((ended == NO_DAY) | (ended > stays.end[stay] // DAY))
    active &= day <= since + lasts
    rows, stay = rows[active], stay[active]
    size = len(rows)
    orders = _Orders(
        stay, texts(written, "drug").take(rows), texts(written, "ingredient").take(rows),
        texts(written, "rxnorm").take(rows),
        np.asarray(written["dose"], dtype=np.float64)[rows],
        texts(written, "dose_unit").take(rows), texts(written, "route").take(rows),
        texts(written, "frequency").take(rows), np.full(size, _LONG),
        np.full(size, _SOONEST),
        numbers(written, "prescription_id")[rows],
    )  # fmt: skip
    latest = np.lexsort((-orders.prescription, -since[active], orders.ingredient.codes, stay))
    orders = orders.take(latest)
    return orders.take(first_of_each(orders.stay, orders.ingredient.codes))


def _given(ctx: SyncContext, stays: _Stays, orders: _Orders) -> Columns:
    """Return the doses of orders: the first soon after arrival, then at the rounds of the ward."""
    size = len(orders.stay)
    start, end = stays.start[orders.stay], stays.end[orders.stay]
    rows = rows_of(ctx, stays.person[orders.stay])
    draws = ctx.record.draws
    u = draws.at("chart/given/soon", rows, draws.pairs(rows, start))
    first = start + orders.first + np.floor(u * _SOON).astype(np.int64)
    own = orders.prescription == NO_NUMBER
    emergency = stays.kind.equals("emergency")[orders.stay]
    first = np.where(emergency, np.minimum(first, end), first)
    own_first = np.flatnonzero(own & (first <= end))
    which = [own_first]
    at = [first[own_first]]
    after = np.where(own, first + _APART, start + _SOONEST)
    since = np.where(own, first, start) // DAY
    days = np.clip(end // DAY - since + 1, 0, orders.days)
    begin = np.cumsum(days) - days
    order = np.repeat(np.arange(size), days)
    day = since[order] + np.arange(len(order)) - begin[order]
    for frequency, hours in HOURS.items():
        theirs = np.flatnonzero(orders.frequency.equals(frequency)[order])
        for hour in hours:
            minute = day[theirs] * DAY + hour * _HOUR
            among = order[theirs]
            kept = (minute >= after[among]) & (minute < end[among])
            which.append(among[kept])
            at.append(minute[kept])
    return _columns(ctx, stays, orders.take(np.concatenate(which)), np.concatenate(at))


def _columns(ctx: SyncContext, stays: _Stays, doses: _Orders, at: Numbers) -> Columns:
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
