"""Which ICD-10-CM codes are of a pregnancy, and how long one lasts."""

from __future__ import annotations

GESTATION_DAYS = 280
"""From the first day of the last period to the due date (ACOG Committee Opinion 700, 2017)."""
LONGEST_PREGNANCY = 294
"""42 weeks: a pregnancy is post-term from there (ACOG Practice Bulletin 146, 2014)."""

SUPERVISION = ("Z34", "O09", "Z33.1", "Z3A")
"""Prefixes of the codes that say no more than that a person is pregnant."""
_AFTER = ("O85", "O86", "O87", "O88", "O89", "O90", "O91", "O92", "O94")
"""The puerperium, and sequelae, which have no limit."""


def supervises_pregnancy(code: str) -> bool:
    """Tell whether a code states that a person is pregnant and no more: it ends with the birth.

    >>> supervises_pregnancy("Z34.90"), supervises_pregnancy("O24.410")
    (True, False)
    """
    return code.startswith(SUPERVISION)


def is_of_pregnancy(code: str) -> bool:
    """Tell whether a code can begin only in a pregnancy, so at most 42 weeks before its end.

    >>> is_of_pregnancy("O10.019"), is_of_pregnancy("O90.6"), is_of_pregnancy("I10")
    (True, False, False)
    """
    return supervises_pregnancy(code) or (code.startswith("O") and not code.startswith(_AFTER))
