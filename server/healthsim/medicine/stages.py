"""Stages of an illness that a test shows: rows of ``data/stage_tests.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.medicine.datafiles import rows

FILE = "stage_tests.csv"


@dataclass(frozen=True)
class StageTest:
    """A stage, and the results that show it.

    Attributes:
        code: of the stage, ICD-10-CM.
        loinc: of the test.
        low: least result in the stage, in the test's usual unit; -infinity for none.
        below: least result above the stage; infinity for none.
        within_days: a person who has no test for so long before and after a stage begins is not
            tested for it: it is recorded as it is stated.
        known_after: days from the test to the day on which its result is known.
    """

    code: str
    loinc: str
    low: float
    below: float
    within_days: int
    known_after: int

    def shown_by(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which results are in the stage, bool; false for NaN."""
        shown: NDArray[np.bool_] = (values >= self.low) & (values < self.below)
        return shown


@cache
def stage_tests() -> dict[str, StageTest]:
    """Return every row of the table, by code.

    >>> stage_tests()["N18.32"].low, "N18.6" in stage_tests()
    (30.0, False)
    """
    return {
        row["code"]: StageTest(
            row["code"], row["loinc"], float(row["low"] or "-inf"), float(row["below"] or "inf"),
            int(row["within_days"]), int(row["known_after"]),
        )
        for row in rows(FILE)
    }  # fmt: skip


def other_stage(code: str, held: tuple[str, ...]) -> str | None:
    """Return the stage that a person has, where a code is another of the same test; else None.

    >>> other_stage("N18.4", ("I12.9", "N18.32")), other_stage("N18.4", ("N18.6",))
    ('N18.32', None)
    """
    test = stage_tests().get(code)
    if test is None or code in held:
        return None
    known = (one for one in held if one in stage_tests())
    return next((one for one in known if stage_tests()[one].loinc == test.loinc), None)
