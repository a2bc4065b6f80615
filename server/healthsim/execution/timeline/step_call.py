"""The call of a step for the people who have reached it, and its result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Decision, Rows, Values
from healthsim.execution.people.mentions import Cause
from healthsim.execution.timeline.enrolment import Enrolment
from healthsim.execution.timeline.facts import F, StepFacts, join_facts
from healthsim.execution.timeline.families import Due, Numbers
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.stated import FigureKey
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.trial import TrialSpec
from healthsim.tables import Rows as AnyRows

S = TypeVar("S", bound=StepHead)
S_co = TypeVar("S_co", bound=StepHead, covariant=True)


@dataclass(frozen=True)
class OccurrenceRows:
    """One occurrence and the people who had it; arrays have one entry for each of them.

    Attributes:
        journey: position of the journey in the run.
        rows: ascending positions in the chunk.
        days: int32.
        facts: what the step determined.
    """

    journey: int
    occurrence: Occurrence
    rows: Rows
    days: Days
    facts: StepFacts = field(default_factory=StepFacts)

    def step_as(self, kind: type[S]) -> S:
        """Return the step, which is of this kind."""
        step = self.occurrence.step
        if not isinstance(step, kind):
            raise TypeError(f"{self.occurrence.address} is a {type(step)}, not a {kind}")
        return step

    def facts_as(self, kind: type[F]) -> F:
        """Return the facts, which are of this kind."""
        if not isinstance(self.facts, kind):
            raise TypeError(f"{self.occurrence.address} has {type(self.facts)}, not {kind}")
        return self.facts

    def take(self, keep: AnyRows) -> OccurrenceRows:
        """Return it for some of its people, in ascending order."""
        return OccurrenceRows(
            self.journey, self.occurrence, self.rows[keep], self.days[keep], self.facts.take(keep)
        )

    @classmethod
    def join(cls, pieces: list[OccurrenceRows]) -> OccurrenceRows:
        """Return pieces of one occurrence, each with people of its own, as one."""
        first = pieces[0]
        if len(pieces) == 1:
            return first
        rows: Rows = np.concatenate([piece.rows for piece in pieces])
        order = np.argsort(rows, kind="stable")
        days = np.concatenate([piece.days for piece in pieces])[order]
        facts = join_facts([piece.facts for piece in pieces], order)
        return cls(first.journey, first.occurrence, rows[order], days, facts)


@dataclass(frozen=True)
class Done:
    """Occurrences of one family and the people who had them; arrays have one entry for each.

    Attributes:
        journey: position of the journey in the run.
        due: what they had.
        numbers: int32, the occurrence of each.
        rows: ascending positions in the chunk.
        days: int32.
        facts: what the step determined.
    """

    journey: int
    due: Due
    numbers: Numbers
    rows: Rows
    days: Days
    facts: StepFacts = field(default_factory=StepFacts)


def each_occurrence(done: Sequence[Done]) -> list[OccurrenceRows]:
    """Return what was done, in pieces of several occurrences each, occurrence by occurrence."""
    by_family: dict[int, list[Done]] = defaultdict(list)
    for one in done:
        by_family[one.due.family].append(one)
    return [piece for pieces in by_family.values() for piece in _split(pieces)]


def _split(pieces: Sequence[Done]) -> Iterator[OccurrenceRows]:
    """Yield the pieces of one family by occurrence, people ascending."""
    journey, occurrences = pieces[0].journey, pieces[0].due.families.layout.occurrences
    numbers = np.concatenate([piece.numbers for piece in pieces])
    rows = np.concatenate([piece.rows for piece in pieces])
    order = np.lexsort((rows, numbers))
    numbers, rows = numbers[order], rows[order]
    days = np.concatenate([piece.days for piece in pieces])[order]
    facts = join_facts([piece.facts for piece in pieces], order)
    edges = np.flatnonzero(np.diff(numbers)) + 1
    for begin, end in zip([0, *edges], [*edges, len(numbers)], strict=True):
        if end > begin:
            own = slice(begin, end)
            one = OccurrenceRows(journey, occurrences[numbers[begin]], rows, days, facts)
            yield one.take(own)


@dataclass(frozen=True)
class StepCall(Generic[S_co]):
    """A step and the people who have reached it; arrays have one entry for each of them.

    Attributes:
        due: the occurrences of the step that they have.
        journey: position of the journey in the run.
        rows: ascending positions in the chunk.
        days: int32, the day on which each of them has it.
        scope: what conditions and distributions see of them on that day.
        journey_end: last day of this journey for everyone of the chunk.
        layout: the journey laid out; `first_source` is the position of its first occurrence.
        scope_ends: for each scope around the step that ends before the journey does, the first
            day after its end, for everyone of the chunk.
        settled: the step's facts where they were settled with its day: of a wait, a protocol's
            visit, and a branch whose options compete.
    """

    step: S_co
    due: Due
    journey: int
    rows: Rows
    days: Days
    scope: AsOfScope
    record: Record
    journey_end: Days
    layout: JourneyLayout
    first_source: int = 0
    scope_ends: tuple[Days, ...] = ()
    settled: StepFacts | None = None

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence that everybody has, of a kind of step that is not done for several."""
        return self.due.only

    @property
    def source(self) -> int:
        """Position of that occurrence among all of the run's."""
        return self.first_source + self.due.only.number

    @property
    def sources(self) -> Numbers:
        """Position of everybody's occurrence among all of the run's, int32, shape (n,)."""
        return (self.due.numbers(self.rows) + np.int32(self.first_source)).astype(np.int32)

    @property
    def cause(self) -> Cause:
        """Everybody's occurrence, as the cause of what the record keeps."""
        occurrences, first = self.layout.occurrences, self.first_source
        return Cause(self.sources, lambda source: occurrences[source - first].address)

    def decision(self, name: str) -> Decision:
        """Return the name of a draw of the step."""
        return self.due.decision(name)

    @property
    def trial(self) -> TrialSpec:
        """The trial of the journey.

        Raises:
            TypeError: it has none, which the checks of specifications should have refused.
        """
        trial = self.layout.journey.trial
        if trial is None:
            raise TypeError(f"{self.due.first.address} is of a trial, and its journey has none")
        return trial

    @property
    def enrolment(self) -> Enrolment:
        """Who is in the trial of the journey."""
        return self.record.enrolment(self.trial.id)

    def numbers(self, name: str, distribution: Distribution) -> NDArray[np.float64]:
        """Draw a number for everyone, addressed by the step and `name`; float64, shape (n,)."""
        decision = self.decision(name)
        drawn = self.record.draws.numbers(decision, distribution, self.rows, self.scope)
        key = FigureKey(self.layout.journey.name, self.step.id, name, "mean")
        seen = (distribution, drawn, self.scope)
        self.record.stated.draw((self.journey, key), self.rows, self.days, seen)
        return drawn

    def values(self, name: str, distribution: Distribution) -> Values:
        """Draw a number or a text for everyone, addressed by the step and `name`."""
        decision = self.decision(name)
        drawn = self.record.draws.values(decision, distribution, self.rows, self.scope)
        key = FigureKey(self.layout.journey.name, self.step.id, name, "mean")
        seen = (distribution, drawn, self.scope)
        self.record.stated.draw((self.journey, key), self.rows, self.days, seen)
        return drawn

    def measured_state(self, result: StateResult, noise: str = "noise") -> NDArray[np.float64]:
        """Read a state variable of everyone, float64, shape (n,), with measurement noise.

        Who had it measured to decide about a delay shows the same noise until the next decision.

        Args:
            result: the variable, and the distribution of its noise if it has any.
            noise: name of the noise's draw.
        """
        variable = self.record.variables[result.from_]
        value = variable.at(self.record.moment(self.rows, self.days))
        if result.noise is None:
            return value
        added, decided = self.numbers(noise, result.noise), self.record.decided.get(result.from_)
        if decided is not None:
            known = decided[self.rows]
            added = np.where(np.isnan(known), added, known)
        return variable.clamp_and_round(value + added)

    def result(self, facts: StepFacts | None = None, last_days: Days | None = None) -> StepResult:
        """Return the step's result.

        Args:
            facts: what it determined, if anything.
            last_days: int32, shape (n,), where it ends later than it begins.
        """
        numbers = self.due.numbers(self.rows)
        occurred = Done(self.journey, self.due, numbers, self.rows, self.days, facts or StepFacts())
        return StepResult(occurred, self.days if last_days is None else last_days)


@dataclass(frozen=True)
class StepResult:
    """What a step did.

    Attributes:
        occurred: who had it, and what it determined.
        last_days: int32, shape of the call's days; the last day of the step for each person.
    """

    occurred: Done
    last_days: Days
