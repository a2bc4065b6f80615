"""Conditions that people are born with: their first day is that of birth."""

from __future__ import annotations

from functools import cache

from healthsim.medicine.datafiles import rows


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(row["code"] for row in rows("inborn.csv"))


def is_inborn(code: str) -> bool:
    """Tell whether people are born with what an ICD-10-CM code means; by the listed prefixes.

    >>> is_inborn("Q90.9"), is_inborn("E84.0"), is_inborn("J45.909")
    (True, True, False)
    """
    return code.startswith(_prefixes())
