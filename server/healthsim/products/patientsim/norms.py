"""Reference intervals and typical values of results, by sex and age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes import imported_books
from healthsim.codes.loinc import FOREVER, reference_intervals
from healthsim.tables import Coded


@dataclass(frozen=True)
class ReferenceColumns:
    """Reference values as columns, float64, shape (n,); NaN where an interval has no such end."""

    ref_low: NDArray[np.float64]
    ref_high: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]


def norms_of(codes: Coded, sex: Coded, months: NDArray[np.int32]) -> ReferenceColumns:
    """Return the reference values of each result; arguments as in `norm_rows`."""
    row, table = norm_rows(codes, sex, months)
    return ReferenceColumns(*(table[row, place] for place in range(table.shape[1])))


def norm_rows(
    codes: Coded, sex: Coded, months: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return which row of a table of reference values holds for each result.

    Args:
        codes: LOINC code of each result, shape (n,); every one has a code.
        sex: of the person; where unknown, what holds for both sexes.
        months: int32, completed months of age; before birth counts as 0.

    Returns:
        Rows, intp, shape (n,), and the table, float64, shape (rows, 4): low and high end of the
        interval, mean and standard deviation.
    """
    starts, table = _laid_out(codes.vocabulary, sex.vocabulary)
    kind = codes.codes.astype(np.int64) * (len(sex.vocabulary) + 1) + sex.codes + 1
    age = np.clip(months, 0, FOREVER - 1)
    row: NDArray[np.intp] = np.searchsorted(starts, kind * FOREVER + age, side="right") - 1
    return row, table


@imported_books.cached_per_shelf
def _laid_out(
    codes: tuple[str, ...], sexes: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the reference values of every code, sex and age: sort keys and table, shape (k, 4)."""
    intervals = [
        ((place * (len(sexes) + 1) + number) * FOREVER + interval.from_months, interval[1:])
        for place, code in enumerate(codes)
        for number, sex in enumerate(("", *sexes))
        for interval in reference_intervals(code, sex)
    ]
    starts = np.array([start for start, _ in intervals], dtype=np.int64)
    return starts, np.array([values for _, values in intervals], dtype=np.float64).reshape(-1, 4)
