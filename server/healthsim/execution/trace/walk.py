"""A walk that writes down why a step happened: what its day was counted from, what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.families import Due, Families, Numbers
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.together import each_alone
from healthsim.execution.timeline.walk import Walk
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.details import CodedDiagnosis
from healthsim.specification.journeys.events import Claim, Encounter, Screening
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.specification.journeys.stages import Wait
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import Expression
from healthsim.specification.language.nodes import Call, Name, Node, Truth, walk
from healthsim.tables import Coded

DIAGNOSIS = "details.diagnoses"
"""The place of an encounter's diagnoses; their conditions stand below it."""


@dataclass(frozen=True)
class Asked:
    """A condition that was asked of a person on a day.

    Attributes:
        where: its place in the step, such as ``when``.
        holds: whether it was true.
        seen: what it saw: ``age 71``, ``has('E11') yes``.
    """

    where: str
    condition: str
    day: int
    holds: bool
    seen: tuple[str, ...]


@dataclass
class WalkLog:
    """What was found out about occurrences, by address and person.

    Attributes:
        counted_from: the day from which the occurrence's day was counted.
        begun: the day on which the scope that an occurrence opens began, by its option.
        asked: conditions, in the order in which they were asked; `eligible` of a journey stands
            under the journey's name.
    """

    counted_from: dict[tuple[str, int], int] = field(default_factory=dict)
    begun: dict[tuple[str, int, int], int] = field(default_factory=dict)
    asked: dict[tuple[str, int], list[Asked]] = field(default_factory=dict)

    def ask(
        self, address: str, where: str, condition: Expression, scope: AsOfScope,
        people: list[int], days: list[int],
    ) -> None:  # fmt: skip
        """Write down a condition and what it saw, for some people on their days."""
        holds = condition.holds(scope).tolist()
        columns = [(str(node), _told(node, scope)) for node in _leaves(condition)]
        for place, person_id in enumerate(people):
            seen = tuple(f"{name} {told[place]}" for name, told in columns)
            asked = Asked(where, condition.text, days[place], holds[place], seen)
            self.asked.setdefault((address, person_id), []).append(asked)


def _leaves(condition: Expression) -> list[Node]:
    """Return the names and functions of a condition, each once, as they are written."""
    nodes = [node for node in walk(condition.root) if isinstance(node, Name | Call)]
    return list({str(node): node for node in nodes}.values())


def _told(node: Node, scope: AsOfScope) -> list[str]:
    """Return a value of everybody in words."""
    value: Any = node.value(scope)
    if isinstance(value, Coded):
        return [text or "none" for text in value.texts()]
    if isinstance(value, Truth):
        return ["yes" if yes else "no" for yes in np.broadcast_to(value.yes, scope.size).tolist()]
    numbers = np.broadcast_to(value, scope.size).tolist()
    return ["none" if number != number else f"{number:g}" for number in numbers]


class TracedWalk(Walk):
    """A journey's walk over a few people, with its reasons written into a log."""

    def __init__(
        self, log: WalkLog, layout: JourneyLayout, journey: int, record: Record, start_days: Days
    ) -> None:
        super().__init__(layout, journey, record, start_days)
        self.log = log
        rows = np.flatnonzero(start_days != NO_DAY)
        eligible = layout.journey.eligible
        if eligible is not None and len(rows):
            self._ask(layout.journey.name, "eligible", eligible, rows, start_days[rows])

    def _families_of(self, layout: JourneyLayout) -> Families:
        return each_alone(layout)

    def _ask(self, address: str, where: str, condition: Expression, rows: Rows, days: Days) -> None:
        people = self.record.people.person_id[rows].tolist()
        self.log.ask(address, where, condition, self.scope(rows, days), people, days.tolist())

    def _open(self, scopes: Numbers | int, rows: Rows, days: Days) -> None:
        own = np.broadcast_to(scopes, rows.shape).tolist()
        people = self.record.people.person_id[rows].tolist()
        for scope, person_id, day in zip(own, people, days.tolist(), strict=True):
            opened = self.layout.scopes[scope]
            if opened.opener >= 0:
                address = self.layout.occurrences[opened.opener].address
                self.log.begun[address, opened.option, person_id] = day
        super()._open(scopes, rows, days)

    def _date(self, due: Due, rows: Rows, base: Days) -> None:
        people = self.record.people.person_id[rows].tolist()
        for person_id, day in zip(people, base.tolist(), strict=True):
            self.log.counted_from[due.only.address, person_id] = day
        super()._date(due, rows, base)

    def _apply_conditions(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        if len(rows) and not due.first.tick:
            for where, condition in self._conditions(due.step):
                self._ask(due.only.address, where, condition, rows, days)
        return super()._apply_conditions(due, rows, days)

    def _conditions(self, step: StepHead) -> Iterator[tuple[str, Expression]]:
        """Yield the conditions of a step that are asked on its day, with their places."""
        if isinstance(step, Branch | Wait):
            yield from step.conditions()
        elif step.when is not None:
            yield "when", step.when
        if isinstance(step, Encounter | Claim):
            for diagnosis in step.details.diagnoses:
                if isinstance(diagnosis, CodedDiagnosis) and diagnosis.when is not None:
                    yield f"{DIAGNOSIS}[{diagnosis.code}].when", diagnosis.when
        trial = self.layout.journey.trial
        if isinstance(step, Screening) and trial is not None:
            for kind, criterion in trial.criteria():
                yield f"{kind}[{criterion.name}]", criterion.when
