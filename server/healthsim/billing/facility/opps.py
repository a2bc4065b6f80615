"""Medicare's outpatient prospective payment (OPPS): status, rate, and what is paid of a claim.

A status indicator says how a line is paid: J1 and J2 pay a whole claim once, T is halved after the
first, N is packaged, Q1, Q2 and Q4 are packaged beside others, A has a fee schedule, C is paid only
in a stay. Complexity adjustments, composite APCs and pass-through are not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows

OUTPATIENT_CLASSES = frozenset({"emergency", "observation", "outpatient_hospital", "asc"})
"""Encounter classes whose lines have a status indicator."""
HOURS_OF_OBSERVATION = "G0378"
LEAST_HOURS = 8
"""Hours of observation from which a visit is paid as comprehensive observation (OPPS)."""
ASC_SCALAR = 0.86484
"""ASC weight over OPPS weight, CY 2025: derived from 22.1206 over 25.5776 (Addenda AA and B)."""
STATUSES = (
    "A", "B", "C", "E1", "F", "G", "H", "J1", "J2", "K", "L", "M", "N", "P", "Q1", "Q2", "Q3", "Q4",
    "R", "S", "T", "U", "V",
)  # fmt: skip
_COMPREHENSIVE_OBSERVATION = "8011"
_BESIDE_COMPREHENSIVE = ("A", "F", "G", "H", "L", "U")  # paid beside J1 and J2
_FEE_SCHEDULE = ("A", "F", "L", "Q4")
_UNPAID = ("B", "C", "E1", "M", "N")


@dataclass(frozen=True, eq=False)
class OutpatientLines:
    """Lines of outpatient claims, each claim's together; arrays of shape (m,).

    Attributes:
        claim: int32, which claim; equal for the lines of one.
        code: int32, positions in `words`; -1 where a line has none.
        words: the codes.
        cents: int64, base price of one unit.
        units: int32.
    """

    claim: NDArray[np.int32]
    code: NDArray[np.int32]
    words: tuple[str, ...]
    cents: NDArray[np.int64]
    units: NDArray[np.int32]


@cache
def status(code: str) -> str:
    """Return the status indicator of a HCPCS code, or that of most of its family.

    >>> status("27447"), status("G0378")
    ('J1', 'N')
    """
    known = _codes().get(code)
    return (known or _family(code))[0]


@cache
def rate_cents(code: str) -> int | None:
    """Return the OPPS rate of a code in CY 2025, cents; None where it has a fee schedule or none.

    >>> rate_cents("27447")
    1286682
    """
    known = _codes().get(code)
    return (known or _family(code))[1]


def codes_of(*statuses: str) -> tuple[str, ...]:
    """Return the codes of the table that have one of some status indicators, ascending."""
    return tuple(sorted(code for code, (found, _) in _codes().items() if found in statuses))


def has_fee_schedule(words: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which codes are paid by a fee schedule and not by an APC, bool, per code."""
    return np.array([status(word) in _FEE_SCHEDULE for word in words], dtype=np.bool_)


def payable_cents(lines: OutpatientLines) -> NDArray[np.float64]:
    """Return what OPPS pays of one unit of each line, float64 cents, shape (m,).

    >>> codes = np.array([0, 1, 2], dtype=np.int32)
    >>> payable_cents(OutpatientLines(
    ...     np.zeros(3, dtype=np.int32), codes, ("27447", "93005", "J1100"),
    ...     np.array([1286682, 5940, 12]), np.ones(3, dtype=np.int32))).tolist()
    [1286682.0, 0.0, 0.0]
    """
    claim = _Claim.of(lines)
    share = np.ones(len(lines.claim))
    share[claim.are(*_UNPAID)] = 0.0
    visits = claim.have(claim.are("S", "T", "V", "J2"))
    share[claim.are("Q1") & (visits | ~claim.first_best(claim.are("Q1")))] = 0.0
    share[claim.are("Q2") & claim.have(claim.are("T"))] = 0.0
    other = visits | claim.have(claim.are("Q1", "Q2", "Q3"))
    share[claim.are("Q4") & other] = 0.0
    share = np.where(claim.are("T"), _of_several(claim, lines.units), share)
    return _comprehensive(claim, lines, share * lines.cents)


def asc_payable_cents(lines: OutpatientLines) -> NDArray[np.float64]:
    """Return what is paid of one unit of each line in a surgery centre, in OPPS cents, (m,).

    The dearest procedure is paid whole, others by half; what OPPS packages is packaged.
    """
    claim = _Claim.of(lines)
    procedures = claim.are("J1", "T", "S", "Q3", "P")
    share = np.where(procedures, _of_several(claim, lines.units, procedures), 0.0)
    share[claim.are("A", "G", "H", "K", "L", "F", "U")] = 1.0
    share[lines.code < 0] = 1.0
    payable: NDArray[np.float64] = share * lines.cents
    return payable


def _of_several(
    claim: _Claim, units: NDArray[np.int32], procedures: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Return the share of one unit where the first procedure is paid whole and others by half."""
    mask = claim.are("T") if procedures is None else procedures
    return np.where(claim.first_best(mask), (1 + units) / (2 * units), 0.5)


def _comprehensive(
    claim: _Claim, lines: OutpatientLines, payable: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return payments with those claims paid once that have a J1, or hours of observation."""
    whole = claim.are("J1")
    operated = claim.have(whole)
    hours = _words_are(lines, HOURS_OF_OBSERVATION) & (lines.units >= LEAST_HOURS)
    visit = claim.are("J2")
    watched = claim.have(hours) & claim.have(visit) & ~operated & ~claim.have(claim.are("T"))
    payable[(operated | watched) & ~claim.are(*_BESIDE_COMPREHENSIVE)] = 0.0
    paid = operated & claim.first_best(whole)
    payable[paid] = lines.cents[paid]
    payable[watched & claim.first_best(visit)] = observation_cents()
    return payable


@cache
def observation_cents() -> int:
    """Return the rate of comprehensive observation in CY 2025, cents."""
    return _groups()[_COMPREHENSIVE_OBSERVATION]


def _words_are(lines: OutpatientLines, code: str) -> NDArray[np.bool_]:
    place = lines.words.index(code) if code in lines.words else -2
    found: NDArray[np.bool_] = lines.code == place
    return found


@dataclass(frozen=True, eq=False)
class _Claim:
    """Lines with their status; `starts` is the first of each claim, `of_line` the claim of each."""

    starts: NDArray[np.intp]
    of_line: NDArray[np.intp]
    status: NDArray[np.int64]
    cents: NDArray[np.int64]

    @classmethod
    def of(cls, lines: OutpatientLines) -> _Claim:
        starts = np.flatnonzero(np.diff(lines.claim, prepend=np.int32(-1)))
        of_line = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(lines.claim)))
        numbers = [STATUSES.index(status(word)) for word in lines.words]
        packaged = STATUSES.index("N")
        by_code = np.array([*numbers, packaged], dtype=np.int64)
        return cls(starts, of_line, by_code[lines.code], lines.cents)

    def are(self, *statuses: str) -> NDArray[np.bool_]:
        chosen = np.array([name in statuses for name in STATUSES], dtype=np.bool_)
        return chosen[self.status]

    def have(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which lines are of a claim that has a line of the mask."""
        if not len(mask):
            return mask
        found: NDArray[np.bool_] = np.logical_or.reduceat(mask, self.starts)[self.of_line]
        return found

    def first_best(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the dearest line of each claim's masked ones; the first of equals."""
        if not mask.any():
            return mask
        cents = np.where(mask, self.cents, -1)
        best = mask & (cents == np.maximum.reduceat(cents, self.starts)[self.of_line])
        count = np.cumsum(best)
        before = count[self.starts] - best[self.starts]
        first: NDArray[np.bool_] = best & (count - before[self.of_line] == 1)
        return first


@cache
def _groups() -> dict[str, int]:
    return {row["apc"]: _cents(row["rate_usd"]) for row in rows("opps_groups.csv")}


@cache
def _codes() -> dict[str, tuple[str, int | None]]:
    groups = _groups()
    return {
        row["code"]: (
            row["status"], _cents(row["rate_usd"]) if row["rate_usd"] else groups.get(row["apc"]),
        )
        for row in rows("opps_codes.csv")
    }  # fmt: skip


@cache
def _families() -> dict[str, tuple[str, int | None]]:
    return {
        row["family"]: (row["status"], _cents(row["rate_usd"]) if row["rate_usd"] else None)
        for row in rows("opps_families.csv")
    }


def _family(code: str) -> tuple[str, int | None]:
    families = _families()
    return families.get(code[:3]) or families.get(code[:1]) or ("S", None)


def _cents(usd: str) -> int:
    return round(float(usd) * 100)
