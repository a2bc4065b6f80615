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
    stays = _Ordered.of(person[order], first[order], last[order], nursing[order])
    kinds = stays.kinds_of_days()
    covered = kinds.full + kinds.daily + kinds.nursed_daily + kinds.reserve
    counted = {
        "period": stays.period,
        "days": stays.days,
        "full_days": kinds.full,
        "coinsurance_days": kinds.daily + kinds.nursed_daily,
        "reserve_days": kinds.reserve,
        "exhausted_days": stays.days - covered,
    }
    return PartAStays(
        begins=_back(stays.begin[stays.first_of_period], order),
        deductible=_back(stays.deductible(), order),
        coinsurance=_back(stays.coinsurance(kinds), order),
        **{name: _back(values.astype(np.int32), order) for name, values in counted.items()},
    )


@dataclass(frozen=True, eq=False)
class _Kinds:
    """What the days of stays are; int64, shape (s,).

    Attributes:
        full: without coinsurance.
        daily, nursed_daily: with coinsurance, in a hospital and in a nursing facility.
        reserve: of the lifetime reserve.
    """

    full: NDArray[np.int64]
    daily: NDArray[np.int64]
    nursed_daily: NDArray[np.int64]
    reserve: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Ordered:
    """Stays by person, then by their days; arrays of shape (s,).

    Attributes:
        snf: bool, in a nursing facility.
        days: int64, nights, at least 1.
        first_of_period, first_of_person: intp, position of the first stay of the same.
        period: int64, number of the person's benefit period, from 1.
    """

    begin: Days
    snf: NDArray[np.bool_]
    days: NDArray[np.int64]
    first_of_period: NDArray[np.intp]
    first_of_person: NDArray[np.intp]
    period: NDArray[np.int64]

    @classmethod
    def of(cls, who: NDArray[np.int32], begin: Days, end: Days, snf: NDArray[np.bool_]) -> _Ordered:
        new_person = np.append(True, who[1:] != who[:-1]) if len(who) else np.zeros(0, dtype=bool)
        new = new_person | (begin - _latest_before(who, end, new_person) >= PERIOD_DAYS)
        place = np.arange(len(who))
        lives = np.maximum.accumulate(np.where(new_person, place, 0))
        number = np.cumsum(new, dtype=np.int64)
        return cls(
            begin=begin,
            snf=snf,
            days=np.maximum(end - begin, 1).astype(np.int64),
            first_of_period=np.maximum.accumulate(np.where(new, place, 0)),
            first_of_person=lives,
            period=number - number[lives] + 1,
        )

    @property
    def in_hospital(self) -> NDArray[np.int64]:
        """Days in a hospital; 0 of a stay in a nursing facility."""
        return np.where(self.snf, 0, self.days)

    @property
    def hospital_before(self) -> NDArray[np.int64]:
        """Hospital days of the period before each stay."""
        return _before(self.in_hospital, self.first_of_period)

    def kinds_of_days(self) -> _Kinds:
        hospital, nursing = self.in_hospital, np.where(self.snf, self.days, 0)
        before, nursed = self.hospital_before, _before(nursing, self.first_of_period)
        wanted = hospital - _within(before, hospital, 0, HOSPITAL_BANDS[1])
        used = _before(wanted, self.first_of_person)
        return _Kinds(
            full=_within(before, hospital, 0, HOSPITAL_BANDS[0])
            + _within(nursed, nursing, 0, SNF_BANDS[0]),
            daily=_within(before, hospital, *HOSPITAL_BANDS),
            nursed_daily=_within(nursed, nursing, *SNF_BANDS),
            reserve=np.clip(RESERVE_DAYS - used, 0, wanted),
        )

    def deductible(self) -> Cents:
        """Return the deductible that the first hospital stay of each period owes."""
        owes = (self.in_hospital > 0) & (self.hospital_before == 0)
        year = year_index(years(self.begin[self.first_of_period]))
        return np.where(owes, by_known_year("part_a_deductible")[year], 0).astype(np.int64)

    def coinsurance(self, kinds: _Kinds) -> Cents:
        """Return the daily amounts that each stay owes."""
        year = year_index(years(self.begin))
        owed: Cents = (
            kinds.daily * by_known_year("part_a_day_61_90")[year]
            + kinds.reserve * by_known_year("part_a_lifetime_reserve_day")[year]
            + kinds.nursed_daily * by_known_year("snf_day_21_100")[year]
        )
        return owed


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
