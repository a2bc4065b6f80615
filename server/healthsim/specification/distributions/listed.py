"""Distributions that list their values: a constant, labels, values, a population measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from healthsim.errors import Refused
from healthsim.specification.distributions import quantiles
from healthsim.specification.distributions.base import (
    LARGEST,
    NOT_EMPTY,
    BaseDistribution,
    Decimals,
    DrawInput,
    Label,
    Numbers,
    Weight,
    check_places,
    check_weights,
    short_text,
    shown,
)
from healthsim.specification.language.expressions import Scope
from healthsim.tables import Coded


def _number_or_text(value: object) -> float | str:
    if isinstance(value, str):
        return short_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not -LARGEST <= value <= LARGEST:
            raise ValueError("a value is not within ±1e15; give a smaller number")
        return float(value)
    raise ValueError(f"{shown(value)} is neither number nor text; give one of them")


NumberOrText = Annotated[
    float | str,
    PlainValidator(_number_or_text),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]

TEXT_MEASURES: Final = frozenset({"gender", "sex", "race", "ethnicity", "state", "us_state"})
"""Population measures that give text; every other gives a number."""


class Constant(BaseDistribution):
    """The same number or text for everyone."""

    type: Literal["constant"] = "constant"
    value: NumberOrText
    decimals: Decimals = 4

    @model_validator(mode="after")
    def _keeps_its_decimals(self) -> Constant:
        check_places((self.value,), self.decimals)
        return self

    @property
    def kind(self) -> Literal["number", "text"]:
        """Whether it gives numbers or texts."""
        return "text" if isinstance(self.value, str) else "number"

    @property
    def labels(self) -> tuple[str, ...]:
        """The text, if it is one."""
        return (self.value,) if isinstance(self.value, str) else ()

    def quantile(self, u: Numbers) -> Numbers:
        """Return the number for every u."""
        return np.full(len(u), _number(self.value), dtype=np.float64)

    def values(self, draw: DrawInput) -> Numbers | Coded:
        """Return the value for everyone."""
        if isinstance(self.value, str):
            return Coded.constant(self.value, len(draw.u))
        return self.quantile(draw.u)

    def probabilities(self, scope: Scope) -> dict[str, Numbers]:
        """Return 1 for everyone: float64, shape (n,)."""
        if isinstance(self.value, str):
            return {self.value: np.ones(scope.size)}
        return super().probabilities(scope)

    def middle(self) -> float | None:
        """Return the number."""
        return None if isinstance(self.value, str) else self.value

    def range(self) -> tuple[float, float]:
        """Return the number as both bounds."""
        return super().range() if isinstance(self.value, str) else (self.value, self.value)


class Categorical(BaseDistribution):
    """Labels by weight, or with exact counts that add up to the population."""

    type: Literal["categorical"] = "categorical"
    weights: Annotated[dict[Label, Weight], Field(max_length=5000), NOT_EMPTY] | None = None
    exactly: (
        Annotated[
            dict[Label, Annotated[int, Field(strict=True, ge=0, le=10**9)]],
            NOT_EMPTY,
            Field(max_length=5000),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _one_of(self) -> Categorical:
        if (self.weights is None) == (self.exactly is None):
            given = "neither" if self.weights is None else "both"
            raise ValueError(f"has {given} of weights and exactly; give one of them")
        if self.weights is not None:
            check_weights(tuple(self.weights.values()))
        elif not sum(self._counts):
            raise ValueError("counts are all 0; give counts that add up to the population")
        return self

    @property
    def _counts(self) -> tuple[int, ...]:
        return tuple((self.exactly or {}).values())

    @property
    def kind(self) -> Literal["number", "text"]:
        """Text."""
        return "text"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in document order."""
        return tuple(self.weights if self.weights is not None else self.exactly or ())

    @property
    def total(self) -> int | None:
        """What the exact counts add up to."""
        return sum(self._counts) if self.exactly is not None else None

    def values(self, draw: DrawInput) -> Coded:
        """Return everyone's label, by uniform or by place in the population."""
        if self.weights is not None:
            which, _ = quantiles.choose(draw.u, tuple(self.weights.values()))
            return Coded(which, self.labels)
        if draw.places is None or draw.population != self.total:
            raise Refused(
                "categorical",
                f"exact counts add up to {self.total}, the population is {draw.population}",
                "make them equal, and use exact counts only for everyone at once",
            )
        edges = np.array(list(accumulate(self._counts)), dtype=np.int64)
        codes = np.searchsorted(edges, draw.places(), side="right")
        return Coded(codes.astype(np.int32), self.labels)

    def probabilities(self, scope: Scope) -> dict[str, Numbers]:
        """Return each label's weight, or its part of the counts: float64, shape (n,)."""
        weights: Mapping[str, float] = self.weights or self.exactly or {}
        total = sum(weights.values())
        return {label: np.full(scope.size, weight / total) for label, weight in weights.items()}


class Explicit(BaseDistribution):
    """One of the listed numbers or texts: each equally likely, or in turn by person."""

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    type: Literal["explicit"] = "explicit"
    listed: Annotated[
        tuple[NumberOrText, ...],
        Field(alias="values", max_length=10_000),
        NOT_EMPTY,
    ]
    order: Literal["random", "cycle"] = "random"
    decimals: Decimals = 4

    @model_validator(mode="after")
    def _alike(self) -> Explicit:
        texts = sum(isinstance(value, str) for value in self.listed)
        if texts not in (0, len(self.listed)):
            raise ValueError("values mix numbers and texts; list one kind")
        check_places(self.listed, self.decimals)
        return self

    @property
    def kind(self) -> Literal["number", "text"]:
        """Whether it gives numbers or texts."""
        return "text" if isinstance(self.listed[0], str) else "number"

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts, each once, in document order."""
        return tuple(dict.fromkeys(value for value in self.listed if isinstance(value, str)))

    def _numbers(self) -> Numbers:
        return np.array([_number(value) for value in self.listed], dtype=np.float64)

    def values(self, draw: DrawInput) -> Numbers | Coded:
        """Return the value for each person's uniform number, or place in turn."""
        if self.order == "cycle":
            rows = draw.index % len(self.listed)
        else:
            rows = np.floor(draw.u * len(self.listed)).astype(np.int64)
        if self.kind == "number":
            return self._numbers()[rows]
        code = {text: number for number, text in enumerate(self.labels)}
        codes = np.array([code[str(text)] for text in self.listed], dtype=np.int32)
        return Coded(codes[rows], self.labels)

    def probabilities(self, scope: Scope) -> dict[str, Numbers]:
        """Return how much of the list each text makes up: float64, shape (n,)."""
        if self.kind == "number":
            return super().probabilities(scope)
        each = 1 / len(self.listed)
        shares = dict.fromkeys(self.labels, 0.0)
        for text in self.listed:
            shares[str(text)] += each
        return {label: np.full(scope.size, share) for label, share in shares.items()}

    def middle(self) -> float | None:
        """Return the lower median."""
        if self.kind == "text":
            return None
        return float(np.sort(self._numbers())[(len(self.listed) - 1) // 2])

    def range(self) -> tuple[float, float]:
        """Return the least and the greatest number."""
        if self.kind == "text":
            return super().range()
        return float(self._numbers().min()), float(self._numbers().max())


class Population(BaseDistribution):
    """A figure of the real population, by its measure; replaced before anything is drawn."""

    type: Literal["population"] = "population"
    measure: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]

    @property
    def kind(self) -> Literal["number", "text"]:
        """Whether its measure gives numbers or texts."""
        return "text" if self.measure in TEXT_MEASURES else "number"

    def measures(self) -> Iterator[tuple[str, str]]:
        """Yield its own measure."""
        yield "measure", self.measure

    def resolved(self, figure: Callable[[str], Any]) -> Any:
        """Return the figure."""
        return figure(self.measure)

    def values(self, draw: DrawInput) -> Numbers | Coded:
        """Refuse to draw: the measure must be resolved before."""
        raise Refused("population", f"{self.measure!r} has no figures yet", "resolve it first")


def _number(value: float | str) -> float:
    if isinstance(value, str):
        raise TypeError(f"{value!r} is text")
    return value
