"""How long visits that are no stays last, by their class and by what is done in them.

The figures are rows of ``data/visit_lengths.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

_FILE, _TIMED = "visit_lengths.csv", "timed_tests.csv"
_BEFORE, _AROUND = 20, 45  # minutes of a visit besides the wait for a test: assumption
_OFFICE = "office"
_ANY = ""  # the class whose figures hold for classes without a row


class VisitLength(NamedTuple):
    """Shortest and longest length of a visit, minutes."""

    shortest: int
    longest: int


@dataclass(frozen=True)
class _Lengths:
    """The table: by class, whatever is done; by class; by procedure; added; by specialty."""

    whole: dict[str, VisitLength]
    usual: dict[str, VisitLength]
    taken: dict[str, VisitLength]
    added: dict[str, VisitLength]
    special: dict[str, VisitLength]


_KINDS = (("class", "whole"), ("class", "is"), ("procedure", "is"), ("procedure", "adds"),
          ("specialty", "is"))  # fmt: skip


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


def visit_length(
    encounter_class: str, procedures: Sequence[str] = (), specialty: str = ""
) -> VisitLength:
    """Return how long visits last, in minutes, in which the same is done for everybody.

    Of several procedures the longest counts, or the class where none has a length; those that
    follow another, such as further hours of an infusion, are added. In classes that last as a
    whole, such as dialysis, procedures change nothing.

    Args:
        encounter_class: of the visit.
        procedures: codes of what is done in it, CPT or HCPCS, each as often as it has units.
        specialty: of who treats; some offices count blood and wait for its result.

    >>> visit_length("office", ["99213"])
    VisitLength(shortest=15, longest=45)
    >>> visit_length("office", ["96413", "96415", "96415"])
    VisitLength(shortest=240, longest=330)
    """
    if lasts_as_a_whole(encounter_class):
        known = _lengths().whole
        return known.get(encounter_class, known[_ANY])
    parts = [time_of(code) for code in procedures]
    taken = [one.taken for one in parts if one.taken is not None]
    usual = _lengths().usual[encounter_class]
    if encounter_class == _OFFICE:
        usual = _lengths().special.get(specialty, usual)
    base = max(taken, key=lambda length: length.longest, default=usual)
    added = [one.added for one in parts if one.added is not None]
    return VisitLength(
        base.shortest + sum(one.shortest for one in added),
        base.longest + sum(one.longest for one in added),
    )


def lasts_as_a_whole(encounter_class: str) -> bool:
    """Tell whether visits of a class last as a whole, whatever is done in them.

    >>> lasts_as_a_whole("dialysis"), lasts_as_a_whole("office")
    (True, False)
    """
    return encounter_class not in _lengths().usual


class TimeOf(NamedTuple):
    """What something that is done does to the length of a visit; None where nothing."""

    taken: VisitLength | None
    added: VisitLength | None


@cache
def time_of(code: str) -> TimeOf:
    """Return what a procedure, or a test that is timed, does to the length of its visit.

    A row whose code ends with ``*`` is of all codes that begin so; the longest beginning counts.

    Args:
        code: CPT, HCPCS or LOINC.

    >>> time_of("45385").taken
    VisitLength(shortest=120, longest=210)
    """
    known = _lengths()
    wait = waits().get(code)
    if wait is not None:
        return TimeOf(VisitLength(wait + _BEFORE, wait + _AROUND), None)
    return TimeOf(_row_of(known.taken, code), _row_of(known.added, code))


def _row_of(table: Mapping[str, VisitLength], code: str) -> VisitLength | None:
    beginnings = (f"{code[:length]}*" for length in range(len(code) - 1, 1, -1))
    return next((table[one] for one in (code, *beginnings) if one in table), None)


@cache
def waits(since: str = "arrival") -> Mapping[str, int]:
    """Return minutes from arrival, or from birth, to the specimen of timed tests, by LOINC code.

    The rows are those of ``data/timed_tests.csv``.

    >>> waits()["1504-0"], waits("birth")["1975-2"]
    (65, 1440)
    """
    return {row["loinc"]: int(row["minutes"]) for row in rows(_TIMED) if row["since"] == since}


@cache
def taken_over(loinc: str) -> int:
    """Return the minutes over which a timed test is taken once it is due.

    >>> taken_over("1975-2"), taken_over("1504-0")
    (480, 0)
    """
    return next((int(row["over"]) for row in rows(_TIMED) if row["loinc"] == loinc), 0)
