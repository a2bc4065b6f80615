"""Interval analysis of conditions: whether one can be true or false, before anybody is drawn.

Each part of an expression is evaluated on sets of possible values: an interval of numbers, a set of
texts, or which truth values. The result may be larger than what is possible, never smaller: what is
reported as impossible is impossible.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final, Protocol, TypeAlias

from healthsim.specification.language.nodes import (
    COMPARED_DECIMALS,
    FUNCTIONS,
    Call,
    Chain,
    Logic,
    Member,
    Name,
    Node,
    NumberLiteral,
    Operation,
    TextLiteral,
    TruthLiteral,
)

_ROUNDING = 10.0**-COMPARED_DECIMALS


@dataclass(frozen=True, slots=True)
class Interval:
    """Possible numbers, from `low` to `high`; none where `low` is above `high`.

    Attributes:
        missing: whether there can also be no value.
    """

    low: float = -math.inf
    high: float = math.inf
    missing: bool = True

    @property
    def nonempty(self) -> bool:
        """Whether it contains a number."""
        return self.low <= self.high

    def union(self, other: Interval) -> Interval:
        """Return the smallest interval that contains both."""
        if not (self.nonempty and other.nonempty):
            only = self if self.nonempty else other
            return Interval(only.low, only.high, missing=True)
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Interval(low, high, self.missing or other.missing)


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Possible texts; None for any text."""

    texts: frozenset[str] | None = None
    missing: bool = True


@dataclass(frozen=True, slots=True)
class PossibleTruths:
    """Possible truth values: true, false, unknown."""

    yes: bool = True
    no: bool = True
    unknown: bool = True

    def inverted(self) -> PossibleTruths:
        """Return the possible truth values of the negation."""
        return PossibleTruths(self.no, self.yes, self.unknown)


@dataclass(frozen=True, slots=True)
class Unbounded:
    """Nothing is known, not even whether it is a number or a text."""


ValueSet: TypeAlias = Interval | LabelSet | PossibleTruths | Unbounded
Lasting: TypeAlias = Callable[[str, ValueSet], ValueSet | None]
ANYTHING: Final = Unbounded()
NEVER: Final = Interval(1, 0)
"""The empty interval: there is never a value."""


class Bounds(Protocol):
    """Possible values of names and functions at one place of a specification."""

    def name(self, name: str) -> ValueSet:
        """Return the possible values of a name."""

    def call(self, function: str, argument: str) -> ValueSet:
        """Return the possible values of a function."""


@dataclass(frozen=True, slots=True)
class NarrowedBounds:
    """Bounds that a condition narrows further.

    Attributes:
        bounds: the bounds without the condition.
        known: a name or call as text -> the values that the condition leaves possible.
    """

    bounds: Bounds
    known: Mapping[str, ValueSet]

    def name(self, name: str) -> ValueSet:
        """Return the values of a name that are still possible."""
        return _intersection(self.bounds.name(name), self.known.get(name))

    def call(self, function: str, argument: str) -> ValueSet:
        """Return the values of a function that are still possible."""
        return _intersection(
            self.bounds.call(function, argument), self.known.get(f"{function}({argument!r})")
        )


def can_hold(root: Node, bounds: Bounds) -> bool:
    """Tell whether a condition can be true."""
    return truths_of(root, bounds).yes


def truths_of(node: Node, bounds: Bounds) -> PossibleTruths:
    """Return the possible truth values of a condition; all of them where it is not a condition."""
    values = bounds_of(node, bounds)
    return values if isinstance(values, PossibleTruths) else PossibleTruths()


def bounds_of(node: Node, bounds: Bounds) -> ValueSet:
    """Return the possible values of a part of an expression."""
    match node:
        case Name(name=name):
            return bounds.name(name)
        case NumberLiteral(number=number):
            return Interval(number, number, missing=False)
        case TextLiteral(text=text):
            return LabelSet(frozenset({text}), missing=False)
        case TruthLiteral(truth=truth):
            return PossibleTruths(truth, not truth, unknown=False)
        case Call(function=function, argument=argument):
            values = bounds.call(function, argument)
            is_truth = FUNCTIONS.get(function) == "truth"
            return PossibleTruths() if is_truth and isinstance(values, Unbounded) else values
        case Operation():
            return _operation_bounds(node, bounds)
        case Logic():
            return _logic_bounds(node, bounds)
        case Chain():
            sides = [bounds_of(part, bounds) for part in node.parts]
            pairs = zip(node.operators, pairwise(sides), strict=True)
            return _all_of([_comparison(operator, *pair) for operator, pair in pairs])
        case Member():
            return _membership(node, bounds_of(node.part, bounds))
    return ANYTHING


def narrow(node: Node, bounds: Bounds, lasting: Lasting | None = None) -> Bounds:
    """Return the bounds for people of whom a condition is true, as far as analysis can tell.

    Args:
        node: the condition.
        bounds: the bounds without it.
        lasting: returns what remains of the possible values of a part on later days; None where
            nothing does. Without it, everything remains.
    """
    known: dict[str, ValueSet] = {}
    for part, implied in _implied_bounds(node):
        values = implied if lasting is None else lasting(part, implied)
        if values is not None:
            known[part] = _intersection(values, known.get(part))
    return NarrowedBounds(bounds, known) if known else bounds


def _implied_bounds(node: Node) -> Iterator[tuple[str, ValueSet]]:
    """Yield (part, possible values) of the names and calls that a true condition limits."""
    if isinstance(node, Logic) and node.function == "and":
        for part in node.parts:
            yield from _implied_bounds(part)
    elif isinstance(node, Chain):
        for operator, (left, right) in zip(node.operators, pairwise(node.parts), strict=True):
            yield from _implied_by_comparison(operator, left, right)
            yield from _implied_by_comparison(_MIRRORED[operator], right, left)
    elif isinstance(node, Member) and isinstance(node.part, Name | Call) and not node.negated:
        texts = frozenset(item for item in node.among if isinstance(item, str))
        numbers = [item for item in node.among if not isinstance(item, str)]
        if texts:
            yield str(node.part), LabelSet(texts, missing=False)
        else:
            yield str(node.part), Interval(min(numbers), max(numbers), missing=False)


def _implied_by_comparison(
    operator: str, left: Node, right: Node
) -> Iterator[tuple[str, ValueSet]]:
    if not isinstance(left, Name | Call):
        return
    if isinstance(right, TextLiteral) and operator == "==":
        yield str(left), LabelSet(frozenset({right.text}), missing=False)
    elif isinstance(right, NumberLiteral) and operator != "!=":
        low = right.number if operator in (">", ">=", "==") else -math.inf
        high = right.number if operator in ("<", "<=", "==") else math.inf
        yield str(left), Interval(low, high, missing=False)


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _intersection(first: ValueSet, second: ValueSet | None) -> ValueSet:
    """Return the values that both contain."""
    if second is None or isinstance(second, Unbounded):
        return first
    if isinstance(first, Unbounded):
        return second
    if isinstance(first, Interval) and isinstance(second, Interval):
        low, high = max(first.low, second.low), min(first.high, second.high)
        return Interval(low, high, first.missing and second.missing)
    if isinstance(first, LabelSet) and isinstance(second, LabelSet):
        missing = first.missing and second.missing
        if first.texts is None or second.texts is None:
            return LabelSet(second.texts if first.texts is None else first.texts, missing)
        return LabelSet(first.texts & second.texts, missing)
    return first


def _logic_bounds(node: Logic, bounds: Bounds) -> PossibleTruths:
    if node.function == "not":
        return truths_of(node.parts[0], bounds).inverted()
    parts = [truths_of(part, bounds) for part in node.parts]
    if node.function == "or":
        return _all_of([part.inverted() for part in parts]).inverted()
    truths, narrowed = _all_of(parts), bounds
    for part in node.parts:  # later conjuncts matter only where the earlier ones are true
        if not truths_of(part, narrowed).yes:
            return PossibleTruths(yes=False, no=truths.no, unknown=truths.unknown)
        narrowed = narrow(part, narrowed)
    return truths


def _all_of(parts: Sequence[PossibleTruths]) -> PossibleTruths:
    return PossibleTruths(
        all(part.yes for part in parts),
        any(part.no for part in parts),
        any(part.unknown for part in parts),
    )


def _comparison(operator: str, left: ValueSet, right: ValueSet) -> PossibleTruths:
    if isinstance(left, Interval) and isinstance(right, Interval):
        unknown = left.missing or right.missing
        if not (left.nonempty and right.nonempty):
            return PossibleTruths(yes=False, no=False, unknown=True)
        yes, no = _interval_comparison(operator, left, right)
        return PossibleTruths(yes, no, unknown)
    if isinstance(left, LabelSet) and isinstance(right, LabelSet):
        unknown = left.missing or right.missing
        if left.texts is None or right.texts is None:
            return PossibleTruths(unknown=unknown)
        same = PossibleTruths(
            bool(left.texts & right.texts),
            len(left.texts | right.texts) > 1 and bool(left.texts) and bool(right.texts),
            unknown or not (left.texts and right.texts),
        )
        return same if operator == "==" else same.inverted()
    return PossibleTruths()


def _interval_comparison(operator: str, left: Interval, right: Interval) -> tuple[bool, bool]:
    """Return whether a comparison of two intervals can be true, and whether it can be false."""
    if operator in ("==", "!="):
        same = left.low <= right.high and right.low <= left.high
        other = not left.low == left.high == right.low == right.high
        return (same, other) if operator == "==" else (other, same)
    if operator in (">", ">="):
        left, right = right, left
    if operator in ("<", ">"):
        return left.low < right.high, left.high >= right.low
    return left.low <= right.high, left.high > right.low


def _membership(node: Member, values: ValueSet) -> PossibleTruths:
    if isinstance(values, LabelSet) and values.texts is not None:
        listed = {item for item in node.among if isinstance(item, str)}
        truths = PossibleTruths(
            bool(values.texts & listed), bool(values.texts - listed), values.missing
        )
    elif isinstance(values, Interval):
        inside = [item for item in node.among
                  if not isinstance(item, str) and values.low <= item <= values.high]  # fmt: skip
        single = values.low == values.high
        truths = PossibleTruths(
            bool(inside), not inside if single else values.nonempty, values.missing
        )
    else:
        truths = PossibleTruths()
    return truths.inverted() if node.negated else truths


def _operation_bounds(node: Operation, bounds: Bounds) -> ValueSet:
    """Return the possible results of arithmetic, from the bounds of its operands."""
    operands = [bounds_of(part, bounds) for part in node.parts]
    intervals = [operand for operand in operands if isinstance(operand, Interval)]
    if len(intervals) < len(operands):
        return Interval()
    if not all(interval.nonempty for interval in intervals):
        return NEVER
    missing = any(interval.missing for interval in intervals)
    if node.function in ("negative", "abs"):
        ends = [-intervals[0].low, -intervals[0].high]
        if node.function == "abs":
            ends = [abs(end) for end in ends]
            ends += [0.0] if intervals[0].low <= 0 <= intervals[0].high else []
        return _widened(ends, missing)
    total = intervals[0]
    for interval in intervals[1:]:
        pairs = product((total.low, total.high), (interval.low, interval.high))
        ends = [_ARITHMETIC[node.function](*pair) for pair in pairs]
        by_zero = node.function == "/" and interval.low <= 0 <= interval.high
        missing = missing or by_zero
        total = Interval() if by_zero else _widened(ends, missing)
    return Interval(
        total.low, total.high, missing or math.isinf(total.low) or math.isinf(total.high)
    )


def _widened(ends: Sequence[float], missing: bool) -> Interval:
    """Return the interval of some results, and of what rounding can add to them."""
    if any(math.isnan(end) for end in ends):
        return Interval()
    return Interval(min(ends) - _ROUNDING, max(ends) + _ROUNDING, missing)


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,
    "min": min,
    "max": max,
}


def explain_impossible(root: Node, bounds: Bounds) -> str:
    """Explain why a condition cannot be true: the possible values of its names and functions."""
    texts: dict[str, str] = {}
    for part in _leaves(_impossible_conjunct(root, bounds)):
        text = _bounds_text(part, bounds_of(part, bounds))
        if text:
            texts.setdefault(str(part), text)
    return ", ".join(texts.values())


def _impossible_conjunct(node: Node, bounds: Bounds) -> Node:
    """Return the first conjunct that cannot be true by itself, else the whole condition."""
    if isinstance(node, Logic) and node.function == "and":
        impossible = [part for part in node.parts if not can_hold(part, bounds)]
        if impossible:
            return _impossible_conjunct(impossible[0], bounds)
    return node


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, Name | Call):
        yield node
    for part in node.parts:
        yield from _leaves(part)


def _bounds_text(part: Node, values: ValueSet) -> str:
    match values:
        case Interval() if not values.nonempty:
            return f"{part} never has a value"
        case Interval(low=low, high=high) if low == high:
            return f"{part} is {low:g}"
        case Interval(low=low, high=high) if math.isfinite(low) and math.isfinite(high):
            return f"{part} is {low:g} to {high:g}"
        case Interval(low=low) if math.isfinite(low):
            return f"{part} is {low:g} or more"
        case Interval(high=high) if math.isfinite(high):
            return f"{part} is {high:g} or less"
        case LabelSet(texts=texts) if texts is not None and len(texts) <= 6:
            return f"{part} is {' or '.join(sorted(texts))}" if texts else f"{part} has no value"
        case PossibleTruths(yes=False):
            return f"{part} is never true"
    return ""
