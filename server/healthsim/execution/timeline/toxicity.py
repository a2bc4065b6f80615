"""Results that adverse events bring with them, and adverse events that results define.

While an adverse event of the CTCAE lasts that a result defines, that result has its grade; in the
second half of it the grade goes back, step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.loinc import observation
from healthsim.dates import Days, whole_months
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.logs import FOREVER, Log, Moment
from healthsim.execution.people.people import People
from healthsim.medicine.ctcae import MOST, Criterion, grades, value_of
from healthsim.products.patientsim.norms import norms_of
from healthsim.tables import Coded

Floats = NDArray[np.float64]
ONSET_DAYS = 3
"""Days that an adverse event needs to show in a result: assumption, between two counts."""
_OWN = 0.6  # of the place within a grade: the person's; the rest is the day's. Assumption


@dataclass(frozen=True, eq=False)
class _Spell:
    """An adverse event of some people; arrays have one entry for each of them.

    Attributes:
        address: of the adverse event.
        until: int32, its last day; `FOREVER` where it goes on.
        grade: int32, 1 to 5.
    """

    criterion: Criterion
    address: str
    rows: Rows
    since: Days
    until: Days
    grade: NDArray[np.int32]

    def grade_on(self, place: NDArray[np.intp], days: Days) -> NDArray[np.int32]:
        """Return the grade that shows on a day, int32; 0 before and after it.

        Args:
            place: positions among its people.
            days: int32, of each.
        """
        since, until = self.since[place].astype(np.int64), self.until[place].astype(np.int64)
        length, day = until - since + 1, days - since
        full = (length + 1) // 2
        left = np.clip((length - 1 - day) / np.maximum(length - full, 1), 0.0, 1.0)
        whole = np.minimum(self.grade[place], MOST)
        shown = np.where(day < full, whole, np.maximum(np.ceil(whole * left), 1))
        return np.where((day >= 0) & (day < length), shown, 0).astype(np.int32)


def ends_of(loinc: str, people: People, rows: Rows, days: Days) -> tuple[Floats, Floats]:
    """Return the ends of everyone's reference interval of a result on their days."""
    norms = norms_of(
        Coded.constant(loinc, len(rows)),
        people.gender.take(rows),
        whole_months(people.birth[rows], days),
    )
    return norms.ref_low, norms.ref_high


@dataclass
class Toxicities:
    """The adverse events of a chunk's people that results define."""

    spells: list[_Spell] = field(default_factory=list)

    def add(
        self,
        criterion: Criterion,
        address: str,
        when: tuple[Rows, Days],
        lasts_days: Floats,
        grade: NDArray[np.int32],
    ) -> None:
        """Record an adverse event.

        Args:
            criterion: of the result that defines it.
            address: of the event.
            when: rows and their first days.
            lasts_days: float64, days that it lasts; NaN where it goes on.
            grade: int32.
        """
        rows, days = when
        until = days + np.nan_to_num(lasts_days, nan=0.0).astype(np.int32) - np.int32(1)
        until = np.where(np.isnan(lasts_days), FOREVER - np.int32(1), until).astype(np.int32)
        self.spells.append(_Spell(criterion, address, rows, days, until, grade))

    def results(self, people: People, draws: Draws, moment: Moment) -> dict[str, Floats]:
        """Return what adverse events make of results at a moment, NaN where nothing.

        The worst grade of several on one result shows.

        Returns:
            By LOINC code: float64, of everyone in the moment; nothing without such an event.
        """
        found: dict[str, Floats] = {}
        worst: dict[str, NDArray[np.int32]] = {}
        for spell in self.spells:
            at, place = _shared(moment, spell.rows)
            shown = spell.grade_on(place, moment.days[at])
            code = spell.criterion.loinc
            before = worst.setdefault(code, np.zeros(len(moment.rows), dtype=np.int32))
            worse = np.flatnonzero(shown > before[at])
            if not len(worse):
                continue
            at, rows, days = at[worse], moment.rows[at[worse]], moment.days[at[worse]]
            own = draws.uniform(f"{spell.address}/level", rows)
            daily = draws.at(f"{spell.address}/day", rows, draws.pairs(rows, days.astype(np.int64)))
            values = value_of(spell.criterion, shown[worse], _OWN * own + (1 - _OWN) * daily,
                              *ends_of(code, people, rows, days))  # fmt: skip
            before[at] = shown[worse]
            found.setdefault(code, np.full(len(moment.rows), np.nan))[at] = values
        return found


def _shared(moment: Moment, rows: Rows) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions in the moment, and among `rows`, of those who are in both."""
    position = moment.positions[rows]
    place = np.flatnonzero(position >= 0)
    return position[place].astype(np.intp), place


def grade_of_latest(
    criterion: Criterion, results: Mapping[str, Log], people: People, moment: Moment
) -> NDArray[np.int32]:
    """Return the grade of everyone's latest result, int32; 0 without one, or where it is none."""
    log = results.get(criterion.loinc)
    if log is None:
        return np.zeros(len(moment.rows), dtype=np.int32)
    _, value = log.latest(moment)
    ends = ends_of(criterion.loinc, people, moment.rows, moment.days)
    return grades(criterion, np.round(value, observation(criterion.loinc).decimals), *ends)
