"""The days of a journey's steps: by calendar, age, window or hazard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import (
    NO_DAY,
    Days,
    are_open,
    day_of,
    last_business_day,
    next_business_day,
    next_open,
)
from healthsim.execution.people.draws import Decision, Rows
from healthsim.execution.timeline.branching import option_taken
from healthsim.execution.timeline.calendar_days import add_length, month_begins
from healthsim.execution.timeline.facts import ChoiceFacts, PlannedVisitFacts
from healthsim.execution.timeline.families import Due
from healthsim.execution.timeline.hazards import NEVER, DrawnHazard, draw_hazard
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.stated import FigureKey, StatedFigures
from healthsim.specification.distributions.kinds import Constant, Distribution
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.carried import carried_days, cycle_offsets
from healthsim.specification.journeys.details import APPOINTED
from healthsim.specification.journeys.events import Encounter, TrialVisit
from healthsim.specification.journeys.plan import Beating, JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import LONGEST_DAYS, Hazard, Window
from healthsim.tables import Coded

_LATE = 7  # days that a visit outside its window is after it at most: assumption, one week
ScopeOf = Callable[[Rows, Days], AsOfScope]


@dataclass(frozen=True)
class _PlannedVisit:
    """A protocol's visit, for everyone of the chunk; columns as in `PlannedVisitFacts`."""

    planned: Days
    missed: NDArray[np.bool_]
    deviation: NDArray[np.bool_]

    @classmethod
    def of(cls, people: int) -> _PlannedVisit:
        """Return a visit that is planned for nobody yet."""
        return cls(
            planned=np.full(people, NO_DAY, dtype=np.int32),
            missed=np.zeros(people, dtype=np.bool_),
            deviation=np.zeros(people, dtype=np.bool_),
        )


@dataclass(frozen=True)
class _PendingHazard:
    """A hazard, for everyone of the chunk.

    Attributes:
        since: int32, the day on which risk began.
        due: int32, the day on which it occurs, as far as it is known; else `NEVER`.
        option: int32, the option of a branch whose options compete.
    """

    since: Days
    due: Days
    option: NDArray[np.int32]

    @classmethod
    def of(cls, people: int) -> _PendingHazard:
        """Return a hazard that nobody is exposed to yet."""
        since, due, option = (np.full(people, day, np.int32) for day in (NO_DAY, NEVER, -1))
        return cls(since, due, option)


def opening_days(occurrence: Occurrence) -> int:
    """Return how many days before its own first day a protocol begins: with its first window."""
    step = occurrence.step
    return step.lead_days(1) if isinstance(step, Protocol) and not occurrence.tick else 0


class StepDates:
    """The days of a journey's steps, and the facts that were settled with them.

    Attributes:
        followed: the occurrences that a hazard leads to, each by the first of its family.
    """

    def __init__(
        self, layout: JourneyLayout, journey: int, record: Record, start_days: Days
    ) -> None:
        self.layout, self.record, self.start_days = layout, record, start_days
        self.journey, self.followed = journey, set[int]()
        self._visits: dict[int, _PlannedVisit] = {}
        self._hazards: dict[int, _PendingHazard] = {}

    def of(
        self, due: Due, rows: Rows, base: Days, begin: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Return who is due for an occurrence, and when.

        Args:
            due: what is dated.
            rows: the candidates.
            base: the days that it is counted from.
            begin: the days on which its scope began; it is due no earlier.
            scope: gives what conditions see on a day.
        """
        step, at, first = due.step, due.step.at, due.first
        if isinstance(step, ProtocolVisit):
            return rows, self._within_window(due.only, step, rows, base, scope)
        rows, days, earliest = self._nominal_days(due, rows, base, begin, scope)
        if at.variance_days:
            u = self.record.draws.uniform(due.decision("variance"), rows)
            width = 2 * at.variance_days + 1
            days = days + np.floor(u * width).astype(np.int32) - np.int32(at.variance_days)
        days = np.maximum(days, earliest).astype(np.int32)
        if step.hazard is not None:
            rows, days = self._hazard_days(due.only, step.hazard, rows, days, scope)
            if step.hazard.renew_days is not None:
                return rows, days
        elif isinstance(step, Branch) and step.races:
            rows, days = self._competing_days(due.only, step, rows, days, scope)
        days = next_business_day(days) if first.business_days else days
        return rows, all_open(step, 1, (days - np.int32(opening_days(first))).astype(np.int32))

    def _nominal_days(
        self, due: Due, rows: Rows, base: Days, begin: Days, scope: ScopeOf
    ) -> tuple[Rows, Days, Days]:
        """Return who is due, their days before scatter, and the earliest days possible."""
        at = due.step.at
        if at.date is not None or at.age is not None:
            days = np.full(len(rows), day_of(at.date.isoformat()) if at.date else 0, np.int32)
            if at.age is not None:
                days = add_length(self.record.people.birth[rows], at.age)
                days = days + self._offset(due, rows, base, scope)
            ahead = days >= begin
            return rows[ahead], days[ahead], begin[ahead]
        offset = self._offset(due, rows, base, scope)
        known = offset != NO_DAY
        if not known.all():
            rows, base, begin, offset = (column[known] for column in (rows, base, begin, offset))
        start = month_begins(base, at.month) if at.month is not None else base
        return rows, start + offset, np.where(offset < 0, begin, np.maximum(start, begin))

    def _offset(self, due: Due, rows: Rows, base: Days, scope: ScopeOf) -> NDArray[np.int32]:
        """Return the days from the base; `NO_DAY` where it is not known, and nothing is due."""
        day = due.step.at.day
        if day is None:
            return np.zeros(len(rows), dtype=np.int32)
        if isinstance(day, Constant) and not isinstance(day.value, str):
            return np.full(len(rows), round(day.value), dtype=np.int32)
        seen_by = scope(rows, base)
        drawn = self.record.draws.numbers(due.decision("day"), day, rows, seen_by)
        key = FigureKey(self.layout.journey.name, due.step.id, "day", "mean")
        seen = (day, drawn, seen_by)
        self.record.stated.draw((self.journey, key), rows, base, seen, whole=True)
        clipped = np.rint(np.clip(np.nan_to_num(drawn), -LONGEST_DAYS, LONGEST_DAYS))
        return np.where(np.isnan(drawn), NO_DAY, clipped).astype(np.int32)

    def _within_window(
        self, occurrence: Occurrence, step: ProtocolVisit, rows: Rows, base: Days, scope: ScopeOf
    ) -> Days:
        """Return a visit's actual days: scattered over the window, after it, or missed.

        A missed visit keeps its planned day. A cycle begins with the first of its windows,
        `lead_days` before its first day.
        """
        address, uniform = occurrence.address, self.record.draws.uniform
        cycle = self.layout.occurrences[self.layout.scopes[occurrence.scope].opener]
        lead = cycle.step.lead_days(cycle.tick) if isinstance(cycle.step, Protocol) else 0
        planned = (base + np.int32(lead + step.day - 1)).astype(np.int32)
        window = step.window_in(cycle.tick)
        before, width = window.before, window.before + window.after + 1
        shift = np.floor(uniform(f"{address}/window", rows) * width).astype(np.int32) - before
        seen = scope(rows, base)
        missed, missed_share = self._happens(f"{address}/missed", step.missed, rows, seen)
        outside, outside_share = self._happens(f"{address}/outside", step.outside, rows, seen)
        outside &= ~missed
        late = 1 + np.floor(uniform(f"{address}/late", rows) * _LATE).astype(np.int32)
        latest = planned + np.int32(window.after + _LATE * (step.outside is not None))
        note = _VisitNote(self.record.stated, self.journey, self.layout.journey.name, step)
        note.share("missed", step.missed, rows, latest, missed_share, missed)
        kept = np.flatnonzero(~missed)
        note.share("outside of its window", step.outside, rows[kept], latest[kept],
                   outside_share[kept], outside[kept])  # fmt: skip
        inside = np.flatnonzero(~missed & ~outside)
        note.window(cycle.tick, rows[inside], latest[inside], shift[inside])
        shift = np.where(outside, window.after + late, shift)
        if _holds_appointment(step):
            shift = _open_shift(planned, shift, outside, window, carried_days(step))
        visit = self._visits.setdefault(occurrence.number, _PlannedVisit.of(len(self.start_days)))
        visit.planned[rows], visit.missed[rows], visit.deviation[rows] = planned, missed, outside
        return np.where(missed, planned, planned + shift).astype(np.int32)

    def _happens(
        self, address: str, share: Distribution | None, rows: Rows, scope: AsOfScope
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Draw for whom something happens that a share of the people have; and return the share."""
        if share is None:
            return np.zeros(len(rows), dtype=np.bool_), np.zeros(len(rows))
        draws = self.record.draws
        chance = np.nan_to_num(draws.numbers(f"{address}/share", share, rows, scope))
        return draws.uniform(address, rows) < chance, chance

    def _hazard_of(self, occurrence: Occurrence) -> _PendingHazard:
        return self._hazards.setdefault(occurrence.number, _PendingHazard.of(len(self.start_days)))

    def _draw(
        self, address: Decision, hazard: Hazard, rows: Rows, since: Days, scope: ScopeOf
    ) -> DrawnHazard:
        """Draw when a hazard occurs; `NEVER` where it does not."""
        return draw_hazard(hazard, self.record.draws, address, rows, since, scope(rows, since))

    def _follow(
        self,
        occurrence: Occurrence,
        rows: Rows,
        drawn: DrawnHazard,
        most: NDArray[np.int32] | int | None = None,
        what: str = "",
    ) -> NDArray[np.int32]:
        """Note a hazard among the stated figures, and return the days until it occurs."""
        numbers = np.full(len(rows), occurrence.number, dtype=np.int32)
        return self._follow_each(occurrence, numbers, rows, drawn, most, what)

    def _follow_each(
        self,
        first: Occurrence,
        numbers: NDArray[np.int32],
        rows: Rows,
        drawn: DrawnHazard,
        most: NDArray[np.int32] | int | None = None,
        what: str = "",
    ) -> NDArray[np.int32]:
        """Note hazards that lead to occurrences of one family; arguments as of `_follow`."""
        self.followed.add(first.number)
        key = (self.layout.journey.name, first.step.id, what)
        mark = (self.journey, first.number, -1)
        self.record.stated.follow(key, mark, rows, drawn, most, numbers)
        return drawn.wait

    def _hazard_days(
        self, occurrence: Occurrence, hazard: Hazard, rows: Rows, since: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Return for whom a hazard occurs, and when; or when its rate is read again."""
        drawn = self._draw(f"{occurrence.address}/hazard", hazard, rows, since, scope)
        what = "begins" if isinstance(occurrence.step, Beating) else ""
        wait = self._follow(occurrence, rows, drawn, hazard.renew_days, what)
        if hazard.renew_days is None:
            return _occurring(rows, since, wait)
        self._hazard_of(occurrence).since[rows] = since
        return rows, self._renewed_days(occurrence, hazard.renew_days, rows, since, wait)

    def _renewed_days(
        self,
        occurrence: Occurrence,
        renew_days: int,
        rows: Rows,
        since: Days,
        wait: NDArray[np.int32],
    ) -> Days:
        """Record when a hazard occurs before its rate is read again; return the earlier day."""
        occurs = wait <= renew_days
        days = (since + np.minimum(wait, np.int32(renew_days))).astype(np.int32)
        if occurrence.business_days:
            days[occurs] = next_business_day(days[occurs])
        self._hazard_of(occurrence).due[rows] = np.where(occurs, days, NEVER)
        return days

    def hazard_occurs(
        self, occurrence: Occurrence, rows: Rows, days: Days, scope: ScopeOf
    ) -> tuple[NDArray[np.bool_], Days]:
        """Return for whom a hazard occurs today, and for the others their next day of it."""
        hazard = occurrence.step.hazard
        if hazard is None or hazard.renew_days is None:
            return np.ones(len(rows), dtype=np.bool_), days[:0]
        pending, renew_days = self._hazard_of(occurrence), hazard.renew_days
        occurs = days >= pending.due[rows]
        others, today = rows[~occurs], days[~occurs]
        next_days = np.zeros(len(others), dtype=np.int32)
        renewals = (today - pending.since[others]) // renew_days
        for renewal in np.unique(renewals).tolist():
            chosen = np.flatnonzero(renewals == renewal)
            address, some, since = (
                f"{occurrence.address}/hazard~{renewal}",
                others[chosen],
                today[chosen],
            )
            drawn = self._draw(address, hazard, some, since, scope)
            what = "begins" if isinstance(occurrence.step, Beating) else ""
            wait = self._follow(occurrence, some, drawn, renew_days, what)
            next_days[chosen] = self._renewed_days(occurrence, renew_days, some, since, wait)
        return occurs, next_days

    def _competing_days(
        self, occurrence: Occurrence, step: Branch, rows: Rows, since: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Let the options of a branch compete; the earliest is taken, on its day."""
        earliest = np.full(len(rows), NEVER, dtype=np.int32)
        winner = np.full(len(rows), -1, dtype=np.int32)
        drawn: dict[int, DrawnHazard] = {}
        for position, option in enumerate(step.options):
            if option.hazard is None:
                continue
            address = f"{occurrence.address}/{option.name}"
            drawn[position] = self._draw(address, option.hazard, rows, since, scope)
            wait = drawn[position].wait
            earlier = wait < earliest
            earliest[earlier], winner[earlier] = wait[earlier], position
        for position, hazard in drawn.items():  # on one day the first option comes first
            most = np.where(winner < position, earliest - 1, earliest).astype(np.int32)
            most = np.minimum(most, np.int32(step.within_days or NEVER))
            self._follow(occurrence, rows, hazard, most, step.options[position].name)
        if step.within_days is not None:
            none = earliest > step.within_days
            otherwise = next(n for n, option in enumerate(step.options) if option.otherwise)
            earliest[none], winner[none] = step.within_days, otherwise
        self._hazard_of(occurrence).option[rows] = winner
        return _occurring(rows, since, earliest)

    def next_beat_days(
        self, beat: Due, hazard: Hazard, rows: Rows, days: Days, scope: ScopeOf
    ) -> tuple[Rows, Days]:
        """Return for whom the next beat of a repeat with a hazard occurs, and when."""
        drawn = self._draw(beat.decision("gap"), hazard, rows, days, scope)
        first = self.layout.occurrences[beat.family]
        wait = self._follow_each(first, beat.numbers(rows), rows, drawn)
        return _occurring(rows, days, wait)

    def last_of_window(self, occurrence: Occurrence, rows: Rows) -> Days:
        """Return the last day of the window of people's planned visit, int32."""
        step, planned = occurrence.step, self._visits[occurrence.number].planned[rows]
        after = step.window_in(occurrence.beat).after if isinstance(step, ProtocolVisit) else 0
        return (planned + np.int32(after)).astype(np.int32)

    def miss(self, occurrence: Occurrence, rows: Rows) -> None:
        """Let people miss a planned visit."""
        self._visits[occurrence.number].missed[rows] = True

    def settled_facts(self, due: Due, rows: Rows) -> ChoiceFacts | PlannedVisitFacts | None:
        """Return the facts that were settled with a step's day; None where there are none."""
        step = due.step
        if isinstance(step, Branch) and step.races:
            return option_taken(step, self._hazard_of(due.only).option[rows])
        if isinstance(step, ProtocolVisit):
            return self._planned_visit(due.only, step, rows)
        return None

    def _planned_visit(
        self, occurrence: Occurrence, step: ProtocolVisit, rows: Rows
    ) -> PlannedVisitFacts:
        visit = self._visits[occurrence.number]
        planned, missed, deviation = visit.planned[rows], visit.missed[rows], visit.deviation[rows]
        window = step.window_in(occurrence.beat)
        option = np.where(missed, 0, np.where(deviation, 1, -1)).astype(np.int32)
        return PlannedVisitFacts(
            option=Coded(option, ("missed", "deviation")),
            planned=planned,
            low=(planned - np.int32(window.before)).astype(np.int32),
            high=(planned + np.int32(window.after)).astype(np.int32),
            missed=missed,
            deviation=deviation,
        )


def _holds_appointment(step: ProtocolVisit) -> bool:
    """Tell whether a protocol's visit is a visit by appointment, which is on a business day."""
    return any(
        isinstance(one, Encounter | TrialVisit) and one.details.encounter_class in APPOINTED
        for one in step.steps
    )


def all_open(step: StepHead, cycle: int, days: Days) -> Days:
    """Return the days on which cycles begin, moved so that visits and what they bring are open.

    Args:
        step: a protocol; beats of others stay where they are.
        cycle: its number, from 1.
        days: int32, before they are moved.
    """
    offsets = cycle_offsets(step, cycle) if isinstance(step, Protocol) else ()
    if not offsets or not isinstance(step, Protocol):
        return days
    lead = np.int32(step.lead_days(cycle))
    return (next_open((days + lead).astype(np.int32), offsets) - lead).astype(np.int32)


def _open_shift(
    planned: Days,
    shift: NDArray[np.int32],
    outside: NDArray[np.bool_],
    window: Window,
    carried: tuple[int, ...],
) -> NDArray[np.int32]:
    """Return shifts with visits on business days: the next one, else the last, in the window.

    A visit stays where its window has none. What is late stays so, by a week at most. The visits
    that it brings, some days later, are on business days too where a day of the window allows it.
    """
    day = (planned + shift).astype(np.int32)
    latest = planned + np.where(outside, window.after + _LATE, window.after)
    earliest = planned + np.where(outside, window.after + 1, -window.before)
    after, before = next_business_day(day), last_business_day(day)
    moved = np.where(after <= latest, after, np.where(before >= earliest, before, day))
    if carried:
        together = next_open(day, (0, *carried))
        soonest = next_open(earliest.astype(np.int32), (0, *carried))
        for other in (soonest, together):  # the drawn day and what follows it come first
            fits = (other >= earliest) & (other <= latest) & are_open(other, (0, *carried))
            moved = np.where(fits, other, moved)
    return (moved - planned).astype(np.int32)


def _occurring(rows: Rows, since: Days, wait: NDArray[np.int32]) -> tuple[Rows, Days]:
    """Return for whom a hazard occurs at all, and when."""
    occurs = wait != NEVER
    return rows[occurs], (since + wait)[occurs].astype(np.int32)


@dataclass(frozen=True)
class _VisitNote:
    """Notes the stated figures of a planned visit, of those whose whole window is in the data."""

    stated: StatedFigures
    number: int
    journey: str
    visit: ProtocolVisit

    def share(
        self,
        figure: str,
        share: Distribution | None,
        rows: Rows,
        latest: Days,
        chance: NDArray[np.float64],
        got: NDArray[np.bool_],
    ) -> None:
        """Note a share of the visits, where one is stated."""
        if share is not None:
            key = FigureKey(self.journey, self.visit.id, figure, "share")
            self.stated.ask((self.number, key), rows, latest, chance, got, share)

    def window(self, cycle: int, rows: Rows, latest: Days, shift: NDArray[np.int32]) -> None:
        """Note how many days from their plan visits are that are evenly spread over a window."""
        window, figure = self.visit.window_in(cycle), "days from its planned day"
        if window == Window():
            return
        after, before = window.after, window.before
        if window != self.visit.window:
            figure = f"{figure}, of the first cycle"
        key = FigureKey(self.journey, self.visit.id, figure, "mean")
        expected = ((after - before) / 2, ((before + after + 1) ** 2 - 1) / 12)
        self.stated.measure((self.number, key), rows, latest, shift.astype(np.float64), expected)
