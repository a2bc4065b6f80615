"""What a condition can come to, before anybody is drawn: can it be true, can it be false.

Every part of an expression is worked out on what its names *can* be: a range of numbers, a set of
texts, or which truths. The answer may claim more than is possible, never less: what is said to be
impossible is impossible.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
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

_BLUR = 10.0**-COMPARED_DECIMALS


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that something can be; none where `low` is above `high`.

    Attributes:
        missing: whether it can also have no value.
    """

    low: float = -math.inf
    high: float = math.inf
    missing: bool = True

    @property
    def nonempty(self) -> bool:
        """Whether there is a number that it can be."""
        return self.low <= self.high

    def union(self, other: Range) -> Range:
        """Return what either can be."""
        if not (self.nonempty and other.nonempty):
            one = self if self.nonempty else other
            return Range(one.low, one.high, missing=True)
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Range(low, high, self.missing or other.missing)


@dataclass(frozen=True, slots=True)
class Labels:
    """Texts that something can be; None for any."""

    texts: frozenset[str] | None = None
    missing: bool = True


@dataclass(frozen=True, slots=True)
class PossibleTruths:
    """Which truths something can have."""

    yes: bool = True
    no: bool = True
    unknown: bool = True

    def inverted(self) -> PossibleTruths:
        """Return what the negation can be."""
        return PossibleTruths(self.no, self.yes, self.unknown)


@dataclass(frozen=True, slots=True)
class Unbounded:
    """A name of which nothing is known, not even whether it is a number."""


Outcome: TypeAlias = Range | Labels | PossibleTruths | Unbounded
Keep: TypeAlias = Callable[[str, Outcome], Outcome | None]
ANYTHING: Final = Unbounded()
NEVER: Final = Range(1, 0)
"""Numbers of something that never has a value."""


class Bounds(Protocol):
    """What names and functions can be, where an expression stands."""

    def name(self, name: str) -> Outcome:
        """Return what a name can be."""

    def call(self, function: str, argument: str) -> Outcome:
        """Return what a function of a text can give."""


@dataclass(frozen=True, slots=True)
class NarrowedBounds:
    """A world in which something holds besides.

    Attributes:
        known: a part as text -> what it can still be.
    """

    world: Bounds
    known: Mapping[str, Outcome]

    def name(self, name: str) -> Outcome:
        """Return what a name can still be."""
        return _intersection(self.world.name(name), self.known.get(name))

    def call(self, function: str, argument: str) -> Outcome:
        """Return what a function can still give."""
        return _intersection(
            self.world.call(function, argument), self.known.get(f"{function}({argument!r})")
        )


def can_hold(root: Node, world: Bounds) -> bool:
    """Tell whether a condition can be true for somebody."""
    return truths_of(root, world).yes


def truths_of(node: Node, world: Bounds) -> PossibleTruths:
    """Return which truths a condition can have; all of them where it is no condition."""
    found = bounds_of(node, world)
    return found if isinstance(found, PossibleTruths) else PossibleTruths()


def bounds_of(node: Node, world: Bounds) -> Outcome:
    """Return what a part can come to."""
    match node:
        case Name(name=name):
            return world.name(name)
        case NumberLiteral(number=number):
            return Range(number, number, missing=False)
        case TextLiteral(text=text):
            return Labels(frozenset({text}), missing=False)
        case TruthLiteral(truth=truth):
            return PossibleTruths(truth, not truth, unknown=False)
        case Call(function=function, argument=argument):
            found = world.call(function, argument)
            truth = FUNCTIONS.get(function) == "truth"
            return PossibleTruths() if truth and isinstance(found, Unbounded) else found
        case Operation():
            return _calculated(node, world)
        case Logic():
            return _logic_bounds(node, world)
        case Chain():
            sides = [bounds_of(part, world) for part in node.parts]
            pairs = zip(node.operators, pairwise(sides), strict=True)
            return _every([_compared(operator, *pair) for operator, pair in pairs])
        case Member():
            return _among(node, bounds_of(node.part, world))
    return ANYTHING


def narrow(node: Node, world: Bounds, keep: Keep | None = None) -> Bounds:
    """Return the world of those for whom a condition is true, as far as that is seen.

    Args:
        node: the condition.
        world: in which it is asked.
        keep: what of (part, what it can be) still holds later; None where nothing does.
    """
    known: dict[str, Outcome] = {}
    for part, found in _implied_bounds(node):
        lasting = found if keep is None else keep(part, found)
        if lasting is not None:
            known[part] = _intersection(lasting, known.get(part))
    return NarrowedBounds(world, known) if known else world


def _implied_bounds(node: Node) -> Iterator[tuple[str, Outcome]]:
    """Yield what the truth of a condition says of single names and functions."""
    if isinstance(node, Logic) and node.function == "and":
        for part in node.parts:
            yield from _implied_bounds(part)
    elif isinstance(node, Chain):
        for operator, (left, right) in zip(node.operators, pairwise(node.parts), strict=True):
            yield from _bounded(operator, left, right)
            yield from _bounded(_TURNED[operator], right, left)
    elif isinstance(node, Member) and isinstance(node.part, Name | Call) and not node.negated:
        texts = frozenset(item for item in node.among if isinstance(item, str))
        numbers = [item for item in node.among if not isinstance(item, str)]
        if texts:
            yield str(node.part), Labels(texts, missing=False)
        else:
            yield str(node.part), Range(min(numbers), max(numbers), missing=False)


def _bounded(operator: str, left: Node, right: Node) -> Iterator[tuple[str, Outcome]]:
    if not isinstance(left, Name | Call):
        return
    if isinstance(right, TextLiteral) and operator == "==":
        yield str(left), Labels(frozenset({right.text}), missing=False)
    elif isinstance(right, NumberLiteral) and operator != "!=":
        low = right.number if operator in (">", ">=", "==") else -math.inf
        high = right.number if operator in ("<", "<=", "==") else math.inf
        yield str(left), Range(low, high, missing=False)


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _intersection(one: Outcome, other: Outcome | None) -> Outcome:
    """Return what both can be."""
    if other is None or isinstance(other, Unbounded):
        return one
    if isinstance(one, Unbounded):
        return other
    if isinstance(one, Range) and isinstance(other, Range):
        low, high = max(one.low, other.low), min(one.high, other.high)
        return Range(low, high, one.missing and other.missing)
    if isinstance(one, Labels) and isinstance(other, Labels):
        missing = one.missing and other.missing
        if one.texts is None or other.texts is None:
            return Labels(other.texts if one.texts is None else one.texts, missing)
        return Labels(one.texts & other.texts, missing)
    return one


def _logic_bounds(node: Logic, world: Bounds) -> PossibleTruths:
    if node.function == "not":
        return truths_of(node.parts[0], world).inverted()
    parts = [truths_of(part, world) for part in node.parts]
    if node.function == "or":
        return _every([one.inverted() for one in parts]).inverted()
    found, here = _every(parts), world
    for part in node.parts:  # the later conjuncts are asked of those for whom the earlier hold
        if not truths_of(part, here).yes:
            return PossibleTruths(yes=False, no=found.no, unknown=found.unknown)
        here = narrow(part, here)
    return found


def _every(parts: Sequence[PossibleTruths]) -> PossibleTruths:
    return PossibleTruths(
        all(one.yes for one in parts),
        any(one.no for one in parts),
        any(one.unknown for one in parts),
    )


def _compared(operator: str, left: Outcome, right: Outcome) -> PossibleTruths:
    if isinstance(left, Range) and isinstance(right, Range):
        unknown = left.missing or right.missing
        if not (left.nonempty and right.nonempty):
            return PossibleTruths(yes=False, no=False, unknown=True)
        yes, no = _ordered(operator, left, right)
        return PossibleTruths(yes, no, unknown)
    if isinstance(left, Labels) and isinstance(right, Labels):
        unknown = left.missing or right.missing
        if left.texts is None or right.texts is None:
            return PossibleTruths(unknown=unknown)
        same = PossibleTruths(
            bool(left.texts & right.texts),
            len(left.texts | right.texts) > 1 and bool(left.texts) and bool(right.texts),
            unknown or not (left.texts and right.texts),
        )
        return same if operator == "==" else same.inverted()
    if isinstance(left, PossibleTruths) and isinstance(right, PossibleTruths):
        return PossibleTruths()
    return PossibleTruths()


def _ordered(operator: str, left: Range, right: Range) -> tuple[bool, bool]:
    """Return whether a comparison of two ranges can be true, and whether it can be false."""
    if operator in ("==", "!="):
        same = left.low <= right.high and right.low <= left.high
        other = not left.low == left.high == right.low == right.high
        return (same, other) if operator == "==" else (other, same)
    if operator in (">", ">="):
        left, right = right, left
    if operator in ("<", ">"):
        return left.low < right.high, left.high >= right.low
    return left.low <= right.high, left.high > right.low


def _among(node: Member, found: Outcome) -> PossibleTruths:
    if isinstance(found, Labels) and found.texts is not None:
        listed = {item for item in node.among if isinstance(item, str)}
        one = PossibleTruths(bool(found.texts & listed), bool(found.texts - listed), found.missing)
    elif isinstance(found, Range):
        inside = [item for item in node.among
                  if not isinstance(item, str) and found.low <= item <= found.high]  # fmt: skip
        single = found.low == found.high
        one = PossibleTruths(bool(inside), not inside if single else found.nonempty, found.missing)
    else:
        one = PossibleTruths()
    return one.inverted() if node.negated else one


def _calculated(node: Operation, world: Bounds) -> Outcome:
    """Return what arithmetic can give, by the bounds of what it is made of."""
    parts = [bounds_of(part, world) for part in node.parts]
    ranges = [one for one in parts if isinstance(one, Range)]
    if len(ranges) < len(parts):
        return Range()
    if not all(one.nonempty for one in ranges):
        return NEVER
    missing = any(one.missing for one in ranges)
    if node.function in ("negative", "abs"):
        ends = [-ranges[0].low, -ranges[0].high]
        if node.function == "abs":
            ends = [abs(end) for end in ends]
            ends += [0.0] if ranges[0].low <= 0 <= ranges[0].high else []
        return _blurred(ends, missing)
    total = ranges[0]
    for one in ranges[1:]:
        ends = [_CALCULATED[node.function](a, b) for a in (total.low, total.high)
                for b in (one.low, one.high)]  # fmt: skip
        by_zero = node.function == "/" and one.low <= 0 <= one.high
        missing = missing or by_zero
        total = Range() if by_zero else _blurred(ends, missing)
    return Range(total.low, total.high, missing or math.isinf(total.low) or math.isinf(total.high))


def _blurred(ends: Sequence[float], missing: bool) -> Range:
    if any(math.isnan(end) for end in ends):
        return Range()
    return Range(min(ends) - _BLUR, max(ends) + _BLUR, missing)


_CALCULATED: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,
    "min": min,
    "max": max,
}


def explain_impossible(root: Node, world: Bounds) -> str:
    """Say why a condition cannot be true: what its names and functions can be, for a message."""
    said: dict[str, str] = {}
    for part in _leaves(_impossible_conjunct(root, world)):
        told = _bounds_text(part, bounds_of(part, world))
        if told:
            said.setdefault(str(part), told)
    return ", ".join(said.values())


def _impossible_conjunct(node: Node, world: Bounds) -> Node:
    """Return the one conjunct that cannot be true by itself, where there is one."""
    if isinstance(node, Logic) and node.function == "and":
        alone = [part for part in node.parts if not can_hold(part, world)]
        if alone:
            return _impossible_conjunct(alone[0], world)
    return node


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, Name | Call):
        yield node
    for part in node.parts:
        yield from _leaves(part)


def _bounds_text(part: Node, found: Outcome) -> str:
    match found:
        case Range() if not found.nonempty:
            return f"{part} never has a value"
        case Range(low=low, high=high) if low == high:
            return f"{part} is {low:g}"
        case Range(low=low, high=high) if math.isfinite(low) and math.isfinite(high):
            return f"{part} is {low:g} to {high:g}"
        case Range(low=low) if math.isfinite(low):
            return f"{part} is {low:g} or more"
        case Range(high=high) if math.isfinite(high):
            return f"{part} is {high:g} or less"
        case Labels(texts=texts) if texts is not None and len(texts) <= 6:
            return f"{part} is {' or '.join(sorted(texts))}" if texts else f"{part} has no value"
        case PossibleTruths(yes=False):
            return f"{part} is never true"
    return ""
