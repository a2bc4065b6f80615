"""One person's lifecycles: in which stage, until when, and which stage is next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from execution.calendar_days import after
from execution.layout import Key, Node
from execution.person_hazards import days_until
from execution.person_record import NEVER

if TYPE_CHECKING:
    from execution.one_by_one import Walk

_OUT, _STAYED = -2, -3


class EnteredTooOftenError(Exception):
    """A stage is entered more often than its lifecycle allows."""


@dataclass
class Stay:
    since: int
    due: int
    move: int

    def ends(self, day: int, way: int) -> None:
        """End it on a day, if it does not end earlier."""
        if day < self.due:
            self.due, self.move = day, way


class PersonStages:
    """The lifecycles of one person in one journey."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.stays: dict[Key, Stay] = {}
        self.last_day: dict[Key, int] = {}
        self.times: dict[tuple[Key, str], int] = {}

    def begin(self, node: Node, day: int) -> None:
        step = node.step
        self.last_day[node.key] = after(day, step.lasts) if step.lasts is not None else NEVER
        self._enter(node, self.walk.draw(f"{node.address}/start", step.start, day), day)

    def _enter(self, node: Node, name: str, day: int) -> None:
        time = self.times[node.key, name] = self.times.get((node.key, name), 0) + 1
        if time > node.step.most_visits:
            raise EnteredTooOftenError(name)
        rank = [stage.name for stage in node.step.stages].index(name)
        self.walk.push(self.walk.layout.nodes[*node.key, rank, time], day)

    def enter(self, entry: Node, day: int) -> None:
        """Record that the person is in a stage, and when it is left as far as is known."""
        assert entry.opener is not None
        stage, lifecycle = entry.step.stage, entry.step.stages
        self.walk.record.stages[lifecycle.id].append((day, stage.name))
        stay = self.stays[entry.key] = Stay(day, NEVER, _OUT)
        stay.ends(self.last_day[entry.opener], _OUT)
        if stage.stays is not None:
            length = self.walk.draw(f"{entry.address}/stays", stage.stays.distribution, day)
            days = length * stage.stays.unit_days
            if not math.isnan(days):
                stay.ends(day + round(min(max(days, 0.0), 40_000.0)), _STAYED)
        for position, move in enumerate(stage.moves):
            if move.hazard is not None:
                self._at_risk(entry, stay, position, day)
        self._schedule_check(entry, stay, day)

    def _at_risk(self, entry: Node, stay: Stay, position: int, day: int) -> None:
        """Draw a move's hazard from a day on, until its rate is read again."""
        move = entry.step.stage.moves[position]
        every = move.hazard.renew_days
        renewal = (day - stay.since) // every if every else 0
        moves = entry.step.stage.moves[:position]
        earlier = [one for one in moves if one.hazard is not None and one.to == move.to]
        address = f"{entry.address}/to {move.to}" + (f"/{len(earlier) + 1}" if earlier else "")
        address += f"~{renewal}" if renewal else ""
        wait = days_until(
            move.hazard,
            lambda name, rate: self.walk.draw(f"{address}/{name}", rate, day),
            self.walk.u(address),
            day,
        )
        if wait is not None and (not every or wait <= every):
            stay.ends(day + wait, position)

    def _schedule_check(self, entry: Node, stay: Stay, day: int) -> None:
        moves = entry.step.stage.moves
        days = [stay.due]
        for move in moves:
            every = move.hazard.renew_days if move.hazard is not None else None
            if move.until is not None:
                every = entry.step.stages.check_every
            if every:
                days.append(stay.since + ((day - stay.since) // every + 1) * every)
        if stay.due < NEVER:
            self.walk.scope_ends[entry.key] = stay.due
        if min(days) < NEVER:
            self.walk.push(self.walk.layout.nodes[*entry.key, -1], min(days))

    def check(self, node: Node, day: int) -> None:
        """Check whether a stage is left on a day; enter the next if so."""
        assert node.opener is not None
        entry = self.walk.layout.nodes[node.opener]
        assert entry.opener is not None
        stay, stage = self.stays[entry.key], entry.step.stage
        inside = day - stay.since
        if inside % entry.step.stages.check_every == 0 and day < stay.due:
            for position, move in enumerate(stage.moves):
                if move.until is not None and self.walk.holds(move.until, day):
                    stay.ends(day, position)
        if day < stay.due:
            for position, move in enumerate(stage.moves):
                every = move.hazard.renew_days if move.hazard is not None else None
                if every and inside % every == 0:
                    self._at_risk(entry, stay, position, day)
            self._schedule_check(entry, stay, day)
            return
        self.walk.scope_ends[entry.key] = stay.due
        if stay.move == _OUT:
            self.walk.record.stages[entry.step.stages.id].append((day, None))
            return
        to = self._by_weight(entry, day) if stay.move == _STAYED else stage.moves[stay.move].to
        self._enter(self.walk.layout.nodes[entry.opener], to, day)

    def _by_weight(self, entry: Node, day: int) -> str:
        moves = [move for move in entry.step.stage.moves if move.ends_the_stay]
        groups: dict[Any, list[Any]] = {}
        for move in moves:
            groups.setdefault(move.when, []).append(move)
        always = groups.pop(None)
        group = next((one for when, one in groups.items() if self.walk.holds(when, day)), always)
        return str(self.walk.choose(f"{entry.address}/move", group).to)
