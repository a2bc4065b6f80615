"""Distributions as data (tag `type`), their short forms, and how they nest.

A draw is the quantile of one uniform number. A distribution that chooses a part (by a mixture's
weights, by a case's condition) passes the same uniform on to the part, so that one draw never needs
a second number.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)
from typing_extensions import TypeAliasType

from healthsim.errors import Refused
from healthsim.specification.distributions import quantiles
from healthsim.specification.distributions.base import (
    NOT_EMPTY,
    BaseDistribution,
    Decimals,
    DrawInput,
    InnerExpression,
    Numbers,
    Weight,
    check_weights,
    round_within,
)
from healthsim.specification.distributions.listed import (
    Categorical,
    Constant,
    Explicit,
    Population,
)
from healthsim.specification.distributions.numeric import (
    Band,
    Bands,
    Beta,
    Exponential,
    Gamma,
    LogNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Quantiles,
    Triangular,
    Uniform,
    Weibull,
)
from healthsim.specification.distributions.short_forms import expand_short_form
from healthsim.specification.language.expressions import Condition, Expression, Scope
from healthsim.tables import Coded

__all__ = [
    "KEYS_OF",
    "Band",
    "Bands",
    "BaseDistribution",
    "Beta",
    "Case",
    "Categorical",
    "Conditional",
    "Constant",
    "Distribution",
    "DrawInput",
    "Explicit",
    "Exponential",
    "Formula",
    "Gamma",
    "LogNormal",
    "Mixture",
    "NegativeBinomial",
    "Normal",
    "NumberDistribution",
    "Part",
    "Poisson",
    "Population",
    "Quantiles",
    "TextDistribution",
    "Triangular",
    "Uniform",
    "Weibull",
    "parse_distribution",
]  # fmt: skip

Figure: TypeAlias = Callable[[str], "Distribution"]


class Nested(BaseDistribution):
    """A distribution made of others, all of numbers or all of texts."""

    @abstractmethod
    def inner(self) -> tuple[tuple[str, Distribution], ...]:
        """Return (path, distribution) of each distribution inside, in document order."""

    @model_validator(mode="after")
    def _alike(self) -> Nested:
        (first, one), *others = self.inner()
        for path, other in others:
            if other.kind != one.kind:
                raise ValueError(
                    f"{first} gives {one.kind}, {path} gives {other.kind}; use one kind"
                )
        for path, other in self.inner():
            if other.total is not None:
                raise ValueError(f"{path} has exact counts; use weights inside a {self._tag}")
        return self

    @property
    def _tag(self) -> str:
        return str(type(self).model_fields["type"].default)

    @property
    def kind(self) -> Literal["number", "text"]:
        """What every part gives."""
        return self.inner()[0][1].kind

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all parts, each once, in document order."""
        return tuple(dict.fromkeys(label for _, part in self.inner() for label in part.labels))

    def expressions(self) -> Iterator[InnerExpression]:
        """Yield those of the parts."""
        for path, part in self.inner():
            for inside, expression, want in part.expressions():
                yield f"{path}.{inside}", expression, want

    def measures(self) -> Iterator[tuple[str, str]]:
        """Yield those of the parts."""
        for path, part in self.inner():
            for inside, measure in part.measures():
                yield f"{path}.{inside}", measure

    def range(self) -> tuple[float, float]:
        """Return the widest bounds of all parts."""
        ranges = [part.range() for _, part in self.inner()]
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    def windows(self, draw: DrawInput) -> tuple[Numbers, Numbers]:
        """Return the window of the part that each draw is from, float64, shape (n,)."""
        low, high = np.full(len(draw.u), -math.inf), np.full(len(draw.u), math.inf)
        for part, inside, rows in self.parts_of(draw):
            least, greatest = part.windows(inside)
            low[rows], high[rows] = least[rows], greatest[rows]
        return low, high

    @abstractmethod
    def parts_of(
        self, draw: DrawInput
    ) -> Iterator[tuple[BaseDistribution, DrawInput, NDArray[np.bool_]]]:
        """Yield each part, the draw within it, and who is drawn from it: bool, shape (n,)."""

    def _gather(
        self, part: BaseDistribution, draw: DrawInput, rows: NDArray[np.bool_], into: _Gathered
    ) -> None:
        """Draw a part for `rows`, and only for them where the part has no conditions."""
        if part.unconditional:
            into.put(rows, part.values(DrawInput(draw.u[rows], draw.index[rows])))
        else:
            drawn = part.values(draw)
            into.put(rows, drawn.take(rows) if isinstance(drawn, Coded) else drawn[rows])


class _Gathered:
    """A column that is filled from parts; rows that no part fills are missing."""

    def __init__(self, kind: Literal["number", "text"], labels: tuple[str, ...], n: int) -> None:
        self.labels = labels
        self.code = {label: number for number, label in enumerate(labels)}
        self.numbers = np.full(n if kind == "number" else 0, np.nan)
        self.codes = np.full(n if kind == "text" else 0, -1, dtype=np.int32)
        self.kind = kind

    def put(self, rows: NDArray[np.bool_], values: Numbers | Coded) -> None:
        if isinstance(values, Coded):
            table = [self.code[label] for label in values.vocabulary]
            self.codes[rows] = np.array([*table, -1], dtype=np.int32)[values.codes]
        else:
            self.numbers[rows] = values

    def column(self) -> Numbers | Coded:
        return self.numbers if self.kind == "number" else Coded(self.codes, self.labels)


class Part(BaseModel):
    """A share of a mixture."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weight: Weight
    of: Distribution


class Mixture(Nested):
    """One of several distributions, by weight."""

    type: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[Part, ...], Field(max_length=100), NOT_EMPTY]

    @model_validator(mode="after")
    def _weights(self) -> Mixture:
        check_weights(tuple(part.weight for part in self.parts))
        return self

    def inner(self) -> tuple[tuple[str, Distribution], ...]:
        """Return the parts' distributions."""
        return tuple((f"parts[{number}].of", part.of) for number, part in enumerate(self.parts))

    def resolved(self, figure: Figure) -> Mixture:
        """Resolve every part."""
        parts = [part.model_copy(update={"of": part.of.resolved(figure)}) for part in self.parts]
        return self.model_copy(update={"parts": tuple(parts)})

    def values(self, draw: DrawInput) -> Numbers | Coded:
        """Choose a part by the uniform, and rescale the uniform within the part."""
        gathered = _Gathered(self.kind, self.labels, len(draw.u))
        for part, stretched, rows in self.parts_of(draw):
            self._gather(part, stretched, rows, gathered)
        return gathered.column()

    def parts_of(
        self, draw: DrawInput
    ) -> Iterator[tuple[BaseDistribution, DrawInput, NDArray[np.bool_]]]:
        """Yield each part, the uniforms rescaled within it, and who is in it: bool, shape (n,)."""
        which, inner = quantiles.choose(draw.u, tuple(part.weight for part in self.parts))
        stretched = draw.at(inner)
        for number, part in enumerate(self.parts):
            yield part.of, stretched, which == number

    def probabilities(self, scope: Scope) -> dict[str, Numbers]:
        """Return the parts' probabilities, weighted: float64, shape (n,)."""
        parts = [(part.weight, part.of.probabilities(scope)) for part in self.parts]
        return {
            label: np.asarray(sum(weight * part[label] for weight, part in parts if label in part))
            for label in self.labels
        }

    def quantile(self, u: Numbers) -> Numbers:
        """Return everyone's number; it does not rise with u across the parts."""
        drawn = self.values(DrawInput(u, np.arange(len(u))))
        if isinstance(drawn, Coded):
            raise TypeError("a mixture of texts has no quantiles")
        return drawn

    def middle(self) -> float | None:
        """Return the middle of the heaviest part."""
        return max(self.parts, key=lambda part: part.weight).of.middle()


class Case(BaseModel):
    """The distribution for people of whom a condition is true."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: Condition
    then: Distribution


class Conditional(Nested):
    """The first case whose condition is true; `otherwise` for everyone else.

    A condition whose truth is unknown counts as false.
    """

    type: Literal["conditional"] = "conditional"
    cases: Annotated[tuple[Case, ...], Field(max_length=100), NOT_EMPTY]
    otherwise: Distribution

    def inner(self) -> tuple[tuple[str, Distribution], ...]:
        """Return the cases' distributions, then otherwise."""
        cases = tuple((f"cases[{number}].then", case.then) for number, case in self._numbered())
        return (*cases, ("otherwise", self.otherwise))

    def _numbered(self) -> Iterator[tuple[int, Case]]:
        return enumerate(self.cases)

    def cases_apart(self) -> list[tuple[str, Expression | None, Distribution]] | None:
        """Return whom each case is for in words, its condition and its distribution, in order.

        None where a case has conditions of its own, so that its people are not all alike.
        """
        cases = [(f"where {case.when}", case.when, case.then) for case in self.cases]
        parts = [*cases, ("otherwise", None, self.otherwise)]
        return parts if all(part.unconditional for _, _, part in parts) else None

    def expressions(self) -> Iterator[InnerExpression]:
        """Yield each case's condition, then those of the parts."""
        for number, case in self._numbered():
            yield f"cases[{number}].when", case.when, "truth"
        yield from super().expressions()

    def resolved(self, figure: Figure) -> Conditional:
        """Resolve every case and otherwise."""
        cases = [
            case.model_copy(update={"then": case.then.resolved(figure)}) for case in self.cases
        ]
        otherwise = self.otherwise.resolved(figure)
        return self.model_copy(update={"cases": tuple(cases), "otherwise": otherwise})

    def values(self, draw: DrawInput) -> Numbers | Coded:
        """Use the first case that is true; each case uses the same uniform."""
        gathered = _Gathered(self.kind, self.labels, len(draw.u))
        for part, same, rows in self.parts_of(draw):
            self._gather(part, same, rows, gathered)
        return gathered.column()

    def parts_of(
        self, draw: DrawInput
    ) -> Iterator[tuple[BaseDistribution, DrawInput, NDArray[np.bool_]]]:
        """Yield each case, the same uniforms, and whose first true case it is: bool, shape (n,)."""
        scope = _scope(draw, "conditional")
        left = np.ones(len(draw.u), dtype=np.bool_)
        for case in self.cases:
            chosen = left & case.when.holds(scope)
            yield case.then, draw, chosen
            left = left & ~chosen
        yield self.otherwise, draw, left

    def probabilities(self, scope: Scope) -> dict[str, Numbers]:
        """Return the probabilities of the case that each person is in: float64, shape (n,)."""
        result = {label: np.zeros(scope.size) for label in self.labels}
        left = np.ones(scope.size, dtype=np.bool_)
        for case in self.cases:
            chosen = left & case.when.holds(scope)
            for label, chances in case.then.probabilities(scope).items():
                result[label][chosen] = chances[chosen]
            left &= ~chosen
        for label, chances in self.otherwise.probabilities(scope).items():
            result[label][left] = chances[left]
        return result

    def middle(self) -> float | None:
        """Return the middle of otherwise."""
        return self.otherwise.middle()


class Formula(BaseDistribution):
    """A number calculated from attributes and states, plus a random number where given.

    Missing where a value that it uses is missing.
    """

    type: Literal["formula"] = "formula"
    value: Condition
    plus: NumberDistribution | None = None
    decimals: Decimals = 4

    def expressions(self) -> Iterator[InnerExpression]:
        """Yield the formula, then those of plus."""
        yield "value", self.value, "number"
        if self.plus is not None:
            for inside, expression, want in self.plus.expressions():
                yield f"plus.{inside}", expression, want

    def measures(self) -> Iterator[tuple[str, str]]:
        """Yield those of plus."""
        if self.plus is not None:
            for inside, measure in self.plus.measures():
                yield f"plus.{inside}", measure

    def resolved(self, figure: Figure) -> Formula:
        """Resolve plus."""
        if self.plus is None:
            return self
        return self.model_copy(update={"plus": self.plus.resolved(figure)})

    def values(self, draw: DrawInput) -> Numbers:
        """Calculate, add plus, round."""
        result = self.value.numbers(_scope(draw, "formula"))
        if self.plus is not None:
            chance = self.plus.values(draw)
            if isinstance(chance, Coded):
                raise TypeError("plus gives text")  # NumberDistribution refuses it
            result += chance
        return round_within(result, self.decimals, (-math.inf, math.inf))

    def middle(self) -> float | None:
        """Return None: it depends on values that are not known before the run."""
        return None


def _scope(draw: DrawInput, where: str) -> Scope:
    if draw.scope is None:
        raise Refused(where, "there are no values that conditions could use here", "use constants")
    return draw.scope


SHAPES: Final[tuple[type[BaseDistribution], ...]] = (
    Constant, Categorical, Explicit, Uniform, Normal, LogNormal, Triangular, Beta, Gamma,
    Exponential, Weibull, Poisson, NegativeBinomial, Bands, Quantiles, Mixture, Conditional,
    Formula, Population,
)  # fmt: skip

_Full = Annotated[
    Constant
    | Categorical
    | Explicit
    | Uniform
    | Normal
    | LogNormal
    | Triangular
    | Beta
    | Gamma
    | Exponential
    | Weibull
    | Poisson
    | NegativeBinomial
    | Bands
    | Quantiles
    | Mixture
    | Conditional
    | Formula
    | Population,
    Field(discriminator="type"),
]


def _in_full(value: object) -> object:
    return expand_short_form(value, SHAPES)


# A named alias: JSON schemas then define it once and refer to it.
Distribution = TypeAliasType(
    "Distribution",
    Annotated[
        _Full,
        BeforeValidator(_in_full, json_schema_input_type=float | dict[str, float] | _Full),
    ],
)
"""Any distribution, short forms included; kept in full."""


def _number_only(value: Distribution) -> Distribution:
    if value.kind != "number":
        raise ValueError(f"a {value.type} of text is given where numbers are needed; give numbers")
    return value


def _text_only(value: Distribution) -> Distribution:
    if value.kind != "text":
        raise ValueError(
            f"a {value.type} of numbers is given where text is needed; give labels with weights"
        )
    return value


NumberDistribution = Annotated[Distribution, AfterValidator(_number_only)]
TextDistribution = Annotated[Distribution, AfterValidator(_text_only)]

for _model in (Part, Mixture, Case, Conditional, Formula):
    _model.model_rebuild()


def parse_distribution(value: object) -> Distribution:
    """Read one distribution from JSON data, short forms included.

    >>> parse_distribution({"M": 0.48, "F": 0.52}).labels
    ('M', 'F')
    """
    return _adapter().validate_python(value)


@cache
def _adapter() -> TypeAdapter[Distribution]:
    return TypeAdapter(Distribution)


KEYS_OF: Mapping[str, tuple[str, ...]] = {
    str(kind.model_fields["type"].default): tuple(
        field.alias or name for name, field in kind.model_fields.items() if name != "type"
    )
    for kind in SHAPES
}
"""Type of distribution -> the keys that it takes, in order."""


def possible_labels(distribution: Distribution) -> tuple[str, ...]:
    """Return the texts of a distribution, without those of weight 0."""
    weights = getattr(distribution, "weights", None)
    if isinstance(weights, Mapping):
        return tuple(label for label, weight in weights.items() if weight > 0)
    return distribution.labels
