"""Segments become rows: what befell many people in one occurrence, put in (person, key) order.

Every segment's people are ascending and its key is one number, so the order needs no sort of
keys: segments are laid down by key, and one stable sort by person does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Rows
from healthsim.tables import Coded, join

S = TypeVar("S")
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class RowLayout(Generic[S]):
    """Rows of several segments, by person, then by the segments' keys.

    Attributes:
        segments: in the order of their keys.
        rows: int32, shape (n,); position of each row's person in the chunk.
        segment: int32, shape (n,); which segment each row is of.
        order: shape (n,); where each row stands in the segments laid end to end.
    """

    segments: tuple[S, ...]
    rows: NDArray[np.int32]
    segment: NDArray[np.int32]
    order: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def row_values(self, of: Callable[[S], NDArray[T]]) -> NDArray[T]:
        """Return an array that every segment has for its own people, in this order."""
        return np.concatenate([of(one) for one in self.segments])[self.order]

    def row_texts(self, of: Callable[[S], Coded]) -> Coded:
        """Return a text column that every segment has for its own people, in this order."""
        whole = join([of(one) for one in self.segments])
        if not isinstance(whole, Coded):
            raise TypeError("segments give numbers where texts are needed")
        return whole.take(self.order)

    def segment_values(self, of: Callable[[S], float], kind: type[T]) -> NDArray[T]:
        """Return a number that holds for a whole segment, on each of its rows."""
        return np.array([of(one) for one in self.segments], dtype=kind)[self.segment]

    def segment_texts(self, of: Callable[[S], str | None]) -> Coded:
        """Return a text that holds for a whole segment, on each of its rows."""
        words = Coded.of([of(one) for one in self.segments])
        return words.take(self.segment)


def lay_out_rows(
    segments: Sequence[S], rows: Callable[[S], Rows], key: Callable[[S], int]
) -> RowLayout[S]:
    """Put segments together.

    Args:
        segments: what to gather; those without people are left out.
        rows: a segment's people, ascending.
        key: a segment's key; two segments that share a person must not share it.
    """
    chosen = tuple(sorted((one for one in segments if len(rows(one))), key=key))
    if not chosen:
        empty = np.zeros(0, dtype=np.int32)
        return RowLayout((), empty, empty, np.zeros(0, dtype=np.intp))
    lengths = [len(rows(one)) for one in chosen]
    people = np.concatenate([rows(one) for one in chosen])
    small = people.astype(np.uint16) if people.max() < 2**16 else people  # radix sort
    order = np.argsort(small, kind="stable")
    segment = np.repeat(np.arange(len(chosen), dtype=np.int32), lengths)[order]
    return RowLayout(chosen, people[order].astype(np.int32), segment, order)
