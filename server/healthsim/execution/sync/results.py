"""Results that steps of a journey state or ask for, as records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Values
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import analytes, result_address
from healthsim.execution.sync.records import RecordRows
from healthsim.execution.timeline.facts import ResultFacts
from healthsim.specification.journeys import events
from healthsim.tables import Coded


@dataclass(frozen=True, eq=False)
class ResultRows(RecordRows):
    """One analyte of one order, for the people who have a result; a formula may give none."""

    loinc: str
    panel: str | None

    @cached_property
    def at(self) -> NDArray[np.intp]:
        """Positions in the occurrence of those who have a result."""
        values = self._values
        missing = values.codes < 0 if isinstance(values, Coded) else np.isnan(values)
        return np.flatnonzero(~missing)

    @property
    def _values(self) -> Values:
        return self.source.facts_as(ResultFacts).by_loinc[self.loinc]

    @property
    def value(self) -> NDArray[np.float64]:
        """Numeric result, float64; NaN where it is a text."""
        values = self._values
        return np.full(len(self.at), np.nan) if isinstance(values, Coded) else values[self.at]

    @property
    def text(self) -> Coded:
        """Text result; no value where it is a number."""
        values = self._values
        if isinstance(values, Coded):
            return values.take(self.at)
        return Coded.constant(None, len(self.at))


def results_of(
    ctx: SyncContext, kind: type[events.Lab] | type[events.Vital], table: str
) -> Iterator[ResultRows]:
    """Yield the results of a kind of step, one record for each analyte of an order.

    Args:
        ctx: the chunk.
        kind: of step.
        table: whose numbers the records have.
    """
    for source in ctx.of_type(kind):
        details, address = source.step_as(kind).details, source.occurrence.address
        for loinc in analytes(details):
            number = ctx.numbering.number(table, result_address(address, details, loinc))
            yield ResultRows(source, number, loinc, getattr(details, "panel", None))
