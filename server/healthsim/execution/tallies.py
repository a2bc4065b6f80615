"""What every chunk adds to the figures of expectations: whole numbers only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, day_of
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.timeline import Timeline
from healthsim.specification.expectations import (
    ExpectationResult,
    ExpectedFigure,
    ParsedExpectation,
)
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.language.nodes import Truth
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import NO_NUMBER, Array, Coded, Column, Columns, Table, Texts, length

Tally = tuple[int, int]
"""(Count, or sum in units of the last decimal; number of people or rows that it is about)."""

_EXACT = 2**62
_CENTS = 100


@dataclass(frozen=True)
class JourneyFigure:
    """One figure of one document.

    Attributes:
        journey: position of the journey whose people it is about; -1 for everybody.
    """

    journey: int
    figure: ExpectedFigure


@dataclass(frozen=True)
class ExpectationTally:
    """The expectations of a job, and the figures that they need."""

    figures: tuple[JourneyFigure, ...]
    expectations: tuple[tuple[int, str, ParsedExpectation], ...]
    tables: Mapping[str, Table]
    as_of: int
    through: int

    @classmethod
    def of(
        cls,
        profile: ProfileSpec,
        journeys: Sequence[JourneySpec],
        walked: Sequence[int],
        tables: Sequence[Table],
        through: int,
    ) -> ExpectationTally:
        """Collect the expectations of the documents of a job.

        Args:
            profile: who.
            journeys: what happens to them.
            walked: position of each journey among all that is walked.
            tables: what the job fills.
            through: last day of the data.
        """
        expectations = tuple(
            (number if number < 0 else walked[number], where, expectation)
            for number, where, expectation in _expectations(profile, journeys)
        )
        figures = dict.fromkeys(
            JourneyFigure(journey if figure.function == "share" else -1, figure)
            for journey, _, expectation in expectations
            for figure in expectation.figures()
        )
        by_name = {table.name: table for table in tables}
        as_of = day_of(profile.as_of.isoformat())
        return cls(tuple(figures), expectations, by_name, as_of, through)

    def tally_chunk(self, timeline: Timeline, tables: Mapping[str, Columns]) -> tuple[Tally, ...]:
        """Return what the people of one chunk and their rows add to each figure."""
        return tuple(
            _people(needed, timeline, self.as_of, self.through)
            if needed.figure.function == "share"
            else self._rows(needed.figure, tables)
            for needed in self.figures
        )

    def tally_rows(self, tables: Mapping[str, Columns]) -> tuple[Tally, ...]:
        """Return what the tables that are not per person add to each figure."""
        return tuple(
            (0, 0) if needed.figure.function == "share" else self._rows(needed.figure, tables)
            for needed in self.figures
        )

    def judge(self, totals: Sequence[Tally]) -> list[ExpectationResult]:
        """Judge every expectation by the sums of all chunks."""
        sums = dict(zip(self.figures, totals, strict=True))
        return [
            expectation.judge(where, dict(self._values(journey, expectation, sums)))
            for journey, where, expectation in self.expectations
        ]

    def _values(
        self, journey: int, expectation: ParsedExpectation, sums: Mapping[JourneyFigure, Tally]
    ) -> Iterator[tuple[ExpectedFigure, Fraction | None]]:
        for figure in expectation.figures():
            place = journey if figure.function == "share" else -1
            yield figure, figure.value(sums[JourneyFigure(place, figure)], self._scale(figure))

    def _scale(self, figure: ExpectedFigure) -> int:
        if not figure.column:
            return 1
        return _scale(self.tables[figure.table].by_name[figure.column])

    def _rows(self, figure: ExpectedFigure, tables: Mapping[str, Columns]) -> Tally:
        """Count or sum the rows of one table for which the condition is true."""
        columns = tables.get(figure.table)
        if columns is None:
            return 0, 0
        table, size = self.tables[figure.table], length(columns)
        chosen = np.ones(size, dtype=np.bool_)
        if figure.among is not None and size:
            chosen = figure.among.holds(_RowScope(table, columns, size))
        if not figure.column:
            return int(chosen.sum()), size
        return _summed(table.by_name[figure.column], columns[figure.column], chosen)


def _expectations(
    profile: ProfileSpec, journeys: Sequence[JourneySpec]
) -> Iterator[tuple[int, str, ParsedExpectation]]:
    """Yield (position of the journey or -1, path, expectation) of every document."""
    for place, expectation in enumerate(profile.expectations):
        yield -1, f"profile.expectations[{place}]", expectation
    for number, journey in enumerate(journeys):
        for place, expectation in enumerate(journey.expectations):
            yield number, f"journeys[{journey.name}].expectations[{place}]", expectation


def _people(needed: JourneyFigure, timeline: Timeline, as_of: int, through: int) -> Tally:
    """Count people at the end of their data; for a journey's own figure only its people."""
    record, figure, journey = timeline.record, needed.figure, needed.journey
    start = record.first_day if journey < 0 else timeline.start_days[journey]
    rows = np.arange(len(record.people))[record.people.present_rows]
    rows = rows if journey < 0 else np.flatnonzero(start != NO_DAY)
    last = np.minimum(record.death, np.int32(through))[rows]
    start = np.where(start == NO_DAY, np.int32(as_of), start)[rows].astype(np.int32)
    scope = _EndOfRunScope(record, rows, last, start, journey)
    if figure.holds is None or not len(rows):
        return 0, 0
    among = np.ones(len(rows), dtype=np.bool_)
    if figure.among is not None:
        among = figure.among.holds(scope)
    return int((figure.holds.holds(scope) & among).sum()), int(among.sum())


class _EndOfRunScope(AsOfScope):
    """People at the end of their data; a step name means one of the own journey, if it has it."""

    def __init__(
        self,
        record: Record,
        rows: NDArray[np.intp],
        days: NDArray[np.int32],
        start: NDArray[np.int32],
        journey: int,
    ) -> None:
        super().__init__(record, record.moment(rows, days), start)
        self._journey = journey

    def _search_order(self) -> Iterable[int]:
        own = [self._journey] if self._journey >= 0 else []
        return (*own, *super()._search_order())


@dataclass(frozen=True)
class _RowScope:
    """The rows of one table as a condition sees them."""

    table: Table
    columns: Columns
    size: int

    def name(self, name: str) -> NDArray[np.float64] | Coded | Truth:
        """Return a column: days as numbers such as 20250131, money in dollars."""
        array, kind = self.columns[name], self.table.by_name[name].type
        if isinstance(array, Coded):
            return array
        if isinstance(array, Texts):
            return Coded.of(array.texts())
        if kind == "VARCHAR":
            return _coded(array)
        if kind == "BOOLEAN":
            return Truth(array == 1, array == 0)
        known = ~_nulls(array)
        if kind in ("DATE", "TIMESTAMP"):
            unit = "D" if kind == "DATE" else "m"
            return np.where(known, _day_numbers(np.where(known, array, 0), unit), np.nan)
        values = array.astype(np.float64)
        if kind == "DECIMAL(12,2)":
            values = values / _CENTS
        return np.where(known, values, np.nan)

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        """Raise: rows have no history, and the checks refuse functions here."""
        raise KeyError(function)


def _coded(array: NDArray[np.generic]) -> Coded:
    words, codes = np.unique(array, return_inverse=True)
    texts = tuple(word.decode() for word in words.tolist())
    codes = codes.astype(np.int32)
    return Coded(np.where(array == b"", np.int32(-1), codes).astype(np.int32), texts)


def _day_numbers(days: NDArray[np.generic], unit: str) -> NDArray[np.float64]:
    """Return days or minutes since 1970 as numbers such as 20250131, float64, shape (n,)."""
    day = days.astype(f"datetime64[{unit}]").astype("datetime64[D]")
    month = day.astype("datetime64[M]").astype(np.int64)
    of_month = (day - day.astype("datetime64[M]")).astype(np.int64) + 1
    number = (1970 + month // 12) * 10_000 + (month % 12 + 1) * 100 + of_month
    return np.asarray(number, dtype=np.float64)


def _nulls(array: NDArray[np.generic]) -> NDArray[np.bool_]:
    if array.dtype.kind == "f":
        return np.isnan(array.astype(np.float64))
    null = NO_DAY if array.dtype == np.int32 else NO_NUMBER
    return np.asarray(array == null)


def _scale(column: Column) -> int:
    """Return how many units of its last decimal make 1."""
    if column.type == "DECIMAL(12,2)":
        return _CENTS
    return int(10**column.decimals) if column.type == "DOUBLE" else 1


def _summed(column: Column, array: Array, chosen: NDArray[np.bool_]) -> Tally:
    """Add up a column in units of its last decimal, exactly; nulls do not count."""
    if isinstance(array, Coded | Texts):
        raise TypeError(f"{column.name} is text")
    values = array[chosen & ~_nulls(array)]
    if column.type == "DOUBLE":
        values = np.rint(values.astype(np.float64) * _scale(column))
    largest = float(np.abs(values.astype(np.float64)).max()) if len(values) else 0.0
    if largest * len(values) < _EXACT:
        return int(values.astype(np.int64).sum()), len(values)
    return sum(int(value) for value in values.tolist()), len(values)
