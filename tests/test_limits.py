from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.dates import day_of
from healthsim.limits import NO_LIMIT, LimitOrder, benefit_year

rows = st.lists(
    st.tuples(
        st.integers(0, 3),  # group
        st.integers(19_000, 19_010),  # day
        st.integers(0, 500),  # amount
    ),
    max_size=40,
)


@pytest.mark.slow
@settings(deadline=None)
@given(rows, st.integers(0, 1200))
def test_a_group_uses_its_limit_in_date_order_and_never_more(
    found: list[tuple[int, int, int]], limit: int
) -> None:
    group, day, amount = (np.array(column, dtype=np.int64) for column in _columns(found))
    turns = LimitOrder.of([group], day.astype(np.int32))

    used = turns.use(amount[turns.order], np.full(len(amount), limit))

    left: dict[int, int] = {}
    expected = []
    for row in sorted(range(len(found)), key=lambda row: (found[row][0], found[row][1], row)):
        rest = left.setdefault(found[row][0], limit)
        expected.append(min(rest, found[row][2]))
        left[found[row][0]] = rest - expected[-1]
    assert used.tolist() == expected


@pytest.mark.slow
@settings(deadline=None)
@given(rows)
def test_without_a_limit_everything_is_used(found: list[tuple[int, int, int]]) -> None:
    group, day, amount = (np.array(column, dtype=np.int64) for column in _columns(found))
    turns = LimitOrder.of([group], day.astype(np.int32))

    used = turns.use(amount[turns.order], np.full(len(amount), NO_LIMIT))

    assert np.array_equal(used, amount[turns.order])


@pytest.mark.slow
@settings(deadline=None)
@given(rows)
def test_values_in_turn_order_are_put_back_into_the_order_of_the_rows(
    found: list[tuple[int, int, int]],
) -> None:
    group, day, amount = (np.array(column, dtype=np.int64) for column in _columns(found))
    turns = LimitOrder.of([group], day.astype(np.int32))

    assert turns.in_row_order(amount[turns.order]).tolist() == amount.tolist()


def test_keys_too_wide_for_one_number_still_put_rows_in_turn() -> None:
    person = np.array([2**61, 5, 2**61, 5], dtype=np.int64)
    year = np.array([2**40, 0, 2**40, 2**41], dtype=np.int64)
    day = np.array([9, 8, 7, 6], dtype=np.int32)

    turns = LimitOrder.of([person, year], day)

    assert turns.order.tolist() == [1, 3, 2, 0]
    assert turns.first.tolist() == [0, 1, 2, 2]


def test_rows_of_one_day_take_turns_by_the_tie() -> None:
    same = np.zeros(3, dtype=np.int64)

    turns = LimitOrder.of([same], same.astype(np.int32), tie=np.array([30, 10, 20]))

    assert turns.order.tolist() == [1, 2, 0]


@settings(deadline=None)
@given(st.dates(date(1960, 1, 1), date(2140, 12, 31)), st.integers(1, 12))
def test_a_benefit_year_is_the_year_in_which_it_began(day: date, first_month: int) -> None:
    days = np.array([day_of(day.isoformat())], dtype=np.int32)

    expected = day.year if day.month >= first_month else day.year - 1

    assert benefit_year(days, first_month).tolist() == [expected]
    assert benefit_year(days, np.array([first_month], dtype=np.int32)).tolist() == [expected]


def _columns(found: list[tuple[int, int, int]]) -> list[list[int]]:
    return [[row[place] for row in found] for place in range(3)]
