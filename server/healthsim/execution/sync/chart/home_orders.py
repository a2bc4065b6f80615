"""What people take at home and are given in their stays: from when, and until when."""

from __future__ import annotations

import numpy as np

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.places import Mask, Numbers, codes_where, numbers, texts
from healthsim.execution.sync.chart.ward_orders import HOME_CLASSES, Orders, Stays
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.ward_drugs import HOME_ROUTES, HOURS, ORDERS_CHANGE
from healthsim.tables import Columns

_SOONEST = 30  # minutes from arrival to a first dose: assumption
_LONG = 30  # days of a stay for which drugs are written down


def home_orders(stays: Stays, written: Columns) -> Orders:
    """Return what people take as their stays begin, and what is prescribed in them.

    A prescription that ends or is replaced on the last day of a stay is given until then; one that
    changes before that day, until the hour at which orders change.
    """
    rows, stay = _pairs(stays, written)
    came, left = stays.start[stay] // DAY, stays.end[stay] // DAY
    since, ended = (numbers(written, name)[rows] for name in ("written_date", "end_date"))
    lasts = numbers(written, "days_supply")[rows] * (numbers(written, "refills")[rows] + 1)
    elsewhere = numbers(written, "encounter_id")[rows] != stays.encounter[stay]
    takes = (since < came) | ((since == came) & stays.moved[stay] & elsewhere)
    active = (takes | ((since >= came) & (since < left))) & (came <= since + lasts)
    active &= (ended == NO_DAY) | (ended > np.maximum(came, since))
    active |= takes & (ended == left) & (came <= since + lasts)
    rows, stay, since, ended, came, left = (
        one[active] for one in (rows, stay, since, ended, came, left)
    )
    size = len(rows)
    changed = since * DAY + ORDERS_CHANGE
    soonest = stays.start[stay] + _SOONEST
    begins = np.where(since < came, soonest, np.maximum(soonest, changed))
    stays_on = (ended == NO_DAY) | (ended >= left)
    ends = np.where(stays_on, stays.end[stay], ended * DAY + ORDERS_CHANGE)
    orders = Orders(
        stay, texts(written, "drug").take(rows), texts(written, "ingredient").take(rows),
        texts(written, "rxnorm").take(rows),
        np.asarray(written["dose"], dtype=np.float64)[rows],
        texts(written, "dose_unit").take(rows), texts(written, "route").take(rows),
        texts(written, "frequency").take(rows), np.full(size, _LONG),
        begins, ends, numbers(written, "prescription_id")[rows],
    )  # fmt: skip
    return _one_at_a_time(orders, since)


def _pairs(stays: Stays, written: Columns) -> tuple[Numbers, Numbers]:
    """Return (prescription, stay) of each prescription that rounds give and stay of its person."""
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
    return rows, inside[turn - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)]


def _one_at_a_time(orders: Orders, since: Numbers) -> Orders:
    """Return the orders, each of an ingredient until the next one of it begins."""
    drug = orders.ingredient.codes
    order = np.lexsort((orders.prescription, since, orders.begins, drug, orders.stay))
    stay, begins = orders.stay[order], orders.begins[order]
    drug, ends = drug[order], orders.ends[order]
    same: Mask = (stay[1:] == stay[:-1]) & (drug[1:] == drug[:-1])
    ends[:-1][same] = np.minimum(ends[:-1], begins[1:])[same]
    return orders.take(order).until(ends)
