"""What a walk moves, leaves out or ends because its people are in a bed, or have given birth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.pregnancy import supervises_pregnancy
from healthsim.dates import NO_DAY, Days, next_business_day
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.agenda import Agenda
from healthsim.execution.timeline.beds import Beds
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.scheduling import StepDates
from healthsim.medicine.occupancy import STAYS, displacements
from healthsim.specification.journeys import events
from healthsim.specification.journeys.plan import Beating, JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import ProtocolVisit, Repeat
from healthsim.specification.journeys.step import StepHead

_ORDERS = (
    events.Lab, events.Vital, events.Procedure, events.Immunization, events.Prescription,
    events.Referral, events.CarePlan, events.Exposure,
)  # fmt: skip
_ORDER_TYPES = (
    "lab", "vital", "procedure", "immunization", "prescription", "referral", "care_plan",
    "exposure",
)  # fmt: skip
_NEXT = 84  # days from a birth to the first visit of a next pregnancy, at least: assumption


def what_of(step: StepHead) -> str | None:
    """Return what a step is in the rules of beds; None where they say nothing of it."""
    if isinstance(step, events.Encounter | events.Claim):
        return step.details.encounter_class
    if isinstance(step, ProtocolVisit):
        return "protocol_visit"
    return step.type if isinstance(step, _ORDERS) else None


@cache
def may_follow_on(what: str) -> bool:
    """Tell whether something may happen on the day of a discharge, after it.

    >>> may_follow_on("snf"), may_follow_on("office")
    (True, False)
    """
    rules = [rule.rule for (_, ruled), rule in displacements().items() if ruled == what]
    return what in STAYS or "discharge" in rules


def may_come_before(what: str) -> bool:
    """Tell whether something of the day of an admission comes before it: what is no visit."""
    return what in _ORDER_TYPES or what == "protocol_visit"


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
        layout: JourneyLayout,
        record: Record,
        beds: Beds,
        agenda: Agenda,
        dates: StepDates,
        start_days: Days,
    ) -> None:
        self._layout, self._record, self.beds = layout, record, beds
        self._agenda, self._dates, self._start_days = agenda, dates, start_days
        self._what = [self._ruled(occurrence) for occurrence in layout.occurrences]

    def settle(self, occurrence: Occurrence, rows: Rows, days: Days) -> Settled | None:
        """Say who has an occurrence today; None where everybody does."""
        what = self._what[occurrence.number]
        if what is None or not len(rows):
            return None
        cancelled = self._delivered(occurrence, rows, days)
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
                    moved[inside] += self._wait(occurrence, rows[inside], rule.days)
        if occurrence.business_days:
            moved[later] = next_business_day(moved[later])
        today, later = today | (later & (moved <= days)), later & (moved > days)
        return self._caught_up(occurrence, rows, Settled(today, later, moved))

    def _ruled(self, occurrence: Occurrence) -> str | None:
        """Return what an occurrence is in the rules; None where it is not moved by itself."""
        step = occurrence.step
        if isinstance(step, Beating):
            return self._beat(step) if occurrence.tick > 1 else None
        what = what_of(step)
        with_visit = isinstance(self._opener(occurrence), ProtocolVisit) and occurrence.anchor < 0
        if what is None or with_visit:
            return None  # what a protocol's visit holds goes with it, but not what is after that
        visit = isinstance(step, events.Encounter | events.Claim)
        if occurrence.encounter >= 0:
            around = self._layout.occurrences[occurrence.encounter].step
            return what if visit and what_of(around) not in STAYS else None
        if not visit and occurrence.anchor >= 0 and step.at.edge != "end":
            # what is dated from the admission is meant to happen during the stay
            after = self._layout.occurrences[occurrence.anchor].step
            return None if what_of(after) in STAYS else what
        return what

    def _beat(self, step: Beating) -> str | None:
        """Return what a beat is: its first visit, where the next beat is counted from it."""
        if step.counted != "previous":
            return None
        if not isinstance(step, Repeat):
            return "office"
        visits = [what_of(one) for one in step.steps if isinstance(one, events.Encounter)]
        return visits[0] if visits and visits[0] not in STAYS else None

    def _opener(self, occurrence: Occurrence) -> StepHead | None:
        opener = self._layout.scopes[occurrence.scope].opener
        return self._layout.occurrences[opener].step if opener >= 0 else None

    def _wait(self, occurrence: Occurrence, rows: Rows, spread: int) -> NDArray[np.int32]:
        """Return how many days after a discharge people have what was moved, int32, from 1."""
        u = self._record.draws.uniform(f"{occurrence.address}/postponed", rows)
        return 1 + np.floor(u * max(spread, 1)).astype(np.int32)

    def _caught_up(self, occurrence: Occurrence, rows: Rows, settled: Settled) -> Settled:
        """Leave out what the next of its series would overtake, and visits past their window."""
        later, days = settled.later.copy(), settled.days
        today = settled.kept
        if isinstance(occurrence.step, ProtocolVisit):
            past = later & (days > self._dates.last_of_window(occurrence, rows))
            self._dates.miss(occurrence, rows[past])
            return Settled(today | past, later & ~past, days[later & ~past])
        opener = self._layout.scopes[occurrence.scope].opener
        following = self._layout.next_tick.get(opener, -1) if not occurrence.tick else -1
        if following >= 0 and self._layout.occurrences[opener].tick:
            pending = self._agenda.pending(following, rows)
            due = pending + self._start_days[rows]
            later &= ~((pending != NO_DAY) & (days >= due))
        return Settled(today, later, days[later])

    def _delivered(self, occurrence: Occurrence, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return who has given birth before this visit, which was one of the pregnancy; bool."""
        step = occurrence.step
        codes = [one if isinstance(one, str) else one.code for one in step.details.diagnoses] \
            if isinstance(step, events.Encounter) else []  # fmt: skip
        if not any(supervises_pregnancy(code) for code in codes):
            return np.zeros(len(rows), dtype=np.bool_)
        born = self._record.delivered[rows]
        over: NDArray[np.bool_] = (born <= days) & (days < born.astype(np.int64) + _NEXT)
        return over
