"""Days of the calendar: after a length of time, at the beginning of a month, of later beats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, add_months
from healthsim.specification.journeys.plan import Beating
from healthsim.specification.journeys.repeats import Protocol
from healthsim.specification.journeys.timing import WEEKDAYS, Age, Every, Length, months_and_days

_WEEKDAY_OF_1970 = 3  # 1970-01-01 was a Thursday


def add_length(days: Days, length: Length | Age) -> Days:
    """Return the days that lie a length of time after others; int32, shape of `days`."""
    if length.days is not None:
        return (days + np.int32(length.days)).astype(np.int32)
    return _after(days, (length.months or 0) + 12 * (length.years or 0))


def _after(days: Days, months: float) -> Days:
    """Return the days that lie some months after others, and the days of a part of a month."""
    whole, rest = months_and_days(months)
    return (add_months(days, whole) + np.int32(rest)).astype(np.int32)


def month_begins(days: Days, month: int) -> Days:
    """Return the first day of a month of the calendar, on or after each day; int32.

    >>> month_begins(np.array([0, 1], dtype=np.int32), 1).tolist()
    [0, 365]
    """
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first_of_month = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) == days
    ahead = (month - 1 - months) % 12
    ahead = np.where((ahead == 0) & ~first_of_month, 12, ahead)
    begins = (months + ahead).astype("datetime64[M]").astype("datetime64[D]")
    return begins.astype(np.int32)


def repeat_days(step: Beating, first: Days, beats: NDArray[np.int32] | int) -> Days:
    """Return the day of a later beat; int32, shape of `first`.

    Args:
        step: the repeat or protocol.
        first: int32, the day of the first beat.
        beats: so many beats after the first, one for all or int32, of each.
    """
    if isinstance(step, Protocol):
        return (first + np.int32(step.cycle_days) * beats).astype(np.int32)
    every = step.every
    if every.weekdays is not None:
        return _weekday(every, first, beats)
    months = (every.months or 0) + 12 * (every.years or 0)
    if months:
        return _after_beats(first, months, beats)
    days = (every.days or 0) + 7 * (every.weeks or 0)
    return (first + np.int32(days) * beats).astype(np.int32)


def _after_beats(first: Days, months: float, beats: NDArray[np.int32] | int) -> Days:
    """Return the days that lie some times so many months after others."""
    if float(months).is_integer():
        return add_months(first, int(months) * np.asarray(beats))
    if isinstance(beats, int):
        return _after(first, months * beats)
    due = np.empty_like(first)
    for number in np.unique(beats).tolist():
        due[beats == number] = _after(first[beats == number], months * number)
    return due


def _weekday(every: Every, first: Days, beats: NDArray[np.int32] | int) -> Days:
    """Return the nth listed weekday on or after the first day; n is counted from 0."""
    listed = [WEEKDAYS.index(day) for day in every.weekdays or ()]
    weeks, nth = np.divmod(beats, len(listed))
    ahead: NDArray[np.int32] = np.array(
        [sorted((day - today) % 7 for day in listed) for today in range(7)], dtype=np.int32
    )
    today = (first + _WEEKDAY_OF_1970) % 7
    due: Days = (first + ahead[today, nth] + 7 * weeks).astype(np.int32)
    return due
