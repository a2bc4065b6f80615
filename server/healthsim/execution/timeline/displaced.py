"""What a walk moves, leaves out or ends because its people are in a bed, or have given birth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.pregnancy import supervises_pregnancy
from healthsim.dates import NO_DAY, Days, next_business_day
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.agenda import Agenda
from healthsim.execution.timeline.beds import Beds
from healthsim.execution.timeline.families import Due, Families
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.ruled import may_come_before, may_follow_on, ruled_as
from healthsim.execution.timeline.scheduling import StepDates, all_open
from healthsim.medicine.occupancy import STAYS, displacements
from healthsim.specification.journeys import events
from healthsim.specification.journeys.repeats import ProtocolVisit
from healthsim.specification.journeys.step import StepHead

_NEXT = 84  # days from a birth to the first visit of a next pregnancy, at least: assumption


@dataclass(frozen=True)
class Settled:
    """Who has an occurrence today, and who later; arrays have one entry for each who was due.

    Attributes:
        kept: bool, today.
        later: bool; those who are neither do not have it.
        days: int32, the later days of those who have it later.
    """

    kept: NDArray[np.bool_]
    later: NDArray[np.bool_]
    days: Days


class Displacement:
    """The rules of beds in the walk through one journey.

    Attributes:
        beds: in which people are; shared by all journeys.
    """

    def __init__(
        self,
        families: Families,
        record: Record,
        beds: Beds,
        agenda: Agenda,
        dates: StepDates,
        start_days: Days,
    ) -> None:
        self._families, self._layout = families, families.layout
        self._record, self.beds = record, beds
        self._agenda, self._dates, self._start_days = agenda, dates, start_days
        self._what: dict[int, str | None] = {}
        self._opener_of_scope = np.array([one.opener for one in self._layout.scopes], np.int32)

    def settle(self, due: Due, rows: Rows, days: Days) -> Settled | None:
        """Say who has an occurrence today; None where everybody does."""
        what = self._ruled(due)
        if what is None or not len(rows):
            return None
        cancelled = self._delivered(due.step, rows, days)
        if not self.beds and not cancelled.any():
            return None
        kind, last, number = self.beds.occupied(
            rows, days, leaving=not may_follow_on(what), entering=not may_come_before(what)
        )
        if not cancelled.any() and not (kind >= 0).any():
            return None
        today, later, moved = ~cancelled, np.zeros(len(rows), dtype=np.bool_), days.copy()
        for position, stay in enumerate(STAYS):
            inside = (kind == position) & ~cancelled
            rule = displacements().get((stay, what))
            if rule is None or rule.rule == "keep" or not inside.any():
                continue
            if rule.rule == "ends":
                self.beds.end(rows[inside], days[inside], number[inside])
                continue
            today &= ~inside
            if rule.rule != "drop":
                later |= inside
                moved[inside] = last[inside]
                if rule.rule == "after":
                    moved[inside] += self._wait(due, rows[inside], rule.days)
        moved[later] = _open_days(due, moved[later])
        today, later = today | (later & (moved <= days)), later & (moved > days)
        return self._caught_up(due, rows, Settled(today, later, moved))

    def _ruled(self, due: Due) -> str | None:
        """Return what occurrences are in the rules, as `ruled_as`, which is asked once of each."""
        if due.family not in self._what:
            self._what[due.family] = ruled_as(self._layout, due.first)
        return self._what[due.family]

    def _wait(self, due: Due, rows: Rows, spread: int) -> NDArray[np.int32]:
        """Return how many days after a discharge people have what was moved, int32, from 1."""
        u = self._record.draws.uniform(due.decision("postponed"), rows)
        return 1 + np.floor(u * max(spread, 1)).astype(np.int32)

    def _caught_up(self, due: Due, rows: Rows, settled: Settled) -> Settled:
        """Leave out what the next of its series would overtake, and visits past their window."""
        later, days = settled.later.copy(), settled.days
        today = settled.kept
        if isinstance(due.step, ProtocolVisit):
            past = later & (days > self._dates.last_of_window(due.only, rows))
            self._dates.miss(due.only, rows[past])
            return Settled(today | past, later & ~past, days[later & ~past])
        opener = self._layout.scopes[due.first.scope].opener
        if not due.first.tick and opener >= 0 and self._layout.occurrences[opener].tick:
            openers = self._opener_of_scope[self._families.scope[due.numbers(rows)]]
            following = self._families.following[openers]
            pending = self._agenda.pending(following, rows)
            overtaken = (pending != NO_DAY) & (days >= pending + self._start_days[rows])
            later &= ~((following >= 0) & overtaken)
        return Settled(today, later, days[later])

    def _delivered(self, step: StepHead, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return who has given birth before this visit, which was one of the pregnancy; bool."""
        codes = [one if isinstance(one, str) else one.code for one in step.details.diagnoses] \
            if isinstance(step, events.Encounter) else []  # fmt: skip
        if not any(supervises_pregnancy(code) for code in codes):
            return np.zeros(len(rows), dtype=np.bool_)
        born = self._record.delivered[rows]
        over: NDArray[np.bool_] = (born <= days) & (days < born.astype(np.int64) + _NEXT)
        return over


def _open_days(due: Due, days: Days) -> Days:
    """Return the days to which an occurrence is moved: open ones, where it keeps to those."""
    days = next_business_day(days) if due.first.business_days else days
    return all_open(due.step, due.first.tick, days) if due.first.tick else days
