"""In which bed one person is: what a stay displaces, ends and shortens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from execution.calendar_days import next_open_day
from execution.layout import Key, Node
from execution.person_record import NEVER
from healthsim.medicine.occupancy import STAYS, displacements
from healthsim.specification.journeys.events import Claim, Encounter, TrialVisit
from healthsim.specification.journeys.repeats import ProtocolVisit, Repeat

if TYPE_CHECKING:
    from execution.one_by_one import Walk

_ORDERS = ("lab", "vital", "procedure", "immunization", "prescription", "referral", "care_plan",
           "exposure")  # fmt: skip


@dataclass
class PersonStay:
    """One stay; `walk` and `key` say whose step it is."""

    kind: str
    first: int
    last: int
    walk: Any
    key: Key


def what_of(step: Any) -> str | None:
    if isinstance(step, Encounter | Claim):
        return str(step.details.encounter_class)
    if isinstance(step, ProtocolVisit):
        return "protocol_visit"
    kind = getattr(step, "type", None)
    return kind if kind in _ORDERS else None


def follows_on(what: str) -> bool:
    """Tell whether something may happen on the day of a discharge."""
    return what in STAYS or any(
        rule.rule == "discharge" for (_, ruled), rule in displacements().items() if ruled == what
    )


class PersonBeds:
    """The rules of beds for one person in one journey."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    def ruled(self, node: Node) -> str | None:
        """Return what a node is in the rules; None where nothing moves it by itself."""
        step, layout = node.step, self.walk.layout
        if node.beats:
            return self.beat(step) if node.tick > 1 else None
        what, scope = what_of(step), layout.nodes.get(node.scope)
        if what is None or (scope is not None and isinstance(scope.step, ProtocolVisit)):
            return None
        visit, around = isinstance(step, Encounter | Claim), layout.visit_around(node)
        if around is not None:
            inside_stay = what_of(layout.nodes[around].step) in STAYS
            return what if visit and not inside_stay else None
        anchor = layout.anchors.get(node.key)
        if not visit and anchor is not None and step.at.edge != "end":
            return None if what_of(layout.nodes[anchor].step) in STAYS else what
        return what

    def beat(self, step: Any) -> str | None:
        if step.counted != "previous":
            return None
        if not isinstance(step, Repeat):
            return "office"
        visits = [what_of(one) for one in step.steps if isinstance(one, Encounter)]
        return visits[0] if visits and visits[0] not in STAYS else None

    def stay_on(self, day: int, what: str) -> PersonStay | None:
        """Return the stay that a day is in."""
        leaving = not follows_on(what)
        until = day - 1 if leaving else day
        since = day - 1 if what in _ORDERS or what == "protocol_visit" else day
        found = [one for one in self.walk.record.stays if one.first <= since and until < one.last]
        return found[-1] if found else None

    def wait(self, node: Node, days: int) -> int:
        return 1 + math.floor(self.walk.u(f"{node.address}/postponed") * max(days, 1))

    def day_of(self, node: Node, day: int) -> int | None:
        """Return the day on which a node that is due comes; None where it is left out."""
        what = self.ruled(node)
        stay = self.stay_on(day, what) if what is not None else None
        rule = displacements().get((stay.kind, what)) if stay is not None and what else None
        if stay is None or rule is None or rule.rule == "keep":
            return day
        if rule.rule == "ends":
            stay.last = stay.walk.discharge[stay.key] = stay.walk.left[stay.key] = day
            return day
        if rule.rule == "drop":
            return None
        moved = stay.last + (self.wait(node, rule.days) if rule.rule == "after" else 0)
        if self.walk.layout.keeps_open_days(node):
            moved = next_open_day(moved)
        if moved <= day:
            return day
        if isinstance(node.step, ProtocolVisit):
            if moved > self.walk.dates.window_ends[node.key]:
                self.walk.dates.visits[node.key] = "missed"
                return day
            return moved
        return None if moved >= self.next_of_series(node) else moved

    def next_of_series(self, node: Node) -> int:
        """Return the day of the next beat of the repeat that a node is in, where it is known."""
        tick = self.walk.layout.nodes.get(node.scope)
        if node.tick or tick is None or not tick.tick or tick.opener is None:
            return NEVER
        following = (*tick.opener, tick.tick + 1)
        return min((day for day, key in self.walk.heap if key == following), default=NEVER)

    def admit(self, node: Node, day: int) -> None:
        """Put the person to bed, until what was there before begins; or note an emergency."""
        kind, record = what_of(node.step), self.walk.record
        if isinstance(node.step, TrialVisit):
            return
        if kind == "emergency":
            record.emergencies.append(day)
        elif kind in STAYS:
            last = self.walk.discharge[node.key]
            begins = [*(stay.first for stay in record.stays), *record.emergencies]
            last = min([last, *(first for first in begins if day < first <= last)])
            self.walk.discharge[node.key] = last
            record.stays.append(PersonStay(str(kind), day, last, self.walk, node.key))

    def settle_again(self) -> None:
        """Move what falls into the stay of a later journey, with what happens during it."""
        walk = self.walk
        nodes = {node.address: node for node in walk.layout.nodes.values() if not node.tick}
        moves: dict[Key, int | None] = {}
        for address, day in walk.log.days.items():
            node = nodes[address]
            if walk.layout.visit_around(node) is None:
                moves[node.key] = self.moved_again(node, day)
                if moves[node.key] and day + (moves[node.key] or 0) >= self.next_alike(node, day):
                    moves[node.key] = None
        for address, day in list(walk.log.days.items()):
            node = nodes[address]
            around = walk.layout.visit_around(node)
            later = moves[node.key if around is None else around] if (
                around is None or around in moves) else 0  # fmt: skip
            if later is None:
                walk.log.days[address] = NEVER
            else:
                walk.log.days[address] = day + later

    def next_alike(self, node: Node, day: int) -> int:
        """Return the day of the next visit of a series; visits of a day come in their order."""
        walk, series = self.walk, self.walk.layout.series(node)
        if series is None:
            return NEVER
        nodes = {one.address: one for one in walk.layout.nodes.values() if not one.tick}
        return min((other for address, other in walk.log.days.items() if other > day
                    and walk.layout.series(nodes[address]) == series), default=NEVER)  # fmt: skip

    def moved_again(self, node: Node, day: int) -> int | None:
        """Return by how many days something comes later; None where it is left out."""
        what, now = what_of(node.step), day
        for _ in range(8 if what is not None and what not in STAYS else 0):
            stay = self.stay_on(now, str(what))
            if stay is None or (now == day and stay.walk.number <= self.walk.number):
                break
            rule = displacements().get((stay.kind, str(what)))
            if rule is None or rule.rule in ("keep", "ends"):
                break
            if rule.rule == "drop":
                return None
            now = stay.last + (self.wait(node, rule.days) if rule.rule == "after" else 0)
            if self.walk.layout.keeps_open_days(node):
                now = next_open_day(now)
        return now - day
