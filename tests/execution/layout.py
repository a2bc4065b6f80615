"""Every occurrence of a journey's steps, with its name and address: the slow way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit, Repeat
from healthsim.specification.journeys.stages import Stage, Stages, Wait
from healthsim.specification.journeys.step import EventHead
from healthsim.specification.journeys.timing import At, Every

Key = tuple[int, ...]
_DELAYS = 10**6  # scopes of a beat's delays are numbered from here, behind the beat's own steps

_WHENEVER = At()


@dataclass(frozen=True)
class Entry:
    """The nth entry into a stage."""

    id: str
    stages: Stages
    stage: Stage
    at: Any = _WHENEVER
    when: Any = None
    chance: Any = None
    hazard: Any = None


@dataclass(frozen=True)
class Leave:
    """A check whether a stage is left."""

    id: str = ""
    at: Any = _WHENEVER


@dataclass(frozen=True)
class Node:
    """One occurrence of one step; a beat of a repeat is a node of its own.

    Attributes:
        opener: the repeat, protocol or lifecycle of a beat or an entry, or the entry of a leave.
    """

    key: Key
    step: Any
    address: str
    scope: Key
    beat: int
    tick: int = 0
    opener: Key | None = None

    @property
    def beats(self) -> bool:
        return isinstance(self.step, Repeat | Protocol)

    def is_called(self, name: str) -> bool:
        """Tell whether a name means it: ``visit``, ``visit#2``, ``quarter#2/visit``."""
        *around, last = name.split("/")
        parts = self.address.split("/")[1:-1]
        number = "" if self.beats else f"#{self.beat}"
        own = (
            {f"{self.step.id}#{self.tick}"} if self.tick else {self.step.id, self.step.id + number}
        )
        inner = parts[len(parts) - len(around) :] if len(around) <= len(parts) else []
        return (
            last in own
            and len(inner) == len(around)
            and all(given in (found, found.partition("#")[0])
                    for given, found in zip(around, inner, strict=True))
        )  # fmt: skip


class Layout:
    """Every node of a journey, in document order.

    Attributes:
        outer: a scope -> the scope around it; opened_by: a scope -> the node that opens it.
        inside: what a scope dates when it is opened.
        after: a node -> those that are dated from it.
    """

    def __init__(self, journey: JourneySpec) -> None:
        self.journey = journey
        self.nodes: dict[Key, Node] = {}
        self.outer: dict[Key, Key] = {(): ()}
        self.opened_by: dict[Key, Key] = {}
        self.inside: dict[Key, list[Node]] = defaultdict(list)
        self._by_id: dict[str, list[Node]] = defaultdict(list)
        for place, phase in enumerate(journey.phases):
            self._place(phase.steps, (place,), (), journey.name, 1)
        self.anchors = {
            node.key: self._anchor(node)
            for node in self.nodes.values()
            if node.step.at.after is not None and not node.tick
        }
        self.after: dict[Key, list[Node]] = defaultdict(list)
        for key, anchor in self.anchors.items():
            self.after[anchor].append(self.nodes[key])
        self._loose: dict[Key, bool] = {}

    def scopes_around(self, scope: Key) -> Iterator[Key]:
        """Yield a scope and all around it, but for the journey."""
        while scope:
            yield scope
            scope = self.outer[scope]

    def visit_around(self, node: Node) -> Key | None:
        """Return the encounter that a node stands in."""
        for scope in self.scopes_around(node.scope):
            if scope in self.nodes and isinstance(self.nodes[scope].step, Encounter):
                return scope
        return None

    def keeps_open_days(self, node: Node) -> bool:
        """Tell whether a node moves from weekends: as stated, else a visit whose day is open."""
        step, at = node.step, node.step.at
        if at.business_days is not None or not isinstance(step, Encounter):
            return bool(at.business_days)
        if step.details.encounter_class not in (
            "office", "telehealth", "outpatient_hospital", "asc",
        ):  # fmt: skip
            return False
        opener = self.nodes.get(node.scope)
        unstated = at == _WHENEVER and step.hazard is None
        return unstated and (opener is None or not isinstance(opener.step, ProtocolVisit))

    def series(self, node: Node) -> tuple[Any, ...] | None:
        """Return what the visits of a repeat that are alike have in common; None of other steps."""
        openers = [self.nodes[self.opened_by[scope]] for scope in self.scopes_around(node.scope)]
        beats = [one for one in openers if one.tick and isinstance(one.step, Repeat)]
        if not beats or not isinstance(node.step, Encounter) or self.visit_around(node):
            return None
        alike = [
            other for other in self.inside[node.scope]
            if other.key < node.key and other.step.at == node.step.at
            and isinstance(other.step, Encounter) and _kind(other) == _kind(node)
        ]  # fmt: skip
        return (id(beats[0].step), len(alike), *_kind(node))

    def called(self, name: str) -> list[Node]:
        """Return the nodes that a name means."""
        last = name.split("/")[-1].partition("#")[0]
        return [node for node in self._by_id[last] if node.is_called(name)]

    def counted(self, name: str) -> list[Node]:
        """Return what `happened` looks at: of a repeat its beats."""
        found = []
        for node in self.called(name):
            if node.beats and not node.tick:
                found += [one for one in self._by_id[node.step.id] if one.opener == node.key]
            else:
                found.append(node)
        return found

    def is_loose(self, node: Node) -> bool:
        """Tell whether more than the calendar dates a node, or what it depends on."""
        if node.key not in self._loose:
            behind = [self.anchors.get(node.key), node.opener, self.opened_by.get(node.scope)]
            self._loose[node.key] = _is_loose(node) or any(
                self.is_loose(self.nodes[key]) for key in behind if key is not None
            )
        return self._loose[node.key]

    def _add(self, node: Node, *, dated: bool = True) -> Node:
        self.nodes[node.key] = node
        self._by_id[node.step.id].append(node)
        if dated:
            self.inside[node.scope].append(node)
        return node

    def _scope(self, scope: Key, opener: Node) -> Key:
        self.outer[scope], self.opened_by[scope] = opener.scope, opener.key
        return scope

    def _place(self, steps: Any, key: Key, scope: Key, prefix: str, beat: int) -> None:
        for place, step in enumerate(steps):
            node = self._add(Node((*key, place), step, f"{prefix}/{step.id}", scope, beat))
            if node.beats:
                self._place_beats(node, prefix)
            elif isinstance(step, Branch | Wait):
                ways = [step.steps, step.otherwise] if isinstance(step, Wait) else [
                    option.steps for option in step.options]  # fmt: skip
                for way, inner in enumerate(ways):
                    opened = self._scope((*node.key, way), node)
                    self._place(inner, opened, opened, prefix, beat)
            elif isinstance(step, Stages):
                self._place_stages(node)
            elif isinstance(step, Include | ProtocolVisit):
                opened = self._scope(node.key, node)
                self._place(step.steps, opened, opened, node.address, beat)
            elif isinstance(step, EventHead) and step.with_:
                opened = self._scope(node.key, node)
                self._place(step.with_, opened, opened, prefix, beat)

    def _place_beats(self, node: Node, prefix: str) -> None:
        step = node.step
        if isinstance(step, Protocol):
            inside = self._scope((*node.key, 0), node)
            if step.unscheduled is not None:
                unscheduled = step.unscheduled
                every = Every(hazard=unscheduled.hazard)
                between = Repeat(
                    do="repeat",
                    id=unscheduled.id,
                    every=every,
                    times=unscheduled.times,
                    steps=unscheduled.steps,
                )
                self._place([between], inside, inside, prefix, node.beat)
        for beat in range(1, self._most(step) + 1):
            tick = Node((*node.key, beat), step, f"{node.address}#{beat}", node.scope, node.beat,
                        beat, node.key)  # fmt: skip
            self._add(tick, dated=False)
            inner = step.steps if isinstance(step, Repeat) else [
                visit for visit in step.visits if visit.takes_place_in(beat)]  # fmt: skip
            self._place(inner, tick.key, self._scope(tick.key, tick), tick.address, beat)
            for time in range(step.delay.most if step.delay is not None else 0):
                late = self._scope((*tick.key, _DELAYS + time), tick)
                self._place(step.delay.steps, late, late, f"{tick.address}/delay#{time + 1}", beat)

    def _most(self, step: Any) -> int:
        if isinstance(step, Protocol):
            return step.cycles
        if step.times is not None:
            return int(step.times)
        return int(self.journey.duration_days / step.every.nominal_days) + 1

    def _place_stages(self, node: Node) -> None:
        for rank, stage in enumerate(node.step.stages):
            for time in range(1, node.step.most_visits + 1):
                step = Entry(stage.name, node.step, stage)
                address = f"{node.address}/{stage.name}#{time}"
                entry = Node((*node.key, rank, time), step, address, node.scope, time, 0, node.key)
                self._add(entry, dated=False)
                leave = Node((*entry.key, -1), Leave(), f"{address}/leave", node.scope, 1, 0,
                             entry.key)  # fmt: skip
                self._add(leave, dated=False)
                inner = self._scope(entry.key, entry)
                self._place(stage.steps, inner, inner, address, time)

    def _anchor(self, node: Node) -> Key:
        name, scope = node.step.at.after, node.scope
        while "/" not in name and "#" not in name:
            for other in self.inside[scope]:
                if other.step.id == name:
                    return other.key
            if scope == ():
                break
            scope = self.outer[scope]
        (only,) = self.called(name)
        return only.key


def late(tick: Node, time: int) -> Key:
    """Return the scope of a beat's nth delay; n is counted from 0."""
    return (*tick.key, _DELAYS + time)


def _kind(node: Node) -> tuple[Any, ...]:
    details = node.step.details
    services = repr(details.procedures or ())
    return details.encounter_class, details.specialty, details.reason, services


def _is_loose(node: Node) -> bool:
    step = node.step
    if isinstance(step, Entry | Leave | Wait):
        return True
    if node.beats and (step.counted == "previous" or step.delay is not None):
        return True
    if isinstance(step, Repeat) and step.every.hazard is not None:
        return True
    if isinstance(step, Branch) and step.races:
        return True
    return step.hazard is not None or step.at.age is not None or step.at.month is not None
