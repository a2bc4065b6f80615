from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.products.membersim.plans import PlanTable
from healthsim.products.membersim.sharing import NO_COPAY, CostShares, CostSharingInput, share_costs
from healthsim.specification.profiles.plan_design import PlanDesign

PLANS = PlanTable.of({
    "plain": PlanDesign(kind="commercial", deductible_usd=3, oop_max_usd=8, coinsurance_share=0.2),
    "mid-year": PlanDesign(
        kind="commercial", deductible_usd=5, oop_max_usd=5, coinsurance_share=0.35, benefit_year=7
    ),
    "no maximum": PlanDesign(kind="medicare_original", deductible_usd=2, coinsurance_share=0.15),
    "first dollar": PlanDesign(kind="medicaid", coinsurance_share=0, oop_max_usd=1),
    "family": PlanDesign(kind="commercial", deductible_usd=4, family_deductible_usd=5,
                         oop_max_usd=7, family_oop_max_usd=9, coinsurance_share=0.25),
})  # fmt: skip


def limit(plan: int, which: int) -> int:
    return int(PLANS.limits[0, plan, 2, which])


class Line(NamedTuple):
    person: int
    plan: int
    day: int
    allowed: int
    copay: int
    covered: bool


lines = st.lists(
    st.builds(
        Line,
        st.integers(0, 2),
        st.integers(0, 4),
        st.integers(20_089 - 250, 20_089 + 250),  # around 2025-01-01
        st.one_of(st.just(0), st.integers(0, 1500)),
        st.one_of(st.just(-1), st.integers(0, 400)),
        st.booleans(),
    ),
    max_size=60,
)


HOUSEHOLD = (0, 1, 1)
"""The household of each person: the second and the third are a family."""


def _input(
    served: list[Line], tie: np.ndarray | None = None, *, families: bool = False
) -> CostSharingInput:
    column = lambda name, dtype: np.array([getattr(line, name) for line in served], dtype=dtype)  # noqa: E731
    return CostSharingInput(
        person=column("person", np.int32), plan=column("plan", np.int32),
        service_date=column("day", np.int32), allowed=column("allowed", np.int64),
        copay=column("copay", np.int64), covered=column("covered", np.bool_), tie=tie,
        household=np.array(HOUSEHOLD, dtype=np.int32)[column("person", np.int32)]
        if families else None,
        family=column("person", np.int32) > 0 if families else None,
    )  # fmt: skip


def _one_by_one(
    served: list[Line], turn: list[int], household: tuple[int, ...] = (0, 1, 2)
) -> list[tuple[int, int, int, int]]:
    """Share line after line, as a clerk would, with a page for each person and each household."""
    met: dict[tuple[int, int, int], int] = {}
    spent: dict[tuple[int, int, int], int] = {}
    met_at_home: dict[tuple[int, int, int], int] = {}
    spent_at_home: dict[tuple[int, int, int], int] = {}
    result = [(0, 0, 0, 0)] * len(served)
    for row in turn:
        line = served[row]
        moment = np.datetime64(line.day, "D")
        month = int(moment.astype("datetime64[M]").astype(int))
        key = (line.person, line.plan, (month - int(PLANS.first_month[line.plan]) + 1) // 12)
        home = (household[line.person], *key[1:])
        deductible = coinsurance = copay = 0
        if line.covered:
            pass
        elif line.copay >= 0:
            copay = min(line.copay, line.allowed)
        else:
            unmet = min(
                limit(line.plan, 0) - met.get(key, 0),
                limit(line.plan, 1) - met_at_home.get(home, 0),
            )
            deductible = min(unmet, line.allowed)
            points = int(PLANS.coinsurance_points[line.plan, -1])
            coinsurance = ((line.allowed - deductible) * points + 5_000) // 10_000
        room = min(
            limit(line.plan, 2) - spent.get(key, 0),
            limit(line.plan, 3) - spent_at_home.get(home, 0),
        )
        excess = max(0, deductible + coinsurance + copay - room)
        cut = min(excess, coinsurance)
        coinsurance, excess = coinsurance - cut, excess - cut
        cut = min(excess, copay)
        copay, excess = copay - cut, excess - cut
        deductible -= excess
        met[key] = met.get(key, 0) + deductible
        met_at_home[home] = met_at_home.get(home, 0) + deductible
        spent[key] = spent.get(key, 0) + deductible + coinsurance + copay
        spent_at_home[home] = spent_at_home.get(home, 0) + deductible + coinsurance + copay
        paid = line.allowed - deductible - coinsurance - copay
        result[row] = (deductible, coinsurance, copay, paid)
    return result


def _rows(shares: CostShares) -> list[tuple[int, ...]]:
    columns = (shares.deductible, shares.coinsurance, shares.copay, shares.plan_paid)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(lines)
def test_whole_columns_share_as_a_clerk_does_line_by_line(served: list[Line]) -> None:
    turn = sorted(range(len(served)), key=lambda row: (served[row].day, row))

    assert _rows(share_costs(_input(served), PLANS)) == _one_by_one(served, turn)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(lines)
def test_a_family_meets_its_limits_as_a_clerk_keeps_its_page(served: list[Line]) -> None:
    turn = sorted(range(len(served)), key=lambda row: (served[row].day, row))

    assert _rows(share_costs(_input(served, families=True), PLANS)) == _one_by_one(
        served, turn, HOUSEHOLD
    )


def test_a_persons_deductible_is_met_when_the_familys_is() -> None:
    none = int(NO_COPAY)
    served = [Line(1, 4, 20_100, 300, none, False), Line(2, 4, 20_101, 300, none, False),
             Line(2, 4, 20_102, 400, none, False)]  # fmt: skip

    shares = share_costs(_input(served, families=True), PLANS)

    assert shares.deductible.tolist() == [300, 200, 0]
    assert shares.coinsurance.tolist() == [0, 25, 100]


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(lines, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter_when_ties_are_given(
    served: list[Line], shuffle: object
) -> None:
    tie = np.arange(len(served))
    order = list(range(len(served)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]

    straight = _rows(share_costs(_input(served, tie), PLANS))
    mixed = _rows(share_costs(_input([served[row] for row in order], tie[order]), PLANS))

    assert mixed == [straight[row] for row in order]


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(lines)
def test_nobody_pays_more_than_the_maximum_and_nothing_is_lost(served: list[Line]) -> None:
    served = _input(served)
    shares = share_costs(served, PLANS)
    member = shares.deductible + shares.coinsurance + shares.copay

    assert np.array_equal(member + shares.plan_paid, served.allowed)
    for part in (shares.deductible, shares.coinsurance, shares.copay, shares.plan_paid):
        assert np.all(part >= 0)
    half_year = served.service_date < 20_089  # both plan calendars split here or in July
    for person in range(3):
        for half in (True, False):
            rows = (served.person == person) & (served.plan == 0) & (half_year == half)
            assert member[rows].sum() <= limit(0, 2)


def test_a_covered_line_with_a_copay_is_free() -> None:
    shares = share_costs(_input([Line(0, 0, 20_100, 1000, 300, True)]), PLANS)

    assert _rows(shares) == [(0, 0, 0, 1000)]


def test_a_copay_line_leaves_the_deductible_untouched() -> None:
    served = [Line(0, 0, 20_100, 1000, 250, False), Line(0, 0, 20_101, 1000, int(NO_COPAY), False)]

    assert _rows(share_costs(_input(served), PLANS)) == [(0, 0, 250, 750), (300, 140, 0, 560)]


def test_what_is_above_the_maximum_comes_off_coinsurance_then_copay_then_deductible() -> None:
    served = [
        Line(0, 0, 20_100, 700, 600, False),  # 600 of 800 spent
        Line(0, 0, 20_101, 2300, int(NO_COPAY), False),  # 300 + 400, only 200 left
        Line(0, 0, 20_102, 500, 100, False),  # nothing left
    ]

    assert _rows(share_costs(_input(served), PLANS)) == [
        (0, 0, 600, 100),
        (200, 0, 0, 2100),
        (0, 0, 0, 500),
    ]


def test_no_lines_share_nothing() -> None:
    assert _rows(share_costs(_input([]), PLANS)) == []
