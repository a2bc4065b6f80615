"""Part A of Original Medicare: benefit periods, deductible, days of hospitals and nursing homes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.statutory import by_known_year, year_index
from healthsim.dates import Days, years
from healthsim.limits import Cents

_T = TypeVar("_T", bound=np.generic)

PERIOD_DAYS = 60
"""Days in a row out of hospital and nursing facility that end a benefit period, the day of
discharge the first of them (42 CFR 409.60)."""
HOSPITAL_BANDS = (60, 90)
"""Last full day, and last day with coinsurance, of hospital days of a period (42 CFR 409.61)."""
RESERVE_DAYS = 60
"""Hospital days beyond them, once in a life (42 CFR 409.61)."""
SNF_BANDS = (20, 100)
"""Last full day, and last covered day, of a period's days in a nursing facility."""


@dataclass(frozen=True, eq=False)
class PartAStays:
    """Stays by benefit period; arrays of shape (s,), in the order in which they were given.

    Attributes:
        period: int32, number of the person's benefit period, from 1.
        begins: int32, first day of the period.
        days: int32, nights of the stay, at least 1.
        full_days, coinsurance_days, reserve_days, exhausted_days: int32, what they are; the last
            are not covered.
        deductible, coinsurance: int64 cents.
    """

    period: NDArray[np.int32]
    begins: Days
    days: NDArray[np.int32]
    full_days: NDArray[np.int32]
    coinsurance_days: NDArray[np.int32]
    reserve_days: NDArray[np.int32]
    exhausted_days: NDArray[np.int32]
    deductible: Cents
    coinsurance: Cents


def part_a_stays(
    person: NDArray[np.int32], first: Days, last: Days, nursing: NDArray[np.bool_]
) -> PartAStays:
    """Return what each stay costs its person under Part A.

    Days are counted in the order of the stays, as a benefit period is a matter of when people were
    inpatients. The deductible is owed once in a period, with its first hospital stay, by the year
    in which the period began; the daily amounts are those of the year of the stay's first day. The
    day of discharge is not counted (42 CFR 409.62, 409.82-85).

    Args:
        person: int32, shape (s,), who.
        first: int32, day of admission.
        last: int32, day of discharge.
        nursing: bool, in a skilled nursing facility rather than in a hospital.

    >>> day = np.array([20_100, 20_130, 20_300], dtype=np.int32)
    >>> stays = part_a_stays(
    ...     np.zeros(3, np.int32), day, day + np.int32(5), np.array([False, True, False])
    ... )
    >>> stays.period.tolist(), stays.deductible.tolist()
    ([1, 1, 2], [167600, 0, 167600])
    """
    order = np.lexsort((last, first, person))
    who, begin, end = person[order], first[order], last[order]
    snf = nursing[order]
    days = np.maximum(end - begin, 1).astype(np.int64)
    new_person = np.append(True, who[1:] != who[:-1]) if len(who) else np.zeros(0, dtype=bool)
    new = new_person | (begin - _latest_before(who, end, new_person) >= PERIOD_DAYS)
    at = np.maximum.accumulate(np.where(new, np.arange(len(who)), 0))
    lives = np.maximum.accumulate(np.where(new_person, np.arange(len(who)), 0))
    number = np.cumsum(new, dtype=np.int64)
    hospital, facility = np.where(snf, 0, days), np.where(snf, days, 0)
    before, nursed = _before(hospital, at), _before(facility, at)
    full = _within(before, hospital, 0, HOSPITAL_BANDS[0]) + _within(
        nursed, facility, 0, SNF_BANDS[0]
    )
    daily = _within(before, hospital, *HOSPITAL_BANDS)
    nursed_daily = _within(nursed, facility, *SNF_BANDS)
    reserve_wanted = hospital - _within(before, hospital, 0, HOSPITAL_BANDS[1])
    used = _before(reserve_wanted, lives)
    reserve = np.clip(RESERVE_DAYS - used, 0, reserve_wanted)
    owes = (hospital > 0) & (before == 0)
    year = year_index(years(begin))
    deductible = by_known_year("part_a_deductible")[year_index(years(begin[at]))]
    coinsurance = (
        daily * by_known_year("part_a_day_61_90")[year]
        + reserve * by_known_year("part_a_lifetime_reserve_day")[year]
        + nursed_daily * by_known_year("snf_day_21_100")[year]
    )
    covered = full + daily + nursed_daily + reserve
    return PartAStays(
        period=_back((number - number[lives] + 1).astype(np.int32), order),
        begins=_back(begin[at], order),
        days=_back(days.astype(np.int32), order),
        full_days=_back(full.astype(np.int32), order),
        coinsurance_days=_back((daily + nursed_daily).astype(np.int32), order),
        reserve_days=_back(reserve.astype(np.int32), order),
        exhausted_days=_back(np.asarray(days - covered, dtype=np.int32), order),
        deductible=_back(np.where(owes, deductible, 0).astype(np.int64), order),
        coinsurance=_back(coinsurance.astype(np.int64), order),
    )


def _latest_before(
    who: NDArray[np.int32], end: Days, new_person: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the latest day of discharge among a person's earlier stays; before all for none."""
    if not len(who):
        return np.zeros(0, dtype=np.int64)
    low = int(end.min())
    span = int(end.max()) - low + 1
    group = np.cumsum(new_person) - 1
    latest = np.maximum.accumulate(group * span + (end - low)) - group * span + low
    return np.append(0, latest[:-1]).astype(np.int64)


def _before(days: NDArray[np.int64], first: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the days of earlier stays since the stay at `first`."""
    running = np.cumsum(days) - days
    earlier: NDArray[np.int64] = running - running[first] if len(first) else running
    return earlier


def _within(
    before: NDArray[np.int64], days: NDArray[np.int64], after: int, until: int
) -> NDArray[np.int64]:
    """Return how many of the days are numbered above `after` and at most `until`."""
    within: NDArray[np.int64] = np.clip(
        np.minimum(before + days, until) - np.maximum(before, after), 0, None
    )
    return within


def _back(values: NDArray[_T], order: NDArray[np.intp]) -> NDArray[_T]:
    rows = np.empty_like(values)
    rows[order] = values
    return rows
