"""What is normal for each person: reference intervals and typical values by sex and age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes import imported_books
from healthsim.codes.loinc import FOREVER, reference_intervals
from healthsim.tables import Coded


@dataclass(frozen=True)
class ReferenceColumns:
    """Norms as columns, float64, shape (n,); NaN where an interval has no such end."""

    ref_low: NDArray[np.float64]
    ref_high: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]


def norms_of(codes: Coded, sex: Coded, months: NDArray[np.int32]) -> ReferenceColumns:
    """Return what is normal for each result; arguments as in `norm_rows`."""
    row, table = norm_rows(codes, sex, months)
    return ReferenceColumns(*(table[row, place] for place in range(table.shape[1])))


def norm_rows(
    codes: Coded, sex: Coded, months: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the norm of each result as a row of a table of norms.

    Args:
        codes: LOINC code of each result, shape (n,); every one has a code.
        sex: of the person; where unknown, what holds for both sexes.
        months: int32, completed months of age; before birth counts as 0.

    Returns:
        Rows, shape (n,), and the table, shape (norms, 4): the interval's ends, middle, spread.
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
    """Lay norms end to end: where each begins, rising, and its figures, shape (norms, 4)."""
    every = [
        ((place * (len(sexes) + 1) + number) * FOREVER + one.from_months, one[1:])
        for place, code in enumerate(codes)
        for number, sex in enumerate(("", *sexes))
        for one in reference_intervals(code, sex)
    ]
    starts = np.array([start for start, _ in every], dtype=np.int64)
    return starts, np.array([figures for _, figures in every], dtype=np.float64).reshape(-1, 4)
