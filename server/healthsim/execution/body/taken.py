"""The courses of one drug as columns, which grow and change as the walk goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.courses import Course

_FIRST_SPACE = 64  # rows that there is space for at first


class Taken(NamedTuple):
    """Courses that are taken at all; arrays of shape (k,), in the order of the courses.

    Attributes:
        rows: int64, whose course it is.
        days: int32, its first day.
        until: int32, the first day on which nothing of it is taken.
        share: float64, how much of it is taken.
    """

    rows: NDArray[np.int64]
    days: NDArray[np.int32]
    until: NDArray[np.int32]
    share: NDArray[np.float64]

    @classmethod
    def join(cls, parts: Sequence[Taken]) -> Taken:
        """Return the courses of several drugs, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


class DrugCourses:
    """Every course of one drug so far.

    Attributes:
        version: a number that grows whenever the courses change.
    """

    def __init__(self) -> None:
        self.version = 0
        self._size = 0
        self._rows = np.zeros(_FIRST_SPACE, dtype=np.int64)
        self._days = np.zeros(_FIRST_SPACE, dtype=np.int32)
        self._until = np.zeros(_FIRST_SPACE, dtype=np.int32)
        self._share = np.zeros(_FIRST_SPACE, dtype=np.float64)
        self._place: dict[int, slice] = {}

    def add(self, course: Course) -> None:
        """Add a course."""
        begin, end = self._size, self._size + len(course.rows)
        while end > len(self._rows):
            self._grow()
        place = self._place[id(course)] = slice(begin, end)
        self._size = end
        self._rows[place] = course.rows
        self.follow(course)

    def follow(self, course: Course) -> None:
        """Take the days of a course as they are now; of another drug's, nothing."""
        place = self._place.get(id(course))
        if place is None:
            return
        self._days[place], self._until[place] = course.days, course.taken_until
        self._share[place] = 1.0 if course.taken is None else course.taken
        self.version += 1

    def taken(self, people: NDArray[np.bool_] | None = None) -> Taken:
        """Return the courses that are taken.

        Args:
            people: bool, one for each person of the chunk: only theirs; everybody's by default.
        """
        every = slice(0, self._size)
        is_taken = (self._until[every] > self._days[every]) & (self._share[every] > 0)
        if people is not None:
            is_taken &= people[self._rows[every]]
        at = np.flatnonzero(is_taken)
        return Taken(self._rows[at], self._days[at], self._until[at], self._share[at])

    def _grow(self) -> None:
        for name in ("_rows", "_days", "_until", "_share"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
