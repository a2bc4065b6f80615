"""When drugs of stays are given: first doses, rounds of the ward, and none during operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.lookups import places
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    first_of_each,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.chart.ward_orders import Orders, Stays
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.ward_drugs import HOURS, nothing_by_mouth
from healthsim.tables import NO_NUMBER, Columns

_HOUR = 60
SOON = 60
"""Minutes within which a first dose is given: assumption."""
_APART = 4 * _HOUR  # from one dose to the next round, at least: assumption
_NEVER = 2**62
_LATEST = 2**26  # more than the minutes since 1970 of any day here


@dataclass(frozen=True, eq=False)
class Operations:
    """When stays give nothing for an operation, minutes; arrays of shape (stays,).

    Attributes:
        start: the operating room begins; later than any dose where there is none.
        end: it ends.
        swallows: from when on drugs are swallowed again.
    """

    start: Numbers
    end: Numbers
    swallows: Numbers

    @classmethod
    def of(cls, stays: Stays, locations: Columns) -> Operations:
        """Return the first operation of each stay, by the places of people."""
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
        found = [np.append(one[order], _NEVER)[place] for one in (start, end, swallows)]
        return cls(*found)

    def until(self, orders: Orders) -> Numbers:
        """Return until when each order is not given for an operation, minutes."""
        oral = orders.route.equals("oral")
        return np.where(oral, self.swallows[orders.stay], self.end[orders.stay])

    def forbid(self, orders: Orders, at: Numbers) -> Mask:
        """Return which doses of orders would be given in an operation, or soon after by mouth."""
        return (at >= self.start[orders.stay]) & (at < self.until(orders))


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


def doses_of(ctx: SyncContext, stays: Stays, orders: Orders, locations: Columns) -> Doses:
    """Return the doses of orders: the first soon after it is written, then at rounds of the ward.

    Args:
        ctx: the chunk.
        stays: the encounters.
        orders: what is given in them.
        locations: where people are.
    """
    rows, start = rows_of(ctx, stays.person[orders.stay]), stays.start[orders.stay]
    draws = ctx.record.draws
    soon = np.floor(draws.at("chart/given/soon", rows, draws.pairs(rows, start)) * SOON)
    soon = soon.astype(np.int64)
    operations = Operations.of(stays, locations)
    own = orders.prescription == NO_NUMBER
    first = _first(stays, orders, operations, soon)
    before = _given_before(stays, orders, first)
    given_first = np.flatnonzero(own & (before < 0) & (first <= stays.end[orders.stay]))
    after = np.where(own, np.where(before < 0, first, before) + _APART, orders.begins)
    since = np.where(own, orders.begins + SOON, orders.begins) // DAY
    order, at, later = _rounds(orders, since, after)
    among = orders.take(order)
    barred = operations.forbid(among, at)
    moved = operations.until(among) + soon[order]
    late = barred & (later >= moved + _APART)
    at = np.where(late, moved, at)
    kept = (~barred | late) & (at < among.ends)
    which = np.concatenate([given_first, order[kept]])
    times = np.concatenate([first[given_first], at[kept]])
    return Doses(orders.take(which), times, np.arange(len(which)) < len(given_first))


def _first(stays: Stays, orders: Orders, operations: Operations, soon: Numbers) -> Numbers:
    """Return when the first dose of each order is given; by vein also in the operating room."""
    first = np.maximum(orders.begins + soon, stays.start[orders.stay])
    emergency = stays.kind.equals("emergency")[orders.stay]
    first = np.where(emergency, np.minimum(first, stays.end[orders.stay]), first)
    barred = operations.forbid(orders, first) & ~orders.route.equals("intravenous")
    return np.where(barred, operations.until(orders) + soon, first)


def _given_before(stays: Stays, orders: Orders, first: Numbers) -> Numbers:
    """Return when an emergency visit shortly before gave the drug of an order, minutes; -1: not."""
    pairs = np.stack([stays.person[orders.stay], orders.ingredient.codes])
    pair = np.unique(pairs, axis=1, return_inverse=True)[1].ravel() * _LATEST
    emergency = stays.kind.equals("emergency")[orders.stay]
    there = np.flatnonzero(emergency)
    begun = first[there]
    order, at, _ = _rounds(orders.take(there), begun // DAY, begun + _APART)
    kept = at < orders.ends[there][order]
    rounds = pair[there][order][kept] + at[kept]
    given = np.sort(np.concatenate([pair[there] + begun, rounds]))
    last = np.append(given, -1)[np.searchsorted(given, pair + first, side="right") - 1]
    soon = ~emergency & (last >= pair) & (pair + first - last < _APART)
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
