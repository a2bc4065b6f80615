"""Repeats, and protocols of planned visits with windows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.document import Identifier, Strict
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import At, Every, Hazard, Window
from healthsim.specification.language.expressions import Condition, Expression

if TYPE_CHECKING:
    from healthsim.specification.journeys.step import Step


class Delay(Strict):
    """A beat that is due is postponed while a condition is true.

    Attributes:
        when: postpones a beat while it is true; it sees states as results inside the beat measure
            them, with their noise.
        days: how long, each time.
        most: how often at most; then the beat happens anyway.
        steps: steps on each day on which it is postponed.
    """

    when: Condition
    days: Distribution
    most: Annotated[int, Field(strict=True, ge=1, le=20)] = 1
    steps: tuple[Step, ...] = ()


def _beat_conditions(
    until: Expression | None, delay: Delay | None
) -> Iterator[tuple[str, Expression]]:
    if until is not None:
        yield "until", until
    if delay is not None:
        yield "delay.when", delay.when


class Repeat(StepHead):
    """Repeated steps; each repetition, a beat, opens a scope.

    Attributes:
        every: how often.
        counted: beats are dated from the first day, or from the day of the previous beat.
        times: how many beats.
        until: no further beats once it is true.
        delay: postpones a beat under a condition.
        steps: of each beat, dated from its day.
    """

    do: Literal["repeat"]
    every: Every
    counted: Literal["first", "previous"] = "first"
    times: Annotated[int, Field(ge=1, le=2000, strict=True)] | None = None
    until: Condition | None = None
    delay: Delay | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the repeated steps, and those of a delay."""
        yield "steps", self.steps
        if self.delay is not None:
            yield "delay.steps", self.delay.steps

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition, and those evaluated before each beat."""
        yield from super().conditions()
        yield from _beat_conditions(self.until, self.delay)

    def hazards(self) -> Iterator[tuple[str, Hazard]]:
        """Yield its own hazard and that of its gaps."""
        yield from super().hazards()
        if self.every.hazard is not None:
            yield "every.hazard", self.every.hazard

    @model_validator(mode="after")
    def _ends(self) -> Repeat:
        if self.times is None and self.until is None:
            raise ValueError("a repeat needs an end; add times or until")
        return self


class EveryCycle(Strict):
    """Every n-th cycle.

    Attributes:
        every: in every n-th cycle.
    """

    every: Annotated[int, Field(strict=True, ge=1, le=100)]


class ProtocolVisit(StepHead):
    """A visit that a protocol plans for a day of its cycles.

    Attributes:
        name: of the visit; {cycle} is the number of the cycle.
        day: of the cycle, from 1.
        cycles: in which cycles; by default in all.
        window: days around the planned day.
        first_window: in the first cycle, where it is not the same: the day on which a protocol
            begins often has none.
        missed: share that does not take place.
        outside: share later than its window.
        steps: of the visit, dated from its day.
    """

    do: Literal["visit"] = "visit"
    name: Annotated[str, Field(max_length=80)] = ""
    day: Annotated[int, Field(strict=True, ge=1, le=3660)] = 1
    cycles: tuple[Annotated[int, Field(strict=True, ge=1)], ...] | EveryCycle | None = None
    window: Window = Window()
    first_window: Window | None = None
    missed: Distribution | None = None
    outside: Distribution | None = None
    steps: tuple[Step, ...] = ()

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the steps of the visit."""
        yield "steps", self.steps

    @model_validator(mode="after")
    def _is_dated_by_its_day(self) -> ProtocolVisit:
        if self.at != At() or self.hazard is not None:
            raise ValueError("a protocol's visit is dated by day and window; remove at and hazard")
        return self

    def window_in(self, cycle: int) -> Window:
        """Return the window around its planned day in a cycle, counted from 1."""
        first = self.first_window if cycle == 1 else None
        return first or self.window

    def takes_place_in(self, cycle: int) -> bool:
        """Tell whether it is planned for a cycle, counted from 1."""
        if self.cycles is None:
            return True
        if isinstance(self.cycles, EveryCycle):
            return cycle % self.cycles.every == 0
        return cycle in self.cycles


class Unscheduled(Strict):
    """Visits between the planned ones, by a hazard, while the protocol lasts.

    Attributes:
        id: name of the visit.
        hazard: how often it comes.
        times: how many at most.
        steps: of the visit.
    """

    id: Identifier
    hazard: Hazard
    times: Annotated[int, Field(ge=1, le=100, strict=True)] = 5
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class Protocol(StepHead):
    """Cycles of planned visits with windows; each cycle and each visit opens a scope.

    Attributes:
        cycles: how many.
        cycle_days: days of one cycle.
        counted: cycles are dated from the first day, or from the day of the previous cycle.
        until: evaluated before each cycle; where it is true, the protocol stops.
        delay: postpones a cycle under a condition.
        visits: planned visits of a cycle.
        unscheduled: visits by chance between them.
    """

    do: Literal["protocol"]
    cycles: Annotated[int, Field(strict=True, ge=1, le=500)]
    cycle_days: Annotated[int, Field(strict=True, ge=1, le=3660)]
    counted: Literal["first", "previous"] = "first"
    until: Condition | None = None
    delay: Delay | None = None
    visits: Annotated[tuple[ProtocolVisit, ...], Field(min_length=1, max_length=100)]
    unscheduled: Unscheduled | None = None

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the visits, and the steps of a delay and of unscheduled visits."""
        yield "visits", self.visits
        if self.delay is not None:
            yield "delay.steps", self.delay.steps
        if self.unscheduled is not None:
            yield "unscheduled.steps", self.unscheduled.steps

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition, and those evaluated before each cycle."""
        yield from super().conditions()
        yield from _beat_conditions(self.until, self.delay)

    def hazards(self) -> Iterator[tuple[str, Hazard]]:
        """Yield its own hazard and that of unscheduled visits."""
        yield from super().hazards()
        if self.unscheduled is not None:
            yield "unscheduled.hazard", self.unscheduled.hazard

    def lead_days(self, cycle: int) -> int:
        """Return how many days before the first day of a cycle the first of its windows opens."""
        planned = [visit for visit in self.visits if visit.takes_place_in(cycle)]
        return max(0, *(visit.window_in(cycle).before - visit.day + 1 for visit in planned), 0)

    @model_validator(mode="after")
    def _visits_fit(self) -> Protocol:
        for visit in self.visits:
            if visit.day > self.cycle_days and self.cycles > 1:
                raise ValueError(f"visit {visit.id!r} is on day {visit.day} of a cycle of "
                                 f"{self.cycle_days} days; lower it")  # fmt: skip
            numbers = visit.cycles if isinstance(visit.cycles, tuple) else ()
            if any(number > self.cycles for number in numbers):
                raise ValueError(f"visit {visit.id!r} is in cycle {max(numbers)} of "
                                 f"{self.cycles}; raise cycles or leave it out")  # fmt: skip
            if not any(visit.takes_place_in(cycle) for cycle in range(1, self.cycles + 1)):
                raise ValueError(f"visit {visit.id!r} is in no cycle; change its cycles")
            if visit.first_window is not None and not visit.takes_place_in(1):
                raise ValueError(f"visit {visit.id!r} is not in the first cycle; remove its "
                                 "first_window")  # fmt: skip
        self._windows_are_apart()
        return self

    def _windows_are_apart(self) -> None:
        """Refuse windows of two visits of one cycle, or of two cycles, that overlap."""
        for (day, visit, window), (later, other, other_window) in pairwise(_planned(self)):
            if day != later and window.after + other_window.before >= later - day:
                raise ValueError(
                    f"the windows of visits {visit.id!r} and {other.id!r}, {later - day} days "
                    "apart, overlap; narrow them until they leave a day between"
                )


def _planned(protocol: Protocol) -> list[tuple[int, ProtocolVisit, Window]]:
    """Return the day from the first on, the visit and its window, for every planned visit."""
    planned = [
        ((cycle - 1) * protocol.cycle_days + visit.day, visit, visit.window_in(cycle))
        for cycle in range(1, protocol.cycles + 1)
        for visit in protocol.visits
        if visit.takes_place_in(cycle)
    ]
    return sorted(planned, key=lambda visit: visit[0])
