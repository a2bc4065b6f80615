"""The members of families who are stated by role: their conditions, and their pregnancies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import mutually_exclusive
from healthsim.codes.pregnancy import GESTATION_DAYS, LONGEST_PREGNANCY
from healthsim.dates import NO_DAY, Days, day_of, whole_years
from healthsim.execution.cohort.drawing import PartDraw, PartialCohort
from healthsim.execution.cohort.onsets import onset_days
from healthsim.execution.people.people import ConditionColumn
from healthsim.specification.profiles.births import CalendarSpan
from healthsim.specification.profiles.dependencies import PREGNANCY
from healthsim.specification.profiles.household import EARLIEST_KNOWN, HeldCondition, Pregnancy

_LATEST_FOUND = 56  # days since the last period: pregnancies are noticed at 5.5 weeks on average
# (Branum and Ahrens, Matern Child Health J 2017: M); spread of 4 to 8 weeks: assumption


def place_of_each(cohort: PartialCohort) -> NDArray[np.int64]:
    """Return everyone's place in the household, int64, shape (n,)."""
    roster = cohort.draws.roster
    return np.ones(cohort.size, dtype=np.int64) if roster is None else roster.place


def born_within(span: CalendarSpan, u: NDArray[np.float64]) -> Days:
    """Return a day of a span for each uniform number, int32, shape (n,)."""
    first, last = (day_of(day.isoformat()) for day in (span.first_day, span.last_day))
    return (first + np.floor(u * (last - first + 1))).astype(np.int32)


def pregnancy_draw() -> PartDraw:
    """Return how the due dates of pregnant members are drawn; `NO_DAY` for all others."""

    def draw(cohort: PartialCohort) -> None:
        due = np.full(cohort.size, NO_DAY, dtype=np.int32)
        places = place_of_each(cohort)
        u = cohort.chance("pregnancy.due", even=True)
        for place, pregnancy in cohort.profile.pregnancies.items():
            due = np.where(places == place, _due(cohort, pregnancy, u), due)
        cohort.columns["due"] = due.astype(np.int32)

    return PartDraw(PREGNANCY, draw)


def _due(cohort: PartialCohort, pregnancy: Pregnancy, u: NDArray[np.float64]) -> Days:
    if pregnancy.due is None:
        first = cohort.as_of + GESTATION_DAYS - 7 * (pregnancy.weeks or 0) - 6
        last = first + 6
    else:
        stated = born_within(pregnancy.due, np.zeros(1))[0]
        first = np.maximum(cohort.as_of + 1, stated)
        end = day_of(pregnancy.due.last_day.isoformat())
        last = np.minimum(cohort.as_of + GESTATION_DAYS - EARLIEST_KNOWN, end)
    due: Days = (first + np.floor(u * (last - first + 1))).astype(np.int32)
    return due


def reserved_for_members(code: str, cohort: PartialCohort) -> NDArray[np.bool_]:
    """Return for whom a member's own condition excludes a code, bool, shape (n,)."""
    held, places = cohort.profile.held, place_of_each(cohort)
    holders = {one.place for one in held.get(code, ())}
    others = {one.place for other, members in held.items() if mutually_exclusive(code, other)
              for one in members}  # fmt: skip
    return np.isin(places, sorted(others - holders))


def add_members(
    column: ConditionColumn,
    held: Sequence[HeldCondition],
    cohort: PartialCohort,
    can: NDArray[np.bool_],
) -> None:
    """Give a condition to the members who are stated to have it.

    Args:
        column: the condition, drawn for everybody.
        held: who has it.
        cohort: whose condition it is.
        can: who can have it.
    """
    places = place_of_each(cohort)
    for one in held:
        rows = can & (places == one.place)
        if one.share < 1:
            rows &= cohort.draws.uniform(f"household.{column.code}") < one.share
        onset = onset_days(cohort, column.code, f"household.{column.code}.onset", one.onset)
        if one.of_pregnancy:
            onset, over = pregnancy_days(cohort)
            at_birth = whole_years(cohort.columns["birth"], cohort.columns["due"])
            rows &= (one.mothers[0] <= at_birth) & (at_birth < one.mothers[1])
            column.abated[rows] = over[rows]
        column.onset[rows], column.known_from[rows] = onset[rows], onset[rows]


def pregnancy_days(cohort: PartialCohort) -> tuple[Days, Days]:
    """Return the days on which pregnancies were found, and first days after them; (n,)."""
    u = cohort.draws.uniform("pregnancy.found")
    since = EARLIEST_KNOWN + np.floor(u * (_LATEST_FOUND - EARLIEST_KNOWN + 1))
    begun = cohort.columns["due"] - np.int32(GESTATION_DAYS)
    found: Days = np.minimum(begun + since, cohort.as_of).astype(np.int32)
    return found, begun + np.int32(LONGEST_PREGNANCY)
