"""When prescriptions are filled: first fills, refills from the supply on hand, what is put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days

Uniforms = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]
Moved: TypeAlias = Callable[[Rows, Days], Days]
"""Moves the days of some prescriptions' fills: (prescriptions, days) -> days."""

SAME_DAY_SHARE = 0.5  # assumption: of first fills within 30 days, half on the day of writing
WITHIN_WEEK_SHARE = 0.926  # 75 % of new prescriptions in 7 days, 81 % in 30: Franklin et al. 2018
LAST_LAG_DAYS = 30  # what is filled later is counted as not filled: Franklin et al. 2018
PROMPT_SAME_DAY_SHARE = 0.85  # assumption: of what is needed now, the rest on the next day
ABANDONED_SHARE = 0.43
"""Of those who never fill, how many leave a fill at the counter: 8.1 % of new generic
prescriptions are abandoned (AAM 2018, for 2017), of the 19 % that are not filled."""
RETURNED_SHARE = 0.03  # assumption: of refills, those that nobody fetches at first
REVERSAL_DAYS = (3, 14)  # assumption: pharmacies return a fill to stock within two weeks
SPARE_ATTEMPTS = 1  # fills of a prescription that may be put back and made again

_EARLIEST_REFILL_DAYS = 3.0  # assumption: an adherent person comes up to this early or late
_STEADY_DAYS = 14  # a shorter supply is refilled on the day it is due
_SECOND_DRAW = 1024.0  # the bits of a uniform after its first ten are a second uniform
_THIRD_DRAW = 2.0**21  # … and those after its first twenty-one a third one
_NEVER = -1e9


@dataclass(frozen=True, eq=False)
class PrescribedCourses:
    """Prescriptions, those of one therapy side by side in the order in which they are filled.

    A therapy is what one person takes of one drug: all of its prescriptions fill one supply.
    Arrays have shape (n,), but `refill_u`.

    Attributes:
        therapy: int64, rising.
        fill_from: int32, first day of a fill.
        last: int32, last day on which a fill may fall: the end of the data, the day before it is
            stopped, death, or the end of its validity.
        days_supply: int32, days that one fill lasts, at least 1.
        refills: int32, allowed after the first fill.
        continues: bool, the person takes the drug already: it is filled when that runs out, and
            never abandoned.
        prompt: bool, it is filled on the day or the next.
        first_fill_share: float64, the chance that it is ever filled.
        adherence: float64 in (0, 1], the share of days covered from fill to fill.
        used_share: float64, the share of a supply on hand that must be used before the next fill.
        returned_share: float64, the chance that a refill is put back and made again.
        first_u: float64 in (0, 1): whether it is filled, or abandoned.
        lag_u: float64 in (0, 1): days from writing to the first fill.
        refill_u: float64 in (0, 1), shape (sum of `attempts`,): of each attempt of a refill.
    """

    therapy: NDArray[np.int64]
    fill_from: Days
    last: Days
    days_supply: NDArray[np.int32]
    refills: NDArray[np.int32]
    continues: NDArray[np.bool_]
    prompt: NDArray[np.bool_]
    first_fill_share: NDArray[np.float64]
    adherence: NDArray[np.float64]
    used_share: NDArray[np.float64]
    returned_share: NDArray[np.float64]
    first_u: Uniforms
    lag_u: Uniforms
    refill_u: Uniforms

    @property
    def attempts(self) -> NDArray[np.int64]:
        """How many attempts of refills each prescription has, int64, shape (n,)."""
        return np.where(self.refills > 0, self.refills + SPARE_ATTEMPTS, 0).astype(np.int64)


def refill_attempts(refills: int) -> int:
    """Return how often refills may be tried: each once, and again where one was put back.

    >>> refill_attempts(0), refill_attempts(11)
    (0, 12)
    """
    return refills + SPARE_ATTEMPTS if refills else 0


@dataclass(frozen=True, eq=False)
class Fills:
    """Fills of prescriptions, in no order; arrays of shape (m,).

    Attributes:
        prescription: intp, position in the prescriptions.
        attempt: int32, from 0: of the prescription, those put back included.
        number: int32, 0 for the first fill, then refills.
        day: int32.
        reversed: int32, the day on which it was returned to stock; `NO_DAY` where it was taken.
    """

    prescription: Rows
    attempt: NDArray[np.int32]
    number: NDArray[np.int32]
    day: Days
    reversed: Days


def dispense(courses: PrescribedCourses, moved: Moved | None = None) -> Fills:
    """Date the fills of prescriptions.

    A refill is due when the supply has run out and a gap has passed. Gaps have mean
    ``days_supply × (1 / adherence - 1)``, so that covered days divided by days, from the first
    fill to the last, agree with the adherence; an adherent person still comes up to three days
    before or after the day due. Nothing is filled before the `used_share` of the last supply is
    used, what is left of earlier ones included; what waits is filled on the first day that is
    possible. Nothing follows an abandoned first fill; a refill that is put back is made again.

    Args:
        courses: the prescriptions.
        moved: moves a day on which somebody cannot come, such as one in a hospital; only later.
    """
    therapies = _Therapies(courses, moved)
    made: list[Fills] = []
    while len(therapies.open):
        made.append(therapies.fill())
    if not made:
        none = np.zeros(0, dtype=np.int32)
        return Fills(np.zeros(0, dtype=np.intp), none, none, none, none)
    return Fills(
        np.concatenate([fills.prescription for fills in made]),
        np.concatenate([fills.attempt for fills in made]),
        np.concatenate([fills.number for fills in made]),
        np.concatenate([fills.day for fills in made]),
        np.concatenate([fills.reversed for fills in made]),
    )


class _Therapies:
    """Where each therapy stands; one `fill` tries the next fill of every therapy at once.

    Attributes:
        open: intp, therapies with prescriptions left; the other arrays are by therapy.
        at: the prescription that is filled now; `attempt` and `number` are its next.
        due: float64, day on which the last fill was due, on a clock without the swing of visits.
        runs_out: float64, day on which all that was dispensed is used up.
        supply: float64, days of the last fill.
        earliest: float64, first day after a fill that was put back.
    """

    def __init__(self, courses: PrescribedCourses, moved: Moved | None) -> None:
        self._courses, self._moved = courses, moved
        self._attempts = courses.attempts
        self._first_refill = np.cumsum(self._attempts) - self._attempts
        size = len(courses.therapy)
        new = np.ones(size, dtype=np.bool_)
        new[1:] = courses.therapy[1:] != courses.therapy[:-1]
        self.at = np.flatnonzero(new)
        self._end = np.append(self.at[1:], size) if size else self.at
        self.open = np.arange(len(self.at))
        self.attempt = np.zeros(len(self.at), dtype=np.int32)
        self.number = np.zeros(len(self.at), dtype=np.int32)
        self.due = np.full(len(self.at), _NEVER)
        self.runs_out = np.full(len(self.at), _NEVER)
        self.supply = np.zeros(len(self.at))
        self.earliest = np.full(len(self.at), _NEVER)

    def fill(self) -> Fills:
        """Try the next fill of every open therapy, and return those that took place."""
        who, given = self.open, self._courses
        at, attempt, number = self.at[who], self.attempt[who], self.number[who]
        first = attempt == 0
        u = self._uniforms(at, attempt)
        due, day = self._planned(who, at, first, u)
        if self._moved is not None:
            day = self._moved(at, day)
        due = np.maximum(due, day - _EARLIEST_REFILL_DAYS)
        in_time = day <= given.last[at]
        chance, share = given.first_u[at], given.first_fill_share[at]
        taken = ~first | (chance < share)
        left = (chance - share) / (1.0 - np.minimum(share, 0.999))
        abandoned = first & ~taken & ~given.continues[at] & (left < ABANDONED_SHARE)
        third = u * _THIRD_DRAW
        third -= np.floor(third)
        again = ~first & (third < given.returned_share[at]) & (attempt < self._attempts[at])
        low, high = REVERSAL_DAYS
        spread = np.where(first, left / ABANDONED_SHARE, third / np.maximum(
            given.returned_share[at], 1e-9))  # fmt: skip
        back = (
            day + low + np.floor(np.clip(spread, 0, 1 - 1e-9) * (high - low + 1)).astype(np.int32)
        )
        put_back = (abandoned | again) & (back <= given.last[at])
        again &= put_back
        done = in_time & ((taken & ~again) | put_back)
        dispensed = done & ~put_back
        self._note(who, at, dispensed, due, day)
        self.earliest[who[again & in_time]] = back[again & in_time] + 1.0
        self._advance(who, at, in_time & taken, dispensed)
        return Fills(
            at[done], attempt[done], number[done], day[done].astype(np.int32),
            np.where(put_back, back, NO_DAY)[done].astype(np.int32),
        )  # fmt: skip

    def _uniforms(self, at: Rows, attempt: NDArray[np.int32]) -> Uniforms:
        """Return the uniform of each attempt: the lag's for the first one."""
        if not len(self._courses.refill_u):
            return self._courses.lag_u[at]
        place = self._first_refill[at] + np.maximum(attempt - 1, 0)
        place = np.minimum(place, len(self._courses.refill_u) - 1)
        return np.where(attempt > 0, self._courses.refill_u[place], self._courses.lag_u[at])

    def _planned(
        self, who: Rows, at: Rows, first: NDArray[np.bool_], u: Uniforms
    ) -> tuple[Uniforms, Days]:
        """Return when the next fills are due, float64, and the day on which each is asked for."""
        given = self._courses
        begin, supply = given.fill_from[at].astype(np.float64), self.supply[who]
        begun = begin + np.where(given.prompt[at], _prompt_lag(u), _lag(u))
        gap = (supply * (1.0 / given.adherence[at] - 1.0)) * (3.0 * u * u)  # 3u²: mean 1
        later = np.maximum(self.due[who] + supply + gap, begin)
        anew = first & (~given.continues[at] | (self.due[who] == _NEVER))
        due = np.where(anew, begun, later)
        second = u * _SECOND_DRAW
        swing = np.minimum(_EARLIEST_REFILL_DAYS, supply / 10) * (supply >= _STEADY_DAYS) * ~anew
        day = np.rint(due + (2.0 * (second - np.floor(second)) - 1.0) * swing)
        allowed = np.ceil(self.runs_out[who] - (1.0 - given.used_share[at]) * supply)
        day = np.maximum(np.maximum(day, begin), np.maximum(allowed, self.earliest[who]))
        return due, np.minimum(day, float(2**30)).astype(np.int32)

    def _note(
        self, who: Rows, at: Rows, dispensed: NDArray[np.bool_], due: Uniforms, day: Days
    ) -> None:
        """Add what was dispensed to the supply on hand."""
        these, days = who[dispensed], self._courses.days_supply[at[dispensed]].astype(np.float64)
        on = day[dispensed].astype(np.float64)
        self.due[these] = due[dispensed]
        self.runs_out[these] = np.maximum(self.runs_out[these], on) + days
        self.supply[these] = days
        self.earliest[these] = _NEVER

    def _advance(
        self, who: Rows, at: Rows, goes_on: NDArray[np.bool_], dispensed: NDArray[np.bool_]
    ) -> None:
        """Count the attempt; go to the next prescription where this one cannot be filled again."""
        given = self._courses
        self.attempt[who] += 1
        self.number[who[dispensed]] += 1
        over = (
            ~goes_on
            | (self.number[who] > given.refills[at])
            | (self.attempt[who] > self._attempts[at])
        )
        gone = who[over]
        self.at[gone] += 1
        self.attempt[gone] = 0
        self.number[gone] = 0
        self.open = who[self.at[who] < self._end[who]]


def _lag(u: Uniforms) -> Uniforms:
    """Return days from writing to the first fill, float64, 0 to 30."""
    week = 1.0 + (u - SAME_DAY_SHARE) * (7.0 / (WITHIN_WEEK_SHARE - SAME_DAY_SHARE))
    rest = (u - WITHIN_WEEK_SHARE) * ((LAST_LAG_DAYS - 7) / (1.0 - WITHIN_WEEK_SHARE))
    later = np.where(u < WITHIN_WEEK_SHARE, np.minimum(week, 7.0), np.minimum(8.0 + rest, 30.0))
    return np.floor(np.where(u < SAME_DAY_SHARE, 0.0, later))


def _prompt_lag(u: Uniforms) -> Uniforms:
    """Return days from writing to the first fill of what is needed now, float64, 0 or 1."""
    return np.where(u < PROMPT_SAME_DAY_SHARE, 0.0, 1.0)
