"""How visits are booked, missed and cancelled; the figures are rows of a table."""

from __future__ import annotations

from functools import cache

from healthsim.medicine.datafiles import rows

PLANNED = ("office", "telehealth", "outpatient_hospital", "asc")
"""Classes of encounter that people have an appointment for."""
_ACUTE = tuple("ABHJKLRST")
_CHECKUPS, _AFTER = ("Z00", "Z01", "Z12", "Z13", "Z02"), ("Z09", "Z48", "Z47", "Z08")


@cache
def figures() -> dict[str, float]:
    """Return the figures of ``data/appointments.csv`` by key.

    >>> 0 < figures()["noshow"] < 0.3
    True
    """
    return {row["key"]: float(row["value"]) for row in rows("appointments.csv")}


def is_soon(code: str) -> bool:
    """Tell whether a visit for a diagnosis is booked a few days before, as of an illness.

    >>> is_soon("J06.9"), is_soon("E11.9")
    (True, False)
    """
    return code.startswith(_ACUTE)


def appointment_type(code: str) -> str:
    """Return the type of an appointment for a diagnosis, HL7 table 0276.

    >>> appointment_type("Z00.00"), appointment_type("E11.9")
    ('CHECKUP', 'FOLLOWUP')
    """
    if code.startswith(_CHECKUPS):
        return "CHECKUP"
    return "FOLLOWUP" if code.startswith(_AFTER) or not is_soon(code) else "ROUTINE"
