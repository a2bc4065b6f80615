"""How visits are booked, missed and cancelled; the figures are rows of a table."""

from __future__ import annotations

import re
from functools import cache

from healthsim.medicine.datafiles import rows
from healthsim.medicine.problems import usual_course

PLANNED = ("office", "telehealth", "outpatient_hospital", "asc")
"""Classes of encounter that people have an appointment for."""
_ACUTE = tuple("ABHJKLRST")
_FLARES = re.compile(r"J44\.[01]|J45\.[0-9]{1,2}[12]$|J45\.90[12]")
_WITH_SEVENTH = 8  # characters of a code with a seventh one, and its dot
_CHECKUPS, _AFTER = ("Z00", "Z01", "Z12", "Z13", "Z02"), ("Z09", "Z48", "Z47", "Z08")
AFTER_STAYS = ("Z09",)
"""Codes of visits after treatment: people come because of the last stay or emergency visit."""

PREPARES = "Z01.81"
"""Beginning of the codes of visits before an operation: people come since it is decided."""
DONE_IN = ("outpatient_hospital", "asc")
"""Classes of visits in which what a visit before has decided is done."""


@cache
def figures() -> dict[str, float]:
    """Return the figures of ``data/appointments.csv`` by key.

    >>> 0 < figures()["noshow"] < 0.3
    True
    """
    return {row["key"]: float(row["value"]) for row in rows("appointments.csv")}


@cache
def is_soon(code: str) -> bool:
    """Tell whether a visit for a diagnosis is booked as soon as people fall ill.

    So are illnesses that end after some weeks, injuries when first treated, symptoms and flares of
    what lasts.

    >>> is_soon("H66.91"), is_soon("J45.901"), is_soon("J45.40"), is_soon("E11.9")
    (True, True, False, False)
    """
    if not code.startswith(_ACUTE):
        return False
    if code.startswith(("S", "T")):
        return len(code) < _WITH_SEVENTH or code[-1] not in "DS"
    course = usual_course(code)
    short = course.kind == "acute" and course.days <= figures()["illness_days"]
    return short or code.startswith("R") or bool(_FLARES.match(code))


def is_after(code: str) -> bool:
    """Tell whether a visit for a diagnosis comes after a stay or an emergency visit.

    >>> is_after("Z09"), is_after("Z00.00")
    (True, False)
    """
    return code.startswith(AFTER_STAYS)


def appointment_type(code: str) -> str:
    """Return the type of an appointment for a diagnosis, HL7 table 0276.

    >>> appointment_type("Z00.00"), appointment_type("E11.9")
    ('CHECKUP', 'FOLLOWUP')
    """
    if code.startswith(_CHECKUPS):
        return "CHECKUP"
    return "FOLLOWUP" if code.startswith(_AFTER) or not is_soon(code) else "ROUTINE"
