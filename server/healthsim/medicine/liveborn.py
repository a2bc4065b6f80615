"""Codes of the record of a birth, and what a later visit states instead of them."""

from __future__ import annotations

from functools import cache

from healthsim.medicine.datafiles import rows

BORN, PERINATAL = "Z38", "P"
"""Beginnings of the codes of liveborn infants, and of conditions of the perinatal period."""
FILE = "after_birth.csv"


@cache
def after_birth() -> tuple[tuple[int, str], ...]:
    """Return (completed days of age below which it holds; 0 for any age, code), by age."""
    return tuple((int(row["below_days"] or 0), row["code"]) for row in rows(FILE))


def without_birth(codes: tuple[str, ...], reason: str) -> tuple[str, ...]:
    """Return the codes of a visit that does not begin on the day of birth.

    A code of Z38 belongs to the record of the birth only (guidelines I.C.16.a.2).

    Args:
        codes: in order.
        reason: what it states where nothing else is left.

    >>> without_birth(("Z38.00", "P59.9"), "Z00.110"), without_birth(("Z38.00",), "Z00.110")
    (('P59.9',), ('Z00.110',))
    >>> without_birth((), "Z00.110")
    ()
    """
    left = tuple(code for code in codes if not code.startswith(BORN))
    return left or ((reason,) if codes else ())
