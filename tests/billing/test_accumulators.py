"""Limits used up in the order of processing: whole columns against a loop, row by row."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from healthsim.billing.benefits.accumulators import NEVER, NO_COPAY, BenefitRows, settle
from healthsim.limits import NO_LIMIT
from healthsim.streams import Streams

_NONE = int(NO_LIMIT)
_PLANS = np.array([
    [100_000, 200_000, 300_000, 500_000], [_NONE, 150_000, _NONE, _NONE],
    [150_000, 150_000, 400_000, 400_000], [0, _NONE, 20_000, _NONE],
])  # fmt: skip
"""Deductible and maximum of a person and a family, by plan, cents."""


def made_up(size: int, people: int, seed: int, reversed_share: float) -> BenefitRows:
    """Make up rows of families on four plans, some of which are reversed later."""
    streams = Streams(seed)

    def below(name: str, high: int) -> np.ndarray:
        return (streams.uniform(name, 0, size) * high).astype(np.int64)

    person = below("person", people).astype(np.int32)
    household = (person // 3).astype(np.int32)
    plan = ((household + below("plan", 2)) % 4).astype(np.int32)
    amount = below("amount", 60_000) * np.where(below("dear", 50) == 0, 40, 1)
    flat = np.where(below("flat", 10) < 3, np.minimum(3_000, amount), 0)
    at = below("at", 365) * 1440
    later = at + below("later", 60) * 1440 + 1
    is_reversed = streams.uniform("reversed", 0, size) < reversed_share
    limits = _PLANS[plan].T.copy()
    return BenefitRows(
        person=person, household=household, plan=plan,
        year=(2025 + below("year", 2)).astype(np.int32),
        kind=below("kind", 2).astype(np.int32), decided_at=at,
        order=np.arange(size)[::-1].copy(), amount=amount, flat=flat,
        deductible_applies=below("applies", 10) < 7,
        copay=np.where(below("copay", 10) < 3, 4_000, NO_COPAY),
        share=below("share", 5_000), most=np.where(below("most", 10) == 0, 3_500, _NONE),
        own_deductible=limits[0], family_deductible=limits[1], own_maximum=limits[2],
        family_maximum=limits[3],
        reversed_at=np.where(is_reversed, later, NEVER),
    )  # fmt: skip


def one_by_one(rows: BenefitRows) -> tuple[np.ndarray, dict[tuple[object, ...], int]]:
    """Share row after row with balances in a dictionary; return shares and last balances."""
    queue = [(int(rows.decided_at[at]), int(rows.order[at]), 0, at) for at in range(len(rows))]
    queue += [(int(rows.reversed_at[at]), int(rows.order[at]), 1, at) for at in range(len(rows))
              if rows.reversed_at[at] < NEVER]  # fmt: skip
    used: dict[tuple[object, ...], int] = defaultdict(int)
    shares = np.zeros((len(rows), 3), dtype=np.int64)
    for _, _, reverses, at in sorted(queue):
        scope = (int(rows.plan[at]), int(rows.year[at]), int(rows.kind[at]))
        own, family = ("p", int(rows.person[at]), *scope), ("h", int(rows.household[at]), *scope)
        if not reverses:
            left = max(0, min(int(rows.own_maximum[at]) - used["max", *own],
                              int(rows.family_maximum[at]) - used["max", *family]))  # fmt: skip
            unmet = max(0, min(int(rows.own_deductible[at]) - used["ded", *own],
                               int(rows.family_deductible[at]) - used["ded", *family]))  # fmt: skip
            above = int(rows.amount[at] - rows.flat[at])
            met = min(above, unmet, left) if rows.deductible_applies[at] else 0
            rest, copay = above - met, int(rows.copay[at])
            owed = min(copay, rest) if copay >= 0 else (rest * int(rows.share[at]) + 5000) // 10_000
            total = min(met + int(rows.flat[at]) + min(owed, int(rows.most[at])), left)
            flat = min(int(rows.flat[at]), total - met)
            shares[at] = met, flat, total - met - flat
        sign = -1 if reverses else 1
        for key in (own, family):
            used["ded", *key] += sign * int(shares[at, 0])
            used["max", *key] += sign * int(shares[at].sum())
    return shares, used


@pytest.mark.parametrize(("size", "people", "seed", "reversed_share"), [
    (0, 1, 1, 0.0), (1, 1, 2, 1.0), (400, 2, 3, 0.0), (400, 2, 4, 0.3), (3000, 40, 5, 0.05),
    (3000, 900, 6, 0.02),
])  # fmt: skip
def test_whole_columns_share_as_a_loop_does(
    size: int, people: int, seed: int, reversed_share: float
) -> None:
    rows = made_up(size, people, seed, reversed_share)

    settled = settle(rows)

    shares, _ = one_by_one(rows)
    assert np.array_equal(np.stack([settled.deductible, settled.flat, settled.rest], 1), shares)


def test_deltas_add_up_to_balances_which_keep_every_limit() -> None:
    rows = made_up(3000, 40, 7, 0.1)

    ledger = settle(rows).ledger

    limits = np.stack([rows.own_deductible, rows.family_deductible, rows.own_maximum,
                       rows.family_maximum])[:, ledger.row]  # fmt: skip
    grows = ledger.deltas > 0
    assert (ledger.balances >= 0).all()
    assert (ledger.balances <= limits)[grows].all()
    assert (
        ledger.deltas[0].sum()
        == ledger.deltas[0][~ledger.reversal].sum() + ledger.deltas[0][ledger.reversal].sum()
    )
    assert (ledger.deltas[:, ledger.reversal] <= 0).all()


def test_a_person_at_the_maximum_does_not_use_up_the_familys_deductible() -> None:
    """The case that a single pass gets wrong: copays reach the maximum first."""
    two = made_up(3, 1, 1, 0.0)
    rows = BenefitRows(**{
        **vars(two), "person": np.array([0, 0, 1], np.int32), "household": np.zeros(3, np.int32),
        "plan": np.zeros(3, np.int32), "year": np.full(3, 2025, np.int32),
        "kind": np.zeros(3, np.int32), "decided_at": np.arange(3), "order": np.arange(3),
        "amount": np.array([50_00, 100_00, 100_00]), "flat": np.array([50_00, 0, 0]),
        "deductible_applies": np.array([False, True, True]), "copay": np.full(3, NO_COPAY),
        "share": np.zeros(3, np.int64), "most": np.full(3, _NONE),
        "own_deductible": np.full(3, 100_00), "family_deductible": np.full(3, 150_00),
        "own_maximum": np.full(3, 50_00), "family_maximum": np.full(3, _NONE),
    })  # fmt: skip

    settled = settle(rows)

    assert settled.deductible.tolist() == [0, 0, 50_00]
    assert settled.ledger.balances[1].tolist() == [0, 0, 50_00]


def test_what_is_reversed_gives_back_its_room_and_changes_no_earlier_row() -> None:
    rows = made_up(4, 1, 1, 0.0)
    base = {
        **vars(rows), "person": np.zeros(4, np.int32), "household": np.zeros(4, np.int32),
        "plan": np.zeros(4, np.int32), "year": np.full(4, 2025, np.int32),
        "kind": np.zeros(4, np.int32), "decided_at": np.array([0, 10, 30, 40]),
        "order": np.arange(4), "amount": np.array([80_00, 80_00, 80_00, 80_00]),
        "flat": np.zeros(4, np.int64), "deductible_applies": np.ones(4, bool),
        "copay": np.full(4, NO_COPAY), "share": np.zeros(4, np.int64), "most": np.full(4, _NONE),
        "own_deductible": np.full(4, 100_00), "family_deductible": np.full(4, _NONE),
        "own_maximum": np.full(4, _NONE), "family_maximum": np.full(4, _NONE),
    }  # fmt: skip

    kept = settle(BenefitRows(**base))
    reversed_ = settle(BenefitRows(**{**base, "reversed_at": np.array([20, NEVER, NEVER, NEVER])}))

    assert kept.deductible.tolist() == [80_00, 20_00, 0, 0]
    assert reversed_.deductible.tolist() == [80_00, 20_00, 80_00, 0]
    assert reversed_.ledger.balances[0].tolist() == [80_00, 100_00, 20_00, 100_00, 100_00]
