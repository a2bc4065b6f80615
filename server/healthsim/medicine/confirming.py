"""Which tests show that a diagnosis is there: rows of ``data/confirming_tests.csv``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

FILE = "confirming_tests.csv"


class ConfirmingTest(NamedTuple):
    """A test by which a diagnosis is made.

    Attributes:
        codes: LOINC codes; one of them is enough.
        words: the name of the test.
        any_visit: whether it may be in any visit of the journey; else it is in the stay or in an
            emergency visit.
    """

    codes: tuple[str, ...]
    words: str
    any_visit: bool


@cache
def confirming_tests(code: str) -> tuple[ConfirmingTest, ...]:
    """Return the tests by which a diagnosis is made; none where none is known.

    >>> [test.words for test in confirming_tests("T84.53XA")]
    ['C-reactive protein', 'blood count']
    >>> confirming_tests("J18.9")
    ()
    """
    return tuple(
        ConfirmingTest(tuple(row["loinc"].split("|")), row["words"], row["visits"] == "any")
        for row in rows(FILE)
        if code.startswith(row["diagnosis"])
    )
