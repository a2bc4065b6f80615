"""The days of one person's steps: by calendar, age, month, window, beat and hazard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from execution.calendar_days import (
    after,
    beat_day,
    day_number,
    first_of_month,
    last_open_day,
    listed_weekday,
    next_open_day,
)
from execution.layout import Key, Node
from execution.person_hazards import days_until
from execution.person_record import NEVER
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Encounter, TrialVisit
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit
from healthsim.specification.journeys.timing import Hazard

if TYPE_CHECKING:
    from execution.one_by_one import Walk


@dataclass
class PendingHazard:
    """A hazard whose rate is read anew: since when, how often it was, and whether it fired."""

    since: int
    times: int = 0
    fired: bool = False


class PersonDates:
    """The days of one person's steps in one journey.

    Attributes:
        visits: "missed", "deviation" or "" for each visit of a protocol that was dated.
        race_winner: position of the option whose hazard came first.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.visits: dict[Key, str] = {}
        self.race_winner: dict[Key, int] = {}
        self.window_ends: dict[Key, int] = {}
        self.hazards: dict[Key, PendingHazard] = {}

    def date(self, node: Node, base: int) -> None:
        """Date a node from a day, if it is due at all."""
        if isinstance(node.step, ProtocolVisit):
            self.walk.push(node, self._visit(node, base))
            return
        day = self._planned(node, base)
        if day is None:
            return
        step = node.step
        if step.hazard is not None:
            if step.hazard.renew_days:
                self.hazards[node.key] = PendingHazard(day)
                self._read_rate(node, day)
                return
            wait = self._wait(f"{node.address}/hazard", step.hazard, day)
            day = NEVER if wait is None else day + wait
        elif isinstance(step, Branch) and step.races:
            day = self._race(node, day)
        self._put(node, day)

    def _put(self, node: Node, day: int) -> None:
        """Schedule a node on a day, or on the next business day, within the stay that it is in."""
        if day >= NEVER:
            return
        if self.walk.layout.keeps_open_days(node):
            day = next_open_day(day)
        if isinstance(node.step, Protocol) and not node.tick:
            day -= lead(node.step, 1)
        visit = self.walk.layout.visit_around(node)
        if visit is not None:
            last = self.walk.discharge[visit]
            if day > last and node.step.hazard is not None:
                return  # the stay was over before it could happen
            day = min(day, last)
        self.walk.push(node, day)

    def _planned(self, node: Node, base: int) -> int | None:
        """Return the day before any hazard; None where there is none."""
        at, begin = node.step.at, self.walk.scope_begins[node.scope]
        offset = 0.0
        if at.day is not None:
            offset = self.walk.draw(f"{node.address}/day", at.day, base)
            if math.isnan(offset):
                return None  # a day that cannot be known: the engine's choice
        shift = round(offset)
        earliest = begin
        if at.date is not None or at.age is not None:
            if at.date is not None:
                day = day_number(at.date)
            else:
                born = int(self.walk.record.people.birth[self.walk.record.row])
                day = after(born, at.age) + shift
            if day < begin:
                return None
        else:
            if at.month is not None:
                base = first_of_month(base, at.month)
            day = base + shift
            if shift >= 0:
                earliest = max(base, begin)
        if at.variance_days:
            wide = 2 * at.variance_days + 1
            u = self.walk.u(f"{node.address}/variance")
            day += math.floor(u * wide) - at.variance_days
        return max(day, earliest)

    def _visit(self, node: Node, begin: int) -> int:
        """Date a protocol's visit; it is planned when its cycle begins, and never before that."""
        step, address = node.step, node.address
        tick = self.walk.layout.nodes[node.scope]
        planned = begin + lead(tick.step, tick.tick) + step.day - 1
        window = step.first_window if tick.tick == 1 and step.first_window else step.window
        before = window.before
        u = self.walk.u(f"{address}/window")
        shift = math.floor(u * (before + window.after + 1)) - before
        self.visits[node.key] = ""
        self.window_ends[node.key] = planned + window.after
        if self._takes(f"{address}/missed", step.missed, begin):
            self.visits[node.key] = "missed"
            return planned
        if self._takes(f"{address}/outside", step.outside, begin):
            self.visits[node.key] = "deviation"
            shift = window.after + 1 + math.floor(self.walk.u(f"{address}/late") * 7)
            late = planned + window.after
            return self._open(node, planned + shift, late + 1, late + 7)
        return self._open(node, planned + shift, planned - before, planned + window.after)

    def _open(self, node: Node, day: int, first: int, last: int) -> int:
        """Return an open day of a window: the next, else the one before, else the day itself."""
        classes = {one.details.encounter_class for one in node.step.steps
                   if isinstance(one, Encounter | TrialVisit)}  # fmt: skip
        if not classes & {"office", "telehealth", "outpatient_hospital", "asc"}:
            return day
        if next_open_day(day) <= last:
            return next_open_day(day)
        return last_open_day(day) if last_open_day(day) >= first else day

    def _takes(self, decision: str, share: Any, day: int) -> bool:
        if share is None:
            return False
        return self.walk.u(decision) < self.walk.draw(f"{decision}/share", share, day)

    def _wait(self, address: str, hazard: Hazard, day: int) -> int | None:
        return days_until(
            hazard,
            lambda name, rate: self.walk.draw(f"{address}/{name}", rate, day),
            self.walk.u(address),
            day,
        )

    def _race(self, node: Node, day: int) -> int:
        step, soonest = node.step, NEVER
        for place, option in enumerate(step.options):
            if option.hazard is not None:
                wait = self._wait(f"{node.address}/{option.name}", option.hazard, day)
                if wait is not None and wait < soonest:
                    soonest, self.race_winner[node.key] = wait, place
        if step.within_days is not None and soonest > step.within_days:
            soonest = step.within_days
            self.race_winner[node.key] = [option.otherwise for option in step.options].index(True)
        return day + soonest

    def _read_rate(self, node: Node, day: int) -> None:
        """Read a rate on a day: it fires before it is read again, or it is read again."""
        pending, hazard = self.hazards[node.key], node.step.hazard
        again = f"~{pending.times}" if pending.times else ""
        wait = self._wait(f"{node.address}/hazard{again}", hazard, day)
        if wait is not None and wait <= hazard.renew_days:
            pending.fired = True
            self._put(node, day + wait)
            return
        pending.times += 1
        self.walk.push(node, day + hazard.renew_days)

    def is_due(self, node: Node, day: int) -> bool:
        """Tell whether a node is due on its day; it may only be that its rate is read again."""
        pending = self.hazards.get(node.key)
        if pending is None or pending.fired:
            return True
        self._read_rate(node, day)
        return False

    def next_beat(self, following: Node, beats: int, first: int, day: int) -> int | None:
        """Return the day of the beat that follows on so many; None where none does."""
        step = following.step
        if isinstance(step, Protocol):
            early = lead(step, beats + 1)
            if step.counted == "previous" and beats:
                return day + lead(step, beats) + step.cycle_days - early
            due = first + step.cycle_days * beats - early
            return due if step.delay is None else max(due, day + (beats > 0))
        every = step.every
        if every.hazard is not None:
            wait = self._wait(f"{following.address}/gap", every.hazard, day)
            due = NEVER if wait is None else day + wait
        elif step.counted == "previous" and beats:
            due = listed_weekday(every, day + 1, 0) if every.weekdays else beat_day(every, day, 1)
        else:
            due = beat_day(every, first, beats)
            if step.delay is not None:  # a beat that was put off is not overtaken
                due = max(due, day + (beats > 0))
        lasting = due - self.walk.start_day <= self.walk.journey.duration_days
        return due if due < NEVER and (step.times is not None or lasting) else None


def lead(protocol: Protocol, cycle: int) -> int:
    """Return how long before its first day a cycle begins, so that its windows are whole."""
    openings = [
        visit.day - 1 - (visit.first_window if cycle == 1 and visit.first_window
                         else visit.window).before
        for visit in protocol.visits if visit.takes_place_in(cycle)
    ]  # fmt: skip
    return -min(0, *openings, 0)
