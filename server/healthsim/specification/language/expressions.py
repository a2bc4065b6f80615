"""The language of conditions and formulas: parsed once, evaluated on columns.

Text is parsed with Python's own grammar, and only what is listed here is accepted; nothing is ever
evaluated as Python. ``age >= 65 and has('E11') and control in ['poor', 'fair']``.
"""

from __future__ import annotations

import ast
import io
import math
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from healthsim.errors import near
from healthsim.specification.language.nodes import (
    BUILT_INS,
    FUNCTIONS,
    BadExpression,
    Call,
    Chain,
    Logic,
    Member,
    Name,
    Node,
    NumberLiteral,
    Operation,
    Scope,
    TextLiteral,
    TruthLiteral,
    numbers,
    truth,
    walk,
)
from healthsim.specification.language.typecheck import NUMBER, TEXT, Kind, type_problems

__all__ = [
    "BUILT_INS",
    "FUNCTIONS",
    "NUMBER",
    "TEXT",
    "BadExpression",
    "Condition",
    "Expression",
    "Kind",
    "Scope",
    "parse",
    "type_problems",
]

LONGEST = 500
DEEPEST = 40
LARGEST = 1e15  # every whole number up to here is exact in a double

_EXAMPLE = "write something like: age >= 65 and has('E11')"
_ONLY = "use and, or, not, comparisons, in, + - * /, names, numbers and texts in quotes"
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
}  # fmt: skip
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_EXTREMES: Mapping[str, tuple[int, float]] = {  # how many arguments, at least and at most
    "min": (2, math.inf), "max": (2, math.inf), "abs": (1, 1),
}  # fmt: skip
_FOREIGN = {"true": "True", "false": "False"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition or formula that was parsed and can be evaluated for any scope.

    Two expressions are equal when their texts are.

    Attributes:
        text: as written, without outer blanks.
        names: every attribute, state or built-in name it uses.
        calls: every function it uses, with its argument.
    """

    text: str
    root: Node = field(compare=False, repr=False)
    names: frozenset[str] = field(compare=False, repr=False)
    calls: frozenset[tuple[str, str]] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    def holds(self, scope: Scope) -> NDArray[np.bool_]:
        """Return for whom the condition is true, bool, shape (n,); unknown counts as false."""
        return np.array(np.broadcast_to(truth(self.root, scope).yes, (scope.size,)))

    def fails(self, scope: Scope) -> NDArray[np.bool_]:
        """Return for whom the condition is known to be false, bool, shape (n,)."""
        return np.array(np.broadcast_to(truth(self.root, scope).no, (scope.size,)))

    def numbers(self, scope: Scope) -> NDArray[np.float64]:
        """Return the formula's result, float64, shape (n,), not rounded; NaN is missing."""
        return np.array(np.broadcast_to(numbers(self.root, scope), (scope.size,)))


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Parse a condition or formula.

    Raises:
        BadExpression: it is too long, too deep, or uses what is not part of the language.

    >>> sorted(parse("age >= 65 and last('4548-4') > 8").names)
    ['age']
    >>> parse("age ** 2")
    Traceback (most recent call last):
    healthsim.specification.language.nodes.BadExpression: 'age ** 2' uses **; use + - * /
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise BadExpression(
            f"the expression has {len(text)} characters, more than {LONGEST}",
            "split it over several attributes or steps",
        )
    line = text.replace("\r", " ").replace("\n", " ").replace("\t", " ")
    tree = _tree(line)
    root = _Reader(line).node(tree, 1)
    parts = list(walk(root))
    return Expression(
        text,
        root,
        frozenset(part.name for part in parts if isinstance(part, Name)),
        frozenset((part.function, part.argument) for part in parts if isinstance(part, Call)),
    )


def _read(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, str):
        return parse(value)
    raise BadExpression(f"{str(value)[:40]!r} is not an expression in quotes", _EXAMPLE)


Condition = Annotated[
    Expression,
    PlainValidator(_read),
    PlainSerializer(lambda expression: expression.text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": LONGEST,
            "description": f"A condition or formula: {_ONLY}; functions: {', '.join(FUNCTIONS)}.",
        }
    ),
]
"""An `Expression` as a field of a specification: text in JSON, read when validated."""


def _tree(line: str) -> ast.expr:
    """Parse the text with Python's grammar; every failure is a `BadExpression`."""
    if not line:
        raise BadExpression("the expression is empty", _EXAMPLE)
    if "\\" in line:
        raise BadExpression("the expression has a backslash", "leave it out")
    try:
        tree = ast.parse(line, mode="eval").body
        commented = "#" in line and _has_comment(line)
    except (RecursionError, MemoryError) as error:
        raise BadExpression("the expression is nested too deeply", "make it simpler") from error
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        raise BadExpression(f"{_short(line)} cannot be read", _mend_syntax(line)) from error
    if commented:
        raise BadExpression("the expression has a comment", "leave out what follows the #")
    return tree


def _has_comment(line: str) -> bool:
    tokens = tokenize.generate_tokens(io.StringIO(line).readline)
    return any(token.type == tokenize.COMMENT for token in tokens)


def _mend_syntax(text: str) -> str:
    if "&" in text or "|" in text or "!" in text.replace("!=", ""):
        return "join with the words and, or, not"
    if "=" in text and not any(sign in text for sign in ("==", "!=", "<=", ">=")):
        return "compare with =="
    return _EXAMPLE


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


class _Reader:
    """Turns Python's syntax tree into nodes, accepting only what is part of the language."""

    def __init__(self, line: str) -> None:
        self.bytes = line.encode()  # Python counts columns in UTF-8 bytes

    def node(self, tree: ast.expr, depth: int) -> Node:
        """Read one part of the tree."""
        if depth > DEEPEST:
            raise BadExpression(
                f"the expression is nested more than {DEEPEST} deep", "make it simpler"
            )
        match tree:
            case ast.Constant():
                return self.literal(tree)
            case ast.Name():
                return self.name(tree)
            case ast.Call():
                return self.call(tree, depth)
            case ast.BoolOp():
                return self.logic(tree, depth)
            case ast.UnaryOp():
                return self.unary(tree, depth)
            case ast.BinOp():
                return self.arithmetic(tree, depth)
            case ast.Compare():
                return self.comparison(tree, depth)
        raise BadExpression(f"{self.source(tree)} is not part of the language", _ONLY)

    def source(self, tree: ast.expr) -> str:
        """Return a part as it was written, quoted, for a message."""
        return _short(self.plain(tree))

    def plain(self, tree: ast.expr) -> str:
        """Return a part as it was written."""
        return self.bytes[tree.col_offset : tree.end_col_offset].decode()

    def literal(self, tree: ast.Constant) -> NumberLiteral | TextLiteral | TruthLiteral:
        """Read a number, a text, True or False."""
        value = tree.value
        if isinstance(value, bool):
            return TruthLiteral(value)
        if isinstance(value, str):
            return TextLiteral(value)
        if isinstance(value, int | float):
            if not -LARGEST <= value <= LARGEST:
                raise BadExpression("a number is beyond 1e15", "use a smaller number")
            return NumberLiteral(float(value))
        raise BadExpression(f"{self.source(tree)} is not a number or a text", _ONLY)

    def name(self, tree: ast.Name) -> Name:
        """Read a name."""
        if tree.id in _FOREIGN:
            raise BadExpression(f"{tree.id!r} is not a name", f"write {_FOREIGN[tree.id]}")
        if tree.id in FUNCTIONS or tree.id in _EXTREMES:
            raise BadExpression(
                f"{tree.id!r} is a function without its argument", f"write {tree.id}(…)"
            )
        return Name(tree.id)

    def call(self, tree: ast.Call, depth: int) -> Node:
        """Read a function of one text, or min, max, abs of numbers."""
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if name in _EXTREMES and not tree.keywords:
            least, most = _EXTREMES[name]
            if not least <= len(tree.args) <= most:
                count = "one number" if most == 1 else "two or more numbers"
                raise BadExpression(f"{self.source(tree)} has {len(tree.args)}", f"give {count}")
            return Operation(name, self.nodes(tree.args, depth), self.plain(tree))
        if name == "within":
            return self.within(tree)
        if name not in FUNCTIONS:
            shown = repr(name) if name else self.source(tree.func)
            raise BadExpression(f"{shown} is not a function", near(name, (*FUNCTIONS, *_EXTREMES)))
        match tree.args:
            case [ast.Constant(value=str(argument))] if argument and not tree.keywords:
                return Call(name, argument)
        raise BadExpression(
            f"{self.source(tree)} does not have exactly one text in quotes",
            f"write {name}('…')",
        )

    def within(self, tree: ast.Call) -> Logic:
        """Read whether a step happened within so many days; false where it never did."""
        match tree.args:
            case [ast.Constant(value=str(step)), ast.Constant(value=int(days))] if (
                step and not tree.keywords and not isinstance(days, bool) and 0 <= days <= LARGEST
            ):
                text, since = self.plain(tree), Call("days_since", step)
                recent = Chain(("<=",), (since, NumberLiteral(float(days))), text)
                return Logic("and", (Call("happened", step), recent), text)
        raise BadExpression(
            f"{self.source(tree)} does not have a step in quotes and a number of days",
            "write within('visit', 30)",
        )

    def nodes(self, trees: list[ast.expr], depth: int) -> tuple[Node, ...]:
        """Read several parts, one level deeper."""
        return tuple(self.node(tree, depth + 1) for tree in trees)

    def logic(self, tree: ast.BoolOp, depth: int) -> Logic:
        """Read `and` or `or`."""
        word: Literal["and", "or"] = "and" if isinstance(tree.op, ast.And) else "or"
        return Logic(word, self.nodes(tree.values, depth), self.plain(tree))

    def unary(self, tree: ast.UnaryOp, depth: int) -> Node:
        """Read `not` or a minus sign."""
        part = self.node(tree.operand, depth + 1)
        if isinstance(tree.op, ast.Not):
            return Logic("not", (part,), self.plain(tree))
        if not isinstance(tree.op, ast.USub):
            raise BadExpression(f"{self.source(tree)} uses + or ~ before a value", "leave it out")
        if isinstance(part, NumberLiteral):
            return NumberLiteral(-part.number)
        return Operation("negative", (part,), self.plain(tree))

    def arithmetic(self, tree: ast.BinOp, depth: int) -> Operation:
        """Read + - * /."""
        sign = _ARITHMETIC.get(type(tree.op))
        if sign is None:
            used = _OTHER_SIGNS.get(type(tree.op), "another sign")
            raise BadExpression(f"{self.source(tree)} uses {used}", "use + - * /")
        return Operation(sign, self.nodes([tree.left, tree.right], depth), self.plain(tree))

    def comparison(self, tree: ast.Compare, depth: int) -> Node:
        """Read a comparison, a chain of them, or `in` a list."""
        if any(isinstance(sign, ast.In | ast.NotIn) for sign in tree.ops):
            return self.member(tree, depth)
        signs = tuple(_COMPARISONS.get(type(sign), "") for sign in tree.ops)
        if "" in signs:
            raise BadExpression(f"{self.source(tree)} uses 'is'", "use == or !=")
        return Chain(signs, self.nodes([tree.left, *tree.comparators], depth), self.plain(tree))

    def member(self, tree: ast.Compare, depth: int) -> Member:
        """Read `in` or `not in` a list of texts or of numbers."""
        if len(tree.ops) > 1:
            raise BadExpression(
                f"{self.source(tree)} chains 'in' with another comparison", "join two with and"
            )
        written = tree.comparators[0]
        if not isinstance(written, ast.List | ast.Tuple):
            raise BadExpression(
                f"{self.source(written)} is not a list", "write in ['…', '…'] or in [1, 2]"
            )
        items = [self.node(item, depth + 1) for item in written.elts]
        texts = tuple(item.text for item in items if isinstance(item, TextLiteral))
        numbers = tuple(item.number for item in items if isinstance(item, NumberLiteral))
        if not items or len(items) not in (len(texts), len(numbers)):
            raise BadExpression(
                f"{self.source(written)} mixes texts, numbers or other values, or is empty",
                "list one or more texts in quotes, or numbers",
            )
        negated = isinstance(tree.ops[0], ast.NotIn)
        part = self.node(tree.left, depth + 1)
        return Member(part, texts or numbers, negated, self.plain(tree))


_OTHER_SIGNS: Mapping[type[ast.operator], str] = {
    ast.Pow: "**", ast.Mod: "%", ast.FloorDiv: "//", ast.MatMult: "@", ast.BitAnd: "&",
    ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
