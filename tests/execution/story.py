"""What is known of one person, all of it dated, and what a condition sees of it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from execution.layout import Key
from healthsim.codes.icd10cm import EXCLUDES, combined
from healthsim.dates import iso
from healthsim.execution.people.people import People
from healthsim.products.populationsim.reference import geography
from healthsim.specification.journeys.changes import State
from healthsim.tables import Coded

NEVER = 2**40


@dataclass
class Story:
    """What is known of one person, all of it dated."""

    row: int
    people: People
    attributes: dict[str, Any]
    happened: dict[tuple[int, Key], list[int]] = field(default_factory=lambda: defaultdict(list))
    results: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, tuple[float, State]] = field(default_factory=dict)
    moves: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    stages: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)
    referrals: list[tuple[str, int]] = field(default_factory=list)
    problems: dict[str, Held] = field(default_factory=dict)
    courses: list[list[Any]] = field(default_factory=list)
    spans: list[list[Any]] = field(default_factory=list)
    death: int = NEVER

    def state(self, name: str, day: int) -> float:
        """Return a state variable on a day."""
        value, spec = self.states[name]
        for move in self.moves[name]:
            if move.day <= day:
                value = settle(value + move.added(value, day), spec)
        return value

    def move(self, name: str, move: Any) -> None:
        """Let a state variable move, after all that moved it before or on that day."""
        self.moves[name].append(move)
        self.moves[name].sort(key=lambda one: one.day)

    def stage(self, name: str, day: int) -> str | None:
        """Return the stage of a lifecycle on a day."""
        newest, found = -NEVER, None
        for since, stage in self.stages[name]:
            if newest <= since <= day:
                newest, found = since, stage
        return found

    def plan(self, day: int) -> str | None:
        """Return the plan that covers the person on a day."""
        covering = [plan for plan, first, last in self.spans if first <= day <= last]
        return covering[-1] if covering else None

    def cover(self, plan: str | None, day: int) -> None:
        """Cover the person by another plan, in place of what covers them on the day."""
        for span in [span for span in self.spans if span[1] <= day <= span[2]]:
            span[2] = day - 1
            if span[1] == day:
                self.spans.remove(span)
        later = [first for _, first, _ in self.spans if first > day]
        self.spans.append([plan, day, min([*(first - 1 for first in later), NEVER])])

    def close(self, day: int) -> None:
        """End what covers the person on a day."""
        for span in self.spans:
            if span[1] <= day <= span[2]:
                span[2] = day

    def codes(self, day: int) -> list[str]:
        """Return the conditions that are known on a day, as stated."""
        return [code for code, held in self.problems.items() if held.on(day)]

    def fall_ill(self, code: str, day: int, source: Any) -> None:
        """Let a condition begin, or begin again; another degree of the same thing ends."""
        held = self.problems.setdefault(code, Held(NEVER))
        if held.since > day:
            held.since = day
        elif held.gone <= day:
            held.gaps.append((held.gone, day))
            held.gone = NEVER
        else:
            return
        held.source = source
        for other, known in self.problems.items():
            degree = any(one == two and code.startswith(one) and other.startswith(one)
                         for one, two in EXCLUDES)  # fmt: skip
            if other != code and degree and known.since <= day:
                known.gone = min(known.gone, day)


@dataclass
class Held:
    """A condition: since when, until when, what caused its last episode, and the gaps between."""

    since: int
    gone: int = NEVER
    source: Any = None
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def on(self, day: int) -> bool:
        """Tell whether it is there on a day."""
        return self.since <= day < self.gone and not any(a <= day < b for a, b in self.gaps)


def settle(value: float, spec: State) -> float:
    """Round and keep within bounds."""
    rounded = float(np.round(value, spec.decimals))
    if spec.low is not None and rounded < spec.low:
        rounded = spec.low
    if spec.high is not None and rounded > spec.high:
        rounded = spec.high
    return rounded + 0.0


class Eye:
    """What one person's conditions see on one day."""

    size = 1

    def __init__(
        self, story: Story, day: int, begun: int, days_of: Callable[[str], list[int]]
    ) -> None:
        self.story, self.day, self.begun, self.days_of = story, day, begun, days_of

    def name(self, name: str) -> Any:
        found = self.found(name)
        if isinstance(found, float):
            return np.array([found])
        return Coded.of([found])

    def found(self, name: str) -> Any:
        """Return a number or a text."""
        story, day = self.story, date.fromisoformat(iso(self.day))
        if name in story.states:
            return story.state(name, self.day)
        if name in story.stages:
            return story.stage(name, self.day)
        if name == "stage":
            (only,) = story.stages
            return story.stage(only, self.day)
        if name in story.attributes:
            return story.attributes[name]
        if name == "age":
            born = date.fromisoformat(iso(int(story.people.birth[story.row])))
            return float(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))
        if name == "day":
            return float(self.day - self.begun)
        if name == "month":
            return float(day.month)
        if name == "plan":
            return story.plan(self.day)
        if name == "us_state":
            return geography().states[story.people.state[story.row]]
        return getattr(story.people, name).texts()[story.row]

    def call(self, function: str, argument: str) -> Any:
        story = self.story
        if function == "has":
            held = story.codes(self.day)
            return np.array([any(code.startswith(argument) for code in (*held, *combined(held)))])
        if function == "takes":
            return np.array([any(name == argument and first <= self.day < stop
                                 for name, first, stop, _ in story.courses)])  # fmt: skip
        if function == "last":
            return np.array([self._last(argument)])
        days = [day for day in self.days_of(argument) if day <= self.day]
        if function == "happened":
            return np.array([bool(days)])
        if function == "count":
            return np.array([float(len(days))])
        return np.array([float(self.day - max(days)) if days else math.nan])

    def _last(self, code: str) -> float:
        newest, value = -NEVER, math.nan
        for day, found in self.story.results[code]:
            if newest <= day <= self.day:
                newest, value = day, found
        return value
