"""Calendar days by the standard library alone."""

from __future__ import annotations

from datetime import date, timedelta

from healthsim.dates import federal_holidays
from healthsim.specification import journey as say


def day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def next_open_day(day: int) -> int:
    found = date(1970, 1, 1) + timedelta(days=day)
    closed = {*federal_holidays(found.year), *federal_holidays(found.year + 1)}
    while found.weekday() >= 5 or found in closed:
        found += timedelta(days=1)
    return day_number(found)


def beat_day(every: say.Every, first: int, beats: int) -> int:
    months = ((every.months or 0) + 12 * (every.years or 0)) * beats
    if not months:
        return first + beats * ((every.days or 0) + 7 * (every.weeks or 0))
    begun = date(1970, 1, 1) + timedelta(days=first)
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    longest = (following - date(year, month + 1, 1)).days
    return day_number(date(year, month + 1, min(begun.day, longest)))
