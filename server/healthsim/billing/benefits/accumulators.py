"""Who owes what, exactly: deductibles and maxima used up in the order of processing, on columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.limits import NO_LIMIT, Cents, packed

NO_COPAY = np.int64(-1)
NEVER = np.int64(2**62)
"""Instant of what never happens."""
MINUTES = 1440
"""Minutes of a day; instants are minutes since 1970-01-01."""

KINDS = ("medical", "out_of_network", "drug")
"""Kinds of limits that a plan may have, by `BenefitRows.kind`."""
MEDICAL, OUT_OF_NETWORK, DRUG = range(len(KINDS))

LIMITS = ("own_deductible", "family_deductible", "own_maximum", "family_maximum")
"""The limits of one row, in the order of `Settled.deltas`."""

_BASIS = 10_000
_HALF = 5_000


def basis_points(cents: Cents, points: NDArray[np.int64]) -> Cents:
    """Return shares of amounts in whole cents, half a cent up; int64.

    >>> basis_points(np.array([10_250, 33]), np.array([2_000, 5_000])).tolist()
    [2050, 17]
    """
    return (cents * points + _HALF) // _BASIS


def keep_limits(
    limits: Cents, family: NDArray[np.bool_] | None, aggregate: NDArray[np.bool_]
) -> None:
    """Lift, in place, the limits that do not count for a row.

    Who is alone on a plan has no limit of a family. In a family on an aggregate plan nobody has a
    deductible of their own.

    Args:
        limits: int64 cents, shape (4, m), by `LIMITS`.
        family: bool, two or more of the household are on the plan; None: all are alone.
        aggregate: bool, in a family only the family's deductible counts.

    >>> limits = np.array([[25, 25, 25], [50, 50, 50], [60, 60, 60], [90, 90, 90]])
    >>> keep_limits(limits, np.array([False, True, True]), np.array([True, True, False]))
    >>> (limits == NO_LIMIT).tolist()[:2]
    [[False, True, False], [True, False, False]]
    """
    if family is None:
        limits[[1, 3]] = NO_LIMIT
        return
    limits[0, aggregate & family] = NO_LIMIT
    limits[1:4:2, ~family] = NO_LIMIT


@dataclass(frozen=True, eq=False)
class BenefitRows:
    """Services and fills to be shared; arrays of shape (m,), in any order.

    A row owes `flat`; what is above it meets the deductible, if it applies, and of the rest the
    member owes `copay`, at most the rest, or a share of it, never more than `most`.

    Attributes:
        person, household: int32, whose limits they use up.
        plan: int32, plan number; rows of one number have the same limits.
        year: int32, benefit year.
        kind: int32, which of the plan's limits: of medical care, out of network, of drugs.
        decided_at: int64, minutes since 1970-01-01, the order of processing.
        order: int64, who comes first at one instant.
        amount: int64 cents, what is to be shared; 0 where the member owes nothing.
        flat: int64 cents, owed before and beside the deductible, at most the amount.
        deductible_applies: bool.
        copay: int64 cents, owed of the rest; `NO_COPAY` where it is a share.
        share: int64 basis points of the rest.
        most: int64 cents, the most that is owed of the rest.
        own_deductible, family_deductible, own_maximum, family_maximum: int64 cents, limits;
            `NO_LIMIT` where none.
        reversed_at: int64, instant at which it gives back what it used up; `NEVER` for most.
    """

    person: NDArray[np.int32]
    household: NDArray[np.int32]
    plan: NDArray[np.int32]
    year: NDArray[np.int32]
    kind: NDArray[np.int32]
    decided_at: NDArray[np.int64]
    order: NDArray[np.int64]
    amount: Cents
    flat: Cents
    deductible_applies: NDArray[np.bool_]
    copay: Cents
    share: NDArray[np.int64]
    most: Cents
    own_deductible: Cents
    family_deductible: Cents
    own_maximum: Cents
    family_maximum: Cents
    reversed_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.amount)

    def take(self, rows: NDArray[np.integer]) -> BenefitRows:
        """Return some of the rows."""
        return BenefitRows(*(getattr(self, field.name)[rows] for field in fields(self)))

    def then(self, more: BenefitRows) -> BenefitRows:
        """Return these rows, and others after them."""
        return BenefitRows(*(
            np.concatenate([getattr(self, field.name), getattr(more, field.name)])
            for field in fields(self)
        ))  # fmt: skip


@dataclass(frozen=True, eq=False)
class Settled:
    """What the member owes of each row; int64 cents, shape (m,), in the rows' own order.

    Attributes:
        deductible: what met the deductible.
        flat: what is owed of `flat`.
        rest: what is owed of the rest, as copay or share.
        room: what was left of the maximum before the row; near `NO_LIMIT` where there is none.
        ledger: the rows and reversals in the order of processing.
    """

    deductible: Cents
    flat: Cents
    rest: Cents
    room: Cents
    ledger: Ledger

    def part(self, start: int, stop: int) -> Settled:
        """Return what is owed of some rows that follow each other, with the whole ledger."""
        columns = (self.deductible, self.flat, self.rest, self.room)
        deductible, flat, rest, room = (column[start:stop] for column in columns)
        return Settled(deductible, flat, rest, room, self.ledger)

    @property
    def member(self) -> Cents:
        """All that the member owes, int64, shape (m,)."""
        return self.deductible + self.flat + self.rest


@dataclass(frozen=True, eq=False)
class Ledger:
    """Rows and reversals of households one after the other, each in order; shape (n,).

    Attributes:
        row: intp, which of the rows that were settled.
        reversal: bool, it gives back what the row used up.
        deltas: int64 cents, shape (4, n), by `LIMITS`; negative where it gives back.
        balances: int64 cents, shape (4, n), what is used up afterwards.
    """

    row: NDArray[np.intp]
    reversal: NDArray[np.bool_]
    deltas: Cents
    balances: Cents


@dataclass(frozen=True, eq=False)
class _Turns:
    """Groups within rows that are in processing order: who comes before whom."""

    order: NDArray[np.intp]
    first: NDArray[np.intp]

    @classmethod
    def of(cls, group: NDArray[np.int64]) -> _Turns:
        order = np.argsort(group, kind="stable")
        at = group[order]
        begins = np.zeros(len(at), dtype=np.intp)
        changes = np.flatnonzero(at[1:] != at[:-1]) + 1
        begins[changes] = changes
        return cls(order, np.maximum.accumulate(begins))

    def before(self, amounts: Cents) -> Cents:
        """Return what earlier rows of the same group add up to, int64, in the rows' order."""
        sorted_ = amounts[self.order]
        running = np.cumsum(sorted_)
        running -= sorted_
        running -= running[self.first]
        result = np.empty_like(running)
        result[self.order] = running
        return result


@dataclass(frozen=True, eq=False)
class _Frame:
    """Rows and reversals in processing order; a reversal names the place of its row.

    Attributes:
        rows: the rows, those of reversals again.
        source: intp, place of the row that a reversal gives back; its own place of others.
        reversal: bool.
    """

    rows: BenefitRows
    source: NDArray[np.intp]
    reversal: NDArray[np.bool_]

    @cached_property
    def own(self) -> _Turns:
        keys = (self.rows.person, self.rows.plan, self.rows.year, self.rows.kind)
        return _Turns.of(packed(keys))

    @cached_property
    def family(self) -> _Turns:
        keys = (self.rows.household, self.rows.plan, self.rows.year, self.rows.kind)
        return _Turns.of(packed(keys))

    def signed(self, amounts: Cents) -> Cents:
        """Return what each row and reversal adds to a balance."""
        if not self.reversal.any():
            return amounts
        return np.where(self.reversal, -amounts[self.source], amounts)

    def room(self, used: Cents, own: Cents, family: Cents) -> Cents:
        """Return what is left of a limit before each row, at least 0."""
        signed = self.signed(used)
        room: Cents = own - self.own.before(signed) if (own < NO_LIMIT).any() else own.copy()
        if (family < NO_LIMIT).any():
            np.minimum(room, family - self.family.before(signed), out=room)
        return np.maximum(room, 0, out=room)

    def subset(self, kept: NDArray[np.bool_]) -> _Frame:
        """Return the frame of some households."""
        places = np.cumsum(kept) - 1
        at = np.flatnonzero(kept)
        return _Frame(self.rows.take(at), places[self.source[at]], self.reversal[at])


def settle(rows: BenefitRows) -> Settled:
    """Share every row as a payer does, one after the other in the order of processing.

    The room that is left of each limit before a row depends on the rows before it. All rows are
    shared at once with the room that the last round found, until no row changes: as each row
    depends on earlier ones alone, every round settles at least one more, and the result is the
    one of a loop (decision 0049). Households do not depend on each other, so only those in
    which something changed are shared again. What is above a maximum comes off the rest, then off
    the flat amount, then off the deductible.
    """
    order = _in_processing_order(rows)
    frame = _frame(rows, order)
    household = frame.rows.household
    used = [np.zeros(len(frame.rows), dtype=np.int64) for _ in range(4)]
    at, active = np.arange(len(household)), frame
    while len(at):
        shares = _share(active, used[0][at], used[3][at])
        changed = np.zeros(len(at), dtype=np.bool_)
        for all_, new in zip(used, shares, strict=True):
            changed |= all_[at] != new
            all_[at] = new
        kept = _of_changed_households(household[at], changed)
        if not kept.all():
            at, active = at[kept], active.subset(kept)
    return _settled(rows, frame, order, used)


def _in_processing_order(rows: BenefitRows) -> NDArray[np.intp]:
    """Return rows and reversals, which are numbered on after the rows, in order."""
    voided = np.flatnonzero(rows.reversed_at < NEVER)
    household, at, order = rows.household, rows.decided_at, rows.order
    if voided.size:
        household = np.concatenate([household, household[voided]])
        at = np.concatenate([at, rows.reversed_at[voided]])
        order = np.concatenate([order, order[voided]])
    return np.lexsort((order, packed([household, at])))


def _frame(rows: BenefitRows, order: NDArray[np.intp]) -> _Frame:
    voided = np.flatnonzero(rows.reversed_at < NEVER)
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    source = place.copy()
    source[len(rows) :] = place[voided]
    origin = np.concatenate([np.arange(len(rows)), voided])[order]
    return _Frame(rows.take(origin), source[order], order >= len(rows))


def _share(frame: _Frame, deductible: Cents, member: Cents) -> tuple[Cents, Cents, Cents, Cents]:
    """Return deductible, flat, rest and their sum with the room that earlier uses leave."""
    rows = frame.rows
    left = frame.room(member, rows.own_maximum, rows.family_maximum)
    unmet = frame.room(deductible, rows.own_deductible, rows.family_deductible)
    above = rows.amount - rows.flat
    met = np.where(rows.deductible_applies, np.minimum(np.minimum(above, unmet), left), 0)
    rest = above - met
    owed = np.where(rows.copay >= 0, np.minimum(rows.copay, rest), basis_points(rest, rows.share))
    owed = np.minimum(owed, rows.most)
    total = np.minimum(met + rows.flat + owed, left)
    flat = np.minimum(rows.flat, total - met)
    return met, flat, total - met - flat, total


def _of_changed_households(
    household: NDArray[np.int32], changed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which rows are of a household in which something changed; rows are in its order."""
    if not changed.any():
        return changed
    begins = np.flatnonzero(np.append(True, household[1:] != household[:-1]))
    sizes = np.diff(np.append(begins, len(household)))
    kept: NDArray[np.bool_] = np.repeat(np.logical_or.reduceat(changed, begins), sizes)
    return kept


def _settled(
    rows: BenefitRows, frame: _Frame, order: NDArray[np.intp], used: list[Cents]
) -> Settled:
    """Return the shares in the order of the rows, and the ledger."""
    places = np.flatnonzero(~frame.reversal)

    def of_rows(amounts: Cents) -> Cents:
        found = np.empty(len(rows), dtype=np.int64)
        found[order[places]] = amounts[places]
        return found

    origin = np.concatenate([np.arange(len(rows)), np.flatnonzero(rows.reversed_at < NEVER)])
    met, member = frame.signed(used[0]), frame.signed(used[3])
    deltas = np.stack([met, met, member, member])
    limits = np.stack([getattr(frame.rows, name) for name in LIMITS])
    deltas[limits >= NO_LIMIT] = 0
    turns = (frame.own, frame.family, frame.own, frame.family)
    before = [of.before(each) for of, each in zip(turns, deltas, strict=True)]
    room = np.minimum(limits[2] - before[2], limits[3] - before[3])
    deductible, flat, rest = (of_rows(amounts) for amounts in used[:3])
    ledger = Ledger(origin[order], frame.reversal, deltas, np.stack(before) + deltas)
    return Settled(deductible, flat, rest, of_rows(np.maximum(room, 0)), ledger)
