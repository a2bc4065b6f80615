"""Condition, occurrence and value codes of an 837I, where they follow from what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.billing.datafiles import rows as rows_of
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.bills.lines import Bill
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.encounters import born_in
from healthsim.products.membersim.tables import CLAIM_CODES
from healthsim.tables import Columns

_MOST_CODES = 2**6  # of one claim
_WEIGHT, _HEIGHT = "29463-7", "8302-2"  # LOINC
_NO_READING = 9.99
_QUALIFYING_NIGHTS, _WITHIN_DAYS = 3, 30  # 42 CFR 409.30
_AMOUNTLESS = np.nan


@dataclass(frozen=True, eq=False)
class _Fact:
    """What a code says of some people of a bill; NaN and `NO_DAY` where it says nothing.

    Attributes:
        holds: bool, who has the code.
        amount: float64.
        first, last: int32, days of a span.
    """

    holds: NDArray[np.bool_]
    amount: NDArray[np.float64]
    first: Days
    last: Days


@dataclass(frozen=True, eq=False)
class _CodeRows:
    """One code of one bill, for those who have it."""

    kind: str
    code: str
    bill: Bill
    number: int
    rows: Rows
    fact: _Fact


def claim_codes(ctx: SyncContext, bills: RowLayout[Bill]) -> Columns:
    """Fill `claim_codes`: what `billing/data/claim_codes.csv` asks for and the data know."""
    sizes = _Sizes.of(ctx, [bill for bill in bills.segments if bill.institutional])
    segments = [one for place, bill in enumerate(bills.segments)
                for one in _codes_of(ctx, sizes, bill, place)]  # fmt: skip
    layout = lay_out_rows(segments, lambda one: one.number, ctx.person_id)
    if not len(layout):
        return CLAIM_CODES.empty()
    amount = layout.row_values(lambda one: one.fact.amount)
    claim = ids(layout.person_id, layout.segment_values(lambda one: one.bill.number, np.int64))
    starts = np.flatnonzero(np.diff(claim, prepend=claim[:1] - 1))
    before = np.repeat(starts, np.diff(starts, append=len(claim)))
    return CLAIM_CODES.complete({
        "claim_id": claim,
        "sequence": (np.arange(len(claim)) - before + 1).astype(np.int32),
        "person_id": layout.person_id,
        "kind": layout.segment_texts(lambda one: one.kind),
        "code": layout.segment_texts(lambda one: one.code),
        "from_date": layout.row_values(lambda one: one.fact.first),
        "through_date": layout.row_values(lambda one: one.fact.last),
        "amount": np.round(amount, 2),
    })  # fmt: skip


def _codes_of(ctx: SyncContext, sizes: _Sizes, bill: Bill, place: int) -> Iterator[_CodeRows]:
    if not bill.institutional:
        return
    for number, row in enumerate(rows_of("claim_codes.csv")):
        if row["encounter_class"] == bill.visit.details.encounter_class:
            fact = _FACTS[row["fact"]](ctx, sizes, bill)
            at = np.flatnonzero(fact.holds)
            if len(at):
                chosen = _Fact(fact.holds[at], fact.amount[at], fact.first[at], fact.last[at])
                yield _CodeRows(
                    row["kind"], row["code"], bill, place * _MOST_CODES + number,
                    bill.rows[at], chosen,
                )  # fmt: skip


def _fact(amount: NDArray[np.float64]) -> _Fact:
    none = np.full(len(amount), NO_DAY, dtype=np.int32)
    return _Fact(~np.isnan(amount), amount, none, none)


def _always(_: SyncContext, _sizes: _Sizes, bill: Bill) -> _Fact:
    none = np.full(len(bill.rows), NO_DAY, dtype=np.int32)
    return _Fact(np.ones(len(none), bool), np.full(len(none), _AMOUNTLESS), none, none)


def _nights(_: SyncContext, _sizes: _Sizes, bill: Bill) -> _Fact:
    return _fact(np.maximum(bill.visit.nights[bill.at], 1).astype(np.float64))


def _no_reading(_: SyncContext, _sizes: _Sizes, bill: Bill) -> _Fact:
    return _fact(np.full(len(bill.rows), _NO_READING))


@dataclass(frozen=True, eq=False)
class _Sizes:
    """Weight in kg and height in cm of the people of bills on their first day.

    Attributes:
        begins: place of a bill's people among all, by its number.
    """

    begins: Mapping[int, int]
    kg: NDArray[np.float64]
    cm: NDArray[np.float64]

    @classmethod
    def of(cls, ctx: SyncContext, bills: Sequence[Bill]) -> _Sizes:
        """Measure everybody who needs it at once."""
        asked = [bill for bill in bills if _is_measured(ctx, bill)]
        if not asked:
            return cls({}, np.zeros(0), np.zeros(0))
        rows = np.concatenate([bill.rows for bill in asked])
        days = np.concatenate([bill.visit.first[bill.at] for bill in asked])
        days = np.maximum(days, np.int32(ctx.as_of)).astype(np.int32)
        order = np.argsort(rows, kind="stable")
        found = ctx.record.body.values([_WEIGHT, _HEIGHT], rows[order], days[order])
        kg, cm = np.empty(len(rows)), np.empty(len(rows))
        kg[order], cm[order] = found[_WEIGHT], found[_HEIGHT]
        lengths = np.cumsum([0, *(len(bill.rows) for bill in asked)]).tolist()
        return cls({bill.number: at for bill, at in zip(asked, lengths, strict=False)}, kg, cm)

    def of_bill(self, bill: Bill, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of a bill's people."""
        begin = self.begins[bill.number]
        return values[begin : begin + len(bill.rows)]


def _is_measured(ctx: SyncContext, bill: Bill) -> bool:
    return bill.visit.details.encounter_class == "dialysis" or (
        bill.is_stay and bool(born_in(ctx, bill.visit)[bill.at].any())
    )


def _weight(_: SyncContext, sizes: _Sizes, bill: Bill) -> _Fact:
    return _fact(np.round(sizes.of_bill(bill, sizes.kg), 2))


def _height(_: SyncContext, sizes: _Sizes, bill: Bill) -> _Fact:
    return _fact(np.round(sizes.of_bill(bill, sizes.cm), 2))


def _birth_weight(ctx: SyncContext, sizes: _Sizes, bill: Bill) -> _Fact:
    born = born_in(ctx, bill.visit)[bill.at]
    if not born.any():
        return _fact(np.full(len(born), np.nan))
    grams = np.round(sizes.of_bill(bill, sizes.kg) * 1000)
    return _fact(np.where(born, grams, np.nan))


def _county(ctx: SyncContext, _: _Sizes, bill: Bill) -> _Fact:
    codes = ctx.identity.county_fips.take(bill.rows)
    numbers = [float(word) if word.isdigit() else np.nan for word in codes.vocabulary]
    return _fact(np.array([*numbers, np.nan])[codes.codes])


def _qualifying_stay(ctx: SyncContext, _sizes: _Sizes, bill: Bill) -> _Fact:
    """Return the last stay of three nights that ended within thirty days before."""
    begins = bill.visit.first[bill.at]
    first = np.full(len(begins), NO_DAY, dtype=np.int32)
    last = first.copy()
    for stay in ctx.visits.values():
        if stay.details.encounter_class == "inpatient":
            _, at, of = np.intersect1d(bill.rows, stay.rows, return_indices=True)
            gap = begins[at] - stay.last[of]
            fits = (gap >= 0) & (gap <= _WITHIN_DAYS) & (stay.nights[of] >= _QUALIFYING_NIGHTS)
            fits &= (stay.last[of] > last[at]) | (last[at] == NO_DAY)
            first[at[fits]], last[at[fits]] = stay.first[of[fits]], stay.last[of[fits]]
    return _Fact(last != NO_DAY, np.full(len(begins), _AMOUNTLESS), first, last)


_FACTS: Mapping[str, Callable[[SyncContext, _Sizes, Bill], _Fact]] = {
    "always": _always, "nights": _nights, "no_reading": _no_reading, "weight_kg": _weight,
    "height_cm": _height, "birth_weight_g": _birth_weight, "county": _county,
    "qualifying_stay": _qualifying_stay,
}  # fmt: skip
