"""State variables, their changes, and steps that stop or end something."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.document import Identifier, Strict
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import LONGEST_DAYS, Length, Share

_WASHOUT = 30  # days


FROM_BODY = "body"
"""The start of a state that begins at what would be measured of the person on that day."""


class State(Strict):
    """A variable that changes over a person's time.

    Attributes:
        start: the profile's attribute of this name ("attribute"), another attribute's name, the
            person's set point of the analyte of this name ("body"), which follows the profile's
            attributes, or a distribution.
        low, high: the bounds of its values.
        decimals: decimal places that are kept at every change.
        unit: UCUM unit, for results that read it.
        effects: whether conditions and drugs move what is measured from the state, as the tables
            of `physiology` say, besides the journey's changes: "usual", or by default "none".
    """

    start: Annotated[str, Field(max_length=64)] | Distribution = "attribute"
    low: float | None = None
    high: float | None = None
    decimals: Annotated[int, Field(strict=True, ge=0, le=6)] = 2
    unit: Annotated[str, Field(max_length=20)] = ""
    effects: Annotated[
        Literal["none", "usual"], Field(exclude_if=lambda given: given == "none")
    ] = "none"

    @model_validator(mode="after")
    def _ordered(self) -> State:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}; swap them")
        return self


class NoiseOf(Strict):
    """Autoregressive noise, AR(1): each period keeps a share of the last deviation and adds to it.

    Attributes:
        sd: standard deviation of what each period adds.
        every_days: days between two values.
        keeps: share of the last deviation that is kept; 1 is a random walk.
    """

    sd: Annotated[float, Field(strict=True, ge=0)]
    every_days: Annotated[int, Field(strict=True, ge=1, le=3660)] = 30
    keeps: Share = 0.8


class Over(Strict):
    """How long a change takes.

    Attributes:
        days: days until the change is complete.
    """

    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)]


class Change(StepHead):
    """A change of a state variable.

    Attributes:
        state: name of the state.
        by, to: by or to a value, at once or in a straight line `over` days.
        over: days until `by` or `to` is complete; default: at once.
        per_year: in a straight line from this day on.
        noise: random deviations from this day on.
        lasts: how long a trend or the noise continues; default: to the end of the scope.
        while_taking: an ingredient; the change lasts while it is taken, and fades over
            `washout_days` afterwards.
        washout_days: days in which the change fades when the drug stops.
    """

    do: Literal["change"]
    state: Identifier
    by: Distribution | None = None
    to: Distribution | None = None
    over: Over | None = None
    per_year: Distribution | None = None
    noise: NoiseOf | None = None
    lasts: Length | None = None
    while_taking: Annotated[str, Field(max_length=120)] | None = None
    washout_days: Annotated[int, Field(strict=True, ge=1, le=3660)] = _WASHOUT

    @model_validator(mode="after")
    def _one_of(self) -> Change:
        kinds = (self.by, self.to, self.per_year, self.noise)
        given = [kind for kind in kinds if kind is not None]
        if len(given) != 1:
            raise ValueError("give one of by, to, per_year and noise; remove or add one")
        if self.over is not None and self.by is None and self.to is None:
            raise ValueError("over goes with by or to; use lasts, or remove it")
        if self.lasts is not None and (self.by is not None or self.to is not None):
            raise ValueError("lasts goes with per_year or noise; use over, or remove it")
        if self.washout_days != _WASHOUT and self.while_taking is None:
            raise ValueError("washout_days goes with while_taking; add it, or remove washout_days")
        if self.while_taking is not None and self.by is None:
            raise ValueError("while_taking goes with by; give by how much the drug changes it")
        return self


class Stop(StepHead):
    """The end of a prescription, a diagnosis or a plan of care that another step began.

    Attributes:
        of: id of a prescription, diagnosis or care_plan step.
        reason: in words.
    """

    do: Literal["stop"]
    of: Annotated[str, Field(max_length=200)]
    reason: Annotated[str, Field(max_length=200)] = ""


class End(StepHead):
    """The end of the journey, the coverage, the trial or the person's life: no later steps.

    Attributes:
        scope: what ends: the journey, the coverage, the trial, or the person's life.
        reason: in words; for a trial: why it was discontinued.
    """

    do: Literal["end"]
    scope: Literal["journey", "coverage", "trial", "person"] = "journey"
    reason: Annotated[str, Field(max_length=200)] = ""
