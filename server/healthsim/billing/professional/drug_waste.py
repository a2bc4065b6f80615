"""What is left of single-dose vials is billed with JW; where nothing is left, the drug has JZ."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows

WASTED, NOTHING_WASTED = "JW", "JZ"


@cache
def vial_units(code: str) -> int | None:
    """Return the billing units of a drug's smallest single-dose vial; None where not known.

    >>> vial_units("J2469"), vial_units("J1100")
    (10, None)
    """
    found = {row["code"]: int(row["vial_units"]) for row in rows("drug_vials.csv")}
    return found.get(code)


def wasted_units(vial: int, given: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return what is left in the last opened vial of each dose, in billing units, int32.

    >>> wasted_units(10, np.array([10, 7, 21], dtype=np.int32)).tolist()
    [0, 3, 9]
    """
    return (-given % vial).astype(np.int32)
