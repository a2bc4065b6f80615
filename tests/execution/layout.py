"""Every occurrence of a journey's steps, with its name and address: the slow way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from healthsim.specification import journey as say

Key = tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One occurrence of one step; a beat of a repeat is a node of its own."""

    key: Key
    step: Any
    address: str
    scope: Key
    beat: int
    tick: int = 0

    def is_called(self, name: str) -> bool:
        """Tell whether a name means it: ``visit``, ``visit#2``, ``quarter#2/visit``."""
        *around, last = name.split("/")
        here = self.address.split("/")[1:-1]
        number = "" if isinstance(self.step, say.Repeat) else f"#{self.beat}"
        own = (
            {f"{self.step.id}#{self.tick}"} if self.tick else {self.step.id, self.step.id + number}
        )
        inner = here[len(here) - len(around) :] if len(around) <= len(here) else []
        return (
            last in own
            and len(inner) == len(around)
            and all(said in (found, found.partition("#")[0])
                    for said, found in zip(around, inner, strict=True))
        )  # fmt: skip


class Layout:
    """Every node of a journey, in document order."""

    def __init__(self, journey: say.JourneySpec) -> None:
        self.journey = journey
        self.nodes: dict[Key, Node] = {}
        self.outer: dict[Key, Key] = {(): ()}
        self.inside: dict[Key, list[Node]] = defaultdict(list)
        for place, phase in enumerate(journey.phases):
            self._place(phase.steps, (place,), (), journey.name, 1)
        self.anchors = {
            node.key: self._anchor(node)
            for node in self.nodes.values()
            if node.step.at.after is not None and not node.tick
        }

    def _place(self, steps: Any, key: Key, scope: Key, prefix: str, beat: int) -> None:
        for place, step in enumerate(steps):
            node = Node((*key, place), step, f"{prefix}/{step.id}", scope, beat)
            self.nodes[node.key] = node
            self.inside[scope].append(node)
            if isinstance(step, say.Repeat):
                self._place_beats(node, prefix)
            elif isinstance(step, say.Branch):
                for way, option in enumerate(step.options):
                    inner = (*node.key, way)
                    self.outer[inner] = scope
                    self._place(option.steps, inner, inner, prefix, beat)
            elif isinstance(step, say.EventHead) and step.with_:
                self.outer[node.key] = scope
                self._place(step.with_, node.key, node.key, prefix, beat)

    def _place_beats(self, node: Node, prefix: str) -> None:
        step = node.step
        most = step.times
        if most is None:
            most = int(self.journey.duration_days / step.every.nominal_days) + 1
        for beat in range(1, most + 1):
            key = (*node.key, beat)
            address = f"{node.address}#{beat}"
            self.nodes[key] = Node(key, step, address, node.scope, node.beat, beat)
            self.outer[key] = node.scope
            self._place(step.steps, key, key, address, beat)

    def visit_around(self, node: Node) -> Key | None:
        """Return the encounter that a node stands in."""
        scope = node.scope
        while scope:
            if scope in self.nodes and isinstance(self.nodes[scope].step, say.Encounter):
                return scope
            scope = self.outer[scope]
        return None

    def called(self, name: str) -> list[Node]:
        """Return the nodes that a name means."""
        return [node for node in self.nodes.values() if node.is_called(name)]

    def counted(self, name: str) -> list[Node]:
        """Return what `happened` looks at: of a repeat its beats."""
        found = []
        for node in self.called(name):
            if isinstance(node.step, say.Repeat) and not node.tick:
                found += [one for one in self.nodes.values()
                          if one.tick and one.key[:-1] == node.key]  # fmt: skip
            else:
                found.append(node)
        return found

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
