"""Medicare's inpatient prospective payment (IPPS): weight, transfers, outliers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.billing.facility.rates import amount
from healthsim.dates import Days
from healthsim.tables import Coded

COST_OF_CHARGE = 0.23
"""Cost of a dollar charged: assumption, near the mean ratio of urban hospitals (about 0.25), as
hospitals here charge 3.4 to 5.2 times Medicare's price (data/charge_levels.csv)."""
OUTLIER_SHARE = 0.8
"""Share of the cost above the threshold that is paid (42 CFR 412.84)."""


@dataclass(frozen=True, eq=False)
class PaidStays:
    """Stays that are paid by DRG; arrays of shape (n,).

    Attributes:
        weight: float64, of the DRG.
        gmlos_days: float64, geometric mean length of stay of the DRG; NaN where not known.
        post_acute: bool, the DRG is paid per diem on a transfer to care after the stay.
        special_pay: bool, of such a DRG half is paid at once.
        discharge_status: NUBC patient discharge status.
        discharged: int32, day of discharge.
        nights: int32.
        charge: int64 cents, charges of the whole claim.
    """

    weight: NDArray[np.float64]
    gmlos_days: NDArray[np.float64]
    post_acute: NDArray[np.bool_]
    special_pay: NDArray[np.bool_]
    discharge_status: Coded
    discharged: Days
    nights: NDArray[np.int32]
    charge: NDArray[np.int64]


def stay_dollars(stays: PaidStays) -> NDArray[np.float64]:
    """Return what IPPS pays of each stay, US dollars, float64, shape (n,).

    Weight times the operating and capital amounts of the fiscal year, less where the person was
    transferred early, plus a part of what a very expensive stay cost.
    """
    rate = amount("ipps_operating", stays.discharged) + amount("ipps_capital", stays.discharged)
    price = np.nan_to_num(stays.weight) * rate * transfer_share(stays)
    cost = stays.charge / 100 * COST_OF_CHARGE
    beyond = cost - price - amount("ipps_outlier", stays.discharged)
    return price + OUTLIER_SHARE * np.maximum(beyond, 0.0)


def transfer_share(stays: PaidStays) -> NDArray[np.float64]:
    """Return which share of the DRG's price is paid, float64, shape (n,), at most 1.

    A stay that ends early, more than a day before the geometric mean, is paid per diem with the
    first day twice: where the person goes to another hospital, or from a DRG of the post-acute
    policy to a nursing facility, rehabilitation or home health (42 CFR 412.4).
    """
    to_hospital = _is_transfer("hospital", stays.discharge_status)
    to_care = _is_transfer("post_acute", stays.discharge_status) & stays.post_acute
    early = stays.nights < np.nan_to_num(stays.gmlos_days) - 1
    days = np.maximum(np.nan_to_num(stays.gmlos_days, nan=1.0), 1.0)
    share = np.minimum((stays.nights + 1) / days, 1.0)
    share = np.where(stays.special_pay & to_care, np.minimum(0.5 + share / 2, 1.0), share)
    return np.where((to_hospital | to_care) & early, share, 1.0)


def _is_transfer(kind: str, status: Coded) -> NDArray[np.bool_]:
    of_kind = {row["status"] for row in rows("transfer_statuses.csv") if row["kind"] == kind}
    found = np.array([*(word in of_kind for word in status.vocabulary), False], dtype=np.bool_)
    return found[status.codes]
