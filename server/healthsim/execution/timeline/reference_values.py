"""Results that a specification does not state: those of healthy people by sex and age."""

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
    record: Record, code: str, address: str, rows: Rows, days: Days
) -> NDArray[np.float64]:
    """Draw results of healthy people of each one's sex and age.

    Args:
        record: what is known of the chunk's people.
        code: a LOINC code.
        address: of the draw; everybody has one uniform, whatever their age.
        rows: whose results they are, ascending positions in the chunk.
        days: int32, the day on which each is measured.

    Returns:
        float64 in the book's unit, shape of `rows`.
    """
    people = record.people
    months = whole_months(people.birth[rows], days)
    codes = Coded.constant(code, len(rows))
    norm, norms = norm_rows(codes, people.gender.take(rows), months)
    values = np.empty(len(rows))
    for number in np.flatnonzero(np.bincount(norm)).tolist():
        same = norm == number
        distribution = reference_spread(code, *norms[number, 2:].tolist())
        values[same] = record.draws.numbers(address, distribution, rows[same], None)
    return values


@imported_books.cached_per_shelf
def reference_spread(code: str, mean: float, sd: float) -> Distribution:
    """Return a normal distribution of a LOINC code's results, within the code's bounds."""
    row = loinc().find(code, "details.loinc")
    bounds = {"low": row.low, "high": row.high}
    return parse_distribution(
        {"type": "normal", "mean": mean, "sd": sd, "decimals": row.decimals}
        | {name: bound for name, bound in bounds.items() if not np.isnan(bound)}
    )
