"""Claims and fills are decided in one order, as they use up the same limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.accumulators import (
    KINDS,
    LIMITS,
    MINUTES,
    BenefitRows,
    Ledger,
    Settled,
    settle,
)
from healthsim.execution.sync.bills.claims import UnpricedClaims, with_facts
from healthsim.execution.sync.context import SyncContext
from healthsim.limits import Cents
from healthsim.products.membersim.generate import PricedClaims, claims, price_claims
from healthsim.products.membersim.sharing import benefit_rows, cost_shares
from healthsim.products.membersim.tables import ACCUMULATOR_EVENTS
from healthsim.products.rxmembersim.generate import (
    DispensedFills,
    PricedDispensing,
    drug_events,
    fills,
    price_fills,
)
from healthsim.products.rxmembersim.sharing import fill_rows, fill_shares
from healthsim.tables import NO_NUMBER, Coded, Columns

_WORDS = {"own_deductible": "deductible", "family_deductible": "family_deductible",
          "own_maximum": "oop_max", "family_maximum": "family_oop_max"}  # fmt: skip
BUCKETS = tuple(
    f"{'' if kind == 'medical' else f'{kind}_'}{_WORDS[limit]}"
    for kind in KINDS
    for limit in LIMITS
)
"""What limits are called, by kind and limit."""


@dataclass(frozen=True, eq=False)
class Decided:
    """The claims and fills of a chunk after their decision: who pays what.

    Attributes:
        medical: priced claims; None where there are none.
        pharmacy: priced fills; None where there are none.
        rows: the lines, then the fills, as rows to be settled.
        settled: of the same rows.
    """

    ctx: SyncContext
    unpriced: UnpricedClaims | None
    medical: PricedClaims | None
    pharmacy: PricedDispensing | None
    rows: BenefitRows | None
    settled: Settled | None

    @classmethod
    def of(
        cls, ctx: SyncContext, unpriced: UnpricedClaims | None, dispensed: DispensedFills | None
    ) -> Decided:
        """Decide the claims and fills of a chunk."""
        plans = ctx.plans
        medical = pharmacy = None
        if unpriced is not None:
            medical = price_claims(unpriced.headers, unpriced.lines, plans)
        if dispensed is not None:
            home = _household(ctx, dispensed.person, dispensed.plan)
            pharmacy = price_fills(dispensed, plans, home)
        rows = [] if medical is None else [benefit_rows(medical.sharing, plans)]
        rows += [] if pharmacy is None else [fill_rows(pharmacy.sharing, plans)]
        if not rows:
            return cls(ctx, unpriced, None, None, None, None)
        together = rows[0] if len(rows) == 1 else rows[0].then(rows[1])
        return cls(ctx, unpriced, medical, pharmacy, together, settle(together))

    def claim_tables(self) -> dict[str, Columns]:
        """Fill `claims`, `claim_lines`, `claim_adjustments` and `claim_diagnoses`."""
        if self.medical is None or self.unpriced is None or self.settled is None:
            return {}
        own = self.settled.part(0, self._lines)
        tables = claims(self.medical, cost_shares(self.medical.sharing, own, self.ctx.plans))
        return with_facts(self.ctx, self.unpriced, tables)

    def fill_tables(self) -> dict[str, Columns]:
        """Fill `fills` and `prescription_drug_events`."""
        if self.pharmacy is None or self.settled is None:
            return {}
        plans, priced = self.ctx.plans, self.pharmacy
        own = self.settled.part(self._lines, len(self.settled.deductible))
        shares = fill_shares(priced.sharing, own, plans)
        return {
            "fills": fills(priced, shares, plans),
            "prescription_drug_events": drug_events(priced, shares, plans),
        }

    @property
    def _lines(self) -> int:
        return 0 if self.medical is None else len(self.medical.lines.bill)

    def accumulator_events(self) -> Columns:
        """Fill `accumulator_events`: one row for each claim or fill and limit that it moves."""
        if self.settled is None or self.rows is None:
            return ACCUMULATOR_EVENTS.empty()
        found = _movements(self.settled.ledger, self.rows, self._sources())
        order = np.lexsort((found.seq, self.ctx.person_id[self.rows.person[found.row]]))
        row, reversal = found.row[order], found.reversal[order]
        of_fill = row >= self._lines
        at = np.where(reversal, self.rows.reversed_at[row], self.rows.decided_at[row])
        return ACCUMULATOR_EVENTS.complete({
            "person_id": self.ctx.person_id[self.rows.person[row]],
            "seq": found.seq[order],
            "plan_id": Coded(self._plans()[row], self.ctx.plans.names),
            "year": self.rows.year[row],
            "bucket": Coded(found.bucket[order], BUCKETS),
            "claim_id": np.where(of_fill, NO_NUMBER, self._ids()[row]),
            "fill_id": np.where(of_fill, self._ids()[row], NO_NUMBER),
            "version": np.ones(len(row), dtype=np.int32),
            "decided_date": (at // MINUTES).astype(np.int32),
            "delta_usd": found.delta[order],
            "balance_usd": found.balance[order],
        })  # fmt: skip

    def _sources(self) -> NDArray[np.int64]:
        """Return a number of the claim or fill of each row; lines of one claim share it."""
        claim = [] if self.medical is None else [self.medical.lines.bill.astype(np.int64)]
        bills = 0 if self.medical is None else len(self.medical.bills.claim_id)
        fill = [] if self.pharmacy is None else [bills + np.arange(len(self.pharmacy.cost))]
        return np.concatenate([*claim, *fill])

    def _ids(self) -> NDArray[np.int64]:
        """Return the id of the claim or fill of each row, int64."""
        claim = [] if self.medical is None else [
            self.medical.bills.claim_id[self.medical.lines.bill]
        ]  # fmt: skip
        fill = [] if self.pharmacy is None else [self.pharmacy.dispensed.fill_id]
        return np.concatenate([*claim, *fill])

    def _plans(self) -> NDArray[np.int32]:
        """Return the plan number of each row, int32."""
        claim = [] if self.medical is None else [self.medical.sharing.plan]
        fill = [] if self.pharmacy is None else [self.pharmacy.dispensed.plan]
        return np.concatenate([*claim, *fill]).astype(np.int32)


@dataclass(frozen=True, eq=False)
class _Movements:
    """What claims and fills add to limits or take from them; arrays of shape (e,).

    Attributes:
        row: intp, a row of the claim or fill.
        bucket: int32, place in `BUCKETS`.
        seq: int32, number in the household, from 1.
        delta, balance: int64 cents.
    """

    row: NDArray[np.intp]
    reversal: NDArray[np.bool_]
    bucket: NDArray[np.int32]
    seq: NDArray[np.int32]
    delta: Cents
    balance: Cents


def _movements(ledger: Ledger, rows: BenefitRows, source: NDArray[np.int64]) -> _Movements:
    """Add up the lines of each claim by limit, in the order of processing."""
    places, buckets, deltas, balances = [], [], [], []
    for limit in range(len(LIMITS)):
        at = np.flatnonzero(ledger.deltas[limit])
        row = ledger.row[at]
        keys = (source[row], rows.year[row], rows.kind[row], ledger.reversal[at])
        new = np.ones(len(at), dtype=np.bool_)
        new[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
        first = np.flatnonzero(new)
        last = np.append(first[1:], len(at)) - 1
        if not first.size:
            continue
        places.append(at[last])
        buckets.append(rows.kind[row[last]] * np.int32(len(LIMITS)) + np.int32(limit))
        deltas.append(np.add.reduceat(ledger.deltas[limit, at], first))
        balances.append(ledger.balances[limit, at[last]])
    none = np.zeros(0, dtype=np.int64)
    place = np.concatenate([none, *places])
    bucket = np.concatenate([none, *buckets])
    order = np.lexsort((bucket, place))
    row = ledger.row[place[order]]
    household = rows.household[row]
    begins = np.ones(len(row), dtype=np.bool_)
    begins[1:] = household[1:] != household[:-1]
    number = np.arange(len(row))
    seq = number - np.maximum.accumulate(np.where(begins, number, 0)) + 1
    return _Movements(
        row=row,
        reversal=ledger.reversal[place[order]],
        bucket=bucket[order].astype(np.int32),
        seq=seq.astype(np.int32),
        delta=np.concatenate([none, *deltas])[order],
        balance=np.concatenate([none, *balances])[order],
    )


def _household(
    ctx: SyncContext, rows: NDArray[np.int32], plan: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]] | None:
    """Return the household of each row, and whether two or more of it are on the plan."""
    homes = ctx.people.households
    if homes is None:
        return None
    return homes.anchor[rows].astype(np.int32), ctx.family_coverage[rows, plan]
