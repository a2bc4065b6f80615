"""How far stated results are from what the body would show, and how that fades."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.body.collection import Collection
from healthsim.execution.people.draws import Rows
from healthsim.medicine.analytes import analytes

Floats = NDArray[np.float64]
_DAY_BITS = 33
_FIRST_DAY = np.int64(2**31)


@dataclass
class DatedNumbers:
    """Dated numbers of the chunk's people, of which the latest on or before a day is asked.

    Attributes:
        people: how many the chunk has.
    """

    people: int
    _day: Days = field(init=False)
    _number: Floats = field(init=False)
    _parts: list[tuple[NDArray[np.int64], Floats]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._day = np.full(self.people, NO_DAY, dtype=np.int32)
        self._number = np.full(self.people, np.nan)

    def add(self, rows: Rows, days: Days, numbers: Floats) -> None:
        """Add a number of each of `rows`, distinct, on their days; the last added wins a day."""
        self._parts.append((_keys(rows, days), numbers))
        newer = days >= self._day[rows]
        self._day[rows[newer]] = days[newer]
        self._number[rows[newer]] = numbers[newer]

    def latest(self, rows: Rows, days: Days) -> tuple[NDArray[np.int64], Floats]:
        """Return (days since, number) of each one's latest, int64 and float64; NaN where none.

        Args:
            rows: ascending positions in the chunk; may repeat.
            days: int32.
        """
        day, number = self._day[rows], self._number[rows]
        later = np.flatnonzero(day > days)
        if len(later):
            day[later], number[later] = self._looked_up(rows[later], days[later])
        return days.astype(np.int64) - day, number

    def _looked_up(self, rows: Rows, days: Days) -> tuple[Days, Floats]:
        keys, numbers = self._sorted()
        wanted = _keys(rows, days)
        place = np.searchsorted(keys, wanted, side="right") - 1
        found = (place >= 0) & (keys[place] >> _DAY_BITS == rows)
        day = np.where(found, (keys[place] & ((1 << _DAY_BITS) - 1)) - _FIRST_DAY, NO_DAY)
        return day.astype(np.int32), np.where(found, numbers[place], np.nan)

    def _sorted(self) -> tuple[NDArray[np.int64], Floats]:
        """Return all numbers by person and day; of one day, as they were added."""
        if len(self._parts) > 1:
            keys = np.concatenate([part for part, _ in self._parts])
            numbers = np.concatenate([part for _, part in self._parts])
            order = np.argsort(keys, kind="stable")
            self._parts = [(keys[order], numbers[order])]
        elif self._parts:
            keys, numbers = self._parts[0]
            if (np.diff(keys) < 0).any():
                order = np.argsort(keys, kind="stable")
                self._parts = [(keys[order], numbers[order])]
        return self._parts[0]


def _keys(rows: Rows, days: Days) -> NDArray[np.int64]:
    return (rows.astype(np.int64) << _DAY_BITS) + (days.astype(np.int64) + _FIRST_DAY)


class Deviations:
    """Stated results, and how far each moved its analyte from the body's own course."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._lasting: dict[str, DatedNumbers] = {}
        self._results: dict[str, DatedNumbers] = {}

    def add(self, key: str, when: tuple[Rows, Days], moved: Floats) -> None:
        """Add deviations of a drawn analyte, on its scale.

        Args:
            key: of the analyte.
            when: rows, distinct, and their days.
            moved: float64, the deviation of each.
        """
        self._numbers(self._lasting, key).add(*when, moved)

    def add_result(self, key: str, when: tuple[Rows, Days], values: Floats) -> None:
        """Add stated results of an analyte, drawn or derived."""
        self._numbers(self._results, key).add(*when, values)

    def replace_result(self, key: str, on: Collection, values: Floats) -> None:
        """Put values in place of the results that distinct people have already on their days."""
        if key in self._results:
            since, result = self._results[key].latest(on.rows, on.days)
            at = np.flatnonzero((since == 0) & ~np.isnan(result))
            self._results[key].add(on.rows[at], on.days[at], values[at])

    def of(self, key: str, on: Collection) -> Floats | float:
        """Return the deviation of a drawn analyte at some measurements, on its scale."""
        if key not in self._lasting:
            return 0.0
        since, moved = self._lasting[key].latest(on.rows, on.days)
        left = np.clip(1 - since / max(analytes()[key].fade_days, 1), 0.0, 1.0)
        return np.where(np.isnan(moved), 0.0, moved * left)

    def all_stated(self, key: str, on: Collection) -> Floats | None:
        """Return the results stated for the day where everyone has one; else None."""
        if key not in self._results or not on.whole_day:
            return None
        since, result = self._results[key].latest(on.rows, on.days)
        return result if ((since == 0) & ~np.isnan(result)).all() else None

    def stated(self, key: str, on: Collection, values: Floats) -> Floats:
        """Return values, in place of them the results stated for the day."""
        if key not in self._results or not on.whole_day:
            return values
        since, result = self._results[key].latest(on.rows, on.days)
        return np.where((since == 0) & ~np.isnan(result), result, values)

    def _numbers(self, kind: dict[str, DatedNumbers], key: str) -> DatedNumbers:
        if key not in kind:
            kind[key] = DatedNumbers(self._people)
        return kind[key]
