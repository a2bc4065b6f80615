"""Health insurance prospective payment (HIPPS) codes of nursing facilities and home health."""

from __future__ import annotations

from functools import cache

from healthsim.billing.datafiles import rows

REVENUE = {"snf": "0022", "home_health": "0023"}
"""Revenue code of the line with the HIPPS code, by class of encounter."""
AFTER_A_STAY, FROM_HOME = "2", "1"
"""First character of a home health code: early, within 14 days after a stay or not."""
DAYS_AFTER_A_STAY = 14


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
def is_hipps(code: str) -> bool:
    """Return whether a code of a line is of the table, whatever came before it."""
    known = {row["hipps"].replace("?", "") for row in rows("hipps.csv")}
    return code in known or (code[:1].isdigit() and code[1:] in known)
