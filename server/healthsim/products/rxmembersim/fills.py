"""When a prescription is filled: first fill, abandoned fill, refills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days

Uniforms = NDArray[np.float64]

SAME_DAY_SHARE = 0.5  # assumption: of first fills within 30 days, half on the day of writing
WITHIN_WEEK_SHARE = 0.926  # 75 % of new prescriptions in 7 days, 81 % in 30: Franklin et al. 2018
LAST_LAG_DAYS = 30  # what is filled later is counted as not filled: Franklin et al. 2018
ABANDONED_SHARE = 0.43
"""Of those who never fill, how many leave a fill at the counter: 8.1 % of new generic
prescriptions are abandoned (AAM 2018, for 2017), of the 19 % that are not filled."""
REVERSAL_DAYS = (3, 14)  # assumption: pharmacies return a fill to stock within two weeks

_EARLIEST_REFILL_DAYS = 3.0  # assumption: plans let a refill be early by a tenth of its days
_STEADY_DAYS = 14  # a shorter supply is refilled on the day it is due
_SECOND_DRAW = 1024.0  # the bits of a uniform after its first ten are a second uniform


@dataclass(frozen=True, eq=False)
class PrescribedCourse:
    """One prescription of n people; arrays of shape (n,).

    Attributes:
        written: int32 day on which it was written; `NO_DAY` for people without it.
        last: int32, last day on which a fill may fall: the end of the data, the day it is
            stopped, death, or a year after writing.
        days_supply: days that one fill lasts, at least 1.
        refills: refills allowed after the first fill.
        first_fill_share: float64, the chance that it is ever filled.
        adherence: float64 in (0, 1], the share of days covered from fill to fill.
    """

    written: Days
    last: Days
    days_supply: int
    refills: int
    first_fill_share: NDArray[np.float64]
    adherence: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FillDates:
    """When a course is filled.

    Attributes:
        dates: for the first fill and each refill, int32 days, shape (n,); `NO_DAY` where none.
        reversed: int32 day on which an abandoned first fill was returned to stock, shape (n,);
            `NO_DAY` elsewhere. No refill follows an abandoned fill.
    """

    dates: tuple[Days, ...]
    reversed: Days


def fill_dates(
    course: PrescribedCourse, first_u: Uniforms, lag_u: Uniforms, jitter: Callable[[int], Uniforms]
) -> FillDates:
    """Date the fills of one prescription.

    A refill is due when the supply has run out and a gap has passed. Gaps have mean
    ``days_supply × (1 / adherence - 1)``, so that covered days divided by days, from the first
    fill to the last, agree with the adherence; an adherent person still comes up to three days
    before or after the day due.

    Args:
        course: the prescription.
        first_u: float64 in (0, 1), shape (n,): whether it is filled, or abandoned.
        lag_u: float64 in (0, 1), shape (n,): days from writing to the first fill.
        jitter: gives the uniforms, shape (n,), of the k-th refill, k from 1.
    """
    filled = first_u < course.first_fill_share
    left = (first_u - course.first_fill_share) / (1.0 - np.minimum(course.first_fill_share, 0.999))
    abandoned = ~filled & (left < ABANDONED_SHARE)
    first = course.written + _lag(lag_u)
    in_data = (course.written != NO_DAY) & (first <= course.last)
    low, high = REVERSAL_DAYS
    returned = first + low + ((left / ABANDONED_SHARE) * (high - low + 1)).astype(np.int32)
    abandoned &= in_data & (returned <= course.last)
    filled &= in_data
    dates = [np.where(filled | abandoned, first, NO_DAY)]
    due = np.where(filled, first, np.inf)
    for number in range(1, course.refills + 1):
        due, day = _refill(course, due, jitter(number))
        dates.append(day)
    return FillDates(tuple(dates), np.where(abandoned, returned, NO_DAY))


def _lag(u: Uniforms) -> NDArray[np.int32]:
    """Return days from writing to the first fill, int32, 0 to 30."""
    week = 1.0 + (u - SAME_DAY_SHARE) * (7.0 / (WITHIN_WEEK_SHARE - SAME_DAY_SHARE))
    rest = (u - WITHIN_WEEK_SHARE) * ((LAST_LAG_DAYS - 7) / (1.0 - WITHIN_WEEK_SHARE))
    later = np.where(u < WITHIN_WEEK_SHARE, np.minimum(week, 7.0), np.minimum(8.0 + rest, 30.0))
    return np.where(u < SAME_DAY_SHARE, 0.0, later).astype(np.int32)


def _refill(course: PrescribedCourse, due: Uniforms, u: Uniforms) -> tuple[Uniforms, Days]:
    """Return when the next refill is due, float64 days, and the day on which it happens."""
    gap = (course.days_supply * (1.0 / course.adherence - 1.0)) * (3.0 * u * u)  # 3u²: mean 1
    due = due + (course.days_supply + gap)
    second = u * _SECOND_DRAW
    swing = min(_EARLIEST_REFILL_DAYS, course.days_supply / 10) * (
        course.days_supply >= _STEADY_DAYS
    )
    day = np.rint(due + (2.0 * (second - np.floor(second)) - 1.0) * swing)
    return due, np.where(day <= course.last, day, float(NO_DAY)).astype(np.int32)
