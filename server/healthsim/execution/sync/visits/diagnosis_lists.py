"""Lists of diagnosis codes as rows: one row for each visit or claim and code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Draws
from healthsim.execution.people.row_layout import RowLayout, Segment
from healthsim.execution.sync.visits.visits import VisitRows
from healthsim.medicine.coding import MOST_CODES, is_exempt_from_poa
from healthsim.tables import Coded

_POA = ("Y", "N", "1", "U", "W")
_UNCLEAR = {"Y": "W", "N": "U"}
"""What stands for an indicator where it cannot be told: clinically undetermined, not documented."""
_UNDOCUMENTED_SHARE = 0.04
"""Share of stays whose later diagnoses lack documentation (U). Assumption: rare, no figure is at
hand."""
_UNDETERMINED_SHARE = 0.01
"""Share of stays with one other diagnosis of which it cannot be determined (W). Assumption."""

S = TypeVar("S", bound=Segment)


@dataclass(frozen=True, eq=False)
class DiagnosisLists:
    """The distinct lists of codes of several visits or claims, and which one each row has.

    Attributes:
        lists: the lists of codes.
        chosen: int32, shape (rows,), position of each row's list.
        late: of each list, the codes that were not present on admission.
    """

    lists: tuple[tuple[str, ...], ...]
    chosen: NDArray[np.int32]
    late: tuple[frozenset[str], ...]

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
        late: list[frozenset[str]] = []
        chosen = []
        for segment in layout.segments:
            codes = visit(segment).diagnoses
            chosen.append(codes.chosen[at(segment)] + np.int32(len(lists)))
            lists += codes.lists
            late += codes.late
        return cls(tuple(lists), np.concatenate(chosen)[layout.order], tuple(late))

    def sizes(self, most: int) -> NDArray[np.int64]:
        """Return how many codes each row has, int64, shape (rows,), at most `most`."""
        return _sizes(self.lists, most)[self.chosen]

    def flatten(self) -> DiagnosisRows:
        """Return one row for each code of each list, at most 25 of a list."""
        vocabulary = tuple(dict.fromkeys(code for codes in self.lists for code in codes))
        position = {code: number for number, code in enumerate(vocabulary)}
        flat = np.array(
            [position[code] for codes in self.lists for code in codes[:MOST_CODES]],
            dtype=np.int32,
        )
        indicators = np.array(
            [_indicator(code, late) for codes, late in zip(self.lists, self.late, strict=True)
             for code in codes[:MOST_CODES]],
            dtype=np.int32,
        )  # fmt: skip
        sizes = _sizes(self.lists, MOST_CODES)
        starts = np.cumsum(sizes) - sizes
        count = sizes[self.chosen]
        of = np.repeat(np.arange(len(self.chosen)), count)
        within = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        place = (starts[self.chosen[of]] + within).astype(np.intp)
        return DiagnosisRows(
            of, (within + 1).astype(np.int32), Coded(flat[place], vocabulary),
            Coded(indicators[place], _POA), count[of],
        )  # fmt: skip


def _sizes(lists: Sequence[tuple[str, ...]], most: int) -> NDArray[np.int64]:
    return np.array([min(len(codes), most) for codes in lists], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class DiagnosisRows:
    """One row for each code of a list.

    Attributes:
        of: intp, shape (n,), position of the visit or claim.
        sequence: int32, shape (n,), from 1.
        code: shape (n,).
        poa: shape (n,), whether it was present on admission: Y, N, or 1 for a code that needs none.
        size: int64, shape (n,), how many codes the visit or claim has.
    """

    of: NDArray[np.intp]
    sequence: NDArray[np.int32]
    code: Coded
    poa: Coded
    size: NDArray[np.int64]


def present_on_admission(
    diagnoses: DiagnosisRows, stay: NDArray[np.bool_], u: NDArray[np.float64]
) -> Coded:
    """Return whether diagnoses were present on admission, in stays; elsewhere none.

    Of a few stays it is not documented whether later diagnoses were (U for N), or cannot be
    determined of one that stands behind the principal one (W for Y). Payers count U as N, W as Y.

    Args:
        diagnoses: n rows.
        stay: bool, shape (n,).
        u: float64, shape (n,), the stay's number of `unclear_draw`.
    """
    at_last = (u - (1 - _UNDETERMINED_SHARE)) / _UNDETERMINED_SHARE
    place = 2 + np.floor(np.clip(at_last, 0, 1) * (diagnoses.size - 1)).astype(np.int64)
    unclear = {
        "N": (u < _UNDOCUMENTED_SHARE) & (diagnoses.sequence > 1),
        "Y": (at_last >= 0) & (diagnoses.sequence == place),
    }
    codes = diagnoses.poa.codes
    for word, mask in unclear.items():
        codes = np.where(mask & (codes == _POA.index(word)), _POA.index(_UNCLEAR[word]), codes)
    return Coded(np.where(stay, codes, -1).astype(np.int32), _POA)


def unclear_draw(draws: Draws, visit: VisitRows) -> NDArray[np.float64]:
    """Return the number of each stay that says whether admission is unclear, float64, (n,)."""
    if visit.details.encounter_class != "inpatient":
        return np.full(len(visit.rows), 0.5)
    return draws.uniform(f"{visit.occurrence.address}/unclear", visit.rows)


def _indicator(code: str, late: frozenset[str]) -> int:
    """Return the position of a code's indicator in `_POA`."""
    return 2 if is_exempt_from_poa(code) else int(code in late)
