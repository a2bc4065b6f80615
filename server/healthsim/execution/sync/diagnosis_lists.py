"""Lists of diagnosis codes as rows: one row for each visit or claim and code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.row_layout import RowLayout, Segment
from healthsim.execution.sync.visits import VisitRows
from healthsim.tables import Coded

_MOST_CODES = 25  # of a claim, and so of an encounter

S = TypeVar("S", bound=Segment)


@dataclass(frozen=True, eq=False)
class DiagnosisLists:
    """The distinct lists of codes of several visits or claims, and which one each row has.

    Attributes:
        lists: the lists of codes.
        chosen: int32, shape (rows,), position of each row's list.
    """

    lists: tuple[tuple[str, ...], ...]
    chosen: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        layout: RowLayout[S],
        visit: Callable[[S], VisitRows],
        at: Callable[[S], NDArray[np.intp] | slice],
    ) -> DiagnosisLists:
        """Return the lists of the rows of a layout.

        Args:
            layout: visits or claims.
            visit: the visit of a segment.
            at: which of the visit's people the segment has.
        """
        lists: list[tuple[str, ...]] = []
        chosen = []
        for segment in layout.segments:
            codes = visit(segment).diagnoses
            chosen.append(codes.chosen[at(segment)] + np.int32(len(lists)))
            lists += codes.lists
        return cls(tuple(lists), np.concatenate(chosen)[layout.order])

    def sizes(self, most: int) -> NDArray[np.int64]:
        """Return how many codes each row has, int64, shape (rows,), at most `most`."""
        return _sizes(self.lists, most)[self.chosen]

    def flatten(self) -> DiagnosisRows:
        """Return one row for each code of each list, at most 25 of a list."""
        vocabulary = tuple(dict.fromkeys(code for codes in self.lists for code in codes))
        position = {code: number for number, code in enumerate(vocabulary)}
        flat = np.array(
            [position[code] for codes in self.lists for code in codes[:_MOST_CODES]],
            dtype=np.int32,
        )
        sizes = _sizes(self.lists, _MOST_CODES)
        starts = np.cumsum(sizes) - sizes
        count = sizes[self.chosen]
        of = np.repeat(np.arange(len(self.chosen)), count)
        within = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        code = flat[starts[self.chosen[of]] + within] if len(of) else np.zeros(0, dtype=np.int32)
        return DiagnosisRows(of, (within + 1).astype(np.int32), Coded(code, vocabulary))


def _sizes(lists: Sequence[tuple[str, ...]], most: int) -> NDArray[np.int64]:
    return np.array([min(len(codes), most) for codes in lists], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class DiagnosisRows:
    """One row for each code of a list.

    Attributes:
        of: intp, shape (n,), position of the visit or claim.
        sequence: int32, shape (n,), from 1.
        code: shape (n,).
    """

    of: NDArray[np.intp]
    sequence: NDArray[np.int32]
    code: Coded


def present_on_admission(stay: NDArray[np.bool_]) -> Coded:
    """Return the indicator that a diagnosis was present on admission: Y in a stay, else none."""
    return Coded(np.where(stay, 0, -1).astype(np.int32), ("Y",))
