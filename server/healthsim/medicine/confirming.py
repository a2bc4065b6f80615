"""Which tests show that a diagnosis is there: rows of ``data/confirming_tests.csv``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

FILE = "confirming_tests.csv"
STAY, ANY, ACUTE, LATER = "stay", "any", "acute", "later"
"""Where a test has to be: in the stay or in emergency before it; in any visit of the journey; or
in the visit itself, where it is done by itself; or some days later, where it is too."""


class ConfirmingTest(NamedTuple):
    """A test by which a diagnosis is made.

    Attributes:
        codes: LOINC codes of results and CPT codes of procedures; one of them is enough.
        words: the name of the test.
        visits: `STAY`, `ANY`, `ACUTE` or `LATER`.
        given: what is done by itself, as ``procedure:``, ``panel:`` or ``loinc:`` and its code;
            ``""`` where nothing is.
        procedure: the billed code of a laboratory test that is done by itself; ``""`` for none.
        result: shares of what a test without a number finds; empty where a body shows it.
        days: fewest and most days from the diagnosis to a test that comes `LATER`; else 0 and 0.
        reason: of the office visit of such a test; else ``""``.
        over: the code of that visit where the diagnosis is over by then; else ``""``.
    """

    codes: tuple[str, ...]
    words: str
    visits: str
    given: str
    procedure: str
    result: tuple[tuple[str, float], ...]
    days: tuple[int, int]
    reason: str
    over: str


@cache
def confirming_tests(code: str) -> tuple[ConfirmingTest, ...]:
    """Return the tests by which a diagnosis is made; none where none is known.

    >>> [test.words for test in confirming_tests("T84.53XA")]
    ['C-reactive protein', 'blood count']
    >>> [test.given for test in confirming_tests("J18.9")]
    ['procedure:71046']
    >>> confirming_tests("J06.9")
    ()
    """
    return tuple(
        _test(row) for row in rows(FILE) if code.startswith(tuple(row["diagnosis"].split("|")))
    )


@cache
def defining_tests() -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """Return the beginnings of diagnoses that results define, and the LOINC codes of each.

    They are those that a test of the stay has to show.

    >>> [sorted(tests) for prefixes, tests in defining_tests() if "N17" in prefixes]
    [['2160-0']]
    """
    return tuple(
        (tuple(row["diagnosis"].split("|")), frozenset(row["codes"].split("|")))
        for row in rows(FILE)
        if row["visits"] == STAY
    )


def _test(row: dict[str, str]) -> ConfirmingTest:
    shares = (one.rpartition(":") for one in row["result"].split(";") if one)
    fewest, _, most = row["days"].partition("-")
    reason, _, over = row["reason"].partition(":")
    return ConfirmingTest(
        codes=tuple(row["codes"].split("|")),
        words=row["words"],
        visits=row["visits"],
        given=row["given"],
        procedure=row["procedure"],
        result=tuple((text, float(share)) for text, _, share in shares),
        days=(int(fewest or 0), int(most or 0)),
        reason=reason,
        over=over,
    )
