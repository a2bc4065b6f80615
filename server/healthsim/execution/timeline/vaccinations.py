"""Doses of vaccines: which number they have, and on which day they may be given.

A dose that would be too early waits. One without a visit waits for its own day; a visit waits for
the doses in it, as far as an office would move it. A dose that a visit cannot wait for is left out
of it, and so is one for which the person is too old.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, next_business_day
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import Log, Moment
from healthsim.medicine.vaccines import NEVER, Length, assumed_doses, doses, product, span
from healthsim.specification.journeys.events import Immunization
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence

LONGEST_MOVE = 60
"""Days by which a visit waits for a vaccine at most: assumption, two months."""


@dataclass
class Vaccinations:
    """Every dose that the people of a chunk had.

    Attributes:
        kept: whether doses wait for their minimum age and interval.
        given: series -> doses.
    """

    kept: bool = True
    given: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))

    def add(self, cvx: str, rows: Rows, days: Days) -> None:
        """Record a dose."""
        found = product(cvx)
        for series in (*found.series, *found.counts) if found is not None else ():
            self.given[series].add(rows, days)

    def before(
        self, series: str, moment: Moment, birth: Days, begins: Days
    ) -> tuple[NDArray[np.int32], Days]:
        """Return how many doses of a series people have had, and the day of the last.

        Args:
            series: of the vaccine.
            moment: whose doses, and by which day.
            birth: int32, of everyone in the moment.
            begins: int32, first day of their records; `NO_DAY` where these begin at birth.

        Returns:
            Two int32 columns; `NO_DAY` where there was no dose.
        """
        log = self.given[series]
        number, last = assumed_doses(series, birth, begins)
        number = number + log.count(moment).astype(np.int32)
        last = np.maximum(last, log.latest(moment)[0]).astype(np.int32)
        renewed = doses()[series][0].renewed_after
        if renewed is not None:
            number, last = _of_this_season(renewed, moment, number, last)
        return number.astype(np.int32), last

    def due(
        self, step: Immunization, moment: Moment, birth: Days, begins: Days
    ) -> tuple[NDArray[np.int32], Days, Days]:
        """Return the number of everyone's next dose, and its first and last day, all int32.

        The number is the one that the step states, else that of the product's first series; 0 for a
        product whose series is not known, which may be given on any day.
        """
        size, found = len(moment.rows), product(step.details.cvx)
        number = np.zeros(size, dtype=np.int32)
        first, last = np.full(size, NO_DAY), np.full(size, NEVER, dtype=np.int32)
        for place, series in enumerate(found.series if found is not None else ()):
            had, previous = self.before(series, moment, birth, begins)
            dose = had + np.int32(1)
            if place == 0:
                if step.details.dose is not None:
                    dose[:] = step.details.dose
                number = dose
            low, high = span(series, dose, birth, previous)
            high = np.where(self._too_near_to_the_next(series, dose, moment, birth), NO_DAY, high)
            first, last = np.maximum(first, low), np.minimum(last, high)
        if found is None and step.details.dose is not None:
            number[:] = step.details.dose
        return number, first.astype(np.int32), last.astype(np.int32)

    def _too_near_to_the_next(
        self, series: str, dose: NDArray[np.int32], moment: Moment, birth: Days
    ) -> NDArray[np.bool_]:
        """Tell whose next dose, of a journey that was walked before, is too near for one today."""
        following = np.full(len(moment.rows), NEVER, dtype=np.int32)
        for entry in self.given[series].entries:
            position = moment.positions[entry.rows]
            ahead = np.flatnonzero((position >= 0) & (entry.days > moment.days[position]))
            place = position[ahead]
            following[place] = np.minimum(following[place], entry.days[ahead])
        near, _ = span(series, (dose + np.int32(1)).astype(np.int32), birth, moment.days)
        too_near: NDArray[np.bool_] = (following != NEVER) & (following < near)
        return too_near


def _of_this_season(
    renewed: Length, moment: Moment, number: NDArray[np.int32], last: Days
) -> tuple[NDArray[np.int32], Days]:
    """Forget doses of an earlier season."""
    had = np.flatnonzero(last != NO_DAY)
    over = had[renewed.after(last[had]) <= moment.days[had]]
    number, last = np.where(number > 0, 1, 0), last.copy()
    number[over], last[over] = 0, NO_DAY
    return number.astype(np.int32), last


def doses_during(layout: JourneyLayout) -> dict[int, tuple[Occurrence, ...]]:
    """Return the doses that wait, by the occurrence that waits for them: a visit, or themselves."""
    found: dict[int, list[Occurrence]] = defaultdict(list)
    for one in layout.occurrences:
        if isinstance(one.step, Immunization) and product(one.step.details.cvx) is not None:
            found[one.number].append(one)
            if one.encounter >= 0:
                found[one.encounter].append(one)
    return {number: tuple(occurrences) for number, occurrences in found.items()}


@dataclass(frozen=True)
class Wait:
    """Who has a step today, and who waits for a dose; positions among the rows asked about.

    Attributes:
        stay: those who have it today.
        later: those who have it on `days`, int32.
    """

    stay: NDArray[np.intp]
    later: NDArray[np.intp]
    days: Days


def wait_for_dose(occurrence: Occurrence, today: Days, first: Days, last: Days) -> Wait:
    """Return who may have a dose today: nobody too old, and in a visit nobody too young."""
    waits = (first > today) & (first <= last)
    early = np.flatnonzero(waits & (occurrence.encounter < 0))
    days = first[early]
    if occurrence.business_days:
        days = next_business_day(days)
    return Wait(np.flatnonzero((first <= today) & (today <= last)), early, days)


def wait_for_doses(occurrence: Occurrence, today: Days, spans: Iterator[tuple[Days, Days]]) -> Wait:
    """Return for whom a visit waits for its doses, `LONGEST_MOVE` at most.

    Args:
        occurrence: of the visit.
        today: int32, shape (n,).
        spans: first and last day of each of its doses; the first is `NO_DAY` for those who will not
            have it.
    """
    due = today.copy()
    for first, last in spans:
        waits = (first > due) & (first <= last) & (first <= today + np.int32(LONGEST_MOVE))
        due = np.where(waits, first, due)
    if occurrence.business_days:
        due = np.where(due > today, next_business_day(due), due)
    later = np.flatnonzero(due > today)
    return Wait(np.flatnonzero(due <= today), later, due[later].astype(np.int32))
