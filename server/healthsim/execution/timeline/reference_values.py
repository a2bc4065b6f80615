"""Results that a specification says nothing of: those of healthy people of that sex and age."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.codes import imported_books
from healthsim.codes.loinc import loinc
from healthsim.dates import Days, whole_months
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.record import Record
from healthsim.products.patientsim.norms import norm_rows
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.tables import Coded


def reference_value(
    record: Record, code: str, decision: str, rows: Rows, days: Days
) -> NDArray[np.float64]:
    """Draw what is typical of healthy people of each one's sex and age.

    Args:
        record: what is known of the chunk's people.
        code: a LOINC code.
        decision: address of the draw; everybody has one uniform, whatever their age.
        rows: whose results, ascending positions in the chunk.
        days: int32, when each is measured.

    Returns:
        float64 in the book's unit, shape of `rows`.
    """
    people = record.people
    months = whole_months(people.birth[rows], days)
    of_code = Coded.constant(code, len(rows))
    kind, table = norm_rows(of_code, people.gender.take(rows), months)
    found = np.empty(len(rows))
    for one in np.flatnonzero(np.bincount(kind)).tolist():
        mine = kind == one
        spread = reference_spread(code, *table[one, 2:].tolist())
        found[mine] = record.draws.numbers(decision, spread, rows[mine], None)
    return found


@imported_books.cached_per_shelf
def reference_spread(code: str, mean: float, sd: float) -> Distribution:
    """Return the normal distribution of a LOINC code with that middle, within its bounds."""
    row = loinc().find(code, "details.loinc")
    bounds = {"low": row.low, "high": row.high}
    return parse_distribution(
        {"type": "normal", "mean": mean, "sd": sd, "decimals": row.decimals}
        | {name: bound for name, bound in bounds.items() if not np.isnan(bound)}
    )
