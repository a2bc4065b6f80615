"""Health insurance prospective payment (HIPPS) codes of nursing facilities and home health."""

from __future__ import annotations

from functools import cache

import numpy as np

from healthsim.billing.datafiles import rows
from healthsim.billing.facility.rates import amount
from healthsim.dates import day_of

REVENUE = {"snf": "0022", "home_health": "0023"}
"""Revenue code of the line with the HIPPS code, by class of encounter."""
AFTER_A_STAY, FROM_HOME = "2", "1"
"""First character of a home health code: early, within 14 days after a stay or not."""
DAYS_AFTER_A_STAY = 14
PERIOD_DAYS = 30
"""Days of home health that one claim bills (42 CFR 484.205)."""
PERIOD_GAP_DAYS = 60
"""Days without a visit after which care begins anew: a certification's days (42 CFR 424.22)."""
LEAST_VISITS = 4
"""Visits from which a period is paid as a whole; CMS has 2 to 6 by group: assumption, between."""


@cache
def hipps(encounter_class: str, principal: str, after_a_stay: bool) -> str:
    """Return the code of a stay or of thirty days of visits.

    Args:
        encounter_class: ``snf`` or ``home_health``.
        principal: ICD-10-CM code; the longest beginning in `data/hipps.csv` decides.
        after_a_stay: home health within `DAYS_AFTER_A_STAY` of a hospital stay.

    >>> hipps("home_health", "I50.22", True)
    '2HB11'
    """
    fits = [row for row in rows("hipps.csv") if row["encounter_class"] == encounter_class
            and principal.startswith(row["principal"])]  # fmt: skip
    best = max(fits, key=lambda row: len(row["principal"]))
    return best["hipps"].replace("?", AFTER_A_STAY if after_a_stay else FROM_HOME)


@cache
def period_cents() -> int:
    """Return Medicare's base rate of a period of home health in 2025, cents.

    Case mix is not weighed: functions and admissions are not assessed here.
    """
    day = np.array([day_of("2025-01-01")], dtype=np.int32)
    return round(float(amount("home_health", day)[0]) * 100)


@cache
def is_hipps(code: str) -> bool:
    """Return whether a code of a line is of the table, whatever came before it."""
    known = {row["hipps"].replace("?", "") for row in rows("hipps.csv")}
    return code in known or (code[:1].isdigit() and code[1:] in known)
