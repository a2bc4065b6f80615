"""Days as whole numbers since 1970-01-01, and the business days of the United States."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int32]
"""Days since 1970-01-01, int32; `NO_DAY` where there is none."""

NO_DAY = np.int32(-(2**31))
_EPOCH = date(1970, 1, 1).toordinal()
_DAY, _SKIPPED, _SINCE = 24 * 60, (2 * 60, 3 * 60), 2007
_FIRST_SUNDAY = 3  # 1970-01-04
_FORTNIGHT = 14
_CALENDAR = (1900, 2200)  # years for which holidays are known


def day_of(text: str) -> int:
    """Return the day number of an ISO date.

    >>> day_of("1970-01-02")
    1
    """
    return date.fromisoformat(text).toordinal() - _EPOCH


def iso(day: int) -> str:
    """Return the ISO date of a day number.

    >>> iso(20089)
    '2025-01-01'
    """
    return date.fromordinal(int(day) + _EPOCH).isoformat()


def years(days: Days) -> NDArray[np.int32]:
    """Return the calendar year of each day, int32; meaningless where `NO_DAY`."""
    as_years = days.astype("datetime64[D]").astype("datetime64[Y]")
    return as_years.astype(np.int32) + np.int32(1970)


def add_months(days: Days, months: NDArray[np.int32] | int) -> Days:
    """Move each day by whole months, to the last day of a month that is too short.

    >>> iso(add_months(np.array([day_of("2025-01-31")], dtype=np.int32), 1)[0])
    '2025-02-28'
    """
    moment = days.astype("datetime64[D]")
    month = moment.astype("datetime64[M]")
    within = (moment - month.astype("datetime64[D]")).astype(np.int64)
    target = month + np.asarray(months).astype("timedelta64[M]")
    first = target.astype("datetime64[D]").astype(np.int64)
    length = (target + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - first
    moved: Days = (first + np.minimum(within, length - 1)).astype(np.int32)
    return moved


def whole_months(born: Days, at: Days) -> NDArray[np.int32]:
    """Return completed months of age on day `at`; negative before birth.

    >>> whole_months(np.array([0], dtype=np.int32), np.array([30], dtype=np.int32)).tolist()
    [0]
    """
    birth, today = born.astype("datetime64[D]"), at.astype("datetime64[D]")
    months = (today.astype("datetime64[M]") - birth.astype("datetime64[M]")).astype(np.int64)
    birth_day = (birth - birth.astype("datetime64[M]")).astype(np.int64)
    this_day = (today - today.astype("datetime64[M]")).astype(np.int64)
    completed: NDArray[np.int32] = (months - (this_day < birth_day)).astype(np.int32)
    return completed


def whole_years(born: Days, at: Days) -> NDArray[np.int32]:
    """Return completed years of age on day `at`.

    >>> whole_years(np.array([0], dtype=np.int32), np.array([364], dtype=np.int32)).tolist()
    [0]
    """
    completed: NDArray[np.int32] = whole_months(born, at) // np.int32(12)
    return completed


def next_business_day(days: Days) -> Days:
    """Roll weekends and US federal holidays forward to the next business day.

    >>> iso(next_business_day(np.array([day_of("2025-01-01")], dtype=np.int32))[0])
    '2025-01-02'
    """
    rolled = np.busday_offset(
        days.astype("datetime64[D]"), 0, roll="forward", busdaycal=_business_calendar()
    )
    return rolled.astype(np.int32)


def last_business_day(days: Days) -> Days:
    """Roll weekends and US federal holidays back to the last business day.

    >>> iso(last_business_day(np.array([day_of("2025-01-01")], dtype=np.int32))[0])
    '2024-12-31'
    """
    rolled = np.busday_offset(
        days.astype("datetime64[D]"), 0, roll="backward", busdaycal=_business_calendar()
    )
    return rolled.astype(np.int32)


def are_open(days: Days, offsets: Sequence[int]) -> NDArray[np.bool_]:
    """Tell from which days all of some offsets are business days, bool.

    >>> are_open(np.array([day_of("2025-01-08"), day_of("2025-01-09")]), (0, 2)).tolist()
    [True, False]
    """
    found = np.ones(len(days), dtype=np.bool_)
    for offset in offsets:
        dates = (days + np.int32(offset)).astype("datetime64[D]")
        found &= np.is_busday(dates, busdaycal=_business_calendar())
    return found


def next_open(days: Days, offsets: Sequence[int]) -> Days:
    """Return the first days, from some on, from which all offsets are business days, int32.

    A day stays where there is none within two weeks.

    >>> iso(next_open(np.array([day_of("2025-01-09")], dtype=np.int32), (0, 2))[0])
    '2025-01-13'
    """
    moved = days.copy()
    for shift in range(_FORTNIGHT, -1, -1):
        tried = (days + np.int32(shift)).astype(np.int32)
        moved = np.where(are_open(tried, offsets), tried, moved)
    return moved.astype(np.int32)


def existing_minutes(minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move local times that daylight saving skips to the end of the hour that is skipped.

    On the second Sunday of March, clocks go from 2 to 3 o'clock (15 U.S.C. 260a, since 2007). The
    few places that keep their hour all year are not told apart.

    Args:
        minutes: since 1970, int64; negative values far in the past stand for none and are kept.

    >>> existing_minutes(np.array([day_of("2025-03-09") * 1440 + 150]))[0] % 1440
    np.int64(180)
    """
    day, minute = np.divmod(minutes, _DAY)
    skipped = (minute >= _SKIPPED[0]) & (minute < _SKIPPED[1])
    skipped &= (day - _FIRST_SUNDAY) % 7 == 0  # few rows are left to look at
    at = np.flatnonzero(skipped)
    date_ = day[at].astype("datetime64[D]")
    month = date_.astype("datetime64[M]")
    of_month = (date_ - month.astype("datetime64[D]")).astype(np.int64) + 1
    years_since = month.astype(np.int64) // 12 + 1970
    gap = (month.astype(np.int64) % 12 == 2) & (of_month >= 8) & (of_month <= 14)
    at = at[gap & (years_since >= _SINCE)]
    moved = minutes.copy()
    moved[at] = day[at] * _DAY + _SKIPPED[1]
    return moved


@cache
def _business_calendar() -> np.busdaycalendar:
    first, last = _CALENDAR
    return np.busdaycalendar(
        holidays=[day for year in range(first, last) for day in federal_holidays(year)]
    )


def federal_holidays(year: int) -> list[date]:
    """Return the US federal holidays of a year as observed (5 U.S.C. 6103, since 2021).

    >>> federal_holidays(2026)[5].isoformat()
    '2026-07-03'
    """
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11),
             date(year, 12, 25)]  # fmt: skip
    mondays = [_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _nth(year, 9, 0, 1), _nth(year, 10, 0, 2)]
    memorial = _nth(year, 6, 0, 1) - timedelta(days=7)
    thanksgiving = _nth(year, 11, 3, 4)
    return sorted([*map(_observed, fixed), *mondays, memorial, thanksgiving])


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _observed(day: date) -> date:
    shift = {5: -1, 6: 1}.get(day.weekday(), 0)
    return day + timedelta(days=shift)
