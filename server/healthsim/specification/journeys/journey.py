"""A journey: what happens to people, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from typing_extensions import TypeAliasType

from healthsim.specification.document import Day, Document, Identifier, KebabName, Strict
from healthsim.specification.expectations import Expectations
from healthsim.specification.journeys import branches, events
from healthsim.specification.journeys import repeats as cycles
from healthsim.specification.journeys import stages as lifecycle
from healthsim.specification.journeys.branches import Branch, Option, TableRow, WeightTable, grouped
from healthsim.specification.journeys.changes import Change, End, NoiseOf, State, Stop
from healthsim.specification.journeys.events import (
    OF_TRIALS,
    AdverseEvent,
    Birth,
    CarePlan,
    Claim,
    Death,
    Diagnosis,
    Disenrollment,
    Encounter,
    Enrollment,
    Event,
    Exposure,
    Immunization,
    Lab,
    Prescription,
    Procedure,
    Randomization,
    Referral,
    Screening,
    TrialVisit,
    Vital,
    Withdrawal,
)
from healthsim.specification.journeys.includes import expand
from healthsim.specification.journeys.repeats import (
    Delay,
    Protocol,
    ProtocolVisit,
    Repeat,
    Unscheduled,
)
from healthsim.specification.journeys.stages import MoveTo, Stage, Stages, Wait
from healthsim.specification.journeys.step import EventHead, StepHead
from healthsim.specification.journeys.timing import LONGEST_DAYS, At, Every, Hazard, Length, Window
from healthsim.specification.journeys.trial import TrialSpec
from healthsim.specification.language.expressions import Condition

__all__ = [
    "LONGEST_DAYS", "OF_TRIALS", "AdverseEvent", "At", "Begins", "Birth", "Branch", "CarePlan",
    "Change", "Claim", "Death", "Delay", "Diagnosis", "Disenrollment", "Encounter", "End",
    "Enrollment", "Event", "EventHead", "Every", "Exposure", "Hazard", "Immunization", "Include",
    "JourneySpec", "Lab", "Length", "MoveTo", "NoiseOf", "Option", "Phase", "Prescription",
    "Procedure", "Protocol", "ProtocolVisit", "Randomization", "Referral", "Repeat", "Screening",
    "Stage", "Stages", "State", "Step", "StepHead", "Stop", "TableRow", "TrialVisit",
    "Unscheduled", "Vital", "Wait", "WeightTable", "Window", "Withdrawal", "grouped",
    "in_walking_order", "walk",
]  # fmt: skip


class Include(StepHead):
    """The steps of a part, or of another journey, with parameters; it opens a scope.

    Attributes:
        part: where the steps came from; they were copied in when the document was read.
    """

    do: Literal["include"]
    part: KebabName
    parameters: dict[Identifier, Any] = {}
    steps: tuple[Step, ...] = ()

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the steps that were copied in."""
        yield "steps", self.steps


_EVENTS = (
    "encounter", "diagnosis", "lab", "vital", "procedure", "immunization", "prescription",
    "referral", "claim", "enrollment", "disenrollment", "death", "care_plan", "birth",
    "screening", "randomization", "trial_visit", "adverse_event", "exposure", "withdrawal",
)  # fmt: skip


def _tag(value: Any) -> str:
    def get(name: str) -> object:
        return value.get(name) if isinstance(value, dict) else getattr(value, name, None)

    do = get("do") or "event"
    return f"event:{get('type')}" if do == "event" else f"do:{do}"


Step = TypeAliasType(
    "Step",
    Annotated[
        Annotated[Encounter, Tag("event:encounter")]
        | Annotated[Diagnosis, Tag("event:diagnosis")]
        | Annotated[Lab, Tag("event:lab")]
        | Annotated[Vital, Tag("event:vital")]
        | Annotated[Procedure, Tag("event:procedure")]
        | Annotated[Immunization, Tag("event:immunization")]
        | Annotated[Prescription, Tag("event:prescription")]
        | Annotated[Referral, Tag("event:referral")]
        | Annotated[Claim, Tag("event:claim")]
        | Annotated[Enrollment, Tag("event:enrollment")]
        | Annotated[Disenrollment, Tag("event:disenrollment")]
        | Annotated[Death, Tag("event:death")]
        | Annotated[CarePlan, Tag("event:care_plan")]
        | Annotated[Birth, Tag("event:birth")]
        | Annotated[Screening, Tag("event:screening")]
        | Annotated[Randomization, Tag("event:randomization")]
        | Annotated[TrialVisit, Tag("event:trial_visit")]
        | Annotated[AdverseEvent, Tag("event:adverse_event")]
        | Annotated[Exposure, Tag("event:exposure")]
        | Annotated[Withdrawal, Tag("event:withdrawal")]
        | Annotated[Branch, Tag("do:branch")]
        | Annotated[Repeat, Tag("do:repeat")]
        | Annotated[Protocol, Tag("do:protocol")]
        | Annotated[Stages, Tag("do:stages")]
        | Annotated[Wait, Tag("do:wait")]
        | Annotated[Include, Tag("do:include")]
        | Annotated[Change, Tag("do:change")]
        | Annotated[Stop, Tag("do:stop")]
        | Annotated[End, Tag("do:end")],
        Discriminator(
            _tag,
            custom_error_type="step_kind",
            custom_error_message="is no step that is built; use do: event (with type "
            + ", ".join(_EVENTS)
            + "), branch, repeat, protocol, stages, wait, include, change, stop or end",
        ),
    ],
)


class Begins(Strict):
    """The window in which people begin, one day each, evenly."""

    earliest: Day
    latest: Day

    @model_validator(mode="after")
    def _ordered(self) -> Begins:
        if self.latest < self.earliest:
            raise ValueError(f"latest {self.latest} is before earliest {self.earliest}; swap them")
        return self


class Phase(Strict):
    """A named part of the journey; it groups steps and opens no scope."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    steps: tuple[Step, ...] = ()


class JourneySpec(Document):
    """What happens: phases, steps, timing.

    Attributes:
        begins: the window in which people begin, or "birth": those born in the run, on that day.
        precedence: the lower walks first; without it, journeys walk in listed order.
        trial: makes the journey a trial.
        parts: steps to include, by name; they are copied in when the document is read, as
            `parameters` are put in their places, so a journey that was read has neither.
    """

    kind_name: ClassVar[str] = "journey"

    kind: Literal["journey"] = "journey"
    duration_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, strict=True)]
    eligible: Condition | None = None
    begins: Begins | Literal["birth"] | None = None
    precedence: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = None
    trial: TrialSpec | None = None
    state: dict[Identifier, State] = {}
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    expectations: Expectations = ()
    parameters: dict[Identifier, Any] = Field(default={}, exclude=True)
    parts: dict[KebabName, Any] = Field(default={}, exclude=True)

    @classmethod
    def expanded(cls, document: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """Return the document with its parts copied in and its parameters in their places."""
        return expand(document, where)

    @property
    def from_birth(self) -> bool:
        """Whether those walk it who are born in the run, from their first day."""
        return self.begins == "birth"

    def window(self, as_of: date) -> tuple[date, date]:
        """Return the first and the last day on which people begin; by default `as_of`."""
        if isinstance(self.begins, Begins):
            return self.begins.earliest, self.begins.latest
        return as_of, as_of

    def steps(self) -> Iterator[tuple[str, StepHead]]:
        """Yield (path, step) of every step in document order, those of newborns too."""
        for number, phase in enumerate(self.phases):
            yield from walk(f"phases[{number}].steps", phase.steps)


_USUAL_PRECEDENCE = 500


def in_walking_order(journeys: Sequence[JourneySpec]) -> tuple[JourneySpec, ...]:
    """Return journeys as people walk them: the lower precedence first, then as they are listed."""

    def rank(one: JourneySpec) -> int:
        return _USUAL_PRECEDENCE if one.precedence is None else one.precedence

    return tuple(sorted(journeys, key=rank))


def walk(path: str, steps: Sequence[StepHead]) -> Iterator[tuple[str, StepHead]]:
    """Yield (path, step) of every step of a list and of what they hold, in document order."""
    for number, step in enumerate(steps):
        here = f"{path}[{number}]"
        yield here, step
        for name, inner in step.inner():
            yield from walk(f"{here}.{name}", inner)


for _module in (branches, cycles, events, lifecycle):
    vars(_module)["Step"] = Step  # pydantic resolves "Step" in the module that says it
for _model in (
    *Event.__args__, Option, Branch, Delay, Repeat, ProtocolVisit, Unscheduled, Protocol, Stage,
    Stages, Wait, Include, Change, Stop, End, Phase, JourneySpec,
):  # fmt: skip
    _model.model_rebuild()
