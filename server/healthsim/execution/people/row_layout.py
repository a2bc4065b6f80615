"""Rows of a table from segments: what many people had of one occurrence, by (person, key).

Every segment's people are ascending and its key is one number, so the order needs no sort of
keys: segments are put below each other by key, and one stable sort by person does the rest.
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
_FEW_PEOPLE = 2**16  # fit into uint16, which a stable sort orders by radix


@dataclass(frozen=True)
class RowLayout(Generic[S]):
    """Rows of several segments, by person, then by the segments' keys.

    Attributes:
        segments: in the order of their keys.
        rows: int32, shape (n,); position of each row's person in the chunk.
        segment: int32, shape (n,); which segment each row is of.
        order: shape (n,); position of each row in the segments put below each other.
    """

    segments: tuple[S, ...]
    rows: NDArray[np.int32]
    segment: NDArray[np.int32]
    order: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def row_values(self, of: Callable[[S], NDArray[T]]) -> NDArray[T]:
        """Return an array that each segment has for its people, in the order of the rows."""
        return np.concatenate([of(segment) for segment in self.segments])[self.order]

    def row_texts(self, of: Callable[[S], Coded]) -> Coded:
        """Return a text that each segment has for its people, in the order of the rows."""
        return join([of(segment) for segment in self.segments]).take(self.order)

    def segment_values(self, of: Callable[[S], float], kind: type[T]) -> NDArray[T]:
        """Return a number of each segment, on each of its rows; of type `kind`, shape (n,)."""
        return np.array([of(segment) for segment in self.segments], dtype=kind)[self.segment]

    def segment_texts(self, of: Callable[[S], str | None]) -> Coded:
        """Return a text of each segment, on each of its rows."""
        return Coded.of([of(segment) for segment in self.segments]).take(self.segment)


def lay_out_rows(
    segments: Sequence[S], rows: Callable[[S], Rows], key: Callable[[S], int]
) -> RowLayout[S]:
    """Lay segments out as rows.

    Args:
        segments: what is laid out; those without people are left out.
        rows: a segment's people, ascending.
        key: a segment's key; two segments that share a person must not share it.
    """
    chosen = tuple(sorted((segment for segment in segments if len(rows(segment))), key=key))
    if not chosen:
        none = np.zeros(0, dtype=np.int32)
        return RowLayout((), none, none, np.zeros(0, dtype=np.intp))
    people = np.concatenate([rows(segment) for segment in chosen])
    lengths = [len(rows(segment)) for segment in chosen]
    keys = people.astype(np.uint16) if people.max() < _FEW_PEOPLE else people
    order = np.argsort(keys, kind="stable")
    segment = np.repeat(np.arange(len(chosen), dtype=np.int32), lengths)[order]
    return RowLayout(chosen, people[order].astype(np.int32), segment, order)
