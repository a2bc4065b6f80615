"""Global periods: an operation's price has the surgeon's visits; no line is for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.operations import SIDES, global_days
from healthsim.billing.professional.visit_codes import is_packaged, is_uncharged
from healthsim.dates import Days
from healthsim.execution.sync.bills.clinicians.occasions import Dated, Occasions, practice_of
from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.execution.sync.context import SyncContext

_APART = frozenset({"24", "25", "57", "58", "78", "79"})
_NOT_ITSELF = frozenset({"80", "81", "82", "AS", "54", "55", "56"})
_SHORT = 10  # days
_FOLLOWING = frozenset("ZTR")
"""First letters of diagnoses that may be about an operation: care after it, injuries, symptoms."""


@dataclass(frozen=True, eq=False)
class _Operations:
    """The operations of a chunk that have days in their price; arrays of shape (n,).

    Attributes:
        days: day of the operation.
        length: days after it that are in its price.
        side: 0 none, else a side's place in `SIDES` from 1.
        letter: uint32, first letter of the diagnosis.
    """

    occasions: Occasions
    days: Days
    length: NDArray[np.int32]
    side: NDArray[np.int32]
    letter: NDArray[np.uint32]

    def holding(
        self, asked: Dated, letters: NDArray[np.uint32]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which visits are in an operation's days, and which are about it; bool, (n,)."""
        last = self.occasions.last(replace(asked, days=asked.days - np.int32(1)))
        at = np.maximum(last, 0)
        inside = (last >= 0) & (asked.days - self.days[at] <= self.length[at])
        about = (letters == self.letter[at]) | np.isin(letters, [ord(one) for one in _FOLLOWING])
        return inside, about


def keep_packages(ctx: SyncContext, bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills without visits that an operation's price has, and without 99024.

    The surgeon's own specialty in the same group bills nothing for visits about the operation
    from the day before it to 10 or 90 days after. A visit for something else has modifier 24, the
    visit of the day before or of the day itself 57 (25 where the period has 10 days), and another
    operation on the other side 79. Who stated one of these modifiers knows better: it stays.
    """
    found = _operations(ctx, bills)
    return [_kept(ctx, bill, found) for bill in bills]


def days_in_price(line: BilledLine) -> int:
    """Return the days after a line's service that are in its price: stated, else the schedule's."""
    if line.code is None or _NOT_ITSELF & set(line.modifiers):
        return 0
    return line.global_days or global_days(line.code)


def _operations(ctx: SyncContext, bills: Sequence[Bill]) -> tuple[_Operations, ...]:
    """Return the operations with 90 days in their price, and those with 10; each if there are any.

    They are asked one by one, since a small one may fall into the period of a large one.
    """
    lines = [(bill, line) for bill in bills if not bill.institutional
             for line in bill.lines if days_in_price(line) and len(line.rows)]  # fmt: skip
    large = [one for one in lines if days_in_price(one[1]) > _SHORT]
    small = [one for one in lines if days_in_price(one[1]) <= _SHORT]
    return tuple(_found(ctx, some) for some in (large, small) if some)


def _found(ctx: SyncContext, lines: Sequence[tuple[Bill, BilledLine]]) -> _Operations:
    return _Operations(
        Occasions([_dated(ctx, bill, line) for bill, line in lines]),
        np.concatenate([line.days for _, line in lines]),
        np.concatenate([np.full(len(line.rows), days_in_price(line), dtype=np.int32)
                        for _, line in lines]),
        np.concatenate([np.full(len(line.rows), _side(line), dtype=np.int32) for _, line in lines]),
        np.concatenate([_letters(bill, line) for bill, line in lines]),
    )  # fmt: skip


def _dated(ctx: SyncContext, bill: Bill, line: BilledLine) -> Dated:
    provider = bill.provider[bill.visit.position_of(line.rows)]
    return Dated(line.rows, line.days, practice_of(ctx, provider))


def _side(line: BilledLine) -> int:
    return next((place for place, side in enumerate(SIDES, 1) if side in line.modifiers), 0)


def _letters(bill: Bill, line: BilledLine) -> NDArray[np.uint32]:
    """Return the first letter of everybody's first diagnosis, as its number; uint32."""
    codes = bill.visit.diagnoses
    letters = np.array([ord(one[0][0]) if one else 0 for one in codes.lists], dtype=np.uint32)
    return letters[codes.chosen[bill.visit.position_of(line.rows)]]


def _kept(ctx: SyncContext, bill: Bill, found: Sequence[_Operations]) -> Bill:
    if bill.institutional or not any(_is_judged(line) for line in bill.lines):
        return bill
    lines = (one for line in bill.lines for one in _judged(ctx, bill, line, found))
    return replace(bill, lines=tuple(one for one in lines if len(one.rows)))


def _is_judged(line: BilledLine) -> bool:
    code = line.code or ""
    return is_packaged(code) or bool(days_in_price(line))


def _judged(
    ctx: SyncContext, bill: Bill, line: BilledLine, found: Sequence[_Operations]
) -> Iterator[BilledLine]:
    code = line.code or ""
    if is_uncharged(code):
        return
    if not found or not _is_judged(line) or _APART & set(line.modifiers):
        yield line
    elif is_packaged(code):
        yield from _visits(ctx, bill, line, found)
    else:
        yield from _again(ctx, bill, line, found)


def _visits(
    ctx: SyncContext, bill: Bill, line: BilledLine, found: Sequence[_Operations]
) -> Iterator[BilledLine]:
    """Yield the visits that are billed: as they are, with 24, and with 57 or 25."""
    asked = _dated(ctx, bill, line)
    own = _letters(bill, line)
    inside, about, major, minor = (np.zeros(len(line.rows), dtype=np.bool_) for _ in range(4))
    for one in found:
        here, its = one.holding(asked, own)
        inside |= here
        about |= here & its
        before = one.occasions.last(replace(asked, days=asked.days + np.int32(1)))
        at = np.maximum(before, 0)
        decides = (before >= 0) & (one.days[at] >= asked.days)
        major |= decides & (one.length[at] > _SHORT)
        minor |= decides & (one.length[at] <= _SHORT) & (one.days[at] == asked.days)
    major &= ~inside
    minor &= ~inside & ~major
    for keep, modifier in (
        (~inside & ~major & ~minor, None), (inside & ~about, "24"), (major, "57"), (minor, "25"),
    ):  # fmt: skip
        if keep.any():
            kept = line if keep.all() else line.take(keep)
            yield kept if modifier is None else _with(kept, modifier)


def _again(
    ctx: SyncContext, bill: Bill, line: BilledLine, found: Sequence[_Operations]
) -> Iterator[BilledLine]:
    """Yield operations: with 79 those on the other side within another one's period."""
    asked = _dated(ctx, bill, line)
    side, other = _side(line), np.zeros(len(line.rows), dtype=np.bool_)
    for one in found:
        last = one.occasions.last(replace(asked, days=asked.days - np.int32(1)))
        at = np.maximum(last, 0)
        inside = (last >= 0) & (asked.days - one.days[at] <= one.length[at])
        other |= inside & (side > 0) & (one.side[at] > 0) & (one.side[at] != side)
    for keep, again in ((~other, False), (other, True)):
        if keep.any():
            kept = line if keep.all() else line.take(keep)
            yield _with(kept, "79") if again else kept


def _with(line: BilledLine, modifier: str) -> BilledLine:
    return replace(line, modifiers=(modifier, *line.modifiers))
