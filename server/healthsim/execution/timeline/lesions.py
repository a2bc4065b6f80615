"""What is known of the tumours of a chunk's people from one assessment to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.medicine.tumors import BASELINE, MOST_LESIONS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tumors:
    """The tumours of a chunk's people in one trial; arrays have one entry for each of them.

    Attributes:
        first: int32, day of the first assessment; `NO_DAY` before.
        base: float64, shape (5, people): mm of each target lesion at first; 0 for none.
        baseline: float64, sum of diameters at first.
        nadir: float64, the smallest sum so far.
        best: int32, position of the best response so far; `BASELINE` without any.
        progressed: bool, whether the disease has progressed.
    """

    first: Days
    base: Floats
    baseline: Floats
    nadir: Floats
    best: NDArray[np.int32]
    progressed: NDArray[np.bool_]

    @classmethod
    def of(cls, people: int) -> Tumors:
        """Return tumours that nobody has looked at."""
        return cls(
            first=np.full(people, NO_DAY, dtype=np.int32),
            base=np.zeros((MOST_LESIONS, people)),
            baseline=np.zeros(people),
            nadir=np.zeros(people),
            best=np.full(people, BASELINE, dtype=np.int32),
            progressed=np.zeros(people, dtype=np.bool_),
        )
