"""How long visits that are no stays last, by their class and by what is done in them.

The figures are rows of ``data/visit_lengths.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

_FILE = "visit_lengths.csv"
_ANY = ""  # the class whose figures hold for classes without a row


class VisitLength(NamedTuple):
    """Shortest and longest length of a visit, minutes."""

    shortest: int
    longest: int


@dataclass(frozen=True)
class _Lengths:
    """The table: by class, whatever is done in it; by class; by procedure; what one adds."""

    whole: dict[str, VisitLength]
    usual: dict[str, VisitLength]
    taken: dict[str, VisitLength]
    added: dict[str, VisitLength]


_KINDS = (("class", "whole"), ("class", "is"), ("procedure", "is"), ("procedure", "adds"))


@cache
def _lengths() -> _Lengths:
    """Read the table.

    Raises:
        ValueError: a row is of no kind or way, or its longest is below its shortest.
    """
    found: dict[tuple[str, str], dict[str, VisitLength]] = {kind: {} for kind in _KINDS}
    for row in rows(_FILE):
        kind = (row["kind"], row["way"])
        length = VisitLength(int(row["shortest"]), int(row["longest"]))
        if kind not in found or not 0 < length.shortest <= length.longest:
            raise ValueError(f"{_FILE}: {row['code']}: is {kind}, {length}; write one of {_KINDS} "
                             "and minutes from 1, the shortest first")  # fmt: skip
        found[kind][row["code"]] = length
    return _Lengths(*found.values())


def visit_length(encounter_class: str, procedures: Sequence[str] = ()) -> VisitLength:
    """Return how long visits last, in minutes.

    Of several procedures the longest counts, or the class where none has a length; those that
    follow another, such as further hours of an infusion, are added. In classes that last as a
    whole, such as dialysis, procedures change nothing.

    Args:
        encounter_class: of the visit.
        procedures: codes of what is done in it, CPT or HCPCS, each as often as it has units.

    >>> visit_length("office", ["99213"])
    VisitLength(shortest=15, longest=45)
    >>> visit_length("office", ["96413", "96415", "96415"])
    VisitLength(shortest=210, longest=300)
    """
    known = _lengths()
    if encounter_class not in known.usual:
        return known.whole.get(encounter_class, known.whole[_ANY])
    taken = [known.taken[code] for code in procedures if code in known.taken]
    base = max(taken, key=lambda length: length.longest, default=known.usual[encounter_class])
    added = [known.added[code] for code in procedures if code in known.added]
    return VisitLength(
        base.shortest + sum(one.shortest for one in added),
        base.longest + sum(one.longest for one in added),
    )
