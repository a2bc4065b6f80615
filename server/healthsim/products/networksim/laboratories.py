"""Who does laboratory tests: a practice itself, or the laboratory that it sends specimens to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.products.networksim.drawing import STREAMS
from healthsim.products.networksim.identifiers import clias

SENDING_SHARE = 0.75
"""Share of practices without a laboratory for more than waived tests. Assumption: about three of
four CLIA certificates are certificates of waiver (CMS CLIA statistics, 2023, from memory)."""
_NUMBERS = 2**32  # larger than every NPI


def sends_tests_out(practice: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which practices send specimens to a reference laboratory, bool, shape (n,).

    Args:
        practice: int64, shape (n,), NPI of each practice; the answer depends on it alone.
    """
    order = STREAMS.permuted("network/own laboratory", practice, _NUMBERS)
    sends: NDArray[np.bool_] = order < SENDING_SHARE * _NUMBERS
    return sends


def practice_clias(practice: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return the CLIA number of each practice's own tests, bytes of length 10, shape (n,).

    Args:
        practice: int64, shape (n,), NPI of each practice; equal ones have one number.
    """
    _, number = np.unique(practice, return_inverse=True)
    return clias(STREAMS, np.arange(int(number.max(initial=-1)) + 1, dtype=np.int64))[number]
