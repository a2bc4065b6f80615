"""What is done because of a result of its day: ordered when the result is known, not before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.lookups import text_column
from healthsim.execution.sync.chart.places import codes_like, numbers
from healthsim.execution.sync.visits.visits import DAY, Minutes
from healthsim.medicine.transfusions import transfusions
from healthsim.tables import NO_NUMBER, Columns

_DAYS = 2**20  # more than any day, in a key with a visit's place
NEVER = -(2**40)
"""Minutes since 1970, long before everything: when the result was known that did not ask."""


def known_at(tables: Mapping[str, Columns], procedures: Columns) -> Minutes:
    """Return when the result that asked for each procedure was reported, minutes since 1970.

    Of a transfusion it is the first count of its visit and day that was low enough; outside of
    visits nothing is known to have asked.

    Args:
        tables: the chunk's results.
        procedures: rows of the table.

    Returns:
        int64, shape (n,); `NEVER` where no result asked.
    """
    known = np.full(len(numbers(procedures, "procedure_id")), NEVER)
    for operation in sorted({one.operation for one in transfusions()}):
        own = np.flatnonzero(codes_like(text_column(procedures, "code"), operation))
        asking = _low_counts(tables["lab_results"], operation)
        if len(own) and len(asking):
            known[own] = _first_of_day(tables["lab_results"], asking, procedures, own)
    return known


def _low_counts(labs: Columns, operation: str) -> NDArray[np.intp]:
    """Return the rows of results that may ask for an operation."""
    rows = [one for one in transfusions() if one.operation == operation]
    loinc = codes_like(text_column(labs, "loinc"), rows[0].loinc)
    low = np.asarray(labs["value"], dtype=np.float64) < max(one.below for one in rows)
    return np.flatnonzero(loinc & low & (numbers(labs, "encounter_id") != NO_NUMBER))


def _first_of_day(
    labs: Columns, asking: NDArray[np.intp], procedures: Columns, own: NDArray[np.intp]
) -> Minutes:
    """Return when the first of some results of each procedure's visit and day was reported."""
    day = numbers(labs, "collected_at")[asking] // DAY
    visits, place = np.unique(numbers(labs, "encounter_id")[asking], return_inverse=True)
    keys, reported = place * _DAYS + day, numbers(labs, "resulted_at")[asking]
    order = np.lexsort((reported, keys))
    keys, reported = keys[order], reported[order]
    visit = numbers(procedures, "encounter_id")[own]
    at = np.minimum(np.searchsorted(visits, visit), len(visits) - 1)
    wanted = at * _DAYS + numbers(procedures, "performed_date")[own]
    first = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = (visits[at] == visit) & (keys[first] == wanted)
    return np.where(found, reported[first], NEVER)
