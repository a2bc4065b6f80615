"""Genders that a specification can give people."""

from __future__ import annotations

from typing import Literal

GENDERS = ("M", "F", "other", "unknown")
"""As charts keep them: HL7 administrative gender, with the letters of claims for men and women."""

Gender = Literal["M", "F", "other", "unknown"]


def other_sex(sex: str) -> str:
    """Return the sex that a code of one sex excludes; people who are neither have any code.

    >>> other_sex("F"), other_sex("M")
    ('M', 'F')
    """
    return "F" if sex == "M" else "M"
