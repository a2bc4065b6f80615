"""Part D since 2025: phases of a fill, the manufacturer's discount, reinsurance, subsidies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.accumulators import basis_points
from healthsim.billing.benefits.statutory import by_known_year, year_index
from healthsim.limits import Cents

FIRST_YEAR = 2025
"""Since when there are three phases, and the discount of manufacturers is not of a gap."""
LEVELS = ("none", "full", "dual", "institutional")
"""Levels of the low-income subsidy: full copays, those of a person with Medicaid up to the poverty
level, and none in an institution (42 USC 1395w-114)."""

_WHOLE = 10_000


@dataclass(frozen=True, eq=False)
class PhasedFill:
    """How a fill falls into phases and who pays it; int64 cents, shape (m,).

    Attributes:
        below: gross drug cost below the out-of-pocket threshold: deductible and initial phase.
        above: gross drug cost above it: the catastrophic phase.
        manufacturer: the manufacturer's discount, which the plan pays at the counter.
        reinsurance: of what the plan pays in the catastrophic phase, what Medicare pays back.
    """

    below: Cents
    above: Cents
    manufacturer: Cents
    reinsurance: Cents


def phases(
    price: Cents,
    deductible: Cents,
    owed: Cents,
    room: Cents,
    points: NDArray[np.int64],
    applicable: NDArray[np.bool_],
    year: NDArray[np.int32],
) -> PhasedFill:
    """Part the price of fills of Part D by phase.

    A fill that reaches the threshold is parted where its member reaches it: at a share, where the
    share adds up to what was left; at a copay, in the proportion of what was left to the copay.

    Args:
        price: int64 cents, shape (m,).
        deductible: of it, what met the deductible.
        owed: what would be owed of the rest without a threshold.
        room: what was left to the threshold before the fill.
        points: basis points of the member's share of the rest; 0 where it is a copay.
        applicable: bool, a brand, of which the manufacturer gives a discount.
        year: int32, benefit year; before 2025 there is no discount and nothing is parted.

    >>> one = lambda cents: np.array([cents])
    >>> straddle = phases(one(120_000), one(0), one(30_000), one(10_000), one(2_500),
    ...                   np.array([True]), np.array([2025], np.int32))
    >>> [int(part[0]) for part in (straddle.below, straddle.above, straddle.manufacturer,
    ...                            straddle.reinsurance)]
    [40000, 80000, 20000, 16000]
    """
    rest, left = price - deductible, np.maximum(room - deductible, 0)
    by_share = left * _WHOLE // np.maximum(points, 1)
    by_copay = np.where(owed > left, rest * left // np.maximum(owed, 1), rest)
    initial = np.minimum(np.where((points > 0) & (owed > left), by_share, by_copay), rest)
    initial = np.where(left > 0, initial, 0)
    above, insured = rest - initial, np.maximum(initial - np.minimum(owed, left), 0)
    place, since = year_index(year), year >= FIRST_YEAR
    discount = _rate("part_d_manufacturer_initial", place, applicable & since)
    late = _rate("part_d_manufacturer_catastrophic", place, applicable & since)
    paid_back = np.where(
        applicable,
        by_known_year("part_d_reinsurance_applicable")[place],
        by_known_year("part_d_reinsurance_other")[place],
    )
    return PhasedFill(
        below=price - above,
        above=above,
        manufacturer=np.minimum(basis_points(initial, discount), insured)
        + basis_points(above, late),
        reinsurance=basis_points(above, np.where(since, paid_back, 0)),
    )


def _rate(parameter: str, place: NDArray[np.intp], applies: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(applies, by_known_year(parameter)[place], 0)


def subsidized_copay(
    level: NDArray[np.int32], generic: NDArray[np.bool_], year: NDArray[np.int32]
) -> Cents:
    """Return the most that members with a low-income subsidy pay for a fill, int64 cents, (m,).

    Args:
        level: int32, place in `LEVELS`; 0 has no subsidy and is not to be asked for.
        generic: bool, a generic drug.
        year: int32, benefit year.

    >>> subsidized_copay(np.array([1, 2, 3]), np.array([True, False, True]),
    ...                  np.full(3, 2026, np.int32)).tolist()
    [510, 490, 0]
    """
    place = year_index(year)
    nothing = np.zeros(len(place), dtype=np.int64)
    by_level = [
        np.where(
            generic,
            by_known_year(f"lis_{name}_generic")[place],
            by_known_year(f"lis_{name}_brand")[place],
        )
        for name in LEVELS[1:3]
    ]
    return np.choose(level, [nothing, *by_level, nothing])
