"""Target lesions of solid tumours and their response by RECIST 1.1 (Eisenhauer 2009).

A sum of diameters runs as ``base ((1 - d)^t + (1 + g)^t - 1)``: one part shrinks, another grows
(Stein et al., Clin Cancer Res 2011), t in weeks since the first assessment.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows

Floats = NDArray[np.float64]
RESPONSES = ("CR", "PR", "SD", "PD")
"""Complete and partial response, stable disease, progressive disease; best first."""
MOST_LESIONS = 5
CR, PR, SD, PD = range(4)
BASELINE = -1
"""In place of a response, at the first assessment."""


@cache
def figure(name: str) -> float:
    """Return a figure of `medicine/data/tumors.csv`."""
    return float(next(row["value"] for row in rows("tumors.csv") if row["what"] == name))


@cache
def choices(name: str) -> tuple[tuple[str, ...], Floats]:
    """Return what can be chosen, and the upper ends of the shares: "lesions" or "organ"."""
    found = [row for row in rows("tumors.csv") if row["what"] == name]
    weights = np.array([float(row["weight"]) for row in found])
    if abs(weights.sum() - 1) > 1e-9:
        raise ValueError(
            f"tumors.csv: the weights of {name} add up to {weights.sum():g}; make it 1"
        )
    return tuple(row["value"] for row in found), np.cumsum(weights)[:-1]


def course(base: Floats, shrinks: Floats, grows: Floats, weeks: Floats) -> Floats:
    """Return the size of a tumour after some weeks, in the unit of `base`.

    Args:
        base: at the first assessment.
        shrinks: share of the sensitive part that goes in a week, 0 to 1.
        grows: share by which the other part grows in a week, 0 or more.
        weeks: since then.
    """
    left = np.power(np.clip(1 - shrinks, 0.0, 1.0), weeks)
    size: Floats = base * np.maximum(left + np.power(1 + np.maximum(grows, 0.0), weeks) - 1, 0.0)
    return size


def responses(
    total: Floats, baseline: Floats, nadir: Floats, new_lesion: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return the overall response of assessments, int32, as positions in `RESPONSES`.

    Args:
        total: sum of diameters, mm.
        baseline: at the first assessment.
        nadir: smallest sum before this assessment, the first one included.
        new_lesion: whether a lesion has come that was not there at first.

    >>> ends = np.array([100.0] * 5), np.array([60.0] * 5), np.zeros(5, dtype=bool)
    >>> responses(np.array([0, 70, 71, 72, 64.9]), *ends).tolist()
    [0, 1, 2, 3, 1]
    """
    grown = (total >= figure("progression") * nadir - 1e-9) & (
        total - nadir >= figure("progression_mm") - 1e-9
    )
    found = np.where(total <= figure("partial") * baseline + 1e-9, PR, SD)
    found = np.where(total <= 0, CR, found)
    found = np.where(grown | new_lesion, PD, found)
    return found.astype(np.int32)
