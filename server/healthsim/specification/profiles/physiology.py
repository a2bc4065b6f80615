"""What acts on people's bodies: the tables' effects, none, and a specification's own."""

from __future__ import annotations

import math
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from healthsim.medicine.analytes import key_of
from healthsim.medicine.effects import Effect
from healthsim.specification.document import Strict

_CAUSES = ("condition", "drug", "procedure", "adverse_event", "treatment")
_OPERATIONS = ("add", "times", "set")
_FIRST = 1_000_000  # order of a specification's effects: after all rows of the tables
_Days = Annotated[float, Field(strict=True, ge=0, le=3660)]
_Text = Annotated[str, Field(min_length=1, max_length=120)]


class SetPoint(Strict):
    """Where a cause puts an analyte: a normal distribution that is cut off at low and high.

    Attributes:
        mean: of the people who have the cause, in the analyte's unit.
        sd: standard deviation; everyone keeps their rank.
        low, high: least and greatest set point.
    """

    mean: Annotated[float, Field(strict=True)]
    sd: Annotated[float, Field(strict=True, gt=0)]
    low: Annotated[float | None, Field(strict=True)] = None
    high: Annotated[float | None, Field(strict=True)] = None


class OwnEffect(Strict):
    """What one cause does to one analyte; it replaces what the tables say of the two.

    Attributes:
        condition: beginning of an ICD-10-CM code, such as "E11".
        drug: name, ingredient or class of a drug.
        procedure: beginning of a CPT, HCPCS or ICD-10-PCS code.
        adverse_event: term of an adverse event.
        treatment: treatment of a trial, as its exposures name it.
        analyte: LOINC code or name, such as "platelets"; what is computed from it follows.
        add: amount that is added, in the analyte's unit.
        times: factor, such as 0.7.
        set: set point in place of the person's own.
        before_days: days that it begins before its cause is recorded.
        onset_days: days until all of it is there.
        lasts_days: days that it then lasts; default: as long as its cause, an event's day.
        fades_days: days in which it fades to a third after that; default: it ends at once.
        share: share of people who show it.
    """

    condition: _Text | None = None
    drug: _Text | None = None
    procedure: _Text | None = None
    adverse_event: _Text | None = None
    treatment: _Text | None = None
    analyte: _Text
    add: Annotated[float | None, Field(strict=True)] = None
    times: Annotated[float | None, Field(strict=True)] = None
    set: SetPoint | None = None
    before_days: _Days = 0.0
    onset_days: _Days = 0.0
    lasts_days: _Days | None = None
    fades_days: _Days = 0.0
    share: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _one_each(self) -> OwnEffect:
        causes = [name for name in _CAUSES if getattr(self, name) is not None]
        if len(causes) != 1:
            raise ValueError("give one of condition, drug, procedure, adverse_event and treatment; "
                             "remove or add one")  # fmt: skip
        operations = [name for name in _OPERATIONS if getattr(self, name) is not None]
        if len(operations) != 1:
            raise ValueError("give one of add, times and set; remove or add one")
        return self

    @property
    def cause(self) -> tuple[str, str]:
        """The key that names the cause, and its text."""
        key = next(name for name in _CAUSES if getattr(self, name) is not None)
        return key, getattr(self, key)

    @property
    def operation(self) -> str:
        """The key that says what is done: add, times or set."""
        return next(name for name in _OPERATIONS if getattr(self, name) is not None)

    def row(self, number: int) -> Effect:
        """Return the effect as a row of the tables of effects.

        Args:
            number: place among the specification's effects.
        """
        key, text = self.cause
        point = self.set
        size = self.add if self.add is not None else self.times
        return Effect(
            kind="drug" if key == "treatment" else key,
            causes=(text,),
            analyte=self.analyte,
            op={"add": "+", "times": "*", "set": "="}[self.operation],
            size=_end(size if point is None else point.mean),
            sd=math.nan if point is None else point.sd,
            low=_end(None if point is None else point.low),
            high=_end(None if point is None else point.high),
            lead=self.before_days,
            onset=self.onset_days,
            hold=_end(self.lasts_days),
            off=self.fades_days,
            shape="ramp",
            share=self.share,
            group="",
            order=_FIRST + number,
            source="the specification",
            confidence="A",
        )  # fmt: skip


def _end(number: float | None) -> float:
    return math.nan if number is None else number


class Physiology(Strict):
    """Effects of a specification's own.

    Attributes:
        usual: whether the tables' effects of conditions, drugs, procedures and pregnancy act too.
        effects: what other causes do, or do otherwise.
    """

    usual: bool = True
    effects: Annotated[tuple[OwnEffect, ...], Field(max_length=200)] = ()


PhysiologyChoice: TypeAlias = Literal["usual", "none"] | Physiology
"""Effects of the tables, no effects (people are as healthy people of their age), or one's own."""


def is_usual(choice: PhysiologyChoice) -> bool:
    """Tell whether the tables' effects act."""
    return choice.usual if isinstance(choice, Physiology) else choice == "usual"


def own_effects(choice: PhysiologyChoice) -> tuple[OwnEffect, ...]:
    """Return the effects that a specification states."""
    return choice.effects if isinstance(choice, Physiology) else ()


def own_rows(choice: PhysiologyChoice) -> tuple[Effect, ...]:
    """Return the effects that a specification states as rows of the tables.

    Raises:
        NotFound: an analyte is unknown, which the checks should have refused.
    """
    rows = (effect.row(number) for number, effect in enumerate(own_effects(choice)))
    return tuple(row._replace(analyte=key_of(row.analyte)) for row in rows)
