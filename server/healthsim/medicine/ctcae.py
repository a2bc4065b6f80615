"""Grades of adverse events that a laboratory result defines: CTCAE v5.0 (NCI, 2017).

A criterion is of one analyte and one direction. Grade g begins where a value passes its limit g:
an amount, or a multiple of the upper end of the reference interval. A first limit that is not given
is the end of the reference interval. A grade without a limit of its own, such as one that only
symptoms tell, is not seen in a value: values of the grade below it stand for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import observation
from healthsim.medicine.datafiles import rows

Floats = NDArray[np.float64]
MOST = 4
"""The highest grade that a value has; 5 is death."""


class Criterion(NamedTuple):
    """How one result is graded.

    Attributes:
        term: of the CTCAE.
        reported: other words for it, in which it is recorded too.
        loinc: of the result.
        low: whether low values are graded; else high ones.
        of_normal: whether the limits are multiples of the upper end of the reference interval.
        limits: of grade 1 to 4; NaN: the end of the reference interval for the first, none for
            another.
        extreme: how far values of the highest grade go, as the limits are given.
    """

    term: str
    reported: tuple[str, ...]
    loinc: str
    low: bool
    of_normal: bool
    limits: tuple[float, ...]
    extreme: float

    @property
    def decimals(self) -> int:
        """Decimals of the result."""
        return observation(self.loinc).decimals

    def bounds(self, ref_low: Floats, ref_high: Floats) -> Floats:
        """Return the limits of grade 1 to 4 for some people, float64, shape (4, n); NaN for none.

        Args:
            ref_low: lower end of everyone's reference interval.
            ref_high: upper end.
        """
        found = np.full((MOST, len(ref_low)), np.nan)
        for place, limit in enumerate(self.limits):
            if math.isnan(limit):
                found[place] = (ref_low if self.low else ref_high) if place == 0 else np.nan
            else:
                found[place] = np.round(limit * ref_high, 6) if self.of_normal else limit
        return found

    def seen(self, grade: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the grade that values show for a grade that is recorded, int32."""
        known = [1, *(place for place in range(2, MOST + 1)
                      if not math.isnan(self.limits[place - 1]))]  # fmt: skip
        table = [max((one for one in known if one <= place), default=1)
                 for place in range(MOST + 2)]  # fmt: skip
        return np.array(table, dtype=np.int32)[grade]


@cache
def criteria() -> tuple[Criterion, ...]:
    """Return every criterion of `medicine/data/ctcae.csv`."""
    found = []
    for row in rows("ctcae.csv"):
        limits = tuple(float(row[f"limit_{grade}"] or "nan") for grade in range(1, MOST + 1))
        given = [limit for limit in limits if not math.isnan(limit)]
        low = row["way"] == "low"
        if given != sorted(given, reverse=low) or row["basis"] not in ("value", "uln"):
            raise ValueError(f"ctcae.csv: {row['term']}: limits must go away from normal, grade by "
                             "grade, and be of basis value or uln")  # fmt: skip
        reported = tuple(filter(None, row["reported"].split("|")))
        found.append(Criterion(row["term"], reported, row["loinc"], low, row["basis"] == "uln",
                               limits, float(row["extreme"])))  # fmt: skip
    return tuple(found)


@cache
def _by_term() -> Mapping[str, Criterion]:
    return {name.casefold(): one for one in criteria() for name in (one.term, *one.reported)}


def criterion_of(term: str) -> Criterion | None:
    """Return the criterion of an adverse event, by the term it is recorded under; None for none.

    >>> criterion_of("Neutropenia").loinc
    '751-8'
    """
    return _by_term().get(term.casefold())


def grades(
    criterion: Criterion, value: Floats, ref_low: Floats, ref_high: Floats
) -> NDArray[np.int32]:
    """Return the grade of results, int32: 0 for one that is not graded, or NaN.

    >>> of = criterion_of("Neutropenia")
    >>> ends = np.full(4, 1.8), np.full(4, 7.7)
    >>> grades(of, np.array([0.49, 0.5, 1.7, 1.8]), *ends).tolist()
    [4, 3, 1, 0]
    """
    found = np.zeros(len(value), dtype=np.int32)
    for place, limit in enumerate(criterion.bounds(ref_low, ref_high)):
        passed = value < limit if criterion.low else value > limit
        found[passed] = place + 1
    return found


def value_of(
    criterion: Criterion,
    grade: NDArray[np.int32],
    u: Floats,
    ref_low: Floats,
    ref_high: Floats,
) -> Floats:
    """Return results that have a grade, evenly spread over it, rounded as the result is.

    Args:
        criterion: of the result.
        grade: int32, shape (n,), 1 to 4; 5 is as 4.
        u: uniforms, float64.
        ref_low: lower end of everyone's reference interval.
        ref_high: upper end.
    """
    seen = criterion.seen(np.minimum(grade, MOST).astype(np.int32))
    bounds, step = criterion.bounds(ref_low, ref_high), 10.0**-criterion.decimals
    extreme = criterion.extreme * (ref_high if criterion.of_normal else 1.0)
    near = bounds[seen - 1, np.arange(len(seen))]
    far = np.full(len(seen), np.nan)
    for place in range(MOST - 1, 0, -1):  # the limit of the next grade that has one
        worse = (seen <= place) & ~np.isnan(bounds[place])
        far[worse] = bounds[place][worse]
    last = np.isnan(far)
    far = np.where(last, extreme, far)
    if criterion.low:  # from the next limit, itself included, to below the own one
        first, final = np.ceil(far / step - 1e-6), np.ceil(near / step - 1e-6) - 1
    else:  # from above the own limit to the next one, itself included
        first, final = np.floor(near / step + 1e-6) + 1, np.floor(far / step + 1e-6)
    width = np.maximum(final - first + 1, 1)
    own = np.where(final < first, final if criterion.low else first, first + np.floor(u * width))
    return np.round(own * step, criterion.decimals)
