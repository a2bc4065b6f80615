"""Which test shows that a diagnosis is there: rows of ``data/confirming_tests.csv``."""

from __future__ import annotations

from functools import cache

from healthsim.medicine.datafiles import rows

FILE = "confirming_tests.csv"


@cache
def confirming_test(code: str) -> tuple[str, str] | None:
    """Return (LOINC, name) of the test by which a diagnosis is made; None where none is known.

    >>> confirming_test("N17.9"), confirming_test("J18.9")
    (('2160-0', 'creatinine'), None)
    """
    return next(
        ((row["loinc"], row["words"]) for row in rows(FILE) if code.startswith(row["diagnosis"])),
        None,
    )
