"""Codes of preventive visits: with abnormal findings, or without."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from healthsim.medicine.datafiles import rows
from healthsim.medicine.problems import usual_course

WELL_CHILD = "Z00.12"
"""Beginning of the codes of a child's preventive visit."""


@cache
def _with_findings() -> dict[str, str]:
    return {row["code"]: row["becomes"] for row in rows("preventive_codes.csv") if row["becomes"]}


@cache
def _findings() -> tuple[str, ...]:
    return tuple(row["code"] for row in rows("preventive_codes.csv") if row["kind"] == "finding")


@cache
def is_abnormal(code: str) -> bool:
    """Tell whether a code that is stated in a preventive visit is an abnormal finding of it.

    So are signs, a body mass index of a child out of its usual band, and illnesses that end by
    themselves; a lasting illness is known (guidelines I.C.21.c.13).

    >>> is_abnormal("R03.0"), is_abnormal("Z68.54"), is_abnormal("H66.90"), is_abnormal("E11.9")
    (True, True, True, False)
    """
    return code.startswith(_findings()) or usual_course(code).kind == "acute"


def with_findings(codes: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of a visit; that of a preventive visit says whether anything was found.

    >>> with_findings(["Z00.129", "Z68.54"])
    ('Z00.121', 'Z68.54')
    """
    if any(code in _with_findings() for code in codes) and any(map(is_abnormal, codes)):
        return tuple(_with_findings().get(code, code) for code in codes)
    return tuple(codes)
