"""The fields that all steps and all events have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.document import Identifier, Strict
from healthsim.specification.journeys.timing import At, Hazard, Timing
from healthsim.specification.language.expressions import Condition, Expression


class StepHead(Strict):
    """The fields of every step: its id, its day, its hazard, and for whom it happens.

    Attributes:
        id: name of the step, unique in the journey; the address of its random numbers.
        at: on which day; a number is a day of the scope.
        hazard: the step happens at a random time; the risk begins on the day of `at`. Within an
            encounter it happens during the stay, or not at all.
        when: evaluated on the day itself, as is `chance`.
        chance: share of people to whom it happens, 0 to 1.
    """

    id: Identifier
    at: Timing = At()
    hazard: Hazard | None = None
    when: Condition | None = None
    chance: Distribution | None = None

    @property
    def keeps_business_days(self) -> bool:
        """Whether weekends and holidays move to the next business day."""
        return bool(self.at.business_days)

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield (name, steps) of every list of steps inside, in document order."""
        yield from ()

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield (path, condition) of the step's own conditions."""
        if self.when is not None:
            yield "when", self.when

    def hazards(self) -> Iterator[tuple[str, Hazard]]:
        """Yield (path, hazard) of the step's own hazards."""
        if self.hazard is not None:
            yield "hazard", self.hazard

    @model_validator(mode="after")
    def _one_scatter(self) -> StepHead:
        if self.hazard is not None and self.at.variance_days:
            raise ValueError("variance_days is given with hazard, which varies the day already; "
                             "keep one of them")  # fmt: skip
        return self


class EventHead(StepHead):
    """An event; the steps in `with` happen during it.

    Attributes:
        table: table that gets one row for each person and event of this type, with an id of its
            own; empty where there is none, or where an event may give several rows.
        stoppable: whether it begins something that a `stop` step can end.
    """

    table: ClassVar[str] = ""
    stoppable: ClassVar[bool] = False

    do: Literal["event"] = "event"
    with_: tuple[Step, ...] = Field(default=(), alias="with")

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield what happens during it."""
        yield "with", self.with_


if TYPE_CHECKING:
    Step = StepHead
    """A step of any kind; `journey` gives pydantic the union that stands behind the name."""
