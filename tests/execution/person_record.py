"""The dated record of one person, and what a condition sees of it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from execution.layout import Key
from execution.person_conditions import NEVER, PersonConditions
from healthsim.codes.icd10cm import combined
from healthsim.dates import iso
from healthsim.execution.people.people import People
from healthsim.products.populationsim.reference import geography
from healthsim.specification.journeys.changes import State
from healthsim.tables import Coded


@dataclass
class PersonRecord:
    """The dated record of one person."""

    row: int
    people: People
    attributes: dict[str, Any]
    conditions: PersonConditions
    happened: dict[tuple[int, Key], list[int]] = field(default_factory=lambda: defaultdict(list))
    results: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, tuple[float, State]] = field(default_factory=dict)
    changes: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    stages: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)
    referrals: list[tuple[str, int]] = field(default_factory=list)
    courses: list[list[Any]] = field(default_factory=list)
    taken: list[tuple[str, list[Any], float, int]] = field(default_factory=list)
    body: Any = None
    safety: Any = None
    spans: list[list[Any]] = field(default_factory=list)
    designs: dict[str | None, Any] = field(default_factory=dict)
    death: int = NEVER
    stays: list[Any] = field(default_factory=list)
    emergencies: list[int] = field(default_factory=list)
    decided: dict[str, float] = field(default_factory=dict)

    def state(self, name: str, day: int) -> float:
        """Return a state variable on a day."""
        value, spec = self.states[name]
        for change in self.changes[name]:
            if change.day <= day:
                value = settle(value + change.change(value, day), spec)
        return value

    def add_change(self, name: str, change: Any) -> None:
        """Change a state variable, after all changes dated on or before that day."""
        self.changes[name].append(change)
        self.changes[name].sort(key=lambda one: one.day)

    def stage(self, name: str, day: int) -> str | None:
        """Return the stage of a lifecycle on a day."""
        latest, found = -NEVER, None
        for since, stage in self.stages[name]:
            if latest <= since <= day:
                latest, found = since, stage
        return found

    def plan(self, day: int) -> str | None:
        """Return the plan that covers the person on a day."""
        covering = [plan for plan, first, last, _ in self.spans if first <= day <= last]
        return covering[-1] if covering else None

    def enroll(self, plan: str | None, day: int) -> None:
        """Cover the person by another plan, in place of what covers them on its first day."""
        first = self.first_day(plan, day)
        for span in [span for span in self.spans if span[1] <= first <= span[2]]:
            span[2] = first - 1
            if span[1] == first:
                self.spans.remove(span)
        later = [since for _, since, *_ in self.spans if since > first]
        self.spans.append([plan, first, min([*(since - 1 for since in later), NEVER]), day])

    def first_day(self, plan: str | None, day: int) -> int:
        """Return when a plan begins that the person enrolls in on a day: with a month."""
        design = self.designs[plan]
        on = date(1970, 1, 1) + timedelta(days=day)
        if design.coverage_dates == "day" or on.day == 1:
            return day
        if design.kind == "medicaid" and self.plan(day) is None:
            ended = [last + 1 for _, _, last, _ in self.spans if last < day]
            return max([day - on.day + 1, *ended])
        return month_end(day) + 1

    def disenroll(self, day: int) -> None:
        """End what covers the person on a day, and what they enrolled in and waits."""
        for span in self.spans:
            if span[1] <= day <= span[2]:
                monthly = self.designs[span[0]].coverage_dates == "month"
                span[2] = min(span[2], month_end(day) if monthly else day)
        self.spans = [span for span in self.spans if span[1] <= day or span[3] > day]


def month_end(day: int) -> int:
    """Return the last day of the month of a day."""
    on = date(1970, 1, 1) + timedelta(days=day)
    after = date(on.year + on.month // 12, on.month % 12 + 1, 1)
    return (after - date(1970, 1, 1)).days - 1


def settle(value: float, spec: State) -> float:
    """Round and keep within bounds."""
    rounded = float(np.round(value, spec.decimals))
    if spec.low is not None and rounded < spec.low:
        rounded = spec.low
    if spec.high is not None and rounded > spec.high:
        rounded = spec.high
    return rounded + 0.0


class PersonScope:
    """What one person's conditions see on one day."""

    size = 1

    def __init__(
        self, record: PersonRecord, day: int, start_day: int, days_of: Callable[[str], list[int]]
    ) -> None:
        self.record, self.day, self.start_day, self.days_of = record, day, start_day, days_of
        self.measured: dict[str, float] = {}

    def name(self, name: str) -> Any:
        found = self.measured[name] if name in self.measured else self.value(name)
        if isinstance(found, float):
            return np.array([found])
        return Coded.of([found])

    def value(self, name: str) -> Any:
        """Return a number or a text."""
        record, day = self.record, date.fromisoformat(iso(self.day))
        if name in record.states:
            return record.state(name, self.day)
        if name in record.stages:
            return record.stage(name, self.day)
        if name == "stage":
            (only,) = record.stages
            return record.stage(only, self.day)
        if name in record.attributes:
            return record.attributes[name]
        if name == "age":
            born = date.fromisoformat(iso(int(record.people.birth[record.row])))
            return float(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))
        if name == "day":
            return float(self.day - self.start_day)
        if name == "month":
            return float(day.month)
        if name == "plan":
            return record.plan(self.day)
        if name == "us_state":
            return geography().states[record.people.state[record.row]]
        return getattr(record.people, name).texts()[record.row]

    def call(self, function: str, argument: str) -> Any:
        record = self.record
        if function == "has":
            condition = record.conditions.codes(self.day)
            return np.array(
                [any(code.startswith(argument) for code in (*condition, *combined(condition)))]
            )
        if function == "takes":
            return np.array([any(name == argument and first <= self.day < stop
                                 for name, first, stop, _ in record.courses)])  # fmt: skip
        if function == "last":
            return np.array([self._last(argument)])
        days = [day for day in self.days_of(argument) if day <= self.day]
        if function == "happened":
            return np.array([bool(days)])
        if function == "count":
            return np.array([float(len(days))])
        return np.array([float(self.day - max(days)) if days else math.nan])

    def _last(self, code: str) -> float:
        latest, value = -NEVER, math.nan
        for day, found in self.record.results[code]:
            if latest <= day <= self.day:
                latest, value = day, found
        return value
