"""Calendar days by the standard library alone."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from healthsim.dates import federal_holidays
from healthsim.specification.journeys.timing import Age, Every, Length

_EPOCH = date(1970, 1, 1)
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def day_number(day: date) -> int:
    return (day - _EPOCH).days


def calendar(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def next_open_day(day: int) -> int:
    found = calendar(day)
    closed = {*federal_holidays(found.year), *federal_holidays(found.year + 1)}
    while found.weekday() >= 5 or found in closed:
        found += timedelta(days=1)
    return day_number(found)


def last_open_day(day: int) -> int:
    while next_open_day(day) != day:
        day -= 1
    return day


def months_after(day: int, months: int) -> int:
    """Return the same day of a later month, or that month's last."""
    begun = calendar(day)
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    longest = (following - date(year, month + 1, 1)).days
    return day_number(date(year, month + 1, min(begun.day, longest)))


def after(day: int, length: Length | Age) -> int:
    """Return the day that lies a length of time after another."""
    if length.days is not None:
        return day + length.days
    return parts_of_months_after(day, Fraction(length.months or 0) + 12 * years_of(length.years))


def years_of(years: float | None) -> Fraction:
    """Return years as they are written, not as a processor keeps them."""
    return Fraction(str(years or 0))


def parts_of_months_after(day: int, months: Fraction) -> int:
    """Return the day after whole months, and after the days of a part of a month of 30.4375."""
    whole = months.numerator // months.denominator
    return months_after(day, whole) + round((months - whole) * Fraction("30.4375"))


def first_of_month(day: int, month: int) -> int:
    """Return the first day of a month, on or after a day."""
    found = calendar(day)
    while (found.month, found.day) != (month, 1):
        found += timedelta(days=1)
    return day_number(found)


def beat_day(every: Every, first: int, beats: int) -> int:
    """Return the day that lies so many beats after the first."""
    if every.weekdays is not None:
        return listed_weekday(every, first, beats)
    months = ((every.months or 0) + 12 * years_of(every.years)) * beats
    if not months:
        return first + beats * ((every.days or 0) + 7 * (every.weeks or 0))
    return parts_of_months_after(first, months)


def listed_weekday(every: Every, since: int, beats: int) -> int:
    """Return a listed weekday on or after a day: 0 is the first of them."""
    day, left = since, beats
    while True:
        if _WEEK[calendar(day).weekday()] in (every.weekdays or ()):
            if not left:
                return day
            left -= 1
        day += 1
