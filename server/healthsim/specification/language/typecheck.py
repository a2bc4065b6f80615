"""Checks a parsed expression without evaluating it: names, labels, kinds and arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Final, Literal, Protocol, TypeAlias

from healthsim.errors import near
from healthsim.specification.language.nodes import (
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
)


class ExpressionType(Enum):
    """What a part of an expression gives, where no list of labels says it better."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "true or false"
    UNKNOWN = "unknown"  # a problem was already reported; no further ones follow from it


NUMBER: Final = ExpressionType.NUMBER
TEXT: Final = ExpressionType.TEXT

Kind: TypeAlias = ExpressionType | tuple[str, ...]
"""What a name gives: `NUMBER`, `TEXT` (any label), or the labels it may have."""

Checker: TypeAlias = Callable[[str], str | None]


class HasRoot(Protocol):
    """An expression, as far as checking needs it."""

    @property
    def root(self) -> Node:
        """Its outermost part."""


def type_problems(
    expression: HasRoot,
    *,
    kinds: Mapping[str, Kind],
    functions: Mapping[str, Checker],
    want: Literal["truth", "number"],
) -> list[tuple[str, str]]:
    """Find what is wrong with an expression at its place.

    Args:
        expression: the parsed expression.
        kinds: every name that is known there, built-in names included, and its kind.
        functions: every function that is known there, with the check of its argument, which
            returns None or "found; mend".
        want: what the expression must give.

    Returns:
        (found, mend) of every problem, in document order, each once.
    """
    check = _Check(kinds, functions)
    given = check.kind(expression.root)
    wanted = ExpressionType.TRUTH if want == "truth" else ExpressionType.NUMBER
    if given is not ExpressionType.UNKNOWN and given is not wanted:
        mend = (
            "compare it with something, such as age >= 65"
            if wanted is ExpressionType.TRUTH
            else "calculate a number, such as 5.5 + 0.03 * (age - 25)"
        )
        check.report(f"{expression.root} is {_called(given)}, not {wanted.value}", mend)
    return list(dict.fromkeys(check.problems))


@dataclass(slots=True)
class _Check:
    kinds: Mapping[str, Kind]
    functions: Mapping[str, Checker]
    problems: list[tuple[str, str]] = field(default_factory=list)

    def report(self, found: str, mend: str) -> Kind:
        self.problems.append((found, mend))
        return ExpressionType.UNKNOWN

    def kind(self, node: Node) -> Kind:
        match node:
            case Name(name=name):
                if name not in self.kinds:
                    return self.report(f"{name!r} is not a known name", near(name, self.kinds))
                return self.kinds[name]
            case NumberLiteral():
                return ExpressionType.NUMBER
            case TextLiteral(text=text):
                return (text,)
            case Call():
                return self.call(node)
            case Operation():
                return self.all_are(node, ExpressionType.NUMBER, "calculate only with numbers")
            case Logic():
                return self.all_are(
                    node, ExpressionType.TRUTH, f"join comparisons with {node.function}"
                )
            case Chain():
                return self.chain(node)
            case Member():
                return self.member(node)
        return ExpressionType.TRUTH

    def call(self, node: Call) -> Kind:
        check = self.functions.get(node.function)
        if check is None:
            return self.report(
                f"{node.function}() cannot be used here", near(node.function, self.functions)
            )
        fault = check(node.argument)
        if fault is not None:
            found, _, mend = fault.partition("; ")
            self.report(found, mend)
        return (
            ExpressionType.TRUTH if FUNCTIONS[node.function] == "truth" else ExpressionType.NUMBER
        )

    def all_are(self, node: Operation | Logic, wanted: ExpressionType, mend: str) -> Kind:
        for part in node.parts:
            given = self.kind(part)
            if given is not wanted and given is not ExpressionType.UNKNOWN:
                self.report(f"{part} is {_called(given)}, not {wanted.value}", mend)
        return wanted

    def chain(self, node: Chain) -> Kind:
        kinds = [(part, self.kind(part)) for part in node.parts]
        for operator, (left, right) in zip(node.operators, pairwise(kinds), strict=True):
            self.compared(operator, left, right)
        return ExpressionType.TRUTH

    def compared(self, operator: str, left: tuple[Node, Kind], right: tuple[Node, Kind]) -> None:
        names = [_plain(kind) for _, kind in (left, right)]
        if ExpressionType.UNKNOWN in names:
            return
        if names[0] is not names[1]:
            self.report(
                f"{left[0]} is {_called(left[1])} and {right[0]} is {_called(right[1])}",
                "compare numbers with numbers and text with text in quotes",
            )
        elif operator not in ("==", "!=") and names[0] is not ExpressionType.NUMBER:
            self.report(
                f"{operator} between {left[0]} and {right[0]}: only numbers have an order",
                "use ==, !=, in or not in",
            )
        elif names[0] is ExpressionType.TEXT:
            self.labels_meet(left, right)

    def labels_meet(self, left: tuple[Node, Kind], right: tuple[Node, Kind]) -> None:
        for (node, _), (other, labels) in ((left, right), (right, left)):
            if isinstance(node, TextLiteral) and isinstance(labels, tuple):
                self.is_label(node.text, other, labels)
                return
        sets = [set(kind) for _, kind in (left, right) if isinstance(kind, tuple)]
        if len(sets) == 2 and not sets[0] & sets[1]:
            self.report(f"{left[0]} and {right[0]} share no value", "compare other names")

    def is_label(self, text: str, node: Node, labels: tuple[str, ...]) -> None:
        if text not in labels:
            self.report(f"{text!r} is not a value of {node}", near(text, labels))

    def member(self, node: Member) -> Kind:
        kind = self.kind(node.part)
        listed = ExpressionType.TEXT if isinstance(node.among[0], str) else ExpressionType.NUMBER
        if kind is ExpressionType.UNKNOWN:
            return ExpressionType.TRUTH
        if _plain(kind) is not listed:
            self.report(
                f"{node.part} is {_called(kind)} and the list holds {_PLURAL[listed]}",
                "list values of its own kind",
            )
        elif isinstance(kind, tuple):
            for text in node.among:
                self.is_label(str(text), node.part, kind)
        return ExpressionType.TRUTH


_PLURAL: Final = {ExpressionType.NUMBER: "numbers", ExpressionType.TEXT: "texts"}


def _plain(kind: Kind) -> ExpressionType:
    return ExpressionType.TEXT if isinstance(kind, tuple) else kind


def _called(kind: Kind) -> str:
    return _plain(kind).value
