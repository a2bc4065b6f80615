"""Segments become rows: what happened to many people in one occurrence, in (person, id) order.

The people of a segment are in ascending order and its number holds for all of its rows, so no sort
of whole keys is needed: segments are put in the order of their numbers, and one stable sort by
person does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.execution.people.draws import Rows
from healthsim.tables import Coded, join


class Segment(Protocol):
    """Something that some people of a chunk have in common, such as one planned lab test."""

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""


S = TypeVar("S", bound=Segment)
T = TypeVar("T", bound=np.generic)
_FEW_PEOPLE = 2**16  # fit into uint16, which a stable sort orders by radix


@dataclass(frozen=True, eq=False)
class RowLayout(Generic[S]):
    """Rows of several segments, by person, then by the segments' numbers.

    Attributes:
        segments: those that have people, in the order of their numbers.
        numbers: int64, shape (segments,); the numbers, of which ids are made.
        rows: int32, shape (n,); position of each row's person in the chunk.
        segment: int32, shape (n,); position of each row's segment.
        order: intp, shape (n,); position of each row in the segments laid end to end.
        person_id: int64, shape (n,).
    """

    segments: tuple[S, ...]
    numbers: NDArray[np.int64]
    rows: NDArray[np.int32]
    segment: NDArray[np.int32]
    order: NDArray[np.intp]
    person_id: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ids(self) -> NDArray[np.int64]:
        """The id of each row's record, int64, shape (n,)."""
        return ids(self.person_id, self.numbers[self.segment])

    def segment_ids(self, number: Callable[[S], int]) -> NDArray[np.int64]:
        """Return ids made of a number that each segment has; int64, shape (n,)."""
        return ids(self.person_id, self.segment_values(number, np.int64))

    def row_values(self, of: Callable[[S], NDArray[T]]) -> NDArray[T]:
        """Return an array that every segment has for its own people; shape (n,)."""
        return np.concatenate([of(segment) for segment in self.segments])[self.order]

    def row_texts(self, of: Callable[[S], Coded]) -> Coded:
        """Return a text column that every segment has for its own people; shape (n,)."""
        return join([of(segment) for segment in self.segments]).take(self.order)

    def segment_values(self, of: Callable[[S], float], kind: type[T]) -> NDArray[T]:
        """Return a number that holds for a whole segment, on each of its rows; shape (n,)."""
        return np.array([of(segment) for segment in self.segments], dtype=kind)[self.segment]

    def segment_texts(self, of: Callable[[S], str | None]) -> Coded:
        """Return a text that holds for a whole segment, on each of its rows; shape (n,)."""
        return Coded.of([of(segment) for segment in self.segments]).take(self.segment)


def lay_out_rows(
    segments: Iterable[S], number: Callable[[S], int], person_id: NDArray[np.int64]
) -> RowLayout[S]:
    """Put the rows of segments in order.

    Args:
        segments: those without people are left out.
        number: a segment's number; two segments that share a person must not share it.
        person_id: int64, ids of the chunk's people.
    """
    numbered = [(number(segment), segment) for segment in segments if len(segment.rows)]
    numbered.sort(key=lambda pair: pair[0])
    numbers = np.array([number for number, _ in numbered], dtype=np.int64)
    chosen = tuple(segment for _, segment in numbered)
    if not chosen:
        none = np.zeros(0, dtype=np.int32)
        return RowLayout((), numbers, none, none, np.zeros(0, dtype=np.intp), person_id[:0])
    pieces = [segment.rows for segment in chosen]
    people = np.concatenate(pieces)
    small = people.astype(np.uint16) if people.max() < _FEW_PEOPLE else people
    order = np.argsort(small, kind="stable")
    lengths = [len(piece) for piece in pieces]
    segment = np.repeat(np.arange(len(chosen), dtype=np.int32), lengths)[order]
    rows = people[order].astype(np.int32)
    return RowLayout(chosen, numbers, rows, segment, order, person_id[rows])
