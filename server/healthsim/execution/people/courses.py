"""The courses of drugs of a chunk's people, found by what is taken and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Decision, Rows
from healthsim.execution.people.logs import FOREVER, Moment


@dataclass
class Course:
    """A drug that is taken, or a care plan: from `days` until the day before `stop`.

    Attributes:
        stop: int32, shape (n,); moves earlier when the drug is stopped or replaced.
        cut: bool, shape (n,); whether it was stopped before it ran out.
        source: position of the event that started it among the run's occurrences, or int32, that
            of each person; -1 where the profile did.
        drug: its name in the drug book; empty of a care plan.
        taken: float64, shape (n,); share of it that is taken: 0 of what is never filled, else the
            adherence. None where all of it is.
        changes: where it notes that its days changed for somebody, as `Courses.changes`.
        address: of the step that started it, or everybody's own; ``~profile/`` and the drug's name
            where the profile did.
        quit: int32, shape (n,): day from which people do not fill it any more, of their own
            accord and without a word; None where nobody does so.
        before: int32, shape (n,): `stop` before it was ended last; None where it never was.
    """

    ingredient: str
    rows: Rows
    days: Days
    stop: Days
    cut: NDArray[np.bool_]
    source: NDArray[np.int32] | int = -1
    drug: str = ""
    taken: NDArray[np.float64] | None = None
    changes: list[Course] = field(default_factory=list, repr=False)
    address: Decision = ""
    quit: Days | None = None
    before: Days | None = None

    @property
    def taken_until(self) -> Days:
        """First day on which nothing of it is taken, int32, shape (n,)."""
        return self.stop if self.quit is None else np.minimum(self.stop, self.quit)

    def taking(self, moment: Moment) -> NDArray[np.int32]:
        """Return the positions in the moment of those who are taking it, int32."""
        position = moment.positions[self.rows]
        return position[self._taken(moment, position)]

    def begun_by(self, sources: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return whose course one of some events started, bool, shape of `rows`."""
        return np.broadcast_to(np.isin(self.source, sources), self.rows.shape)

    def end(self, moment: Moment, whose: NDArray[np.bool_] | None = None) -> None:
        """Stop it, on the moment's day, for those of the moment who are taking it.

        Args:
            moment: some people, each on a day.
            whose: bool, shape of `rows`: only of these; of all by default.
        """
        position = moment.positions[self.rows]
        ends = self._taken(moment, position)
        if whose is not None:
            ends &= whose
        if ends.any():
            self.before = self.stop.copy() if self.before is None else self.before
            self.before[ends] = self.stop[ends]
            self.stop[ends] = moment.days[position[ends]]
            self.cut[ends] = True
            self.note_change()

    def end_later(self, day: Days, later: Days) -> None:
        """End it on a later day, or when it would have ended, for those whom a day has ended it.

        Args:
            day: int32, shape (n,), the day on which it was ended.
            later: int32, shape (n,), the day on which it is ended instead.
        """
        at = np.flatnonzero(self.cut & (self.stop == day))
        if self.before is not None and len(at):
            self.stop[at] = np.minimum(self.before[at], later[at])
            self.cut[at] = later[at] < self.before[at]
            self.note_change()

    def note_change(self) -> None:
        """Note that its days changed for somebody."""
        self.changes.append(self)

    def _taken(self, moment: Moment, position: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which of its people are in the moment and taking it."""
        day = moment.days[position]
        taken: NDArray[np.bool_] = (position >= 0) & (self.days <= day) & (day < self.stop)
        return taken


class Courses(list[Course]):
    """Every course, in the order in which they were found out.

    People have many courses of a drug over the years and take one at a time, so a read asks the
    latest of each person; all, where somebody's may overlap or a day is before the latest.

    Attributes:
        changes: the courses whose days changed since they were added, as often as they did.
    """

    def __init__(self, courses: Iterable[Course] = ()) -> None:
        super().__init__()
        self.changes: list[Course] = []
        self._sorted = 0
        self._of_ingredient: dict[str, _OneDrug] = {}
        self._of_drug: dict[str, _OneDrug] = {}
        for course in courses:
            self.append(course)

    def append(self, course: Course) -> None:
        """Add a course."""
        course.changes = self.changes
        super().append(course)

    def of_ingredient(self, ingredient: str) -> Sequence[Course]:
        """Return the courses of an ingredient."""
        return self._found(self._of_ingredient, ingredient)

    def of_drug(self, drug: str) -> Sequence[Course]:
        """Return the courses of a drug, by its name in the drug book."""
        return self._found(self._of_drug, drug)

    def going_on(self, ingredient: str, moment: Moment) -> Sequence[Course]:
        """Return the courses of an ingredient that people of a moment may be taking then."""
        self._sort()
        one = self._of_ingredient.get(ingredient)
        return () if one is None else one.going_on(moment)

    def of_drug_going_on(self, drug: str, moment: Moment) -> Sequence[Course]:
        """Return the courses of a drug, by name, that people of a moment may be taking then."""
        self._sort()
        one = self._of_drug.get(drug)
        return () if one is None else one.going_on(moment)

    def next_begin(self, ingredient: str, moment: Moment) -> Days:
        """Return the day on which people's next course of an ingredient begins, int32, (n,).

        A journey that was walked before may have begun it. `FOREVER` where there is none.
        """
        self._sort()
        one = self._of_ingredient.get(ingredient)
        return np.full(len(moment.rows), FOREVER) if one is None else one.next_begin(moment)

    def _found(self, kind: dict[str, _OneDrug], name: str) -> Sequence[Course]:
        self._sort()
        return kind[name].courses if name in kind else ()

    def _sort(self) -> None:
        """Sort what was added since it was asked last."""
        for course in self[self._sorted :]:
            self._of_ingredient.setdefault(course.ingredient, _OneDrug()).courses.append(course)
            self._of_drug.setdefault(course.drug, _OneDrug()).courses.append(course)
        self._sorted = len(self)


@dataclass
class _OneDrug:
    """The courses of one drug or ingredient.

    Attributes:
        courses: in the order in which they were added.
        seen: how many of them are in what follows.
        latest: int32, for each person of the chunk, the course added last, by position; -1 where
            there is none.
        begin: int32, its first day; `NO_DAY` where there is none.
        several: bool, whose earlier courses may begin, or go on, after that day.
    """

    courses: list[Course] = field(default_factory=list)
    seen: int = 0
    latest: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    begin: Days = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    several: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def going_on(self, moment: Moment) -> Sequence[Course]:
        """Return the courses that people of a moment may be taking then, in their order."""
        if len(self.courses) == 1:
            return self.courses
        self._follow(moment.people)
        rows = moment.rows
        if self.several[rows].any() or (self.begin[rows] > moment.days).any():
            return self.courses
        return [self.courses[at] for at in np.unique(self.latest[rows]).tolist() if at >= 0]

    def next_begin(self, moment: Moment) -> Days:
        """Return the day on which people's next course after their day begins; `FOREVER`."""
        self._follow(moment.people)
        following = np.full(len(moment.rows), FOREVER)
        if (self.begin[moment.rows] > moment.days).any() or self.several[moment.rows].any():
            for course in self.courses:
                position = moment.positions[course.rows]
                later = (position >= 0) & (course.days < course.stop)
                later &= course.days > moment.days[position]
                np.minimum.at(following, position[later], course.days[later])
        return following

    def _follow(self, people: int) -> None:
        """Take the courses that were added since it was asked last."""
        if not self.seen:
            self.latest = np.full(people, -1, dtype=np.int32)
            self.begin = np.full(people, NO_DAY, dtype=np.int32)
            self.several = np.zeros(people, dtype=np.bool_)
        for number, course in enumerate(self.courses[self.seen :], self.seen):
            rows = course.rows
            over = self._ends(rows)
            self.several[rows] |= (over > course.days) | (self.begin[rows] > course.days)
            self.latest[rows], self.begin[rows] = number, course.days
        self.seen = len(self.courses)

    def _ends(self, rows: Rows) -> Days:
        """Return the first day after people's latest course, int32; `NO_DAY` without one."""
        ends, latest = np.full(len(rows), NO_DAY, dtype=np.int32), self.latest[rows]
        for number in np.unique(latest[latest >= 0]).tolist():
            of_it, course = latest == number, self.courses[number]
            ends[of_it] = course.stop[np.searchsorted(course.rows, rows[of_it])]
        return ends
