"""A journey: what happens to people, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union, get_args

from pydantic import Discriminator, Field, Tag, model_validator
from typing_extensions import TypeAliasType

from healthsim.specification.document import LATER, Day, Document, Identifier, KebabName, Strict
from healthsim.specification.expectations import Expectations
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.changes import Change, End, State, Stop
from healthsim.specification.journeys.events import EVENTS
from healthsim.specification.journeys.includes import Include, expand
from healthsim.specification.journeys.repeats import (
    Protocol,
    Repeat,
)
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import LONGEST_DAYS
from healthsim.specification.journeys.trial import TrialSpec
from healthsim.specification.language.expressions import Condition

_CONTROLS: tuple[type[StepHead], ...] = (
    Branch, Repeat, Protocol, Stages, Wait, Include, Change, Stop, End,
)  # fmt: skip
"""Steps that are not events; the value of `do` tells which one a document means."""


def _literal(model: type[StepHead], field: str) -> str:
    """Return the one value that a field of a step's model can have."""
    return str(get_args(model.model_fields[field].annotation)[0])


EVENT_TYPES = {_literal(model, "type"): model for model in EVENTS}
DOS = {_literal(model, "do"): model for model in _CONTROLS}


def _tag(value: Any) -> str:
    def get(name: str) -> object:
        return value.get(name) if isinstance(value, dict) else getattr(value, name, None)

    do = get("do") or "event"
    return f"event:{get('type')}" if do == "event" else f"do:{do}"


if TYPE_CHECKING:
    Step = StepHead
else:
    Step = TypeAliasType(
        "Step",
        Annotated[
            Union[  # noqa: UP007  built from a table
                tuple(
                    [Annotated[model, Tag(f"event:{name}")] for name, model in EVENT_TYPES.items()]
                    + [Annotated[model, Tag(f"do:{name}")] for name, model in DOS.items()]
                )
            ],
            Discriminator(
                _tag,
                custom_error_type="step_kind",
                custom_error_message="is not a known step; use do: event (with type "
                + ", ".join(EVENT_TYPES)
                + "), "
                + ", ".join([*DOS][:-1])
                + f" or {[*DOS][-1]}",
            ),
        ],
    )


class Begins(Strict):
    """The days on which people begin, uniform between the two.

    Attributes:
        earliest: first day.
        latest: last day.
    """

    example: ClassVar[str] = '{"earliest": "2025-01-01", "latest": "2025-12-31"}'

    earliest: Day
    latest: Day

    @model_validator(mode="after")
    def _ordered(self) -> Begins:
        if self.latest < self.earliest:
            raise ValueError(f"latest {self.latest} is before earliest {self.earliest}; swap them")
        return self


class Phase(Strict):
    """A named part of the journey; it groups steps and opens no scope.

    Attributes:
        name: of the phase.
        steps: in any order; days decide.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    steps: tuple[Step, ...] = ()


class JourneySpec(Document):
    """What happens: phases, steps, timing.

    Attributes:
        duration_days: days that nominal steps must fit into.
        eligible: who is in the journey; default: everybody.
        begins: the days on which people begin, or "birth": newborns of the run, on their first
            day.
        precedence: journeys with a lower number come first; by default in listed order.
        trial: makes the journey a trial.
        state: values that change over time, by name.
        phases: named groups of steps.
        expectations: what must be true of a run's rows.
        parameters: values of ${name} in the document.
        parts: steps to include, by name; they are copied in when the document is read, and
            `parameters` are replaced by their values, so a journey that was read has neither.
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
        """Whether it is for those who are born in the run, from their first day."""
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
    """Return journeys in the order in which people are in them: by precedence, then as listed."""

    def rank(journey: JourneySpec) -> int:
        return _USUAL_PRECEDENCE if journey.precedence is None else journey.precedence

    return tuple(sorted(journeys, key=rank))


def walk(path: str, steps: Sequence[StepHead]) -> Iterator[tuple[str, StepHead]]:
    """Yield (path, step) of every step of a list and of the steps inside, in document order."""
    for number, step in enumerate(steps):
        here = f"{path}[{number}]"
        yield here, step
        for name, inner in step.inner():
            yield from walk(f"{here}.{name}", inner)


LATER["Step"] = Step
