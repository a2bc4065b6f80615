"""When who was measured: one entry for each collection of a specimen or vital signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, whole_months
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.people import People
from healthsim.medicine.setpoints import Subjects

_SLOTS = 128  # of a day: its 96 quarter hours, and the last one for a day without an hour
_WHOLE_DAY = 127
_QUARTERS = 96
_NOON = 0.5  # a measurement without an hour counts at noon: assumption


@dataclass(frozen=True, eq=False)
class Collection:
    """Measurements of some people; every array has shape (n,).

    Attributes:
        rows: ascending positions in the chunk; a person may have several.
        days: int32.
        whole_day: whether the measurements are of a day, not of a quarter hour.
        clock: float64, the time of each, in days since 1970.
        pairs: of the person and the time, for draws.
        subjects: sex and age of each.
    """

    rows: Rows
    days: Days
    whole_day: bool
    clock: NDArray[np.float64]
    pairs: NDArray[np.uint64]
    subjects: Subjects

    @classmethod
    def of(
        cls,
        people: People,
        female: NDArray[np.float64],
        draws: Draws,
        when: tuple[Rows, Days, NDArray[np.int64] | None],
    ) -> Self:
        """Return the collection of some people on their days.

        Args:
            people: of the chunk.
            female: float64, one for each of the chunk's people: 1, 0, or .5 where neither.
            draws: of the chunk.
            when: rows, days, and quarter hours of the day (0 to 95) or None.
        """
        rows, days, quarters = when
        slot = days.astype(np.int64) * _SLOTS
        slot += _WHOLE_DAY if quarters is None else quarters
        hours = _NOON if quarters is None else quarters / _QUARTERS
        months = np.maximum(whole_months(people.birth[rows], days), 0).astype(np.int64)
        return cls(
            rows=rows,
            days=days,
            whole_day=quarters is None,
            clock=(days + hours).astype(np.float64),
            pairs=draws.pairs(rows, slot),
            subjects=Subjects(female[rows], months),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, at: NDArray[np.intp]) -> Self:
        """Return some of the measurements, at ascending positions."""
        return type(self)(
            rows=self.rows[at],
            days=self.days[at],
            whole_day=self.whole_day,
            clock=self.clock[at],
            pairs=self.pairs[at],
            subjects=Subjects(self.subjects.female[at], self.subjects.months[at]),
        )


def female_share(people: People) -> NDArray[np.float64]:
    """Return 1 for women, 0 for men, .5 for everyone else of the chunk, float64."""
    by_code = {"F": 1.0, "M": 0.0}
    shares = [by_code.get(text, 0.5) for text in people.gender.vocabulary]
    return np.array([*shares, 0.5])[people.gender.codes]


def rows_once(rows: Rows) -> list[NDArray[np.intp]]:
    """Return positions of ascending rows in groups, in each of which a row comes once."""
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = rows[1:] != rows[:-1]
    if new.all():
        return [np.arange(len(rows))]
    number = np.arange(len(rows)) - np.flatnonzero(new)[np.cumsum(new) - 1]
    return [np.flatnonzero(number == n) for n in range(int(number.max()) + 1)]
