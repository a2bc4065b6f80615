"""Who of a chunk dies when, besides those whose death a journey states, and of what.

One uniform of a person decides: they die when their hazard since they are in the data has come to
its negative logarithm. What begins during a journey can only bring the day forward, so whatever has
already been walked stays as it is up to that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, add_months, whole_years
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.people.people import People
from healthsim.medicine.mortality import (
    AGES,
    NEONATAL_DAYS,
    NEONATAL_SHARE,
    SEXES,
    bit_of,
    combined_factor,
    factor_of,
    mean_factor,
    yearly_hazards,
)
from healthsim.specification.journeys.changes import End
from healthsim.specification.journeys.events import Death, Diagnosis, Encounter
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.mortality import ratio_of
from healthsim.specification.profiles.profile import ProfileSpec

_NEVER_MET = np.inf
_AGE_BITS = 8


@dataclass(frozen=True)
class OwnDeaths:
    """What the deaths that journeys state are about.

    Attributes:
        everything: one of them is about no condition, so it is all mortality that there is.
        conditions: bits of the conditions whose excess deaths they are.
    """

    everything: bool = False
    conditions: int = 0

    @classmethod
    def of(cls, journeys: Iterable[JourneySpec]) -> OwnDeaths:
        """Return what the deaths of these journeys are about."""
        everything, conditions = False, 0
        for journey in journeys:
            steps = [step for _, step in journey.steps()]
            dies = [step for step in steps if isinstance(step, Death)
                    or (isinstance(step, End) and step.scope == "person")]  # fmt: skip
            if dies:
                codes = set(_codes_of(journey))
                everything |= not codes
                conditions |= bit_of(codes)
        return cls(everything, conditions)


def _codes_of(journey: JourneySpec) -> Iterator[str]:
    """Yield the codes of conditions that a journey is about."""
    conditions = [journey.eligible]
    for _, step in journey.steps():
        conditions.append(step.when)
        if isinstance(step, Diagnosis):
            yield step.details.code
        elif isinstance(step, Encounter):
            for diagnosis in step.details.diagnoses:
                yield diagnosis if isinstance(diagnosis, str) else diagnosis.code
    for condition in conditions:
        if condition is not None:
            yield from (argument for function, argument in condition.calls if function == "has")


class Mortality:
    """The background mortality of the people of a chunk; arrays have one entry for each of them.

    Attributes:
        day: int32, the day on which each person dies of it; `FOREVER` where after the data.
        held: int64, bits of everybody's conditions that have a factor.
        own: bits of the conditions whose excess deaths a journey states; here they have none.
    """

    def __init__(
        self, people: People, draws: Draws, ratio: float, known: int, own: int, last_day: int
    ) -> None:
        """Start with nobody at risk.

        Args:
            people: of the chunk.
            draws: its random numbers.
            ratio: hazard relative to the life table's.
            known: bits of the conditions that the profile states, so that who is without one is
                healthier than the table.
            own: bits of the conditions whose excess deaths a journey states.
            last_day: last day of the data.
        """
        size = len(people)
        self._people, self.own, self._last = people, own, np.int32(last_day)
        self._threshold = -np.log(draws.uniform("mortality"))
        sex = [SEXES.index(word) if word in SEXES else 2 for word in people.gender.vocabulary]
        self._sexes = np.array([*sex, 2], dtype=np.int64)
        base = ratio * yearly_hazards() / mean_factor(known)
        self._base = np.concatenate([base, base[:, -1:]], axis=1)
        self.held = np.zeros(size, dtype=np.int64)
        self._spent = np.zeros(size)
        self._since = np.full(size, NO_DAY, dtype=np.int32)
        self.day = np.full(size, FOREVER, dtype=np.int32)

    @classmethod
    def of(
        cls,
        profile: ProfileSpec,
        journeys: Sequence[JourneySpec],
        people: People,
        draws: Draws,
        last_day: int,
    ) -> Mortality | None:
        """Return the background mortality that a profile asks for; None where it asks for none."""
        ratio, own = ratio_of(profile.mortality), OwnDeaths.of(journeys)
        if not ratio or own.everything:
            return None
        known = bit_of(profile.codes)
        return cls(people, draws, ratio, known, own.conditions, last_day)

    def begin(self, conditions: ConditionLog, as_of: int) -> None:
        """Put everybody who lives on the profile's day at risk, with what they have by then."""
        day = np.int32(as_of)
        for episode in conditions.episodes():
            has = episode.holds & (episode.since <= day) & (day < episode.until)
            self.held[episode.rows[has]] |= _bit(episode.code)
        rows = np.flatnonzero((self._people.birth != NO_DAY) & (self._people.birth <= day))
        self._since[rows] = day
        self._find_days(rows, first=1)

    def be_born(self, rows: Rows, days: Days) -> None:
        """Put newborns at risk from their birthday on."""
        self._since[rows] = days
        self._find_days(rows, first=0)

    def fall_ill(self, code: str, rows: Rows, days: Days) -> Days:
        """Note a condition that begins, and return the days on which people die with it.

        Args:
            code: ICD-10-CM code.
            rows: whose condition it is.
            days: int32, its first day for each of them.
        """
        bit = _bit(code)
        new = np.flatnonzero((self.held[rows] & bit) != bit) if bit else np.zeros(0, np.intp)
        at_risk = new[self._since[rows[new]] != NO_DAY]
        ill, since = rows[at_risk], np.maximum(days[at_risk], self._since[rows[at_risk]])
        if len(ill):
            self._spent[ill] += self._walk(ill, since, until_dead=False)
            self.held[ill] |= bit
            self._since[ill] = since
            self._find_days(ill, first=1)
        return self.day[rows]

    def _find_days(self, rows: Rows, first: int) -> None:
        """Find the day of death of some people; `first` days after `_since` at the earliest."""
        until = np.full(len(rows), self._last, dtype=np.int32)
        after = self._walk(rows, until, until_dead=True)
        dies = np.isfinite(after)
        whole = np.floor(np.round(np.where(dies, after, 0.0), 6)).astype(np.int32)
        self.day[rows] = np.where(dies, self._since[rows] + whole + np.int32(first), FOREVER)

    def _walk(self, rows: Rows, until: Days, *, until_dead: bool) -> NDArray[np.float64]:
        """Go through people's lives from `_since` on, one piece of equal hazard after another.

        Args:
            rows: whose lives.
            until: int32, the day to which each life is followed.
            until_dead: return days until death, infinite where after `until`; else the hazard
                that was spent.
        """
        at, spent = self._since[rows].copy(), np.zeros(len(rows))
        left = self._threshold[rows] - self._spent[rows]
        waited = np.full(len(rows), _NEVER_MET)
        going = np.flatnonzero(at < until)
        while len(going):
            end, rate = self._piece(rows[going], at[going])
            end = np.maximum(end, at[going] + np.int32(1))  # born on 29 February
            length = np.minimum(end, until[going]) - at[going]
            if until_dead:
                need = left[going] / rate
                dies = need < length
                gone = at[going] - self._since[rows[going]]
                waited[going[dies]] = (gone + need)[dies]
                left[going] -= rate * length
            spent[going] += rate * length
            at[going] += length
            on = (at[going] < until[going]) & np.isinf(waited[going])
            going = going[on]
        return waited if until_dead else spent

    def _piece(self, rows: Rows, at: Days) -> tuple[Days, NDArray[np.float64]]:
        """Return the end of the piece of life that a day is in, int32, and its daily hazard."""
        birth = self._people.birth[rows]
        age = np.minimum(whole_years(birth, at), np.int32(AGES))
        begin, end = add_months(birth, 12 * age), add_months(birth, 12 * (age + 1))
        sex = self._sexes[self._people.gender.codes[rows]]
        hazard = self._base[sex, np.minimum(age, AGES - 1)]
        hazard = hazard * self._factor(rows, age)
        infant = age == 0
        if infant.any():
            early = infant & (at - birth < NEONATAL_DAYS)
            month_ends = birth + np.int32(NEONATAL_DAYS)
            hazard = np.where(early, NEONATAL_SHARE * hazard, hazard)
            hazard = np.where(infant & ~early, (1 - NEONATAL_SHARE) * hazard, hazard)
            begin = np.where(infant & ~early, month_ends, begin)
            end = np.where(early, month_ends, end)
        end = np.where(age >= AGES, np.int32(FOREVER), end).astype(np.int32)
        return end, hazard / np.maximum(np.where(age >= AGES, 365, end - begin), 1)

    def _factor(self, rows: Rows, age: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the combined factor of everyone's conditions; each distinct case once."""
        held = self.held[rows] & ~np.int64(self.own)
        if not held.any():
            return np.ones(len(rows))
        cases, which = np.unique(held << _AGE_BITS | age, return_inverse=True)
        ages = (cases & ((1 << _AGE_BITS) - 1)).astype(np.int32)
        return combined_factor(cases >> _AGE_BITS, ages)[which]


def _bit(code: str) -> np.int64:
    """Return the bit of the condition of an ICD-10-CM code; 0 where it has no factor."""
    number = factor_of(code)
    return np.int64(0 if number < 0 else 1 << number)
