"""Illnesses that usually end, and go on where they have been there for long: ``goes_on.csv``."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows

FILE = "goes_on.csv"


@cache
def _from_days() -> dict[str, int]:
    return {row["prefix"]: int(row["from_days"]) for row in rows(FILE)}


def goes_on(code: str, days: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell where an illness that has been there for some days does not end by itself any more.

    Args:
        code: of the illness, ICD-10-CM.
        days: int32, since it began; shape (n,).

    Returns:
        bool, shape (n,); nobody, where the table does not have the code.

    >>> goes_on("M54.50", np.array([89, 90], dtype=np.int32)).tolist()
    [False, True]
    """
    least = [length for prefix, length in _from_days().items() if code.startswith(prefix)]
    return days >= min(least) if least else np.zeros(len(days), dtype=np.bool_)
