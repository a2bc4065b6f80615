"""Days as whole numbers, against the standard library's calendar."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.dates import (
    add_months,
    day_of,
    federal_holidays,
    iso,
    next_business_day,
    whole_years,
    years,
)

SMALL = settings(max_examples=150, deadline=None, derandomize=True)
DATES = st.dates(date(1850, 1, 1), date(2199, 12, 1))


def numbers(*days: date) -> np.ndarray:
    return np.array([day_of(day.isoformat()) for day in days], dtype=np.int32)


@SMALL
@given(DATES)
def test_a_day_and_its_date_are_the_same(day: date) -> None:
    assert iso(day_of(day.isoformat())) == day.isoformat()
    assert day_of(day.isoformat()) == (day - date(1970, 1, 1)).days
    assert years(numbers(day)).tolist() == [day.year]


@SMALL
@given(DATES, st.integers(-1500, 1500))
def test_months_are_added_as_on_a_wall_calendar(day: date, months: int) -> None:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    length = ((first.replace(day=28) + timedelta(days=4)).replace(day=1) - first).days

    assert iso(int(add_months(numbers(day), months)[0])) == str(
        first.replace(day=min(day.day, length))
    )


def test_each_day_may_move_by_months_of_its_own() -> None:
    found = add_months(numbers(date(2024, 1, 31), date(2024, 3, 31)), np.array([1, -1], np.int32))

    assert [iso(int(day)) for day in found] == ["2024-02-29", "2024-02-29"]


@pytest.mark.slow
@SMALL
@given(DATES, st.integers(0, 40_000))
def test_ages_are_completed_years(born: date, later: int) -> None:
    day = born + timedelta(days=later)
    expected = day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    assert whole_years(numbers(born), numbers(day)).tolist() == [expected]


def test_who_is_born_on_a_leap_day_is_a_year_older_on_the_first_of_march() -> None:
    born = numbers(date(2004, 2, 29), date(2004, 2, 29))

    assert whole_years(born, numbers(date(2023, 2, 28), date(2023, 3, 1))).tolist() == [18, 19]


@SMALL
@given(st.dates(date(1995, 1, 1), date(2150, 1, 1)))
def test_a_day_rolls_forward_to_the_first_open_one(day: date) -> None:
    rolled = date.fromisoformat(iso(int(next_business_day(numbers(day))[0])))
    closed = {*federal_holidays(day.year), *federal_holidays(day.year + 1)}

    assert rolled.weekday() < 5
    assert rolled not in closed
    for between in range((rolled - day).days):
        skipped = day + timedelta(days=between)
        assert skipped.weekday() >= 5 or skipped in closed


@pytest.mark.parametrize(
    ("year", "observed"),
    [  # OPM, federal holidays as observed
        (2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
        (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
        (2022, "2021-12-31 01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"),
    ],
)
def test_holidays_are_those_that_offices_keep(year: int, observed: str) -> None:
    expected = [day if len(day) > 5 else f"{year}-{day}" for day in observed.split()]

    assert [day.isoformat() for day in federal_holidays(year)] == expected


def test_an_open_day_stays_itself() -> None:
    day = numbers(date(2025, 3, 5))

    assert next_business_day(day).tolist() == day.tolist()
