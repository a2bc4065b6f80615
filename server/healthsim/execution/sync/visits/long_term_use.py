"""Who takes a drug for long on a day, by the codes that say so."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.courses import Course
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.record import Record
from healthsim.medicine.coding import LongTermDrug, long_term_drugs

_DAY_BITS = 33  # of a key; the person's row is above them
_FIRST_DAY = np.int64(2**31)


class LongTermUse:
    """The courses of a chunk by the code that says that they are taken for long."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @cached_property
    def _spells(self) -> list[tuple[LongTermDrug, NDArray[np.int64], NDArray[np.int64]]]:
        """Of each code: keys of person and first day, ascending; key of the latest stop so far."""
        found = []
        for rule in long_term_drugs():
            courses = [course for course in self._record.courses
                       if rule.is_of(course.ingredient, course.drug)]  # fmt: skip
            if courses:
                begin = np.concatenate([_keys(course, course.days) for course in courses])
                stop = np.concatenate([_keys(course, course.stop) for course in courses])
                order = np.argsort(begin, kind="stable")
                if not len(order):
                    continue
                found.append((rule, begin[order], np.maximum.accumulate(stop[order])))
        return found

    def codes(self, rows: Rows, days: Days) -> tuple[tuple[LongTermDrug, ...], NDArray[np.int64]]:
        """Return the codes that anybody of the chunk may have, and who has them on their day.

        Args:
            rows: positions in the chunk.
            days: int32, a day of each.

        Returns:
            The codes, and int64 of which bit i is set where code i holds.
        """
        rules: list[LongTermDrug] = []
        bits = np.zeros(len(rows), dtype=np.int64)
        person = rows.astype(np.int64) << _DAY_BITS
        today = person + days + _FIRST_DAY
        for rule, begin, stop in self._spells:
            place = np.searchsorted(begin, today, side="right") - 1
            taken = (place >= 0) & (begin[place] >= person) & (stop[place] > today)
            bits |= taken.astype(np.int64) << np.int64(len(rules))
            rules.append(rule)
        return tuple(rules), bits


def _keys(course: Course, days: Days) -> NDArray[np.int64]:
    """Return person and day of those who take any of a course, as one integer."""
    rows = course.rows.astype(np.int64)
    if course.taken is not None:
        rows, days = rows[course.taken > 0], days[course.taken > 0]
    return (rows << _DAY_BITS) + (days.astype(np.int64) + _FIRST_DAY)
