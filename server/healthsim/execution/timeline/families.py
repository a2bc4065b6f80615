"""Occurrences that are done together: those of one step that differ only in the beats around them.

A repeat is laid out once for each of its beats, and on a day people are in different beats of it.
What a walk costs is the number of times that it does something, so it does one step for all people
who have it next, whichever beat each of them is in: the occurrence is a column beside the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Decision, OwnDecision, Rows, below
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.step import StepHead

Numbers = NDArray[np.int32]
"""The occurrence, or the scope, of each of some people, by number."""


@dataclass(frozen=True, eq=False)
class Lists:
    """Numbers that belong to each of some things, such as the occurrences of each scope.

    Attributes:
        starts: int64, where in `numbers` those of each thing begin; one more for the end.
        numbers: int32.
    """

    starts: NDArray[np.int64]
    numbers: Numbers

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Lists:
        """Return lists, by position."""
        starts = np.concatenate([[0], np.cumsum([len(one) for one in lists], dtype=np.int64)])
        every = [number for one in lists for number in one]
        return cls(starts.astype(np.int64), np.array(every, dtype=np.int32))

    def each(self, things: Numbers) -> Iterator[tuple[Rows, Numbers]]:
        """Yield the first number of each of some things, then the second, and so on.

        Yields:
            The positions of the things that have so many, and their numbers of that place.
        """
        first, count = self.starts[things], self.starts[things + 1] - self.starts[things]
        for place in range(int(count.max()) if len(count) else 0):
            at = np.flatnonzero(count > place)
            yield at, self.numbers[first[at] + place]


@dataclass(frozen=True, eq=False)
class Families:
    """The families of a layout's occurrences; arrays have one entry for each occurrence.

    Attributes:
        layout: the journey laid out.
        first: int32, the first occurrence of each one's family, which stands for it.
        scope: int32, the scope that it is dated from.
        anchor: int32, the occurrence that it comes after; -1 for none.
        encounter: int32, the encounter that it happens in; -1 for none.
        opener: int32, the repeat of a beat, as in `Occurrence`; -1 for none.
        following: int32, the next beat; -1 for none.
        inside: int32, the scope that it opens for everybody who has it; -1 for none.
        tick: int32, which beat of its repeat it is; 0 for what is no beat.
        loose: bool, whether it happens only within the journey's duration.
        members: the occurrences that each scope dates.
        dependents: those that come after each occurrence.
    """

    layout: JourneyLayout
    first: Numbers
    scope: Numbers
    anchor: Numbers
    encounter: Numbers
    opener: Numbers
    following: Numbers
    inside: Numbers
    tick: Numbers
    loose: NDArray[np.bool_]
    members: Lists
    dependents: Lists

    @classmethod
    def of(cls, layout: JourneyLayout, first: Numbers) -> Families:
        """Return a layout as columns, with its families."""
        every = layout.occurrences
        size = range(len(every))

        def column(values: Iterator[int]) -> Numbers:
            return np.fromiter(values, dtype=np.int32, count=len(every))

        return cls(
            layout=layout,
            first=first,
            scope=column(one.scope for one in every),
            anchor=column(one.anchor for one in every),
            encounter=column(one.encounter for one in every),
            opener=column(one.opener for one in every),
            following=column(layout.next_tick.get(number, -1) for number in size),
            inside=column(layout.opens.get((number, -1), -1) for number in size),
            tick=column(one.tick for one in every),
            loose=np.isin(np.arange(len(every)), list(layout.loose)),
            members=Lists.of(layout.members),
            dependents=Lists.of([layout.dependents.get(number, ()) for number in size]),
        )

    @cached_property
    def opened(self) -> Mapping[int, Numbers]:
        """By option, the scope that each occurrence opens for some people; -1 for none."""
        found: dict[int, Numbers] = {}
        for (number, option), scope in self.layout.opens.items():
            if option not in found:
                found[option] = np.full(len(self.first), -1, dtype=np.int32)
            found[option][number] = scope
        return found

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the occurrences."""
        return tuple(one.address for one in self.layout.occurrences)

    def due(self, number: int, rows: Rows) -> Due:
        """Return one occurrence for some people."""
        return Due(self, number, rows, np.full(len(rows), number, dtype=np.int32), several=False)

    def by_family(self, numbers: Numbers, rows: Rows) -> Iterator[tuple[Due, Rows]]:
        """Yield what people have, family by family.

        Args:
            numbers: the occurrence of each of them.
            rows: ascending positions in the chunk.

        Yields:
            The occurrences of a family, and the positions in `rows` of those who have them.
        """
        first = self.first[numbers]
        for one in _distinct(first):
            at = np.flatnonzero(first == one)
            yield self.of_family(numbers[at], rows[at]), at

    def of_family(self, numbers: Numbers, rows: Rows) -> Due:
        """Return occurrences of one family, at least one."""
        number = int(numbers[0])
        if (numbers == number).all():
            return Due(self, number, rows, numbers, several=False)
        return Due(self, int(self.first[number]), rows, numbers, several=True)


def _distinct(numbers: Numbers) -> list[int]:
    """Return each number once, ascending."""
    if not len(numbers):
        return []
    if (numbers == numbers[0]).all():
        return [int(numbers[0])]
    distinct: list[int] = np.unique(numbers).tolist()
    return distinct


@dataclass(frozen=True, eq=False)
class Due:
    """Occurrences of one family and who has them; arrays have one entry for each of these people.

    Attributes:
        families: of the journey.
        number: the occurrence that everybody has; of several, the first of their family, of which
            all is true that does not depend on the beat: its step, its days, its place.
        rows: ascending positions in the chunk.
        own: int32, the occurrence that each person has.
        several: whether people have different ones.
    """

    families: Families
    number: int
    rows: Rows
    own: Numbers
    several: bool

    @property
    def first(self) -> Occurrence:
        """The occurrence that stands for all; see `number`."""
        return self.families.layout.occurrences[self.number]

    @property
    def step(self) -> StepHead:
        """The step of all."""
        return self.first.step

    @property
    def only(self) -> Occurrence:
        """The occurrence that everybody has.

        Raises:
            TypeError: people have different ones, and what they have cannot be done together.
        """
        if self.several:
            raise TypeError(f"{self.first.address} is due with other beats of it")
        return self.first

    @property
    def family(self) -> int:
        """The first occurrence of the family, which stands for it."""
        return int(self.families.first[self.number])

    def numbers(self, rows: Rows) -> Numbers:
        """Return the occurrence of each of some of the people, int32, shape of `rows`."""
        if len(rows) == len(self.rows):
            return self.own
        if not self.several:
            return self.own[: len(rows)]
        return self.own[np.searchsorted(self.rows, rows)]

    @property
    def address(self) -> Decision:
        """The address of the occurrence, or everybody's own."""
        if not self.several:
            return self.first.address
        return OwnDecision(self.families.addresses, self.rows, self.own)

    def decision(self, name: str) -> Decision:
        """Return the name of a draw of the occurrence, or of everybody's own."""
        return below(self.address, name)


class DaysByNumber:
    """A day for each pair of an occurrence, or a scope, and a person.

    Only numbers for which a day was ever set have space.
    """

    def __init__(self, size: int, people: int, usual: int | np.int32) -> None:
        """Begin with one day for all.

        Args:
            size: how many numbers there are.
            people: size of the chunk.
            usual: the day of everybody for whom none was set.
        """
        self._place = np.zeros(size, dtype=np.int32)  # the first holds the usual day
        self._days = np.full((1, people), usual, dtype=np.int32)
        self._usual, self._used = usual, 1

    def at(self, numbers: Numbers | int, rows: Rows) -> NDArray[np.int32]:
        """Return the day of each of some people at a number, or at their own."""
        days: NDArray[np.int32] = self._days[self._place[numbers], rows]
        return days

    def of(self, number: int) -> NDArray[np.int32]:
        """Return everybody's day at a number, to be read only."""
        days: NDArray[np.int32] = self._days[self._place[number]]
        return days

    def set(self, numbers: Numbers | int, rows: Rows, days: NDArray[np.int32]) -> None:
        """Set the day of each of some people at a number, or at their own."""
        place = self._place[numbers]
        if not np.all(place):
            self._make_space(np.unique(np.asarray(numbers)[place == 0]))
            place = self._place[numbers]
        self._days[place, rows] = days

    def _make_space(self, numbers: NDArray[np.int32]) -> None:
        needed, (size, people) = self._used + len(numbers), self._days.shape
        if needed > size:
            more = np.full((max(size, len(numbers)), people), self._usual, dtype=np.int32)
            self._days = np.concatenate([self._days, more])
        self._place[numbers] = np.arange(self._used, needed, dtype=np.int32)
        self._used = needed
