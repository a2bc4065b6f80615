"""One step that has come to some people, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows, Values
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.tables import Coded

Facts: TypeAlias = dict[str, NDArray[np.generic] | Coded]


@dataclass
class OccurrenceRows:
    """One occurrence as it befell some people; arrays have one entry for each of them.

    Attributes:
        journey: position of the journey in the run.
        rows: ascending positions in the chunk.
        days: int32.
        facts: what the step found out, by name.
    """

    journey: int
    occurrence: Occurrence
    rows: Rows
    days: Days
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class StepCall:
    """A step that has come to some people.

    Attributes:
        source: position of the occurrence among all of the run's.
        journey_end: last day of this journey for everyone of the chunk.
        scope_ends: for each scope around the step that ends before the journey does, the first
            day after its end, for everyone of the chunk.
        options: the way that each person takes, where it was settled before.
        plan: the journey laid out; `first_source` is the position of its first occurrence.
        schedule_facts: what the step's day was chosen by, by name.
    """

    occurrence: Occurrence
    journey: int
    source: int
    rows: Rows
    days: Days
    scope: AsOfScope
    record: Record
    journey_end: Days
    plan: JourneyLayout
    first_source: int = 0
    scope_ends: tuple[Days, ...] = ()
    options: NDArray[np.int32] | None = None
    schedule_facts: Facts = field(default_factory=dict)

    def numbers(self, name: str, distribution: Distribution) -> NDArray[np.float64]:
        """Draw a number for everyone, addressed by the step and `name`."""
        decision = f"{self.occurrence.address}/{name}"
        return self.record.draws.numbers(decision, distribution, self.rows, self.scope)

    def values(self, name: str, distribution: Distribution) -> Values:
        """Draw a number or a text for everyone, addressed by the step and `name`."""
        decision = f"{self.occurrence.address}/{name}"
        return self.record.draws.values(decision, distribution, self.rows, self.scope)

    def result(self, facts: Facts | None = None, last_days: Days | None = None) -> StepResult:
        """Say what happened; `last_days` where it ends later than it begins."""
        happening = OccurrenceRows(self.journey, self.occurrence, self.rows, self.days, facts or {})
        return StepResult(happening, self.days if last_days is None else last_days)


@dataclass(frozen=True)
class StepResult:
    """What a step did.

    Attributes:
        last_days: int32; the far edge of the step for each person.
        ways: int32; the option that each person takes, for a branch.
    """

    happening: OccurrenceRows
    last_days: Days
    ways: NDArray[np.int32] | None = None
