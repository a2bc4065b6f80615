"""Why a brand is dispensed where a generic could be: NCPDP's product selection code (DAW)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.dates import Days, day_of

SELECTIONS = ("0", "1", "2", "9")
"""No reason needed; asked for by the prescriber; by the patient; the plan prefers the brand."""
_SHARES = ("prescriber_share", "patient_share", "plan_share")


def substitutable_since(drug: str) -> int | None:
    """Return the day since which a brand could be substituted; None where it cannot be.

    >>> substitutable_since("apixaban 5 mg tablet") is None
    True
    """
    found = _brands().get(drug)
    return None if found is None else found[0]


def selections(drug: str, u: NDArray[np.float64], days: Days) -> NDArray[np.int32]:
    """Return why a drug itself is dispensed, its place in `SELECTIONS`, int32, shape (n,).

    Args:
        drug: its name in the drug list.
        u: float64 in (0, 1), shape (n,), one for each prescription.
        days: int32, shape (n,), of the fills.
    """
    found = _brands().get(drug)
    if found is None:
        return np.zeros(len(u), dtype=np.int32)
    since, upper = found
    chosen = 1 + np.searchsorted(upper[:-1], u, side="right")
    return np.where(days >= since, chosen, 0).astype(np.int32)


@cache
def _brands() -> dict[str, tuple[int, NDArray[np.float64]]]:
    return {
        row["drug"]: (
            day_of(row["since"]), np.cumsum([float(row[name]) for name in _SHARES]),
        )
        for row in rows("multisource_brands.csv")
    }  # fmt: skip
