"""The base of all distributions: a frozen model, its draws, rounding, and the checks they share.

Every number is rounded to `decimals` and lies in [low, high]. Numbers are not clamped into the
window: the distribution itself is truncated to it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from healthsim.specification.language.expressions import Expression, Scope
from healthsim.tables import Coded

TOLERANCE = 0.001  # how far weights may be from adding up to 1
LARGEST = 1e15
LONGEST_LABEL = 200

S = TypeVar("S", bound=Sized)

Numbers: TypeAlias = NDArray[np.float64]
InnerExpression: TypeAlias = tuple[str, Expression, Literal["truth", "number"]]
"""Path of an expression inside a distribution, the expression, and what it must give."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawInput:
    """What a distribution needs to give each person of a chunk a value.

    Attributes:
        u: float64, shape (n,), in (0, 1); the uniform number of each person's draw.
        index: int64, shape (n,); each person's number, from 0.
        scope: the values that conditions and formulas use; None where there are none.
        places: returns each person's place in a keyed permutation of the whole population, int64,
            shape (n,); only exact counts use it.
        population: how many people there are in all.
    """

    u: Numbers
    index: NDArray[np.int64]
    scope: Scope | None = None
    places: Callable[[], NDArray[np.int64]] | None = None
    population: int = 0

    def at(self, u: Numbers) -> DrawInput:
        """Return the same draw with other uniforms."""
        return DrawInput(u, self.index, self.scope, self.places, self.population)


def _within_limits(value: float, info: ValidationInfo) -> float:
    if not -LARGEST <= value <= LARGEST:
        raise ValueError(f"{info.field_name} is {value:g}; give a number within ±1e15")
    return value


def _above_zero(value: float, info: ValidationInfo) -> float:
    if value <= 0:
        raise ValueError(f"{info.field_name} is {value:g}; give {_a(info.field_name)} above 0")
    return value


def _not_negative(value: float) -> float:
    if value < 0:
        raise ValueError(f"a weight is {value:g}; give weights of 0 or more")
    return value


def _between_zero_and_one(value: float, info: ValidationInfo) -> float:
    if not 0 < value < 1:
        raise ValueError(f"{info.field_name} is {value:g}; give a share between 0 and 1")
    return value


def _a(name: str | None) -> str:
    return f"an {name}" if name == "sd" else f"a {name}"


def _not_empty(value: S, info: ValidationInfo) -> S:
    if not len(value):
        raise ValueError(f"{info.field_name} is empty; give at least one")
    return value


def short_text(text: str) -> str:
    """Refuse a label that is blank or too long."""
    if not text.strip() or len(text) > LONGEST_LABEL:
        raise ValueError(f"a label is empty or over {LONGEST_LABEL} characters; write a short one")
    return text


NOT_EMPTY = AfterValidator(_not_empty)  # min_length would report the length after other faults
Label = Annotated[str, Field(strict=True), AfterValidator(short_text)]
Number = Annotated[float, Field(strict=True), AfterValidator(_within_limits)]
Positive = Annotated[
    Number, AfterValidator(_above_zero), Field(json_schema_extra={"exclusiveMinimum": 0})
]
Weight = Annotated[Number, AfterValidator(_not_negative), Field(json_schema_extra={"minimum": 0})]
OpenShare = Annotated[
    Number,
    AfterValidator(_between_zero_and_one),
    Field(json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
Decimals = Annotated[int, Field(strict=True, ge=0, le=9, description="Decimal places kept.")]


class BaseDistribution(BaseModel, ABC):
    """Any distribution: frozen, validated once, and a pure function of a draw."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True
    )

    @property
    def kind(self) -> Literal["number", "text"]:
        """Whether it gives numbers or texts."""
        return "number"

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts it may give, in document order; none for numbers."""
        return ()

    @property
    def total(self) -> int | None:
        """The population that exact counts add up to; None where there are none."""
        return None

    @property
    def unconditional(self) -> bool:
        """Whether no condition or formula is inside, so that balanced sampling applies."""
        return next(iter(self.expressions()), None) is None

    @abstractmethod
    def values(self, draw: DrawInput) -> Numbers | Coded:
        """Return everyone's value: float64, shape (n,), rounded, NaN missing; or text."""

    def probabilities(self, scope: Scope) -> dict[str, Numbers]:
        """Return each label's probability for each person: float64, shape (n,), n = scope.size.

        Raises:
            TypeError: it gives numbers, or its measure was not resolved.
        """
        raise TypeError(f"{type(self).__name__} has no labels with probabilities")

    def expressions(self) -> Iterator[InnerExpression]:
        """Yield every expression inside, with its path."""
        yield from ()

    def measures(self) -> Iterator[tuple[str, str]]:
        """Yield (path, measure) of every population measure inside."""
        yield from ()

    def resolved(self, figure: Callable[[str], Any]) -> Any:
        """Return the distribution with each population measure replaced by ``figure(measure)``."""
        return self

    def middle(self) -> float | None:
        """Return a typical number, for layouts only; None where there is none."""
        return None

    def range(self) -> tuple[float, float]:
        """Return the least and greatest number possible; infinite where unbounded."""
        return -math.inf, math.inf

    def windows(self, draw: DrawInput) -> tuple[Numbers, Numbers]:
        """Return the least and greatest number that each draw could give, float64, shape (n,).

        Of a distribution made of parts, cases or bands, it is that of the one drawn from.
        """
        low, high = self.range()
        return np.full(len(draw.u), low), np.full(len(draw.u), high)


class Numeric(BaseDistribution):
    """A distribution of numbers with one quantile function."""

    decimals: Decimals = 4

    @abstractmethod
    def exact(self, u: Numbers) -> Numbers:
        """Invert the distribution, not yet rounded: float64, shape (n,) in and out."""

    @model_validator(mode="after")
    def _has_a_number(self) -> Numeric:
        low, high = self.range()
        first = _inward(low, self.decimals, ROUND_CEILING)
        last = _inward(high, self.decimals, ROUND_FLOOR)
        if low <= high and first > last:
            raise ValueError(
                f"no number with {self.decimals} decimals lies between {low:g} and {high:g}; "
                "give more decimals or a wider window"
            )
        return self

    def quantile(self, u: Numbers) -> Numbers:
        """Invert the distribution and round: float64, shape (n,), u in (0, 1)."""
        return round_within(self.exact(u), self.decimals, self.range())

    def values(self, draw: DrawInput) -> Numbers:
        """Return the quantile of each person's uniform."""
        return self.quantile(draw.u)

    def middle(self) -> float | None:
        """Return the median."""
        return float(self.quantile(np.array([0.5]))[0])


def round_within(values: Numbers, decimals: int, bounds: tuple[float, float]) -> Numbers:
    """Round, inward at the bounds, and make every zero positive.

    >>> round_within(np.array([0.26, 0.94, -0.01]), 1, (-1, 0.95)).tolist()
    [0.3, 0.9, 0.0]
    """
    low = _inward(bounds[0], decimals, ROUND_CEILING)
    high = _inward(bounds[1], decimals, ROUND_FLOOR)
    rounded: Numbers = np.clip(np.round(values, decimals), low, high)
    rounded += 0.0  # the sign of a zero must not depend on the processor's last bit
    return rounded


def _inward(bound: float, decimals: int, rounding: str) -> float:
    if math.isinf(bound):
        return bound
    return float(Decimal(repr(bound)).quantize(Decimal(1).scaleb(-decimals), rounding=rounding))


def steps_within(low: float, high: float, decimals: int) -> tuple[float, float]:
    """Return the first and last whole number of steps of 10**-decimals in [low, high].

    >>> steps_within(0.07, 0.15, 1)
    (1.0, 1.0)
    """
    first = Decimal(repr(low)).scaleb(decimals).to_integral_value(ROUND_CEILING)
    last = Decimal(repr(high)).scaleb(decimals).to_integral_value(ROUND_FLOOR)
    return float(first), float(last)


def places_of(number: float) -> int:
    """Return how many decimal places a number is written with.

    >>> places_of(0.81), places_of(7.0)
    (2, 0)
    """
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def check_order(low: float | None, high: float | None) -> None:
    """Refuse a window that is upside down or empty."""
    if low is None or high is None or low < high:
        return
    if low == high:
        raise ValueError(f"low and high are both {low:g}; use a constant or widen the window")
    raise ValueError(f"low {low:g} is above high {high:g}; swap them")


def adds_up(weights: Iterable[float]) -> bool:
    """Tell whether weights add up to 1 within 0.001, whatever the last bits of their sum are.

    >>> adds_up([0.5, 0.499]), adds_up([0.5, 0.4989])
    (True, False)
    """
    return abs(math.fsum(weights) - 1) <= TOLERANCE + 1e-12


def in_per_cent(weights: Iterable[float]) -> str:
    """Say how to write weights that are given in per cent; empty where they are not.

    >>> in_per_cent([35, 65]), in_per_cent([0.35, 0.65])
    ('write 0.35 for 35 %', '')
    """
    given = [weight for weight in weights if weight]
    if not given or abs(math.fsum(given) - 100) > _PER_CENT_OFF:
        return ""
    return f"write {given[0] / 100:.6g} for {given[0]:g} %"


_PER_CENT_OFF = 0.5  # of 100, by which rounded per cents may miss it


def check_weights(weights: tuple[float, ...]) -> None:
    """Refuse weights that do not add up to 1 within 0.001."""
    if adds_up(weights):
        return
    total = math.fsum(weights)
    if mend := in_per_cent(weights):
        raise ValueError(f"weights add up to {total:.6g}, not 1; {mend}")
    gap = Decimal(repr(round(1 - total, 6))).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    mend = f"add the missing {gap:f}" if gap > 0 else f"take away {-gap:f}"
    mend = mend.rstrip("0").rstrip(".")
    raise ValueError(f"weights add up to {total:.6g}, not 1; {mend} or scale them")


def check_places(values: tuple[float | str, ...], decimals: int) -> None:
    """Refuse numbers with more decimals than are kept."""
    for value in values:
        if not isinstance(value, str) and places_of(value) > decimals:
            raise ValueError(
                f"{value!r} has more than {decimals} decimals; give decimals {places_of(value)} "
                "(at most 9) or round it"
            )


def shown(value: object) -> str:
    """Return a value as error texts show it.

    >>> shown(None), shown(True), shown("x")
    ('null', 'true', "'x'")
    """
    plain = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return plain[value]
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
