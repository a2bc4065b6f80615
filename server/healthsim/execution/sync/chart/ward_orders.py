"""What stays order for what brings people there: which drugs, for whom, and from when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import whole_years
from healthsim.execution.sync.chart.held import stays_holding
from healthsim.execution.sync.chart.locations import operation_begins
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_like,
    codes_where,
    first_of_each,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.signs_below import first_below
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.held_drugs import held_drugs
from healthsim.medicine.ward_drugs import WardDrug, ward_drugs
from healthsim.tables import NO_NUMBER, Coded, Columns, join

HOME_CLASSES = ("inpatient", "observation")
_CLASSES = ("emergency", *HOME_CLASSES)
_HOUR = 60
_BEFORE_OPERATION = 60
"""Minutes before an operation from which its drugs are given: an antibiotic within 60 before the
incision (ASHP, IDSA, SIS, SHEA 2013)."""
_LATEST = 2**26  # more than the minutes since 1970 of any day here


@dataclass(frozen=True, eq=False)
class Stays:
    """Encounters in which drugs are given; arrays of shape (n,).

    Attributes:
        person, encounter, npi: ids; of who treats.
        start, end: minutes since 1970.
        kind: classes.
        moved: bool, the person comes from another stay that ended on this day.
    """

    person: Numbers
    encounter: Numbers
    npi: Numbers
    start: Numbers
    end: Numbers
    kind: Coded
    moved: Mask

    @classmethod
    def of(cls, encounters: Columns) -> Stays:
        """Return the encounters of the classes in which drugs are given."""
        kind = texts(encounters, "encounter_class")
        at = np.flatnonzero(codes_where(kind, _CLASSES.__contains__))
        names = ("person_id", "encounter_id", "attending_npi", "start_at", "end_at")
        person, encounter, npi, start, end = (numbers(encounters, name)[at] for name in names)
        kind = kind.take(at)
        moved = _moved(person, start, end, codes_where(kind, HOME_CLASSES.__contains__))
        return cls(person, encounter, npi, start, end, kind, moved)


def _moved(person: Numbers, start: Numbers, end: Numbers, inside: Mask) -> Mask:
    """Return before which encounters a stay of the person ended on the same day, bool."""
    ended = np.sort(person[inside] * _LATEST + end[inside])
    place = np.searchsorted(ended, person * _LATEST + start, side="right")
    before = np.concatenate([[-1], ended])[place]
    return before >= person * _LATEST + start // DAY * DAY


@dataclass(frozen=True, eq=False)
class Orders:
    """Drugs of stays before they are given; arrays of shape (n,).

    Attributes:
        stay: positions among the stays.
        drug, ingredient, rxnorm, unit, route, frequency: texts.
        dose: float64.
        days: how many days it is given at most.
        begins: minute from which it is given; of an order of the stay, soon after which.
        ends: minute at which it is given no more.
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
    begins: Numbers
    ends: Numbers
    prescription: Numbers

    def take(self, rows: Numbers | Mask) -> Orders:
        """Return some of the orders."""
        parts: list[Any] = [getattr(self, one.name) for one in fields(self)]
        taken: list[Any] = [
            one.take(rows) if isinstance(one, Coded) else one[rows] for one in parts
        ]
        return Orders(*taken)

    def until(self, ends: Numbers) -> Orders:
        """Return the orders with other ends."""
        return replace(self, ends=ends)

    @classmethod
    def joined(cls, parts: list[Orders]) -> Orders:
        """Return the orders of all parts, one after another."""
        columns: list[Any] = [
            join([getattr(part, one.name) for part in parts]) for one in fields(cls)
        ]
        return cls(*columns)


def ordered(ctx: SyncContext, stays: Stays, tables: Mapping[str, Columns]) -> Orders:
    """Return what stays order, of drugs for one purpose the first that a person may have."""
    every = Orders.joined([_ordered(ctx, stays, one, tables) for one in ward_drugs()])
    return _first_of_group(every)


def _first_of_group(orders: Orders) -> Orders:
    """Return the orders of which there is none for the same purpose before them."""
    groups = [one.group for one in ward_drugs()]
    group = np.array([groups.index(groups[place]) for place in range(len(groups))])
    drugs = [one.drug for one in ward_drugs()]
    which = np.array([group[drugs.index(text)] for text in orders.drug.vocabulary] + [-1])
    return orders.take(first_of_each(orders.stay, which[orders.drug.codes]))


def _ordered(
    ctx: SyncContext, stays: Stays, one: WardDrug, tables: Mapping[str, Columns]
) -> Orders:
    """Return the stays that get a drug for what brings people there."""
    fits = codes_where(stays.kind, one.classes.__contains__)
    diagnoses, procedures = tables["encounter_diagnoses"], tables["procedures"]
    for table, pattern, most in (
        (diagnoses, one.diagnoses, None), (diagnoses, one.principal, 1),
        (procedures, one.procedures, None),
    ):  # fmt: skip
        if pattern:
            fits &= np.isin(stays.encounter, _with(table, pattern, most))
    since = stays.start + int(one.first_hours * _HOUR)
    if one.sign:
        since = first_below(stays.encounter, stays.start, one, tables)
        fits &= since <= stays.end
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
    begins = since[at]
    if one.procedures:
        begins += _waits(ctx, stays, at, tables, one.procedures)
    return Orders(
        at, Coded.constant(one.drug, size), Coded.constant(one.ingredient, size),
        Coded.constant(one.rxnorm, size), np.full(size, one.dose),
        Coded.constant(one.unit, size), Coded.constant(one.route, size),
        Coded.constant(one.frequency, size), np.full(size, one.days),
        begins, stays.end[at], np.full(size, NO_NUMBER),
    )  # fmt: skip


def _with(table: Columns, pattern: str, most: int | None = None) -> Numbers:
    """Return the encounters with a code that begins so, of a sequence of `most` at most."""
    coded = codes_like(texts(table, "code"), pattern)
    if most is not None:
        coded &= numbers(table, "sequence") <= most
    return numbers(table, "encounter_id")[coded]


def _waits(
    ctx: SyncContext, stays: Stays, at: NDArray[np.intp], tables: Mapping[str, Columns],
    pattern: str,
) -> Numbers:  # fmt: skip
    """Return how many minutes stays wait until an hour before their operation.

    It begins when they come to the operating room on its day, or where they come to none as such
    an operation does.
    """
    procedures = tables["procedures"]
    done = codes_like(texts(procedures, "code"), pattern)
    encounter, day = (numbers(procedures, name)[done]
                      for name in ("encounter_id", "performed_date"))  # fmt: skip
    order = np.lexsort((day, encounter))
    on_day = day[order][np.searchsorted(encounter[order], stays.encounter[at])]
    start = stays.start[at]
    begins = operation_begins(ctx, rows_of(ctx, stays.person[at]), start, on_day)
    room = _in_operating_room(stays.encounter[at], tables["encounter_locations"])
    begins = np.where((room // DAY == on_day) & (room >= start), room, begins)
    return begins - start - _BEFORE_OPERATION


def _in_operating_room(encounter: Numbers, locations: Columns) -> Numbers:
    """Return when people of encounters first come to the operating room, minutes; -1 for never."""
    rows = np.flatnonzero(texts(locations, "unit").equals("operating room"))
    whose, since = (numbers(locations, name)[rows] for name in ("encounter_id", "start_at"))
    order = np.lexsort((since, whose))
    place = np.searchsorted(whose[order], encounter)
    found = np.append(whose[order], -1)[place] == encounter
    return np.where(found, np.append(since[order], -1)[place], -1)


def without_held(stays: Stays, orders: Orders, tables: Mapping[str, Columns]) -> Orders:
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
