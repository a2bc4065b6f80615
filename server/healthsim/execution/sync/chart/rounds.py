"""When drugs of stays are given: first doses, rounds of the ward, and none during operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.lookups import places
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_like,
    first_of_each,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.ward_orders import Orders, Stays
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.growth import figure
from healthsim.medicine.ward_drugs import (
    EVENING,
    HOURS,
    OXYGEN,
    after_operations,
    least_minutes,
    nothing_by_mouth,
)
from healthsim.tables import NO_NUMBER, Coded, Columns

_HOUR = 60
SOON = 60
"""Minutes within which a first dose is given: assumption."""
_DAILY = "Q24H"
_NEVER = 2**62
_LATEST = 2**26  # more than the minutes since 1970 of any day here


@dataclass(frozen=True, eq=False)
class Operations:
    """When stays give nothing for an operation, minutes; arrays of shape (stays,).

    Attributes:
        start: the operating room begins; later than any dose where there is none.
        end: it ends.
        swallows: from when on drugs are swallowed again.
        waits: drugs that wait longer, each with the minutes of each stay.
    """

    start: Numbers
    end: Numbers
    swallows: Numbers
    waits: Mapping[str, Numbers]

    @classmethod
    def of(cls, stays: Stays, tables: Mapping[str, Columns]) -> Operations:
        """Return the first operation of each stay, by the places of people."""
        locations = tables["encounter_locations"]
        unit, encounter = texts(locations, "unit"), numbers(locations, "encounter_id")
        rows = np.flatnonzero(unit.equals("operating room"))
        rows = rows[first_of_each(encounter[rows])]
        fasting = [nothing_by_mouth().get(word, 0) for word in unit.vocabulary]
        after = np.array([*fasting, 0])[np.append(unit.codes, -1)[rows + 1]]
        stays_on = np.append(encounter, -1)[rows + 1] == encounter[rows]
        start, end = (numbers(locations, name)[rows] for name in ("start_at", "end_at"))
        swallows = end + np.where(stays_on, after, 0)
        order = np.argsort(encounter[rows])
        place = places(encounter[rows][order], stays.encounter)
        start, end, swallows = (
            np.append(one[order], _NEVER)[place] for one in (start, end, swallows)
        )
        return cls(start, end, swallows, _waits(stays, tables["procedures"]))

    def until(self, orders: Orders) -> Numbers:
        """Return until when each order is not given for an operation, minutes."""
        oral = orders.route.equals("oral")
        until = np.where(oral, self.swallows[orders.stay], self.end[orders.stay])
        for ingredient, minutes in self.waits.items():
            at = np.flatnonzero(orders.ingredient.equals(ingredient))
            stay = orders.stay[at]
            until[at] = np.maximum(until[at], self.end[stay] + minutes[stay])
        return until

    def forbid(self, orders: Orders, at: Numbers) -> Mask:
        """Return which doses of orders would be given in an operation, or soon after by mouth."""
        return (at >= self.start[orders.stay]) & (at < self.until(orders))


def _waits(stays: Stays, procedures: Columns) -> Mapping[str, Numbers]:
    """Return drug -> minutes that it waits after the operation of each stay, int64."""
    code, encounter = texts(procedures, "code"), numbers(procedures, "encounter_id")
    found: dict[str, Numbers] = {}
    for one in reversed(after_operations()):  # the first that fits holds
        fits = np.ones(len(stays.encounter), dtype=np.bool_)
        if one.operations:
            fits = np.isin(stays.encounter, encounter[codes_like(code, one.operations)])
        for ingredient in one.ingredients:
            minutes = found.setdefault(ingredient, np.zeros(len(fits), dtype=np.int64))
            minutes[fits] = one.minutes
    return found


@dataclass(frozen=True, eq=False)
class Doses:
    """Doses of stays; arrays of shape (n,).

    Attributes:
        orders: the order of each.
        at: minutes since 1970.
        first: bool, the first dose of an order of the stay, which waits for no round.
    """

    orders: Orders
    at: Numbers
    first: Mask


def doses_of(
    ctx: SyncContext, stays: Stays, orders: Orders, tables: Mapping[str, Columns]
) -> Doses:
    """Return the doses of orders: the first soon after it is written, then at rounds of the ward.

    Args:
        ctx: the chunk.
        stays: the encounters.
        orders: what is given in them.
        tables: `encounter_locations` and `procedures`.
    """
    rows, start = rows_of(ctx, stays.person[orders.stay]), stays.start[orders.stay]
    draws = ctx.record.draws
    soon = _soon(orders, draws.at("chart/given/soon", rows, draws.pairs(rows, start)))
    operations = Operations.of(stays, tables)
    own = orders.prescription == NO_NUMBER
    first = _first(stays, orders, operations, soon)
    before = _given_before(stays, orders, first)
    given_first = np.flatnonzero(own & (before < 0) & (first <= stays.end[orders.stay]))
    begun, apart = np.where(before < 0, first, before), _least_apart(orders)
    after = np.where(own, begun + apart, orders.begins)
    since = np.where(own, orders.begins + SOON, orders.begins) // DAY
    order, at, later = _rounds(_once_a_day(orders, own, begun), since, after)
    among = orders.take(order)
    barred = operations.forbid(among, at)
    moved = operations.until(among) + soon[order]
    late = barred & (later >= moved + apart[order])
    at = np.where(late, moved, at)
    kept = (~barred | late) & (at < among.ends)
    which = np.concatenate([given_first, order[kept]])
    times = np.concatenate([first[given_first], at[kept]])
    return Doses(orders.take(which), times, np.arange(len(which)) < len(given_first))


def _soon(orders: Orders, u: NDArray[np.float64]) -> Numbers:
    """Return minutes from each order to its first dose: oxygen comes before the next reading."""
    urgent = orders.ingredient.equals(OXYGEN)
    least, most = figure("oxygen_within_least"), figure("oxygen_within_most")
    minutes = np.where(urgent, least + u * (most - least), u * SOON)
    return np.floor(minutes).astype(np.int64)


def _first(stays: Stays, orders: Orders, operations: Operations, soon: Numbers) -> Numbers:
    """Return when the first dose of each order is given; by vein also in the operating room."""
    first = np.maximum(orders.begins + soon, stays.start[orders.stay])
    emergency = stays.kind.equals("emergency")[orders.stay]
    first = np.where(emergency, np.minimum(first, stays.end[orders.stay]), first)
    barred = operations.forbid(orders, first) & ~orders.route.equals("intravenous")
    return np.where(barred, operations.until(orders) + soon, first)


def _least_apart(orders: Orders) -> Numbers:
    """Return the minutes between a first dose of each order and the next round, at least; int64."""
    minutes = [least_minutes(word) for word in orders.frequency.vocabulary]
    return np.array([*minutes, 0], dtype=np.int64)[orders.frequency.codes]


def _once_a_day(orders: Orders, own: Mask, begun: Numbers) -> Orders:
    """Return the orders with the round in the evening of those begun nearer to it, once a day.

    Args:
        orders: of stays.
        own: which are the stay's own.
        begun: when those were first given, minutes.
    """
    if not orders.frequency.equals(_DAILY).any():
        return orders
    hours = np.array([HOURS[_DAILY][0], HOURS[EVENING][0]]) * _HOUR
    away = np.abs(begun[:, None] % DAY - hours)
    away = np.minimum(away, DAY - away)
    evening = own & orders.frequency.equals(_DAILY) & ~orders.route.equals("oral")
    evening &= away[:, 1] < away[:, 0]
    vocabulary = tuple(dict.fromkeys((*orders.frequency.vocabulary, EVENING)))
    place = vocabulary.index(EVENING)
    codes = np.where(evening, place, orders.frequency.codes).astype(np.int32)
    return replace(orders, frequency=Coded(codes, vocabulary))


def _given_before(stays: Stays, orders: Orders, first: Numbers) -> Numbers:
    """Return when an emergency visit shortly before gave the drug of an order, minutes; -1: not."""
    pairs = np.stack([stays.person[orders.stay], orders.ingredient.codes])
    pair = np.unique(pairs, axis=1, return_inverse=True)[1].ravel() * _LATEST
    emergency = stays.kind.equals("emergency")[orders.stay]
    there = np.flatnonzero(emergency)
    begun = first[there]
    apart = _least_apart(orders)
    order, at, _ = _rounds(orders.take(there), begun // DAY, begun + apart[there])
    kept = at < orders.ends[there][order]
    rounds = pair[there][order][kept] + at[kept]
    given = np.sort(np.concatenate([pair[there] + begun, rounds]))
    last = np.append(given, -1)[np.searchsorted(given, pair + first, side="right") - 1]
    soon = ~emergency & (last >= pair) & (pair + first - last < apart)
    return np.where(soon, last - pair, -1)


def _rounds(
    orders: Orders, since: Numbers, after: Numbers
) -> tuple[NDArray[np.intp], Numbers, Numbers]:
    """Return order, minute and minute of the next round, for each round from `after` on."""
    days = np.clip(orders.ends // DAY - since + 1, 0, orders.days)
    begin = np.cumsum(days) - days
    order = np.repeat(np.arange(len(days)), days)
    day = since[order] + np.arange(len(order)) - begin[order]
    parts = [(order[:0], day[:0], day[:0])]
    for frequency, hours in HOURS.items():
        theirs = np.flatnonzero(orders.frequency.equals(frequency)[order])
        for hour, later in zip(hours, (*hours[1:], 24 + min(hours, default=0)), strict=False):
            minute = day[theirs] * DAY + hour * _HOUR
            kept = minute >= after[order[theirs]]
            parts.append((order[theirs][kept], minute[kept], minute[kept] + (later - hour) * _HOUR))
    among, at, following = (np.concatenate(part) for part in zip(*parts, strict=True))
    return among, at, following
